//! What survives a restart: counts, positions and windows, in one SQLite file.
//!
//! ```text
//! engine --Checkpoint--> one transaction --> FILE --> Restored, at the next start
//!                                                 --> Reader: visor-fast history, sqlite3
//! ```
//! A checkpoint is one cut: what was counted since the one before, and how far each input was read when that was counted.
//! It is written as one transaction (`checkpoint`), so a kill at any moment leaves a cut, the last one or the one
//! before it; lines behind its positions are read again and counted once. What is added to a total is only what is new;
//! `whole` keeps the pieces few.
//!
//! Here is data and no engine: bytes of tallies and panes, states of positions, are what somebody else makes of them.
//! `docs/STORE.md` tells the tables.
//!
//! **Invariants:** one process writes to a file (`lock`), and any may read it meanwhile. Nothing in a file is trusted: it
//! is refused in a sentence, never a panic.

mod checkpoint;
mod error;
mod lock;
mod open;
mod restore;
mod retention;
mod schema;
#[cfg(test)]
mod tests;
mod whole;
mod windows;

pub use checkpoint::{Checkpoint, Range, SavedPosition, Split};
pub use error::{Error, Problem};
pub use open::{Options, Store};
pub use restore::Restored;
pub use retention::Tidied;
pub use windows::{ClosedWindow, ListedWindow, Reader, TOP};
