//! How far a run is, for whoever shows it, and whether it is to stop.

use crossbeam::utils::CachePadded;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Counters that workers advance once a piece, each in a cache line of its own, and the wish to stop.
#[derive(Debug, Default)]
pub struct Progress {
    bytes: CachePadded<AtomicU64>,
    lines: CachePadded<AtomicU64>,
    raw_done: CachePadded<AtomicU64>,
    raw_total: CachePadded<AtomicU64>,
    unknown: AtomicBool,
    stop: Arc<AtomicBool>,
}

/// How far a run is at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// Bytes of log text that were counted.
    pub bytes: u64,
    /// Lines that were counted.
    pub lines: u64,
    /// Bytes of the inputs that were read: compressed ones, where they are compressed.
    pub raw_done: u64,
    /// Bytes that the inputs have; `None` where one of them does not say.
    pub raw_total: Option<u64>,
}

impl Progress {
    /// A run that stops when `stop` is set.
    pub fn new(stop: Arc<AtomicBool>) -> Progress {
        Progress { stop, ..Progress::default() }
    }

    /// The wish to stop, shared with whoever may have it.
    pub fn stop(&self) -> &Arc<AtomicBool> {
        &self.stop
    }

    /// Whether the run is to stop with what it has.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// How far it is.
    pub fn reached(&self) -> Reached {
        let known = !self.unknown.load(Ordering::Relaxed);
        Reached {
            bytes: self.bytes.load(Ordering::Relaxed),
            lines: self.lines.load(Ordering::Relaxed),
            raw_done: self.raw_done.load(Ordering::Relaxed),
            raw_total: known.then(|| self.raw_total.load(Ordering::Relaxed)),
        }
    }

    /// Another input was found, of so many bytes.
    pub(super) fn expect(&self, raw_len: Option<u64>) {
        match raw_len {
            Some(bytes) => {
                self.raw_total.fetch_add(bytes, Ordering::Relaxed);
            }
            None => self.unknown.store(true, Ordering::Relaxed),
        }
    }

    /// A piece was counted.
    pub(super) fn add(&self, bytes: u64, lines: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.lines.fetch_add(lines, Ordering::Relaxed);
    }

    /// So many bytes of an input were read.
    pub(super) fn add_raw(&self, bytes: u64) {
        self.raw_done.fetch_add(bytes, Ordering::Relaxed);
    }
}
