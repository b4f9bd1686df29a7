//! A batch of look-ups on their way through a table.
//!
//! The tables of a large log do not fit in the cache, and a look-up waits for memory some hundred cycles. So a batch goes
//! through a table in stages: hash all keys and ask for their slots of the index; guess their entries and ask for those;
//! only then find them. By the time a stage looks, the memory has arrived. A stage is a short loop over one table, whose
//! few values stay in registers.

use super::key::Key;
use arrayvec::ArrayVec;

/// Records that are looked up together: enough to hide the wait, few enough to stay in the first cache.
pub const BATCH: usize = 64;

/// What is known of each look-up; all lists are of one length.
#[derive(Default)]
pub struct Lookups<'text> {
    /// What is looked for.
    pub keys: ArrayVec<Key<'text>, BATCH>,
    /// The hash of each key.
    pub hashes: ArrayVec<u32, BATCH>,
    /// After the second stage a guess of each row, after the third the row.
    pub rows: ArrayVec<u32, BATCH>,
}
