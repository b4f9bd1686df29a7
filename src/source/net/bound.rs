//! All sockets, opened, and then dealt to the workers.

use super::address::{Address, Source};
use super::bind::{self, Listener, Opened, SocketFile};
use super::client::Client;
use super::datagram::Socket;
use super::error::{NetError, Problem};
use super::event::SourceId;
use super::frame::Framing;
use super::limits::Limits;
use super::poll::{Net, WAKE};
use super::seats::{ACCEPTOR, Seats};
use super::tls;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

/// Tells the time, on a clock that only goes forward.
pub type Clock = Arc<dyn Fn() -> Instant + Send + Sync>;

/// Sockets that are open, and that nobody reads yet. Their connections wait in the kernel.
pub struct Bound {
    infos: Vec<Info>,
    listeners: Vec<(SourceId, Listener)>,
    datagrams: Vec<(SourceId, Socket, Option<SocketFile>)>,
    clients: Vec<Client>,
    limits: Limits,
    clock: Clock,
}

/// What is the same for all inputs of a source.
#[derive(Clone, Debug)]
pub(super) struct Info {
    pub(super) name: String,
    pub(super) framing: Framing,
    pub(super) tls: Option<Arc<rustls::ServerConfig>>,
}

impl fmt::Debug for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bound").field("sources", &self.infos).finish_non_exhaustive()
    }
}

impl Bound {
    /// Opens the sockets of `sources`.
    ///
    /// # Errors
    /// The first address that cannot be opened, or whose TLS files cannot be used. A server to connect to need not be
    /// there.
    pub fn open(sources: &[Source], limits: &Limits, clock: Clock) -> Result<Bound, NetError> {
        let mut bound = Bound {
            infos: Vec::new(),
            listeners: Vec::new(),
            datagrams: Vec::new(),
            clients: Vec::new(),
            limits: limits.clone(),
            clock,
        };
        for (number, source) in sources.iter().enumerate() {
            bound.add(SourceId(number), source)?;
        }
        Ok(bound)
    }

    fn add(&mut self, id: SourceId, source: &Source) -> Result<(), NetError> {
        let name = bind::name_of(source);
        let (framing, tls) = match source {
            Source::Connect { address: Address::Tcp(host, port), framing } => {
                self.clients.push(Client::new(id, host.clone(), *port));
                (*framing, None)
            }
            Source::Connect { .. } => {
                return Err(NetError::new(name, Problem::Address("only tcp:// can be connected to")));
            }
            Source::Listen(listen) => {
                let tls = match (&listen.address, &listen.tls) {
                    (Address::Tls(..), None) => return Err(NetError::new(name, Problem::NoCertificate)),
                    (Address::Tls(..), Some(files)) => Some(tls::config(&name, files)?),
                    _ => None,
                };
                for opened in bind::open(&name, &listen.address, &self.limits)? {
                    match opened {
                        Opened::Listener(listener) => self.listeners.push((id, listener)),
                        Opened::Datagrams(socket, file) => self.datagrams.push((id, socket, file)),
                    }
                }
                (listen.framing, tls)
            }
        };
        self.infos.push(Info { name, framing, tls });
        Ok(())
    }

    /// The address that a source listens on, to be asked where its port was 0; nothing for one of no address.
    pub fn local_address(&self, source: SourceId) -> Option<SocketAddr> {
        let listener = self.listeners.iter().find(|(id, _)| *id == source).and_then(|(_, listener)| match listener {
            Listener::Tcp(listener) => listener.local_addr().ok(),
            Listener::Unix(..) => None,
        });
        let datagrams = || {
            let mut sockets = self.datagrams.iter().filter(|(id, ..)| *id == source);
            sockets.find_map(|(_, socket, _)| match socket {
                Socket::Udp(socket) => socket.local_addr().ok(),
                Socket::Unix(_) => None,
            })
        };
        listener.or_else(datagrams)
    }

    /// One loop for each of `workers` threads (at least one). The first accepts connections for all; datagram sockets
    /// and servers to connect to are dealt in turn.
    ///
    /// # Errors
    /// The system has no more files for the loops.
    pub fn share(self, workers: usize) -> Result<Vec<Net>, NetError> {
        let fail = |cause: io::Error| NetError::new("sockets", Problem::Loop(Arc::new(cause)));
        let (mut polls, mut wakers) = (Vec::new(), Vec::new());
        for _ in 0..workers.max(1) {
            let poll = mio::Poll::new().map_err(fail)?;
            wakers.push(Arc::new(mio::Waker::new(poll.registry(), WAKE).map_err(fail)?));
            polls.push(poll);
        }
        let seats = Arc::new(Seats::new(wakers.clone(), self.limits.connections_max));
        let infos: Arc<[Info]> = self.infos.into();
        let mut limits = self.limits;
        limits.unfinished_bytes_max /= polls.len();
        let mut nets = Vec::new();
        for (at, (poll, waker)) in polls.into_iter().zip(wakers).enumerate() {
            let clock = Arc::clone(&self.clock);
            nets.push(Net::new(at, poll, waker, Arc::clone(&seats), Arc::clone(&infos), &limits, clock).map_err(fail)?);
        }
        let count = nets.len();
        for (source, listener) in self.listeners {
            nets[ACCEPTOR].add_listener(source, listener).map_err(fail)?;
        }
        for (number, (source, socket, file)) in self.datagrams.into_iter().enumerate() {
            nets[number % count].add_datagrams(source, socket, file).map_err(fail)?;
        }
        // From the other end, so that one of each kind does not meet in one worker.
        for (number, client) in self.clients.into_iter().enumerate() {
            nets[count - 1 - number % count].add_client(client);
        }
        Ok(nets)
    }
}
