//! Where lines go: files, sockets, Kafka.
//!
//! A [`Sink`] is given whole lines and says which of them it delivered; it may block, it has a thread to itself. What it
//! could not deliver ends it with a [`Trouble`]. A server ([`listen`]) is no sink: each of its clients is one.

pub mod datagram; // UDP, unix datagrams: whole lines in each datagram
pub mod file; // a file, with rotation
pub mod kafka; // a topic of Kafka
pub mod listen; // a server, whose clients are sinks
mod reason; // what an error of the operating system means, in words
pub mod stdout; // standard output
pub mod stream; // TCP and unix connections
mod write; // bytes -> a descriptor, at the receiver's pace

use super::book::Book;
use super::queue::Portion;
use rustix::io::Errno;
use std::io;
use std::path::{Path, PathBuf};

/// Where lines go.
pub trait Sink: Send {
    /// Delivers lines, and tells the book which. May block as long as the book does not give up.
    fn send(&mut self, portion: &Portion, book: &mut Book) -> Result<(), Trouble>;

    /// Delivers what is still under way, and finds out whether it arrived.
    fn finish(&mut self, book: &mut Book) -> Result<(), Trouble> {
        let _ = book;
        Ok(())
    }
}

/// Why a sink takes no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The receiver has left, as receivers do; why it is not sure that all lines arrived.
    Gone(String),
    /// It failed: a sentence for the user, with the cure.
    Failed(String),
}

/// Where lines are asked to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Standard output.
    Stdout,
    /// A file.
    File(file::Settings),
    /// TCP to `HOST:PORT`.
    Tcp(String),
    /// TCP from whoever connects.
    Listen(listen::Settings),
    /// UDP to `HOST:PORT`.
    Udp {
        /// `HOST:PORT`.
        address: String,
        /// Bytes of a datagram that are filled with whole lines; 0: one line in each.
        most_bytes: usize,
    },
    /// A unix socket, of streams or datagrams, whichever is there.
    Unix(PathBuf),
    /// A topic of Kafka.
    Kafka(kafka::Settings),
}

/// A target that is open.
pub enum Opened {
    /// One receiver, and its name.
    Sink(Box<dyn Sink>, String),
    /// A server.
    Server(listen::Server),
}

impl Target {
    /// Opens it, or says in a sentence why that cannot be and what to do.
    pub fn open(&self) -> Result<Opened, String> {
        let sink = |sink: Box<dyn Sink>, name: String| Ok(Opened::Sink(sink, name));
        match self {
            Target::Stdout => sink(Box::new(stdout::Stdout::open()?), "-".to_string()),
            Target::File(settings) => sink(Box::new(file::File::open(settings)?), settings.path.display().to_string()),
            Target::Tcp(address) => sink(Box::new(stream::Stream::connect_tcp(address)?), format!("tcp://{address}")),
            Target::Listen(settings) => listen::Server::open(settings).map(Opened::Server),
            Target::Udp { address, most_bytes } => {
                sink(Box::new(datagram::Datagrams::udp(address, *most_bytes)?), format!("udp://{address}"))
            }
            Target::Unix(path) => sink(unix(path)?, unix_name(path)),
            Target::Kafka(settings) => sink(settings.open()?, settings.name()),
        }
    }
}

/// The unix socket at a path: of streams, or else of datagrams.
fn unix(path: &Path) -> Result<Box<dyn Sink>, String> {
    let opened: io::Result<Box<dyn Sink>> = match stream::Stream::connect_unix(path) {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) if error.raw_os_error() == Some(Errno::PROTOTYPE.raw_os_error()) => {
            datagram::Datagrams::unix(path).map(|datagrams| Box::new(datagrams) as Box<dyn Sink>)
        }
        Err(error) => Err(error),
    };
    opened.map_err(|error| {
        format!(
            "{}: cannot connect: {}; start the receiver first, or look at the path",
            unix_name(path),
            reason::of(&error)
        )
    })
}

fn unix_name(path: &Path) -> String {
    format!("unix://{}", path.display())
}
