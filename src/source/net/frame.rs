//! Where the lines of one connection end.
//!
//! The bytes just read lie in a buffer that all connections of a worker share; what is whole is handed over there, in
//! place. A connection keeps only the beginning of the line that the last read cut. It is looked at once: what the next
//! read brings is searched alone, and only when it holds an end is the kept beginning copied in front of it, into the
//! head room that the buffer has for this. So a sender of single bytes costs a search of single bytes, and a byte is
//! moved twice at most.
//!
//! Three framings. *Newline*: up to LF. *Octet count* (RFC 6587, 3.4.1): `LENGTH SP MESSAGE`, told from lines by how the
//! connection begins: a number, a space and the `<` of a syslog priority, which no access log line has. A message may
//! hold newlines; it is one record, so they become spaces, and one at its end goes. *Datagrams* are in
//! [`super::datagram`].
//!
//! Of a line over the limit the beginning is handed over, a little longer than the limit, so that whoever parses counts
//! it as malformed for the same reason as anywhere else. Its rest is dropped as it comes and counted when it ends.
//!
//! Invariants: every text handed over ends with LF (a stream's last line is given one); bytes read = bytes handed over +
//! bytes discarded + bytes kept, but for the LF given and the lengths taken off.

use memchr::{memchr, memrchr};

/// What a connection keeps for its next line without giving the memory back: more than most lines have.
const KEPT_BYTES: usize = 4 * 1024;

/// Digits a length may have.
const DIGITS_MAX: u8 = 10;

/// How a connection's bytes are cut into lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// By octet count if the connection begins as a counted syslog message does, by newline otherwise.
    #[default]
    Auto,
    /// By newline.
    Newline,
    /// By octet count, RFC 6587.
    OctetCount,
}

/// What came out of a piece of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framed<'b> {
    /// Whole lines, each with its LF.
    Lines(&'b [u8]),
    /// Bytes of a line over the limit that were dropped, behind those that were handed over.
    LongLine(u64),
    /// Bytes that follow no framing; the stream cannot be read on.
    Garbage(u64),
}

/// The buffer that connections share: room for the beginning of a line, then room for what is read.
#[derive(Debug)]
pub(super) struct Buffer {
    bytes: Box<[u8]>,
    head: usize,
}

impl Buffer {
    /// A buffer for reads of `read_bytes` and lines of up to `line_bytes_max`. Pages not used cost nothing.
    pub(super) fn new(line_bytes_max: usize, read_bytes: usize) -> Buffer {
        // The byte more that each line's LF needs, and a length that was waited for.
        let head = longest(line_bytes_max) + usize::from(DIGITS_MAX) + 8;
        Buffer { bytes: vec![0; head + read_bytes].into_boxed_slice(), head }
    }

    /// Where to read to.
    pub(super) fn room(&mut self) -> &mut [u8] {
        &mut self.bytes[self.head..]
    }
}

/// Bytes of a line that are handed over at most: one more than the limit, a CR and a NUL, as for every other stream.
fn longest(line_bytes_max: usize) -> usize {
    line_bytes_max.saturating_add(3)
}

/// The framing of one connection.
#[derive(Debug)]
pub(super) struct Framer {
    state: State,
    /// The beginning of the line, or of the message, that is not whole yet.
    cut: Vec<u8>,
    longest: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Too few bytes yet to tell the framing.
    Unknown,
    /// Within a line.
    Line,
    /// Within the rest of a line that is too long, so many bytes of which are dropped.
    LongLine(u64),
    /// Within the length of a message.
    Length { value: u64, digits: u8 },
    /// Within a message: `left` bytes to keep, then `over` to drop.
    Message { left: u64, over: u64 },
    /// Within the rest of a message that is too long.
    LongMessage { left: u64, dropped: u64 },
    /// Behind bytes that follow no framing.
    Broken,
}

/// Before a message.
const BEFORE_MESSAGE: State = State::Length { value: 0, digits: 0 };

