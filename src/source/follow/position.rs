//! Which file it is and how far it was read: what a restart needs.
//!
//! An inode number is used again once its file is gone, and a file may be emptied and filled anew while keeping it. So
//! a position holds, beside device and inode, a hash of the bytes just before the offset: if they are others, it is
//! other content, whatever its name and length. (Fluent Bit's `offset_marker` does the same; a hash of the first line,
//! as Vector takes it, is equal for all files that start with one banner.)

use std::ffi::OsString;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

/// Bytes before an offset that are remembered by their hash: several lines, whose times alone differ between files.
pub(super) const MARK_BYTES: usize = 1024;

/// Which file it is while it exists, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Identity {
    pub device: u64,
    pub inode: u64,
}

impl Identity {
    pub(super) fn of(metadata: &Metadata) -> Identity {
        Identity { device: metadata.dev(), inode: metadata.ino() }
    }
}

/// An offset and what stands before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub at: u64,
    /// How many bytes before `at` are hashed.
    bytes: u16,
    hash: u64,
}

impl Mark {
    /// The beginning of a file: nothing stands before it, so any file has it.
    pub(super) fn start() -> Mark {
        Mark::new(0, &[])
    }

    /// The offset `at`, whose preceding bytes are the end of `before`.
    pub(super) fn new(at: u64, before: &[u8]) -> Mark {
        let wanted = MARK_BYTES.min(usize::try_from(at).unwrap_or(MARK_BYTES));
        let before = before.get(before.len().saturating_sub(wanted)..).unwrap_or_default();
        Mark { at, bytes: before.len() as u16, hash: xxh3_64(before) }
    }

    /// How many bytes before the offset have to be read to recognise it.
    pub(super) fn len(&self) -> usize {
        usize::from(self.bytes)
    }

    /// Where these bytes begin.
    pub(super) fn from(&self) -> u64 {
        self.at.saturating_sub(u64::from(self.bytes))
    }

    /// Whether `before` are the bytes that stood there.
    pub(super) fn matches(&self, before: &[u8]) -> bool {
        before.len() == self.len() && xxh3_64(before) == self.hash
    }
}

/// How far a file was handed over, as it is stored: the next run goes on behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The name it is reported by.
    pub name: OsString,
    /// Where it was last; not the name if it was renamed since.
    pub path: OsString,
    /// The device it lies on.
    pub device: u64,
    /// Its inode there.
    pub inode: u64,
    /// Bytes behind the last line that was handed over.
    pub offset: u64,
    /// How many bytes before the offset `mark` stands for.
    pub mark_bytes: u16,
    /// Their hash (XXH3, 64 bits).
    pub mark: u64,
}

impl Position {
    pub(super) fn identity(&self) -> Identity {
        Identity { device: self.device, inode: self.inode }
    }

    /// The mark of this position; what is no possible one is taken for the beginning.
    pub(super) fn to_mark(&self) -> Mark {
        let bytes = usize::from(self.mark_bytes);
        if bytes > MARK_BYTES || bytes as u64 > self.offset || (self.offset > 0 && bytes == 0) {
            return Mark::start();
        }
        Mark { at: self.offset, bytes: self.mark_bytes, hash: self.mark }
    }

    /// How the mark is stored: hash and bytes.
    pub(super) fn parts(mark: &Mark) -> (u64, u16) {
        (mark.hash, mark.bytes)
    }
}
