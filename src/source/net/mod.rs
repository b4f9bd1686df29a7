//! Lines from sockets: TCP, TLS, unix streams, datagrams, and servers that we connect to.
//!
//! [`Bound::open`] opens what the user named, [`Bound::share`] makes a [`Net`] for each worker, and the worker calls
//! [`Net::poll`] in its loop, which calls it back with [`Event`]s: lines as they lie in the buffer that was read into, who
//! came and went, what was lost and why. Nothing here parses or counts, and no thread runs but the callers' own.
//!
//! What is promised:
//! - *TCP, TLS, unix*: every byte that the kernel accepted is handed over once and in order, or is in an
//!   [`Event::Discarded`] with its reason. A worker that is slow, or has called [`Net::pause`], does not read; then the
//!   kernel's window closes and the sender waits.
//! - *UDP*: what the kernel dropped is counted.
//! - *Nobody harms others*: a connection is read at most [`Limits::read_bytes`] a turn, then the next one is; lines,
//!   connections, memory and idle time have limits. A thousand idle connections share one buffer and keep only the line
//!   that is not whole.
//!
//! A line's way: `accept` or `client` makes a stream, `seats` gives it to a worker, `poll` hears that it has bytes, `stream`
//! reads them into the shared buffer, `frame` finds the lines, the worker's callback has them.
//!
//! Sources: epoll(7) for edges, lists of who is ready, and short reads; RFC 6587 and RFC 5426 for syslog over TCP and
//! UDP; RFC 5425 for syslog over TLS.

mod accept;
mod address;
mod bind;
mod bound;
mod client;
mod connection;
mod datagram;
mod desk;
mod drain;
mod error;
mod event;
mod frame;
mod limits;
mod piped;
mod poll;
mod seats;
mod stream;
mod tls;

pub use address::{Address, Listen, Source, TlsFiles};
pub use bound::{Bound, Clock};
pub use error::{NetError, Problem};
pub use event::{Closed, Discard, Event, InputId, Notice, Peer, SourceId};
pub use frame::Framing;
pub use limits::Limits;
pub use piped::{Piece, Piped};
pub use poll::{Net, Waker};

#[cfg(test)]
mod tests;
