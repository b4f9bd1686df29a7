//! Logs of different keys only, in a bound of memory that they would break.

use super::Run;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;

/// What differs from line to line.
#[derive(Clone, Copy, Debug)]
pub enum Different {
    /// Client, user, path, referrer and its site, agent and its family.
    All,
    /// The hour, besides.
    Hours,
    /// Paths of twenty thousand bytes.
    Long,
    /// Messages of an error log.
    Messages,
}

/// Writes a log of so many lines; each tenth is of one client and path that comes again.
fn write(path: &Path, different: Different, lines: u32) {
    let mut out = BufWriter::new(fs::File::create(path).unwrap());
    for line in 0..lines {
        // Letters, so that no number is masked.
        let word: String = line.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect();
        let (client, page) = if line % 10 == 0 {
            ("192.0.2.1".into(), "/heavy".into())
        } else {
            (format!("h{line}.example"), format!("/{word}"))
        };
        let page = if matches!(different, Different::Long) { page + &"x".repeat(20_000) } else { page };
        let hours = if matches!(different, Different::Hours) { line } else { line % 24 };
        let (day, hour) = (hours / 24, hours % 24);
        let (year, month, day) = (1970 + day / 336, day / 28 % 12 + 1, day % 28 + 1);
        let written = match different {
            Different::Messages => writeln!(
                out,
                "[Mon Oct 20 {hour:02}:55:36.5 2025] [m{word}:error] [pid 1] [client {client}:80] AH00128: no such thing as {word}"
            ),
            _ => {
                let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
                    [month as usize - 1];
                writeln!(
                    out,
                    "{client} - {word} [{day:02}/{month}/{year}:{hour:02}:00:00 +0000] \"GET {page} HTTP/1.1\" {} {line} \
                     \"https://{word}.example/{line}\" \"{word}/1.0\"",
                    [200, 404, 500][line as usize % 3],
                )
            }
        };
        written.unwrap();
    }
}

/// Whether the report of such a log is right within a bound, and the bound is kept.
pub fn stays_within(different: Different, lines: u32, mib: u64) {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("a.log"), different, lines);
    let bound = format!("{mib}MiB");
    for flags in [&["-j", "1"][..], &["-j", "2"], &["-j", "2", "--no-mmap"]] {
        let ran = Run::json(folder.path(), [&["--max-memory", &bound, "a.log"], flags].concat()).end();
        let what = format!("{different:?}, {flags:?}");
        assert_eq!(ran.exits(0).within_mib(mib).totals(), [lines.into(), 0, lines.into(), 0], "{what}");
        eprintln!("{what}: {lines} lines in {mib} MiB: {:.1} s, {} MiB", ran.seconds, ran.peak >> 20);
        let report = ran.report();
        let floors = report["bounded"]["lists"].as_object().unwrap();
        let large = match different {
            Different::All | Different::Hours => "clients",
            Different::Long => "paths",
            Different::Messages => "messages",
        };
        assert!(floors.contains_key(large), "{what}: {floors:?}");
        let heavy = |list: &str, key: &str| {
            let rows = report[list].as_array().unwrap();
            let row = rows.iter().find(|row| row["key"].as_str().unwrap().starts_with(key)).unwrap();
            let [hits, missed] = ["hits", "hits_error"].map(|figure| row[figure].as_u64().unwrap_or(0));
            let truth = u64::from(lines.div_ceil(10));
            assert!(hits <= truth && truth <= hits + missed && missed <= truth / 2, "{what}: {list}: {row}");
        };
        heavy("clients", "192.0.2.1");
        if !matches!(different, Different::Messages) {
            heavy("paths", "/heavy");
            let distinct = |list: &str| report["distinct"][list]["value"].as_f64().unwrap();
            let truth = f64::from(lines - lines.div_ceil(10) + 1);
            for list in ["clients", "paths"] {
                assert!((distinct(list) / truth - 1.0).abs() < 0.04, "{what}: {list}: {}", distinct(list));
            }
        }
    }
}

#[test]
fn different_keys_stay_within_their_bound_and_the_heavy_ones_are_found() {
    for (different, lines) in
        [(Different::All, 60_000), (Different::Hours, 60_000), (Different::Long, 4000), (Different::Messages, 60_000)]
    {
        stays_within(different, lines, 24);
    }
}
