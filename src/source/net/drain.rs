//! The end: all that the kernel had accepted is read, and every last line is handed over.
//!
//! Accepted by the kernel are also the connections nobody accepted yet and what is in their buffers; so they are
//! accepted first, and only then the listener is closed. A sender that had written all may still have a part of it in its
//! own kernel, since our window was closed: so when nothing is left to read it is listened for a moment longer.

use super::desk::{Desk, Watched};
use super::event::{Closed, Discard, Event};
use super::poll::Net;
use super::seats::Mail;
use std::io;
use std::time::{Duration, Instant};

/// Nothing came for so long: nothing is under way.
const QUIET: Duration = Duration::from_millis(50);

impl Net {
    /// Stops accepting and connecting, reads what is there, and closes everything. Senders that go on sending are read
    /// until `deadline`; what has arrived and is not read then is told as [`Discard::Unread`]. Afterwards nothing is open.
    ///
    /// Each worker's loop is drained by itself, at the same time as the others or not.
    ///
    /// # Errors
    /// The kernel's list of sockets cannot be read.
    pub fn drain(&mut self, deadline: Instant, sink: &mut dyn FnMut(Event<'_>)) -> io::Result<()> {
        self.desk.start(sink);
        let mut now = (self.clock)();
        self.desk.paused = false;
        self.desk.clients.iter_mut().for_each(|client| client.stop());
        for mail in self.desk.seats.receive_last(self.desk.at) {
            if let Mail::Connection(_) = mail {
                self.desk.open_mail(mail, now, sink);
            }
        }
        for slot in 0..self.desk.slots.len() {
            match self.desk.take_if(slot, |socket| matches!(socket, Watched::Listener(..) | Watched::Connecting { .. }))
            {
                Some(Watched::Listener(source, listener)) => self.desk.accept_last(source, &listener, now, sink),
                _ => self.desk.queue(slot, false),
            }
        }
        self.desk.accept_again = None;
        while now < deadline {
            let wait = if self.desk.is_waited_for() { Duration::ZERO } else { QUIET.min(deadline - now) };
            self.listen(Some(wait))?;
            if !self.desk.is_waited_for() {
                break;
            }
            now = (self.clock)();
            self.desk.turn(now, sink);
        }
        self.desk.close_all(now, sink);
        Ok(())
    }
}

impl Desk {
    fn close_all(&mut self, now: Instant, sink: &mut dyn FnMut(Event<'_>)) {
        for slot in 0..self.slots.len() {
            self.tell_dropped(slot, sink);
            match self.take_if(slot, |_| true) {
                Some(Watched::Stream(connection)) => {
                    let (source, input) = (connection.source, connection.input);
                    match connection.stream.unread() {
                        0 => {}
                        bytes => sink(Event::Discarded { source, input, discard: Discard::Unread { bytes } }),
                    }
                    self.close(*connection, Closed::Shutdown, now, sink);
                }
                Some(Watched::Datagrams { input, source, socket, .. }) => {
                    match socket.unread() {
                        0 => {}
                        bytes => {
                            sink(Event::Discarded { source, input, discard: Discard::Unread { bytes } });
                        }
                    }
                    sink(Event::Closed { input, why: Closed::Shutdown, unfinished: false });
                }
                Some(Watched::Listener(..) | Watched::Connecting { .. }) | None => {}
            }
        }
        self.clients.iter_mut().for_each(|client| client.stop());
    }
}
