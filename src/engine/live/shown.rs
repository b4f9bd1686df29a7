//! What can be shown of a monitor at a moment.

use super::source::Backlog;
use crate::window::board::Board;
use crate::window::watermark::InputId;
use std::collections::BTreeMap;

/// An input, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputShown {
    /// Its name.
    pub name: String,
    /// What was not read yet.
    pub backlog: Backlog,
    /// The newest event time it has shown, in milliseconds.
    pub newest: Option<i64>,
}

/// What can be shown at a moment.
pub struct Shown<'board> {
    /// Windows and account.
    pub board: &'board Board,
    pub(super) inputs: &'board BTreeMap<InputId, InputShown>,
    /// The ends of the panes that were closed since the last time, from the first to the last.
    pub closed: Option<(i64, i64)>,
    /// Whether all sources have begun.
    pub is_ready: bool,
    /// Whether all that is left is closed, as nothing more will come.
    pub is_ending: bool,
    /// Whether nothing will be shown after this.
    pub is_last: bool,
    /// Bytes that were discarded, by all.
    pub discarded_bytes: u64,
    /// The time of day, in milliseconds.
    pub wall: i64,
}

impl Shown<'_> {
    /// The inputs of the moment.
    pub fn inputs(&self) -> impl Iterator<Item = &InputShown> {
        self.inputs.values()
    }
}
