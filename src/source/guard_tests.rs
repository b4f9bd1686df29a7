use std::fs::File;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};

use super::super::mmap::Map;
use super::*;

const PAGES: usize = 16;

fn page() -> usize {
    // SAFETY: reads a constant of the system.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) as usize }
}

/// A file of `PAGES` pages of `x`.
fn file_of_pages() -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&vec![b'x'; PAGES * page()]).unwrap();
    file
}

fn map(file: &File) -> Map {
    Map::new(file, 0, (PAGES * page()) as u64).unwrap()
}

#[test]
fn a_page_that_is_gone_reads_as_zeros_and_trips_its_own_range_only() {
    let (cut, whole) = (file_of_pages(), file_of_pages());
    let (cut_map, whole_map) = (map(&cut), map(&whole));
    assert!(cut_map.bytes().iter().all(|b| *b == b'x'), "everything is there at first");
    cut.set_len(4 * page() as u64).unwrap();
    assert!(!cut_map.tripped(), "nothing was touched yet");

    let bytes = cut_map.bytes();
    assert_eq!(bytes[5 * page()], 0);
    assert!(cut_map.tripped());
    assert!(bytes[..4 * page()].iter().all(|b| *b == b'x'), "what is still in the file is still read");
    assert!(bytes[5 * page()..].iter().all(|b| *b == 0), "the rest reads as zeros");

    assert!(whole_map.bytes().iter().all(|b| *b == b'x'));
    assert!(!whole_map.tripped(), "another file's range");
}

#[test]
fn many_threads_may_fall_into_the_same_hole_and_errno_survives() {
    let file = file_of_pages();
    let map = map(&file);
    file.set_len(0).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                // SAFETY: this thread's errno.
                unsafe { *libc::__errno_location() = libc::EXDEV };
                assert!(map.bytes().iter().all(|b| *b == 0));
                // SAFETY: as above.
                assert_eq!(unsafe { *libc::__errno_location() }, libc::EXDEV);
                assert!(map.tripped());
            });
        }
    });
}

#[test]
fn a_file_cut_at_any_moment_under_its_readers_kills_nobody() {
    for round in 0..200 {
        let file = file_of_pages();
        let map = map(&file);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| (0..4).for_each(|_| drop(std::hint::black_box(map.bytes().to_vec()))));
            }
            scope.spawn(|| file.set_len((round % PAGES * page()) as u64).unwrap());
        });
        assert!(map.bytes().contains(&0));
        assert!(map.tripped(), "round {round}");
    }
}

#[test]
fn a_dropped_map_is_no_longer_guarded_and_its_slot_starts_clean() {
    let guarded = |address: usize| TABLE.iter().any(|slot| slot.range().is_some_and(|r| r.contains(&address)));
    let file = file_of_pages();
    let first = map(&file);
    let address = first.bytes().as_ptr() as usize;
    assert!(guarded(address) && guarded(address + PAGES * page() - 1));
    file.set_len(0).unwrap();
    assert_eq!(first.bytes()[0], 0);
    let slot = first_slot(address);
    drop(first);
    // Another test's map may have come to the same address meanwhile, but not to the same slot with this stamp.
    assert_ne!(TABLE[slot.0].stamp.load(Ordering::SeqCst), slot.1);

    let fresh = file_of_pages();
    assert!(!map(&fresh).tripped());
}

fn first_slot(address: usize) -> (usize, usize) {
    let number = TABLE.iter().position(|slot| slot.range().is_some_and(|r| r.contains(&address))).unwrap();
    (number, TABLE[number].stamp.load(Ordering::SeqCst))
}

#[test]
fn a_map_from_the_middle_of_a_page_is_guarded_in_whole_pages() {
    let file = file_of_pages();
    let map = Map::new(&file, 100, 2 * page() as u64).unwrap();
    let start = map.bytes().as_ptr() as usize;
    let slot = first_slot(start);
    assert_eq!(TABLE[slot.0].range(), Some(start - 100..start - 100 + 3 * page()));
    file.set_len(0).unwrap();
    assert!(map.bytes().iter().all(|b| *b == 0));
    assert!(map.tripped());
}

/// Runs the named test of this module again in a process of its own, where `DOOMED` is set.
fn doomed_run_of(test: &str) -> ExitStatus {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("source::guard::tests::{test}"), "--test-threads=1"])
        .env("DOOMED", "1")
        .output()
        .unwrap()
        .status
}

fn doomed() -> bool {
    std::env::var_os("DOOMED").is_some()
}

#[test]
fn a_fault_outside_every_range_still_kills() {
    if !doomed() {
        assert_eq!(doomed_run_of("a_fault_outside_every_range_still_kills").signal(), Some(libc::SIGBUS));
        return;
    }
    let guarded = file_of_pages();
    let _map = map(&guarded);
    let file = file_of_pages();
    // SAFETY: a map of our own that nothing else touches; reading it is meant to kill this process.
    let unguarded = unsafe { memmap2::Mmap::map(&file) }.unwrap();
    file.set_len(0).unwrap();
    std::hint::black_box(unguarded[0]);
}

#[test]
fn a_sigbus_that_was_sent_goes_to_the_handler_before_ours() {
    if !doomed() {
        assert_eq!(
            doomed_run_of("a_sigbus_that_was_sent_goes_to_the_handler_before_ours").signal(),
            Some(libc::SIGBUS)
        );
        return;
    }
    let guarded = file_of_pages();
    let _map = map(&guarded);
    // That is the one of Rust's runtime, which puts the default back at the first and so dies of the second.
    for _ in 0..2 {
        // SAFETY: sends a signal to this process.
        unsafe { libc::raise(libc::SIGBUS) };
    }
}

#[test]
fn a_full_table_makes_no_map_and_room_comes_back() {
    if !doomed() {
        // In a process of its own: the other tests need room in the table.
        assert!(doomed_run_of("a_full_table_makes_no_map_and_room_comes_back").success());
        return;
    }
    let file = file_of_pages();
    let maps: Vec<Map> = (0..RANGES_MAX).map(|_| map(&file)).collect();
    assert!(Map::new(&file, 0, 1).is_none());
    drop(maps);
    assert!(Map::new(&file, 0, 1).is_some());
}
