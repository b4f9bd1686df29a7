//! Small files, and what becomes of them when they are damaged or lie.

use super::blocks::Writer;
use super::*;
use crate::aggregate::position::{self, Position};
use crate::aggregate::snapshot::Snapshot;
use crate::aggregate::tally::Tally;
use crate::aggregate::zone::Zone;
use crate::format::record::{Access, ErrorEntry, Level, NONE, Reason, Time};

fn time(seconds: i64) -> Time {
    Time { wall_seconds: 1_760_000_000 + seconds, offset_seconds: 7200, nanos: 5 }
}

fn at(input: u32, line: u64) -> Position {
    Position { input, piece: 0, line }
}

/// A tally with something in every list.
fn small(settings: &Settings) -> Tally {
    let mut tally = Tally::new(settings);
    let paths = ["/a", "/b?x=1", "/c", "/d", "/e", "/f", "/g"];
    for (number, path) in (0u32..).zip(paths) {
        let access = Access {
            time: time(i64::from(number) * 40_000),
            client: b"192.0.2.1",
            user: b"frank",
            vhost: b"example.org",
            method: b"GET",
            target: path.as_bytes(),
            protocol: b"HTTP/1.1",
            referrer: if number == 0 { NONE } else { b"https://a.example/x" },
            agent: b"curl/8.5.0",
            status: [200, 404, 500][number as usize % 3],
            bytes_sent: Some(1 << (4 * number)),
            bytes_read: Some(7),
            latency_micros: Some(1000),
        };
        tally.add(path.as_bytes(), &[access], &mut ());
        let again = Access { time: time(0), agent: b"Googlebot/2.1", ..access };
        tally.add(path.as_bytes(), &[again], &mut ());
    }
    let entry = ErrorEntry {
        time: Some(time(0)),
        level: Level::Error,
        module: b"core",
        client: b"192.0.2.2",
        message: b"File does not exist: /x\x1b",
    };
    tally.add_error(&entry, at(1, 3), &mut ());
    tally.add_malformed(Reason::Time, b"odd\tline", at(0, 9));
    tally.lines.lines = 2 * paths.len() as u64 + 2;
    tally
}

fn origin() -> Origin {
    let input = |name: &str, error: Option<&str>| snapshot::Input {
        name: name.to_string(),
        bytes: 100,
        lines: 8,
        format: "combined".to_string(),
        error: error.map(ToString::to_string),
    };
    Origin { inputs: vec![input("a.log", None), input("b.log", Some("was cut"))], partial: true }
}

fn written(tally: &mut Tally) -> Vec<u8> {
    let mut file = Vec::new();
    tally.write_to(&origin(), &mut file).unwrap();
    file
}

fn report(tally: &mut Tally) -> Snapshot {
    tally.positions_mut().for_each(|at| (at.input, at.piece) = (at.input + at.piece as u32, 0));
    tally.snapshot(100, &["a.log".to_string(), "b.log".to_string()])
}

/// A setting other than the default, one at a time.
fn all_settings() -> Vec<Settings> {
    let plain = Settings::default;
    let mut all = vec![plain(), Settings { keep_query: true, ..plain() }];
    all.extend([300, 86_400, 7 * 3600].map(|bucket_seconds| Settings { bucket_seconds, ..plain() }));
    all.extend(
        ["utc", "Europe/Berlin"].iter().filter_map(|zone| Some(Settings { zone: Zone::parse(zone).ok()?, ..plain() })),
    );
    all
}

#[test]
fn what_is_read_is_what_was_written() {
    for settings in all_settings() {
        let mut tally = small(&settings);
        let file = written(&mut tally);
        let (mut read, from) = Tally::read_from(&file[..], &settings, 0).unwrap();
        assert_eq!(from, origin());
        assert!(written(&mut tally) == file, "the same again");
        assert_eq!(report(&mut read), report(&mut tally), "{settings:?}");
    }
}

#[test]
fn places_are_numbered_as_the_run_that_reads_has_its_inputs() {
    let file = written(&mut small(&Settings::default()));
    let (mut read, _) = Tally::read_from(&file[..], &Settings::default(), 7).unwrap();
    let mut places: Vec<_> = read.positions_mut().map(|at| *at).collect();
    places.sort();
    assert_eq!(places, [Position { input: 7, piece: 0, line: 9 }, Position { input: 7, piece: 1, line: 3 }]);
}

#[test]
fn a_file_has_nothing_of_the_process_that_wrote_it() {
    // The same lines through tables that grew otherwise: seeds and places in memory differ, the bytes do not.
    let mut other = Tally::new(&Settings::default());
    other.merge(small(&Settings::default()));
    assert!(written(&mut other) == written(&mut small(&Settings::default())));
}

