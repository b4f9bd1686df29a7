//! What is dropped when a store grows old or large: the oldest windows, then panes; totals and positions never.
//!
//! Age is measured in event time, from the newest window: an old log that is replayed is kept as a new one would be. Each
//! turn drops a bounded number of rows, so that a store that was given a smaller limit does not stand still for minutes.
//! Deleted rows leave free pages, which new ones take; where there are more than [`SLACK`] of them allows, the file is cut.

use super::error::{Error, Problem, at};
use super::open::Store;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

/// Rows that are dropped in one turn.
const ROWS_MAX: usize = 4096;
/// Rows that are dropped between two looks at the size.
const ROWS_STEP: usize = 64;
/// Free pages may be this part of those in use.
const SLACK: i64 = 4;
/// Free bytes that are left in any case: what a merge of tallies needs for a moment.
const SLACK_BYTES: i64 = 4 << 20;
/// Pages that are given back in one turn.
const PAGES_MAX: i64 = 2048;

/// What one turn did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tidied {
    /// Windows that were dropped because they were too old.
    pub windows_old: usize,
    /// Windows that were dropped because the file was too large.
    pub windows_large: usize,
    /// Panes that were dropped because the file was too large.
    pub panes: usize,
    /// Whether the file is too large and nothing is left that may be dropped.
    pub is_over: bool,
}

impl Store {
    /// Drops what is too old or too much, and gives free pages back to the disk.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn tidy(&mut self) -> Result<Tidied, Error> {
        let wrong = at::<Problem>(&self.path);
        let (age, bytes) = (self.options.retention_age, self.options.retention_bytes);
        let mut tidy = || -> rusqlite::Result<Tidied> {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut tidied = Tidied::default();
            if let Some(age) = age {
                tidied.windows_old = drop_old(&transaction, age)?;
            }
            if let Some(bytes) = bytes {
                drop_large(&transaction, bytes, &mut tidied)?;
            }
            transaction.commit()?;
            shrink(&self.connection)?;
            Ok(tidied)
        };
        tidy().map_err(|error| wrong(error.into()))
    }
}

fn drop_old(transaction: &Transaction<'_>, age: i64) -> rusqlite::Result<usize> {
    transaction.execute(
        "DELETE FROM windows WHERE rowid IN (SELECT rowid FROM windows
             WHERE start_ms < (SELECT max(start_ms) FROM windows) - ?1 ORDER BY start_ms LIMIT ?2)",
        params![age.max(0), ROWS_MAX as i64],
    )
}

fn drop_large(transaction: &Transaction<'_>, most: u64, tidied: &mut Tidied) -> rusqlite::Result<()> {
    let is_over = || -> rusqlite::Result<bool> {
        Ok(number(transaction, "page_count")?
            .saturating_sub(number(transaction, "freelist_count")?)
            .saturating_mul(number(transaction, "page_size")?)
            .unsigned_abs()
            > most)
    };
    let oldest = |table: &str| {
        transaction.execute(
            &format!("DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} ORDER BY start_ms LIMIT ?)"),
            params![ROWS_STEP as i64],
        )
    };
    while tidied.windows_large + tidied.panes < ROWS_MAX && is_over()? {
        let windows = oldest("windows")?;
        tidied.windows_large += windows;
        if windows == 0 {
            let panes = oldest("panes")?;
            tidied.panes += panes;
            if panes == 0 {
                tidied.is_over = true;
                break;
            }
        }
    }
    Ok(())
}

/// Gives free pages back, where they are many.
fn shrink(connection: &Connection) -> rusqlite::Result<()> {
    let (pages, free) = (number(connection, "page_count")?, number(connection, "freelist_count")?);
    let page = number(connection, "page_size")?.max(1);
    let allowed = ((pages - free) / SLACK).max(SLACK_BYTES / page);
    if free > allowed {
        let mut vacuum =
            connection.prepare(&format!("PRAGMA incremental_vacuum({})", (free - allowed).min(PAGES_MAX)))?;
        // Each step gives one page back.
        let mut rows = vacuum.query([])?;
        while rows.next()?.is_some() {}
    }
    Ok(())
}

fn number(connection: &Connection, pragma: &str) -> rusqlite::Result<i64> {
    connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0))
}
