//! Connections that come about: accepted, handed over by the worker that accepts, or begun by us.

use super::bind::Listener;
use super::connection::{Connection, Sink};
use super::desk::{Desk, Fate, Watched};
use super::error::{NetError, Problem};
use super::event::{Event, Notice, Peer, SourceId};
use super::frame::Framer;
use super::seats::{Accepted, AcceptedSocket, Mail};
use super::stream::Stream;
use super::tls::Tls;
use mio::net::TcpStream;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Connections accepted before others have their turn.
const TURN_CONNECTIONS: usize = 64;

/// The pause before accepting is tried again when the system has no file left for it: no edge tells when it has.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

impl Desk {
    /// Accepts what waits, as far as there is room; whether more may wait. What does not fit stays in the backlog.
    pub(super) fn accept(&mut self, source: SourceId, listener: &Listener, now: Instant, sink: Sink<'_>) -> bool {
        for _ in 0..TURN_CONNECTIONS {
            if !self.seats.has_room() {
                if !std::mem::replace(&mut self.full, true) {
                    sink(Event::Notice { source, notice: Notice::Full });
                }
                return false;
            }
            match accept(source, listener) {
                Ok(accepted) => {
                    if std::mem::take(&mut self.full) | self.accept_again.take().is_some() {
                        sink(Event::Notice { source, notice: Notice::Accepting });
                    }
                    self.deal(accepted, now, sink);
                }
                Err(cause) if cause.kind() == ErrorKind::WouldBlock => return false,
                Err(cause) if is_of_one_connection(&cause) => {}
                Err(cause) => {
                    if self.accept_again.replace(now + ACCEPT_AGAIN).is_none() {
                        let problem = Problem::Accept(Arc::new(cause));
                        let error = NetError::new(&self.infos[source.0].name, problem);
                        sink(Event::Notice { source, notice: Notice::CannotAccept(error) });
                    }
                    return false;
                }
            }
        }
        true
    }

    /// Accepts all that waits, for this worker, whatever the limit: it is read to its end at once.
    pub(super) fn accept_last(&mut self, source: SourceId, listener: &Listener, now: Instant, sink: Sink<'_>) {
        loop {
            match accept(source, listener) {
                Ok(accepted) => {
                    self.seats.add(self.at);
                    self.open(accepted, now, sink);
                }
                Err(cause) if is_of_one_connection(&cause) => {}
                Err(_) => return,
            }
        }
    }

    /// Gives a connection to the worker that has the fewest.
    fn deal(&mut self, accepted: Accepted, now: Instant, sink: Sink<'_>) {
        let at = self.seats.emptiest();
        self.seats.add(at);
        let accepted = match at == self.at {
            true => accepted,
            false => match self.seats.send(at, Mail::Connection(accepted)) {
                Ok(()) => return,
                // It ends already, so that it is ours.
                Err(mail) => {
                    self.seats.remove(at);
                    self.seats.add(self.at);
                    return self.open_mail(mail, now, sink);
                }
            },
        };
        self.open(accepted, now, sink);
    }

    /// Takes what another worker or the resolver sent.
    pub(super) fn open_mail(&mut self, mail: Mail, now: Instant, sink: Sink<'_>) {
        match mail {
            Mail::Connection(accepted) => self.open(accepted, now, sink),
            Mail::Resolved { client, addresses } => {
                match addresses.and_then(|addresses| self.clients[client].resolved(addresses)) {
                    Ok(address) => self.dial(client, address, now, sink),
                    Err(cause) => self.unreachable(client, Problem::Host(Arc::new(cause)), now, sink),
                }
            }
        }
    }

    /// Makes an input of a connection, which is counted as this worker's already.
    fn open(&mut self, accepted: Accepted, now: Instant, sink: Sink<'_>) {
        let Accepted { source, peer, socket } = accepted;
        let stream = match (socket, &self.infos[source.0].tls) {
            (AcceptedSocket::Unix(socket), _) => Ok(Stream::Unix(socket)),
            (AcceptedSocket::Tcp(socket), None) => Ok(Stream::Tcp(socket)),
            (AcceptedSocket::Tcp(socket), Some(config)) => {
                Tls::new(socket, Arc::clone(config)).map(|tls| Stream::Tls(Box::new(tls))).map_err(io::Error::other)
            }
        };
        let opened = stream.and_then(|stream| self.watch_stream(source, stream, None, now));
        match opened {
            Ok(input) => sink(Event::Opened { input, source, peer }),
            Err(cause) => {
                self.seats.remove(self.at);
                let error = NetError::new(&self.infos[source.0].name, Problem::Accept(Arc::new(cause)));
                sink(Event::Notice { source, notice: Notice::CannotAccept(error) });
            }
        }
    }

