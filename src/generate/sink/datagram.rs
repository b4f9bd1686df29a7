//! Datagrams, over UDP or a unix socket: one line in each, or several whole ones, and never a part of one.
//!
//! Nobody says whether a datagram of UDP arrived, so its truth is of what was sent, and says so. A line that is longer than a
//! datagram can be is not sent, and counted as an error; so is a datagram that was refused because nobody listens.

use super::super::book::Book;
use super::super::queue::Portion;
use super::write::wait_for;
use super::{Sink, Trouble, reason};
use crate::clock;
use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::SendFlags;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

/// A socket that datagrams are sent through.
#[derive(Debug)]
pub struct Datagrams {
    socket: OwnedFd,
    name: String,
    /// Bytes that are filled with whole lines; 0: one line in each.
    most_bytes: usize,
    is_sure: bool,
}

impl Datagrams {
    /// UDP to `HOST:PORT`, with as many whole lines in a datagram as fit into `most_bytes`; 0: one line in each.
    pub fn udp(address: &str, most_bytes: usize) -> Result<Datagrams, String> {
        let name = format!("udp://{address}");
        let open = || {
            let to = address.to_socket_addrs()?.next().ok_or(io::ErrorKind::NotFound)?;
            let any = if to.is_ipv4() { SocketAddr::from(([0, 0, 0, 0], 0)) } else { SocketAddr::from(([0u16; 8], 0)) };
            let socket = UdpSocket::bind(any)?;
            socket.connect(to)?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        };
        let socket = open().map_err(|error: io::Error| {
            format!("{name}: {}; give HOST:PORT, as in 127.0.0.1:514", reason::of(&error))
        })?;
        Ok(Datagrams { socket: socket.into(), name, most_bytes, is_sure: false })
    }

    /// A unix socket of datagrams, as `/dev/log` is one; one line in each.
    pub fn unix(path: &Path) -> io::Result<Datagrams> {
        let socket = UnixDatagram::unbound()?;
        socket.connect(path)?;
        socket.set_nonblocking(true)?;
        Ok(Datagrams { socket: socket.into(), name: super::unix_name(path), most_bytes: 0, is_sure: true })
    }

    /// Sends a datagram, and says whether it was: not if it is too long for one, or UDP has learnt that nobody listens.
    fn send_one(&self, datagram: &[u8], book: &mut Book) -> Result<bool, Trouble> {
        let mut still_since = None;
        loop {
            match rustix::net::send(&self.socket, datagram, SendFlags::empty()) {
                Ok(_) => return Ok(true),
                Err(Errno::INTR) => {}
                Err(errno @ (Errno::AGAIN | Errno::NOBUFS)) => {
                    if book.gives_up(*still_since.get_or_insert_with(clock::monotonic)) {
                        return Err(book.given_up());
                    }
                    if errno == Errno::AGAIN {
                        wait_for(self.socket.as_fd(), PollFlags::OUT);
                    } else {
                        std::thread::sleep(Duration::from_millis(1));
                    }
                }
                Err(errno) if errno == Errno::MSGSIZE || (errno == Errno::CONNREFUSED && !self.is_sure) => {
                    book.meter.add_error();
                    return Ok(false);
                }
                Err(errno) => {
                    let why = reason::of(&errno.into());
                    let cure = "see that the receiver runs";
                    return Err(Trouble::Failed(format!("{}: cannot send: {why}; {cure}", self.name)));
                }
            }
        }
    }
}

impl Sink for Datagrams {
    fn send(&mut self, portion: &Portion, book: &mut Book) -> Result<(), Trouble> {
        if !self.is_sure {
            book.doubt("UDP does not tell which datagrams arrived");
        }
        let mut first = portion.lines.start;
        while first < portion.lines.end {
            let mut end = first + 1;
            while end < portion.lines.end && portion.block.span(first..end + 1).len() <= self.most_bytes {
                end += 1;
            }
            if self.send_one(portion.block.text_of(first..end), book)? {
                book.deliver(portion, first..end);
            }
            first = end;
        }
        Ok(())
    }
}
