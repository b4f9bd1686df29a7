//! Opens the sockets, before anything runs: what cannot be opened is known at the start, each with its cure.

use super::address::{Address, Source};
use super::datagram::{Socket, UDP_BYTES};
use super::error::{NetError, Problem};
use super::limits::Limits;
use mio::net::{TcpListener, UdpSocket, UnixDatagram, UnixListener};
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
use std::fs;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net as unix;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Connections that may wait to be accepted; the system may allow fewer (`net.core.somaxconn`).
const BACKLOG: i32 = 4096;

/// A dead machine is noticed after 60 + 6 * 10 seconds.
const KEEP_ALIVE: (Duration, Duration, u32) = (Duration::from_secs(60), Duration::from_secs(10), 6);

/// A socket that is listened on.
#[derive(Debug)]
pub(super) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, #[expect(dead_code, reason = "removes the file when it is dropped")] SocketFile),
}

/// What an address gave.
#[derive(Debug)]
pub(super) enum Opened {
    Listener(Listener),
    Datagrams(Socket, Option<SocketFile>),
}

/// Opens the sockets of a source; one for each address that its host has.
pub(super) fn open(name: &str, address: &Address, limits: &Limits) -> Result<Vec<Opened>, NetError> {
    let refused = |cause: io::Error| NetError::new(name, Problem::Bind(Arc::new(cause)));
    match address {
        Address::Tcp(host, port) | Address::Tls(host, port) => each(name, host, *port, |address| {
            let socket = tcp(address)?;
            Ok(Opened::Listener(Listener::Tcp(TcpListener::from_std(socket.into()))))
        }),
        Address::Udp(host, port) => each(name, host, *port, |address| {
            let socket = udp(address, limits.udp_buffer_bytes.max(UDP_BYTES))?;
            Ok(Opened::Datagrams(Socket::Udp(UdpSocket::from_std(socket.into())), None))
        }),
        Address::Unix(path) => {
            remove_stale(name, path, |path| unix::UnixStream::connect(path).map(drop))?;
            let listener = UnixListener::bind(path).map_err(refused)?;
            Ok(vec![Opened::Listener(Listener::Unix(listener, SocketFile::new(path)))])
        }
        Address::UnixDatagram(path) => {
            remove_stale(name, path, |path| unix::UnixDatagram::unbound()?.connect(path))?;
            let socket = UnixDatagram::bind(path).map_err(refused)?;
            Ok(vec![Opened::Datagrams(Socket::Unix(socket), Some(SocketFile::new(path)))])
        }
    }
}

/// Opens a socket on each address of `host`: `localhost` has two, and a sender may take either.
fn each(
    name: &str,
    host: &str,
    port: u16,
    open: impl Fn(SocketAddr) -> io::Result<Opened>,
) -> Result<Vec<Opened>, NetError> {
    let addresses =
        (host, port).to_socket_addrs().map_err(|cause| NetError::new(name, Problem::Host(Arc::new(cause))))?;
    let (mut opened, mut absent) = (Vec::new(), None);
    for address in addresses {
        match open(address) {
            Ok(socket) => opened.push(socket),
            // `localhost` where IPv6 is off.
            Err(cause) if is_absent(&cause) => absent = Some(cause),
            Err(cause) => return Err(NetError::new(name, Problem::Bind(Arc::new(cause)))),
        }
        // The system chooses a port: two would be two.
        if port == 0 && !opened.is_empty() {
            break;
        }
    }
    match absent {
        Some(cause) if opened.is_empty() => Err(NetError::new(name, Problem::Bind(Arc::new(cause)))),
        _ => Ok(opened),
    }
}

fn is_absent(cause: &io::Error) -> bool {
    cause.kind() == ErrorKind::AddrNotAvailable || cause.raw_os_error() == Some(libc::EAFNOSUPPORT)
}

fn tcp(address: SocketAddr) -> io::Result<OwnedFd> {
    let socket = new_socket(address, SocketType::STREAM)?;
    // A restart need not wait for the connections of the last run to time out.
    sockopt::set_socket_reuseaddr(&socket, true)?;
    // Accepted connections inherit these, which saves three calls each.
    let (idle, interval, count) = KEEP_ALIVE;
    sockopt::set_socket_keepalive(&socket, true)?;
    sockopt::set_tcp_keepidle(&socket, idle)?;
    sockopt::set_tcp_keepintvl(&socket, interval)?;
    sockopt::set_tcp_keepcnt(&socket, count)?;
    rustix::net::bind(&socket, &address)?;
    rustix::net::listen(&socket, BACKLOG)?;
    Ok(socket)
}

fn udp(address: SocketAddr, buffer_bytes: usize) -> io::Result<OwnedFd> {
    let socket = new_socket(address, SocketType::DGRAM)?;
    // As much as the system allows: it cuts what is over its limit and says nothing.
    sockopt::set_socket_recv_buffer_size(&socket, buffer_bytes)?;
    rustix::net::bind(&socket, &address)?;
    Ok(socket)
}

fn new_socket(address: SocketAddr, kind: SocketType) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    #[cfg(not(target_vendor = "apple"))]
    let socket = rustix::net::socket_with(family, kind, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, None)?;
    #[cfg(target_vendor = "apple")]
    let socket = {
        let socket = rustix::net::socket(family, kind, None)?;
        rustix::io::ioctl_fioclex(&socket)?;
        rustix::io::ioctl_fionbio(&socket, true)?;
        socket
    };
    Ok(socket)
}

/// Removes the file of a socket that nobody listens on: a killed program leaves it, and it is in the way.
fn remove_stale(name: &str, path: &Path, connect: impl Fn(&Path) -> io::Result<()>) -> Result<(), NetError> {
    let refused = |cause: io::Error| NetError::new(name, Problem::Bind(Arc::new(cause)));
    match fs::symlink_metadata(path) {
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(()),
        Err(cause) => return Err(refused(cause)),
        Ok(file) if !file.file_type().is_socket() => return Err(NetError::new(name, Problem::NoSocketFile)),
        Ok(_) => {}
    }
    match connect(path) {
        Err(cause) if cause.kind() == ErrorKind::ConnectionRefused => fs::remove_file(path).map_err(refused),
        Err(cause) if cause.kind() == ErrorKind::PermissionDenied => Err(refused(cause)),
        // Somebody listens, be it for the other kind of socket.
        _ => Err(refused(ErrorKind::AddrInUse.into())),
    }
}

/// The file of a unix socket; goes with it.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    inode: Option<u64>,
}

impl SocketFile {
    fn new(path: &Path) -> SocketFile {
        SocketFile { path: path.to_owned(), inode: inode(path) }
    }
}

fn inode(path: &Path) -> Option<u64> {
    fs::symlink_metadata(path).ok().map(|file| file.ino())
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Not another program's, which may have taken the path over.
        if self.inode.is_some() && inode(&self.path) == self.inode {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The name of a source in messages: its address as the user wrote it.
pub(super) fn name_of(source: &Source) -> String {
    match source {
        Source::Listen(listen) => listen.address.to_string(),
        Source::Connect { address, .. } => address.to_string(),
    }
}
