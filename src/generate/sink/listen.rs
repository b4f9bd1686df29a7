//! A server: whoever connects gets every line from then on.
//!
//! The run begins when as many clients are there as are waited for; later ones join where the run is. Each client is a sink
//! of its own, with a queue, a thread and a truth, so a slow one holds up nobody. One that leaves is no failure.

use super::stream::{Role, Stream};
use super::write::wait_for;
use super::{Sink, reason};
use crate::generate::stop::Stop;
use rustix::event::PollFlags;
use std::io;
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::time::Duration;

/// The port of Visor's generator.
pub const PORT: u16 = 5555;

/// What is asked of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `HOST:PORT`.
    pub address: String,
    /// Clients that the run waits for before it begins.
    pub clients: usize,
}

/// A server.
#[derive(Debug)]
pub struct Server {
    socket: TcpListener,
    name: String,
    clients: usize,
}

impl Server {
    /// Listens, or says why that cannot be.
    pub fn open(settings: &Settings) -> Result<Server, String> {
        let address = &settings.address;
        let wrong = |error: io::Error| {
            let cure = match error.kind() {
                io::ErrorKind::AddrInUse => "another program listens there, so choose another port",
                io::ErrorKind::PermissionDenied => "choose a port above 1023",
                _ => "give HOST:PORT with an address of this machine, as in 127.0.0.1:5555",
            };
            format!("--listen {address}: {}; {cure}", reason::of(&error))
        };
        let socket = TcpListener::bind(address).map_err(wrong)?;
        socket.set_nonblocking(true).map_err(wrong)?;
        let name = socket.local_addr().map_or_else(|_| address.clone(), |address| address.to_string());
        Ok(Server { socket, name, clients: settings.clients })
    }

    /// The address it listens at.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Clients that the run waits for before it begins.
    pub fn clients(&self) -> usize {
        self.clients
    }

    /// The next client and its name, if one comes within a moment.
    pub fn accept(&self) -> Option<(Box<dyn Sink>, String)> {
        match self.socket.accept() {
            Ok((stream, address)) => {
                let name = format!("tcp://{address}");
                // A client that has left already is none.
                let stream = Stream::of_tcp(stream, name.clone(), Role::Theirs).ok()?;
                Some((Box::new(stream), name))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                wait_for(self.socket.as_fd(), PollFlags::IN);
                None
            }
            Err(_) => {
                // Too many open files, a connection that broke before it was taken: the next may do better, but not at once.
                std::thread::sleep(Duration::from_millis(10));
                None
            }
        }
    }

    /// The clients that the run waits for; fewer if it is interrupted.
    pub fn first_clients(&self, stop: &Stop) -> Vec<(Box<dyn Sink>, String)> {
        let mut clients = Vec::new();
        while clients.len() < self.clients && !stop.is_interrupted() {
            clients.extend(self.accept());
        }
        clients
    }
}
