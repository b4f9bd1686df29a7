//! Writers at full speed, whose files are renamed, deleted and cut meanwhile. `VISOR_FOLLOW_TRIALS=1000` does it that
//! often; `VISOR_FOLLOW_BENCH=FILE` shows how fast a file is caught up with, and what ten thousand idle ones cost.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;

use super::*;

pub fn trials() -> usize {
    std::env::var("VISOR_FOLLOW_TRIALS").ok().and_then(|number| number.parse().ok()).unwrap_or(100)
}

fn real_clock() -> Clock {
    Box::new(crate::clock::monotonic)
}

/// Lines numbered over all files; what was received of each file, in order.
#[derive(Default)]
struct Received {
    files: BTreeMap<FileId, Vec<u64>>,
    opened: u64,
    unread: Vec<u64>,
}

impl Received {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Lines { file, text, .. } => {
                let lines = self.files.entry(file).or_default();
                for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                    let number = std::str::from_utf8(line).ok().and_then(|line| line.split(' ').next()?.parse().ok());
                    lines.push(number.unwrap_or_else(|| panic!("a torn line: {:?}", String::from_utf8_lossy(line))));
                }
            }
            Event::Opened { .. } => self.opened += 1,
            Event::Truncated { unread, .. } => self.unread.push(unread),
            Event::Failed(trouble) => assert!(matches!(trouble, Trouble::Absent(_)), "{trouble}"),
            _ => {}
        }
    }

    fn count(&self) -> u64 {
        self.files.values().map(|lines| lines.len() as u64).sum()
    }

    fn check(&self, written: u64) {
        let mut all: Vec<u64> = Vec::new();
        for lines in self.files.values() {
            assert!(lines.windows(2).all(|pair| pair[0] < pair[1]), "in order in each file");
            all.extend(lines);
        }
        all.sort_unstable();
        assert_eq!(all.len() as u64, written);
        assert!(all.iter().copied().eq(0..written), "each once");
    }
}

fn line(number: u64) -> String {
    format!("{number} {}\n", "x".repeat((number % 90) as usize))
}

/// Follows until `done` says so; it is asked after each poll.
fn follow(follower: &mut Follower, received: &mut Received, mut done: impl FnMut(&Received) -> bool) {
    let start = crate::clock::monotonic();
    while !done(received) {
        assert!(start.elapsed() < PATIENCE * 5, "{} lines after {:?}", received.count(), start.elapsed());
        follower.poll(Duration::from_millis(20), &mut |event| {
            received.take(event);
            ControlFlow::Continue(())
        });
    }
}

#[test]
fn renames_and_deletions_at_full_speed_lose_nothing() {
    for pattern in ["app.log", "app.log*"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.log");
        let mut follower =
            Follower::new(&[folder.path().join(pattern)], Options::default(), vec![], real_clock()).unwrap();
        let opened = AtomicU64::new(0);
        let (finished, end) = mpsc::channel();
        let mut received = Received::default();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut number = 0;
                let mut held = Vec::new();
                for generation in 0..trials() as u64 {
                    let mut file = writer(&path);
                    for _ in 0..1 + generation * 37 % 500 {
                        file.write_all(line(number).as_bytes()).unwrap();
                        number += 1;
                    }
                    let rotated = folder.path().join(format!("app.log.{generation}"));
                    fs::rename(&path, &rotated).unwrap();
                    // The writer goes on a while after the rename, as one does that was not told yet.
                    file.write_all(line(number).as_bytes()).unwrap();
                    number += 1;
                    held.push(rotated);
                    // What was never opened cannot be read once it is deleted: as in life, some generations are kept.
                    while held.len() > 3 && opened.load(Ordering::Acquire) + 3 > generation {
                        fs::remove_file(held.remove(0)).unwrap();
                    }
                }
                finished.send(number).unwrap();
            });
            let mut written = None;
            follow(&mut follower, &mut received, |received| {
                opened.store(received.opened.saturating_sub(4), Ordering::Release);
                written = written.or_else(|| end.try_recv().ok());
                written.is_some_and(|written| received.count() >= written)
            });
            received.check(written.unwrap());
        });
    }
}

/// Ends a writer that waits for a follower which failed.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

