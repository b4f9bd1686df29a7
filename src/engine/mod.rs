//! Threads, pieces, progress, interrupt: the only place that names a source and a tally together.
//!
//! [`run::analyze`] opens the inputs, cuts files into [`pieces`] and streams into blocks ([`pump`]), and lets as many
//! [`worker`]s as there are threads count them, each into a tally of its own; the tallies are merged once, at the end.

pub mod budget;
pub mod changes;
mod counted;
mod finish;
pub mod input;
pub mod keeper;
pub mod live;
pub mod pieces;
pub mod progress;
pub mod pump;
pub mod replay;
pub mod rule_test;
pub mod run;
pub mod settings;
pub mod text;
pub mod worker;

pub use budget::Budget;
pub use input::Trouble;
pub use keeper::{Invalid, Keep};
pub use progress::Progress;
pub use run::{Outcome, analyze, analyze_bytes, count_bytes};
pub use settings::Settings;
