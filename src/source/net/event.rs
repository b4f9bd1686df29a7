//! What the loop tells: who came and went, lines, and what was lost with its reason.

use super::error::NetError;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// One stream or one datagram socket, as long as it is open. Numbers are never used again in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InputId(pub u64);

/// What the user named: the place of its [`super::Source`] in the list that was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(pub usize);

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// The other end of a TCP connection.
    Tcp(SocketAddr),
    /// A process of this machine.
    Unix,
    /// Whoever sends datagrams to this socket.
    Anyone,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Peer::Tcp(address) => address.fmt(f),
            Peer::Unix => f.write_str("unix"),
            Peer::Anyone => f.write_str("any"),
        }
    }
}

/// What happened.
#[derive(Debug)]
pub enum Event<'b> {
    /// An input is there. All its events follow, and then its [`Event::Closed`].
    Opened {
        /// The input.
        input: InputId,
        /// What it belongs to.
        source: SourceId,
        /// Who sends.
        peer: Peer,
    },
    /// Whole lines.
    Lines {
        /// The input they came from.
        input: InputId,
        /// One line or many, each with its LF; borrowed from the loop's buffer.
        text: &'b [u8],
    },
    /// Something that arrived, or would have, is not in any [`Event::Lines`].
    Discarded {
        /// What it belongs to.
        source: SourceId,
        /// The input it came from.
        input: InputId,
        /// How much, and why.
        discard: Discard,
    },
    /// An input is gone.
    Closed {
        /// The input.
        input: InputId,
        /// Why.
        why: Closed,
        /// Whether its last line lacked its end. The line was handed over.
        unfinished: bool,
    },
    /// Something that a person would want to know, told when it changes and not each time it happens again.
    Notice {
        /// What it belongs to.
        source: SourceId,
        /// What it is.
        notice: Notice,
    },
}

/// What is lost and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discard {
    /// Bytes of a line over the limit. Its beginning was handed over as a line.
    LongLine {
        /// Bytes behind that beginning.
        bytes: u64,
    },
    /// The beginning of a line, since all unfinished lines together would have taken more than
    /// [`super::Limits::unfinished_bytes_max`] and this one was the longest. One line is lost; its rest follows as
    /// [`Discard::LongLine`].
    Memory {
        /// Bytes of it.
        bytes: u64,
    },
    /// Bytes that follow no framing: a length was expected. The connection is closed, since where the next message
    /// begins is not known.
    Garbage {
        /// Bytes of it that were read.
        bytes: u64,
    },
    /// Bytes that had arrived, but were not read when the time to drain was over.
    Unread {
        /// Bytes in the kernel's buffer.
        bytes: u64,
    },
    /// Datagrams that the kernel dropped, since its buffer was full.
    Dropped {
        /// How many.
        datagrams: u64,
    },
    /// The end of a datagram that is larger than a read.
    LongDatagram {
        /// Bytes of it.
        bytes: u64,
    },
}

impl Discard {
    /// The reason as a label of a counter.
    pub fn reason(&self) -> &'static str {
        match self {
            Discard::LongLine { .. } => "long_line",
            Discard::Memory { .. } => "memory",
            Discard::Garbage { .. } => "garbage",
            Discard::Unread { .. } => "unread",
            Discard::Dropped { .. } => "kernel_drop",
            Discard::LongDatagram { .. } => "long_datagram",
        }
    }
}

/// Why an input is gone.
#[derive(Debug)]
pub enum Closed {
    /// The sender ended it.
    End,
    /// The sender broke it off: what came before counts.
    Broken(io::Error),
    /// The TLS stream ended without its closing message: somebody in between may have cut it.
    Cut,
    /// Nothing came for [`super::Limits::idle_timeout`].
    Idle,
    /// What came is not framed by octet count.
    Garbage,
    /// The TLS handshake failed.
    Handshake(String),
    /// The TLS handshake took longer than [`super::Limits::handshake_timeout`].
    HandshakeTimeout,
    /// The program ends.
    Shutdown,
}

impl Closed {
    /// The reason as a label of a counter.
    pub fn reason(&self) -> &'static str {
        match self {
            Closed::End => "end",
            Closed::Broken(_) => "broken",
            Closed::Cut => "cut",
            Closed::Idle => "idle",
            Closed::Garbage => "garbage",
            Closed::Handshake(_) => "handshake",
            Closed::HandshakeTimeout => "handshake_timeout",
            Closed::Shutdown => "shutdown",
        }
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Closed::End => f.write_str("ended by the sender"),
            Closed::Broken(cause) => write!(f, "broken off: {cause}"),
            Closed::Cut => f.write_str("ended without the closing message of TLS"),
            Closed::Idle => f.write_str("idle for too long"),
            Closed::Garbage => f.write_str("not framed by octet count"),
            Closed::Handshake(why) => write!(f, "TLS handshake failed: {why}"),
            Closed::HandshakeTimeout => f.write_str("TLS handshake took too long"),
            Closed::Shutdown => f.write_str("shut down"),
        }
    }
}

/// A state that has changed.
#[derive(Debug)]
pub enum Notice {
    /// As many connections as may be: the next ones wait.
    Full,
    /// Connections are accepted again.
    Accepting,
    /// Connections cannot be accepted; tried again until they can.
    CannotAccept(NetError),
    /// A server cannot be reached; tried again after the given time.
    Unreachable(NetError, Duration),
}
