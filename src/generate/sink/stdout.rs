//! Standard output.
//!
//! A reader that leaves (`| head`) ends the run quietly, as it ends `cat`. A pipe is made as large as it may be, and written
//! to through a description of its own that does not block: the flag of the shared one would be seen by every other process
//! that has it.

use super::super::book::Book;
use super::super::queue::Portion;
use super::write::{Stopped, write_lines};
use super::{Sink, Trouble, reason};
use rustix::fs::{FileType, Mode, OFlags};
use std::io;
use std::os::fd::{AsFd, OwnedFd};

/// Bytes of a pipe: what Linux lets any user have.
const PIPE_BYTES: usize = 1 << 20;

/// Standard output.
#[derive(Debug)]
pub struct Stdout {
    descriptor: OwnedFd,
}

impl Stdout {
    /// Standard output, or a sentence why there is none.
    pub fn open() -> Result<Stdout, String> {
        let descriptor = io::stdout()
            .as_fd()
            .try_clone_to_owned()
            .map_err(|error| format!("standard output: {}; give a file with --file", reason::of(&error)))?;
        Ok(Stdout { descriptor: without_blocking(descriptor) })
    }
}

/// A pipe that does not block, where that can be had; else the descriptor as it is.
pub fn without_blocking(descriptor: OwnedFd) -> OwnedFd {
    let is_pipe =
        rustix::fs::fstat(&descriptor).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Fifo);
    if !is_pipe {
        return descriptor;
    }
    // A smaller pipe is a slower one, and nothing worse.
    #[cfg(target_os = "linux")]
    let _ = rustix::pipe::fcntl_setpipe_size(&descriptor, PIPE_BYTES);
    let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&descriptor));
    let again = rustix::fs::open(path, OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty());
    again.unwrap_or(descriptor)
}

impl Sink for Stdout {
    fn send(&mut self, portion: &Portion, book: &mut Book) -> Result<(), Trouble> {
        match write_lines(&self.descriptor, portion, book).stopped {
            None => Ok(()),
            Some(Stopped::GivenUp(trouble)) => Err(trouble),
            Some(Stopped::Refused(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                Err(Trouble::Gone("the reader of the pipe left before the end".to_string()))
            }
            Some(Stopped::Refused(error)) => {
                let why = reason::of(&error);
                book.doubt(format!("standard output failed: {why}"));
                Err(Trouble::Failed(format!("standard output: cannot be written: {why}; {} lines were", book.lines())))
            }
        }
    }
}
