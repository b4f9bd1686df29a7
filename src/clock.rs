//! The only file that asks what time it is; everything else is handed the answer, so that tests can hand in their own.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

/// This moment on the wall clock of this machine's zone, or of UTC where that is not known.
pub fn now() -> ZonedDateTime {
    ZonedDateTime::new(Timestamp::now(), TimeZone::try_system().unwrap_or(TimeZone::UTC))
}

/// This moment on a clock that only goes forward, to measure spans with.
pub fn monotonic() -> Instant {
    Instant::now()
}

/// What a live run asks, in milliseconds.
pub trait Clock: Sync {
    /// The time of day: milliseconds since the Unix epoch in UTC. It may be set, forward or back.
    fn wall(&self) -> i64;
    /// Milliseconds since some fixed moment. It only goes forward.
    fn monotonic(&self) -> i64;
}

/// The clocks of this machine.
#[derive(Debug)]
pub struct System {
    start: Instant,
}

impl Default for System {
    fn default() -> Self {
        System { start: Instant::now() }
    }
}

impl Clock for System {
    fn wall(&self) -> i64 {
        Timestamp::now().as_millisecond()
    }

    fn monotonic(&self) -> i64 {
        i64::try_from(self.start.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

/// A clock that is set by hand.
#[derive(Debug, Default)]
pub struct Manual {
    wall: AtomicI64,
    monotonic: AtomicI64,
}

impl Manual {
    /// Sets the time of day.
    pub fn set_wall(&self, milliseconds: i64) {
        self.wall.store(milliseconds, Ordering::SeqCst);
    }

    /// Lets so many milliseconds pass on both clocks.
    pub fn pass(&self, milliseconds: i64) {
        self.wall.fetch_add(milliseconds, Ordering::SeqCst);
        self.monotonic.fetch_add(milliseconds, Ordering::SeqCst);
    }
}

impl Clock for Manual {
    fn wall(&self) -> i64 {
        self.wall.load(Ordering::SeqCst)
    }

    fn monotonic(&self) -> i64 {
        self.monotonic.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    fn askers(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                askers(&path, found);
            } else if let Ok(text) = std::fs::read_to_string(&path)
                && ["SystemTime::", "Timestamp::", "Instant::", "ZonedDateTime::"]
                    .iter()
                    .any(|clock| text.contains(&format!("{clock}now()")))
            {
                found.push(path.file_name().unwrap().to_string_lossy().into_owned());
            }
        }
    }

    #[test]
    fn nobody_else_asks() {
        let mut found = Vec::new();
        askers(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        found.retain(|name| !name.contains("tests"));
        assert_eq!(found, ["clock.rs"]);
    }
}
