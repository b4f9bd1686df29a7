//! The CSV report: one long table of everything, for spreadsheets, `awk -F,` and databases.
//!
//! The first row names the columns, which bear the names of the JSON report; a cell is empty where its list has no such
//! figure. `list` names the list, and what is no list is told as key and `value`:
//!
//! | list | key | other columns |
//! | --- | --- | --- |
//! | `report` | `schema`, `version`, `partial`, `elapsed_seconds`, `bucket_seconds` | `value` |
//! | `inputs` | the input's name | `bytes`, `lines`, `format`, `error` (why it could not be read to its end) |
//! | `totals` | `lines`, `records`, `bytes_sent`, ... | `value` |
//! | `period` | `first`, `last`; no row where no record has a time | `value` |
//! | `distinct` | `clients`, `visitors`, ... | `value`, `exact`, `error` (standard error, a share of the value) |
//! | `bounded`, where memory was bounded and something had to go | `visitors`, lists that hold their greatest rows only | `value`: share of the visitors in the sample, rows; `hits_error`: most hits of a key without a row |
//! | `time` | start of the bucket | `hits`, `bytes`, `visitors`, `errors`, `client_errors`, `hits_error`, `visitors_error` |
//! | `status` to `systems`, `levels`, `modules`, `malformed_reasons` | what the row counts | `hits`, `share`, and where the list has them `bytes`, `visitors`, `hits_error`, `visitors_error` |
//! | `bots` | `bots` | `hits`, `bytes`, `visitors`, `visitors_error` |
//! | `sizes`, `latency` | `count`, `mean`, `min`, `p50`, ..., `max` | `value`, in bytes or seconds |
//! | `messages` | the masked message | `hits`, `hits_error`, `level`, `first`, `last`, `example` |
//! | `malformed_samples` | the line, escaped and cut | `input`, `line`, `reason` |
//!
//! Cells are quoted as RFC 4180 has it, lines end in LF. A spreadsheet runs a cell as a formula where it starts with
//! `=`, `+`, `-`, `@`, TAB or CR, and a log is written by strangers: such a text has a `'` before it (OWASP, "CSV
//! Injection"), so the key `-` reads `'-`. Figures are never negative. Characters that do not show (see `invisible`) are
//! written out, `\x1b` and `\u{202e}`, as in the terminal's report: a table that is printed leaves the terminal alone, and
//! a row is a line, whatever a JSON log had in its strings.

use super::invisible::is_invisible;
use crate::aggregate::snapshot::{Bots, Bucket, Count, Input, Kept, Message, Quantiles, Row, Sample, Snapshot};
use serde::Serialize;
use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Writes the report. Fails as `out` fails.
pub fn write(snapshot: &Snapshot, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table(csv::Writer::from_writer(out));
    table.singles(snapshot)?;
    table.lists(snapshot)?;
    table.0.flush()
}

/// A line of the table; the names of its fields are the header.
#[derive(Default, Serialize)]
struct Line<'a> {
    list: &'static str,
    key: Cow<'a, str>,
    hits: Option<u64>,
    bytes: Option<u64>,
    share: Option<String>,
    visitors: Option<u64>,
    errors: Option<u64>,
    client_errors: Option<u64>,
    hits_error: Option<u64>,
    visitors_error: Option<u64>,
    value: Cow<'a, str>,
    exact: Option<bool>,
    error: Cow<'a, str>,
    lines: Option<u64>,
    format: Cow<'a, str>,
    level: Cow<'a, str>,
    first: Cow<'a, str>,
    last: Cow<'a, str>,
    example: Cow<'a, str>,
    input: Cow<'a, str>,
    line: Option<u64>,
    reason: Cow<'a, str>,
}

/// A text that no spreadsheet takes for a formula, nor a terminal for a command.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if !formula && !text.contains(is_invisible) {
        return text.into();
    }
    let mut safe = String::from(if formula { "'" } else { "" });
    for character in text.chars() {
        // A write to a string does not fail.
        let _ = match character {
            c if c.is_control() => write!(safe, "\\x{:02x}", u32::from(c)),
            c if is_invisible(c) => write!(safe, "\\u{{{:x}}}", u32::from(c)),
            c => safe.write_char(c),
        };
    }
    safe.into()
}

