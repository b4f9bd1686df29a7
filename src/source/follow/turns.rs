//! Turns: each file that may have something to read gives one block, then the next one.
//!
//! So a file that grows faster than it is read delays the others by a block and no more. A file that came to a name
//! whose last file is not read to its end waits for that.

use std::ops::ControlFlow;

use super::super::compressed::{Recognised, recognise};
use super::super::error::Operation;
use super::Follower;
use super::event::{Discard, Event, FileId, Receiver, Trouble};
use super::position::{Identity, Mark};
use super::reader::{Cursor, Step};
use super::tracked::Stage;

impl Follower {
    /// One turn of a file; `Break` if the receiver wants no more for now.
    pub(super) fn turn(&mut self, id: FileId, receive: &mut Receiver<'_>) -> ControlFlow<()> {
        let Some(tracked) = self.files.get_mut(&id) else { return ControlFlow::Continue(()) };
        tracked.queued = false;
        if tracked.paused || tracked.waits_for.is_some() || !self.opened(id, receive) {
            return ControlFlow::Continue(());
        }
        let Some(tracked) = self.files.get_mut(&id) else { return ControlFlow::Continue(()) };
        self.handles.used(id, tracked);
        let Some(handle) = &tracked.handle else { return ControlFlow::Continue(()) };
        let before = tracked.cursor;
        let look = match self.reader.step(handle, &mut tracked.cursor) {
            Ok(look) => look,
            Err(cause) => return self.unreadable(id, cause, receive),
        };
        if look.step == Step::Changed {
            let _ = receive(Event::Truncated { file: id, name: &tracked.name, unread: tracked.unread() });
            tracked.cursor = Cursor::at(Mark::start());
            (tracked.length, tracked.looked_at) = (0, 0);
            tracked.stir(self.now);
            self.enqueue(id);
            return ControlFlow::Continue(());
        }
        let length = handle.metadata().map_or(look.end, |metadata| metadata.len().max(look.end));
        (tracked.length, tracked.looked_at) = (length, look.end);
        let read = tracked.cursor.seen.at != before.seen.at;
        // A length without bytes behind it is not believed, or it would be asked for without end.
        tracked.more = look.more || (read && length > look.end);
        let flow = match look.step {
            Step::Lines { text, from: 0, .. } if is_compressed(self.reader.text(text.clone())) => {
                return self.refuse(id, receive);
            }
            Step::Lines { text, from, skipped } => {
                let event = Event::Lines {
                    file: id,
                    text: self.reader.text(text),
                    from,
                    to: tracked.cursor.handed.at,
                    backlog: tracked.backlog(),
                };
                let flow = receive(event);
                discard(id, skipped, Discard::LongLine, receive);
                flow
            }
            Step::Nuls(bytes) => {
                discard(id, bytes, Discard::Nuls, receive);
                ControlFlow::Continue(())
            }
            Step::Nothing | Step::Changed => ControlFlow::Continue(()),
        };
        if read {
            tracked.stir(self.now);
            let polls = self.watch.polls();
            self.sweep.stir(self.now, polls, &self.options);
        }
        if tracked.more {
            self.enqueue(id);
        } else {
            self.at_end(id, read, receive);
        }
        flow
    }

    /// Lingering files are looked at by the clock: the last notices of a file without a name may have no name either.
    pub(super) fn look_at_lingering(&mut self) {
        let files = &self.files;
        self.lingering.retain(|id| files.get(id).is_some_and(|tracked| tracked.stage != Stage::Named));
        let due =
            self.lingering.iter().copied().filter(|id| files.get(id).is_some_and(|file| file.look_at <= self.now));
        for id in due.collect::<Vec<_>>() {
            self.enqueue(id);
        }
    }

    /// A file was read to its end, as it is now.
    fn at_end(&mut self, id: FileId, read: bool, receive: &mut Receiver<'_>) {
        let Some(tracked) = self.files.get_mut(&id) else { return };
        let lingers = tracked.stage != Stage::Named;
        if lingers && !read {
            tracked.rest(self.now);
            // A second after the end at most: `rest` does not pass over it.
            let end = tracked.quiet_since + self.options.grace;
            tracked.look_at = if self.now < end { tracked.look_at.min(end) } else { tracked.look_at };
            if self.now >= end {
                return self.finish(id, receive);
            }
        }
        if let Some(successor) = tracked.successor.take() {
            self.release(successor);
        }
    }

