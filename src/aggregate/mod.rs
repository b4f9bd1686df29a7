//! record -> tally -> snapshot.

pub mod snapshot;
