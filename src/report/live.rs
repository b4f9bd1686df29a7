//! A monitor at one moment: what a screen shows, and a line of JSON says.

use crate::aggregate::snapshot::Snapshot;
use crate::window::board::Account;
use serde::Serialize;
use std::io::{self, Write};

/// A monitor at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct Live {
    /// The time of day, RFC 3339 in UTC.
    pub at: String,
    /// Seconds since it began.
    pub up_seconds: f64,
    /// Where all lines went since then.
    pub account: Flow,
    /// Lines a second, since the moment before.
    pub lines_per_second: f64,
    /// Bytes that were discarded, each with a reason in the log.
    pub discarded_bytes: u64,
    /// The inputs of the moment.
    pub inputs: Vec<Input>,
    /// Hits and errors in each step of time up to the window's end.
    pub traffic: Vec<Step>,
    /// The window.
    pub window: Snapshot,
}

/// Where all lines went: `lines = blank + records + malformed + heartbeats + filtered`, and
/// `records = windowed + late + future`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "named as in the report's totals")]
pub struct Flow {
    pub lines: u64,
    pub blank: u64,
    pub records: u64,
    pub malformed: u64,
    pub heartbeats: u64,
    pub filtered: u64,
    pub windowed: u64,
    pub late: u64,
    pub future: u64,
}

impl From<&Account> for Flow {
    fn from(account: &Account) -> Flow {
        let lines = &account.lines;
        Flow {
            lines: lines.lines,
            blank: lines.blank,
            records: lines.records,
            malformed: lines.malformed.iter().sum(),
            heartbeats: lines.heartbeats,
            filtered: lines.filtered,
            windowed: account.windowed,
            late: account.late,
            future: account.future,
        }
    }
}

/// An input of the moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// Seconds that its newest line is behind the time of day; negative where it is ahead.
    pub lag_seconds: Option<f64>,
    /// Bytes that were not read yet.
    pub backlog_bytes: u64,
    /// Messages that were not read yet, where they are what is known.
    pub backlog_messages: u64,
}

/// A step of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Records.
    pub hits: u64,
    /// Those with status 5xx or of level error or worse.
    pub errors: u64,
}

/// Writes one line of JSON.
pub fn write_json(live: &Live, out: &mut dyn Write) -> io::Result<()> {
    super::json::write_lines(live, 0, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_one_line_of_json() {
        let live = Live {
            at: "2025-10-10T13:00:00Z".to_string(),
            up_seconds: 1.0,
            account: Flow { lines: 3, ..Flow::default() },
            lines_per_second: 0.5,
            discarded_bytes: 0,
            inputs: vec![Input {
                name: "a\u{1b}b".to_string(),
                lag_seconds: None,
                backlog_bytes: 7,
                backlog_messages: 0,
            }],
            traffic: vec![Step::default()],
            window: Snapshot::default(),
        };
        let mut out = Vec::new();
        write_json(&live, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.matches('\n').count(), 1);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (value["account"]["lines"].as_u64(), value["inputs"][0]["name"].as_str()),
            (Some(3), Some("a\u{1b}b"))
        );
        assert!(!text.contains('\u{1b}'));
    }
}
