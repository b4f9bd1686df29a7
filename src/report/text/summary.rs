//! A summary as text.

use super::units::{bytes, grouped, percent, seconds};
use super::{Ink, Page, TextOptions, cells, distribution, messages};
use crate::aggregate::snapshot::Row;
use crate::report::summary::Summary;
use std::io::{self, Write};

/// Writes a summary.
pub fn write(summary: &Summary, options: &TextOptions, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { out, options: *options };
    page.line(&format!("Summary, {}, of {}", summary.at, seconds(summary.seconds)), Ink::Title)?;
    let speed = format!("{} lines/s", grouped(summary.lines_per_second.round() as u64));
    let mut shown = vec![("Lines", grouped(summary.lines), Ink::Plain), ("Import", speed, Ink::Plain)];
    for (label, figure) in [("Malformed", summary.malformed), ("Late", summary.late), ("Future", summary.future)] {
        if figure > 0 {
            shown.push((label, grouped(figure), Ink::Warning));
        }
    }
    if summary.discarded_bytes > 0 {
        shown.push(("Discarded", bytes(summary.discarded_bytes as f64), Ink::Bad));
    }
    let errors = format!("{} ({})", grouped(summary.errors), percent(summary.errors, summary.records));
    shown.push(("Records", grouped(summary.records), Ink::Plain));
    shown.push(("Errors", errors, if summary.errors > 0 { Ink::Bad } else { Ink::Plain }));
    cells(&mut page, &shown)?;
    if let (Some(from), Some(to)) = (&summary.from, &summary.to) {
        page.line(&format!("{from} to {to}"), Ink::Faint)?;
    }
    if let Some(latency) = &summary.latency {
        distribution(&mut page, "Time to serve", latency, seconds)?;
    }
    clients(&mut page, "Clients", &summary.clients, summary.records)?;
    clients(&mut page, "Clients with errors", &summary.error_clients, summary.errors)?;
    messages(&mut page, "New messages", &summary.new_messages)
}

fn clients(page: &mut Page<'_>, title: &str, rows: &[Row], whole: u64) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    page.title(title)?;
    for row in rows {
        page.line(&format!("{:>12}  {:>7}  {}", grouped(row.hits), percent(row.hits, whole), row.key), Ink::Plain)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_fits_and_lets_nothing_through() {
        let row = |key: &str, hits| Row { key: key.to_string(), hits, ..Row::default() };
        let summary = Summary {
            at: "2025-10-10T13:00:25Z".to_string(),
            seconds: 25.0,
            lines: 12_345,
            lines_per_second: 493.8,
            malformed: 3,
            from: Some("2025-10-10T13:00:00Z".to_string()),
            to: Some("2025-10-10T13:00:25Z".to_string()),
            records: 12_342,
            errors: 617,
            clients: vec![row("192.0.2.1\u{1b}[2J", 7_000), row(&"x".repeat(200), 4)],
            error_clients: vec![row("192.0.2.9", 600)],
            ..Summary::default()
        };
        let options = TextOptions { columns: 80, color: false, top: 5, unicode: true };
        let mut out = Vec::new();
        write(&summary, &options, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(!text.contains('\u{1b}'), "{text:?}");
        for part in [
            "Summary, 2025-10-10T13:00:25Z",
            "494 lines/s",
            "617 (5.0 %)",
            "       7,000   56.7 %  192.0.2.1",
            "Clients with errors",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
