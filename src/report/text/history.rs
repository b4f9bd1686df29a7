//! Windows that a store kept, as a table: a line each, and below it what they were together.

use super::fit::{cut_middle, width};
use super::table::Lists;
use super::units::{bytes, grouped, percent, seconds};
use super::{Ink, Page, TextOptions, cells, distribution, messages};
use crate::aggregate::snapshot::{Distinct, Row, Snapshot};
use crate::report::history::snapshot;
use crate::store::ListedWindow;
use crate::window::freeze::instant;
use crate::window::panes::Pane;
use std::io::{self, Write};

/// Columns of a client or a path that say anything.
const KEY_COLUMNS_MIN: usize = 16;

/// Windows, one after the other.
#[derive(Default)]
pub struct History {
    rows: Vec<Cells>,
    sum: Option<ListedWindow>,
}

/// A window, as figures.
struct Cells {
    start: String,
    figures: [String; FIGURES],
    errors: u64,
    client_errors: u64,
    client: String,
    path: String,
}

const FIGURES: usize = 6;
const NAMES: [&str; FIGURES] = ["records", "4xx", "errors", "bytes", "p50", "p99"];
/// Figures that go where there is no room for all, the first ones first.
const DISPENSABLE: [usize; 4] = [4, 3, 5, 1];

impl History {
    /// Adds the next window.
    pub fn add(&mut self, window: &ListedWindow) {
        let report = snapshot(window, 1);
        let key = |rows: &[Row]| rows.first().map_or_else(String::new, |row| row.key.clone());
        let (errors, client_errors) = (window.counts.errors(), window.counts.with_status(400, 499));
        let latency = |of: Option<f64>| of.map(seconds).unwrap_or_default();
        self.rows.push(Cells {
            start: instant(window.from).replace('T', " ").trim_end_matches('Z').to_string(),
            figures: [
                grouped(window.counts.records),
                grouped(client_errors),
                grouped(errors),
                bytes(window.counts.bytes_sent as f64),
                latency(report.latency.as_ref().map(|latency| latency.p50)),
                latency(report.latency.as_ref().map(|latency| latency.p99)),
            ],
            errors,
            client_errors,
            client: key(&report.clients),
            path: key(&report.paths),
        });
        match &mut self.sum {
            Some(sum) => {
                sum.counts.merge(&window.counts);
                sum.to = sum.to.max(window.to);
                sum.windows += window.windows;
            }
            None => self.sum = Some(window.clone()),
        }
    }

    /// Whether there is no window.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Writes the table. Fails as `out` fails.
    pub fn write(&self, options: &TextOptions, out: &mut dyn Write) -> io::Result<()> {
        let mut page = Page { out, options: *options };
        let Some(sum) = &self.sum else { return page.line("No windows", Ink::Faint) };
        self.table(&mut page)?;
        total(&mut page, sum)
    }

    fn table(&self, page: &mut Page<'_>) -> io::Result<()> {
        let widest = |figure: usize| self.rows.iter().map(|row| width(&row.figures[figure])).max().unwrap_or(0);
        let mut columns: [usize; FIGURES] = std::array::from_fn(|figure| match widest(figure) {
            0 => 0,
            widest => widest.max(width(NAMES[figure])) + 2,
        });
        const TIME: &str = "start (UTC)        ";
        let needed = |columns: &[usize; FIGURES]| width(TIME) + columns.iter().sum::<usize>();
        for figure in DISPENSABLE {
            if needed(&columns) > page.columns() {
                columns[figure] = 0;
            }
        }
        let room = page.columns().saturating_sub(needed(&columns));
        // The client is named where both have room, since it is short and the path is not.
        let client = if room >= 2 * (KEY_COLUMNS_MIN + 2) { self.widest_client().min(room / 2 - 2) } else { 0 };
        let taken = if client > 0 { client + 2 } else { 0 };
        let path = (room - taken).saturating_sub(2);
        let path = if path >= KEY_COLUMNS_MIN { path } else { 0 };
        let mut header = TIME.to_string();
        (0..FIGURES).for_each(|figure| push_right(&mut header, NAMES[figure], columns[figure]));
        if client > 0 {
            header += &format!("  {:<client$}", "top client");
        }
        if path > 0 {
            header += "  top path";
        }
        page.line(&header, Ink::Faint)?;
        let unicode = page.options.unicode;
        for row in &self.rows {
            let mut line = row.start.clone();
            for (figure, text) in row.figures.iter().enumerate() {
                let mut cell = String::new();
                push_right(&mut cell, text, columns[figure]);
                let ink = match figure {
                    1 if row.client_errors > 0 => Ink::Warning,
                    2 if row.errors > 0 => Ink::Bad,
                    _ => Ink::Plain,
                };
                line += &page.ink(&cell, ink);
            }
            if client > 0 {
                let key = cut_middle(&row.client, client, unicode);
                line += &format!("  {key}{:pad$}", "", pad = client.saturating_sub(width(&key)));
            }
            if path > 0 {
                line += &format!("  {}", cut_middle(&row.path, path, unicode));
            }
            writeln!(page.out, "{}", line.trim_end())?;
        }
        Ok(())
    }

