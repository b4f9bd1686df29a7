//! What went wrong with an input: which one, what, and what to do about it.
//!
//! An error is made at most once an input, so it may own its text. It can be cloned, because the reader of a broken
//! input repeats it and several workers may hand it on. Printed it is one line: `NAME: PROBLEM; CURE`.

use std::fmt::{self, Write as _};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// An input that could not be found, opened or read to its end.
#[derive(Clone, Debug)]
pub struct SourceError {
    /// The input as the user named it, or as a directory or a pattern gave it; `-` for stdin.
    pub name: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What was being done when the operating system refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Looking the name up.
    Find,
    /// Listing a directory.
    List,
    /// Opening.
    Open,
    /// Reading.
    Read,
}

/// What is wrong with an input.
#[derive(Clone, Debug)]
pub enum Problem {
    /// The operating system refused.
    Io(Operation, Arc<io::Error>),
    /// A pattern that no file matches.
    NoMatch,
    /// A pattern that is none: what is wrong with it.
    Pattern(String),
    /// A directory without a file that would be read.
    NoFiles,
    /// A directory where a file was needed.
    Directory,
    /// A socket: it has no bytes of its own.
    Socket,
    /// The file became shorter than it was when it was opened.
    Truncated {
        /// Bytes it had when it was opened.
        opened: u64,
    },
    /// The device failed under a mapped file.
    Unreadable,
    /// The compressed data ends in the middle.
    Cut {
        /// The compression: `gzip`, `zstd`, `bzip2`, `xz`.
        codec: &'static str,
        /// Compressed bytes there are.
        at: u64,
    },
    /// Something that is not compressed follows the compressed data.
    Garbage {
        /// The compression.
        codec: &'static str,
        /// Where it starts, in compressed bytes.
        at: u64,
    },
    /// The compressed data contradicts itself.
    Damaged {
        /// The compression.
        codec: &'static str,
        /// About where, in compressed bytes.
        at: u64,
        /// What the decoder says.
        detail: &'static str,
    },
    /// Decompression would need more memory than is given to it.
    Memory {
        /// The compression, also the name of its tool.
        codec: &'static str,
        /// The limit, in words.
        limit: &'static str,
    },
    /// A container that is not read.
    Unsupported {
        /// What it is.
        kind: &'static str,
        /// The command that writes its content to stdout.
        tool: &'static str,
    },
}

impl SourceError {
    /// The error of the input `name`.
    pub fn new(name: impl Into<String>, problem: Problem) -> Self {
        SourceError { name: name.into(), problem }
    }

    /// The operating system's refusal of `operation` on `name`.
    pub fn io(name: impl Into<String>, operation: Operation, cause: io::Error) -> Self {
        let problem = match cause.kind() {
            io::ErrorKind::IsADirectory => Problem::Directory,
            _ if cause.raw_os_error() == Some(libc::ENXIO) && operation == Operation::Open => Problem::Socket,
            _ => Problem::Io(operation, Arc::new(cause)),
        };
        SourceError::new(name, problem)
    }

    /// As [`SourceError::io`], of a path.
    pub(super) fn path(path: &Path, operation: Operation, cause: io::Error) -> Self {
        SourceError::io(path.to_string_lossy(), operation, cause)
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_name(f, &self.name)?;
        write!(f, ": {}", self.problem)
    }
}

impl std::error::Error for SourceError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.problem {
            Problem::Io(_, cause) => Some(&**cause),
            _ => None,
        }
    }
}

