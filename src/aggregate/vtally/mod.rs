//! Serialised tallies: what a run has counted, as a file that another run takes for a part of its own input.
//!
//! Counting is a sum, so a log may be counted where it lies, and the tallies of many machines merged on one into the
//! report that a single run over all the logs would have given. A file holds the bytes of keys, and numbers that are
//! positions in its own lists: no hash, no seed, nothing of the process that wrote it. Tables are built anew while it is
//! read, so that no file can choose where its keys collide.
//!
//! A file is hostile input. Its blocks are small and have a checksum each, which covers all before it (`blocks`), so
//! nothing is believed that was cut or damaged; no memory is reserved because a number in the file says so; each number
//! is held to its list, and counts to the lines of the run. The format is described in `docs/VTALLY.md`.

mod blocks;
mod read;
mod read_visitors;
#[cfg(test)]
mod tests;
mod write;

use super::position::Malformed;
use super::snapshot;
use super::tally::Settings;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io;

/// The first bytes of every file: one that is no text, and a newline that a transfer as text would change.
pub const MAGIC: &[u8; 8] = b"\x89VTALLY\n";
/// The format that is written, and read.
pub const VERSION: u32 = 1;
/// Most lines that a file may tell of, and so the most that any of its counts may be: sums of 65,536 files fit.
pub const LINES_MAX: u64 = 1 << 48;

/// Where the counts of a tally come from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Origin {
    /// The inputs that were counted, as the report shows them; positions speak of them by number.
    pub inputs: Vec<snapshot::Input>,
    /// Whether the run was interrupted or an input failed.
    pub partial: bool,
}

/// The small things at the beginning of a file, in postcard's encoding.
#[derive(Serialize, Deserialize)]
struct Head {
    bucket_seconds: u64,
    keep_query: bool,
    zone: String,
    partial: bool,
    inputs: Vec<Input>,
    /// Lines, blank, records, heartbeats, filtered, glued.
    lines: [u64; 6],
    /// By number of the reason.
    malformed: Vec<u64>,
    samples: Vec<Malformed>,
}

/// As [`snapshot::Input`], whose JSON leaves keys out.
#[derive(Serialize, Deserialize)]
struct Input {
    name: String,
    bytes: u64,
    lines: u64,
    format: String,
    error: Option<String>,
}

/// Why a file was not taken in.
#[derive(Debug)]
pub enum Problem {
    /// It could not be read.
    Io(io::Error),
    /// It does not begin as a tally does.
    NoTally,
    /// It has a format that this program does not know.
    Version(u32),
    /// It ends too soon.
    Cut {
        /// Bytes that it has.
        at: u64,
    },
    /// A checksum does not hold.
    Damaged {
        /// Where the damaged block begins.
        at: u64,
    },
    /// Something follows its end.
    Trailing {
        /// Where that begins.
        at: u64,
    },
    /// Its checksums hold, but what it says makes no sense.
    Nonsense {
        /// About what.
        what: &'static str,
        /// Where the block begins that says so.
        at: u64,
    },
    /// It needs more memory than it may have.
    Large {
        /// Bytes that it may have.
        most: usize,
    },
    /// It was counted in another way.
    Settings {
        /// How it was counted, as flags of the command.
        theirs: String,
        /// How the rest is counted.
        ours: String,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const AGAIN: &str = "copy it again, or write it again with -o";
        match self {
            Problem::Io(error) => write!(f, "cannot be read: {error}; check the file system it is on"),
            Problem::NoTally => write!(f, "is named .vtally but does not begin as a tally does; {AGAIN}"),
            Problem::Version(version) => write!(
                f,
                "is a tally in format {version}, and this version of visor-fast reads format {VERSION}; use the same \
                 version to write and to read"
            ),
            Problem::Cut { at } => write!(f, "the tally is cut short after byte {at}; {AGAIN}"),
            Problem::Damaged { at } => {
                write!(f, "the tally is damaged in the block at byte {at} (its checksum does not hold); {AGAIN}")
            }
            Problem::Trailing { at } => write!(f, "something follows the tally at byte {at}; cut it off, or {AGAIN}"),
            Problem::Nonsense { what, at } => write!(
                f,
                "the tally contradicts itself in the block at byte {at} ({what}), though its checksum holds; write it \
                 again with -o"
            ),
            Problem::Large { most } => write!(
                f,
                "is a tally that takes more than the {} MiB of memory that --max-memory leaves for one; raise \
                 --max-memory, take fewer threads with -j, or write the tally with --max-memory too",
                most >> 20
            ),
            Problem::Settings { theirs, ours } => write!(
                f,
                "is a tally counted {theirs}, and this run counts {ours}; run {theirs}, or write it again {ours}"
            ),
        }
    }
}

impl std::error::Error for Problem {}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Problem {
        Problem::Io(error)
    }
}

/// The first setting in which two tallies differ, so that they cannot be merged: how theirs was counted, and ours.
fn difference(theirs: &Head, ours: &Settings) -> Option<[String; 2]> {
    let zone = ours.zone.name().unwrap_or_else(|| "local".to_string());
    if theirs.bucket_seconds != ours.bucket_seconds {
        return Some([theirs.bucket_seconds, ours.bucket_seconds].map(|seconds| format!("with --bucket {seconds}s")));
    }
    if theirs.keep_query != ours.keep_query {
        let how = |kept| if kept { "with --keep-query" } else { "without --keep-query" };
        return Some([theirs.keep_query, ours.keep_query].map(|kept| how(kept).to_string()));
    }
    (theirs.zone != zone).then(|| [&theirs.zone, &zone].map(|zone| format!("with --timezone {zone}")))
}