fn optional(value: &Option<String>) -> Cow<'_, str> {
    text(value.as_deref().unwrap_or_default())
}

struct Table<W: Write>(csv::Writer<W>);

impl<W: Write> Table<W> {
    fn line(&mut self, line: &Line<'_>) -> io::Result<()> {
        self.0.serialize(line).map_err(|error| match error.into_kind() {
            csv::ErrorKind::Io(error) => error,
            other => io::Error::other(format!("{other:?}")),
        })
    }

    fn value(&mut self, list: &'static str, key: &'static str, value: Cow<'_, str>) -> io::Result<()> {
        self.line(&Line { list, key: key.into(), value, ..Line::default() })
    }

    fn singles(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        self.value("report", "schema", snapshot.schema.to_string().into())?;
        self.value("report", "version", text(&snapshot.version))?;
        self.value("report", "partial", snapshot.partial.to_string().into())?;
        self.value("report", "elapsed_seconds", snapshot.elapsed_seconds.to_string().into())?;
        self.value("report", "bucket_seconds", snapshot.bucket_seconds.to_string().into())?;
        for input in &snapshot.inputs {
            self.line(&Line::from(input))?;
        }
        let totals = &snapshot.totals;
        for (key, value) in [
            ("lines", totals.lines),
            ("blank", totals.blank),
            ("records", totals.records),
            ("malformed", totals.malformed),
            ("heartbeats", totals.heartbeats),
            ("filtered", totals.filtered),
            ("windowed", totals.windowed),
            ("late", totals.late),
            ("future", totals.future),
            ("glued", totals.glued),
            ("bytes_sent", totals.bytes_sent),
            ("bytes_read", totals.bytes_read),
        ] {
            self.value("totals", key, value.to_string().into())?;
        }
        let period = &snapshot.period;
        for (key, time) in [("first", &period.first), ("last", &period.last)] {
            if let Some(time) = time {
                self.value("period", key, text(time))?;
            }
        }
        if let Some(bounded) = &snapshot.bounded {
            let value = bounded.visitors_sampled.to_string().into();
            self.line(&Line { list: "bounded", key: "visitors".into(), value, ..Line::default() })?;
            for (list, Kept { rows, floor }) in &bounded.lists {
                let (key, value) = (text(list), rows.to_string().into());
                self.line(&Line { list: "bounded", key, hits_error: Some(*floor), value, ..Line::default() })?;
            }
        }
        let distinct = &snapshot.distinct;
        for (key, count) in [
            ("clients", &distinct.clients),
            ("visitors", &distinct.visitors),
            ("paths", &distinct.paths),
            ("agents", &distinct.agents),
            ("referrers", &distinct.referrers),
        ] {
            self.line(&Line { key: key.into(), ..Line::from(count) })?;
        }
        Ok(())
    }

    fn lists(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        for bucket in &snapshot.time {
            self.line(&Line::from(bucket))?;
        }
        for (list, rows) in [
            ("status", &snapshot.status),
            ("methods", &snapshot.methods),
            ("protocols", &snapshot.protocols),
            ("vhosts", &snapshot.vhosts),
            ("users", &snapshot.users),
            ("paths", &snapshot.paths),
            ("static_files", &snapshot.static_files),
            ("not_found", &snapshot.not_found),
            ("server_errors", &snapshot.server_errors),
            ("clients", &snapshot.clients),
            ("referrers", &snapshot.referrers),
            ("referring_sites", &snapshot.referring_sites),
            ("agents", &snapshot.agents),
            ("browsers", &snapshot.browsers),
            ("systems", &snapshot.systems),
        ] {
            self.rows(list, rows)?;
        }
        self.line(&Line::from(&snapshot.bots))?;
        self.quantiles("sizes", snapshot.sizes.as_ref())?;
        self.quantiles("latency", snapshot.latency.as_ref())?;
        self.rows("levels", &snapshot.levels)?;
        self.rows("modules", &snapshot.modules)?;
        for message in &snapshot.messages {
            self.line(&Line::from(message))?;
        }
        self.rows("malformed_reasons", &snapshot.malformed_reasons)?;
        for sample in &snapshot.malformed_samples {
            self.line(&Line::from(sample))?;
        }
        Ok(())
    }

