//! Windows that a store kept: a line of JSON each, or a row of CSV. The table is in `text::history`.
//!
//! A window has the names of the report (see `docs/REPORT.md`). As CSV:
//!
//! | column | |
//! | --- | --- |
//! | `start`, `end` | RFC 3339 in UTC; the end is not included |
//! | `windows` | how many of the store's are summed in the row |
//! | `records`, `errors`, `client_errors`, `bytes_sent`, `bytes_read` | counts |
//! | `clients`, `paths` | different ones, about; empty where several windows are summed |
//! | `latency_p50`, `latency_p90`, `latency_p99`, `latency_max` | seconds, empty where the log has none |
//! | `top_client`, `top_client_hits`, `top_path`, `top_path_hits` | the first of each list |

use super::csv::text;
use crate::aggregate::distinct::STANDARD_ERROR;
use crate::aggregate::snapshot::{Count, Message, Quantiles, Row, Snapshot};
use crate::store::ListedWindow;
use crate::window::freeze::instant;
use crate::window::panes::Window;
use serde::Serialize;
use std::borrow::Cow;
use std::io::{self, Write};

/// The report of a window, lists cut to `top` rows. Distinct counts are in the window itself.
pub(super) fn snapshot(window: &ListedWindow, top: usize) -> Snapshot {
    let &ListedWindow { from, to, ref counts, .. } = window;
    Window { sum: counts.clone(), from, to }.snapshot(top)
}

/// A window as JSON.
#[derive(Serialize)]
struct Object {
    start: String,
    end: String,
    windows: u64,
    records: u64,
    errors: u64,
    client_errors: u64,
    bytes_sent: u64,
    bytes_read: u64,
    distinct: Option<Distinct>,
    status: Vec<Row>,
    levels: Vec<Row>,
    clients: Vec<Row>,
    paths: Vec<Row>,
    not_found: Vec<Row>,
    server_errors: Vec<Row>,
    messages: Vec<Row>,
    sizes: Option<Quantiles>,
    latency: Option<Quantiles>,
}

#[derive(Serialize)]
struct Distinct {
    clients: Count,
    paths: Count,
}

/// Writes a window as one line of JSON, lists cut to `top` rows. Fails as `out` fails.
pub fn write_json(window: &ListedWindow, top: usize, out: &mut dyn Write) -> io::Result<()> {
    let report = snapshot(window, top);
    let counts = &window.counts;
    let count = |(value, exact): (u64, bool)| Count { value, exact, error: if exact { 0.0 } else { STANDARD_ERROR } };
    let message = |message: &Message| Row {
        key: message.key.clone(),
        hits: message.hits,
        share: if counts.records == 0 { 0.0 } else { message.hits as f64 / counts.records as f64 },
        hits_error: message.hits_error,
        ..Row::default()
    };
    let object = Object {
        start: instant(window.from),
        end: instant(window.to),
        windows: window.windows,
        records: counts.records,
        errors: counts.errors(),
        client_errors: counts.with_status(400, 499),
        bytes_sent: counts.bytes_sent,
        bytes_read: counts.bytes_read,
        distinct: window.distinct.map(|[clients, paths]| Distinct { clients: count(clients), paths: count(paths) }),
        status: report.status,
        levels: report.levels,
        clients: report.clients,
        paths: report.paths,
        not_found: report.not_found,
        server_errors: report.server_errors,
        messages: report.messages.iter().map(message).collect(),
        sizes: report.sizes,
        latency: report.latency,
    };
    super::json::write_lines(&object, 0, out)
}

/// Windows as CSV.
pub struct Csv<W: Write>(csv::Writer<W>);

/// A row; the names of its fields are the header.
#[derive(Serialize)]
struct Cells<'a> {
    start: String,
    end: String,
    windows: u64,
    records: u64,
    errors: u64,
    client_errors: u64,
    bytes_sent: u64,
    bytes_read: u64,
    clients: Option<u64>,
    paths: Option<u64>,
    latency_p50: Option<f64>,
    latency_p90: Option<f64>,
    latency_p99: Option<f64>,
    latency_max: Option<f64>,
    top_client: Cow<'a, str>,
    top_client_hits: Option<u64>,
    top_path: Cow<'a, str>,
    top_path_hits: Option<u64>,
}

impl<W: Write> Csv<W> {
    /// A table, which begins with the names of its columns. Fails as `out` fails.
    pub fn new(out: W) -> io::Result<Csv<W>> {
        let mut table = csv::WriterBuilder::new().has_headers(false).from_writer(out);
        let names = [
            "start",
            "end",
            "windows",
            "records",
            "errors",
            "client_errors",
            "bytes_sent",
            "bytes_read",
            "clients",
            "paths",
            "latency_p50",
            "latency_p90",
            "latency_p99",
            "latency_max",
            "top_client",
            "top_client_hits",
            "top_path",
            "top_path_hits",
        ];
        table.write_record(names).map_err(io::Error::other)?;
        Ok(Csv(table))
    }

