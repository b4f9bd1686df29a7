//! The report on a terminal: what an operator reads first stands first.
//!
//! No line is wider than the terminal, and nothing of the input reaches it but letters: see `fit`. Colours only
//! repeat what the text says.

mod fit;
pub mod history;
pub mod live;
pub mod replay;
pub mod summary;
mod table;
mod units;

use crate::aggregate::snapshot::{Bucket, Count, Message, Quantiles, Row, Snapshot};
use fit::{cut, width};
use std::collections::BTreeSet;
use std::io::{self, Write};
use table::Lists;
use units::{bytes, grouped, percent, rate, seconds};

/// How the report is laid out.
#[derive(Clone, Copy, Debug)]
pub struct TextOptions {
    /// Columns of the terminal; at least 60 are used.
    pub columns: usize,
    /// Whether there are colours.
    pub color: bool,
    /// Rows of a list.
    pub top: usize,
    /// Whether bars, sparklines and marks may be other than ASCII.
    pub unicode: bool,
}

/// What a text is about, for those who see colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ink {
    Plain,
    Title,
    Faint,
    Good,
    Warning,
    Bad,
}

/// Where the report goes, a line at a time.
struct Page<'out> {
    out: &'out mut dyn Write,
    options: TextOptions,
}

impl Page<'_> {
    fn columns(&self) -> usize {
        self.options.columns.max(60)
    }

    /// Text in colour, if there are colours.
    fn ink(&self, text: &str, ink: Ink) -> String {
        let code = match ink {
            Ink::Plain => return text.to_string(),
            Ink::Title => "1",
            Ink::Faint => "2",
            Ink::Good => "32",
            Ink::Warning => "33",
            Ink::Bad => "31",
        };
        if self.options.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }

    /// A line whose text may be longer than the terminal is wide.
    fn line(&mut self, text: &str, ink: Ink) -> io::Result<()> {
        let text = cut(text, self.columns(), self.options.unicode);
        writeln!(self.out, "{}", self.ink(text.trim_end(), ink))
    }

    fn title(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out)?;
        self.line(text, Ink::Title)
    }
}

/// Writes the report.
pub fn write(snapshot: &Snapshot, options: &TextOptions, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { out, options: *options };
    head(&mut page, snapshot)?;
    totals(&mut page, snapshot)?;
    bounded(&mut page, snapshot)?;
    traffic(&mut page, snapshot)?;
    Lists { snapshot }.write(&mut page)?;
    for (title, quantiles, shown) in [
        ("Bytes sent", &snapshot.sizes, bytes as fn(f64) -> String),
        ("Time to serve", &snapshot.latency, seconds as fn(f64) -> String),
    ] {
        if let Some(quantiles) = quantiles {
            distribution(&mut page, title, quantiles, shown)?;
        }
    }
    messages(&mut page, "Messages", &snapshot.messages)?;
    malformed(&mut page, snapshot)
}

fn head(page: &mut Page<'_>, snapshot: &Snapshot) -> io::Result<()> {
    let read: u64 = snapshot.inputs.iter().map(|input| input.bytes).sum();
    let what = match snapshot.inputs.as_slice() {
        [only] => format!("{} ({})", only.name, only.format),
        inputs => {
            let formats: BTreeSet<&str> = inputs.iter().map(|input| input.format.as_str()).collect();
            let formats: Vec<&str> = formats.into_iter().filter(|format| *format != "-").collect();
            let formats = if formats.is_empty() { String::new() } else { format!(" ({})", formats.join(", ")) };
            format!("{} inputs{formats}", grouped(inputs.len() as u64))
        }
    };
    page.line(&what, Ink::Title)?;
    let pace = rate(read, snapshot.elapsed_seconds);
    page.line(&format!("{} read in {}{pace}", bytes(read as f64), seconds(snapshot.elapsed_seconds)), Ink::Faint)?;
    if let (Some(first), Some(last)) = (&snapshot.period.first, &snapshot.period.last) {
        page.line(&format!("{first} to {last}"), Ink::Faint)?;
    }
    for input in &snapshot.inputs {
        if let Some(error) = &input.error {
            page.line(&format!("failed: {}: {error}", input.name), Ink::Bad)?;
        }
    }
    if snapshot.partial {
        page.line("PARTIAL: the counts are of what was read", Ink::Bad)?;
    }
    Ok(())
}

