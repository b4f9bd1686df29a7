//! The report as one long table, for spreadsheets and data frames.
//!
//! The column `list` says which list of the JSON report a row belongs to; columns that a list does not have are empty.
//!
//! | list | key | further columns |
//! | --- | --- | --- |
//! | `totals`, `distinct`, `bots` | what is counted | `value`; for estimates `error`, as a share |
//! | `sizes`, `latency` | `count`, `mean`, `min`, `p50` ... `max` | `value`, bytes or seconds |
//! | `inputs` | the name | `hits` (lines), `bytes`, `text` (format) |
//! | `time` | first second of the bucket | `hits`, `bytes`, `visitors`, `errors`, `client_errors` |
//! | `status`, `paths`, ... | the row's key | `hits`, `bytes`, `share`, `visitors`, `error` (how far hits may be too high) |
//! | `messages` | the masked message | `hits`, `level`, `first`, `last`, `text` (an example) |
//! | `malformed_samples` | the input | `value` (line), `level` (reason), `text` |
//!
//! A cell that a spreadsheet would take for a formula gets a `'` before it (OWASP, "CSV Injection").

use crate::aggregate::snapshot::{Quantiles, Row, Snapshot};
use csv::{Terminator, Writer, WriterBuilder};
use std::io::{self, Write};

const COLUMNS: [&str; 14] = [
    "list",
    "key",
    "hits",
    "bytes",
    "share",
    "visitors",
    "errors",
    "client_errors",
    "value",
    "error",
    "level",
    "first",
    "last",
    "text",
];

/// One line of the table, before its cells are made safe.
#[derive(Default)]
struct Line<'a> {
    list: &'a str,
    key: &'a str,
    hits: Option<u64>,
    bytes: Option<u64>,
    share: Option<f64>,
    visitors: Option<u64>,
    errors: Option<u64>,
    client_errors: Option<u64>,
    value: Option<String>,
    error: Option<String>,
    level: &'a str,
    first: &'a str,
    last: &'a str,
    text: &'a str,
}

/// Writes the table, its header first.
pub fn write(snapshot: &Snapshot, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table(WriterBuilder::new().terminator(Terminator::Any(b'\n')).from_writer(out));
    table.0.write_record(COLUMNS)?;
    table.totals(snapshot)?;
    for input in &snapshot.inputs {
        let (hits, bytes) = (Some(input.lines), Some(input.bytes));
        table.line(Line { list: "inputs", key: &input.name, hits, bytes, text: &input.format, ..Line::default() })?;
    }
    for bucket in &snapshot.time {
        table.line(Line {
            list: "time",
            key: &bucket.start,
            hits: Some(bucket.hits),
            bytes: Some(bucket.bytes),
            visitors: Some(bucket.visitors),
            errors: Some(bucket.errors),
            client_errors: Some(bucket.client_errors),
            ..Line::default()
        })?;
    }
    for (list, rows) in lists(snapshot) {
        rows.iter().try_for_each(|row| table.row(list, row))?;
    }
    for (list, quantiles) in [("sizes", &snapshot.sizes), ("latency", &snapshot.latency)] {
        quantiles.iter().try_for_each(|quantiles| table.quantiles(list, quantiles))?;
    }
    for message in &snapshot.messages {
        table.line(Line {
            list: "messages",
            key: &message.key,
            hits: Some(message.hits),
            level: &message.level,
            first: message.first.as_deref().unwrap_or_default(),
            last: message.last.as_deref().unwrap_or_default(),
            text: &message.example,
            ..Line::default()
        })?;
    }
    for sample in &snapshot.malformed_samples {
        table.line(Line {
            list: "malformed_samples",
            key: &sample.input,
            value: Some(sample.line.to_string()),
            level: &sample.reason,
            text: &sample.text,
            ..Line::default()
        })?;
    }
    table.0.flush()
}