    fn rows(&mut self, list: &'static str, rows: &[Row]) -> io::Result<()> {
        rows.iter().try_for_each(|row| self.line(&Line { list, ..Line::from(row) }))
    }

    fn quantiles(&mut self, list: &'static str, quantiles: Option<&Quantiles>) -> io::Result<()> {
        let Some(quantiles) = quantiles else { return Ok(()) };
        self.value(list, "count", quantiles.count.to_string().into())?;
        for (key, value) in [
            ("mean", quantiles.mean),
            ("min", quantiles.min),
            ("p50", quantiles.p50),
            ("p90", quantiles.p90),
            ("p95", quantiles.p95),
            ("p99", quantiles.p99),
            ("p999", quantiles.p999),
            ("max", quantiles.max),
        ] {
            self.value(list, key, value.to_string().into())?;
        }
        Ok(())
    }
}

impl<'a> From<&'a Input> for Line<'a> {
    fn from(input: &'a Input) -> Self {
        Line {
            list: "inputs",
            key: text(&input.name),
            bytes: Some(input.bytes),
            lines: Some(input.lines),
            format: text(&input.format),
            error: optional(&input.error),
            ..Line::default()
        }
    }
}

impl From<&Count> for Line<'_> {
    fn from(count: &Count) -> Self {
        Line {
            list: "distinct",
            value: count.value.to_string().into(),
            exact: Some(count.exact),
            error: count.error.to_string().into(),
            ..Line::default()
        }
    }
}

impl<'a> From<&'a Bucket> for Line<'a> {
    fn from(bucket: &'a Bucket) -> Self {
        Line {
            list: "time",
            key: text(&bucket.start),
            hits: Some(bucket.hits),
            bytes: Some(bucket.bytes),
            visitors: Some(bucket.visitors),
            errors: Some(bucket.errors),
            client_errors: Some(bucket.client_errors),
            hits_error: bucket.hits_error,
            visitors_error: bucket.visitors_error,
            ..Line::default()
        }
    }
}

impl<'a> From<&'a Row> for Line<'a> {
    fn from(row: &'a Row) -> Self {
        Line {
            key: text(&row.key),
            hits: Some(row.hits),
            bytes: row.bytes,
            share: Some(row.share.to_string()),
            visitors: row.visitors,
            hits_error: row.hits_error,
            visitors_error: row.visitors_error,
            ..Line::default()
        }
    }
}

impl From<&Bots> for Line<'_> {
    fn from(bots: &Bots) -> Self {
        Line {
            list: "bots",
            key: "bots".into(),
            hits: Some(bots.hits),
            bytes: Some(bots.bytes),
            visitors: Some(bots.visitors),
            visitors_error: bots.visitors_error,
            ..Line::default()
        }
    }
}

impl<'a> From<&'a Message> for Line<'a> {
    fn from(message: &'a Message) -> Self {
        Line {
            list: "messages",
            key: text(&message.key),
            hits: Some(message.hits),
            level: text(&message.level),
            first: optional(&message.first),
            last: optional(&message.last),
            example: text(&message.example),
            hits_error: message.hits_error,
            ..Line::default()
        }
    }
}

impl<'a> From<&'a Sample> for Line<'a> {
    fn from(sample: &'a Sample) -> Self {
        Line {
            list: "malformed_samples",
            key: text(&sample.text),
            input: text(&sample.input),
            line: Some(sample.line),
            reason: text(&sample.reason),
            ..Line::default()
        }
    }
}

#[cfg(test)]
#[path = "csv_tests.rs"]
mod tests;
