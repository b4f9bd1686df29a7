//! What a sender may take of this machine.

use std::time::Duration;

/// Limits of all sockets together, or of each where that is said.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at a time; more wait in the backlog of their listener until one is closed.
    pub connections_max: usize,
    /// Bytes of a line. A longer one is cut, and its rest dropped and counted.
    pub line_bytes_max: usize,
    /// Bytes of all unfinished lines together. Beyond it the longest one is given up.
    pub unfinished_bytes_max: usize,
    /// Bytes read of a connection before the next one has its turn, and the largest datagram. About the cache of a
    /// core, so that the lines are still there when they are parsed.
    pub read_bytes: usize,
    /// A connection that sends nothing for so long is told to end, and closed a little later. Generous, since what a
    /// sender writes at that very moment is lost; connections to machines that are gone end by keep-alive long before.
    /// There is none for the time that a line takes: programs that write in blocks leave a line cut for hours.
    pub idle_timeout: Duration,
    /// The time a TLS handshake may take.
    pub handshake_timeout: Duration,
    /// The time until a server must have answered.
    pub connect_timeout: Duration,
    /// The first pause before a server is tried again. It doubles with each failure.
    pub retry_first: Duration,
    /// The longest such pause.
    pub retry_max: Duration,
    /// Bytes the kernel may hold for a UDP socket, as far as it lets us (`net.core.rmem_max`).
    pub udp_buffer_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections_max: 10_000,
            line_bytes_max: 1024 * 1024,
            unfinished_bytes_max: 64 * 1024 * 1024,
            read_bytes: 256 * 1024,
            idle_timeout: Duration::from_secs(3600),
            handshake_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(10),
            retry_first: Duration::from_millis(200),
            retry_max: Duration::from_secs(30),
            udp_buffer_bytes: 4 * 1024 * 1024,
        }
    }
}
