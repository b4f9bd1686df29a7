//! What a service manager is told, where one has started the program (sd_notify(3)): that it is ready, that it still looks
//! after its work, that it ends.

use crate::engine::live::Shown;
use std::time::Duration;

/// Tells a service manager. Without one nothing happens.
pub struct Service {
    is_ready: bool,
    /// Milliseconds after which it expects to hear from us; half of them are let pass.
    watchdog: Option<i64>,
    told: i64,
}

impl Service {
    /// Whether, and how often, one listens.
    pub fn new() -> Service {
        let watchdog =
            sd_notify::watchdog_enabled().map(|span: Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX));
        Service { is_ready: false, watchdog, told: i64::MIN }
    }

    /// Tells what has changed, `now` of a monotonic clock in milliseconds.
    pub fn look(&mut self, shown: &Shown<'_>, now: i64) {
        use sd_notify::NotifyState::{Ready, Stopping, Watchdog};
        // Nobody may listen any more; the work goes on.
        if shown.is_ready && !std::mem::replace(&mut self.is_ready, true) {
            let _ = sd_notify::notify(&[Ready]);
        }
        if shown.is_last {
            let _ = sd_notify::notify(&[Stopping]);
        } else if self.watchdog.is_some_and(|span| now.saturating_sub(self.told) >= span / 2) {
            self.told = now;
            let _ = sd_notify::notify(&[Watchdog]);
        }
    }
}
