//! Opening a store: whose file it is, how SQLite writes to it, and for how long things are kept.
//!
//! SQLite appends each transaction to a log of its own (`FILE-wal`) and copies it over later. A kill loses nothing that
//! was committed, since the kernel has it. `synchronous` is FULL, not NORMAL: NORMAL may lose the newest transactions
//! when the power fails. The file would still be whole, and a followed file would only be read again from the older
//! position; but a file that was rotated and deleted since the transaction was acknowledged would be gone, and offsets that
//! Kafka was told would be ahead of the counts. FULL makes an acknowledgement true, for one flush a checkpoint.
//! (<https://sqlite.org/pragma.html#pragma_synchronous>, <https://sqlite.org/wal.html>)

use super::error::{Error, Problem, at};
use super::lock::Lock;
use super::schema;
use crate::aggregate::position::shown;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::fs::{self, Metadata, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a statement waits for another program's transaction, before whoever asked is told.
const PATIENCE: Duration = Duration::from_secs(1);

/// For how long things are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Windows that ended more than so many milliseconds before the newest one are dropped.
    pub retention_age: Option<i64>,
    /// The oldest windows, and then panes, are dropped while the file holds more bytes than this.
    pub retention_bytes: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Options { retention_age: Some(30 * 24 * 3_600_000), retention_bytes: Some(1 << 30) }
    }
}

/// A store that is ours to write.
#[derive(Debug)]
pub struct Store {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    pub(super) options: Options,
    /// Given back after the connection is closed.
    _lock: Lock,
}

impl Store {
    /// Opens the store at `path`, or makes it. Tables of earlier versions are brought up to date.
    ///
    /// # Errors
    /// A file that another monitor has, that is no store or a later version's, that is damaged or may not be written.
    pub fn open(path: &Path, options: &Options) -> Result<Store, Error> {
        let open = || -> Result<Store, Problem> {
            let real = real_name(path)?;
            let lock = Lock::take(&real)?;
            make(&real)?;
            let connection = connect(&real)?;
            Ok(Store { connection, path: path.to_path_buf(), options: *options, _lock: lock })
        };
        open().map_err(at(path))
    }

    /// The name of its file, as it may be shown on a terminal.
    pub fn name(&self) -> String {
        shown(self.path.as_os_str().as_bytes())
    }
}

/// The name behind all links, so that two names of a file are one lock.
fn real_name(path: &Path) -> Result<PathBuf, Problem> {
    match fs::canonicalize(path) {
        Ok(real) => {
            check(&fs::metadata(&real)?)?;
            Ok(real)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let name = path.file_name().ok_or(Problem::Folder)?;
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            Ok(fs::canonicalize(folder)?.join(name))
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether it may be a database, as far as can be told without opening it: a descriptor more, when closed, would take the
/// locks of all others in this process with it (<https://sqlite.org/howtocorrupt.html>, 2.2).
pub(super) fn check(found: &Metadata) -> Result<(), Problem> {
    match found.len() {
        _ if found.is_dir() => Err(Problem::Folder),
        _ if !found.is_file() => Err(Problem::NoFile),
        // SQLite takes some of these for empty, and would write over them.
        1..DATABASE_BYTES_MIN => Err(Problem::Foreign),
        _ => Ok(()),
    }
}

/// Bytes of the smallest page, and so of the smallest database.
const DATABASE_BYTES_MIN: u64 = 512;

/// Makes the file, readable by its owner alone: it holds addresses of clients. SQLite gives the files beside it the same
/// rights.
fn make(real: &Path) -> Result<(), Problem> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(real) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error.into()),
        _ => Ok(()),
    }
}

fn connect(real: &Path) -> Result<Connection, Problem> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(real, flags)?;
    connection.busy_timeout(PATIENCE)?;
    distrust(&connection)?;
    let kind = schema::kind_of(&connection)?;
    if kind == schema::Kind::Empty {
        // Both have to stand before the first table is made.
        connection.execute_batch("PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL;")?;
    }
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(Problem::Other(format!("its file system has no shared memory (journal mode {mode})")));
    }
    // `fullfsync` is what it takes on macOS to get past the disk's cache; elsewhere it does nothing. The log is cut to its
    // limit when it has grown beyond it, by a large transaction or by a reader that stayed long.
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;
         PRAGMA journal_size_limit = 33554432; PRAGMA temp_store = MEMORY;",
    )?;
    schema::migrate(&mut connection)?;
    Ok(connection)
}

/// Takes the file for one that somebody else may have made: nothing in it runs, and a damaged page is noticed early.
pub(super) fn distrust(connection: &Connection) -> Result<(), Problem> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    Ok(connection.execute_batch("PRAGMA cell_size_check = ON;")?)
}
