//! What a live source is to the engine.

use crate::source::follow;
use crate::window::watermark::{InputId, Kind};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Something that lines come from, now and later.
pub trait Source: Send {
    /// What to call it: in messages, and as the name of its thread.
    fn name(&self) -> String;

    /// Waits for something to happen, at most `timeout`, and tells of it. `Ok(false)` is the end: nothing will come.
    ///
    /// # Errors
    /// A sentence that names the source, the reason and the cure; the source is not asked again.
    fn poll(&mut self, timeout: Duration, tell: &mut dyn FnMut(Event<'_>)) -> Result<bool, String>;

    /// Takes in what was already sent, and hands on lines that never ended, as nothing more will be asked of it. It ends
    /// within `time`.
    ///
    /// # Errors
    /// As [`poll`](Self::poll).
    fn drain(&mut self, time: Duration, tell: &mut dyn FnMut(Event<'_>)) -> Result<(), String>;

    /// Where each of its inputs goes on in a later run, behind the lines that it has told of so far. Asked between two polls.
    fn saved(&mut self) -> Vec<(InputId, Saved)> {
        Vec::new()
    }

    /// What it said to be [`saved`](Self::saved), with all that was counted before, is kept for good. Called between two
    /// polls, and once more when it is drained.
    fn kept(&mut self, saved: &[(InputId, Saved)]) {
        let _ = saved;
    }

    /// An input that runs ahead of others is to wait, or no longer.
    fn pause(&mut self, input: InputId, paused: bool) {
        let _ = (input, paused);
    }
}

/// Where an input goes on in a later run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Saved {
    /// A followed file.
    File(follow::Position),
    /// A partition of a topic of Kafka.
    Partition {
        /// The topic, with its brokers.
        topic: String,
        /// The partition.
        partition: i32,
        /// The offset that it was read from on, since it was assigned.
        from: i64,
        /// The offset of the next message.
        next: i64,
    },
}

impl Saved {
    /// The kind of source.
    pub fn kind(&self) -> &'static str {
        match self {
            Saved::File(_) => "file",
            Saved::Partition { .. } => "kafka",
        }
    }

    /// Which of its inputs: what no other one is at the same time.
    pub fn key(&self) -> String {
        match self {
            Saved::File(position) => format!("{}:{}", position.device, position.inode),
            Saved::Partition { topic, partition, .. } => format!("{topic}/{partition}"),
        }
    }

    /// What it is called, which another one may be later.
    pub fn name(&self) -> String {
        match self {
            Saved::File(position) => position.name.to_string_lossy().into_owned(),
            Saved::Partition { .. } => self.key(),
        }
    }
}

/// What was seen of an input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// Lines.
    pub lines: u64,
    /// The newest event time among them, in milliseconds.
    pub newest: Option<i64>,
}

/// What happens at a source.
#[derive(Debug)]
pub enum Event<'source> {
    /// An input has begun: a file was found, a connection accepted.
    Begin {
        /// Its number, which no other input of any source has.
        input: InputId,
        /// What to call it while it is there.
        name: &'source str,
        /// What to call it in the report, together with others of its kind: connections come and go, and a listener stays.
        group: &'source str,
        /// What can be asked of it.
        kind: Kind,
        /// What an earlier run has seen of it.
        before: Before,
    },
    /// Whole lines of an input; the last one may lack its newline only where the input or the message ends with it.
    Lines {
        /// The input.
        input: InputId,
        /// The lines.
        text: &'source [u8],
    },
    /// How much of an input was not read yet.
    Backlog {
        /// The input.
        input: InputId,
        /// So much.
        backlog: Backlog,
    },
    /// Bytes or messages were not counted.
    Problem(Problem<'source>),
    /// Inputs are about to be taken away, and whoever gets them goes on from where they are said to be: what was told of
    /// them has to be kept before.
    Leaving {
        /// Where all inputs of the source go on, not only those.
        saved: Vec<(InputId, Saved)>,
        /// Set if it was kept.
        kept: &'source mut bool,
    },
    /// An input has ended.
    End {
        /// The input.
        input: InputId,
    },
}

/// How much was not read yet, in the unit that its source knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backlog {
    /// Bytes of a file.
    Bytes(u64),
    /// Messages of a partition.
    Messages(u64),
}

impl Backlog {
    /// Whether all was read.
    pub fn is_none(self) -> bool {
        matches!(self, Backlog::Bytes(0) | Backlog::Messages(0))
    }

    /// Bytes; 0 where they are not known.
    pub fn bytes(self) -> u64 {
        if let Backlog::Bytes(bytes) = self { bytes } else { 0 }
    }

    /// Messages; 0 where there are none.
    pub fn messages(self) -> u64 {
        if let Backlog::Messages(messages) = self { messages } else { 0 }
    }
}

/// Something that an operator should know.
#[derive(Debug)]
pub struct Problem<'source> {
    /// Bytes that were discarded.
    pub bytes: u64,
    /// A sentence: what, why, and the cure.
    pub sentence: &'source str,
}
