//! One stream, whatever carries it: reads into the loop's buffer, and how it ended.

use super::tls::Tls;
use mio::net::{TcpStream, UnixStream};
use mio::{Interest, Registry, Token};
use std::io::{self, ErrorKind, Read as _};
use std::net::Shutdown;

/// What a connection carries its bytes in.
#[derive(Debug)]
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tls(Box<Tls>),
}

/// What a read brought.
#[derive(Debug)]
pub(super) enum Read {
    /// Bytes; `more` where there may be more right now. None at all is possible: TLS has messages of its own.
    Some { count: usize, more: bool },
    /// Nothing for now.
    Nothing,
    /// The sender's last byte was read before.
    End,
    /// As [`Read::End`], but nobody vouches for it.
    Cut,
    /// The connection failed.
    Broken(io::Error),
    /// TLS was never reached: why.
    Handshake(String),
}

impl Stream {
    /// Reads once, at most as much as `room` has. `cipher` is room for encrypted bytes.
    pub(super) fn read(&mut self, room: &mut [u8], cipher: &mut [u8]) -> Read {
        let result = match self {
            Stream::Tcp(socket) => socket.read(room),
            Stream::Unix(socket) => socket.read(room),
            Stream::Tls(tls) => return tls.read(cipher, room),
        };
        match result {
            Ok(0) => Read::End,
            // Of a stream less than was asked for is all there is: epoll(7), "Questions and answers", 9.
            Ok(count) => Read::Some { count, more: count == room.len() },
            Err(cause) if matches!(cause.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Read::Nothing,
            Err(cause) => Read::Broken(cause),
        }
    }

    /// Watches it.
    pub(super) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        match self {
            Stream::Tcp(socket) => registry.register(socket, token, Interest::READABLE),
            Stream::Unix(socket) => registry.register(socket, token, Interest::READABLE),
            // What could not be written goes on when the sender reads; edges cost nothing meanwhile.
            Stream::Tls(tls) => registry.register(&mut tls.socket, token, Interest::READABLE | Interest::WRITABLE),
        }
    }

    /// Whether the sender has not proved yet that it speaks the protocol.
    pub(super) fn is_handshaking(&self) -> bool {
        matches!(self, Stream::Tls(tls) if tls.is_handshaking())
    }

    /// Goes on with what could not be written.
    pub(super) fn flush(&mut self) {
        if let Stream::Tls(tls) = self {
            // The next read says what is wrong.
            let _ = tls.flush();
        }
    }

    /// Ends our half, which tells the sender to end its own; it can still be read.
    pub(super) fn say_end(&mut self) {
        // Where that fails the connection is gone, and the next read says so.
        let _ = match self {
            Stream::Tcp(socket) => socket.shutdown(Shutdown::Write),
            Stream::Unix(socket) => socket.shutdown(Shutdown::Write),
            Stream::Tls(tls) => {
                tls.say_end();
                tls.socket.shutdown(Shutdown::Write)
            }
        };
    }

    /// Bytes that have arrived and were not read.
    pub(super) fn unread(&self) -> u64 {
        let count = match self {
            Stream::Tcp(socket) => rustix::io::ioctl_fionread(socket),
            Stream::Unix(socket) => rustix::io::ioctl_fionread(socket),
            Stream::Tls(tls) => rustix::io::ioctl_fionread(&tls.socket),
        };
        count.unwrap_or(0)
    }
}
