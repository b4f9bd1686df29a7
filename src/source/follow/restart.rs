//! Finding the files of an earlier run again.
//!
//! A file is first looked for at its last path, then by its inode in that folder, where rotation renamed it; its mark
//! says whether it is the same content. If it is not, or there is no such inode, a copy is looked for by the mark:
//! copytruncate left one, or the device has another number since the machine was started. What is found under another
//! name is finished before the file that has the name now is begun.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Follower;
use super::event::{Event, FileId, Receiver, Trouble};
use super::handles::open;
use super::options::Begin;
use super::pattern::Wanted;
use super::position::{Identity, Mark, Position};
use super::reader::Cursor;
use super::search;
use super::tracked::{Stage, Tracked};

/// How files are begun that are there at the first poll.
#[derive(Debug)]
pub(super) struct Starting {
    at_end: bool,
    /// Names with a saved position: what is there now came later.
    saved: HashSet<OsString>,
}

impl Follower {
    /// The first look: saved files, then all others.
    pub(super) fn start(&mut self, saved: &[Position], receive: &mut Receiver<'_>) {
        let at_end = match self.options.begin {
            Begin::End => true,
            Begin::Beginning => false,
            Begin::Resume => saved.is_empty(),
        };
        let names = saved.iter().map(|position| position.name.clone()).collect();
        self.starting = Some(Starting { at_end, saved: names });
        for position in saved {
            // What is followed no longer is not finished either.
            if self.patterns.wants(Path::new(&position.name)) == Wanted::File && !self.is_own(position.identity()) {
                self.restore(position, receive);
            }
        }
        self.scan(receive);
        self.starting = None;
        for id in self.lingering.clone() {
            if let Some(tracked) = self.files.get(&id).filter(|tracked| tracked.stage == Stage::Nameless) {
                let _ = receive(Event::Rotated { file: id, name: &tracked.name });
            }
        }
    }

    /// Whether a file that is found now at `path`, without a saved position, is begun at its end.
    pub(super) fn begins_at_end(&self, path: &Path) -> bool {
        self.starting.as_ref().is_some_and(|starting| starting.at_end && !starting.saved.contains(path.as_os_str()))
    }

    fn restore(&mut self, position: &Position, receive: &mut Receiver<'_>) {
        let (path, mark) = (Path::new(&position.path), position.to_mark());
        let same = self.same_inode(path, position.identity());
        if let Some((found, file, metadata)) = same {
            if self.reader.has(&file, &mark).unwrap_or(false) {
                self.take_up(position, &found, mark, (file, metadata), receive);
                return;
            }
            if *found == *position.name {
                // Cut while nobody followed. What was unread then may be in a copy.
                self.restore_copy(position, &mark, receive);
                let id = self.take_up(position, &found, Mark::start(), (file, metadata), receive);
                if let Some(tracked) = self.files.get(&id) {
                    let _ = receive(Event::Truncated { file: id, name: &tracked.name, unread: 0 });
                }
                return;
            }
            // The inode went to another file.
        }
        if !self.restore_copy(position, &mark, receive) && mark.at > 0 {
            let name = position.name.to_string_lossy().into();
            let _ = receive(Event::Failed(&Trouble::Lost { name, offset: mark.at }));
        }
    }

    /// Goes on in a file that holds what was read; false if there is none.
    fn restore_copy(&mut self, position: &Position, mark: &Mark, receive: &mut Receiver<'_>) -> bool {
        let beside = [&position.path, &position.name].map(PathBuf::from);
        let found = beside.iter().find_map(|path| search::by_mark(path, mark, &mut self.reader));
        let Some((path, file, metadata)) = found else { return false };
        if !self.by_identity.contains_key(&Identity::of(&metadata)) {
            self.take_up(position, &path, *mark, (file, metadata), receive);
        }
        true
    }

    fn same_inode(&self, path: &Path, identity: Identity) -> Option<(PathBuf, File, Metadata)> {
        let at = |path: PathBuf| {
            let file = open(&path).ok()?;
            let metadata = file.metadata().ok().filter(|found| found.is_file() && Identity::of(found) == identity)?;
            Some((path, file, metadata))
        };
        at(path.to_path_buf()).or_else(|| search::by_identity(path, identity).and_then(at))
    }

    /// Follows a found file from `mark`. It has no name until the scan gives it one.
    fn take_up(
        &mut self,
        position: &Position,
        path: &Path,
        mark: Mark,
        (file, metadata): (File, Metadata),
        receive: &mut Receiver<'_>,
    ) -> FileId {
        if let Some(id) = self.by_identity.get(&Identity::of(&metadata)) {
            return *id;
        }
        let name = Arc::from(Path::new(&position.name));
        let mut tracked = Tracked::new(name, path, Identity::of(&metadata), Cursor::at(mark), self.now);
        tracked.length = metadata.len();
        let id = self.track(tracked, Some(file), receive);
        self.linger(id, path);
        id
    }
}
