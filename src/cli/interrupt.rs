//! Ctrl-C and SIGTERM: the first asks for what there is, the second ends the program at once.
//!
//! `timeout` of GNU coreutils, and a shell that ends a whole group, send the same signal twice within a millisecond. That is
//! one wish, so that a second signal is one only after [`ONE_WISH`].

use super::{Exit, Failure};
use crate::clock;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Signals within this time are one; nobody presses Ctrl-C twice so fast.
const ONE_WISH: Duration = Duration::from_millis(100);

/// From now on the first signal sets `stop`.
pub fn interruptible(stop: &Arc<AtomicBool>) -> Result<(), Failure> {
    let fail = |error| Failure::failed(format!("cannot listen for signals: {error}"));
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(fail)?;
    let stop = Arc::clone(stop);
    let listen = move || {
        let mut last = None;
        for _ in signals.forever() {
            let now = clock::monotonic();
            let is_same = last.replace(now).is_some_and(|last| now.saturating_duration_since(last) < ONE_WISH);
            // Whoever stops by itself has been told so, too.
            if stop.swap(true, Ordering::Relaxed) && !is_same {
                signal_hook::low_level::exit(Exit::Interrupted as i32);
            }
        }
    };
    thread::Builder::new().name("signals".to_string()).spawn(listen).map(|_| ()).map_err(fail)
}