    /// A lingering file was quiet for the grace time: what is left is its last line.
    fn finish(&mut self, id: FileId, receive: &mut Receiver<'_>) {
        while let Some(tracked) = self.files.get_mut(&id)
            && let Some(handle) = &tracked.handle
        {
            let length = handle.metadata().map_or(0, |metadata| metadata.len());
            let step = self.reader.last(handle, &mut tracked.cursor, length);
            match step {
                Ok(Step::Lines { text, from, skipped }) => {
                    let to = tracked.cursor.handed.at;
                    let _ = receive(Event::Lines { file: id, text: self.reader.text(text), from, to, backlog: 0 });
                    discard(id, skipped, Discard::LongLine, receive);
                }
                Ok(Step::Nuls(bytes)) => discard(id, bytes, Discard::Nuls, receive),
                Ok(Step::Nothing | Step::Changed) => break,
                Err(cause) => {
                    let path = tracked.path.clone();
                    self.trouble(&path, &Trouble::io(&path, Operation::Read, cause), receive);
                    break;
                }
            }
        }
        let Some(tracked) = self.files.get_mut(&id) else { return };
        if tracked.stage == Stage::Nameless {
            return self.forget(id, receive);
        }
        // It stays, as an idle file under its new name.
        tracked.stage = Stage::Named;
        if let Some(successor) = tracked.successor.take() {
            self.release(successor);
        }
    }

    /// Lets a file be read that waited for another.
    pub(super) fn release(&mut self, id: FileId) {
        if let Some(tracked) = self.files.get_mut(&id) {
            tracked.waits_for = None;
            self.enqueue(id);
        }
    }

    /// Opens a file again that was closed for want of room; false if it is not what it was.
    fn opened(&mut self, id: FileId, receive: &mut Receiver<'_>) -> bool {
        let Some(tracked) = self.files.get(&id) else { return false };
        if tracked.handle.is_some() {
            return true;
        }
        let (path, identity) = (tracked.path.clone(), tracked.identity);
        let opened = self.handles.open(&path, &mut self.files).and_then(|file| Ok((file.metadata()?, file)));
        match opened {
            Ok((metadata, file)) if Identity::of(&metadata) == identity => {
                if let Some(tracked) = self.files.get_mut(&id) {
                    self.handles.keep(id, tracked, file);
                }
                return true;
            }
            // Its name leads elsewhere by now.
            Ok(_) => self.look(&path, receive),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => self.look(&path, receive),
            Err(cause) => {
                self.trouble(&path, &Trouble::io(&path, Operation::Open, cause), receive);
                self.retry(id);
            }
        }
        // A nameless file that is nowhere is gone.
        if self.files.get(&id).is_some_and(|tracked| tracked.stage == Stage::Nameless && tracked.handle.is_none()) {
            self.forget(id, receive);
        }
        false
    }

    /// A read failed: the handle may be stale (a network file system's server came back), so it is opened anew.
    fn unreadable(&mut self, id: FileId, cause: std::io::Error, receive: &mut Receiver<'_>) -> ControlFlow<()> {
        let Some(tracked) = self.files.get_mut(&id) else { return ControlFlow::Continue(()) };
        let path = tracked.path.clone();
        if tracked.stage != Stage::Nameless {
            self.handles.close(tracked);
        }
        self.trouble(&path, &Trouble::io(&path, Operation::Read, cause), receive);
        self.retry(id);
        self.at_end(id, false, receive);
        ControlFlow::Continue(())
    }

    /// The next sweep looks at it again.
    fn retry(&mut self, id: FileId) {
        if let Some(tracked) = self.files.get_mut(&id) {
            tracked.more = false;
            tracked.glimpse = None;
        }
    }

    /// The first bytes of a file that was empty say that it has no lines.
    fn refuse(&mut self, id: FileId, receive: &mut Receiver<'_>) -> ControlFlow<()> {
        if let Some(tracked) = self.files.get_mut(&id) {
            tracked.cursor = Cursor::at(Mark::start());
            let (path, name) = (tracked.path.clone(), tracked.path.to_string_lossy().into());
            self.forget(id, receive);
            self.trouble(&path, &Trouble::Compressed { name, codec: "compressed" }, receive);
        }
        ControlFlow::Continue(())
    }
}

fn is_compressed(start: &[u8]) -> bool {
    matches!(recognise(start, true), Recognised::Compressed(_) | Recognised::Unsupported { .. })
}

fn discard(file: FileId, bytes: u64, why: Discard, receive: &mut Receiver<'_>) {
    if bytes > 0 {
        let _ = receive(Event::Discarded { file, bytes, why });
    }
}
