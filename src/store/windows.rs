//! Closed windows: as rows that anybody can query, and whole for `visor-fast history`.
//!
//! A row has the figures that are asked for most as columns and as JSON, so that `sqlite3` answers without this program,
//! and beside them the window's counts, from which windows of any length can be summed: exactly in counts, sums and
//! quantiles, and with their error in lists of keys. Of each list the first [`TOP`] keys are kept.

use super::checkpoint::signed;
use super::error::{Error, Problem, at};
use super::open::{check, distrust};
use super::schema::{self, Kind};
use crate::aggregate::position::shown;
use crate::window::pane::{Counts, List};
use crate::window::panes::Pane;
use rusqlite::{Connection, OpenFlags, Row, Transaction, params};
use rustix::fs::{Access, access};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Keys of a list that are kept.
pub const TOP: usize = 20;
/// Bytes of the longest key that is kept: windows are many, and a key of a megabyte is an attack.
const KEY_BYTES_MAX: usize = 1024;
/// How long a reader waits for a lock that a writer holds for a moment.
const PATIENCE: Duration = Duration::from_secs(5);

/// A window that was closed, or revised.
#[derive(Clone, Debug, Default)]
pub struct ClosedWindow {
    /// Its first instant, in milliseconds since the Unix epoch.
    pub start: i64,
    /// Milliseconds that it spans.
    pub width: i64,
    /// What was counted in it.
    pub counts: Counts,
}

/// A window, or several that follow each other, as read.
#[derive(Clone, Debug)]
pub struct ListedWindow {
    /// Its first instant, in milliseconds since the Unix epoch.
    pub from: i64,
    /// The first instant behind it.
    pub to: i64,
    /// Windows of the store in it.
    pub windows: u64,
    /// What was counted in it. Lists hold the first [`TOP`] keys of each window; distinct counts are in `distinct`.
    pub counts: Counts,
    /// How many different clients and paths there were, and whether that is exact; unknown of several windows.
    pub distinct: Option<[(u64, bool); 2]>,
}

/// Writes windows; one that is there is replaced.
pub(super) fn write(transaction: &Transaction<'_>, windows: &[ClosedWindow], number: i64) -> rusqlite::Result<()> {
    let mut put = transaction.prepare(
        "INSERT INTO windows (start_ms, width_ms, records, errors, client_errors, bytes_sent, bytes_read, clients,
             clients_exact, paths, paths_exact, latency_p50, latency_p90, latency_p99, latency_max, status, top,
             revision, checkpoint, counts)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, 0, ?18, ?19)
         ON CONFLICT (start_ms, width_ms) DO UPDATE SET records = ?3, errors = ?4, client_errors = ?5, bytes_sent = ?6,
             bytes_read = ?7, clients = ?8, clients_exact = ?9, paths = ?10, paths_exact = ?11, latency_p50 = ?12,
             latency_p90 = ?13, latency_p99 = ?14, latency_max = ?15, status = ?16, top = ?17,
             revision = revision + 1, checkpoint = ?18, counts = ?19",
    )?;
    for ClosedWindow { start, width, counts } in windows {
        let (clients, clients_exact) = distinct(counts, List::Clients);
        let (paths, paths_exact) = distinct(counts, List::Paths);
        let latency = |q| counts.latencies.quantile(q).map(|microseconds| microseconds as f64 / 1e6);
        put.execute(params![
            start,
            width,
            signed(counts.records),
            signed(counts.errors()),
            signed(counts.with_status(400, 499)),
            signed(counts.bytes_sent),
            signed(counts.bytes_read),
            signed(clients),
            clients_exact,
            signed(paths),
            paths_exact,
            latency(0.5),
            latency(0.9),
            latency(0.99),
            latency(1.0),
            status(counts),
            top(counts),
            number,
            counts.to_slim_bytes(TOP, KEY_BYTES_MAX),
        ])?;
    }
    Ok(())
}

fn distinct(counts: &Counts, list: List) -> (u64, bool) {
    let (value, is_exact) = counts.list(list).distinct();
    (value.round() as u64, is_exact)
}

fn status(counts: &Counts) -> String {
    let hits: BTreeMap<String, u64> = counts
        .status
        .iter()
        .filter(|(status, _)| *status > 0)
        .map(|(key, hits)| (format!("{key:03}"), *hits))
        .collect();
    serde_json::to_string(&hits).unwrap_or_default()
}

/// A key of a list.
#[derive(Serialize)]
struct TopKey {
    /// Made fit for a terminal, since that is where `sqlite3` prints it.
    key: String,
    hits: u64,
    error: u64,
}

fn top(counts: &Counts) -> String {
    let names = [
        ("clients", List::Clients),
        ("error_clients", List::ErrorClients),
        ("paths", List::Paths),
        ("server_errors", List::ErrorPaths),
        ("not_found", List::NotFound),
        ("messages", List::Messages),
    ];
    let rows = |list: List| -> Vec<TopKey> {
        let rows = counts.list(list).top().top(TOP).into_iter();
        rows.map(|(key, hits)| TopKey { key: shown(key), hits: hits.hits, error: hits.error }).collect()
    };
    let lists: BTreeMap<&str, Vec<TopKey>> =
        names.into_iter().map(|(name, list)| (name, rows(list))).filter(|(_, rows)| !rows.is_empty()).collect();
    serde_json::to_string(&lists).unwrap_or_default()
}