/// The sums of the report.
fn totals(page: &mut Page<'_>, snapshot: &Snapshot) -> io::Result<()> {
    let totals = &snapshot.totals;
    let status = |class: char| {
        let hits = snapshot.status.iter().filter(|row| row.key.starts_with(class)).map(|row| row.hits).sum::<u64>();
        (hits, format!("{} ({})", grouped(hits), percent(hits, totals.records)))
    };
    let count = |count: &Count, marks: [&str; 2]| match count.exact {
        true => grouped(count.value),
        false => format!("{}{} {}{:.1} %", marks[0], grouped(count.value), marks[1], count.error * 100.0),
    };
    let marks = if page.options.unicode { ["≈", "±"] } else { ["~", "+-"] };
    let (client_errors, server_errors) = (status('4'), status('5'));
    let mut cells_of =
        vec![("Lines", grouped(totals.lines), Ink::Plain), ("Records", grouped(totals.records), Ink::Plain)];
    let mut some = |label, figure: u64, ink| {
        if figure > 0 {
            cells_of.push((label, grouped(figure), ink));
        }
    };
    some("Blank", totals.blank, Ink::Plain);
    some("Heartbeats", totals.heartbeats, Ink::Plain);
    some("Filtered", totals.filtered, Ink::Plain);
    some("Late", totals.late, Ink::Warning);
    some("Future", totals.future, Ink::Warning);
    some("Glued", totals.glued, Ink::Warning);
    let share = format!("{} ({})", grouped(totals.malformed), percent(totals.malformed, totals.lines));
    cells_of.push(("Malformed", share, if totals.malformed > 0 { Ink::Warning } else { Ink::Plain }));
    if !snapshot.status.is_empty() {
        cells_of.push(("Visitors", count(&snapshot.distinct.visitors, marks), Ink::Plain));
        cells_of.push(("Clients", count(&snapshot.distinct.clients, marks), Ink::Plain));
        cells_of.push(("Paths", count(&snapshot.distinct.paths, marks), Ink::Plain));
        cells_of.push(("Bytes sent", bytes(totals.bytes_sent as f64), Ink::Plain));
        cells_of.push(("4xx", client_errors.1, if client_errors.0 > 0 { Ink::Warning } else { Ink::Plain }));
        cells_of.push(("5xx", server_errors.1, if server_errors.0 > 0 { Ink::Bad } else { Ink::Plain }));
        let bots = format!("{} ({})", grouped(snapshot.bots.hits), percent(snapshot.bots.hits, totals.records));
        cells_of.push(("Bots", bots, Ink::Plain));
    }
    cells(page, &cells_of)
}

/// Pairs of a label and a figure, as many beside each other as fit.
fn cells(page: &mut Page<'_>, cells: &[(&str, String, Ink)]) -> io::Result<()> {
    writeln!(page.out)?;
    const CELL: usize = 40;
    for line in cells.chunks((page.columns() / CELL).max(1)) {
        for (at, (label, figure, ink)) in line.iter().enumerate() {
            let pad = if at + 1 < line.len() { CELL.saturating_sub(12 + width(figure)) } else { 0 };
            write!(page.out, "{label:<12}{}{:pad$}", page.ink(figure, *ink), "")?;
        }
        writeln!(page.out)?;
    }
    Ok(())
}

/// What is not exact for want of memory.
fn bounded(page: &mut Page<'_>, snapshot: &Snapshot) -> io::Result<()> {
    let Some(bounded) = &snapshot.bounded else { return Ok(()) };
    page.title("Within the bound of memory")?;
    if bounded.visitors_sampled < 1.0 {
        let one_in = grouped((1.0 / bounded.visitors_sampled) as u64);
        page.line(&format!("Visitors are estimated from 1 in {one_in}, each figure with its error."), Ink::Warning)?;
    }
    if bounded.lists.is_empty() {
        return Ok(());
    }
    let most = if page.options.unicode { "≤" } else { "<=" };
    let floors =
        bounded.lists.iter().map(|(list, kept)| format!("{} {most}{}", list.replace('_', " "), grouped(kept.floor)));
    let text = format!(
        "These lists hold their greatest rows, and a key without a row has at most so many hits: {}.",
        floors.collect::<Vec<_>>().join(", ")
    );
    let mut line = String::new();
    for word in text.split_inclusive([' ', ',']) {
        if width(&line) + width(word.trim_end()) > page.columns() {
            page.line(std::mem::take(&mut line).trim_end(), Ink::Warning)?;
        }
        line += word;
    }
    page.line(&line, Ink::Warning)
}

const SPARKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const ASCII_SPARKS: [char; 8] = ['_', '.', '-', '~', '=', '+', '*', '#'];

