//! What holds of any bytes whatever. Each function panics where it does not.
//!
//! `tests/mutations` feeds them seeds that a small mutator changed; `tests/fuzz` feeds them what libFuzzer makes.

use std::sync::Arc;
use visor_fast::aggregate::snapshot::Snapshot;
use visor_fast::engine::{Progress, Settings, analyze, analyze_bytes};
use visor_fast::filter::Filter;
use visor_fast::format::LineFormat;
use visor_fast::format::catalogue::{ENTRIES, FormatOptions, by_name};
use visor_fast::format::record::Parsed;
use visor_fast::report::text::TextOptions;
use visor_fast::report::{csv, json, text};
use visor_fast::scan::Kernel;
use visor_fast::source::Named;

/// Rows of a list, so that reports of hostile texts stay small.
const TOP: usize = 50;

/// Short enough to be crossed, longer than the 200 characters of a sample.
const LINE_BYTES_MAX: usize = 1000;

/// A format without its reader of regular lines: each line goes to the careful parser.
#[derive(Debug)]
struct Careful(Arc<dyn LineFormat>);

impl LineFormat for Careful {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn parse<'line>(&self, line: &'line [u8], scratch: &'line bumpalo::Bump) -> Parsed<'line> {
        self.0.parse(line, scratch)
    }

    fn directive(&self, line: &[u8]) -> Option<Arc<dyn LineFormat>> {
        self.0.directive(line).map(|format| Arc::new(Careful(format)) as Arc<dyn LineFormat>)
    }

    fn directive_mark(&self) -> Option<&'static [u8]> {
        self.0.directive_mark()
    }
}

/// The report of a text, after a change of the settings.
fn report(text: &[u8], change: impl FnOnce(&mut Settings)) -> Snapshot {
    let mut settings = Settings::new(1, Kernel::available()[0]);
    settings.max_line_bytes = LINE_BYTES_MAX;
    change(&mut settings);
    analyze_bytes(&[("a", text)], &settings, TOP)
}

/// Lines of a text, as a person counts them.
fn lines_of(text: &[u8]) -> u64 {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let newlines = text.iter().filter(|byte| **byte == b'\n').count();
    (newlines + usize::from(!text.is_empty() && !text.ends_with(b"\n"))) as u64
}

fn adds_up(found: &Snapshot) {
    let totals = &found.totals;
    let counted = totals.blank + totals.records + totals.malformed + totals.heartbeats + totals.filtered;
    assert_eq!(totals.lines, counted, "each line is in one counter");
    assert_eq!(totals.records, totals.windowed + totals.late + totals.future);
    for (list, rows) in [("status", &found.status), ("methods", &found.methods), ("protocols", &found.protocols)] {
        let hits: u64 = rows.iter().map(|row| row.hits).sum();
        assert!(hits <= totals.records, "{list}: {hits} hits of {} records", totals.records);
    }
}

/// Two bytes that choose, and a text: the fast reader, every kernel and any cut say what one careful reader says.
pub fn lines(data: &[u8]) {
    let [format, piece, text @ ..] = data else { return };
    let entry = &ENTRIES[usize::from(*format) % ENTRIES.len()];
    let format = by_name(entry.name, &FormatOptions::default()).unwrap();
    let expected = report(text, |settings| settings.format = Some(Arc::new(Careful(Arc::clone(&format)))));
    adds_up(&expected);
    assert_eq!(expected.totals.lines, lines_of(text), "{}", entry.name);
    let cuts = [1 << 20, 1 + usize::from(*piece), 64];
    for (kernel, piece_bytes) in Kernel::available().into_iter().zip(cuts) {
        let found = report(text, |settings| {
            settings.format = Some(Arc::clone(&format));
            settings.kernel = kernel;
            settings.piece_bytes = piece_bytes;
            settings.threads = if piece_bytes == 64 { 2 } else { 1 };
        });
        assert_eq!(found, expected, "{}, {kernel}, pieces of {piece_bytes}", entry.name);
    }
}