    fn widest_client(&self) -> usize {
        self.rows.iter().map(|row| width(&cut_middle(&row.client, 45, true))).max().unwrap_or(0).max("top client".len())
    }
}

fn push_right(line: &mut String, text: &str, columns: usize) {
    if columns > 0 {
        line.push_str(&format!("{text:>columns$}"));
    }
}

/// What all windows were together.
fn total(page: &mut Page<'_>, sum: &ListedWindow) -> io::Result<()> {
    let report = snapshot(sum, page.options.top);
    let (count, records) = (sum.windows, sum.counts.records);
    let windows = if count == 1 { "1 window".to_string() } else { format!("{} windows", grouped(count)) };
    page.title(&format!("{windows}, {} to {}", instant(sum.from), instant(sum.to)))?;
    let share = |hits| format!("{} ({})", grouped(hits), percent(hits, records));
    let if_any = |hits, ink| if hits > 0 { ink } else { Ink::Plain };
    let (errors, client_errors) = (sum.counts.errors(), sum.counts.with_status(400, 499));
    cells(
        page,
        &[
            ("Records", grouped(records), Ink::Plain),
            ("Bytes sent", bytes(sum.counts.bytes_sent as f64), Ink::Plain),
            ("4xx", share(client_errors), if_any(client_errors, Ink::Warning)),
            ("Errors", share(errors), if_any(errors, Ink::Bad)),
        ],
    )?;
    if let Some(latency) = &report.latency {
        distribution(page, "Time to serve", latency, seconds)?;
    }
    // How many different keys there were is not known of windows together.
    Lists { snapshot: &Snapshot { distinct: Distinct::default(), ..report.clone() } }.write(page)?;
    messages(page, "Messages", &report.messages)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::history::tests::window;

    fn table(windows: &[ListedWindow], columns: usize) -> String {
        let mut history = History::default();
        windows.iter().for_each(|window| history.add(window));
        let mut out = Vec::new();
        history.write(&TextOptions { columns, color: false, top: 3, unicode: true }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_is_a_window_and_below_is_their_sum() {
        let text = table(&[window(1, 10), window(2, 12_345)], 80);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "start (UTC)          records  4xx  errors     bytes      p50      p99");
        assert_eq!(lines[1], "1970-01-01 00:01:00       10    2       1  9.77 KiB  20.0 ms  20.0 ms");
        assert_eq!(lines[2], "1970-01-01 00:02:00   12,345    2       1  11.8 MiB  20.0 ms  20.0 ms");
        assert_eq!(lines[4], "2 windows, 1970-01-01T00:01:00Z to 1970-01-01T00:03:00Z");
        assert!(text.contains("Records     12,355") && text.contains("\nClients\n"), "{text}");
    }

    #[test]
    fn what_fits_is_shown_and_nothing_moves_the_cursor() {
        let wide = table(&[window(1, 10)], 200);
        assert!(wide.contains("=cmd|' /C calc'!A0  /\\x1b[2J\\u{202e}\n"), "{wide}");
        let mut large = window(3, u64::MAX / 10_000);
        large.counts.bytes_sent = u64::MAX;
        for columns in [60, 80, 120, 200] {
            let text = table(&[window(1, 10), large.clone()], columns);
            assert!(text.lines().all(|line| line.chars().count() <= columns), "{columns}:\n{text}");
            assert!(!text.contains(['\u{1b}', '\u{202e}']));
        }
        assert_eq!(table(&[], 80), "No windows\n");
    }
}
