//! Regular access-log lines, read at the distances of their marks.
//!
//! Nearly every line of a common or combined log has one shape: two or six quotes and a newline, the time in brackets
//! right before the first quote, the numbers between the second and the third. Given the positions of the marks (see
//! [`crate::scan`]) a few comparisons of whole words show that a line has it, and its fields are slices at known places.
//!
//! A line that differs in anything (an escaped quote, TLS bytes, a bad date, text behind the end) is not taken here but
//! left to the careful parser, `clf`. So this path needs no rule for odd lines and is still exact: for every
//! line that it takes it says what the careful parser says. Tests hold it to that.

use super::fast::{ReadRegular, Regular};
use super::record::{Access, NONE, Time};
use super::shape::Shape;
use super::{client, request, time, value};
use crate::scan::chunk_at;
use bumpalo::Bump;

/// Reads regular lines; remembers the last hour and offset, which the next line most often shares.
#[derive(Clone, Debug)]
pub struct ClfFast {
    vhost: bool,
    combined: bool,
    heartbeat: Vec<u8>,
    hour_text: u128,
    hour_wall_seconds: i64,
    zone_text: u64,
    offset_seconds: i32,
}

/// Marks of the combined format's fields: two quotes each of request, referrer and agent.
pub const HEAD_MARKS: usize = 6;

/// Minutes and seconds, but not second 60, which is left to the careful parser.
const MINUTES_AND_SECONDS: Shape = Shape::new(b"59:59 ??");
/// The status behind the request's closing quote.
const STATUS: Shape = Shape::new(b"\" 999 ??");
const PROTOCOL: Shape = Shape::new(b"HTTP/9.9");

const ONES: u64 = u64::from_le_bytes([1; 8]);
const HIGHS: u64 = ONES << 7;

impl ReadRegular for ClfFast {
    #[inline(always)]
    fn regular<'line>(
        &mut self,
        text: &'line [u8],
        start: usize,
        marks: &[u32],
        _: &'line Bump,
    ) -> Option<Regular<'line>> {
        if self.combined {
            let (access, behind) = self.regular_head(text, start, marks)?;
            let newline = *marks.get(HEAD_MARKS)? as usize;
            ends_line(text, behind, newline)?;
            return Some(Regular { access, marks: HEAD_MARKS + 1, newline });
        }
        let &[opening, closing, newline, ..] = marks else { return None };
        let newline = newline as usize;
        let end = if text.get(newline.wrapping_sub(1)) == Some(&b'\r') { newline - 1 } else { newline };
        ends_line(text, end, newline)?;
        let access = self.access(text, start, [opening as usize, closing as usize], end)?;
        Some(Regular { access, marks: 3, newline })
    }
}

impl ClfFast {
    /// For lines with a virtual host before the client or without, with referrer and agent (`combined`) or without; a
    /// request that is exactly `heartbeat` is left to the careful parser.
    pub fn new(vhost: bool, combined: bool, heartbeat: &[u8]) -> ClfFast {
        ClfFast {
            vhost,
            combined,
            heartbeat: heartbeat.to_vec(),
            hour_text: 0,
            hour_wall_seconds: 0,
            zone_text: 0,
            offset_seconds: 0,
        }
    }

