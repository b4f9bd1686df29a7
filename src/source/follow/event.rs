//! What a follower tells.

use std::fmt;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use super::super::error::{Operation, SourceError, write_name};

/// A followed file, by a number that is not used again in this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub(super) u64);

/// What happened to a followed file. Names are those by which the files were found first.
#[derive(Debug)]
pub enum Event<'a> {
    /// The next whole lines of a file.
    Lines {
        /// The file.
        file: FileId,
        /// Whole lines with their endings. Only the last line of a finished file may lack its newline, and of a line
        /// over the limit there is only the beginning (longer than the limit, so that it is known to be too long).
        text: &'a [u8],
        /// Where they begin in the file, in bytes.
        from: u64,
        /// Behind the last of them: the offset of the position from now on.
        to: u64,
        /// Bytes of the file that are still unread, as far as it is known; the beginning of a line that has not ended was
        /// read.
        backlog: u64,
    },
    /// A file is followed from now on.
    Opened {
        /// Its number in all further events.
        file: FileId,
        /// Its name.
        name: &'a Path,
        /// Where it is begun.
        from: u64,
        /// Bytes behind that, which are to be read.
        backlog: u64,
    },
    /// A file lost its name, by a rename or by being deleted; it is read to its end.
    Rotated {
        /// The file.
        file: FileId,
        /// The name it had.
        name: &'a Path,
    },
    /// A file was cut, or written anew; it is read from its beginning.
    Truncated {
        /// The file.
        file: FileId,
        /// Its name.
        name: &'a Path,
        /// Bytes that are known to be lost: seen to be there, and not yet read.
        unread: u64,
    },
    /// A file is followed no longer; all of it that could be had was handed over.
    Gone {
        /// The file.
        file: FileId,
        /// Its name.
        name: &'a Path,
        /// Bytes that are known to be lost.
        unread: u64,
    },
    /// Bytes that are not handed over.
    Discarded {
        /// The file.
        file: FileId,
        /// How many.
        bytes: u64,
        /// Why not.
        why: Discard,
    },
    /// Something that cannot be followed as it should be, once for each change: a sentence with the cure. It is tried
    /// again without end.
    Failed(&'a Trouble),
}

/// Why bytes are not handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discard {
    /// The rest of a line over the limit.
    LongLine,
    /// A hole: NULs where a line should begin, as a writer leaves it that goes on at its old offset in a file that was
    /// emptied.
    Nuls,
}

/// What receives the events; `Break` ends the poll after this event.
pub type Receiver<'a> = dyn FnMut(Event<'_>) -> ControlFlow<()> + 'a;

/// What is in the way of following something.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// The operating system refused.
    Io(SourceError),
    /// Nothing has this name yet.
    Absent(String),
    /// The name leads to something that has no length.
    NotAFile {
        /// The name.
        name: String,
        /// What it is, with its article.
        kind: &'static str,
    },
    /// Whoever follows writes the file by himself.
    Own(String),
    /// The file is compressed.
    Compressed {
        /// The name.
        name: String,
        /// The compression.
        codec: &'static str,
    },
    /// Saved, and nowhere to be found.
    Lost {
        /// The name.
        name: String,
        /// Where the next run was to go on.
        offset: u64,
    },
    /// Notices are not to be had here.
    Polled {
        /// The folder.
        folder: String,
        /// Why.
        why: Unnoticed,
    },
}

/// Why a folder is polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unnoticed {
    /// It lies on a network: others' writes are not noticed.
    Network,
    /// The limit of watches is reached.
    Watches,
    /// The limit of inotify instances or of open files is reached.
    Instances,
    /// The kernel refuses for another reason.
    Refused(Option<i32>),
}

impl Trouble {
    pub(super) fn io(path: &Path, operation: Operation, cause: io::Error) -> Trouble {
        Trouble::Io(SourceError::path(path, operation, cause))
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Io(error) => error.fmt(f),
            Trouble::Absent(name) => {
                write_name(f, name)?;
                f.write_str(
                    ": nothing there yet; it is followed once it appears (check the name if it should be there)",
                )
            }
            Trouble::NotAFile { name, kind } => {
                write_name(f, name)?;
                write!(f, ": is {kind}, which cannot be followed; name a file, or a pattern of files in quotes")
            }
            Trouble::Own(name) => {
                write_name(f, name)?;
                f.write_str(
                    ": is written by this program itself, and is not followed; give it a name that the pattern does not cover",
                )
            }
            Trouble::Compressed { name, codec } => {
                write_name(f, name)?;
                write!(f, ": is {codec} data, which does not grow by lines; count it with visor-fast analyze")
            }
            Trouble::Lost { name, offset } => {
                write_name(f, name)?;
                write!(
                    f,
                    ": was deleted, moved away or compressed while it was not followed; what it got after byte {offset} \
                     is not counted (count it with visor-fast analyze if it still exists)"
                )
            }
            Trouble::Polled { folder, why } => {
                write_name(f, folder)?;
                f.write_str(": is polled, a line may be seen up to seconds late: ")?;
                match why {
                    Unnoticed::Network => f.write_str("it is on a network file system, which does not tell of writes"),
                    Unnoticed::Watches => {
                        f.write_str("no inotify watch is left; raise sysctl fs.inotify.max_user_watches")
                    }
                    Unnoticed::Instances => f.write_str(
                        "no inotify instance is left; raise sysctl fs.inotify.max_user_instances and ulimit -n",
                    ),
                    Unnoticed::Refused(Some(code)) => {
                        write!(f, "{}; check the file system it is on", io::Error::from_raw_os_error(*code))
                    }
                    Unnoticed::Refused(None) => f.write_str("this system has no inotify; expect the delay"),
                }
            }
        }
    }
}
