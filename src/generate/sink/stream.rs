//! TCP and unix connections.
//!
//! When is a line delivered? The kernel takes bytes long before the receiver reads them, and a connection that breaks loses
//! what is under way. So at the end the writing side is shut down and the receiver's own end is waited for: a receiver that
//! closes with unread bytes answers with a reset instead (RFC 1122, 4.2.2.13), and the truth is then uncertain. Source of the
//! procedure: "The ultimate SO_LINGER page", B. Hubert, 2009.

use super::super::book::Book;
use super::super::queue::Portion;
use super::write::{Stopped, wait_for, write_lines};
use super::{Sink, Trouble, reason};
use crate::clock;
use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::Shutdown;
use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// How long a connection attempt to one address may take.
const CONNECT: Duration = Duration::from_secs(10);

/// A connection that lines are written to.
#[derive(Debug)]
pub struct Stream {
    socket: OwnedFd,
    name: String,
    role: Role,
}

/// Who asked for the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// We did: that it breaks is a failure.
    Ours,
    /// The receiver did: it may leave when it likes.
    Theirs,
}

impl Stream {
    /// Connects to `HOST:PORT`.
    pub fn connect_tcp(address: &str) -> Result<Stream, String> {
        let name = format!("tcp://{address}");
        let addresses = address
            .to_socket_addrs()
            .map_err(|error| format!("{name}: {}; give HOST:PORT, as in 127.0.0.1:5555", reason::of(&error)))?;
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for address in addresses {
            match TcpStream::connect_timeout(&address, CONNECT) {
                Ok(stream) => {
                    return Stream::of_tcp(stream, name.clone(), Role::Ours)
                        .map_err(|error| format!("{name}: {}", reason::of(&error)));
                }
                Err(error) => last = error,
            }
        }
        Err(format!(
            "{name}: cannot connect: {}; start the receiver first, or look at host and port",
            reason::of(&last)
        ))
    }

    /// A connection that is there.
    pub fn of_tcp(stream: TcpStream, name: String, role: Role) -> io::Result<Stream> {
        stream.set_nonblocking(true)?;
        // Lines are sent when they are due, and not when enough of them have come together.
        stream.set_nodelay(true)?;
        Ok(Stream { socket: stream.into(), name, role })
    }

    /// Connects to a unix socket of streams.
    pub fn connect_unix(path: &Path) -> io::Result<Stream> {
        let stream = UnixStream::connect(path)?;
        stream.set_nonblocking(true)?;
        Ok(Stream { socket: stream.into(), name: super::unix_name(path), role: Role::Ours })
    }

    fn broken(&self, error: &io::Error, book: &mut Book) -> Trouble {
        let why = format!("the connection broke: {}", reason::of(error));
        book.doubt(&why);
        match self.role {
            Role::Theirs => Trouble::Gone(why),
            Role::Ours => Trouble::Failed(format!(
                "{}: {why}; what was under way may be lost, so begin again with a receiver that stays",
                self.name
            )),
        }
    }
}

impl Sink for Stream {
    fn send(&mut self, portion: &Portion, book: &mut Book) -> Result<(), Trouble> {
        match write_lines(&self.socket, portion, book).stopped {
            None => Ok(()),
            Some(Stopped::GivenUp(trouble)) => Err(trouble),
            Some(Stopped::Refused(error)) => Err(self.broken(&error, book)),
        }
    }

    /// Tells the receiver that nothing more comes, and waits until it has closed its side too.
    fn finish(&mut self, book: &mut Book) -> Result<(), Trouble> {
        if let Err(errno) = rustix::net::shutdown(&self.socket, Shutdown::Write) {
            return Err(self.broken(&errno.into(), book));
        }
        let since = clock::monotonic();
        let mut unread = [0; 4096]; // what it says is of no interest
        loop {
            match rustix::io::read(&self.socket, &mut unread) {
                Ok(0) => return Ok(()),
                Ok(_) | Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    if book.gives_up(since) {
                        book.doubt("the receiver has not closed the connection after the last line");
                        return Ok(());
                    }
                    wait_for(self.socket.as_fd(), PollFlags::IN);
                }
                Err(errno) => return Err(self.broken(&errno.into(), book)),
            }
        }
    }
}
