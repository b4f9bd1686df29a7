//! A summary of the time since the one before: what came, what failed, who sent most.
//!
//! What came is by arrival: lines, and how fast. What it was is by the lines' own time: the records of all panes that were
//! closed meanwhile, so that, one summary behind the other, each record is in one of them; but for those that come for a
//! pane that is closed already, which revise it and are in none.

use crate::aggregate::snapshot::{Message, Quantiles, Row};
use serde::Serialize;
use std::io::{self, Write};

/// A summary.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// The time of day, RFC 3339 in UTC.
    pub at: String,
    /// Seconds since the summary before, or since the beginning.
    pub seconds: f64,
    /// Lines that came in that time.
    pub lines: u64,
    /// How many a second.
    pub lines_per_second: f64,
    /// Those that no format understood.
    pub malformed: u64,
    /// Records that came too late for their window.
    pub late: u64,
    /// Records too far in the future.
    pub future: u64,
    /// Bytes that were discarded.
    pub discarded_bytes: u64,
    /// The event time that the rest is about, RFC 3339 in UTC; none where no pane was closed.
    pub from: Option<String>,
    /// Its end, itself not included.
    pub to: Option<String>,
    /// Records of that time.
    pub records: u64,
    /// Those with status 5xx or of level error or worse.
    pub errors: u64,
    /// Their share of the records.
    pub error_ratio: f64,
    /// Seconds to serve a request.
    pub latency: Option<Quantiles>,
    /// The clients with most records.
    pub clients: Vec<Row>,
    /// The clients with most errors; shares are of the errors.
    pub error_clients: Vec<Row>,
    /// Messages of error logs that were in no summary before.
    pub new_messages: Vec<Message>,
}

/// Writes one line of JSON.
pub fn write_json(summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
    super::json::write_lines(summary, 0, out)
}
