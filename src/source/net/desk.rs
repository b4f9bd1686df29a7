//! The sockets of one worker, and the turn that each of them has.

use super::bind::{Listener, SocketFile};
use super::bound::Info;
use super::client::Client;
use super::connection::{Connection, Sink};
use super::datagram::Datagrams;
use super::event::{Closed, Discard, Event, InputId, Peer, SourceId};
use super::frame::Buffer;
use super::limits::Limits;
use super::seats::{ACCEPTOR, Seats};
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often timers and the kernel's counters are looked at.
pub(super) const SWEEP: Duration = Duration::from_secs(1);

/// What a worker has but for the kernel's edges.
pub(super) struct Desk {
    pub(super) at: usize,
    pub(super) seats: Arc<Seats>,
    pub(super) infos: Arc<[Info]>,
    pub(super) limits: Limits,
    registry: Registry,
    pub(super) slots: Vec<Option<Slot>>,
    /// Places in `slots` that are free.
    free: Vec<usize>,
    /// Slots that may have something to read.
    pub(super) ready: VecDeque<usize>,
    buffer: Buffer,
    cipher: Box<[u8]>,
    pub(super) clients: Vec<Client>,
    /// Memory held for unfinished lines.
    pub(super) unfinished_bytes: usize,
    pub(super) paused: bool,
    pub(super) resumed: Instant,
    next_sweep: Instant,
    /// When accepting is tried again after it failed.
    pub(super) accept_again: Option<Instant>,
    /// Whether it was said that there are as many connections as may be.
    pub(super) full: bool,
    /// Whether there may be mail.
    mail: bool,
    started: bool,
}

/// A socket that is watched.
#[derive(Debug)]
pub(super) struct Slot {
    /// Whether it stands in the list of those that may have something to read.
    queued: bool,
    /// Whether the kernel said that the other end is closed: then a short read is not the last.
    hung_up: bool,
    pub(super) socket: Watched,
}

#[derive(Debug)]
pub(super) enum Watched {
    Listener(SourceId, Listener),
    Stream(Box<Connection>),
    Datagrams { input: InputId, source: SourceId, socket: Datagrams, file: Option<SocketFile> },
    Connecting { client: usize, socket: TcpStream, since: Instant, address: SocketAddr },
}

/// What becomes of a socket after its turn.
pub(super) enum Fate {
    /// It stays, and has another turn if it may have more.
    Stays(Watched, bool),
    Gone,
}

impl Desk {
    #[expect(clippy::too_many_arguments, reason = "called once, by the loop that it is a part of")]
    pub(super) fn new(
        at: usize,
        seats: Arc<Seats>,
        infos: Arc<[Info]>,
        limits: Limits,
        registry: Registry,
        buffer: Buffer,
        cipher_bytes: usize,
        now: Instant,
    ) -> Desk {
        Desk {
            at,
            seats,
            infos,
            limits,
            registry,
            slots: Vec::new(),
            free: Vec::new(),
            ready: VecDeque::new(),
            buffer,
            cipher: vec![0; cipher_bytes].into_boxed_slice(),
            clients: Vec::new(),
            unfinished_bytes: 0,
            paused: false,
            resumed: now,
            next_sweep: now + SWEEP,
            accept_again: None,
            full: false,
            mail: false,
            started: false,
        }
    }

