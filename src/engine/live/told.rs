//! What hands tell the board.

use super::counted::Counted;
use super::source::{Backlog, Before, Saved};
use crate::window::board::HandOver;
use crate::window::watermark::{InputId, Kind};

/// Something that a hand tells the board. What one hand tells arrives in its order.
pub enum Told {
    /// An input has begun.
    Begin {
        /// The input.
        input: InputId,
        /// What to call it.
        name: String,
        /// What can be asked of it.
        kind: Kind,
        /// The newest event time that an earlier run has seen of it.
        newest: Option<i64>,
    },
    /// An input has ended.
    End {
        /// The input.
        input: InputId,
    },
    /// How much of an input was not read yet.
    Backlog {
        /// The input.
        input: InputId,
        /// So much.
        backlog: Backlog,
    },
    /// What was gathered.
    Over(Box<HandOver>),
    /// Its part of a cut: all that it told before is in it, nothing that it tells later.
    Cut(Box<Part>),
    /// Something that an operator should know.
    Problem {
        /// Bytes that were discarded.
        bytes: u64,
        /// What, why, and the cure.
        sentence: String,
    },
    /// Its source has begun: the inputs that are there were told.
    Ready,
    /// Its source is not asked any more.
    Failed(String),
    /// Nothing will come after this.
    Done,
}

/// What one hand counted since the cut before, and where its inputs go on.
pub struct Part {
    /// The hand.
    pub hand: usize,
    /// The counts.
    pub counted: Counted,
    /// Where its inputs go on behind them: all that it has.
    pub places: Vec<Place>,
}

/// Where an input goes on, and what is known of it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where its source takes it up.
    pub saved: Saved,
    /// What was seen of it before.
    pub before: Before,
}
