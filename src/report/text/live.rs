//! The screen of a monitor: first whether all is well, then what there is most of.

use super::table::Lists;
use super::units::{bytes, grouped, percent, seconds};
use super::{Ink, Page, TextOptions, cells, distribution, messages, sparkline};
use crate::report::live::{Input, Live, Step};
use std::io::{self, Write};

/// Inputs that are shown, those with most to catch up first.
const INPUTS: usize = 5;

/// Writes the screen.
pub fn write(live: &Live, options: &TextOptions, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { out, options: *options };
    head(&mut page, live)?;
    inputs(&mut page, &live.inputs)?;
    traffic(&mut page, &live.traffic)?;
    let window = &live.window;
    if let (Some(first), Some(last)) = (&window.period.first, &window.period.last) {
        page.title(&format!("{first} to {last}"))?;
    }
    if window.totals.records == 0 {
        return page.line("No records in this window", Ink::Faint);
    }
    let (records, with_status) = (window.totals.records, |class: char| -> u64 {
        window.status.iter().filter(|row| row.key.starts_with(class)).map(|row| row.hits).sum()
    });
    let (client_errors, server_errors) = (with_status('4'), with_status('5'));
    let share = |hits| format!("{} ({})", grouped(hits), percent(hits, records));
    let if_any = |hits, ink| if hits > 0 { ink } else { Ink::Plain };
    cells(
        &mut page,
        &[
            ("Records", grouped(records), Ink::Plain),
            ("Bytes sent", bytes(window.totals.bytes_sent as f64), Ink::Plain),
            ("4xx", share(client_errors), if_any(client_errors, Ink::Warning)),
            ("5xx", share(server_errors), if_any(server_errors, Ink::Bad)),
        ],
    )?;
    for (title, quantiles, shown) in [
        ("Time to serve", &window.latency, seconds as fn(f64) -> String),
        ("Bytes sent", &window.sizes, bytes as fn(f64) -> String),
    ] {
        if let Some(quantiles) = quantiles {
            distribution(&mut page, title, quantiles, shown)?;
        }
    }
    Lists { snapshot: window }.write(&mut page)?;
    messages(&mut page, "Messages", &window.messages)
}

fn head(page: &mut Page<'_>, live: &Live) -> io::Result<()> {
    page.line(&format!("visor-fast monitor, {}, up {}", live.at, seconds(live.up_seconds.round())), Ink::Title)?;
    let flow = &live.account;
    let mut shown = vec![
        ("Lines", grouped(flow.lines), Ink::Plain),
        ("now", format!("{} lines/s", grouped(live.lines_per_second.round() as u64)), Ink::Good),
        ("Records", grouped(flow.records), Ink::Plain),
        ("windowed", grouped(flow.windowed), Ink::Plain),
    ];
    for (label, figure, ink) in [
        ("late", flow.late, Ink::Warning),
        ("future", flow.future, Ink::Warning),
        ("Blank", flow.blank, Ink::Plain),
        ("Malformed", flow.malformed, Ink::Warning),
        ("Heartbeats", flow.heartbeats, Ink::Plain),
        ("Filtered", flow.filtered, Ink::Plain),
    ] {
        if figure > 0 {
            shown.push((label, grouped(figure), ink));
        }
    }
    if live.discarded_bytes > 0 {
        shown.push(("Discarded", bytes(live.discarded_bytes as f64), Ink::Bad));
    }
    cells(page, &shown)
}