impl Framer {
    /// The framing of a new connection.
    pub(super) fn new(framing: Framing, line_bytes_max: usize) -> Framer {
        let state = match framing {
            Framing::Auto => State::Unknown,
            Framing::Newline => State::Line,
            Framing::OctetCount => BEFORE_MESSAGE,
        };
        Framer { state, cut: Vec::new(), longest: longest(line_bytes_max) }
    }

    /// Bytes of memory held for the line that is not whole yet.
    pub(super) fn held(&self) -> usize {
        self.cut.capacity()
    }

    /// Whether nothing more can be read from this stream.
    pub(super) fn is_broken(&self) -> bool {
        self.state == State::Broken
    }

    /// Takes the `count` bytes that were read into [`Buffer::room`].
    pub(super) fn take(&mut self, buffer: &mut Buffer, count: usize, out: &mut dyn FnMut(Framed<'_>)) {
        let (mut from, to) = (buffer.head, buffer.head + count);
        if self.state == State::Unknown {
            let start = from - self.cut.len();
            buffer.bytes[start..from].copy_from_slice(&self.cut);
            match told(&buffer.bytes[start..to]) {
                Some(state) => {
                    self.state = state;
                    self.cut.clear();
                    from = start;
                }
                None => return self.cut.extend_from_slice(&buffer.bytes[from..to]),
            }
        }
        match self.state {
            State::Unknown | State::Broken => {}
            State::Line | State::LongLine(_) => self.take_lines(buffer, from, to, out),
            State::Length { .. } | State::Message { .. } | State::LongMessage { .. } => {
                self.take_messages(buffer, from, to, out);
            }
        }
    }

    /// The end of the stream: what is kept is its last line. Whether there was one.
    pub(super) fn finish(&mut self, out: &mut dyn FnMut(Framed<'_>)) -> bool {
        let unfinished = !self.cut.is_empty();
        if unfinished {
            if let State::Message { .. } = self.state {
                let end = end_message(&mut self.cut);
                self.cut.truncate(end);
            }
            self.cut.push(b'\n');
            out(Framed::Lines(&self.cut));
        }
        self.cut = Vec::new();
        match self.state {
            State::LongLine(dropped) | State::LongMessage { dropped, .. } if dropped > 0 => {
                out(Framed::LongLine(dropped));
            }
            State::Length { digits, .. } if digits > 0 => out(Framed::Garbage(digits.into())),
            _ => {}
        }
        self.state = State::Broken;
        unfinished
    }

    /// Gives the beginning of the current line up, since memory is short: its bytes, for the caller to report. Its rest
    /// is dropped and counted as of a long line.
    pub(super) fn give_up(&mut self) -> u64 {
        let bytes = std::mem::take(&mut self.cut).len() as u64;
        if bytes == 0 {
            return 0;
        }
        self.state = match self.state {
            State::Message { left, over } => State::LongMessage { left: left.saturating_add(over), dropped: 0 },
            State::Unknown | State::Line => State::LongLine(0),
            other => other,
        };
        bytes
    }

    fn take_lines(&mut self, buffer: &mut Buffer, mut from: usize, to: usize, out: &mut dyn FnMut(Framed<'_>)) {
        if let State::LongLine(dropped) = self.state {
            let Some(end) = memchr(b'\n', &buffer.bytes[from..to]) else {
                self.state = State::LongLine(dropped + (to - from) as u64);
                return;
            };
            self.state = State::Line;
            match dropped + end as u64 {
                0 => {}
                dropped => out(Framed::LongLine(dropped)),
            }
            from += end + 1;
        }
        if let Some(last) = memrchr(b'\n', &buffer.bytes[from..to]) {
            let end = from + last + 1;
            let start = from - self.cut.len();
            buffer.bytes[start..from].copy_from_slice(&self.cut);
            out(Framed::Lines(&buffer.bytes[start..end]));
            self.forget();
            from = end;
        }
        self.cut.extend_from_slice(&buffer.bytes[from..to]);
        if self.cut.len() > self.longest {
            let over = self.cut.len() - self.longest;
            self.cut.truncate(self.longest);
            self.cut.push(b'\n');
            out(Framed::Lines(&self.cut));
            self.cut = Vec::new();
            self.state = State::LongLine(over as u64);
        }
    }

    /// Messages are moved together over their lengths, so that they lie one behind the other as lines do. The first one
    /// may have had its length in an earlier read; its LF takes the byte before.
    fn take_messages(&mut self, buffer: &mut Buffer, from: usize, to: usize, out: &mut dyn FnMut(Framed<'_>)) {
        let start = from - 1 - self.cut.len();
        buffer.bytes[start..from - 1].copy_from_slice(&self.cut);
        let bytes = &mut buffer.bytes;
        // Whole messages end at `whole`; what follows up to `write` belongs to the one that is not.
        let (mut whole, mut write, mut read) = (start, from - 1, from);
        // Behind the lines: what became of the rest.
        let mut garbage = 0;
        while let Some(&byte) = bytes[..to].get(read) {
            match &mut self.state {
                State::Length { value, digits } => {
                    read += 1;
                    match byte {
                        b'0'..=b'9' if *digits < DIGITS_MAX && (byte, *digits) != (b'0', 0) => {
                            *value = *value * 10 + u64::from(byte - b'0');
                            *digits += 1;
                        }
                        b' ' if *digits > 0 => {
                            let left = (*value).min(self.longest as u64);
                            self.state = State::Message { left, over: *value - left };
                        }
                        // Some senders end a counted message with a newline that they did not count.
                        b'\r' | b'\n' if *digits == 0 => {}
                        _ => {
                            garbage = u64::from(*digits) + (to - read + 1) as u64;
                            self.state = State::Broken;
                            break;
                        }
                    }
                }
                State::Message { left, over } => {
                    let count = (to - read).min(usize::try_from(*left).unwrap_or(usize::MAX));
                    bytes.copy_within(read..read + count, write);
                    read += count;
                    write += count;
                    *left -= count as u64;
                    if *left == 0 {
                        let over = *over;
                        write = whole + end_message(&mut bytes[whole..write]);
                        bytes[write] = b'\n';
                        write += 1;
                        whole = write;
                        self.state =
                            if over > 0 { State::LongMessage { left: over, dropped: 0 } } else { BEFORE_MESSAGE };
                    }
                }
                State::LongMessage { left, dropped } => {
                    let count = (to - read).min(usize::try_from(*left).unwrap_or(usize::MAX));
                    read += count;
                    *left -= count as u64;
                    *dropped += count as u64;
                    if *left == 0 {
                        out(Framed::LongLine(*dropped));
                        self.state = BEFORE_MESSAGE;
                    }
                }
                State::Unknown | State::Line | State::LongLine(_) | State::Broken => break,
            }
        }
        if whole > start {
            out(Framed::Lines(&bytes[start..whole]));
        }
        self.forget();
        self.cut.extend_from_slice(&bytes[whole..write]);
        if garbage > 0 {
            out(Framed::Garbage(garbage));
        }
    }

    fn forget(&mut self) {
        self.cut.clear();
        if self.cut.capacity() > KEPT_BYTES {
            self.cut = Vec::new();
        }
    }
}

/// The framing of a stream that begins with `start`; nothing where that is too short to tell.
fn told(start: &[u8]) -> Option<State> {
    let digits = start.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let counted = match (&start[digits..], start.first()) {
        (_, Some(b'0')) => false,
        (_, Some(_)) if digits == 0 || digits > usize::from(DIGITS_MAX) => false,
        ([b' ', b'<', ..], _) => true,
        ([] | [b' '], _) => return None,
        _ => false,
    };
    Some(if counted { BEFORE_MESSAGE } else { State::Line })
}

/// Makes a line of a message, without its end: newlines within become spaces. Its length.
fn end_message(message: &mut [u8]) -> usize {
    let end = message.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |at| at + 1);
    let mut from = 0;
    while let Some(at) = memchr(b'\n', &message[from..end]) {
        message[from + at] = b' ';
        from += at + 1;
    }
    end
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
