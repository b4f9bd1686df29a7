//! Datagrams: one line or more each, and the count of those that the kernel dropped.
//!
//! UDP has no back-pressure: what the kernel's buffer has no room for is gone. The kernel counts it for each socket, in
//! the last column of `/proc/net/udp` (`udp4_format_sock` of Linux), and that count is looked at now
//! and then and at the end. `SO_RXQ_OVFL` would tell the same number only with the next datagram, so that the drops
//! after the last one would be silent. A unix socket blocks its sender instead and drops nothing.

use super::event::Discard;
use super::frame::Buffer;
use mio::net::{UdpSocket, UnixDatagram};
use mio::{Interest, Registry, Token};
use rustix::net::RecvFlags;
use std::fs::File;
use std::io::{self, BufRead, BufReader};

/// Bytes a UDP datagram has at most, and the LF it may need.
pub(super) const UDP_BYTES: usize = 64 * 1024;

/// Datagrams read before others have their turn; empty ones cost time too.
const TURN_DATAGRAMS: usize = 4096;

/// A datagram socket.
#[derive(Debug)]
pub(super) enum Socket {
    Udp(UdpSocket),
    Unix(UnixDatagram),
}

/// A datagram socket as an input.
#[derive(Debug)]
pub(super) struct Datagrams {
    socket: Socket,
    /// The kernel's count of dropped datagrams when it was last looked at.
    dropped: u64,
}

impl Datagrams {
    pub(super) fn new(socket: Socket) -> Datagrams {
        Datagrams { socket, dropped: 0 }
    }

    /// Watches it.
    pub(super) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        match &mut self.socket {
            Socket::Udp(socket) => registry.register(socket, token, Interest::READABLE),
            Socket::Unix(socket) => registry.register(socket, token, Interest::READABLE),
        }
    }

    /// Reads as many datagrams as the buffer has room for, each ended with LF; whether there may be more. `lost` is
    /// told what did not fit.
    pub(super) fn read<'b>(&self, buffer: &'b mut Buffer, lost: &mut dyn FnMut(Discard)) -> (&'b [u8], bool) {
        let room = buffer.room();
        let need = match self.socket {
            Socket::Udp(_) => UDP_BYTES.min(room.len()),
            // These may be as large as the kernel likes: one at a time.
            Socket::Unix(_) => room.len(),
        };
        let (mut filled, mut more) = (0, true);
        for _ in 0..TURN_DATAGRAMS {
            // A byte less, for the LF.
            let free = room.len().saturating_sub(filled + 1);
            if free + 1 < need {
                break;
            }
            let place = &mut room[filled..filled + free];
            let result = match &self.socket {
                Socket::Udp(socket) => rustix::net::recv(socket, place, RecvFlags::TRUNC),
                Socket::Unix(socket) => rustix::net::recv(socket, place, RecvFlags::TRUNC),
            };
            match result {
                Ok((_, 0)) => {}
                Ok((count, whole)) => {
                    filled += count;
                    if room[filled - 1] != b'\n' {
                        room[filled] = b'\n';
                        filled += 1;
                    }
                    if whole > count {
                        lost(Discard::LongDatagram { bytes: (whole - count) as u64 });
                    }
                }
                Err(rustix::io::Errno::INTR) => {}
                // Nothing there, or an error that belongs to an earlier send: none of ours.
                Err(_) => {
                    more = false;
                    break;
                }
            }
        }
        (&room[..filled], more)
    }

    /// Bytes that have arrived and were not read; of a UDP socket those of the next datagram.
    pub(super) fn unread(&self) -> u64 {
        let count = match &self.socket {
            Socket::Udp(socket) => rustix::io::ioctl_fionread(socket),
            Socket::Unix(socket) => rustix::io::ioctl_fionread(socket),
        };
        count.unwrap_or(0)
    }

    /// Datagrams that the kernel dropped since this was asked last.
    pub(super) fn newly_dropped(&mut self) -> u64 {
        let Socket::Udp(socket) = &self.socket else { return 0 };
        let table = match socket.local_addr() {
            Ok(address) if address.is_ipv6() => "/proc/self/net/udp6",
            _ => "/proc/self/net/udp",
        };
        let Ok(status) = rustix::fs::fstat(socket) else { return 0 };
        let Ok(table) = File::open(table) else { return 0 };
        // The kernel counts in 32 bits on some machines and restarts at 0 behind them.
        let Some(now) = dropped_of(BufReader::new(table), status.st_ino) else { return 0 };
        let new = if now >= self.dropped { now - self.dropped } else { now };
        self.dropped = now;
        new
    }
}

/// The count of the socket with this inode, in a table as `/proc/net/udp`.
fn dropped_of(table: impl BufRead, inode: u64) -> Option<u64> {
    table.lines().skip(1).map_while(Result::ok).find_map(|line| {
        let mut columns = line.split_ascii_whitespace().skip(9);
        let is_it = columns.next()?.parse() == Ok(inode);
        is_it.then(|| columns.last()?.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_count_is_the_last_column_of_the_sockets_row() {
        let table = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n \
                     1: 0100007F:0202 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 111 2 000000006d1a2b3c 7\n \
                     2: 0100007F:0203 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 222 2 000000006d1a2b3d 40\n";
        assert_eq!(dropped_of(table.as_bytes(), 111), Some(7));
        assert_eq!(dropped_of(table.as_bytes(), 222), Some(40));
        assert_eq!(dropped_of(table.as_bytes(), 333), None);
        assert_eq!(dropped_of(&b""[..], 111), None);
    }
}