/// A file name may hold anything but NUL and a slash: control characters never reach the terminal.
pub(super) fn write_name(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    if name.is_empty() {
        return f.write_str("\"\"");
    }
    for c in name.chars() {
        match c {
            c if c.is_control() => write!(f, "\\x{:02x}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    Ok(())
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const KEEP: &str = "copy it again, or count what there is with --keep-going";
        match self {
            Problem::Io(operation, cause) => write_io(f, *operation, cause),
            Problem::NoMatch => f.write_str("no file matches; check the pattern and the folder you are in"),
            Problem::Pattern(what) => write!(f, "not a valid pattern: {what}; correct it, or name the files"),
            Problem::NoFiles => {
                f.write_str("no files to read in this directory; name one that has logs (hidden files are not read)")
            }
            Problem::Directory => f.write_str("is a directory; name it as an argument to read the files in it"),
            Problem::Socket => f.write_str("is a socket; name a file or a pipe"),
            Problem::Truncated { opened } => write!(
                f,
                "was truncated while being read (it had {opened} bytes when it was opened); run again on a copy, or once \
                 nothing rewrites it"
            ),
            Problem::Unreadable => {
                f.write_str("read error while it was mapped; check the disk or network it is on, and copy it elsewhere")
            }
            Problem::Cut { codec, at } => write!(f, "the {codec} data is cut short after byte {at}; {KEEP}"),
            Problem::Garbage { codec, at } => write!(
                f,
                "something that is not compressed follows the {codec} data at byte {at}; cut it off, or count what is \
                 before it with --keep-going"
            ),
            Problem::Damaged { codec, at, detail } => {
                write!(f, "the {codec} data is damaged near byte {at} ({detail}); {KEEP}")
            }
            Problem::Memory { codec, limit } => {
                write!(
                    f,
                    "the {codec} data asks for more memory than {limit}; pipe it in decompressed by {codec} itself"
                )
            }
            Problem::Unsupported { kind, tool } => {
                write!(f, "is {kind}, which is not read; unpack it into a pipe with {tool}, and read - instead")
            }
        }
    }
}

fn write_io(f: &mut fmt::Formatter<'_>, operation: Operation, cause: &io::Error) -> fmt::Result {
    match (cause.kind(), cause.raw_os_error()) {
        (io::ErrorKind::NotFound | io::ErrorKind::NotADirectory, _) if operation == Operation::Find => {
            f.write_str("no such file; check the name and the folder you are in")
        }
        (io::ErrorKind::NotFound, _) => f.write_str("vanished before it was opened; run again"),
        (io::ErrorKind::PermissionDenied, _) => f.write_str("permission denied; run as a user who may read it"),
        (_, Some(libc::ELOOP)) => f.write_str("symbolic links lead in a circle; remove one, or name the file behind"),
        (_, Some(libc::EMFILE | libc::ENFILE)) => {
            f.write_str("too many open files; raise the limit (ulimit -n) or name fewer files")
        }
        (_, Some(libc::EIO)) => f.write_str("read error; check the disk or network it is on, and copy it elsewhere"),
        _ => {
            let verb = match operation {
                Operation::Find => "found",
                Operation::List => "listed",
                Operation::Open => "opened",
                Operation::Read => "read",
            };
            write!(f, "cannot be {verb}: {cause}; check the file system it is on")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_input_the_problem_and_the_cure_in_one_line() {
        let os = |operation, code| SourceError::io("a.log", operation, io::Error::from_raw_os_error(code));
        let own = |problem| SourceError::new("a.log", problem);
        let cases = [
            (os(Operation::Open, libc::EACCES), "a.log: permission denied; run as a user who may read it"),
            (os(Operation::Find, libc::ENOENT), "a.log: no such file; check the name and the folder you are in"),
            (os(Operation::Find, libc::ENOTDIR), "a.log: no such file; check the name and the folder you are in"),
            (os(Operation::Open, libc::ENOENT), "a.log: vanished before it was opened; run again"),
            (
                os(Operation::Read, libc::EIO),
                "a.log: read error; check the disk or network it is on, and copy it elsewhere",
            ),
            (
                os(Operation::Read, libc::EISDIR),
                "a.log: is a directory; name it as an argument to read the files in it",
            ),
            (os(Operation::Open, libc::ENXIO), "a.log: is a socket; name a file or a pipe"),
            (
                os(Operation::Find, libc::ELOOP),
                "a.log: symbolic links lead in a circle; remove one, or name the file behind",
            ),
            (
                os(Operation::Read, libc::ENOSPC),
                "a.log: cannot be read: No space left on device (os error 28); check the file system it is on",
            ),
            (
                own(Problem::Cut { codec: "gzip", at: 77 }),
                "a.log: the gzip data is cut short after byte 77; copy it again, or count what there is with --keep-going",
            ),
            (
                SourceError::new("a\u{1b}[2J.log", Problem::NoMatch),
                "a\\x1b[2J.log: no file matches; check the pattern and the folder you are in",
            ),
            (
                SourceError::new("", Problem::NoMatch),
                "\"\": no file matches; check the pattern and the folder you are in",
            ),
        ];
        for (error, expected) in cases {
            assert_eq!(error.to_string(), expected);
        }
    }
}
