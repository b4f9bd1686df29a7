//! A file as memory.
//!
//! Mapping saves the copy of `read`; the price is that the bytes are the file's own, and another process may change
//! them at any time. In the letter of Rust's rules a byte that changes behind a shared slice is a data race. What holds
//! in practice, and what ripgrep and memmap2 build on as well: the compiler cannot know the bytes and does not invent
//! values for them, and the readers of this program check every length and index against the slice, so a change can
//! make a wrong count but no invalid access. A file that shrinks is caught by the guard and by its length
//! ([`super::FileSource::fault`]); the counts of a file that is rewritten in place are those of the bytes met.
#![allow(unsafe_code)]

use std::fs::File;

use super::guard::{self, Registration};

/// A guarded map of part of a file.
#[derive(Debug)]
pub(super) struct Map {
    // Before `map`: fields are dropped in this order, and the guard has to end before the pages are given back.
    guard: Registration,
    map: memmap2::Mmap,
}

impl Map {
    /// Maps `len` bytes from `offset`, to be read from front to back; `None` where that is not possible, and the file
    /// is to be read instead.
    pub(super) fn new(file: &File, offset: u64, len: u64) -> Option<Map> {
        let len = usize::try_from(len).ok().filter(|len| *len > 0)?;
        let mut options = memmap2::MmapOptions::new();
        // SAFETY: the map is read only; the module's text says what happens when others change the file.
        let map = unsafe { options.offset(offset).len(len).map(file) }.ok()?;
        let start = map.as_ptr().expose_provenance();
        // SAFETY: the pages of the map are its own (the kernel maps whole pages), and `Map` drops the registration
        // before it unmaps them.
        let guard = unsafe { guard::register(start..start + len) }?;
        // Advice only: without it the map is as right, and a little slower.
        let _ = map.advise(memmap2::Advice::Sequential);
        Some(Map { guard, map })
    }

    /// The bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.map
    }

    /// Whether a page was lost: bytes read since then may be zeros in its place.
    pub(super) fn tripped(&self) -> bool {
        self.guard.tripped()
    }
}
