//! What is wrong with a socket: which one, what, and what to do about it, in one line.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// A socket that could not be opened, or does not do what it should.
#[derive(Clone, Debug)]
pub struct NetError {
    /// The address as the user named it.
    pub name: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a socket.
#[derive(Clone, Debug)]
pub enum Problem {
    /// The address cannot be understood: why.
    Address(&'static str),
    /// A host whose address cannot be found.
    Host(Arc<io::Error>),
    /// The operating system does not open the socket.
    Bind(Arc<io::Error>),
    /// A file that is no socket stands where the socket is to be.
    NoSocketFile,
    /// The operating system does not accept a connection.
    Accept(Arc<io::Error>),
    /// A server cannot be reached.
    Connect(Arc<io::Error>),
    /// `tls://` without a certificate.
    NoCertificate,
    /// A file for TLS cannot be used: what it should hold, and what is wrong.
    Tls(PathBuf, &'static str, String),
    /// Certificate and key do not belong together, or the like.
    TlsPair(String),
    /// The loop of the operating system cannot be set up.
    Loop(Arc<io::Error>),
}

impl NetError {
    /// The error of the socket `name`.
    pub fn new(name: impl ToString, problem: Problem) -> NetError {
        NetError { name: name.to_string(), problem }
    }
}

impl Error for NetError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.problem {
            Problem::Host(cause)
            | Problem::Bind(cause)
            | Problem::Accept(cause)
            | Problem::Connect(cause)
            | Problem::Loop(cause) => Some(&**cause),
            _ => None,
        }
    }
}

impl fmt::Display for NetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.problem)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Address(why) => write!(
                f,
                "is no address, since {why}; write tcp://HOST:PORT, udp://HOST:PORT, tls://HOST:PORT, unix:///PATH or \
                 unixgram:///PATH"
            ),
            Problem::Host(cause) => {
                write!(f, "the host is not known ({cause}); check its name, or write its address in numbers")
            }
            Problem::Bind(cause) => write_bind(f, cause),
            Problem::NoSocketFile => {
                f.write_str("there is a file that is no socket; remove it, or choose another path")
            }
            Problem::Accept(cause) => match cause.raw_os_error() {
                Some(libc::EMFILE | libc::ENFILE) => f.write_str(
                    "no connection can be accepted, since too many files are open; raise the limit (ulimit -n, \
                     LimitNOFILE=), or allow fewer connections",
                ),
                _ => write!(f, "no connection can be accepted: {cause}; it is tried again"),
            },
            Problem::Connect(cause) if cause.kind() == io::ErrorKind::ConnectionRefused => {
                f.write_str("nobody listens there; start the sender, it is tried again")
            }
            Problem::Connect(cause) => write!(f, "cannot be reached: {cause}; check address and network"),
            Problem::NoCertificate => f.write_str("tls:// needs a certificate and its key; name both, or use tcp://"),
            Problem::Tls(path, what, why) => {
                write!(f, "{} has no usable {what} ({why}); it must be a readable PEM file", path.display())
            }
            Problem::TlsPair(why) => {
                write!(f, "certificate and key cannot be used ({why}); check that they are a pair")
            }
            Problem::Loop(cause) => {
                write!(f, "sockets cannot be watched: {cause}; raise the limit of open files (ulimit -n)")
            }
        }
    }
}

fn write_bind(f: &mut fmt::Formatter<'_>, cause: &io::Error) -> fmt::Result {
    match (cause.kind(), cause.raw_os_error()) {
        (io::ErrorKind::AddrInUse, _) => {
            f.write_str("another program listens there; end it (ss -lnp shows which), or choose another address")
        }
        (io::ErrorKind::AddrNotAvailable, _) | (_, Some(libc::EAFNOSUPPORT)) => {
            f.write_str("this machine has no such address (or IPv6 is off); use one that `ip address` lists")
        }
        (io::ErrorKind::PermissionDenied, _) => f.write_str(
            "permission denied; choose a port from 1024 (or a folder you may write to), or give the right to use it \
             (CAP_NET_BIND_SERVICE)",
        ),
        (io::ErrorKind::NotFound, _) => f.write_str("its folder does not exist; create it first"),
        (io::ErrorKind::InvalidInput, _) => f.write_str("the path is too long for a socket; choose a shorter one"),
        (_, Some(libc::EMFILE | libc::ENFILE)) => f.write_str("too many open files; raise the limit (ulimit -n)"),
        _ => write!(f, "cannot be listened on: {cause}; check the address"),
    }
}
