//! One worker's loop over its sockets.
//!
//! The kernel tells edges: once that bytes have arrived, and not again until all of them were read. So whoever may have
//! more stands in a list of our own, and each call goes once through it, one read for each: a sender that never stops
//! has its turn after everybody else has had one. While somebody is in that list the kernel is asked without waiting.

use super::bind::{Listener, SocketFile};
use super::bound::{Clock, Info};
use super::client::Client;
use super::datagram;
use super::desk::{Desk, Watched};
use super::event::{Event, SourceId};
use super::frame::Buffer;
use super::limits::Limits;
use super::seats::Seats;
use mio::{Events, Poll, Token};
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

/// The token of the waker.
pub(super) const WAKE: Token = Token(usize::MAX);

/// Edges taken from the kernel at a time.
const EVENTS: usize = 1024;

/// Encrypted bytes read at a time.
const CIPHER_BYTES: usize = 32 * 1024;

/// The sockets of one worker.
pub struct Net {
    poll: Poll,
    events: Events,
    waker: Arc<mio::Waker>,
    pub(super) clock: Clock,
    pub(super) desk: Desk,
}

/// Ends a worker's wait, from any thread.
#[derive(Clone, Debug)]
pub struct Waker(Arc<mio::Waker>);

impl Waker {
    /// Lets the current or next [`Net::poll`] return at once.
    pub fn wake(&self) {
        // It fails only when there is no memory for an event that is there already.
        let _ = self.0.wake();
    }
}

impl std::fmt::Debug for Net {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Net").field("at", &self.desk.at).field("slots", &self.desk.slots.len()).finish_non_exhaustive()
    }
}

impl Net {
    pub(super) fn new(
        at: usize,
        poll: Poll,
        waker: Arc<mio::Waker>,
        seats: Arc<Seats>,
        infos: Arc<[Info]>,
        limits: &Limits,
        clock: Clock,
    ) -> io::Result<Net> {
        let buffer = Buffer::new(limits.line_bytes_max, limits.read_bytes.max(datagram::UDP_BYTES));
        let cipher_bytes = if infos.iter().any(|info| info.tls.is_some()) { CIPHER_BYTES } else { 0 };
        let registry = poll.registry().try_clone()?;
        let desk = Desk::new(at, seats, infos, limits.clone(), registry, buffer, cipher_bytes, clock());
        Ok(Net { poll, events: Events::with_capacity(EVENTS), waker, clock, desk })
    }

    pub(super) fn add_listener(&mut self, source: SourceId, listener: Listener) -> io::Result<()> {
        self.desk.watch(Watched::Listener(source, listener)).map(drop)
    }

    pub(super) fn add_datagrams(
        &mut self,
        source: SourceId,
        socket: datagram::Socket,
        file: Option<SocketFile>,
    ) -> io::Result<()> {
        let (input, socket) = (self.desk.seats.next_input(), datagram::Datagrams::new(socket));
        self.desk.watch(Watched::Datagrams { input, source, socket, file }).map(drop)
    }

    pub(super) fn add_client(&mut self, client: Client) {
        self.desk.clients.push(client);
    }

    /// What wakes this loop.
    pub fn waker(&self) -> Waker {
        Waker(Arc::clone(&self.waker))
    }

    /// Reads no more: senders are slowed by the kernel. Connections are still accepted, and nobody is idle meanwhile.
    pub fn pause(&mut self) {
        self.desk.paused = true;
    }

    /// Reads again.
    pub fn resume(&mut self) {
        if self.desk.paused {
            self.desk.paused = false;
            self.desk.resumed = (self.clock)();
        }
    }

    /// Inputs that are open.
    pub fn inputs(&self) -> usize {
        let sockets = self.desk.slots.iter().flatten().map(|slot| &slot.socket);
        sockets.filter(|socket| matches!(socket, Watched::Stream(_) | Watched::Datagrams { .. })).count()
    }

    /// Bytes of memory held for lines that are not whole yet.
    pub fn unfinished_bytes(&self) -> usize {
        self.desk.unfinished_bytes
    }

    /// Waits until something happens, `timeout` (nothing: as long as it takes) or a [`Waker::wake`], and tells `sink` all
    /// of it: of each socket at most one read.
    ///
    /// # Errors
    /// The kernel's list of sockets cannot be read; no socket's own error is one.
    pub fn poll(&mut self, timeout: Option<Duration>, sink: &mut dyn FnMut(Event<'_>)) -> io::Result<()> {
        self.desk.start(sink);
        let timeout = match self.desk.is_waited_for() {
            true => Some(Duration::ZERO),
            false => {
                let due = self.desk.due((self.clock)());
                Some(timeout.map_or(due, |timeout| timeout.min(due)))
            }
        };
        self.listen(timeout)?;
        let now = (self.clock)();
        self.desk.turn(now, sink);
        if !self.desk.paused {
            self.desk.sweep(now, sink);
        }
        self.desk.connect(now, sink);
        Ok(())
    }

    /// Takes the kernel's edges.
    pub(super) fn listen(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        match self.poll.poll(&mut self.events, timeout) {
            Err(cause) if cause.kind() == ErrorKind::Interrupted => return Ok(()),
            result => result?,
        }
        for event in &self.events {
            match event.token() {
                WAKE => self.desk.woken(),
                Token(slot) => {
                    let hung_up = event.is_read_closed() || event.is_error();
                    self.desk.queue(slot, hung_up);
                }
            }
        }
        Ok(())
    }
}
