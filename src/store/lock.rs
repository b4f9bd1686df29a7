//! One monitor has a store, until its process ends.
//!
//! SQLite lets several processes write in turn; two monitors that did would count into one sum and overwrite each other's
//! positions. Its exclusive mode would keep the second one out, but readers too. So the owner holds a lock on a file
//! beside the store (`FILE-lock`, as SQLite's own are `FILE-wal` and `FILE-shm`), which the kernel takes back however the
//! process ends: nothing is to be cleaned up after a kill. The file says which process has it, for the sentence that the
//! other one prints; it stays where it is, since whoever deletes it may delete one that somebody has just locked.

use super::error::Problem;
use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The right to write to a store.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes it; `store` is the real name of the store's file.
    pub fn take(store: &Path) -> Result<Lock, Problem> {
        let mut name = OsString::from(store);
        name.push("-lock");
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(name)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut said = String::new();
                // Its owner may be just about to write it.
                let _ = (&mut file).take(32).read_to_string(&mut said);
                return Err(Problem::Held { by: said.trim().parse().ok() });
            }
            Err(TryLockError::Error(error)) => {
                return Err(Problem::Other(format!("its file system has no locks ({error})")));
            }
        }
        // That it says who we are is a courtesy: on a full disk the lock holds all the same.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Lock { _file: file })
    }
}
