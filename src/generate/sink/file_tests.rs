//! Rotation and full disks, on real files.

use super::super::super::book::{Book, Meter, Receiver};
use super::super::super::queue::Portion;
use super::super::super::stop::Stop;
use super::super::super::tests_support::block_of;
use super::*;
use std::sync::Arc;

fn book() -> Book {
    let receiver = Receiver { sink: 1, client: 1, name: "file".to_string() };
    Book::new(receiver, None, Arc::new(Meter::default()), Arc::new(Stop::new()), clock::monotonic(), None)
}

/// Writes lines of 8 bytes in portions of 7 with such a rotation; returns the names and texts of the files, oldest first.
fn written(rotation: Rotation, lines: usize) -> Vec<(String, String)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let texts: Vec<String> = (0..lines).map(|line| format!("{line:07}")).collect();
    let block = block_of(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    let mut file = File::open(&Settings { path: path.clone(), append: false, rotation }).unwrap();
    let mut book = book();
    for start in (0..lines).step_by(7) {
        let portion = Portion { block: Arc::clone(&block), lines: start..(start + 7).min(lines) };
        file.send(&portion, &mut book).unwrap();
    }
    assert_eq!(book.lines(), lines as u64);
    let mut names: Vec<PathBuf> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    let number = |path: &PathBuf| path.extension().unwrap().to_str().unwrap().parse::<u32>().unwrap_or(0);
    names.sort_by_key(|path| std::cmp::Reverse(number(path)));
    let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    names.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

fn all(lines: std::ops::Range<usize>) -> String {
    lines.map(|line| format!("{line:07}\n")).collect()
}

#[test]
fn a_rotation_loses_nothing_and_cuts_no_line() {
    for copytruncate in [false, true] {
        for bytes in [1, 8, 9, 79, 80, 1000] {
            let files = written(Rotation { bytes: Some(bytes), copytruncate, ..Rotation::default() }, 30);
            let together: String = files.iter().map(|(_, text)| text.as_str()).collect();
            assert_eq!(together, all(0..30), "{bytes} bytes, copytruncate {copytruncate}");
            for (name, text) in &files {
                assert!(text.len() as u64 <= bytes.max(8) && text.ends_with('\n'), "{name} at {bytes} bytes: {text:?}");
            }
        }
    }
}

#[test]
fn the_oldest_go_where_only_some_are_kept() {
    let files = written(Rotation { bytes: Some(80), keep: Some(2), ..Rotation::default() }, 45);
    let expected = [("a.log.2", all(20..30)), ("a.log.1", all(30..40)), ("a.log", all(40..45))];
    assert_eq!(files, expected.map(|(name, text)| (name.to_string(), text)));
}

#[test]
fn time_rotates_too() {
    let files = written(Rotation { every: Some(Duration::from_nanos(1)), ..Rotation::default() }, 21);
    let expected =
        [("a.log.3", String::new()), ("a.log.2", all(0..7)), ("a.log.1", all(7..14)), ("a.log", all(14..21))];
    assert_eq!(files, expected.map(|(name, text)| (name.to_string(), text)));
}

#[test]
fn a_file_is_emptied_unless_it_is_appended_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    for (append, expected) in [(true, "before\nx\n"), (false, "x\n")] {
        fs::write(&path, "before\n").unwrap();
        let settings = Settings { path: path.clone(), append, rotation: Rotation::default() };
        File::open(&settings).unwrap().send(&Portion::whole(block_of(&["x"])), &mut book()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), expected);
    }
}

#[test]
fn what_cannot_be_rotated_is_refused() {
    let rotation = Rotation { bytes: Some(1), ..Rotation::default() };
    let sentence = File::open(&Settings { path: "/dev/null".into(), append: false, rotation }).unwrap_err();
    assert!(sentence.contains("/dev/null"), "{sentence}");
}
