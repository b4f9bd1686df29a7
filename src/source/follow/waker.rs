//! Waking a follower that waits, from another thread.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

/// Ends the wait of its follower, or the next one if it does not wait. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Waker(Arc<UnixStream>);

impl Waker {
    /// Wakes it. Many calls may become one.
    pub fn wake(&self) {
        // Full means that it will wake anyway.
        let _ = (&*self.0).write(&[1]);
    }
}

/// The follower's end.
#[derive(Debug)]
pub(super) struct Bell(UnixStream);

impl Bell {
    pub(super) fn new() -> io::Result<(Bell, Waker)> {
        let (heard, rung) = UnixStream::pair()?;
        heard.set_nonblocking(true)?;
        rung.set_nonblocking(true)?;
        Ok((Bell(heard), Waker(Arc::new(rung))))
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Forgets what rang.
    pub(super) fn clear(&self) {
        let mut bytes = [0; 64];
        while matches!((&self.0).read(&mut bytes), Ok(64)) {}
    }
}
