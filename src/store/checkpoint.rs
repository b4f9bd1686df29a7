//! Writing a checkpoint: one cut through all that a monitor knows, in one transaction.
//!
//! Counts and positions change together or not at all. That is the whole promise: whatever is read back was true at one
//! moment, and the lines behind its positions are those that its counts have not seen.

use super::error::{Error, Problem, at};
use super::open::Store;
use super::windows::{self, ClosedWindow};
use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};

/// One cut: what was added or changed since the one before.
#[derive(Clone, Debug, Default)]
pub struct Checkpoint {
    /// The time of day, in milliseconds since the Unix epoch.
    pub wall: i64,
    /// Event time up to which panes are closed, in milliseconds.
    pub watermark: Option<i64>,
    /// Records since the one before.
    pub account: Split,
    /// The serialised tally of what was added; empty where nothing was.
    pub tally: Vec<u8>,
    /// Positions that changed.
    pub positions: Vec<SavedPosition>,
    /// Source and key of positions to forget. They go first, so that an input may take the place of another.
    pub positions_gone: Vec<(String, String)>,
    /// What the tally covers, where a partition may be read by several and that is to be seen.
    pub ranges: Vec<Range>,
    /// Open panes that changed: start and width in milliseconds, counts.
    pub panes: Vec<(i64, i64, Vec<u8>)>,
    /// Panes to forget, before others are put in: of a width in milliseconds, all that start before an instant.
    pub panes_gone_before: Vec<(i64, i64)>,
    /// Windows that were closed, or revised by late lines.
    pub windows: Vec<ClosedWindow>,
}

/// Where records went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// Into a window.
    pub windowed: u64,
    /// Nowhere, because they came too late for theirs.
    pub late: u64,
    /// Nowhere, because they are too far in the future.
    pub future: u64,
}

/// How far an input was counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SavedPosition {
    /// The kind of source: `file`, `kafka`.
    pub source: String,
    /// Which of its inputs.
    pub key: String,
    /// Where the next run goes on, as JSON.
    pub state: String,
    /// The newest event time seen there, in milliseconds.
    pub newest: Option<i64>,
}

/// A part of an input that was counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// As in [`SavedPosition`].
    pub source: String,
    /// As in [`SavedPosition`].
    pub key: String,
    /// The first offset.
    pub from: i64,
    /// The first offset behind it.
    pub to: i64,
}

impl Store {
    /// Writes a checkpoint, all of it or nothing. When this returns it is on the disk.
    ///
    /// # Errors
    /// Those of the disk; nothing was written then, and the same checkpoint may be tried again.
    pub fn save(&mut self, checkpoint: &Checkpoint) -> Result<u64, Error> {
        let wrong = at::<Problem>(&self.path);
        let mut save = || -> Result<i64, rusqlite::Error> {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let number = write(&transaction, checkpoint)?;
            transaction.commit()?;
            Ok(number)
        };
        save().map(i64::unsigned_abs).map_err(|error| wrong(error.into()))
    }

    /// Forgets how far inputs were counted; returns how many positions there were.
    ///
    /// Everything else stays, because it is true whatever is read next: totals, windows, open panes, the watermark. So
    /// lines that are read once more count twice in the totals; windows stay right, since what lies behind the watermark
    /// is late. Who wants to begin anew moves the file away.
    pub fn reset_positions(&mut self) -> Result<usize, Error> {
        let forgotten = self.connection.execute("DELETE FROM positions", []);
        forgotten.map_err(|error| at::<Problem>(&self.path)(error.into()))
    }
}

