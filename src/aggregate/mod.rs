//! record -> tally -> snapshot.

pub mod agent;
pub(crate) mod bound;
pub mod distinct;
mod families;
mod freeze;
pub mod goaccess;
pub mod histogram;
mod huge;
mod index;
mod key;
mod kinds;
mod lookups;
mod memo;
mod merge;
pub mod message;
pub mod messages;
pub mod position;
mod prefetch;
mod row_sets;
pub mod rows;
mod show_bounds;
mod sites;
pub mod snapshot;
pub mod stable;
pub(crate) mod static_files;
pub mod tally;
pub mod timeline;
mod top;
pub mod visitors;
mod visits;
pub mod vtally;
pub mod zone;

pub use huge::use_small_pages;