    /// The inputs that are there from the start are told first.
    pub(super) fn start(&mut self, sink: Sink<'_>) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        for slot in self.slots.iter().flatten() {
            if let Watched::Datagrams { input, source, .. } = slot.socket {
                sink(Event::Opened { input, source, peer: Peer::Anyone });
            }
        }
    }

    /// Whether somebody may have something to read right now.
    pub(super) fn is_waited_for(&self) -> bool {
        !self.paused && !self.ready.is_empty()
    }

    /// How long nothing has to be done at most.
    pub(super) fn due(&self, now: Instant) -> Duration {
        let clients = self.clients.iter().filter_map(|client| client.due(now));
        let due = clients.chain(self.accept_again).chain([self.next_sweep]).min();
        due.map_or(SWEEP, |due| due.saturating_duration_since(now))
    }

    pub(super) fn queue(&mut self, slot: usize, hung_up: bool) {
        if let Some(Some(known)) = self.slots.get_mut(slot) {
            known.hung_up |= hung_up;
            if !std::mem::replace(&mut known.queued, true) {
                self.ready.push_back(slot);
            }
        }
    }

    /// There is mail, or room for connections, or the caller only wanted us to return.
    pub(super) fn woken(&mut self) {
        if self.at == ACCEPTOR {
            self.queue_listeners();
        }
        self.mail = true;
    }

    pub(super) fn queue_listeners(&mut self) {
        for slot in 0..self.slots.len() {
            if matches!(&self.slots[slot], Some(Slot { socket: Watched::Listener(..), .. })) {
                self.queue(slot, false);
            }
        }
    }

    /// Watches a socket; its place.
    pub(super) fn watch(&mut self, mut socket: Watched) -> io::Result<usize> {
        let slot = self.free.last().copied().unwrap_or(self.slots.len());
        let (registry, token) = (&self.registry, Token(slot));
        match &mut socket {
            Watched::Listener(_, Listener::Tcp(socket)) => registry.register(socket, token, Interest::READABLE)?,
            Watched::Listener(_, Listener::Unix(socket, _)) => registry.register(socket, token, Interest::READABLE)?,
            Watched::Stream(connection) => connection.stream.register(registry, token)?,
            Watched::Datagrams { socket, .. } => socket.register(registry, token)?,
            Watched::Connecting { socket, .. } => {
                registry.register(socket, token, Interest::READABLE | Interest::WRITABLE)?;
            }
        }
        match self.free.pop() {
            Some(_) => self.slots[slot] = Some(Slot::new(socket)),
            None => self.slots.push(Some(Slot::new(socket))),
        }
        // What arrived before it was watched may have no edge of its own.
        self.queue(slot, false);
        Ok(slot)
    }

    /// Takes a socket out of its place, if it is one of those that are meant.
    pub(super) fn take_if(&mut self, slot: usize, is_meant: impl Fn(&Watched) -> bool) -> Option<Watched> {
        let known = self.slots.get_mut(slot)?.take_if(|known| is_meant(&known.socket))?;
        self.free.push(slot);
        Some(known.socket)
    }

    /// One turn for everybody who may have something to read.
    pub(super) fn turn(&mut self, now: Instant, sink: Sink<'_>) {
        if std::mem::take(&mut self.mail) {
            for mail in self.seats.receive(self.at) {
                self.open_mail(mail, now, sink);
            }
        }
        for _ in 0..self.ready.len() {
            let Some(slot) = self.ready.pop_front() else { break };
            self.visit(slot, now, sink);
        }
    }

    /// The turn of one socket.
    fn visit(&mut self, slot: usize, now: Instant, sink: Sink<'_>) {
        let Some(Slot { hung_up, socket, .. }) = self.slots.get_mut(slot).and_then(Option::take) else { return };
        let reads = matches!(socket, Watched::Stream(_) | Watched::Datagrams { .. });
        let fate =
            if reads && self.paused { Fate::Stays(socket, true) } else { self.attend(socket, hung_up, now, sink) };
        match fate {
            Fate::Stays(socket, again) => {
                self.slots[slot] = Some(Slot { queued: again, hung_up, socket });
                if again {
                    self.ready.push_back(slot);
                }
            }
            Fate::Gone => self.free.push(slot),
        }
        while self.unfinished_bytes > self.limits.unfinished_bytes_max && self.give_up_longest(sink) {}
    }

    fn attend(&mut self, socket: Watched, hung_up: bool, now: Instant, sink: Sink<'_>) -> Fate {
        match socket {
            Watched::Stream(mut connection) => {
                let held = connection.framer.held();
                let result = connection.turn(&mut self.buffer, &mut self.cipher, now, sink);
                self.unfinished_bytes = self.unfinished_bytes - held + connection.framer.held();
                match result {
                    // Behind a short read there may be the end, whose edge has come already.
                    Ok(more) => Fate::Stays(Watched::Stream(connection), more || hung_up),
                    Err(why) => {
                        self.close(*connection, why, now, sink);
                        Fate::Gone
                    }
                }
            }
            Watched::Datagrams { input, source, socket, file } => {
                let mut lost = |discard| sink(Event::Discarded { source, input, discard });
                let (text, more) = socket.read(&mut self.buffer, &mut lost);
                if !text.is_empty() {
                    sink(Event::Lines { input, text });
                }
                Fate::Stays(Watched::Datagrams { input, source, socket, file }, more)
            }
            Watched::Listener(source, listener) => {
                let more = self.accept(source, &listener, now, sink);
                Fate::Stays(Watched::Listener(source, listener), more)
            }
            Watched::Connecting { client, socket, since, address } => {
                self.connected(client, socket, since, address, now, sink)
            }
        }
    }

    /// Closes a connection of this worker.
    pub(super) fn close(&mut self, connection: Connection, why: Closed, now: Instant, sink: Sink<'_>) {
        self.unfinished_bytes -= connection.framer.held();
        match connection.client {
            None => self.seats.remove(self.at),
            Some(client) => {
                self.clients[client].over(connection.brought, now, &self.limits);
            }
        }
        connection.close(why, sink);
    }

    /// Gives the longest unfinished line up; whether there was one.
    fn give_up_longest(&mut self, sink: Sink<'_>) -> bool {
        let streams = self.slots.iter_mut().flatten().filter_map(|slot| match &mut slot.socket {
            Watched::Stream(connection) => Some(connection),
            _ => None,
        });
        let Some(connection) = streams.max_by_key(|connection| connection.framer.held()) else { return false };
        let held = connection.framer.held();
        self.unfinished_bytes -= held;
        let (source, input) = (connection.source, connection.input);
        match connection.framer.give_up() {
            0 => {}
            bytes => sink(Event::Discarded { source, input, discard: Discard::Memory { bytes } }),
        }
        held > 0
    }

    /// Looks at the timers and at the kernel's counters.
    pub(super) fn sweep(&mut self, now: Instant, sink: Sink<'_>) {
        if now < self.next_sweep {
            return;
        }
        self.next_sweep = now + SWEEP;
        for slot in 0..self.slots.len() {
            let Some(known) = &mut self.slots[slot] else { continue };
            match &mut known.socket {
                // Who stands in the list is not idle, but not read yet.
                Watched::Stream(connection) if !known.queued || connection.stream.is_handshaking() => {
                    let why = connection.overdue(now, self.resumed, &self.limits);
                    if let Some(why) = why
                        && let Some(Slot { socket: Watched::Stream(connection), .. }) = self.slots[slot].take()
                    {
                        // Whoever of the list finds the place empty goes on with the next.
                        self.free.push(slot);
                        self.close(*connection, why, now, sink);
                    }
                }
                Watched::Connecting { .. } => self.queue(slot, false),
                Watched::Datagrams { .. } => self.tell_dropped(slot, sink),
                Watched::Stream(_) | Watched::Listener(..) => {}
            }
        }
    }

    /// Tells what the kernel dropped of a datagram socket.
    pub(super) fn tell_dropped(&mut self, slot: usize, sink: Sink<'_>) {
        if let Some(Slot { socket: Watched::Datagrams { input, source, socket, .. }, .. }) = &mut self.slots[slot] {
            match socket.newly_dropped() {
                0 => {}
                datagrams => {
                    let (source, input, discard) = (*source, *input, Discard::Dropped { datagrams });
                    sink(Event::Discarded { source, input, discard });
                }
            }
        }
    }
}

impl Slot {
    fn new(socket: Watched) -> Slot {
        Slot { queued: false, hung_up: false, socket }
    }
}