#[test]
fn a_tally_counted_otherwise_is_refused_with_both_ways() {
    let file = written(&mut small(&Settings::default()));
    let plain = Settings::default;
    for (ours, expected) in [
        (Settings { bucket_seconds: 60, ..plain() }, ["with --bucket 3600s", "with --bucket 60s"]),
        (Settings { keep_query: true, ..plain() }, ["without --keep-query", "with --keep-query"]),
        (Settings { zone: Zone::Utc, ..plain() }, ["with --timezone log", "with --timezone utc"]),
    ] {
        match Tally::read_from(&file[..], &ours, 0) {
            Err(Problem::Settings { theirs, ours }) => assert_eq!([theirs.as_str(), ours.as_str()], expected),
            other => panic!("{:?}", other.err()),
        }
    }
}

#[test]
fn every_cut_and_every_changed_byte_is_an_error() {
    let file = written(&mut small(&Settings::default()));
    let read = |bytes: &[u8]| Tally::read_from(bytes, &Settings::default(), 0).err();
    for length in 0..file.len() {
        match read(&file[..length]) {
            Some(Problem::NoTally) => assert!(length < MAGIC.len()),
            Some(Problem::Cut { at }) => assert_eq!(at, length as u64),
            other => panic!("cut at {length}: {other:?}"),
        }
    }
    for place in 0..file.len() {
        for change in [1, 0x80, 0xFF] {
            let mut damaged = file.clone();
            damaged[place] ^= change;
            let error = read(&damaged).unwrap_or_else(|| panic!("byte {place} changed by {change:#x} is not noticed"));
            let expected = match place {
                0..8 => matches!(error, Problem::NoTally),
                8..12 => matches!(error, Problem::Version(_)),
                _ => matches!(error, Problem::Damaged { .. } | Problem::Cut { .. }),
            };
            assert!(expected, "byte {place} changed by {change:#x}: {error:?}");
        }
    }
    assert!(matches!(read(&[&file[..], b"x"].concat()), Some(Problem::Trailing { .. })));
}

#[test]
fn a_file_with_sound_checksums_may_say_anything_and_breaks_nothing() {
    // The content of a small file, changed byte for byte and sealed anew, as someone would who means harm.
    let content = content_of(&written(&mut small(&Settings::default())));
    let (mut taken, mut refused) = (0, 0);
    for place in 0..content.len() {
        for change in [1u8, 2, 0x40, 0x7F, 0x80, 0xFF] {
            let mut changed = content.clone();
            changed[place] ^= change;
            match Tally::read_from(&sealed(&changed)[..], &Settings::default(), 3) {
                // What is taken in can be merged, reported and written.
                Ok((mut read, _)) => {
                    let (mut into, mut last) = (small(&Settings::default()), small(&Settings::default()));
                    let again = Tally::read_from(&sealed(&changed)[..], &Settings::default(), 3).unwrap().0;
                    last.merge_last(again);
                    last.snapshot(10, &[]);
                    read.snapshot(10, &[]);
                    into.merge(read);
                    into.snapshot(10, &[]);
                    taken += 1;
                }
                Err(_) => refused += 1,
            }
        }
    }
    // Half of the content is keys, and any key is as good as another.
    assert!(taken > 100 && refused > 100, "{taken} taken, {refused} refused");
    for length in 0..content.len() {
        assert!(Tally::read_from(&sealed(&content[..length])[..], &Settings::default(), 0).is_err(), "{length}");
    }
}

/// The same as `small`, after all of it had to give way.
fn bounded(settings: &Settings) -> Tally {
    let mut tally = small(settings);
    tally.tighten_all();
    tally
}

#[test]
fn a_bounded_tally_is_read_as_it_was_written() {
    for settings in all_settings() {
        let mut tally = bounded(&settings);
        let file = written(&mut tally);
        let (mut read, _) = Tally::read_from(&file[..], &settings, 0).unwrap();
        assert!(written(&mut tally) == file, "the same again");
        let found = report(&mut read);
        assert_eq!(found, report(&mut tally), "{settings:?}");
        let bounded = found.bounded.unwrap();
        assert!(bounded.visitors_sampled < 1.0 && bounded.lists.len() > 9, "{bounded:?}");
    }
}