/// A store that is only read, by whoever may, while a monitor writes to it or not.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
    path: PathBuf,
}

impl Reader {
    /// Opens the store at `path` for reading.
    ///
    /// # Errors
    /// A file that is not there, is no store or a later version's, or may not be read.
    pub fn open(path: &Path) -> Result<Reader, Error> {
        open(path).map(|connection| Reader { connection, path: path.to_path_buf() }).map_err(at::<Problem>(path))
    }

    /// Calls `each` with all windows that begin at `from` or later and before `to`, in the order of time. With `every`,
    /// windows are summed that begin in the same stretch of so many milliseconds, counted from the Unix epoch. It returns
    /// whether to go on.
    ///
    /// # Errors
    /// A damaged file.
    pub fn windows(
        &self,
        from: i64,
        to: i64,
        every: Option<i64>,
        mut each: impl FnMut(&ListedWindow) -> bool,
    ) -> Result<(), Error> {
        let wrong = at::<Problem>(&self.path);
        let mut read = || -> Result<(), Problem> {
            let mut query = self.connection.prepare(
                "SELECT start_ms, width_ms, clients, clients_exact, paths, paths_exact, counts FROM windows
                 WHERE start_ms >= ? AND start_ms < ? ORDER BY start_ms, width_ms",
            )?;
            let mut rows = query.query([from, to])?;
            let mut open: Option<ListedWindow> = None;
            while let Some(row) = rows.next()? {
                let next = listed(row, every)?;
                open = Some(match open.take() {
                    Some(sum) if every.is_some() && sum.from == next.from => added(sum, &next),
                    Some(whole) if !each(&whole) => return Ok(()),
                    _ => next,
                });
            }
            if let Some(last) = open {
                each(&last);
            }
            Ok(())
        };
        read().map_err(wrong)
    }
}

fn open(path: &Path) -> Result<Connection, Problem> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Problem::Missing),
        Err(error) => return Err(error.into()),
        Ok(found) => check(&found)?,
    }
    // The system says more exactly why a file may not be read than SQLite does.
    access(path, Access::READ_OK).map_err(io::Error::from)?;
    let connection = match connect(path) {
        // Readers keep an index of the log beside the file; where they cannot, a log that is empty needs none.
        Err(Problem::Permission | Problem::ReadOnly) if !has_log(path) => connect(&immutable(path))?,
        connected => connected?,
    };
    Ok(connection)
}

fn connect(path: &Path) -> Result<Connection, Problem> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    distrust(&connection)?;
    match schema::kind_of(&connection)? {
        Kind::Empty => Err(Problem::Foreign),
        Kind::Store(_) => Ok(connection),
    }
}

/// Whether there are transactions in the log that are not in the file yet.
fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_os_string();
    log.push("-wal");
    fs::metadata(log).is_ok_and(|log| log.len() > 0)
}

/// The name by which SQLite opens a file that nobody changes (<https://sqlite.org/uri.html>).
fn immutable(path: &Path) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-".contains(byte);
    let escaped = |byte: &u8| if plain(byte) { char::from(*byte).to_string() } else { format!("%{byte:02x}") };
    let name: String = path.as_os_str().as_bytes().iter().map(escaped).collect();
    PathBuf::from(format!("file://{name}?immutable=1"))
}

fn listed(row: &Row<'_>, every: Option<i64>) -> Result<ListedWindow, Problem> {
    let (start, width): (i64, i64) = (row.get(0)?, row.get(1)?);
    let bytes = row.get_ref(6)?.as_blob().map_err(|error| Problem::Damaged(error.to_string()))?;
    let counts = Counts::from_bytes(bytes).map_err(|refused| Problem::Damaged(refused.to_string()))?;
    let distinct = |column: usize| -> rusqlite::Result<(u64, bool)> {
        Ok((row.get::<_, i64>(column)?.unsigned_abs(), row.get(column + 1)?))
    };
    let (clients, paths) = (distinct(2)?, distinct(4)?);
    let end = start.saturating_add(width.max(0));
    let (from, to) = match every.filter(|every| *every > 0) {
        None => (start, end),
        Some(every) => {
            let from = start.saturating_sub(start.rem_euclid(every));
            (from, from.saturating_add(every).max(end))
        }
    };
    Ok(ListedWindow { from, to, windows: 1, counts, distinct: Some([clients, paths]) })
}

fn added(mut sum: ListedWindow, next: &ListedWindow) -> ListedWindow {
    sum.counts.merge(&next.counts);
    ListedWindow { to: sum.to.max(next.to), windows: sum.windows + 1, distinct: None, ..sum }
}
