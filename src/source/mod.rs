//! Where bytes come from.
//!
//! [`expand()`] turns what the user named into inputs, [`open()`] turns an input into bytes, of one of two kinds. A
//! [`FileSource`] is a plain regular file: it has a length and can be read at any offset, so all cores share it. A
//! [`StreamSource`] is everything else, from front to back by one reader: pipes, devices, files of `/proc`, and whatever
//! is compressed, which its first bytes tell and never its name.
//!
//! What is promised: every byte that was there is handed over exactly once and in order, or there is an error that
//! names the input; an error comes after all the bytes before it. A file counts with the length it had when it was
//! opened: what is appended later belongs to the next run.
//!
//! `unsafe` is in `mmap` (the map) and in `guard` (what happens when the file shrinks under it), nowhere else.

mod compressed;
mod error;
mod expand;
mod file;
pub mod follow;
#[cfg(target_os = "linux")]
mod guard;
pub mod kafka;
#[cfg_attr(not(target_os = "linux"), path = "mmap_none.rs")]
mod mmap;
pub mod net;
mod open;
mod stream;
mod wildcard;

pub use error::{Operation, Problem, SourceError};
pub use expand::{Expansion, expand, expand_all};
pub use file::FileSource;
pub use open::{OpenOptions, Opened, open};
pub use stream::StreamSource;

use std::fmt;
use std::path::PathBuf;

/// An input as it was named: not opened yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// Standard input, written `-`.
    Stdin,
    /// A file.
    Path(PathBuf),
}

impl fmt::Display for Named {
    /// The name as it stands in the report: as given, `-` for stdin.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Named::Stdin => f.write_str("-"),
            Named::Path(path) => path.display().fmt(f),
        }
    }
}
