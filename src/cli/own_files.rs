//! The files that a monitor writes by itself, which it does not follow.

use super::monitor_flags::Flags;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What SQLite keeps beside a store, and the store its lock.
const BESIDE_STORE: [&str; 5] = ["", "-wal", "-shm", "-journal", "-lock"];

/// All of them, standard output and standard error too, where those are files.
pub fn own_files(flags: &Flags) -> Vec<PathBuf> {
    let beside = |store: &Path| {
        let store = store.as_os_str();
        BESIDE_STORE.map(|ending| {
            let mut name = OsString::from(store);
            name.push(ending);
            PathBuf::from(name)
        })
    };
    let stores = flags.store.store.iter().flat_map(|store| beside(store));
    let named = flags.o.iter().chain(&flags.summaries.summary_file).chain(&flags.counting.invalid).cloned();
    stores.chain(named).chain(["/dev/stdout", "/dev/stderr"].map(PathBuf::from)).collect()
}