fn inputs(page: &mut Page<'_>, inputs: &[Input]) -> io::Result<()> {
    if inputs.is_empty() {
        return page.line("No input yet", Ink::Faint);
    }
    let mut shown: Vec<&Input> = inputs.iter().collect();
    let backlog = |input: &Input| (input.backlog_bytes, input.backlog_messages);
    shown.sort_by(|left, right| backlog(right).cmp(&backlog(left)).then_with(|| left.name.cmp(&right.name)));
    page.title(&match inputs.len() {
        1 => "Input".to_string(),
        count if count > INPUTS => format!("Inputs, {INPUTS} of {}", grouped(count as u64)),
        _ => "Inputs".to_string(),
    })?;
    for input in shown.into_iter().take(INPUTS) {
        let lag = match input.lag_seconds {
            None => "no line yet".to_string(),
            Some(lag) if lag < 0.0 => format!("{} ahead", seconds(-lag)),
            Some(lag) => format!("{} behind", seconds(lag)),
        };
        let backlog = match backlog(input) {
            (0, 0) => String::new(),
            (0, 1) => "1 message to read".to_string(),
            (0, messages) => format!("{} messages to read", grouped(messages)),
            (read, _) => bytes(read as f64) + " to read",
        };
        page.line(&format!("{lag:>14}  {backlog:>16}  {}", input.name), Ink::Plain)?;
    }
    Ok(())
}

fn traffic(page: &mut Page<'_>, steps: &[Step]) -> io::Result<()> {
    if steps.iter().all(|step| step.hits == 0) {
        return Ok(());
    }
    page.title(&format!("The last {}", seconds(steps.len() as f64)))?;
    let figures: [(&str, fn(&Step) -> u64, Ink); 2] =
        [("hits", |step| step.hits, Ink::Good), ("errors", |step| step.errors, Ink::Bad)];
    for (label, figure, ink) in figures {
        let values: Vec<u64> = steps.iter().map(figure).collect();
        let Some(most) = values.iter().copied().max().filter(|most| *most > 0) else { continue };
        let note = format!("at most {}/s", grouped(most));
        let columns = page.columns().saturating_sub(8 + 1 + note.len()).min(120);
        let (spark, _) = sparkline(&values, columns, page.options.unicode);
        writeln!(page.out, "{label:<8}{} {note}", page.ink(&spark, ink))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::snapshot::{Period, Row, Snapshot, Totals};
    use crate::report::live::Flow;

    fn live() -> Live {
        let row = |key: &str, hits| Row { key: key.to_string(), hits, share: 0.5, ..Row::default() };
        let window = Snapshot {
            period: Period { first: Some("A".to_string()), last: Some("B".to_string()) },
            totals: Totals { records: 10, bytes_sent: 2048, ..Totals::default() },
            status: vec![row("200", 6), row("503", 4)],
            clients: vec![row("192.0.2.1", 7), row("\u{1b}[2Jx", 3)],
            ..Snapshot::default()
        };
        Live {
            at: "2025-10-10T13:00:00Z".to_string(),
            up_seconds: 61.4,
            account: Flow { lines: 12, records: 10, malformed: 2, windowed: 9, late: 1, ..Flow::default() },
            lines_per_second: 1234.4,
            discarded_bytes: 2048,
            inputs: vec![
                Input { name: "a.log".to_string(), lag_seconds: Some(1.5), backlog_bytes: 0, backlog_messages: 0 },
                Input { name: "b.log".to_string(), lag_seconds: None, backlog_bytes: 1 << 20, backlog_messages: 0 },
            ],
            traffic: vec![Step { hits: 1, errors: 0 }, Step { hits: 5, errors: 2 }],
            window,
        }
    }

    fn screen(live: &Live, columns: usize) -> String {
        let mut out = Vec::new();
        write(live, &TextOptions { columns, color: false, top: 5, unicode: true }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_screen_tells_where_all_lines_went_and_how_far_each_input_is() {
        let text = screen(&live(), 80);
        for expected in [
            "visor-fast monitor, 2025-10-10T13:00:00Z, up 1 min 1 s",
            "1,234 lines/s",
            "late",
            "Malformed",
            "2.00 KiB",
            "1.50 s behind",
            "no line yet",
            "1.00 MiB to read  b.log",
            "at most 5/s",
            "A to B",
            "4 (40.0 %)",
            "192.0.2.1",
        ] {
            assert!(text.contains(expected), "{expected} is not in\n{text}");
        }
        assert!(!text.contains('\u{1b}'), "nothing of the input moves the cursor");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let mut live = live();
        live.inputs[0].name = "x".repeat(300);
        for columns in [60, 80, 200] {
            assert!(screen(&live, columns).lines().all(|line| line.chars().count() <= columns), "{columns}");
        }
    }
}
