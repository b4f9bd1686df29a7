//! A file, rotated as logrotate and log libraries do it, for tests of those who follow files.
//!
//! `access.log` becomes `access.log.1`, that one `access.log.2`, and so on. By rename (logrotate's `create`) the file itself
//! moves away and a new one begins; by copytruncate its text is copied and the file is cut to nothing, as for a writer that
//! cannot be told to open a new one. A file is always cut behind a whole line, and nothing that was written is lost but for
//! the oldest files where only some are kept.
//!
//! Where the disk is full a half-written line is taken back, so that the file holds exactly what the truth counts.

use super::super::book::Book;
use super::super::queue::Portion;
use super::write::{Stopped, write_lines};
use super::{Sink, Trouble, reason, stdout};
use crate::clock;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What is asked of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Its path.
    pub path: PathBuf,
    /// Whether what it holds stays.
    pub append: bool,
    /// When and how it is rotated.
    pub rotation: Rotation,
}

/// When and how a file is rotated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rotation {
    /// Before it would have more bytes than this.
    pub bytes: Option<u64>,
    /// As often as this.
    pub every: Option<Duration>,
    /// By a copy that leaves the file in its place, and not by a rename.
    pub copytruncate: bool,
    /// Rotated files that are kept; all of them if `None`.
    pub keep: Option<u32>,
}

/// A file that lines are written to.
#[derive(Debug)]
pub struct File {
    settings: Settings,
    out: fs::File,
    /// Bytes it has.
    bytes: u64,
    /// A regular file, which can be cut and rotated; not a device or a pipe.
    is_regular: bool,
    next_rotation: Option<Instant>,
}

impl File {
    /// Opens the file, emptied unless it is to be appended to, or says why not.
    pub fn open(settings: &Settings) -> Result<File, String> {
        let wrong = |error: io::Error| {
            format!(
                "{}: cannot be opened for writing: {}; give a path in a folder that you can write to",
                settings.path.display(),
                reason::of(&error)
            )
        };
        let out = open(&settings.path, settings.append).map_err(wrong)?;
        let metadata = out.metadata().map_err(wrong)?;
        let is_regular = metadata.is_file();
        let out = if is_regular { out } else { fs::File::from(stdout::without_blocking(OwnedFd::from(out))) };
        if !is_regular && (settings.rotation.bytes.is_some() || settings.rotation.every.is_some()) {
            return Err(format!("{}: is no regular file and cannot be rotated", settings.path.display()));
        }
        let next_rotation = settings.rotation.every.map(|every| clock::monotonic() + every);
        Ok(File { settings: settings.clone(), out, bytes: metadata.len(), is_regular, next_rotation })
    }

    fn write(&mut self, portion: &Portion, book: &mut Book) -> Result<(), Trouble> {
        let written = write_lines(&self.out, portion, book);
        self.bytes += written.bytes as u64;
        let error = match written.stopped {
            None => return Ok(()),
            Some(Stopped::GivenUp(trouble)) => return Err(trouble),
            Some(Stopped::Refused(error)) => error,
        };
        let path = self.settings.path.display();
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Err(Trouble::Gone("the reader of the pipe left before the end".to_string()));
        }
        let whole = portion.block.span(portion.head(portion.lines_within(written.bytes))).len();
        let torn = (written.bytes - whole) as u64;
        if torn > 0 && !(self.is_regular && self.out.set_len(self.bytes - torn).is_ok()) {
            book.doubt("the last line was cut");
        }
        let cure = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "; make room, or write less with --bytes or --rotate-keep"
            }
            io::ErrorKind::FileTooLarge => "; write less with --bytes, or rotate with --rotate-size",
            _ => "",
        };
        let lines = book.lines();
        Err(Trouble::Failed(format!(
            "{path}: cannot be written: {}{cure}; it has {lines} whole lines",
            reason::of(&error)
        )))
    }

    fn rotate(&mut self) -> Result<(), Trouble> {
        let path = &self.settings.path;
        let shifted = self.shift().and_then(|()| {
            if self.settings.rotation.copytruncate {
                fs::copy(path, numbered(path, 1))?;
                self.out.set_len(0)
            } else {
                fs::rename(path, numbered(path, 1))?;
                self.out = open(path, false)?;
                Ok(())
            }
        });
        self.bytes = 0;
        shifted
            .map_err(|error| Trouble::Failed(format!("{}: cannot be rotated: {}", path.display(), reason::of(&error))))
    }

    /// Makes the number 1 free: every rotated file takes the next number, and the last goes if only some are kept.
    fn shift(&self) -> io::Result<()> {
        let path = &self.settings.path;
        let keep = self.settings.rotation.keep.unwrap_or(u32::MAX);
        let there = (1..keep).take_while(|number| numbered(path, *number).exists()).last().unwrap_or(0);
        (1..=there).rev().try_for_each(|number| fs::rename(numbered(path, number), numbered(path, number + 1)))
    }
}

impl Sink for File {
    fn send(&mut self, portion: &Portion, book: &mut Book) -> Result<(), Trouble> {
        let every = self.settings.rotation.every;
        if let (Some(next), Some(every)) = (self.next_rotation, every)
            && clock::monotonic() >= next
        {
            self.rotate()?;
            self.next_rotation = Some(clock::monotonic() + every);
        }
        let Some(most) = self.settings.rotation.bytes else { return self.write(portion, book) };
        let mut rest = portion.clone();
        while !rest.lines.is_empty() {
            let room = usize::try_from(most.saturating_sub(self.bytes)).unwrap_or(usize::MAX);
            let mut fitting = rest.lines_within(room);
            if fitting == 0 {
                if self.bytes > 0 {
                    self.rotate()?;
                    continue;
                }
                fitting = 1; // a line that is longer than a file may be has a file to itself
            }
            let head = Portion { lines: rest.head(fitting), block: rest.block.clone() };
            self.write(&head, book)?;
            rest.lines.start += fitting;
        }
        Ok(())
    }
}

/// Opens for appending, so that the writing goes on at the new end of a file that was cut, and leaves no hole.
fn open(path: &Path, append: bool) -> io::Result<fs::File> {
    let file = fs::OpenOptions::new().append(true).create(true).open(path)?;
    if !append && file.metadata()?.is_file() {
        file.set_len(0)?;
    }
    Ok(file)
}

/// `access.log.3`.
fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(format!(".{number}"));
    PathBuf::from(name)
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
