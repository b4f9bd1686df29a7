//! What will run: checked settings, as the engine takes them.

use super::budget::Budget;
use super::keeper::Keep;
use crate::aggregate::tally;
use crate::format::LineFormat;
use crate::format::catalogue::FormatOptions;
use crate::format::record::Time;
use crate::scan::Kernel;
use std::sync::Arc;

/// How an analysis runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Threads that parse and count.
    pub threads: usize,
    /// The structural scan's kernel.
    pub kernel: Kernel,
    /// Whether files are mapped; otherwise they are read.
    pub mmap: bool,
    /// Longest line that is looked at, in bytes without its ending.
    pub max_line_bytes: usize,
    /// The format of all inputs; `None` detects one for each.
    pub format: Option<Arc<dyn LineFormat>>,
    /// What detection needs to know.
    pub formats: FormatOptions,
    /// The time of lines that have none: when the run began, one moment for all of it, so that results do not depend on
    /// its course.
    pub arrival: Time,
    /// How to count.
    pub tally: tally::Settings,
    /// Whether records are read and counted as GoAccess does, for its report; then for no other.
    pub goaccess: bool,
    /// Whether the tally is to be written or merged further; a run that only reports saves the time that this takes.
    pub mergeable: bool,
    /// How much memory the counts may take; `None` counts exactly, whatever that takes.
    pub budget: Option<Budget>,
    /// Which records are counted.
    pub keep: Keep,
    /// Whether an input that fails leaves the others to be read.
    pub keep_going: bool,
    /// Bytes of a file that a worker takes at once, and of a stream.
    pub piece_bytes: usize,
}

impl Settings {
    /// The defaults of the command line, on `threads` threads. The clock is not asked: until the caller says when the run
    /// began, lines without a time are of the start of 1970.
    pub fn new(threads: usize, kernel: Kernel) -> Settings {
        Settings {
            threads,
            kernel,
            mmap: true,
            max_line_bytes: 1 << 20,
            format: None,
            formats: FormatOptions::default(),
            arrival: Time::default(),
            tally: tally::Settings::default(),
            goaccess: false,
            mergeable: false,
            budget: None,
            keep: Keep::default(),
            keep_going: false,
            piece_bytes: 2 << 20,
        }
    }
}
