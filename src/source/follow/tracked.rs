//! One followed file: what is remembered of it while it waits.

use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::event::FileId;
use super::position::{Identity, Position};
use super::reader::Cursor;

/// What a file is to the patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It has the name by which it was found.
    Named,
    /// It has another name that is followed too; its writer may still hold it.
    Renamed,
    /// It has no name that is followed: read to its end, and let go once it was quiet for the grace time.
    Nameless,
}

/// The shortest and the longest time between two looks at a file whose writer may still hold it.
const LOOK_MIN: Duration = Duration::from_millis(20);
const LOOK_MAX: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Tracked {
    /// The name by which it is reported.
    pub name: Arc<Path>,
    /// Where it was last.
    pub path: PathBuf,
    /// Its names that are followed.
    pub names: Vec<PathBuf>,
    pub identity: Identity,
    /// None while it is idle and others need the room.
    pub handle: Option<File>,
    /// The number of its last use, to find the one not used for longest.
    pub used: u64,
    pub cursor: Cursor,
    /// Bytes it had at its last turn.
    pub length: u64,
    /// Behind the last byte that was looked at then, of a line that has not ended too.
    pub looked_at: u64,
    /// Length and time of change at the last look at its name.
    pub glimpse: Option<(u64, i64, i64)>,
    pub stage: Stage,
    /// Since when nothing was read of it.
    pub quiet_since: Instant,
    /// When it is looked at next without being asked to, unless it is `Named`.
    pub look_at: Instant,
    pub look_after: Duration,
    /// Whether there may be something to read.
    pub more: bool,
    /// Whether it stands in the queue.
    pub queued: bool,
    pub paused: bool,
    /// The file that had its name before and is not read to its end yet.
    pub waits_for: Option<FileId>,
    /// The file that waits for this one.
    pub successor: Option<FileId>,
}

impl Tracked {
    pub(super) fn new(name: Arc<Path>, path: &Path, identity: Identity, cursor: Cursor, now: Instant) -> Tracked {
        Tracked {
            name,
            path: path.to_path_buf(),
            names: Vec::new(),
            identity,
            handle: None,
            used: 0,
            cursor,
            length: cursor.handed.at,
            looked_at: 0,
            glimpse: None,
            stage: Stage::Nameless,
            quiet_since: now,
            look_at: now,
            look_after: LOOK_MIN,
            more: true,
            queued: false,
            paused: false,
            waits_for: None,
            successor: None,
        }
    }

    /// Whether its length or time of change differ from the last look at its name.
    pub(super) fn differs(&mut self, metadata: &Metadata) -> bool {
        let glimpse = Some((metadata.len(), metadata.mtime(), metadata.mtime_nsec()));
        std::mem::replace(&mut self.glimpse, glimpse) != glimpse
    }

    /// Bytes that are known to be there and were not read. The beginning of a line that has not ended was read.
    pub(super) fn backlog(&self) -> u64 {
        self.length.saturating_sub(self.looked_at.max(self.cursor.handed.at))
    }

    /// Bytes that are known to be there and were not handed over.
    pub(super) fn unread(&self) -> u64 {
        self.length.saturating_sub(self.cursor.handed.at)
    }

    /// Notes that something was read, or that there is a new reason to look.
    pub(super) fn stir(&mut self, now: Instant) {
        self.quiet_since = now;
        self.look_after = LOOK_MIN;
        self.look_at = now + LOOK_MIN;
    }

    /// Notes that nothing was found; the next look comes later.
    pub(super) fn rest(&mut self, now: Instant) {
        self.look_at = now + self.look_after;
        self.look_after = (self.look_after * 2).min(LOOK_MAX);
    }

    pub(super) fn position(&self) -> Position {
        let (mark, mark_bytes) = Position::parts(&self.cursor.handed);
        Position {
            name: self.name.as_os_str().to_owned(),
            path: self.path.as_os_str().to_owned(),
            device: self.identity.device,
            inode: self.identity.inode,
            offset: self.cursor.handed.at,
            mark_bytes,
            mark,
        }
    }
}
