//! The same in gigabytes: sparse files, and streams that are made as they are read. Nothing large is written to a disk.

use super::{LINE, Run, bounded, inputs, lines};
use std::fs::{self, File};
use std::os::unix::fs::FileExt;

/// Whether the large ones are wanted; says so when not.
fn wanted(what: &str) -> bool {
    let wanted = std::env::var_os("VISOR_BIG").is_some_and(|value| value == "1");
    if !wanted {
        eprintln!("skipped: {what}; VISOR_BIG=1 runs it");
    }
    wanted
}

/// A file of `bytes`, a hole but for what `write` puts into it.
fn sparse(folder: &std::path::Path, bytes: u64, write: impl FnOnce(&File)) {
    let file = File::create(folder.join("a.log")).unwrap();
    file.set_len(bytes).unwrap();
    write(&file);
}

const GIB: u64 = 1 << 30;

#[test]
fn ten_gigabytes_of_nuls_are_one_blank_line() {
    if !wanted("ten gigabytes of NULs") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (what, expected) in [("all", [1, 1, 0, 0]), ("a line at both ends", [2, 0, 2, 0])] {
        sparse(folder.path(), 10 * GIB, |file| {
            if what != "all" {
                file.write_all_at(LINE.as_bytes(), 0).unwrap();
                file.write_all_at(LINE.as_bytes(), 10 * GIB - LINE.len() as u64).unwrap();
            }
        });
        for flags in [&["a.log"][..], &["--no-mmap", "a.log"]] {
            let ran = Run::json(folder.path(), flags).end();
            assert_eq!(ran.exits(0).within_mib(64).totals(), expected, "{what}, {flags:?}");
            eprintln!("10 GiB of NULs, {what}, {flags:?}: {:.1} s, {} MiB", ran.seconds, ran.peak >> 20);
        }
    }
}

#[test]
fn five_gigabytes_without_a_newline_are_one_malformed_line() {
    if !wanted("five gigabytes without a newline") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    sparse(folder.path(), 5 * GIB, |file| file.write_all_at(b"x", 0).unwrap());
    for flags in [&["a.log"][..], &["--no-mmap", "a.log"], &["--max-line-bytes", "100MiB", "a.log"]] {
        let mut run = Run::json(folder.path(), flags);
        run.0.args(["--format", "combined"]);
        let ran = run.end();
        assert_eq!(ran.exits(0).within_mib(64).totals(), [1, 0, 0, 1], "{flags:?}");
        eprintln!("5 GiB without a newline, {flags:?}: {:.1} s, {} MiB", ran.seconds, ran.peak >> 20);
    }
    for fuse in [b'x', b'"', b'\\'] {
        let block = vec![fuse; 1 << 20];
        let ran = Run::json(folder.path(), ["--format", "combined", "-"])
            .fed(|out| (0..(5 * GIB) >> 20).for_each(|_| out.write_all(&block).unwrap()));
        assert_eq!(ran.exits(0).within_mib(64).totals(), [1, 0, 0, 1], "{fuse}");
        eprintln!("5 GiB of {:?} through a pipe: {:.1} s, {} MiB", char::from(fuse), ran.seconds, ran.peak >> 20);
    }
}

#[test]
fn a_bomb_of_a_gigabyte_takes_no_more_memory_than_a_small_one() {
    if wanted("bombs of a gigabyte") {
        inputs::bombs(GIB);
    }
}

#[test]
fn a_million_paths_and_clients_are_all_told_apart() {
    if wanted("a million paths and clients") {
        lines::many(1_000_000, 2048);
    }
}

#[test]
fn a_million_different_keys_stay_within_64_mib() {
    if !wanted("a million different keys in 64 MiB") {
        return;
    }
    use bounded::Different;
    for (different, lines) in [
        (Different::All, 1_000_000),
        (Different::Hours, 500_000),
        (Different::Long, 30_000),
        (Different::Messages, 500_000),
    ] {
        bounded::stays_within(different, lines, 64);
    }
}

#[test]
fn an_input_of_thousands_of_files_needs_no_thousands_of_handles() {
    if !wanted("five thousand files") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for number in 0..5000 {
        let text = inputs::compressed(["gz", "zst"][number % 2], &[LINE.as_bytes()]);
        let (name, text) = if number % 3 == 0 { ("packed", &text[..]) } else { ("plain", LINE.as_bytes()) };
        fs::write(folder.path().join(format!("{number:05}.{name}")), text).unwrap();
    }
    let ran = Run::json(folder.path(), ["."]).end();
    assert_eq!(ran.exits(0).within_mib(256).totals(), [5000, 0, 5000, 0]);
    eprintln!("5000 files: {:.2} s, {} MiB", ran.seconds, ran.peak >> 20);
}
