//! One line on the terminal that says how far a run is.

use crate::clock;
use crate::engine::Progress;
use crate::engine::progress::Reached;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// A run shorter than this shows nothing.
const SILENCE: Duration = Duration::from_millis(500);
const PERIOD: Duration = Duration::from_millis(100);

/// Runs `work` and meanwhile, if `shown`, tells on stderr how far it is. The line is gone when it returns.
pub fn watched<T>(progress: &Progress, shown: bool, work: impl FnOnce() -> T) -> T {
    if !shown {
        return work();
    }
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let shower = scope.spawn(|| show(progress, &done));
        let result = work();
        done.store(true, Ordering::Relaxed);
        shower.thread().unpark();
        result
    })
}

fn show(progress: &Progress, done: &AtomicBool) {
    let start = clock::monotonic();
    let mut next = start + SILENCE;
    let mut drawn = false;
    while !done.load(Ordering::Relaxed) {
        let now = clock::monotonic();
        if now < next {
            thread::park_timeout(next - now);
            continue;
        }
        next = now + PERIOD;
        drawn = true;
        // A terminal that went away is no reason to stop counting.
        let _ = write!(io::stderr(), "\r\x1b[K{}", line(&progress.reached(), now - start));
    }
    if drawn {
        let _ = write!(io::stderr(), "\r\x1b[K");
    }
}

/// `12.3 GB  41 %  9.1 M lines/s  2.21 GB/s  8 s left`, at most 79 columns.
fn line(reached: &Reached, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64().max(0.001);
    let mut text = format!("{:.1} GB", reached.bytes as f64 / 1e9);
    let share = reached.raw_total.filter(|total| *total > 0).map(|total| reached.raw_done as f64 / total as f64);
    if let Some(share) = share {
        text += &format!("  {:.0} %", (share * 100.0).min(100.0));
    }
    text += &format!("  {:.1} M lines/s", reached.lines as f64 / seconds / 1e6);
    text += &format!("  {:.2} GB/s", reached.bytes as f64 / seconds / 1e9);
    if let Some(share) = share.filter(|share| *share > 0.001) {
        text += &format!("  {} left", span((seconds * (1.0 - share) / share).max(0.0)));
    }
    text
}

/// Seconds as a person says them.
fn span(seconds: f64) -> String {
    let whole = seconds.ceil() as u64;
    match whole {
        0..100 => format!("{whole} s"),
        100..6000 => format!("{} min", whole.div_ceil(60)),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_what_is_known() {
        let reached = Reached {
            bytes: 4_000_000_000,
            lines: 16_000_000,
            raw_done: 1_000_000_000,
            raw_total: Some(4_000_000_000),
        };
        let known = line(&reached, Duration::from_secs(2));
        assert_eq!(known, "4.0 GB  25 %  8.0 M lines/s  2.00 GB/s  6 s left");
        let unknown = line(&Reached { raw_total: None, ..reached }, Duration::from_secs(2));
        assert_eq!(unknown, "4.0 GB  8.0 M lines/s  2.00 GB/s");
    }

    #[test]
    fn no_run_is_too_short_or_too_long_for_a_line() {
        for (bytes, raw_done, raw_total) in [(0, 0, Some(0)), (u64::MAX, 1, Some(u64::MAX)), (1, u64::MAX, Some(1))] {
            let reached = Reached { bytes, lines: bytes, raw_done, raw_total };
            for seconds in [0, 1, 1_000_000] {
                assert!(line(&reached, Duration::from_secs(seconds)).len() < 100);
            }
        }
    }

    #[test]
    fn what_is_watched_returns_its_result() {
        assert_eq!(watched(&Progress::default(), true, || 7), 7);
    }
}
