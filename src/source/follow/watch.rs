//! The kernel's notices about folders (inotify(7)).
//!
//! Folders are watched, not files: ten thousand files in one folder cost one watch, and a rename within or between
//! watched folders is told with both names. A notice is a hint: it says where to look, and the look decides. So a
//! notice too many costs a system call, and one too few (hard links, maps, a queue that overflowed) is made up for by
//! the sweep.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::fs;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;

use super::event::{Trouble, Unnoticed};
use super::network::is_network;
use super::pattern::on_disk;
use super::position::Identity;

/// Where to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    /// A file grew, or was cut.
    Written(PathBuf),
    /// A name came, went, or its rights changed.
    Changed(PathBuf),
    /// What had the first name has the second now.
    Moved(PathBuf, PathBuf),
    /// Anything may have changed.
    Anything,
}

/// The watched folders.
#[derive(Debug)]
pub(super) struct Watch {
    /// None where there is no inotify, or none is wanted.
    fd: Option<OwnedFd>,
    /// Why there is none, if it is wanted.
    refused: Option<Unnoticed>,
    folders: BTreeMap<PathBuf, Folder>,
    by_number: HashMap<i32, Vec<PathBuf>>,
    /// Whether some folder has to be polled.
    polls: bool,
}

#[derive(Debug)]
struct Folder {
    identity: Option<Identity>,
    leaf: bool,
    /// The number of its watch; none if it is polled.
    number: Option<i32>,
}

impl Watch {
    pub(super) fn new(wanted: bool) -> Watch {
        let (fd, refused) = match wanted.then(|| inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)) {
            Some(Ok(fd)) => (Some(fd), None),
            Some(Err(cause)) => (None, Some(unnoticed(cause, Unnoticed::Instances))),
            None => (None, None),
        };
        Watch { fd, refused, folders: BTreeMap::new(), by_number: HashMap::new(), polls: true }
    }

    /// Readable when there are notices.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.fd.as_ref().map(AsFd::as_fd)
    }

    /// Whether some folder has to be polled.
    pub(super) fn polls(&self) -> bool {
        self.polls
    }

    /// Watches exactly these folders; true if one was added. A folder that cannot be watched is polled, and told once.
    pub(super) fn set(&mut self, wanted: BTreeMap<PathBuf, bool>, troubles: &mut Vec<Trouble>) -> bool {
        let gone: Vec<PathBuf> = self.folders.keys().filter(|path| !wanted.contains_key(*path)).cloned().collect();
        for path in gone {
            self.remove(&path);
        }
        let mut added = false;
        for (path, leaf) in wanted {
            let identity = fs::metadata(on_disk(&path)).ok().map(|metadata| Identity::of(&metadata));
            match self.folders.get(&path) {
                Some(known) if known.identity == identity && (known.leaf || !leaf) => continue,
                _ => self.remove(&path),
            }
            let number = self.add(&path, leaf, troubles);
            added = true;
            self.folders.insert(path, Folder { identity, leaf, number });
        }
        self.polls = self.folders.values().any(|folder| folder.number.is_none());
        added
    }

    fn add(&mut self, path: &Path, leaf: bool, troubles: &mut Vec<Trouble>) -> Option<i32> {
        let mut told = |why| {
            let folder = on_disk(path).to_string_lossy().into_owned();
            troubles.push(Trouble::Polled { folder, why });
            None
        };
        let Some(fd) = &self.fd else {
            // For all folders it is one sentence.
            return self.refused.take().and_then(told);
        };
        if is_network(on_disk(path)) {
            return told(Unnoticed::Network);
        }
        let mut flags = WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::MOVE
            | WatchFlags::DELETE_SELF
            | WatchFlags::MOVE_SELF
            | WatchFlags::ONLYDIR
            | WatchFlags::MASK_ADD;
        if leaf {
            flags |= WatchFlags::MODIFY | WatchFlags::ATTRIB;
        }
        match inotify::add_watch(fd, on_disk(path), flags) {
            Ok(number) => {
                self.by_number.entry(number).or_default().push(path.to_path_buf());
                Some(number)
            }
            // It is gone already, or never was to be listed: the next look tells.
            Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS) => None,
            Err(cause) => told(unnoticed(cause, Unnoticed::Watches)),
        }
    }

    fn remove(&mut self, path: &Path) {
        let Some(number) = self.folders.remove(path).and_then(|folder| folder.number) else { return };
        let Some(paths) = self.by_number.get_mut(&number) else { return };
        paths.retain(|known| known != path);
        // Another path may lead to the same folder.
        if paths.is_empty() {
            self.by_number.remove(&number);
            if let Some(fd) = &self.fd {
                let _ = inotify::remove_watch(fd, number);
            }
        }
    }

    /// Takes what the kernel noticed, in order.
    pub(super) fn read(&mut self, notices: &mut Vec<Notice>) {
        let mut buffer = [MaybeUninit::uninit(); 16 << 10];
        // First halves of renames: both follow each other, but other notices may lie between.
        let mut left: HashMap<u32, Vec<PathBuf>> = HashMap::new();
        let mut lost = Vec::new();
        let Some(fd) = &self.fd else { return };
        let mut reader = Reader::new(fd, &mut buffer);
        loop {
            let event = match reader.next() {
                Ok(event) => event,
                Err(Errno::INTR) => continue,
                Err(_) => break,
            };
            let kind = event.events();
            if kind.contains(ReadFlags::QUEUE_OVERFLOW) {
                notices.push(Notice::Anything);
                continue;
            }
            let Some(folders) = self.by_number.get(&event.wd()) else { continue };
            if kind.intersects(ReadFlags::MOVE_SELF | ReadFlags::DELETE_SELF | ReadFlags::IGNORED | ReadFlags::UNMOUNT)
            {
                lost.extend(folders.iter().cloned());
                notices.push(Notice::Anything);
                continue;
            }
            let Some(name) = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes())) else { continue };
            let paths = folders.iter().map(|folder| folder.join(name));
            if kind.contains(ReadFlags::MODIFY) {
                notices.extend(paths.map(Notice::Written));
            } else if kind.contains(ReadFlags::MOVED_FROM) {
                left.insert(event.cookie(), paths.collect());
            } else if kind.contains(ReadFlags::MOVED_TO) {
                let from = left.remove(&event.cookie()).unwrap_or_default();
                for to in paths {
                    notices.extend(from.iter().map(|from| Notice::Moved(from.clone(), to.clone())));
                    notices.extend(from.is_empty().then_some(Notice::Changed(to)));
                }
            } else {
                notices.extend(paths.map(Notice::Changed));
            }
        }
        // Moved to where nobody watches.
        notices.extend(left.into_values().flatten().map(Notice::Changed));
        // Watched anew by the next `set`, whatever lies there then.
        for path in lost {
            self.remove(&path);
        }
    }
}

fn unnoticed(cause: Errno, limit: Unnoticed) -> Unnoticed {
    match cause {
        Errno::NOSPC | Errno::MFILE | Errno::NFILE | Errno::NOMEM => limit,
        cause => Unnoticed::Refused(Some(cause.raw_os_error())),
    }
}
