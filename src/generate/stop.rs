//! When to stop, and how long to wait for a receiver that takes nothing.
//!
//! A run is *running*, then *over* (all lines are made) or *interrupted* (Ctrl-C, SIGTERM). While it runs a receiver may
//! stand still as long as it likes. When it is over, one that takes nothing for [`STILL`] is given up. An interrupt gives
//! all receivers together [`GRACE`] to take what waits for them, so that a truth is complete where that is possible and
//! Ctrl-C works where it is not.

use crate::clock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// How long a receiver may take nothing when all its lines are made.
pub const STILL: Duration = Duration::from_secs(10);

/// How long receivers have got after an interrupt.
pub const GRACE: Duration = Duration::from_secs(2);

/// Tells threads when to stop.
#[derive(Debug, Default)]
pub struct Stop {
    /// Set by a signal.
    interrupted: Arc<AtomicBool>,
    interrupted_at: OnceLock<Instant>,
}

impl Stop {
    /// A run that goes on.
    pub fn new() -> Stop {
        Stop::default()
    }

    /// A run that is interrupted when this is set, as by a signal.
    pub fn on(interrupted: Arc<AtomicBool>) -> Stop {
        Stop { interrupted, ..Stop::default() }
    }

    /// Whether to make no more lines.
    pub fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Whether to give up a receiver that has taken nothing since then; `over`: all its lines are made.
    pub fn gives_up(&self, still_since: Instant, over: bool) -> bool {
        if self.is_interrupted() {
            return self.interrupted_at.get_or_init(clock::monotonic).elapsed() >= GRACE;
        }
        over && still_since.elapsed() >= STILL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_ends_with_the_run() {
        let now = clock::monotonic();
        let long_ago = now.checked_sub(Duration::from_secs(60)).unwrap_or(now);
        let stop = Stop::new();
        assert!(!stop.gives_up(long_ago, false), "a running run waits");
        assert!(stop.gives_up(long_ago, true), "one that stood still for a minute");
        assert!(!stop.gives_up(now, true), "one that took something just now");
    }

    #[test]
    fn an_interrupt_gives_everybody_the_same_grace() {
        let signal = Arc::new(AtomicBool::new(false));
        let stop = Stop::on(Arc::clone(&signal));
        signal.store(true, Ordering::Relaxed);
        assert!(stop.is_interrupted());
        let now = clock::monotonic();
        assert!(!stop.gives_up(now.checked_sub(Duration::from_secs(60)).unwrap_or(now), true), "the grace begins now");
    }
}
