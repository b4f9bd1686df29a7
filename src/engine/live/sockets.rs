//! Sockets as a live source.

use super::source::{Before, Event, Problem, Source};
use crate::source::net::{self, Closed, Discard, Net, Notice, SourceId};
use crate::window::watermark::{InputId, Kind};
use std::time::Duration;

/// The sockets of one loop.
pub struct Sockets {
    net: Net,
    /// By source: its name.
    names: Vec<String>,
    first: InputId,
}

impl Sockets {
    /// The sockets of `net`, whose sources are called `names`, as inputs from the number `first` on.
    pub fn new(net: Net, names: Vec<String>, first: InputId) -> Sockets {
        Sockets { net, names, first }
    }
}

/// Tells the engine of an event.
fn pass_on(names: &[String], first: InputId, event: net::Event<'_>, tell: &mut dyn FnMut(Event<'_>)) {
    let name = |source: SourceId| names.get(source.0).map_or("socket", String::as_str);
    match event {
        net::Event::Opened { input, source, peer } => {
            let group = name(source);
            let name = format!("{group} from {peer}");
            tell(Event::Begin {
                input: first + input.0,
                name: &name,
                group,
                kind: Kind::Sender,
                before: Before::default(),
            });
        }
        net::Event::Lines { input, text } => tell(Event::Lines { input: first + input.0, text }),
        net::Event::Discarded { source, discard, .. } => {
            let (bytes, what) = match discard {
                Discard::LongLine { bytes } => {
                    (bytes, format!("{bytes} bytes of a line over the limit were left out; raise --max-line-bytes"))
                }
                Discard::Memory { bytes } => {
                    (bytes, format!("{bytes} bytes of a line that did not end were left out, for want of memory"))
                }
                Discard::Garbage { bytes } => {
                    (bytes, format!("{bytes} bytes that are not framed by octet count were left out"))
                }
                Discard::Unread { bytes } => (bytes, format!("{bytes} bytes were not read in time at the end")),
                Discard::Dropped { datagrams } => {
                    (0, format!("the kernel dropped {datagrams} datagrams; raise net.core.rmem_max, or send over TCP"))
                }
                Discard::LongDatagram { bytes } => (bytes, format!("{bytes} bytes of a long datagram were left out")),
            };
            tell(Event::Problem(Problem { bytes, sentence: &format!("{}: {what}", name(source)) }));
        }
        net::Event::Closed { input, why, .. } => {
            if matches!(why, Closed::Cut | Closed::Garbage | Closed::Handshake(_) | Closed::HandshakeTimeout) {
                tell(Event::Problem(Problem { bytes: 0, sentence: &format!("a connection was closed: {why}") }));
            }
            tell(Event::End { input: first + input.0 });
        }
        net::Event::Notice { source, notice } => {
            let what = match notice {
                Notice::Full => "as many connections as may be; the next ones wait".to_string(),
                Notice::Accepting => "connections are accepted again".to_string(),
                Notice::CannotAccept(error) => error.to_string(),
                Notice::Unreachable(error, pause) => {
                    format!("{error}; tried again in {:.1} s", pause.as_secs_f64())
                }
            };
            tell(Event::Problem(Problem { bytes: 0, sentence: &format!("{}: {what}", name(source)) }));
        }
    }
}

impl Source for Sockets {
    fn name(&self) -> String {
        "sockets".to_string()
    }

    fn poll(&mut self, timeout: Duration, tell: &mut dyn FnMut(Event<'_>)) -> Result<bool, String> {
        let (names, first) = (&self.names, self.first);
        let polled = self.net.poll(Some(timeout), &mut |event| pass_on(names, first, event, tell));
        polled.map(|()| true).map_err(|error| format!("sockets: cannot be waited for: {error}"))
    }

    fn drain(&mut self, time: Duration, tell: &mut dyn FnMut(Event<'_>)) -> Result<(), String> {
        let (names, first) = (&self.names, self.first);
        let drained = self.net.drain(crate::clock::monotonic() + time, &mut |event| pass_on(names, first, event, tell));
        drained.map_err(|error| format!("sockets: cannot be read to their end: {error}"))
    }
}
