//! Lines from a topic of Kafka, as a member of a consumer group.
//!
//! [`Kafka::new`] checks the settings, [`Kafka::poll`] is called in the caller's loop and calls it back with [`Event`]s:
//! partitions that came and went, lines as they lie in librdkafka's buffer, how much is left to read, what is wrong. No
//! thread runs but the caller's own and librdkafka's, and nothing waits for a waker (an open family of stalls: rust-rdkafka
//! #638, #840); where one is lost, the next call of `poll` finds the messages.
//!
//! What is promised:
//! - *No offset is committed before its lines are safe.* The group's offsets are written by [`Kafka::commit`] alone, and
//!   before a partition is given away: the receiver hears [`Event::Revoking`], and when it returns all that was handed on
//!   counts as safe. The next member begins there, so that a rebalance and a clean end neither lose nor double a line.
//! - *A place is decided once.* A partition begins at the larger of what the caller saved and what the group committed; where
//!   there is neither, it begins at the end or the beginning, and that place is committed too: a partition that stayed silent
//!   is resumed like any other. Partitions that are added later begin at their beginning.
//! - *What is lost is told*: messages that the broker deleted before they were read, a topic that was made anew, partitions
//!   that were taken without asking.
//! - *It is tried without end*: brokers away, a topic that is not there or may not be read are told once, with the cure, and
//!   once more when it is over.
//!
//! A message is one line or many; where the last has no LF the message ends it. A tombstone (no value) and an empty message are
//! counted and are no line.
//!
//! Each partition has a queue of its own. So a partition that is to wait stays where it is with what was fetched, instead of
//! being fetched again (librdkafka's own pause drops it), and all the others get an equal turn. The bound on what librdkafka
//! fetches ahead counts by queue then; `config` shares it among the topic's partitions.
//!
//! Sources: librdkafka's INTRODUCTION.md and CONFIGURATION.md (2.12); KIP-429 for cooperative rebalances, KIP-98 for messages
//! that were committed.

mod settings; // what the user says

#[cfg(feature = "kafka")]
mod assign; // where a partition begins
#[cfg(feature = "kafka")]
mod config; // settings -> librdkafka's
#[cfg(feature = "kafka")]
mod consumer; // the calls, and what happens when
#[cfg(feature = "kafka")]
mod event; // what is told
#[cfg(feature = "kafka")]
mod group; // partitions come and go
#[cfg(feature = "kafka")]
mod inbox; // what librdkafka says
#[cfg(feature = "kafka")]
mod leave; // commits that are waited for, and the end
#[cfg(feature = "kafka")]
mod look_up; // before the group: is the topic there?
#[cfg(feature = "kafka")]
mod partition; // one partition: how far it is, whether it moves
#[cfg(feature = "kafka")]
mod reading; // a member of the group
#[cfg(feature = "kafka")]
mod statistics; // how much is left to read, which brokers are there
#[cfg(all(test, feature = "kafka"))]
mod tests;
#[cfg(feature = "kafka")]
mod watch; // what is wrong, and who stands still

#[cfg(feature = "kafka")]
pub use config::check;
#[cfg(feature = "kafka")]
pub use consumer::{Failed, Kafka};
#[cfg(feature = "kafka")]
pub use event::{Event, Notice};
pub use settings::{Begin, Settings};