    /// Writes a window.
    pub fn window(&mut self, window: &ListedWindow) -> io::Result<()> {
        let report = snapshot(window, 1);
        let latency = |figure: fn(&Quantiles) -> f64| report.latency.as_ref().map(figure);
        let key = |rows: &'_ [Row]| rows.first().map_or_else(String::new, |row| text(&row.key).into_owned());
        let hits = |rows: &[Row]| rows.first().map(|row| row.hits);
        let cells = Cells {
            start: instant(window.from),
            end: instant(window.to),
            windows: window.windows,
            records: window.counts.records,
            errors: window.counts.errors(),
            client_errors: window.counts.with_status(400, 499),
            bytes_sent: window.counts.bytes_sent,
            bytes_read: window.counts.bytes_read,
            clients: window.distinct.map(|[clients, _]| clients.0),
            paths: window.distinct.map(|[_, paths]| paths.0),
            latency_p50: latency(|latency| latency.p50),
            latency_p90: latency(|latency| latency.p90),
            latency_p99: latency(|latency| latency.p99),
            latency_max: latency(|latency| latency.max),
            top_client: key(&report.clients).into(),
            top_client_hits: hits(&report.clients),
            top_path: key(&report.paths).into(),
            top_path_hits: hits(&report.paths),
        };
        self.0.serialize(&cells).map_err(|error| match error.into_kind() {
            csv::ErrorKind::Io(error) => error,
            other => io::Error::other(format!("{other:?}")),
        })
    }

    /// Ends the table.
    pub fn finish(mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::window::keys::Keys;
    use crate::window::pane::{Counts, List};
    use crate::window::sparse::{Sparse, bucket_of};

    /// A window of a minute, whose log has hostile keys.
    pub fn window(minute: i64, records: u64) -> ListedWindow {
        let mut counts = Counts {
            records,
            status: vec![(200, records - 3), (404, 2), (500, 1)],
            bytes_sent: records * 1000,
            latencies: Sparse::new(vec![(bucket_of(20_000), records)], u128::from(records) * 20_000, 20_000, 20_000),
            ..Counts::default()
        };
        let keys: [&[u8]; 2] = [b"=cmd|' /C calc'!A0", b"/\x1b[2J\xe2\x80\xae"];
        counts.lists[List::Clients as usize] = Keys::of(vec![(0, records)], |_| keys[0]);
        counts.lists[List::Paths as usize] = Keys::of(vec![(0, records)], |_| keys[1]);
        let distinct = Some([(1, true), (1, true)]);
        ListedWindow { from: minute * 60_000, to: (minute + 1) * 60_000, windows: 1, counts, distinct }
    }

    #[test]
    fn a_window_is_one_line_of_json() {
        let mut out = Vec::new();
        write_json(&window(1, 10), 5, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.matches('\n').count() == 1 && !text.contains(['\u{1b}', '\u{202e}']), "{text}");
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let of = |pointer: &str| value.pointer(pointer).unwrap().clone();
        assert_eq!((of("/start"), of("/end")), ("1970-01-01T00:01:00Z".into(), "1970-01-01T00:02:00Z".into()));
        assert_eq!((of("/records"), of("/errors"), of("/client_errors")), (10.into(), 1.into(), 2.into()));
        assert_eq!((of("/status/0/key"), of("/latency/p99"), of("/sizes")), ("200".into(), 0.02.into(), ().into()));
        assert_eq!((of("/distinct/paths/exact"), of("/paths/0/key")), (true.into(), "/\u{1b}[2J\u{202e}".into()));
    }

    #[test]
    fn a_window_is_a_row_of_csv_that_no_spreadsheet_runs() {
        let mut out = Vec::new();
        let mut table = Csv::new(&mut out).unwrap();
        table.window(&window(1, 10)).unwrap();
        table.window(&ListedWindow { distinct: None, windows: 2, ..window(2, 7) }).unwrap();
        table.finish().unwrap();
        let text = String::from_utf8(out).unwrap();
        let rows: Vec<&str> = text.lines().collect();
        assert!(rows[0].starts_with("start,end,windows,records,errors,client_errors,"), "{text}");
        let first = "1970-01-01T00:01:00Z,1970-01-01T00:02:00Z,1,10,1,2,10000,0,1,1,0.02,0.02,0.02,0.02,'=cmd|' /C \
                     calc'!A0,10,/\\x1b[2J\\u{202e},10";
        assert_eq!(rows[1], first);
        assert!(rows[2].contains(",2,7,1,2,7000,0,,,0.02,"), "{text}");
        assert_eq!(rows.len(), 3);
    }
}
