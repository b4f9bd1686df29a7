//! One stream as an input: its bytes, its lines, and how long it has been silent.

use super::event::{Closed, Discard, Event, InputId, SourceId};
use super::frame::{Buffer, Framed, Framer};
use super::limits::Limits;
use super::stream::{Read, Stream};
use std::time::{Duration, Instant};

/// The time a connection that was told to end has to do so.
const END_TIMEOUT: Duration = Duration::from_secs(5);

/// What events are told to.
pub(super) type Sink<'a> = &'a mut dyn FnMut(Event<'_>);

/// A stream that is open.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) input: InputId,
    pub(super) source: SourceId,
    pub(super) stream: Stream,
    pub(super) framer: Framer,
    /// Which of the worker's clients it is the connection of; nothing where the sender connected.
    pub(super) client: Option<usize>,
    /// Whether it has brought a byte.
    pub(super) brought: bool,
    pub(super) since: Instant,
    pub(super) last: Instant,
    /// When it was told to end, since it was idle.
    pub(super) told_to_end: Option<Instant>,
}

impl Connection {
    /// Reads once and hands the lines over: whether there may be more, or why the stream is over.
    pub(super) fn turn(
        &mut self,
        buffer: &mut Buffer,
        cipher: &mut [u8],
        now: Instant,
        sink: Sink<'_>,
    ) -> Result<bool, Closed> {
        self.stream.flush();
        match self.stream.read(buffer.room(), cipher) {
            Read::Some { count, more } => {
                self.last = now;
                self.told_to_end = None;
                self.brought |= count > 0;
                let (input, source) = (self.input, self.source);
                self.framer.take(buffer, count, &mut |framed| tell(framed, input, source, sink));
                if self.framer.is_broken() { Err(Closed::Garbage) } else { Ok(more) }
            }
            Read::Nothing => Ok(false),
            Read::End => Err(Closed::End),
            Read::Cut => Err(Closed::Cut),
            Read::Broken(cause) => Err(Closed::Broken(cause)),
            Read::Handshake(why) => Err(Closed::Handshake(why)),
        }
    }

    /// Whether it has been silent for too long, not counting the time before `resumed`, when nobody listened.
    pub(super) fn overdue(&mut self, now: Instant, resumed: Instant, limits: &Limits) -> Option<Closed> {
        let silent = |since: Instant| now.saturating_duration_since(since.max(resumed));
        if self.stream.is_handshaking() && silent(self.since) >= limits.handshake_timeout {
            return Some(Closed::HandshakeTimeout);
        }
        // A server that we connected to may have nothing to say; if it is gone, keep-alive finds out.
        if self.client.is_some() || silent(self.last) < limits.idle_timeout {
            return None;
        }
        match self.told_to_end {
            None => {
                self.told_to_end = Some(now);
                self.stream.say_end();
                None
            }
            Some(told) if silent(told) >= END_TIMEOUT => Some(Closed::Idle),
            Some(_) => None,
        }
    }

    /// Hands over what is left, and says good-bye.
    pub(super) fn close(mut self, why: Closed, sink: Sink<'_>) {
        let (input, source) = (self.input, self.source);
        let unfinished = self.framer.finish(&mut |framed| tell(framed, input, source, sink));
        sink(Event::Closed { input, why, unfinished });
    }
}

fn tell(framed: Framed<'_>, input: InputId, source: SourceId, sink: Sink<'_>) {
    let discard = match framed {
        Framed::Lines(text) => return sink(Event::Lines { input, text }),
        Framed::LongLine(bytes) => Discard::LongLine { bytes },
        Framed::Garbage(bytes) => Discard::Garbage { bytes },
    };
    sink(Event::Discarded { source, input, discard });
}