    /// Reads what begins like a line of the combined format, as [`regular`](ReadRegular::regular) does; says what it is, and where
    /// what stands behind it begins. Its marks are [`HEAD_MARKS`] many.
    #[inline(always)]
    pub fn regular_head<'line>(
        &mut self,
        text: &'line [u8],
        start: usize,
        marks: &[u32],
    ) -> Option<(Access<'line>, usize)> {
        let [opening, closing, r0, r1, a0, a1] = marks.first_chunk::<HEAD_MARKS>()?.map(|mark| mark as usize);
        // ` "referrer" "agent"` with nothing between: the words hold the quotes that the marks promise.
        let end = r0.checked_sub(1)?;
        if word(text, end)? != *b" \"" || a0 != r1 + 2 || word(text, r1)? != *b"\" \"" || word(text, a1)? != *b"\"" {
            return None;
        }
        let mut access = self.access(text, start, [opening, closing], end)?;
        (access.referrer, access.agent) = (value(text.get(r0 + 1..r1)?), value(text.get(a0 + 1..a1)?));
        Some((access, a1 + 1))
    }

    /// The fields of the common log format, whose request stands between two quotes and whose numbers end at `end`.
    #[inline(always)]
    fn access<'line>(
        &mut self,
        text: &'line [u8],
        start: usize,
        [opening, closing]: [usize; 2],
        end: usize,
    ) -> Option<Access<'line>> {
        let bracket = opening.checked_sub(29)?;
        let time = self.time(text, bracket)?;
        let (vhost, start) = if self.vhost { vhost(text, start, bracket)? } else { (NONE, start) };
        let (client, user) = head(text, start, bracket)?;
        let request = text.get(opening + 1..closing)?;
        if request.len() == self.heartbeat.len() && request == self.heartbeat {
            return None;
        }
        let (method, target, protocol) = take_apart(text, request, opening, closing);
        let status = status(word(text, closing)?)?;
        let bytes_sent = size(text, closing + 6, end)?;
        Some(Access { time, client, user, vhost, method, target, protocol, status, bytes_sent, ..Access::default() })
    }

    /// The time `[dd/Mon/yyyy:HH:MM:SS +zzzz] "` whose bracket stands at `at`.
    #[inline(always)]
    fn time(&mut self, text: &[u8], at: usize) -> Option<Time> {
        let stamp: [u8; 30] = word(text, at)?;
        let hour_text = u128::from_le_bytes(word(&stamp, 0)?);
        let zone_text = u64::from_le_bytes(word(&stamp, 22)?);
        if hour_text != self.hour_text || zone_text != self.zone_text {
            self.learn(text, at, hour_text, zone_text)?;
        }
        let digits = MINUTES_AND_SECONDS.digits(word(&stamp, 16)?)?;
        // Ten times each digit and its neighbour: minutes in the first byte, seconds in the fourth.
        let [minutes, _, _, seconds, ..] = digits.wrapping_mul(10).wrapping_add(digits >> 8).to_le_bytes();
        let seconds = u32::from(minutes) * 60 + u32::from(seconds);
        Some(Time {
            wall_seconds: self.hour_wall_seconds + i64::from(seconds),
            offset_seconds: self.offset_seconds,
            nanos: 0,
        })
    }

    /// Reads another hour with the careful parser and remembers it.
    #[cold]
    fn learn(&mut self, text: &[u8], at: usize, hour_text: u128, zone_text: u64) -> Option<()> {
        let whole = text.get(at..at + 30)?;
        if whole[0] != b'[' || !whole.ends_with(b"] \"") {
            return None;
        }
        let time = time::clf(&whole[1..27])?;
        let seconds = |tens: usize| i64::from(whole[tens] - b'0') * 10 + i64::from(whole[tens + 1] - b'0');
        self.hour_wall_seconds = time.wall_seconds - seconds(16) * 60 - seconds(19);
        self.offset_seconds = time.offset_seconds;
        (self.hour_text, self.zone_text) = (hour_text, zone_text);
        Some(())
    }
}

/// `N` bytes of `text` from `at`.
#[inline(always)]
fn word<const N: usize>(text: &[u8], at: usize) -> Option<[u8; N]> {
    chunk_at(text, at).copied()
}

/// A text as a record holds it.
#[inline(always)]
fn value(text: &[u8]) -> &[u8] {
    if text.is_empty() { NONE } else { text }
}

/// Whether a line ends at `end`: its LF at `newline`, at most one CR before it.
#[inline(always)]
fn ends_line(text: &[u8], end: usize, newline: usize) -> Option<()> {
    let regular = match newline.checked_sub(end)? {
        0 => true,
        1 => text.get(end) == Some(&b'\r'),
        _ => false,
    };
    (regular && text.get(newline) == Some(&b'\n')).then_some(())
}

/// The virtual host in `vhost[:port] `, and where the client begins.
#[inline(always)]
fn vhost(text: &[u8], start: usize, bracket: usize) -> Option<(&[u8], usize)> {
    let line = text.get(start..bracket)?;
    let (name, behind) = line.split_at(memchr::memchr(b' ', line)?);
    let vhost = value::before_port(name)?;
    // Without a port, what stands before ` - ` is a client. Lines after a hole are for the careful parser.
    let is_client = vhost.len() == name.len() && behind.starts_with(b" - ");
    (!is_client && !name.starts_with(b"\0")).then_some((vhost, start + name.len() + 1))
}

/// Client and user of `client ident user ` between the line's start and the time's bracket.
#[inline(always)]
fn head(text: &[u8], start: usize, bracket: usize) -> Option<(&[u8], &[u8])> {
    // Most often the client is an IPv4 address, and neither ident nor user is known.
    let end = bracket.checked_sub(5)?;
    let client = text.get(start..end)?;
    if is_plain(client) && word(text, end)? == *b" - - " {
        return Some((client, NONE));
    }
    let line = text.get(start..bracket)?;
    let length = memchr::memchr(b' ', line)?;
    let token = &line[..length];
    if is_plain(token) {
        return user(text, start + length, bracket).map(|user| (token, user));
    }
    // Lists, wrapped lines and lines after a hole are for the careful parser.
    if matches!(token, [] | [b'"', ..] | [0, ..]) || token.contains(&b',') {
        return None;
    }
    user(text, start + length, bracket).map(|user| (client::normalise(token), user))
}