#[test]
fn a_bounded_file_may_say_anything_and_breaks_nothing() {
    let content = content_of(&written(&mut bounded(&Settings::default())));
    // Most of it are registers, of which any is as good as another.
    let is_told = |place: &usize| content[*place] != 0 || place.is_multiple_of(97);
    let places: Vec<usize> = (0..content.len()).filter(is_told).collect();
    let (mut taken, mut refused) = (0, 0);
    for (number, place) in places.into_iter().enumerate() {
        let mut changed = content.clone();
        changed[place] ^= [1u8, 2, 0x40, 0x7F, 0x80, 0xFF][number % 6];
        match Tally::read_from(&sealed(&changed)[..], &Settings::default(), 3) {
            Ok((mut read, _)) => {
                read.snapshot(10, &[]);
                read.tighten_all();
                let (mut into, mut last) = (small(&Settings::default()), bounded(&Settings::default()));
                let again = Tally::read_from(&sealed(&changed)[..], &Settings::default(), 3).unwrap().0;
                into.merge(read);
                into.tighten_all();
                into.snapshot(10, &[]);
                last.merge_last(again);
                last.snapshot(10, &[]);
                taken += 1;
            }
            Err(_) => refused += 1,
        }
    }
    assert!(taken > 100 && refused > 100, "{taken} taken, {refused} refused");
}

#[test]
fn a_tally_that_would_take_too_much_memory_is_not_read_to_its_end() {
    let mut tally = Tally::new(&Settings::default());
    for client in 0..20_000 {
        let client = format!("10.0.0.{client}");
        let access = Access {
            time: time(0),
            client: client.as_bytes(),
            target: b"/",
            agent: b"curl/8.5.0",
            ..Access::default()
        };
        tally.add(b"", &[access], &mut ());
    }
    tally.lines.lines = 20_000;
    let file = written(&mut tally);
    let held = tally.held_bytes();
    let read = |most| Tally::read_within(&file[..], &Settings::default(), 0, most).err();
    assert!(read(held + held / 8).is_none());
    assert!(matches!(read(held / 2), Some(Problem::Large { most }) if most == held / 2));
}

#[test]
fn a_long_list_that_is_not_there_reserves_no_memory() {
    let mut head = content_of(&written(&mut small(&Settings::default())));
    // No number is longer than ten bytes; after any of the first bytes the largest list is promised.
    for place in 0..head.len().min(600) {
        let rest = head.split_off(place);
        let promised = [&head[..], &[0xFF, 0xFF, 0xFF, 0xFF, 0x0F]].concat();
        assert!(Tally::read_from(&sealed(&promised)[..], &Settings::default(), 0).is_err());
        head.extend(rest);
    }
}

#[test]
fn what_a_file_would_show_cannot_move_the_cursor() {
    let mut tally = small(&Settings::default());
    tally.samples.as_mut_slice()[0].text = "\x1b[2J".to_string();
    let read = Tally::read_from(&written(&mut tally)[..], &Settings::default(), 0);
    assert!(matches!(read, Err(Problem::Nonsense { what: "text of a sample", .. })));
    // A text that was made fit to be shown stays as it is, however long that made it.
    let mut tally = small(&Settings::default());
    tally.samples.as_mut_slice()[0].text = position::shown(&[7; 500]);
    let shown = tally.samples.as_slice()[0].text.clone();
    let (read, _) = Tally::read_from(&written(&mut tally)[..], &Settings::default(), 0).unwrap();
    assert_eq!((&read.samples.as_slice()[0].text, shown.len()), (&shown, 4 * 200 + '…'.len_utf8()));
}

#[test]
fn a_tally_after_its_last_merge_is_not_written() {
    let mut tally = small(&Settings::default());
    tally.merge_last(small(&Settings::default()));
    let error = tally.write_to(&Origin::default(), Vec::new()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}

#[test]
fn an_error_says_what_is_wrong_and_what_to_do() {
    for (problem, expected) in [
        (Problem::Cut { at: 7 }, "the tally is cut short after byte 7; copy it again, or write it again with -o"),
        (
            Problem::Settings { theirs: "with --bucket 60s".into(), ours: "with --bucket 3600s".into() },
            "is a tally counted with --bucket 60s, and this run counts with --bucket 3600s; run with --bucket 60s, or \
             write it again with --bucket 3600s",
        ),
    ] {
        assert_eq!(problem.to_string(), expected);
    }
}

/// What is in the one block of a small file.
fn content_of(file: &[u8]) -> Vec<u8> {
    let number = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    let (raw, stored) = (number(12), number(16));
    let bytes = &file[24..24 + stored];
    if raw == stored { bytes.to_vec() } else { zstd::bulk::decompress(bytes, raw).unwrap() }
}

/// A file of this content.
fn sealed(content: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = Writer::new(&mut file).unwrap();
    writer.raw_bytes(content).unwrap();
    writer.finish().unwrap();
    file
}
