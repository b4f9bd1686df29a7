//! Open files are fewer than followed ones: those not used for longest are closed.
//!
//! A closed file is opened again by its name and known again by device, inode and mark. While it is closed, nothing
//! keeps it from being deleted; so a file is closed only if it has a name, and only when another needs the room.

use std::collections::{HashMap, VecDeque};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::event::FileId;
use super::tracked::Tracked;

#[derive(Debug)]
pub(super) struct Handles {
    max: usize,
    open: usize,
    uses: u64,
    /// Uses, oldest first; only the latest of each file counts.
    order: VecDeque<(u64, FileId)>,
}

impl Handles {
    pub(super) fn new(max: usize) -> Handles {
        Handles { max: max.max(1), open: 0, uses: 0, order: VecDeque::new() }
    }

    /// Opens a path for reading, closing another file where there is no room.
    pub(super) fn open(&mut self, path: &Path, files: &mut HashMap<FileId, Tracked>) -> io::Result<File> {
        while self.open >= self.max && self.close_one(files) {}
        match open(path) {
            Err(cause) if matches!(cause.raw_os_error(), Some(libc::EMFILE | libc::ENFILE)) => {
                // The system's limit is lower than ours. A few are left for others, who need them too.
                self.max = self.open.saturating_sub(8).max(1);
                while self.open >= self.max && self.close_one(files) {}
                open(path)
            }
            opened => opened,
        }
    }

    /// Gives a file its handle.
    pub(super) fn keep(&mut self, id: FileId, tracked: &mut Tracked, handle: File) {
        if tracked.handle.replace(handle).is_none() {
            self.open += 1;
        }
        self.used(id, tracked);
    }

    /// Notes that a file was read.
    pub(super) fn used(&mut self, id: FileId, tracked: &mut Tracked) {
        self.uses += 1;
        tracked.used = self.uses;
        self.order.push_back((self.uses, id));
    }

    /// Closes a file's handle.
    pub(super) fn close(&mut self, tracked: &mut Tracked) {
        if tracked.handle.take().is_some() {
            self.open = self.open.saturating_sub(1);
        }
    }

    /// Forgets uses that others followed, so that the order does not outgrow the files.
    pub(super) fn tidy(&mut self, files: &HashMap<FileId, Tracked>) {
        if self.order.len() > 2 * files.len() + 1024 {
            self.order.retain(|(used, id)| files.get(id).is_some_and(|tracked| tracked.used == *used));
        }
    }

    fn close_one(&mut self, files: &mut HashMap<FileId, Tracked>) -> bool {
        self.close_oldest(files, true) || self.close_oldest(files, false)
    }

    fn close_oldest(&mut self, files: &mut HashMap<FileId, Tracked>, spare: bool) -> bool {
        let mut kept = Vec::new();
        let mut closed = false;
        while !closed && let Some((used, id)) = self.order.pop_front() {
            let Some(tracked) = files.get_mut(&id).filter(|tracked| tracked.used == used) else { continue };
            if tracked.handle.is_none() {
                continue;
            }
            // What is unread of a closed file is lost if it is deleted.
            if tracked.names.is_empty() || (spare && tracked.unread() > 0) {
                kept.push((used, id));
                continue;
            }
            self.close(tracked);
            closed = true;
        }
        for entry in kept.into_iter().rev() {
            self.order.push_front(entry);
        }
        closed
    }
}

/// Opens what may have become a named pipe since it was looked at: that must not wait for a writer.
pub(super) fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)
}