/// A text: its format is told, or is not, and every report of it is valid and moves no cursor.
pub fn reports(text: &[u8]) {
    let found = report(text, |_| ());
    adds_up(&found);
    assert!(found.totals.lines == lines_of(text) || (found.partial && found.totals.lines == 0));
    let moves = |c: char| c.is_control() && c != '\n';
    let written = |write: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = Vec::new();
        write(&mut bytes);
        let text = String::from_utf8(bytes).expect("a report is UTF-8");
        assert!(!text.contains(moves), "{text:?}");
        text
    };
    let as_json = written(&|out| json::write(&found, out).unwrap());
    assert_eq!(serde_json::from_str::<Snapshot>(&as_json).unwrap(), found);
    let as_csv = written(&|out| csv::write(&found, out).unwrap());
    for row in ::csv::Reader::from_reader(as_csv.as_bytes()).records() {
        assert!(row.unwrap().iter().all(|cell| !cell.starts_with(['=', '+', '-', '@'])), "{as_csv}");
    }
    for (columns, unicode) in [(80, true), (133, false)] {
        let options = TextOptions { columns, color: false, top: TOP, unicode };
        let shown = written(&|out| text::write(&found, &options, out).unwrap());
        let widest = shown.lines().map(unicode_width::UnicodeWidthStr::width).max().unwrap_or(0);
        assert!(widest <= columns, "{widest} columns: {shown}");
    }
}

/// A text: mapped, read and streamed it is the same.
pub fn sources(text: &[u8], folder: &std::path::Path) {
    // What looks compressed is taken for it.
    if text.iter().take(4).any(|byte| !byte.is_ascii_graphic()) || text.starts_with(b"BZh") || text.starts_with(b"PK") {
        return;
    }
    let (path, packed) = (folder.join("a"), folder.join("packed"));
    std::fs::write(&path, text).unwrap();
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    std::io::Write::write_all(&mut encoder, text).unwrap();
    std::fs::write(&packed, encoder.finish().unwrap()).unwrap();
    let expected = report(text, |_| ());
    for (path, mmap) in [(&path, true), (&path, false), (&packed, true)] {
        let mut settings = Settings::new(2, Kernel::choose(None).unwrap());
        (settings.mmap, settings.max_line_bytes, settings.piece_bytes) = (mmap, LINE_BYTES_MAX, 100);
        let progress = Progress::default();
        let found = analyze(&[Named::Path(path.clone())], &settings, &progress).report(TOP, 0.0);
        assert_eq!(found.totals, expected.totals, "{path:?}, mapped: {mmap}");
        assert_eq!((&found.time, &found.paths, &found.clients), (&expected.time, &expected.paths, &expected.clients));
        let place = |snapshot: &Snapshot| -> Vec<_> {
            snapshot.malformed_samples.iter().map(|sample| (sample.line, sample.text.clone())).collect()
        };
        assert_eq!(place(&found), place(&expected), "{path:?}, mapped: {mmap}");
    }
}

/// A text: a filter or an error that says where; what a filter prints is itself.
pub fn filter(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match Filter::parse(&text) {
        Ok(filter) => {
            let printed = filter.to_string();
            let again = Filter::parse(&printed).unwrap_or_else(|error| panic!("{printed:?}: {error}"));
            assert_eq!(again.to_string(), printed);
            let mut settings = Settings::new(1, Kernel::available()[0]);
            settings.keep.filter = filter;
            let examples: Vec<_> = ENTRIES.iter().map(|entry| (entry.name, entry.example.as_bytes())).collect();
            adds_up(&analyze_bytes(&examples, &settings, TOP));
        }
        Err(error) => {
            let told = error.to_string();
            assert!(!told.contains(|c: char| c.is_control() && c != '\n'), "{told:?}");
        }
    }
}
