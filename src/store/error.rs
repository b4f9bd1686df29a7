//! Why a store was not opened, read or written: what, where, and the cure.

use crate::aggregate::position::shown;
use rusqlite::ffi;
use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Something is wrong with a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Its file, as it was named.
    pub path: PathBuf,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Another monitor has it.
    Held {
        /// The number of its process, where it could be told.
        by: Option<u32>,
    },
    /// There is no such file, and one that is only read is not made.
    Missing,
    /// It is a folder.
    Folder,
    /// It is a device, a pipe or a socket.
    NoFile,
    /// The folder that it would be in is not there.
    NoFolder,
    /// We may not.
    Permission,
    /// What it lies on cannot be written.
    ReadOnly,
    /// What it lies on is full.
    Full,
    /// Somebody else is writing to it.
    Busy,
    /// It is something else: another program's database, or none at all.
    Foreign,
    /// A later version of visor-fast made it.
    Newer {
        /// The version of its tables.
        found: i64,
        /// The latest that this program knows.
        known: i64,
    },
    /// It was damaged, at the least in this.
    Damaged(String),
    /// One piece of it is more than SQLite takes.
    Large,
    /// Something else, in the words of SQLite or the system.
    Other(String),
}

impl Problem {
    /// Whether it can pass by itself, or by what an operator does, while the program runs.
    pub fn may_pass(&self) -> bool {
        use Problem::{Busy, Full, Other, Permission, ReadOnly};
        matches!(self, Full | Busy | ReadOnly | Permission | Other(_))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Held { by } => {
                let by = by.map(|process| format!(" (process {process})")).unwrap_or_default();
                write!(f, "is in use by another monitor{by}; stop that one, or give this one a file of its own")
            }
            Problem::Missing => f.write_str("is not there; name the file that visor-fast monitor --store writes"),
            Problem::Folder => f.write_str("is a folder; name a file in it, such as visor.db"),
            Problem::NoFile => f.write_str("is no regular file; name a file on a disk"),
            Problem::NoFolder => f.write_str("cannot be made, because its folder is not there; make the folder first"),
            Problem::Permission => f.write_str(
                "may not be opened; give this user the right to read and write it and its folder (SQLite keeps files \
                 beside it), or name another file",
            ),
            Problem::ReadOnly => {
                f.write_str("lies where nothing can be written; make the file system writable, or name another file")
            }
            Problem::Full => f.write_str("cannot be written, because the disk is full; make room on it"),
            Problem::Busy => f.write_str(
                "cannot be written, because another program is writing to it; end that one's transaction (sqlite3, a backup)",
            ),
            Problem::Foreign => f.write_str(
                "is something else than a store of visor-fast, and is left as it is; name another file, or move it away",
            ),
            Problem::Newer { found, known } => write!(
                f,
                "was written by a later version of visor-fast (its tables are of version {found}, this program knows \
                 {known}); use that version, or name another file"
            ),
            Problem::Damaged(what) => write!(
                f,
                "is damaged ({what}); save what can be read with sqlite3 FILE .recover, move it away and start anew"
            ),
            Problem::Large => f.write_str(
                "cannot hold what was counted between two checkpoints, because it is more than 1 GB; lower --max-memory",
            ),
            Problem::Other(what) => write!(f, "cannot be used: {what}; check the disk that it is on"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", shown(self.path.as_os_str().as_bytes()), self.problem)
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Problem {
        match error.kind() {
            io::ErrorKind::PermissionDenied => Problem::Permission,
            io::ErrorKind::ReadOnlyFilesystem => Problem::ReadOnly,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Problem::Full,
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Problem::NoFolder,
            io::ErrorKind::IsADirectory => Problem::Folder,
            _ => Problem::Other(error.to_string()),
        }
    }
}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Problem {
        let said = error.to_string();
        let failure = match error {
            rusqlite::Error::SqliteFailure(failure, _) => failure,
            // A table or a column is missing.
            rusqlite::Error::SqlInputError { msg, .. } => return Problem::Damaged(msg),
            // What was read has not the form in which it was written.
            _ => return Problem::Damaged(said),
        };
        match (failure.code, failure.extended_code) {
            (ffi::ErrorCode::DiskFull, _) => Problem::Full,
            (ffi::ErrorCode::DatabaseBusy | ffi::ErrorCode::DatabaseLocked, _) => Problem::Busy,
            (ffi::ErrorCode::ReadOnly, _) => Problem::ReadOnly,
            (ffi::ErrorCode::PermissionDenied | ffi::ErrorCode::CannotOpen, _) => Problem::Permission,
            (ffi::ErrorCode::NotADatabase, _) => Problem::Foreign,
            (ffi::ErrorCode::DatabaseCorrupt, _) | (_, ffi::SQLITE_IOERR_SHORT_READ) => Problem::Damaged(said),
            (ffi::ErrorCode::TooBig, _) => Problem::Large,
            // A table was made otherwise.
            (ffi::ErrorCode::Unknown | ffi::ErrorCode::ConstraintViolation | ffi::ErrorCode::TypeMismatch, _) => {
                Problem::Damaged(said)
            }
            _ => Problem::Other(said),
        }
    }
}

/// What went wrong with the store at `path`.
pub(super) fn at<P: Into<Problem>>(path: &Path) -> impl Fn(P) -> Error {
    move |problem| Error { path: path.to_path_buf(), problem: problem.into() }
}
