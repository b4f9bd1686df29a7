//! Some whole lines that were made together, and what is true of each.
//!
//! Why blocks: making, pacing, sending and counting each look at a few thousand lines at a time, so that what is paid once
//! (seeding, the timestamp, a system call, a hand-over) is paid once in [`BLOCK_LINES`] lines. Buffers are kept: a block
//! that is filled again allocates nothing.
//!
//! Invariant: lines, `due` and `facts` (where they are kept) are as many as [`Block::lines`] says, and in the same order.

use super::odd::Odd;
use std::ops::Range;

/// Lines that are seeded together, and of a whole block. A block's random numbers depend on the seed and on the number of
/// the block, and on nothing else.
pub const BLOCK_LINES: u64 = 4096;

/// What is true of one line, as numbers of the plan's tables ([`super::plan::Plan`]): counting is adding to arrays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fact {
    /// Who asked.
    pub client: u32,
    /// What was asked and answered, or the message of an error log.
    pub exchange: u32,
    /// Where the request came from.
    pub referrer: u32,
    /// Bytes sent; the largest number where there was no body.
    pub bytes: u32,
    /// Microseconds to serve the request.
    pub latency_micros: u32,
    /// The time on the line, in whole seconds since the plan's first event time; lines may be late.
    pub second: i32,
    /// What kind of line it is.
    pub kind: Kind,
}

/// What kind of line was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A record.
    #[default]
    Record,
    /// A sign of life.
    Heartbeat,
    /// A line that is not regular.
    Odd(Odd),
}

/// Some whole lines.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// The lines; what is behind `bytes` is left from an earlier filling.
    pub(super) text: Vec<u8>,
    /// Bytes of `text` that are lines.
    pub(super) bytes: usize,
    /// The number of the first line in the run.
    pub(super) first: u64,
    /// Where line i ends in `text`, behind its LF.
    pub(super) ends: Vec<u32>,
    /// When line i is due, in nanoseconds since the start of the run; empty where nothing is paced.
    pub(super) due: Vec<u64>,
    /// What is true of line i; empty where no truth is kept.
    pub(super) facts: Vec<Fact>,
}

impl Block {
    /// An empty block. Its buffers grow at the first filling and are kept.
    pub fn new() -> Block {
        Block::default()
    }

    /// How many lines there are.
    pub fn lines(&self) -> usize {
        self.ends.len()
    }

    /// The number of the first line in the run.
    pub fn first_line(&self) -> u64 {
        self.first
    }

    /// All lines, each ended by one LF.
    pub fn text(&self) -> &[u8] {
        self.text.get(..self.bytes).unwrap_or_default()
    }

    /// Where lines end in the text, behind their LF.
    pub fn ends(&self) -> &[u32] {
        &self.ends
    }

    /// When lines are due, in nanoseconds since the start of the run, never falling; empty where nothing is paced.
    pub fn due(&self) -> &[u64] {
        &self.due
    }

    /// What is true of lines; empty where no truth is kept.
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// Where these lines (counted within the block) stand in the text. A range beyond the last line ends with it.
    pub fn span(&self, lines: Range<usize>) -> Range<usize> {
        let before = |line: usize| match line.min(self.lines()) {
            0 => 0,
            line => self.ends.get(line - 1).map_or(0, |end| *end as usize),
        };
        before(lines.start)..before(lines.end).max(before(lines.start))
    }

    /// The text of these lines (counted within the block).
    pub fn text_of(&self, lines: Range<usize>) -> &[u8] {
        self.text().get(self.span(lines)).unwrap_or_default()
    }

    /// Forgets the lines and keeps the buffers.
    pub(super) fn clear(&mut self, first: u64) {
        (self.first, self.bytes) = (first, 0);
        self.ends.clear();
        self.due.clear();
        self.facts.clear();
    }
}