#[test]
fn cuts_that_wait_until_all_is_read_lose_nothing_and_others_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    fs::write(&path, "").unwrap();
    let mut follower = Follower::new(&[&path], Options::default(), vec![], real_clock()).unwrap();
    let (count, ended) = (AtomicU64::new(0), AtomicBool::new(false));
    let mut received = Received::default();
    let mut written = 0;
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let mut file = writer(&path);
            let mut number = 0;
            for round in 0..trials() as u64 {
                for _ in 0..1 + round * 37 % 300 {
                    file.write_all(line(number).as_bytes()).unwrap();
                    number += 1;
                }
                while count.load(Ordering::Acquire) < number && !ended.load(Ordering::Acquire) {
                    std::thread::yield_now();
                }
                file.set_len(0).unwrap();
            }
            ended.store(true, Ordering::Release);
            number
        });
        let _ends = Ends(&ended);
        follow(&mut follower, &mut received, |received| {
            count.store(received.count(), Ordering::Release);
            ended.load(Ordering::Acquire)
        });
        written = writing.join().unwrap();
    });
    received.check_one(written);
    assert!(received.unread.iter().all(|unread| *unread == 0));
    // One that does not wait.
    let text: String = (written..written + 100_000).map(line).collect();
    append(&path, text.as_bytes());
    follower.poll(Duration::ZERO, &mut |event| {
        received.take(event);
        ControlFlow::Continue(())
    });
    writer(&path).set_len(0).unwrap();
    let before = received.unread.len();
    follow(&mut follower, &mut received, |received| {
        received.unread.get(before..).is_some_and(|unread| unread.iter().any(|unread| *unread > 1_000_000))
    });
}

impl Received {
    /// As [`Received::check`], where all lines are of one file.
    fn check_one(&self, written: u64) {
        assert_eq!(self.files.len(), 1);
        self.check(written);
    }
}

#[test]
fn drops_and_restarts_at_any_point_equal_the_uninterrupted_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    let mut all = Vec::new();
    let mut saved = Vec::new();
    let (finished, end) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 0;
            for generation in 0..30 {
                let mut file = writer(&path);
                for _ in 0..1000 {
                    file.write_all(line(number).as_bytes()).unwrap();
                    number += 1;
                }
                if generation % 10 == 9 {
                    // Only one rotation fits between two looks of a follower that was away.
                    std::thread::sleep(Duration::from_millis(50));
                    fs::rename(&path, folder.path().join(format!("app.log.{generation}"))).unwrap();
                }
            }
            finished.send(number).unwrap();
        });
        let (start, mut written, mut round) = (crate::clock::monotonic(), None, 0u32);
        while written.is_none_or(|written| (all.len() as u64) < written) {
            assert!(start.elapsed() < PATIENCE * 5, "{} lines", all.len());
            let options = Options { begin: Begin::Beginning, block_bytes: 4096, ..Options::default() };
            let mut follower = Follower::new(&[&path], options, std::mem::take(&mut saved), real_clock()).unwrap();
            let mut received = Received::default();
            round += 1;
            for _ in 0..round * 7919 % 23 {
                follower.poll(Duration::from_millis(1), &mut |event| {
                    received.take(event);
                    ControlFlow::Continue(())
                });
            }
            saved = follower.positions();
            all.extend(received.files.into_values().flatten());
            written = written.or_else(|| end.try_recv().ok());
        }
        all.sort_unstable();
        assert!(all.iter().copied().eq(0..written.unwrap()), "each once");
    });
}

#[test]
fn what_following_costs() {
    let Ok(big) = std::env::var("VISOR_FOLLOW_BENCH") else {
        eprintln!("skipped: set VISOR_FOLLOW_BENCH to a large log to measure (in a release build)");
        return;
    };
    let length = fs::metadata(&big).unwrap().len();
    for round in 0..4 {
        let options = Options { begin: Begin::Beginning, ..Options::default() };
        let mut follower = Follower::new(&[&big], options, vec![], real_clock()).unwrap();
        let (start, before, mut read) = (crate::clock::monotonic(), cpu_seconds(), 0);
        while read < length {
            follower.poll(Duration::ZERO, &mut |event| {
                if let Event::Lines { to, .. } = event {
                    read = to;
                }
                ControlFlow::Continue(())
            });
        }
        let seconds = start.elapsed().as_secs_f64();
        let gigabytes = length as f64 / 1e9;
        let busy = cpu_seconds() - before;
        println!("catching up, round {round}: {:.2} GB/s, {:.2} a CPU second", gigabytes / seconds, gigabytes / busy);
    }
    let folder = tempfile::tempdir().unwrap();
    for number in 0..10_000 {
        fs::write(folder.path().join(format!("{number}.log")), "a line\n").unwrap();
    }
    for notices in [true, false] {
        let options = Options { notices, ..Options::default() };
        let mut follower = Follower::new(&[folder.path().join("*.log")], options, vec![], real_clock()).unwrap();
        let mut idle = |seconds| {
            let start = crate::clock::monotonic();
            while start.elapsed() < Duration::from_secs(seconds) {
                follower.poll(Duration::from_millis(500), &mut |_| ControlFlow::Continue(()));
            }
        };
        idle(10);
        let before = cpu_seconds();
        idle(20);
        let share = (cpu_seconds() - before) / 20.0 * 100.0;
        println!("10,000 idle files, notices {notices}: {share:.2} % of a core");
    }
}

/// Processor time of this thread, in seconds (proc(5), schedstat).
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    stat.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}
