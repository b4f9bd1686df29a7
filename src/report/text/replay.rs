//! What rules would have told of a log, as tables.

use super::fit::width;
use super::units::{grouped, seconds};
use super::{Ink, Page, TextOptions};
use crate::report::replay::{Event, Firing, Replay, labels};
use std::io::{self, Write};

/// Writes the report.
pub fn write(replay: &Replay, options: &TextOptions, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { out, options: *options };
    let counted = |count: u64, one: &str| format!("{} {one}{}", grouped(count), if count == 1 { "" } else { "s" });
    let what = format!("{}, {}", counted(replay.rules, "rule"), counted(replay.records, "record"));
    page.line(&what, Ink::Title)?;
    if replay.partial {
        page.line("PARTIAL: what was not read could have made alerts", Ink::Bad)?;
    }
    for (count, what) in [(replay.late, "came too late"), (replay.future, "are of the future")] {
        if count > 0 {
            page.line(&format!("{} {what}: rules did not look at them", counted(count, "record")), Ink::Warning)?;
        }
    }
    if replay.groups_dropped > 0 {
        let dropped = grouped(replay.groups_dropped);
        page.line(&format!("{dropped} groups were too many and were dropped; raise max_groups"), Ink::Warning)?;
    }
    alerts(&mut page, replay)?;
    events(&mut page, replay)
}

fn alerts(page: &mut Page<'_>, replay: &Replay) -> io::Result<()> {
    let all = replay.alerts.len() as u64 + replay.alerts_left_out;
    if all == 0 {
        return page.line("No alert would have fired", Ink::Good);
    }
    page.title(&format!("Alerts, {}", of(replay.alerts.len(), all)))?;
    let (mut lengths, mut names) = (Vec::new(), Vec::new());
    for firing in &replay.alerts {
        lengths.push(seconds(firing.seconds) + if firing.resolved_at.is_none() { "+" } else { "" });
        names.push(name(&firing.alert, &labels(&firing.labels)));
    }
    let length_columns = lengths.iter().map(|text| width(text)).max().unwrap_or(0).max(3);
    page.line(&format!("fired (UTC)          {:>length_columns$}  alert", "for"), Ink::Faint)?;
    for ((firing, length), name) in replay.alerts.iter().zip(&lengths).zip(&names) {
        let pad = " ".repeat(length_columns.saturating_sub(width(length)));
        let ink = if firing.resolved_at.is_none() { Ink::Bad } else { Ink::Plain };
        page.line(&format!("{}  {pad}{length}  {name}{}", time(&firing.fired_at), rest(firing)), ink)?;
    }
    if replay.alerts.iter().any(|firing| firing.resolved_at.is_none()) {
        page.line("+ still fires at the end of the log", Ink::Faint)?;
    }
    Ok(())
}

fn events(page: &mut Page<'_>, replay: &Replay) -> io::Result<()> {
    let all = replay.events.len() as u64 + replay.events_left_out;
    if all == 0 {
        return Ok(());
    }
    page.title(&format!("Records told, {}", of(replay.events.len(), all)))?;
    for Event { alert, labels: own, at, annotations, .. } in &replay.events {
        let summary = annotations.get("summary").map(|text| format!(": {text}")).unwrap_or_default();
        page.line(&format!("{}  {}{summary}", time(at), name(alert, &labels(own))), Ink::Plain)?;
    }
    Ok(())
}

fn of(shown: usize, all: u64) -> String {
    match all > shown as u64 {
        true => format!("{} of {}", grouped(shown as u64), grouped(all)),
        false => grouped(all),
    }
}

fn name(alert: &str, labels: &str) -> String {
    if labels.is_empty() { alert.to_string() } else { format!("{alert} {labels}") }
}

fn time(instant: &str) -> String {
    format!("{:<19}", instant.replace('T', " ").trim_end_matches('Z'))
}

/// Its value and what it says.
fn rest(firing: &Firing) -> String {
    let summary = firing.annotations.get("summary").map(|text| format!(": {text}"));
    let value = firing.value.map(|value| format!(", {value}"));
    summary.or(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::replay::tests::example;

    #[test]
    fn alerts_fit_and_let_nothing_through() {
        for columns in [80, 200] {
            let options = TextOptions { columns, color: false, top: 10, unicode: true };
            let mut out = Vec::new();
            write(&example(), &options, &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            assert!(text.lines().all(|line| width(line) <= columns) && !text.contains('\u{1b}'), "{text}");
            assert!(text.contains("2025-10-10 13:02:00   3 min 30 s  HighErrorRatio severity=critical"), "{text}");
            assert!(text.contains("3 min 30 s+  HighErrorRatio, 0.25"), "{text}");
            assert!(text.contains("Records told, 1 of 4"), "{text}");
        }
    }

    #[test]
    fn silence_is_said_too() {
        let options = TextOptions { columns: 80, color: false, top: 10, unicode: true };
        let mut out = Vec::new();
        write(&Replay { rules: 1, ..Replay::default() }, &options, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "1 rule, 0 records\nNo alert would have fired\n");
    }
}