/// A line of eight heights: the sums of as many stretches as there are columns, a space for none.
fn sparkline(values: &[u64], columns: usize, unicode: bool) -> (String, u64) {
    let columns = columns.clamp(1, values.len().max(1));
    let stretch = |at: usize| at * values.len() / columns..(at + 1) * values.len() / columns;
    let sums: Vec<u64> =
        (0..columns).map(|at| values[stretch(at)].iter().fold(0u64, |sum, value| sum.saturating_add(*value))).collect();
    let most = sums.iter().copied().max().unwrap_or(0);
    let sparks = if unicode { SPARKS } else { ASCII_SPARKS };
    let spark = |sum: &u64| match *sum {
        0 => ' ',
        sum => sparks[((u128::from(sum) * 8).div_ceil(u128::from(most)) as usize).clamp(1, 8) - 1],
    };
    (sums.iter().map(spark).collect(), most)
}

fn traffic(page: &mut Page<'_>, snapshot: &Snapshot) -> io::Result<()> {
    let [first, .., last] = snapshot.time.as_slice() else { return Ok(()) };
    page.title(&format!("Traffic, {} to {}", first.start, last.start))?;
    let span = snapshot.bucket_seconds.max(1);
    let figures: [(&str, fn(&Bucket) -> u64, Ink); 2] =
        [("hits", |bucket| bucket.hits, Ink::Good), ("errors", |bucket| bucket.errors, Ink::Bad)];
    for (label, figure, ink) in figures {
        let values: Vec<u64> = snapshot.time.iter().map(figure).collect();
        let Some(most) = values.iter().copied().max().filter(|most| *most > 0) else { continue };
        let note = format!("at most {} in {}", grouped(most), seconds(span as f64));
        let columns = page.columns().saturating_sub(8 + 1 + width(&note)).min(120);
        let (spark, _) = sparkline(&values, columns, page.options.unicode);
        writeln!(page.out, "{label:<8}{} {note}", page.ink(&spark, ink))?;
    }
    Ok(())
}

fn distribution(page: &mut Page<'_>, title: &str, quantiles: &Quantiles, shown: fn(f64) -> String) -> io::Result<()> {
    page.title(title)?;
    let figures = [
        ("min", quantiles.min),
        ("p50", quantiles.p50),
        ("mean", quantiles.mean),
        ("p90", quantiles.p90),
        ("p95", quantiles.p95),
        ("p99", quantiles.p99),
        ("p99.9", quantiles.p999),
        ("max", quantiles.max),
    ];
    let mut line = String::new();
    for (label, figure) in figures {
        let cell = format!("{label} {}", shown(figure));
        if width(&line) + width(&cell) + 3 > page.columns() {
            page.line(&line, Ink::Plain)?;
            line.clear();
        }
        line += if line.is_empty() { "" } else { "   " };
        line += &cell;
    }
    page.line(&line, Ink::Plain)
}

fn messages(page: &mut Page<'_>, title: &str, messages: &[Message]) -> io::Result<()> {
    if messages.is_empty() {
        return Ok(());
    }
    page.title(title)?;
    for message in messages.iter().take(page.options.top) {
        let grave = matches!(message.level.as_str(), "emerg" | "alert" | "crit" | "error");
        let missed = message
            .hits_error
            .filter(|error| *error > 0)
            .map(|error| format!(" {}{}", if page.options.unicode { "+≤" } else { "+<=" }, grouped(error)));
        let missed = missed.unwrap_or_default();
        let figures = format!("{:>11}{missed}  {:<6}  ", grouped(message.hits), message.level);
        let room = page.columns().saturating_sub(width(&figures));
        let key = cut(&message.key, room, page.options.unicode);
        let figures = page.ink(&figures, if grave { Ink::Bad } else { Ink::Plain });
        writeln!(page.out, "{figures}{}", key.trim_end())?;
    }
    Ok(())
}

fn malformed(page: &mut Page<'_>, snapshot: &Snapshot) -> io::Result<()> {
    if snapshot.malformed_samples.is_empty() {
        return Ok(());
    }
    page.title("Malformed lines, the first of them")?;
    const SAMPLES: usize = 5;
    for sample in snapshot.malformed_samples.iter().take(SAMPLES) {
        page.line(&format!("{}:{}: {}", sample.input, sample.line, sample.reason), Ink::Warning)?;
        page.line(&format!("    {}", sample.text), Ink::Plain)?;
    }
    Ok(())
}

/// Whether a list of rows says more than that nothing was there.
fn says_something(rows: &[Row]) -> bool {
    match rows {
        [] => false,
        [only] => only.key != "-",
        _ => true,
    }
}

#[cfg(test)]
mod tests;
