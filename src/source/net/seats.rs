//! How connections are dealt to the workers.
//!
//! One worker accepts and hands each connection to whoever has the fewest. The alternative, a listener for each worker
//! with `SO_REUSEPORT`, lets the kernel choose by a hash of the addresses, which knows nothing of load: of two long
//! streams on two workers both go to the same one half of the time, as a fair hash has it. Logs come in few long streams,
//! so that an accepted connection costs nothing and a worker that idles costs half of the machine
//! (`examples/sockets.rs` counts how often the kernel deals unevenly).

use super::event::{InputId, Peer, SourceId};
use mio::net::{TcpStream, UnixStream};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What is sent to a worker.
#[derive(Debug)]
pub(super) enum Mail {
    /// A connection that is now its own.
    Connection(Accepted),
    /// The addresses of the host of one of its clients.
    Resolved { client: usize, addresses: io::Result<Vec<SocketAddr>> },
}

/// A connection that no worker has yet.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) source: SourceId,
    pub(super) peer: Peer,
    pub(super) socket: AcceptedSocket,
}

#[derive(Debug)]
pub(super) enum AcceptedSocket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// The workers, as they see each other.
#[derive(Debug)]
pub(super) struct Seats {
    seats: Vec<Seat>,
    connections: AtomicUsize,
    connections_max: usize,
    /// Whether the acceptor waits for a connection to be closed.
    full: AtomicBool,
    inputs: AtomicU64,
}

#[derive(Debug)]
pub(super) struct Seat {
    connections: AtomicUsize,
    /// Nothing once the worker takes no more. A lock, but one per connection, not per read.
    inbox: Mutex<Option<Vec<Mail>>>,
    waker: Arc<mio::Waker>,
}

/// The seat whose worker accepts.
pub(super) const ACCEPTOR: usize = 0;

impl Seats {
    pub(super) fn new(wakers: Vec<Arc<mio::Waker>>, connections_max: usize) -> Seats {
        let seat = |waker| Seat { connections: AtomicUsize::new(0), inbox: Mutex::new(Some(Vec::new())), waker };
        Seats {
            seats: wakers.into_iter().map(seat).collect(),
            connections: AtomicUsize::new(0),
            connections_max,
            full: AtomicBool::new(false),
            inputs: AtomicU64::new(0),
        }
    }

    /// A number for a new input.
    pub(super) fn next_input(&self) -> InputId {
        InputId(self.inputs.fetch_add(1, Ordering::Relaxed))
    }

    /// Whether one more connection may be accepted; if not, the acceptor is woken when one is closed.
    pub(super) fn has_room(&self) -> bool {
        if self.connections.load(Ordering::SeqCst) < self.connections_max {
            return true;
        }
        self.full.store(true, Ordering::SeqCst);
        // One may have been closed in between, whose worker saw nobody waiting.
        self.connections.load(Ordering::SeqCst) < self.connections_max
    }

    /// The worker with the fewest connections; the first of several.
    pub(super) fn emptiest(&self) -> usize {
        let load = |seat: &Seat| seat.connections.load(Ordering::Relaxed);
        let seats = self.seats.iter().enumerate();
        seats.min_by_key(|(_, seat)| load(seat)).map_or(ACCEPTOR, |(at, _)| at)
    }

    /// Counts a connection of the worker `at`.
    pub(super) fn add(&self, at: usize) {
        self.connections.fetch_add(1, Ordering::SeqCst);
        self.seats[at].connections.fetch_add(1, Ordering::Relaxed);
    }

    /// A connection of the worker `at` is closed.
    pub(super) fn remove(&self, at: usize) {
        self.seats[at].connections.fetch_sub(1, Ordering::Relaxed);
        self.connections.fetch_sub(1, Ordering::SeqCst);
        if self.full.swap(false, Ordering::SeqCst) {
            self.wake(ACCEPTOR);
        }
    }

    /// Sends `mail` to the worker `at`; gives it back where that takes no more.
    pub(super) fn send(&self, at: usize, mail: Mail) -> Result<(), Mail> {
        let mut inbox = self.seats[at].inbox.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *inbox {
            Some(waiting) => waiting.push(mail),
            None => return Err(mail),
        }
        drop(inbox);
        self.wake(at);
        Ok(())
    }

    /// What was sent to the worker `at`.
    pub(super) fn receive(&self, at: usize) -> Vec<Mail> {
        let mut inbox = self.seats[at].inbox.lock().unwrap_or_else(PoisonError::into_inner);
        inbox.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// The same, for the last time: what is sent later goes back.
    pub(super) fn receive_last(&self, at: usize) -> Vec<Mail> {
        let mut inbox = self.seats[at].inbox.lock().unwrap_or_else(PoisonError::into_inner);
        inbox.take().unwrap_or_default()
    }

    fn wake(&self, at: usize) {
        // It fails only when there is no memory for an event that is there already.
        let _ = self.seats[at].waker.wake();
    }
}