/// The lists of rows, by their names in the JSON report.
fn lists(snapshot: &Snapshot) -> [(&'static str, &[Row]); 18] {
    [
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
        ("levels", &snapshot.levels),
        ("modules", &snapshot.modules),
        ("malformed_reasons", &snapshot.malformed_reasons),
    ]
}

struct Table<'out>(Writer<&'out mut dyn Write>);

impl Table<'_> {
    fn line(&mut self, line: Line<'_>) -> io::Result<()> {
        let count = |count: Option<u64>| count.map(|count| count.to_string()).unwrap_or_default();
        self.0.write_record([
            line.list.to_string(),
            safe(line.key),
            count(line.hits),
            count(line.bytes),
            line.share.map(|share| share.to_string()).unwrap_or_default(),
            count(line.visitors),
            count(line.errors),
            count(line.client_errors),
            line.value.unwrap_or_default(),
            line.error.unwrap_or_default(),
            safe(line.level),
            safe(line.first),
            safe(line.last),
            safe(line.text),
        ])?;
        Ok(())
    }

    fn value(&mut self, list: &str, key: &str, value: impl ToString) -> io::Result<()> {
        self.line(Line { list, key, value: Some(value.to_string()), ..Line::default() })
    }

    fn totals(&mut self, snapshot: &Snapshot) -> io::Result<()> {
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
            self.value("totals", key, value)?;
        }
        let distinct = &snapshot.distinct;
        for (key, count) in [
            ("clients", &distinct.clients),
            ("visitors", &distinct.visitors),
            ("paths", &distinct.paths),
            ("agents", &distinct.agents),
            ("referrers", &distinct.referrers),
        ] {
            let (value, error) = (Some(count.value.to_string()), Some(count.error.to_string()));
            self.line(Line { list: "distinct", key, value, error, ..Line::default() })?;
        }
        let bots = &snapshot.bots;
        for (key, value) in [("hits", bots.hits), ("bytes", bots.bytes), ("visitors", bots.visitors)] {
            self.value("bots", key, value)?;
        }
        Ok(())
    }

    fn row(&mut self, list: &str, row: &Row) -> io::Result<()> {
        self.line(Line {
            list,
            key: &row.key,
            hits: Some(row.hits),
            bytes: row.bytes,
            share: Some(row.share),
            visitors: row.visitors,
            error: row.hits_error.map(|error| error.to_string()),
            ..Line::default()
        })
    }

    fn quantiles(&mut self, list: &str, quantiles: &Quantiles) -> io::Result<()> {
        self.value(list, "count", quantiles.count)?;
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
            self.value(list, key, value)?;
        }
        Ok(())
    }
}

/// A text that no spreadsheet takes for a formula.
fn safe(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example::example;

    fn table(snapshot: &Snapshot) -> Vec<Vec<String>> {
        let mut bytes = Vec::new();
        write(snapshot, &mut bytes).unwrap();
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes.as_slice());
        reader.records().map(|record| record.unwrap().iter().map(str::to_string).collect()).collect()
    }

    #[test]
    fn every_list_is_in_the_table() {
        let table = table(&example());
        assert_eq!(table[0], COLUMNS);
        for list in
            ["totals", "distinct", "inputs", "time", "status", "paths", "sizes", "messages", "malformed_samples"]
        {
            assert!(table.iter().any(|line| line[0] == list), "{list}");
        }
        let status: Vec<_> = table.iter().filter(|line| line[0] == "status").map(|line| line[..5].to_vec()).collect();
        assert_eq!(status[0], ["status", "200", "900", "900000", "0.9"]);
    }

    #[test]
    fn no_cell_is_a_formula_and_none_breaks_out_of_its_quotes() {
        for (key, expected) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-", "'-"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\tx", "'\tx"),
            ("\rx", "'\rx"),
            ("a,\"b\"\nc", "a,\"b\"\nc"),
            ("/a=b", "/a=b"),
        ] {
            let row = Row { key: key.to_string(), ..Row::default() };
            let table = table(&Snapshot { paths: vec![row], ..Snapshot::default() });
            let line = table.iter().find(|line| line[0] == "paths").unwrap();
            assert_eq!(line[1], expected);
        }
    }
}
