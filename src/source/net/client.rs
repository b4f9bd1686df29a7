//! A stream that we connect to ourselves, again and again: Visor's way, where the generator is the server.
//!
//! The pause before another try doubles from [`Limits::retry_first`] to [`Limits::retry_max`] with each failure and is
//! chosen at random from its upper half, so that many monitors do not come back to a restarted server at one instant.
//! A connection that brought a byte starts the pauses anew; one that brought none counts as a failure.

use super::event::SourceId;
use super::limits::Limits;
use super::seats::{Mail, Seats};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One such stream.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) source: SourceId,
    host: String,
    port: u16,
    state: State,
    failures: u32,
    /// The host's addresses, to be tried in turn.
    addresses: Vec<SocketAddr>,
    /// Whether it was said that the server cannot be reached.
    pub(super) told: bool,
}

#[derive(Debug)]
enum State {
    /// The next try is due then; nothing: at once.
    Waiting(Option<Instant>),
    /// A try, or a connection, is under way.
    Busy,
    /// No more tries.
    Stopped,
}

impl Client {
    pub(super) fn new(source: SourceId, host: String, port: u16) -> Client {
        Client { source, host, port, state: State::Waiting(None), failures: 0, addresses: Vec::new(), told: false }
    }

    /// When the next try is due, if one is waited for. `now` where it is at once.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        match self.state {
            State::Waiting(at) => Some(at.unwrap_or(now)),
            State::Busy | State::Stopped => None,
        }
    }

    /// Begins a try: the address to connect to, or nothing where the host's addresses are being looked up. They will
    /// come to the worker `at` as mail to the client of the number `client`.
    pub(super) fn begin(&mut self, client: usize, at: usize, seats: &Arc<Seats>) -> io::Result<Option<SocketAddr>> {
        self.state = State::Busy;
        if let Ok(address) = self.host.parse::<IpAddr>() {
            return Ok(Some(SocketAddr::new(address, self.port)));
        }
        if let Some(address) = self.addresses.pop() {
            return Ok(Some(address));
        }
        // The system's resolver may take seconds, for which the others would not be read.
        let (host, port, seats) = (self.host.clone(), self.port, Arc::clone(seats));
        let resolve = move || {
            let addresses = (host.as_str(), port).to_socket_addrs().map(Iterator::collect);
            // A worker that ends needs no answer.
            let _ = seats.send(at, Mail::Resolved { client, addresses });
        };
        std::thread::Builder::new().name("resolve".to_owned()).spawn(resolve)?;
        Ok(None)
    }

    /// The host's addresses are there: the first one to try.
    pub(super) fn resolved(&mut self, mut addresses: Vec<SocketAddr>) -> io::Result<SocketAddr> {
        addresses.reverse();
        self.addresses = addresses;
        self.addresses.pop().ok_or_else(|| io::Error::other("its host has no address"))
    }

    /// A try failed or a connection is over, having `brought` something or not: when the next one is due.
    pub(super) fn over(&mut self, brought: bool, now: Instant, limits: &Limits) -> Duration {
        self.failures = if brought { 0 } else { self.failures.saturating_add(1) };
        let pause = pause(self.failures, random(), limits);
        if !matches!(self.state, State::Stopped) {
            self.state = State::Waiting(Some(now + pause));
        }
        pause
    }

    /// Tries no more.
    pub(super) fn stop(&mut self) {
        self.state = State::Stopped;
    }
}

/// The pause after so many failures: `random` chooses from its upper half.
fn pause(failures: u32, random: u32, limits: &Limits) -> Duration {
    let doubled = limits.retry_first.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1).min(31)));
    let longest = doubled.min(limits.retry_max);
    longest / 2 + (longest / 2).mul_f64(f64::from(random) / f64::from(u32::MAX))
}

/// A number nobody else draws at the same time: a new key of the standard library's seeded hash.
fn random() -> u32 {
    (RandomState::new().hash_one(0_u8) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_are_spread() {
        let limits =
            Limits { retry_first: Duration::from_millis(200), retry_max: Duration::from_secs(30), ..Limits::default() };
        let cases = [
            ("after a connection that brought lines", 0, 100, 200),
            ("after the first failure", 1, 100, 200),
            ("after the second", 2, 200, 400),
            ("after the fifth", 5, 1600, 3200),
            ("after the eighth: 25.6 s", 8, 12_800, 25_600),
            ("after the ninth: the longest", 9, 15_000, 30_000),
            ("after a year", 1_000_000, 15_000, 30_000),
        ];
        for (what, failures, least, most) in cases {
            assert_eq!(pause(failures, 0, &limits).as_millis(), least, "{what}");
            assert_eq!(pause(failures, u32::MAX, &limits).as_millis(), most, "{what}");
        }
    }

    #[test]
    fn draws_differ() {
        assert_ne!([random(), random(), random()], [random(), random(), random()]);
    }
}
