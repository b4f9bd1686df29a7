//! Lists as aligned tables, a bar for each row.

use super::fit::{cut_middle, width};
use super::units::{bytes, grouped, percent_of};
use super::{Ink, Page, says_something};
use crate::aggregate::snapshot::{Row, Snapshot};
use std::io;

/// All lists of a report.
pub struct Lists<'report> {
    pub snapshot: &'report Snapshot,
}

impl Lists<'_> {
    /// Writes those that say something.
    pub fn write(&self, page: &mut Page<'_>) -> io::Result<()> {
        let snapshot = self.snapshot;
        let distinct = &snapshot.distinct;
        let lists: [(&str, &[Row], Option<u64>); 18] = [
            ("Status", &snapshot.status, None),
            ("Methods", &snapshot.methods, None),
            ("Protocols", &snapshot.protocols, None),
            ("Virtual hosts", &snapshot.vhosts, None),
            ("Users", &snapshot.users, None),
            ("Paths", &snapshot.paths, Some(distinct.paths.value)),
            ("Not found (404)", &snapshot.not_found, None),
            ("Server errors (5xx)", &snapshot.server_errors, None),
            ("Static files", &snapshot.static_files, None),
            ("Clients", &snapshot.clients, Some(distinct.clients.value)),
            ("Referrers", &snapshot.referrers, Some(distinct.referrers.value)),
            ("Referring sites", &snapshot.referring_sites, None),
            ("Agents", &snapshot.agents, Some(distinct.agents.value)),
            ("Browsers", &snapshot.browsers, None),
            ("Systems", &snapshot.systems, None),
            ("Levels", &snapshot.levels, None),
            ("Modules", &snapshot.modules, None),
            ("Malformed, by reason", &snapshot.malformed_reasons, None),
        ];
        // As wide in all lists, so that they stand below each other.
        let hits_columns = width(&grouped(snapshot.totals.records)).max(6);
        let visitors_columns = width(&grouped(distinct.visitors.value)).max(8);
        lists
            .into_iter()
            .try_for_each(|(title, rows, all)| list(page, title, rows, all, hits_columns, visitors_columns))
    }
}

/// Columns of a key, at least.
const KEY_COLUMNS_MIN: usize = 8;

fn list(
    page: &mut Page<'_>,
    title: &str,
    rows: &[Row],
    all: Option<u64>,
    hits_columns: usize,
    visitors_columns: usize,
) -> io::Result<()> {
    let shown = &rows[..rows.len().min(page.options.top)];
    // Error logs have no requests, so nothing about them is to be said.
    if shown.is_empty() || !says_something(rows) {
        return Ok(());
    }
    match all.filter(|all| *all > shown.len() as u64) {
        Some(all) => page.title(&format!("{title}, {} of {}", grouped(shown.len() as u64), grouped(all)))?,
        // There may be more, or just as many.
        None if shown.len() == page.options.top => page.title(&format!("{title}, top {}", shown.len()))?,
        None => page.title(title)?,
    }
    // An error log has clients, but neither bytes nor visitors: a column of zeros says nothing.
    let has_bytes = shown.iter().any(|row| row.bytes.is_some_and(|bytes| bytes > 0));
    let has_visitors = shown.iter().any(|row| row.visitors.is_some_and(|visitors| visitors > 0));
    let widest = |figure: fn(&Row) -> Option<u64>| shown.iter().filter_map(figure).map(|n| width(&grouped(n))).max();
    // What may be missing or wrong stands right behind its figure, in a column as wide as needed.
    let unicode = page.options.unicode;
    let missed_columns = shown.iter().map(|row| width(&missed(row, unicode))).max().unwrap_or(0);
    let off_columns = shown.iter().map(|row| width(&off(row, unicode))).max().unwrap_or(0);
    let hits_columns = widest(|row| Some(row.hits)).unwrap_or(0).max(hits_columns);
    let visitors_columns = widest(|row| row.visitors).unwrap_or(0).max(visitors_columns);
    // On a narrow terminal long figures with their errors leave no room for the key: what says least goes first.
    let needed = |has_share: bool, has_bytes: bool, has_visitors: bool| {
        let visitors = if has_visitors { 2 + visitors_columns + off_columns } else { 0 };
        hits_columns + missed_columns + if has_share { 9 } else { 0 } + if has_bytes { 10 } else { 0 } + visitors
    };
    let fits = |columns: usize| columns + 2 + KEY_COLUMNS_MIN <= page.columns();
    let has_bytes = has_bytes && fits(needed(true, true, has_visitors));
    let has_share = fits(needed(true, has_bytes, has_visitors));
    let has_visitors = has_visitors && fits(needed(has_share, has_bytes, true));
    let mut header = format!("{:>hits_columns$}{:missed_columns$}", "hits", "");
    if has_share {
        header += &format!("  {:>7}", "share");
    }
    if has_bytes {
        header += &format!("  {:>8}", "bytes");
    }
    if has_visitors {
        header += &format!("  {:>visitors_columns$}{:off_columns$}", "visitors", "");
    }
    page.line(&header, Ink::Faint)?;
    let room = page.columns().saturating_sub(width(&header) + 2);
    // Where keys do not fit beside bars, they need the room: a bar says what the share says.
    let longest = shown.iter().map(|row| width(&cut_middle(&row.key, room, unicode))).max().unwrap_or(0);
    let bar_columns = Some(room / 6).filter(|columns| columns + 2 + longest <= room).unwrap_or(0);
    let most = shown.iter().map(|row| row.hits).max().unwrap_or(0);
    for row in shown {
        let mut figures = format!("{:>hits_columns$}{:<missed_columns$}", grouped(row.hits), missed(row, unicode));
        if has_share {
            figures += &format!("  {:>7}", percent_of(row.share));
        }
        if has_bytes {
            figures += &format!("  {:>8}", row.bytes.map(|count| bytes(count as f64)).unwrap_or_default());
        }
        if has_visitors {
            let visitors = row.visitors.map(grouped).unwrap_or_default();
            figures += &format!("  {visitors:>visitors_columns$}{:<off_columns$}", off(row, unicode));
        }
        if bar_columns > 0 {
            let bar = bar(row.hits, most, bar_columns, unicode);
            figures += &format!("  {}", page.ink(&bar, Ink::Good));
        }
        let key = cut_middle(&row.key, room - if bar_columns > 0 { bar_columns + 2 } else { 0 }, unicode);
        writeln!(page.out, "{figures}  {}", page.ink(key.trim_end(), ink_of(title, &row.key)))?;
    }
    Ok(())
}