/// A count as SQLite's signed integer.
pub(super) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Writes all of it and returns the checkpoint's number.
fn write(transaction: &Transaction<'_>, checkpoint: &Checkpoint) -> rusqlite::Result<i64> {
    let number = write_head(transaction, checkpoint)?;
    if !checkpoint.tally.is_empty() {
        let sql = "INSERT INTO tallies (last_checkpoint, first_checkpoint, bytes) VALUES (?1, ?1, ?2)";
        transaction.execute(sql, params![number, checkpoint.tally])?;
    }
    write_positions(transaction, checkpoint, number)?;
    write_ranges(transaction, &checkpoint.ranges, number)?;
    write_panes(transaction, checkpoint)?;
    windows::write(transaction, &checkpoint.windows, number)?;
    Ok(number)
}

fn write_head(transaction: &Transaction<'_>, checkpoint: &Checkpoint) -> rusqlite::Result<i64> {
    let before = transaction
        .query_row("SELECT number, watermark_ms, windowed, late, future FROM checkpoint", [], |row| {
            Ok((row.get(0)?, row.get(1)?, [row.get(2)?, row.get(3)?, row.get(4)?]))
        })
        .optional()?;
    let (number, watermark, [windowed, late, future]): (i64, Option<i64>, [i64; 3]) = before.unwrap_or_default();
    let number = number.saturating_add(1);
    let Split { windowed: more_windowed, late: more_late, future: more_future } = checkpoint.account;
    transaction.execute(
        "INSERT OR REPLACE INTO checkpoint (id, number, wall_ms, watermark_ms, windowed, late, future)
         VALUES (1, ?, ?, ?, ?, ?, ?)",
        params![
            number,
            checkpoint.wall,
            // It never goes back, and one that is not known yet says nothing.
            checkpoint.watermark.max(watermark),
            windowed.saturating_add(signed(more_windowed)),
            late.saturating_add(signed(more_late)),
            future.saturating_add(signed(more_future)),
        ],
    )?;
    Ok(number)
}

fn write_positions(transaction: &Transaction<'_>, checkpoint: &Checkpoint, number: i64) -> rusqlite::Result<()> {
    let mut forget = transaction.prepare("DELETE FROM positions WHERE source = ? AND key = ?")?;
    for (source, key) in &checkpoint.positions_gone {
        forget.execute(params![source, key])?;
    }
    let mut put = transaction.prepare(
        "INSERT OR REPLACE INTO positions (source, key, state, newest_ms, checkpoint) VALUES (?, ?, ?, ?, ?)",
    )?;
    for position in &checkpoint.positions {
        let SavedPosition { source, key, state, newest } = position;
        put.execute(params![source, key, state, newest, number])?;
    }
    Ok(())
}

/// A range that goes on where another one ended makes that one longer: a partition that is read for a year is one row.
fn write_ranges(transaction: &Transaction<'_>, ranges: &[Range], number: i64) -> rusqlite::Result<()> {
    let mut longer = transaction.prepare(
        "UPDATE ranges SET to_offset = ?4, last_checkpoint = ?5 WHERE rowid =
         (SELECT rowid FROM ranges WHERE source = ?1 AND key = ?2 AND to_offset = ?3 ORDER BY rowid DESC LIMIT 1)",
    )?;
    let mut new = transaction.prepare(
        "INSERT INTO ranges (source, key, from_offset, to_offset, first_checkpoint, last_checkpoint)
         VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
    )?;
    for Range { source, key, from, to } in ranges {
        if longer.execute(params![source, key, from, to, number])? == 0 {
            new.execute(params![source, key, from, to, number])?;
        }
    }
    Ok(())
}

fn write_panes(transaction: &Transaction<'_>, checkpoint: &Checkpoint) -> rusqlite::Result<()> {
    let mut forget = transaction.prepare("DELETE FROM panes WHERE width_ms = ? AND start_ms < ?")?;
    for (width, before) in &checkpoint.panes_gone_before {
        forget.execute(params![width, before])?;
    }
    let mut put = transaction.prepare("INSERT OR REPLACE INTO panes (width_ms, start_ms, counts) VALUES (?, ?, ?)")?;
    for (start, width, counts) in &checkpoint.panes {
        put.execute(params![width, start, counts])?;
    }
    Ok(())
}
