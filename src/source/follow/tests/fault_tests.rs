//! What the kernel does not tell, and what must not be followed.

use super::*;
use std::os::unix::fs::symlink;

/// More notices than the kernel keeps: those beyond are gone, and what they were of is found by looking.
#[cfg(target_os = "linux")]
#[test]
fn notices_that_the_kernel_dropped_cost_no_line() {
    let most = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
    let most: usize = most.trim().parse().unwrap();
    if most > 100_000 {
        eprintln!("skipped: the kernel keeps {most} notices");
        return;
    }
    let mut trial = Trial::new(&["*.log"], quick());
    trial.append("a.log", "a\n");
    trial.append("b.log", "b\n");
    trial.settle();
    let (mut a, mut b) = (writer(&trial.path("a.log")), writer(&trial.path("b.log")));
    // Two of one kind that follow each other are one: so they alternate.
    for _ in 0..most / 2 + 100 {
        a.write_all(b"a\n").unwrap();
        b.write_all(b"b\n").unwrap();
    }
    // None of this is noticed.
    trial.rename("a.log", "a.old");
    a.write_all(b"last\n").unwrap();
    trial.append("a.log", "next\n");
    trial.append("c.log", "c\n");
    trial.settle();
    let all = "a\n".repeat(most / 2 + 101);
    assert!(trial.text("a.log") == all + "last\nnext\n");
    assert_eq!((trial.text("b.log").lines().count(), trial.text("c.log").as_str()), (most / 2 + 101, "c\n"));
}

#[test]
fn a_file_that_is_written_by_whoever_follows_is_not_followed_by_any_name() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    for notices in [true, false] {
        let own = vec![root.join("own.log"), root.join("later.log"), root.join("absent.log")];
        let options = Options { notices, own, ..quick() };
        append(&root.join("own.log"), b"1\n");
        append(&root.join("a.log"), b"1\n");
        let saved = Follower::new(&[root.join("own.log")], quick(), vec![], ManualClock::new().boxed());
        let mut saved = saved.unwrap();
        saved.poll(Duration::ZERO, &mut |_| ControlFlow::Continue(()));
        let mut trial = Trial::at(root.clone(), None, &["*.log"], options, saved.positions());
        symlink(root.join("own.log"), root.join("link.log")).unwrap();
        trial.settle();
        trial.append("later.log", "1\n");
        trial.append("own.log", "2\n");
        trial.append("a.log", "2\n");
        trial.settle();
        assert_eq!((trial.got.len(), trial.text("a.log").as_str()), (1, "1\n2\n"), "{:?}", trial.got);
        let told = trial.told();
        let told = |name: &str| {
            let sentence = format!("{name}: is written by this program itself, and is not followed; give it");
            told.iter().filter(|told| told.starts_with(&sentence)).count()
        };
        assert_eq!(["own.log", "link.log", "later.log", "a.log"].map(told), [1, 1, 1, 0]);
        ["own.log", "link.log", "later.log", "a.log"].iter().for_each(|name| trial.remove(name));
    }
}
