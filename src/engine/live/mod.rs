//! Live inputs: each source on a thread of its own, all of them on one board.
//!
//! ```text
//! source -> worker (parses, counts into its tally, gathers panes)  --HandOver-->  board (windows, account)  -->  screen
//! ```
//! A source calls its worker with whole lines that lie in the source's own buffer; nothing is copied and nothing locked.
//! A few times a second the worker hands over what it gathered by pane, through a bounded channel: that is all the two
//! sides share. A worker that finds the channel full waits, and so does whoever sends to it: files stay where they are,
//! sockets fill up. The tallies themselves are merged once, at the end.

mod counted;
mod followed;
mod hand;
mod notes;
mod run;
mod sockets;
mod source;
mod standard_input;
#[cfg(test)]
mod tests;

pub use followed::Followed;
pub use run::{Ended, Monitor, Shown, monitor};
pub use sockets::Sockets;
pub use source::{Event, Problem, Source};
pub use standard_input::StandardInput;
