//! record -> tally -> snapshot.

mod huge;
mod index;
mod prefetch;
pub mod histogram;
pub mod rows;
pub mod snapshot;
pub mod visitors;
