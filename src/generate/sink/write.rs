//! Bytes to a descriptor, at the receiver's pace.
//!
//! Descriptors are non-blocking where that is possible, and a full one is waited for in short spans, so that a receiver that
//! takes nothing can be given up: the lines that it took are then known exactly.

use super::super::book::Book;
use super::super::queue::Portion;
use super::Trouble;
use crate::clock;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

/// How often one who waits for a receiver looks whether to give it up.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// Why not all lines could be written.
#[derive(Debug)]
pub enum Stopped {
    /// The operating system refused.
    Refused(io::Error),
    /// The receiver took nothing for too long.
    GivenUp(Trouble),
}

/// How far a writing came.
#[derive(Debug)]
pub struct Written {
    /// Bytes.
    pub bytes: usize,
    /// Why not more.
    pub stopped: Option<Stopped>,
}

/// Writes the lines, or as many as are taken, and delivers the whole ones.
pub fn write_lines(out: impl AsFd, portion: &Portion, book: &mut Book) -> Written {
    let text = portion.text();
    let mut bytes = 0;
    let mut still_since = None;
    let mut stopped = None;
    while let Some(rest) = text.get(bytes..).filter(|rest| !rest.is_empty()) {
        match rustix::io::write(&out, rest) {
            Ok(count) if count > 0 => {
                bytes += count;
                still_since = None;
            }
            Err(Errno::INTR) => {}
            Ok(_) | Err(Errno::AGAIN) => {
                if book.gives_up(*still_since.get_or_insert_with(clock::monotonic)) {
                    stopped = Some(Stopped::GivenUp(book.given_up()));
                    break;
                }
                wait_for(out.as_fd(), PollFlags::OUT);
            }
            Err(errno) => {
                stopped = Some(Stopped::Refused(errno.into()));
                break;
            }
        }
    }
    let whole = portion.head(portion.lines_within(bytes));
    book.deliver(portion, whole);
    Written { bytes, stopped }
}

/// Waits a moment for a descriptor to be ready.
pub fn wait_for(descriptor: BorrowedFd<'_>, what: PollFlags) {
    // Whatever comes of it, the read or write that follows finds out.
    let _ = poll(&mut [PollFd::from_borrowed_fd(descriptor, what)], Some(&LOOK));
}