/// Whether a text is of digits and dots alone (and `/`, between the two): no need to normalise it. Only texts of eight to
/// sixteen bytes are looked at, as two words that overlap; no others are plain.
#[inline(always)]
fn is_plain(text: &[u8]) -> bool {
    let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) else { return false };
    let [first, last] = [first, last].map(|word| u64::from_le_bytes(*word));
    // The highest bit of each byte: set from `.` on; set above `9`, or by a carry from a byte that is not ASCII.
    let from_dot = |word: u64| (word | HIGHS).wrapping_sub(ONES * 0x2e);
    let above_nine = |word: u64| word.wrapping_add(ONES * 0x46) | word;
    text.len() <= 16 && from_dot(first) & from_dot(last) & !above_nine(first) & !above_nine(last) & HIGHS == HIGHS
}

/// The user in ` ident user ` between the client's end and the bracket; it may hold spaces.
#[inline(always)]
fn user(text: &[u8], client_end: usize, bracket: usize) -> Option<&[u8]> {
    let between = text.get(client_end + 1..bracket)?;
    let (ident_end, last) = (memchr::memchr(b' ', between)?, between.len() - 1);
    // One space ends the ident, another the user; both are there only if they are two.
    if between[last] != b' ' || ident_end >= last || ident_end == 0 {
        return None;
    }
    Some(value(&between[ident_end + 1..last]))
}

/// Method, target and protocol; the usual ones are known by whole words.
#[inline(always)]
fn take_apart<'line>(
    text: &'line [u8],
    request: &'line [u8],
    opening: usize,
    closing: usize,
) -> (&'line [u8], &'line [u8], &'line [u8]) {
    if let (Some(first), Some([b' ', last @ ..])) = (word(text, opening + 1), word::<9>(text, closing.wrapping_sub(9)))
    {
        let first = u64::from_le_bytes(first);
        let starts = |method: &[u8; 8], length: u32| (first ^ u64::from_le_bytes(*method)) << (64 - 8 * length) == 0;
        let method = if starts(b"GET \0\0\0\0", 4) {
            3
        } else if starts(b"POST \0\0\0", 5) || starts(b"HEAD \0\0\0", 5) {
            4
        } else {
            0
        };
        let known = PROTOCOL.digits(last).is_some();
        // Method, space, a target of at least one byte, space, protocol.
        if method > 0 && known && request.len() > method + 1 + 9 {
            let (rest, protocol) = request.split_at(request.len() - 8);
            return (&request[..method], &rest[method + 1..rest.len() - 1], protocol);
        }
    }
    let request = request::take_apart(request);
    (request.method, request.target, request.protocol)
}

/// The status in `" ddd `, a word that begins at the closing quote of the request.
#[inline(always)]
fn status(word: [u8; 8]) -> Option<u16> {
    let [_, _, hundreds, tens, ones, ..] = STATUS.digits(word)?.to_le_bytes();
    Some(u16::from(hundreds) * 100 + u16::from(tens) * 10 + u16::from(ones))
}

/// The size in `text[from..to]`: digits, or `-` for none. Up to eight digits, which is 99 MB, are read as one word.
#[inline(always)]
fn size(text: &[u8], from: usize, to: usize) -> Option<Option<u64>> {
    let length = to.checked_sub(from)?;
    match length {
        1..=8 => {
            let word = u64::from_le_bytes(word(text, to.checked_sub(8)?)?);
            // The digits moved to the high end, leading zeros below them.
            let shift = 64 - 8 * length as u32;
            let digits = word & (u64::MAX << shift);
            if length == 1 && digits >> 56 == u64::from(b'-') {
                return Some(None);
            }
            let zeros = 0x3030_3030_3030_3030;
            let values = digits ^ (zeros & (u64::MAX << shift));
            if (values.wrapping_add(0x7676_7676_7676_7676) | values) & 0x8080_8080_8080_8080 != 0 {
                return None;
            }
            // Pairs, fours and all eight: each step adds ten times the lower neighbour (the first digit is lowest).
            let pairs = values.wrapping_mul(10).wrapping_add(values >> 8) & 0x00ff_00ff_00ff_00ff;
            let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
            Some(Some(fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff))
        }
        9..=20 => long_size(text.get(from..to)?).map(Some),
        _ => None,
    }
}

#[cold]
fn long_size(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0u64, |value, byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 { None } else { value.checked_mul(10)?.checked_add(u64::from(digit)) }
    })
}
