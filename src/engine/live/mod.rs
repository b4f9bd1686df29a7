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
mod cut;
#[cfg(test)]
mod fault_tests;
mod followed;
mod hand;
#[cfg(feature = "kafka")]
mod kafka;
#[cfg(test)]
mod keep_tests;
mod keeper;
mod listen;
mod mini;
mod notes;
mod run;
mod shown;
mod sockets;
mod source;
mod standard_input;
mod stored;
#[cfg(test)]
mod tests;
mod told;

pub use counted::Counted;
pub use cut::Cut;
pub use followed::Followed;
#[cfg(feature = "kafka")]
pub use kafka::Topic;
pub use keeper::Keep;
pub use mini::{Failed, mini};
pub use run::{Ended, Kept, Monitor, monitor};
pub use shown::Shown;
pub use sockets::Sockets;
pub use source::{Backlog, Before, Event, Problem, Saved, Source};
pub use standard_input::StandardInput;
pub use stored::{Earlier, Stored};
pub use told::Place;
