//! Snapshot -> terminal, JSON, CSV.
//!
//! A report prints the [`Snapshot`](crate::aggregate::snapshot::Snapshot) and computes nothing that is not in it but
//! sums and ratios of its figures: so all reports of a run agree, and a report of a merged or stored snapshot is made by
//! the same code. None of them can fail but by its writer, and all are byte for byte the same for equal snapshots.
//!
//! What a log says is written by strangers. JSON escapes what does not show, in a way that changes no value; CSV keeps
//! spreadsheets from taking a cell for a formula; text lets nothing through that would move a terminal's cursor.

pub mod csv;
pub mod goaccess_json;
pub mod history;
mod invisible;
pub mod json;
pub mod live;
pub mod replay;
pub mod summary;
pub mod text;

#[cfg(test)]
mod example;
#[cfg(test)]
mod sample_snapshot;
