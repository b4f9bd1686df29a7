//! The slow truth: a naive splitter, parser and aggregator, too simple to be wrong.
//!
//! Written from the description of the formats and of the report, and sharing no parser and no table with the program:
//! regular expressions instead of marks, sets of owned strings instead of cards. What the program reports on random,
//! real and hostile access logs is compared with what is found here. Two parts are not told again, because they are
//! tables of names with tests of their own: the family of an agent, and the masking of messages.

pub mod alerts;
mod count;
mod line;

pub use count::report;
pub use line::{Kind, Record, parse};

/// How a log is read.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Whether lines have a referrer and an agent.
    pub combined: bool,
    /// Longest line, without its ending and without NULs before it.
    pub max_line_bytes: usize,
    /// Seconds of a bucket.
    pub bucket_seconds: i64,
    /// Whether the query is part of a path.
    pub keep_query: bool,
}
