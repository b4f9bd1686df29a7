//! snapshot -> terminal, JSON, CSV.
//!
//! Every report prints the same frozen [`Snapshot`](crate::aggregate::snapshot::Snapshot) and computes nothing of its
//! own, so that they cannot disagree.

pub mod csv;
pub mod json;
pub mod text;

#[cfg(test)]
mod example;
