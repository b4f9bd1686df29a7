//! What the user named: `tcp://HOST:PORT`, `udp://HOST:PORT`, `tls://HOST:PORT`, `unix:///PATH`, `unixgram:///PATH`.
//!
//! Without a host (`tcp://:5514`) it is this machine alone: whoever opens a port to the world says so.

use super::error::{NetError, Problem};
use super::frame::Framing;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Where to listen or to connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// Lines over TCP: host and port.
    Tcp(String, u16),
    /// Lines over TLS over TCP.
    Tls(String, u16),
    /// Datagrams of one line or more.
    Udp(String, u16),
    /// A stream socket of this machine.
    Unix(PathBuf),
    /// A datagram socket of this machine, as `/dev/log` is.
    UnixDatagram(PathBuf),
}

impl FromStr for Address {
    type Err = NetError;

    fn from_str(text: &str) -> Result<Address, NetError> {
        let wrong = |what| NetError::new(text, Problem::Address(what));
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(wrong("it has no scheme"));
        };
        let path = |make: fn(PathBuf) -> Address| match rest {
            "" => Err(wrong("it has no path")),
            _ => Ok(make(PathBuf::from(rest))),
        };
        let port = |make: fn(String, u16) -> Address| {
            let (host, port) = rest.rsplit_once(':').ok_or_else(|| wrong("it has no port"))?;
            let port = port.parse().map_err(|_| wrong("its port is no number below 65536"))?;
            let host = match host.strip_prefix('[') {
                Some(host) => host.strip_suffix(']').ok_or_else(|| wrong("a bracket is not closed"))?,
                None if host.contains(':') => return Err(wrong("an IPv6 address stands in brackets")),
                None if host.is_empty() => "127.0.0.1",
                None => host,
            };
            Ok(make(host.to_owned(), port))
        };
        match scheme {
            "tcp" => port(Address::Tcp),
            "tls" => port(Address::Tls),
            "udp" => port(Address::Udp),
            "unix" => path(Address::Unix),
            "unixgram" => path(Address::UnixDatagram),
            _ => Err(wrong("its scheme is not known")),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, host, port) = match self {
            Address::Tcp(host, port) => ("tcp", host, port),
            Address::Tls(host, port) => ("tls", host, port),
            Address::Udp(host, port) => ("udp", host, port),
            Address::Unix(path) => return write!(f, "unix://{}", path.display()),
            Address::UnixDatagram(path) => return write!(f, "unixgram://{}", path.display()),
        };
        if host.contains(':') { write!(f, "{scheme}://[{host}]:{port}") } else { write!(f, "{scheme}://{host}:{port}") }
    }
}

/// Where lines come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// Senders connect to us.
    Listen(Listen),
    /// We connect to the sender, over TCP, again and again.
    Connect {
        /// Where it listens: [`Address::Tcp`].
        address: Address,
        /// How its lines are told apart.
        framing: Framing,
    },
}

/// A listening socket.
#[derive(Clone, Debug)]
pub struct Listen {
    /// Where.
    pub address: Address,
    /// How lines are told apart in streams.
    pub framing: Framing,
    /// What [`Address::Tls`] needs.
    pub tls: Option<TlsFiles>,
}

/// Who we are over TLS, and who may send.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// PEM: our certificate, then those that lead to its authority.
    pub certificate: PathBuf,
    /// PEM: its private key.
    pub key: PathBuf,
    /// PEM: authorities one of which must have signed the sender's certificate; nothing lets everybody send.
    pub client_ca: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_written() {
        let cases = [
            ("a host and a port", "tcp://localhost:5514", Ok("tcp://localhost:5514")),
            ("an IPv4 address", "udp://0.0.0.0:514", Ok("udp://0.0.0.0:514")),
            ("an IPv6 address", "tls://[::1]:6514", Ok("tls://[::1]:6514")),
            ("no host is this machine alone", "tcp://:5514", Ok("tcp://127.0.0.1:5514")),
            ("a path", "unix:///run/visor.sock", Ok("unix:///run/visor.sock")),
            ("a path from here", "unixgram://log", Ok("unixgram://log")),
            ("a host alone", "tcp://localhost", Err("it has no port")),
            ("a word as port", "tcp://localhost:syslog", Err("its port is no number below 65536")),
            ("a port too high", "tcp://localhost:65536", Err("its port is no number below 65536")),
            ("IPv6 without brackets", "tcp://::1:5514", Err("an IPv6 address stands in brackets")),
            ("half a bracket", "tcp://[::1:5514", Err("a bracket is not closed")),
            ("no scheme", "localhost:5514", Err("it has no scheme")),
            ("another scheme", "http://localhost:80", Err("its scheme is not known")),
            ("no path", "unix://", Err("it has no path")),
        ];
        for (what, text, expected) in cases {
            match (text.parse::<Address>(), expected) {
                (Ok(address), Ok(written)) => assert_eq!(address.to_string(), written, "{what}"),
                (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{what}: {error}"),
                (got, expected) => panic!("{what}: {got:?}, not {expected:?}"),
            }
        }
    }
}