/// How many hits may be missing: ` +≤3`.
fn missed(row: &Row, unicode: bool) -> String {
    match row.hits_error.filter(|error| *error > 0) {
        Some(error) => format!(" {}{}", if unicode { "+≤" } else { "+<=" }, grouped(error)),
        None => String::new(),
    }
}

/// How far the visitors may be off: ` ±3`.
fn off(row: &Row, unicode: bool) -> String {
    match row.visitors_error.filter(|error| *error > 0) {
        Some(error) => format!(" {}{}", if unicode { "±" } else { "+-" }, grouped(error)),
        None => String::new(),
    }
}

/// A status and a level are coloured by how grave they are.
fn ink_of(title: &str, key: &str) -> Ink {
    match (title, key) {
        ("Status", key) => match key.as_bytes().first() {
            Some(b'4') => Ink::Warning,
            Some(b'5') => Ink::Bad,
            _ => Ink::Plain,
        },
        ("Levels", "emerg" | "alert" | "crit" | "error") => Ink::Bad,
        ("Levels", "warn") => Ink::Warning,
        _ => Ink::Plain,
    }
}

/// A bar of exactly `columns` columns, filled by the share that `hits` is of `most`, to an eighth of a column.
fn bar(hits: u64, most: u64, columns: usize, unicode: bool) -> String {
    const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    let eighths = (u128::from(hits) * columns as u128 * 8 / u128::from(most.max(1))) as usize;
    // What is there is seen, however small its share.
    let eighths = eighths.max(usize::from(hits > 0)).min(columns * 8);
    let mut bar = (if unicode { "█" } else { "#" }).repeat(eighths / 8);
    if eighths / 8 < columns {
        bar.push(if unicode { EIGHTHS[eighths % 8] } else { ' ' });
        bar.push_str(&" ".repeat(columns - eighths / 8 - 1));
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_share() {
        for (hits, most, expected) in [
            (8, 8, "████"),
            (4, 8, "██  "),
            (3, 8, "█▌  "),
            (1, 1_000_000, "▏   "),
            (0, 8, "    "),
            (0, 0, "    "),
            (u64::MAX, u64::MAX, "████"),
        ] {
            assert_eq!(bar(hits, most, 4, true), expected, "{hits} of {most}");
        }
        assert_eq!(bar(3, 8, 4, false), "#   ");
        assert_eq!(bar(3, 8, 0, true), "");
    }
}
