//! The only file that asks what time it is; everything else is handed the answer, so that tests can hand in their own.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};
use std::time::Instant;

/// This moment on the wall clock of this machine's zone, or of UTC where that is not known.
pub fn now() -> ZonedDateTime {
    ZonedDateTime::new(Timestamp::now(), TimeZone::try_system().unwrap_or(TimeZone::UTC))
}

/// This moment on a clock that only goes forward, to measure spans with.
pub fn monotonic() -> Instant {
    Instant::now()
}
