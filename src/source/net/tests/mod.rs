//! Real sockets on this machine. No test waits for a time to pass: each waits for what must come, and the clock that
//! the loop is handed is moved by hand where time matters.

mod hostile_tests;
mod many_tests;
mod sources_tests;
mod tls_tests;

use super::*;
use crate::clock;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A clock that stands still until it is moved.
#[derive(Clone)]
struct Hand(Arc<Mutex<Instant>>);

impl Hand {
    fn new() -> Hand {
        Hand(Arc::new(Mutex::new(clock::monotonic())))
    }

    fn forward(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }

    fn clock(&self) -> Clock {
        let now = Arc::clone(&self.0);
        Arc::new(move || *now.lock().unwrap())
    }
}

fn listen(address: &str) -> Source {
    Source::Listen(Listen { address: address.parse().unwrap(), framing: Framing::Auto, tls: None })
}

/// One worker with one source.
fn open(address: &str, limits: &Limits, clock: Clock) -> (Net, SocketAddr) {
    let bound = Bound::open(&[listen(address)], limits, clock).unwrap();
    let local = bound.local_address(SourceId(0)).unwrap_or(([0, 0, 0, 0], 0).into());
    (bound.share(1).unwrap().remove(0), local)
}

fn tcp() -> (Net, SocketAddr) {
    open("tcp://127.0.0.1:0", &Limits::default(), Arc::new(clock::monotonic))
}

/// All that a loop told.
#[derive(Debug, Default)]
struct Heard {
    opened: Vec<(InputId, Peer)>,
    text: BTreeMap<InputId, Vec<u8>>,
    closed: Vec<(InputId, &'static str, bool)>,
    discards: Vec<Discard>,
    notices: Vec<String>,
    told: Vec<String>,
}

impl Heard {
    fn hear(&mut self, event: Event<'_>) {
        match event {
            Event::Opened { input, peer, .. } => self.opened.push((input, peer)),
            Event::Lines { input, text } => {
                assert!(text.ends_with(b"\n"));
                self.text.entry(input).or_default().extend_from_slice(text);
            }
            Event::Discarded { discard, .. } => self.discards.push(discard),
            Event::Closed { input, why, unfinished } => {
                self.told.push(why.to_string());
                self.closed.push((input, why.reason(), unfinished));
            }
            Event::Notice { notice, .. } => self.notices.push(match notice {
                Notice::Full => "full".to_owned(),
                Notice::Accepting => "accepting".to_owned(),
                Notice::CannotAccept(error) | Notice::Unreachable(error, _) => error.to_string(),
            }),
        }
    }

    /// All text, of one input after the other.
    fn all(&self) -> String {
        String::from_utf8_lossy(&self.text.values().flatten().copied().collect::<Vec<_>>()).into_owned()
    }

    fn lines(&self) -> usize {
        self.text.values().flatten().filter(|byte| **byte == b'\n').count()
    }

    fn reasons(&self) -> Vec<(&'static str, bool)> {
        self.closed.iter().map(|(_, why, unfinished)| (*why, *unfinished)).collect()
    }
}

/// Polls until it is so.
#[track_caller]
fn until(net: &mut Net, heard: &mut Heard, is_so: impl Fn(&Heard) -> bool) {
    let given_up = clock::monotonic() + Duration::from_secs(60);
    while !is_so(heard) {
        assert!(clock::monotonic() < given_up, "it never came: {heard:?}");
        net.poll(Some(Duration::from_millis(5)), &mut |event| heard.hear(event)).unwrap();
    }
}

fn drain(net: &mut Net, heard: &mut Heard) {
    net.drain(clock::monotonic() + Duration::from_secs(60), &mut |event| heard.hear(event)).unwrap();
}
