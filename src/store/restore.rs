//! Reading back what a monitor needs to go on: all of the last checkpoint, as of one moment.

use super::checkpoint::{SavedPosition, Split};
use super::error::{Error, Problem, at};
use super::open::Store;
use rusqlite::{Connection, OptionalExtension, Row};

/// What the last checkpoint left.
#[derive(Clone, Debug, Default)]
pub struct Restored {
    /// How many checkpoints there were; 0 for a new store.
    pub number: u64,
    /// The time of day of the last one, in milliseconds.
    pub wall: Option<i64>,
    /// Event time up to which panes are closed, in milliseconds.
    pub watermark: Option<i64>,
    /// All records so far.
    pub account: Split,
    /// Serialised tallies, whose sum is all that was counted, in the order of time.
    pub tallies: Vec<Vec<u8>>,
    /// How far inputs were counted.
    pub positions: Vec<SavedPosition>,
    /// Panes: start and width in milliseconds, counts.
    pub panes: Vec<(i64, i64, Vec<u8>)>,
}

impl Store {
    /// What the last checkpoint left.
    ///
    /// # Errors
    /// A damaged file.
    pub fn restored(&self) -> Result<Restored, Error> {
        read(&self.connection).map_err(|error| at::<Problem>(&self.path)(error.into()))
    }
}

fn read(connection: &Connection) -> rusqlite::Result<Restored> {
    let head = |row: &Row<'_>| {
        Ok(Restored {
            number: count(row, 0)?,
            wall: row.get(1)?,
            watermark: row.get(2)?,
            account: Split { windowed: count(row, 3)?, late: count(row, 4)?, future: count(row, 5)? },
            ..Restored::default()
        })
    };
    let sql = "SELECT number, wall_ms, watermark_ms, windowed, late, future FROM checkpoint";
    let restored = connection.query_row(sql, [], head).optional()?.unwrap_or_default();
    let position = |row: &Row<'_>| {
        Ok(SavedPosition { source: row.get(0)?, key: row.get(1)?, state: row.get(2)?, newest: row.get(3)? })
    };
    Ok(Restored {
        tallies: all(connection, "SELECT bytes FROM tallies ORDER BY last_checkpoint", |row| row.get(0))?,
        positions: all(connection, "SELECT source, key, state, newest_ms FROM positions", position)?,
        panes: all(connection, "SELECT start_ms, width_ms, counts FROM panes ORDER BY width_ms, start_ms", |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?,
        ..restored
    })
}

/// A count; no row that we wrote has one below 0.
fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, value))
}

fn all<T>(
    connection: &Connection,
    sql: &str,
    row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    connection.prepare(sql)?.query_map([], row)?.collect()
}
