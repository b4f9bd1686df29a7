//! What a name leads to: the file that is known, another one, none, or something that is no file.
//!
//! A name is looked at when a notice or a sweep says so, and what it leads to then is all that counts: notices may be
//! old. Files are told apart by device and inode while their handles are open, for an inode that is held cannot be
//! given to another file; the mark decides where they are not.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::sync::Arc;

use super::super::compressed::{LOOKAHEAD_BYTES, Recognised, recognise};
use super::super::error::Operation;
use super::Follower;
use super::event::{Event, FileId, Receiver, Trouble};
use super::handles::open;
use super::pattern::Wanted;
use super::position::{Identity, Mark};
use super::reader::Cursor;
use super::search;
use super::tracked::{Stage, Tracked};

/// A name, and what it leads to.
#[derive(Debug, Default)]
pub(super) struct Name {
    pub file: Option<FileId>,
    /// Whether it is followed; else it is where a file went that had such a name.
    pub wanted: bool,
    /// What was said about it last.
    trouble: Option<String>,
}

impl Follower {
    /// Looks at a name that is followed.
    pub(super) fn look(&mut self, path: &Path, receive: &mut Receiver<'_>) {
        let known = self.names.get(path).and_then(|name| name.file.filter(|_| name.wanted));
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => {
                let identity = Identity::of(&metadata);
                if let Some(id) = known
                    && let Some(tracked) = self.files.get_mut(&id)
                    && tracked.identity == identity
                {
                    if tracked.differs(&metadata) {
                        self.stirred();
                        self.enqueue(id);
                    }
                    return;
                }
                self.lose_name(path, receive);
                match self.by_identity.get(&identity).copied() {
                    Some(id) if self.is_still(id, path) => self.give_name(id, path),
                    reused => {
                        if let Some(id) = reused {
                            self.forget(id, receive);
                        }
                        self.open(path, Arc::from(path), receive);
                    }
                }
            }
            Ok(metadata) => {
                self.lose_name(path, receive);
                // A pattern passes over folders; named outright it is a mistake.
                if !metadata.is_dir() || self.patterns.is_literal(path) {
                    let trouble = Trouble::NotAFile { name: path.to_string_lossy().into(), kind: kind(&metadata) };
                    self.trouble(path, &trouble, receive);
                }
            }
            Err(cause) if matches!(cause.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                self.lose_name(path, receive);
                if !self.patterns.is_literal(path) {
                    self.names.remove(path);
                } else if !self.names.contains_key(path) {
                    self.trouble(path, &Trouble::Absent(path.to_string_lossy().into()), receive);
                }
            }
            // What it leads to cannot be known, so a file that is open is read on.
            Err(cause) => self.trouble(path, &Trouble::io(path, Operation::Find, cause), receive),
        }
    }

    /// What had the name `from` was given the name `to`; true if everything has to be looked at.
    pub(super) fn moved(&mut self, from: &Path, to: &Path, receive: &mut Receiver<'_>) -> bool {
        let lineage = match self.names.get(from).and_then(|name| self.files.get(&name.file?)) {
            Some(tracked) => Some(Arc::clone(&tracked.name)),
            None => (self.patterns.wants(from) == Wanted::File).then(|| Arc::from(from)),
        };
        if let Some(name) = lineage
            && self.patterns.wants(to) != Wanted::File
            && let Ok(metadata) = fs::metadata(to)
            && metadata.is_file()
        {
            match self.by_identity.get(&Identity::of(&metadata)).copied() {
                Some(id) => {
                    if let Some(tracked) = self.files.get_mut(&id) {
                        tracked.path = to.to_path_buf();
                        self.names.insert(to.to_path_buf(), Name { file: Some(id), ..Name::default() });
                    }
                }
                // It came and was renamed between two looks.
                None => {
                    self.open(to, name, receive);
                }
            }
        }
        // The file takes the new name first, so that it is never without one.
        let anything = self.changed(to, receive) | self.changed(from, receive);
        // Where a nameless file was, it is no longer.
        let left = self.names.get(from).filter(|name| !name.wanted).and_then(|name| name.file);
        if left.is_some_and(|id| self.files.get(&id).is_none_or(|tracked| tracked.path != from)) {
            self.names.remove(from);
        }
        anything
    }

    /// Follows the file at `path`, reported by `name`.
    fn open(&mut self, path: &Path, name: Arc<Path>, receive: &mut Receiver<'_>) -> Option<FileId> {
        let opened = self.handles.open(path, &mut self.files).and_then(|file| Ok((file.metadata()?, file)));
        let (metadata, file) = match opened {
            Ok(opened) => opened,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return None,
            Err(cause) => {
                self.trouble(path, &Trouble::io(path, Operation::Open, cause), receive);
                return None;
            }
        };
        if !metadata.is_file() {
            let trouble = Trouble::NotAFile { name: path.to_string_lossy().into(), kind: kind(&metadata) };
            self.trouble(path, &trouble, receive);
            return None;
        }
        let identity = Identity::of(&metadata);
        if self.is_own(identity) {
            self.trouble(path, &Trouble::Own(path.to_string_lossy().into()), receive);
            return None;
        }
        let wanted = self.patterns.wants(path) == Wanted::File;
        if let Some(id) = self.by_identity.get(&identity).copied() {
            if wanted {
                self.give_name(id, path);
            }
            return Some(id);
        }
        let kind = self.reader.start(&file, LOOKAHEAD_BYTES).map(|start| recognise(start, true));
        let begun = kind.and_then(|kind| match kind {
            Recognised::Compressed(codec) => Ok(Err(codec.name())),
            Recognised::Unsupported { kind, .. } => Ok(Err(kind)),
            _ if self.begins_at_end(path) => self.reader.end(&file, metadata.len()).map(Ok),
            _ => Ok(Ok(Mark::start())),
        });
        let mark = match begun {
            Ok(Ok(mark)) => mark,
            Ok(Err(codec)) => {
                self.trouble(path, &Trouble::Compressed { name: path.to_string_lossy().into(), codec }, receive);
                return None;
            }
            Err(cause) => {
                self.trouble(path, &Trouble::io(path, Operation::Read, cause), receive);
                return None;
            }
        };
        let mut tracked = Tracked::new(name, path, identity, Cursor::at(mark), self.now);
        tracked.differs(&metadata);
        tracked.length = metadata.len();
        let id = self.track(tracked, Some(file), receive);
        if wanted {
            self.give_name(id, path);
        } else {
            self.linger(id, path);
        }
        Some(id)
    }

    /// Whether it is a file that whoever follows writes by himself. What their names lead to now is all that counts: they may
    /// be rotated, and an inode of theirs be given to a log.
    pub(super) fn is_own(&self, identity: Identity) -> bool {
        let is_it = |metadata: Metadata| Identity::of(&metadata) == identity;
        self.options.own.iter().any(|own| fs::metadata(own).is_ok_and(is_it))
    }

    /// Reads a file to its end that has no name to follow; `path` is where it lies.
    pub(super) fn linger(&mut self, id: FileId, path: &Path) {
        if self.patterns.wants(path) != Wanted::File {
            self.names.entry(path.to_path_buf()).or_default().file.get_or_insert(id);
        }
        if !self.lingering.contains(&id) {
            self.lingering.push(id);
        }
        self.enqueue(id);
    }

    /// Takes a file on. It waits for the one that had its name before, and is nameless until it is given its name.
    pub(super) fn track(
        &mut self,
        mut tracked: Tracked,
        handle: Option<fs::File>,
        receive: &mut Receiver<'_>,
    ) -> FileId {
        self.last_id += 1;
        let id = FileId(self.last_id);
        self.stirred();
        let before = self.lingering.iter().rev().copied().find(|before| {
            self.files
                .get(before)
                .is_some_and(|file| file.name == tracked.name && file.more && file.successor.is_none())
        });
        if let Some(before) = before
            && let Some(file) = self.files.get_mut(&before)
        {
            file.successor = Some(id);
            tracked.waits_for = Some(before);
        }
        if let Some(handle) = handle {
            self.handles.keep(id, &mut tracked, handle);
        }
        let (from, backlog) = (tracked.cursor.handed.at, tracked.backlog());
        let _ = receive(Event::Opened { file: id, name: &tracked.name, from, backlog });
        self.by_identity.insert(tracked.identity, id);
        self.files.insert(id, tracked);
        id
    }

    /// A followed name leads to a file that is known.
    pub(super) fn give_name(&mut self, id: FileId, path: &Path) {
        let Some(tracked) = self.files.get_mut(&id) else { return };
        let name = self.names.entry(path.to_path_buf()).or_default();
        *name = Name { file: Some(id), wanted: true, trouble: None };
        if !tracked.names.iter().any(|known| known == path) {
            tracked.names.push(path.to_path_buf());
        }
        if tracked.names.len() == 1 {
            tracked.path = path.to_path_buf();
        }
        tracked.stage =
            if *tracked.name == *path || tracked.stage == Stage::Named { Stage::Named } else { Stage::Renamed };
        if fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink())
            && let Ok(target) = fs::canonicalize(path)
        {
            let names = self.links.entry(target).or_default();
            if !names.iter().any(|known| known == path) {
                names.push(path.to_path_buf());
                // Its folder is watched from the next scan on.
                self.sweep.hasten(self.now);
            }
        }
        self.stirred();
        self.enqueue(id);
    }

    /// A followed name leads to its file no longer.
    fn lose_name(&mut self, path: &Path, receive: &mut Receiver<'_>) {
        let Some(id) = self.names.get_mut(path).filter(|name| name.wanted).and_then(|name| name.file.take()) else {
            return;
        };
        self.stirred();
        self.links.retain(|_, names| {
            names.retain(|known| known != path);
            !names.is_empty()
        });
        let Some(tracked) = self.files.get_mut(&id) else { return };
        tracked.names.retain(|known| known != path);
        if *tracked.name == *path {
            let _ = receive(Event::Rotated { file: id, name: &tracked.name });
        }
        tracked.stage = if tracked.names.is_empty() { Stage::Nameless } else { Stage::Renamed };
        tracked.stir(self.now);
        if let Some(name) = tracked.names.first() {
            tracked.path = name.clone();
        } else if tracked.handle.is_none() {
            // It was closed for want of room: found under another name, or gone.
            let found = search::by_identity(path, tracked.identity).filter(|found| self.is_still(id, found));
            match (found, self.files.get_mut(&id)) {
                (Some(found), Some(tracked)) => tracked.path = found,
                _ => return self.forget(id, receive),
            }
        }
        let Some(tracked) = self.files.get(&id) else { return };
        let path = tracked.path.clone();
        self.linger(id, &path);
    }

    /// Whether the inode at `path` is still that of a known file: one that is open holds it; else it may have been
    /// given to another.
    fn is_still(&mut self, id: FileId, path: &Path) -> bool {
        match self.files.get(&id) {
            Some(tracked) if tracked.handle.is_some() => true,
            Some(tracked) => {
                let mark = tracked.cursor.handed;
                open(path).and_then(|file| self.reader.has(&file, &mark)).unwrap_or(false)
            }
            None => false,
        }
    }

    /// Follows a file no longer.
    pub(super) fn forget(&mut self, id: FileId, receive: &mut Receiver<'_>) {
        let Some(mut tracked) = self.files.remove(&id) else { return };
        self.by_identity.remove(&tracked.identity);
        self.handles.close(&mut tracked);
        for path in tracked.names.iter().chain([&tracked.path]) {
            if let Some(name) = self.names.get_mut(path).filter(|name| name.file == Some(id)) {
                name.file = None;
                if !name.wanted {
                    self.names.remove(path);
                }
            }
        }
        self.lingering.retain(|known| *known != id);
        let _ = receive(Event::Gone { file: id, name: &tracked.name, unread: tracked.unread() });
        if let Some(successor) = tracked.successor {
            self.release(successor);
        }
    }

    /// Tells what is in the way of following a name, if it was not said last.
    pub(super) fn trouble(&mut self, path: &Path, trouble: &Trouble, receive: &mut Receiver<'_>) {
        if self.patterns.wants(path) != Wanted::File {
            let _ = receive(Event::Failed(trouble));
            return;
        }
        let sentence = trouble.to_string();
        let name = self.names.entry(path.to_path_buf()).or_default();
        name.wanted = true;
        if name.trouble.as_ref() != Some(&sentence) {
            let _ = receive(Event::Failed(trouble));
            name.trouble = Some(sentence);
        }
    }

    fn stirred(&mut self) {
        let polls = self.watch.polls();
        self.sweep.stir(self.now, polls, &self.options);
    }
}

fn kind(metadata: &Metadata) -> &'static str {
    let kind = metadata.file_type();
    match () {
        () if kind.is_dir() => "a directory",
        () if kind.is_fifo() => "a named pipe",
        () if kind.is_socket() => "a socket",
        () => "a device",
    }
}
