//! Rules, and what they say of the records that pass: what is counted for them, when they fire, and when that is over.
//!
//! Everything here is pure: no I/O, no threads, and nobody asks the time.
//!
//! # How it is used
//!
//! ```text
//! rule::read(file, text)      -> Vec<Rule>            all mistakes of a file at once
//! Plan::new(rules, pane)      -> Plan                 what is counted, and shared
//!
//! a worker    Counter::new(plan)
//!             set_clock(arrival)                       None in a replay
//!             record(record, at, in_pane, is_bot)      each record; in_pane: neither late nor of the future
//!             heartbeat(at)                            each heartbeat
//!             hand_over() -> Counted                   with its other counts, at once if is_urgent()
//!
//! the board   Alerts::new(plan, settings, now)  or  Alerts::restored(...)
//!             take(counted)                            before the watermark moves, as with windows
//!             tick(watermark, &mut transitions)        after each step of the watermark
//!             early(now, &mut transitions)             at each tick of the wall clock; not in a replay
//!             events(now, &mut events)                 whenever something was taken
//!             saved(), take_changed(table)             with the cut: states and panes, in one transaction
//!             reloaded(plan, now, &mut transitions)    other rules; what is the same goes on
//! ```
//!
//! A [`Transition`] says which alert went from which phase to which, when, since when it is true, with what value, its
//! labels and annotations rendered, and who is told. An [`Event`] is a record that `each` tells. Whether and how they are
//! sent is decided elsewhere.
//!
//! [`Counted`] is bound to the plan it was counted for ([`Plan::identity`]); the board takes no other, so that nothing is
//! counted for the wrong rule while rules are exchanged.
//!
//! # What is looked at when
//!
//! At each tick, a multiple of the pane, up to which the watermark has come, in order: on the windows that end there, with
//! all that was taken before. A pane that is revised later changes later looks alone. Over time in which no look could
//! find anything else it goes at once.
//!
//! A comparison that more records can only make true is looked at while its window is open too ([`Alerts::early`]): on
//! the window that ends with the pane of the wall clock. What fired so is not looked at again before that tick is closed.
//!
//! `absent` goes by arrival: it is looked at by the wall clock and, in a replay, at ticks, in which a record comes at its
//! own time.
//!
//! # Decisions
//!
//! - A `count`, `rate`, `sum` or `distinct` that is to be small (`<`, `<=`, `=`, `!=`) is no data while its window began
//!   before anything was seen: else every start would look like a fall of traffic. So is anything compared with a
//!   `previous` window that did.
//! - With `previous`, `min_records` asks the fuller of the two windows of a count (a fall and a rise are both told), and
//!   both of a ratio or quantile.
//! - A group that has no records in the earlier window is no data: as in Prometheus, where one side of a comparison is
//!   missing.
//! - Of several windows each must be true; the value is the first one's.
//! - Heavy hitters are those with most records of the table, that is of the rule's `where`.

mod alerts;
mod book;
mod cells;
pub mod count;
mod fresh;
mod groups;
mod kept;
pub mod key;
mod limit;
mod look;
mod named;
pub mod plan;
#[cfg(test)]
mod properties;
pub mod rule;
mod set;
mod silence;
mod slide;
pub mod state;
mod tell;
#[cfg(test)]
mod tests;

pub use alerts::{Alerts, Settings};
pub use count::{Counted, Counter};
pub use kept::Saved;
pub use plan::Plan;
pub use tell::{Event, Transition, fingerprint};