    fn watch_stream(
        &mut self,
        source: SourceId,
        stream: Stream,
        client: Option<usize>,
        now: Instant,
    ) -> io::Result<super::InputId> {
        let connection = self.connection(source, stream, client, now);
        let input = connection.input;
        self.watch(Watched::Stream(connection))?;
        Ok(input)
    }

    fn connection(&self, source: SourceId, stream: Stream, client: Option<usize>, now: Instant) -> Box<Connection> {
        Box::new(Connection {
            input: self.seats.next_input(),
            source,
            stream,
            framer: Framer::new(self.infos[source.0].framing, self.limits.line_bytes_max),
            client,
            brought: false,
            since: now,
            last: now,
            told_to_end: None,
        })
    }

    /// Does what is due: clients whose pause is over, and accepting where it failed.
    pub(super) fn connect(&mut self, now: Instant, sink: Sink<'_>) {
        if self.accept_again.is_some_and(|due| due <= now) {
            // Kept, so that the next success is told; and moved, so that nobody waits for it in vain.
            self.accept_again = Some(now + ACCEPT_AGAIN);
            self.queue_listeners();
        }
        for client in 0..self.clients.len() {
            if self.clients[client].due(now).is_none_or(|due| due > now) {
                continue;
            }
            match self.clients[client].begin(client, self.at, &self.seats) {
                Ok(Some(address)) => self.dial(client, address, now, sink),
                Ok(None) => {}
                Err(cause) => self.unreachable(client, Problem::Host(Arc::new(cause)), now, sink),
            }
        }
    }

    fn dial(&mut self, client: usize, address: SocketAddr, now: Instant, sink: Sink<'_>) {
        let dialled = TcpStream::connect(address)
            .and_then(|socket| self.watch(Watched::Connecting { client, socket, since: now, address }));
        if let Err(cause) = dialled {
            self.unreachable(client, Problem::Connect(Arc::new(cause)), now, sink);
        }
    }

    /// Looks whether the server has answered.
    pub(super) fn connected(
        &mut self,
        client: usize,
        socket: TcpStream,
        since: Instant,
        address: SocketAddr,
        now: Instant,
        sink: Sink<'_>,
    ) -> Fate {
        let failure = match socket.take_error() {
            Ok(Some(cause)) | Err(cause) => cause,
            Ok(None) => match socket.peer_addr() {
                Ok(_) => {
                    // A silent server may be gone; where that cannot be watched it is waited for.
                    let _ = rustix::net::sockopt::set_socket_keepalive(&socket, true);
                    let source = self.clients[client].source;
                    self.clients[client].told = false;
                    let connection = self.connection(source, Stream::Tcp(socket), Some(client), now);
                    sink(Event::Opened { input: connection.input, source, peer: Peer::Tcp(address) });
                    return Fate::Stays(Watched::Stream(connection), true);
                }
                Err(_) if now.saturating_duration_since(since) < self.limits.connect_timeout => {
                    return Fate::Stays(Watched::Connecting { client, socket, since, address }, false);
                }
                Err(_) => ErrorKind::TimedOut.into(),
            },
        };
        self.unreachable(client, Problem::Connect(Arc::new(failure)), now, sink);
        Fate::Gone
    }

    fn unreachable(&mut self, client: usize, problem: Problem, now: Instant, sink: Sink<'_>) {
        let known = &mut self.clients[client];
        let (pause, source) = (known.over(false, now, &self.limits), known.source);
        if !std::mem::replace(&mut known.told, true) {
            let error = NetError::new(&self.infos[source.0].name, problem);
            sink(Event::Notice { source, notice: Notice::Unreachable(error, pause) });
        }
    }
}

fn accept(source: SourceId, listener: &Listener) -> io::Result<Accepted> {
    match listener {
        Listener::Tcp(listener) => listener.accept().map(|(socket, address)| Accepted {
            source,
            peer: Peer::Tcp(address),
            socket: AcceptedSocket::Tcp(socket),
        }),
        Listener::Unix(listener, _) => listener.accept().map(|(socket, _)| Accepted {
            source,
            peer: Peer::Unix,
            socket: AcceptedSocket::Unix(socket),
        }),
    }
}

/// Whether the connection failed before it was accepted; the next one may not: accept(2), "Error handling".
fn is_of_one_connection(cause: &io::Error) -> bool {
    matches!(cause.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::Interrupted)
        || matches!(cause.raw_os_error(), Some(libc::EPROTO | libc::EPERM | libc::ENETDOWN | libc::EHOSTUNREACH))
}
