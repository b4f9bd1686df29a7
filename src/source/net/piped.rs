//! Standard input, as it comes: lines are handed over when they are there, however slowly that is.

use super::frame::{Buffer, Framed, Framer, Framing};
use crate::source::error::{Operation, SourceError};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

/// A descriptor that lines are read from, in the order they come.
#[derive(Debug)]
pub struct Piped {
    name: String,
    file: File,
    framer: Framer,
    buffer: Buffer,
}

/// What came of a look at it.
#[derive(Debug)]
pub enum Piece<'b> {
    /// Whole lines.
    Lines(&'b [u8]),
    /// Bytes of a line over the limit, behind those that were handed over.
    LongLine(u64),
}

impl Piped {
    /// Reads a descriptor; `name` is what to call it. Of a line over `line_bytes_max` the beginning is handed over.
    pub fn new(name: impl Into<String>, descriptor: OwnedFd, line_bytes_max: usize, read_bytes: usize) -> Piped {
        Piped {
            name: name.into(),
            file: File::from(descriptor),
            framer: Framer::new(Framing::Newline, line_bytes_max),
            buffer: Buffer::new(line_bytes_max, read_bytes),
        }
    }

    /// Standard input.
    ///
    /// # Errors
    /// There is none.
    pub fn stdin(line_bytes_max: usize, read_bytes: usize) -> Result<Piped, SourceError> {
        let descriptor = io::stdin().as_fd().try_clone_to_owned();
        let descriptor = descriptor.map_err(|cause| SourceError::io("--stdin", Operation::Open, cause))?;
        Ok(Piped::new("-", descriptor, line_bytes_max, read_bytes))
    }

    /// What to call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Waits for bytes, at most `timeout`, and hands over the lines that one read brings. False at the end, where the last
    /// line was handed over though nothing ended it.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn poll(&mut self, timeout: Duration, out: &mut dyn FnMut(Piece<'_>)) -> Result<bool, SourceError> {
        let timeout = Timespec::try_from(timeout).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 });
        let mut ready = [PollFd::new(&self.file, PollFlags::IN)];
        // Interrupted is woken.
        if poll(&mut ready, Some(&timeout)).unwrap_or(0) == 0 {
            return Ok(true);
        }
        let mut hand = |framed: Framed<'_>| match framed {
            Framed::Lines(lines) => out(Piece::Lines(lines)),
            Framed::LongLine(bytes) => out(Piece::LongLine(bytes)),
            // Only a length that is none is garbage, and lines have no lengths.
            Framed::Garbage(_) => {}
        };
        match self.file.read(self.buffer.room()) {
            Ok(0) => {
                self.framer.finish(&mut hand);
                Ok(false)
            }
            Ok(count) => {
                self.framer.take(&mut self.buffer, count, &mut hand);
                Ok(true)
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => Ok(true),
            Err(error) => Err(SourceError::io(self.name.as_str(), Operation::Read, error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn lines_come_as_they_are_written_and_the_last_at_the_end() {
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        let mut writer = File::from(writer);
        let mut piped = Piped::new("pipe", reader, 20, 64);
        let look = |piped: &mut Piped| {
            let mut found = Vec::new();
            let goes_on = piped
                .poll(Duration::from_secs(5), &mut |piece| match piece {
                    Piece::Lines(text) => found.push(String::from_utf8_lossy(text).into_owned()),
                    Piece::LongLine(bytes) => found.push(format!("{bytes} more")),
                })
                .unwrap();
            (found, goes_on)
        };
        writer.write_all(b"a\nb\nc").unwrap();
        assert_eq!(look(&mut piped), (vec!["a\nb\n".to_string()], true));
        writer.write_all(b"d\n").unwrap();
        assert_eq!(look(&mut piped).0.concat(), "cd\n");
        // Longer than a read: its rest is left out, and told once it ends.
        writer.write_all(&[b'x'; 200]).unwrap();
        writer.write_all(b"\nlast").unwrap();
        let mut long = String::new();
        while !long.contains("more") {
            long += &look(&mut piped).0.concat();
        }
        assert!(long.starts_with("xxx") && long.contains(" more"), "{long}");
        drop(writer);
        let end = look(&mut piped);
        assert_eq!((end.0.concat().trim_end(), end.1), ("last", false));
        assert_eq!(piped.name(), "pipe");
    }
}
