//! Messages of error logs, their variable parts masked, so that like messages are one row.
//!
//! `Found child 6725 in scoreboard slot 10` and `Found child 6726 in scoreboard slot 8` say the same thing; masked, both
//! are `Found child <n> in scoreboard slot <n>`. What is masked:
//!
//! | mask | stands for | examples |
//! | --- | --- | --- |
//! | `<n>` | a number, decimal or hexadecimal, with its sign, or a hexadecimal id of 8 digits or more | `12`, `-1.5`, `0x7f3c`, `9fceb02a` |
//! | `<ip>` | an IPv4 or IPv6 address, with its port and zone | `10.0.0.1:80`, `[fe80::1%eth0]:443` |
//! | `<path>` | an absolute path, up to the closing quote where it stands in quotes | `/var/www`, `"C:\Program Files\a"` |
//! | `<url>` | a URL | `http://example.com/a?b` |
//! | `<id>` | a UUID, or a word of more than 64 bytes | `123e4567-e89b-12d3-a456-426614174000` |
//!
//! A digit inside a word is part of its name, not a number: `mod_jk2`, `AH00035`, `worker1` are kept, `worker-1` is
//! `worker-<n>`. So is a version: `HTTP/1.1`, `TLSv1.2`. A number may carry a unit, which is kept: `12ms` is `<n>ms`.
//! All else, quotes too, is kept as written, and within quotes the same rules hold.
//!
//! Invariants, which the tests check: a key is at most [`KEY_BYTES_MAX`] long and ends between two tokens; masking a key
//! again changes nothing; each byte is looked at a bounded number of times. Any bytes will do; those beyond ASCII count
//! as letters.
//!
//! Why not a regular expression: eight alternatives at every byte, where one look at a token's first byte rules out all
//! but two.

use std::net::Ipv6Addr;

/// The longest key, in bytes.
pub const KEY_BYTES_MAX: usize = 256;

/// The longest word that is kept, in bytes: longer ones are tokens, digests and other ids.
const WORD_BYTES_MAX: usize = 64;

/// Hexadecimal digits that make an id of a word; shorter ones may be words (`added`, `c0de`).
const HEX_ID_DIGITS_MIN: usize = 8;

/// The longest text of an IPv6 address (RFC 4291, the form that ends in an IPv4 address).
const IPV6_BYTES_MAX: usize = 45;

const NUMBER: &[u8] = b"<n>";
const ADDRESS: &[u8] = b"<ip>";
const PATH: &[u8] = b"<path>";
const URL: &[u8] = b"<url>";
const ID: &[u8] = b"<id>";

/// Units that may stand directly behind a number.
const UNITS: [&[u8]; 21] = [
    b"ns", b"us", b"ms", b"s", b"sec", b"min", b"h", b"d", b"B", b"k", b"K", b"M", b"G", b"kB", b"KB", b"MB", b"GB",
    b"KiB", b"MiB", b"GiB", b"b",
];

/// Writes the key of `message` to `out`, replacing what was there. Does not allocate once `out` holds 256 bytes.
pub fn mask(message: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.reserve(KEY_BYTES_MAX);
    let mut rest = message;
    while let Some(token) = Token::first_of(rest, out.last().copied()) {
        let Some((written, behind)) = rest.split_at_checked(token.bytes) else { break };
        let text = token.mask.unwrap_or(written);
        if out.len() + text.len() > KEY_BYTES_MAX {
            break;
        }
        out.extend_from_slice(text);
        rest = behind;
    }
}

/// The next piece of a message.
#[derive(Clone, Copy)]
struct Token {
    /// Its length in the message; never 0.
    bytes: usize,
    /// What stands for it in the key; `None` where it is kept.
    mask: Option<&'static [u8]>,
}

impl Token {
    /// The token that `text` starts with; `before` is the last byte of the key so far.
    fn first_of(text: &[u8], before: Option<u8>) -> Option<Token> {
        let first = *text.first()?;
        if is_word(first) {
            return Some(word(text, before));
        }
        if matches!(first, b'[' | b':')
            && let Some(bytes) = ipv6(text)
        {
            return Some(Token { bytes, mask: Some(ADDRESS) });
        }
        if matches!(first, b'/' | b'\\') && opens(before) && is_path_start(text) {
            return Some(Token { bytes: path(text, before), mask: Some(PATH) });
        }
        if matches!(first, b'-' | b'+')
            && opens(before)
            && text.get(1).is_some_and(u8::is_ascii_digit)
            && let Token { bytes, mask: Some(NUMBER) } = word(tail(text, 1), None)
        {
            return Some(Token { bytes: bytes + 1, mask: Some(NUMBER) });
        }
        Some(Token { bytes: 1, mask: None })
    }
}

/// A set of bytes, one look-up a byte.
type Set = [bool; 256];

const fn set(members: &[u8]) -> Set {
    let mut set = [false; 256];
    let mut at = 0;
    while at < members.len() {
        set[members[at] as usize] = true;
        at += 1;
    }
    set
}

/// What words are made of: letters, digits, underscores, and all beyond ASCII.
const WORD: Set = {
    let mut set = set(b"_");
    let mut byte = 0;
    while byte < set.len() {
        set[byte] |= byte >= 0x80 || (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    set
};

/// Behind which a value may start: not behind a word (`either/or`) nor behind a mask (`<n>/<n>`).
const OPENERS: Set = set(b" \t\n\r\x0C\"'`([{=,;:|");

/// Where a path outside quotes ends.
const PATH_ENDS: Set = set(b" \t\n\r\x0C\"'`,;:()[]{}<>|");

/// Where a URL ends.
const URL_ENDS: Set = set(b" \t\n\r\x0C\"'`<>");

fn is_in(set: &Set, byte: u8) -> bool {
    set[usize::from(byte)]
}

fn is_word(byte: u8) -> bool {
    is_in(&WORD, byte)
}

fn opens(before: Option<u8>) -> bool {
    before.is_none_or(|byte| is_in(&OPENERS, byte))
}

/// How many bytes from the start satisfy `holds`.
fn span(text: &[u8], holds: impl Fn(u8) -> bool) -> usize {
    text.iter().position(|&byte| !holds(byte)).unwrap_or(text.len())
}

fn tail(text: &[u8], from: usize) -> &[u8] {
    text.get(from..).unwrap_or_default()
}

/// Whether the text ends here or goes on with a byte that is in no word.
fn is_end(text: &[u8]) -> bool {
    text.first().is_none_or(|&byte| !is_word(byte))
}

/// A token that starts with a byte of a word: an id, an address, a URL, a path with a drive, a number or just a word.
///
/// The byte behind the word decides which of them it can be.
fn word(text: &[u8], before: Option<u8>) -> Token {
    let masked = |bytes, mask| Token { bytes, mask: Some(mask) };
    let bytes = span(text, is_word);
    let (run, behind) = text.split_at_checked(bytes).unwrap_or_default();
    let next = behind.first();
    if run.len() == 8
        && next == Some(&b'-')
        && let Some(bytes) = uuid(text)
    {
        return masked(bytes, ID);
    }
    if next == Some(&b':') {
        if let Some(bytes) = bare_ipv6(text) {
            return masked(bytes, ADDRESS);
        }
        if let Some(bytes) = url(run, behind) {
            return masked(bytes, URL);
        }
        if opens(before) && is_drive(text) {
            return masked(path(text, before), PATH);
        }
    }
    if run.first().is_some_and(u8::is_ascii_digit) {
        match number(text) {
            (0, _) => {}
            (bytes, Dotted::Number) => return masked(bytes, NUMBER),
            (bytes, Dotted::Ipv4) => return masked(bytes, ADDRESS),
        }
    }
    if is_hex_number(run) {
        return masked(bytes, NUMBER);
    }
    let bytes = bytes + version(run, behind);
    Token { bytes, mask: (bytes > WORD_BYTES_MAX).then_some(ID) }
}

/// `0x7f3c`, or an id of hexadecimal digits: long, and with a decimal digit in it, for `defaced` is a word.
fn is_hex_number(run: &[u8]) -> bool {
    let is_hex = |digits: &[u8]| !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
    match run {
        [b'0', b'x' | b'X', digits @ ..] => is_hex(digits),
        _ => run.len() >= HEX_ID_DIGITS_MIN && is_hex(run) && run.iter().any(u8::is_ascii_digit),
    }
}

/// What groups of digits with dots between them are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dotted {
    Number,
    Ipv4,
}

/// The length of the decimal number, version or IPv4 address that `text` starts with, its unit not counted; 0 if none.
fn number(text: &[u8]) -> (usize, Dotted) {
    let mut bytes = 0;
    let mut octets = 0;
    let mut group = text;
    let mut ended = false;
    while !ended {
        let digits = span(group, |byte| byte.is_ascii_digit());
        let behind = tail(group, digits);
        let unit = behind.get(..span(behind, is_word)).unwrap_or_default();
        if digits == 0 || !(unit.is_empty() || UNITS.contains(&unit)) {
            break;
        }
        bytes += digits + usize::from(bytes > 0);
        octets += 1;
        if !unit.is_empty() || !is_octet(group.get(..digits).unwrap_or_default()) {
            octets = 5;
        }
        ended = !unit.is_empty() || behind.first() != Some(&b'.');
        group = tail(behind, 1);
    }
    match octets {
        4 => (bytes + port(tail(text, bytes)), Dotted::Ipv4),
        _ => (bytes, Dotted::Number),
    }
}

fn is_octet(digits: &[u8]) -> bool {
    digits.len() <= 3 && digits.iter().fold(0u16, |value, digit| value * 10 + u16::from(digit - b'0')) <= 255
}

/// The length of a `:port`, 0 if there is none.
fn port(text: &[u8]) -> usize {
    let Some(digits) = text.strip_prefix(b":") else { return 0 };
    let length = span(digits, |byte| byte.is_ascii_digit());
    if (1..=5).contains(&length) && is_end(tail(digits, length)) { length + 1 } else { 0 }
}

/// The length of the version behind a word: `/1.1` of `HTTP/1.1`, `.2` of `TLSv1.2`; 0 if there is none.
///
/// Its groups have at most three digits, and behind a slash it is dotted or a single digit, so that the numbers of
/// `proc/4711` and `core.4711` are masked.
fn version(run: &[u8], text: &[u8]) -> usize {
    let ends_in_digit = run.last().is_some_and(u8::is_ascii_digit);
    let needed = match text.first() {
        Some(b'.') if ends_in_digit && !run.first().is_some_and(u8::is_ascii_digit) => 1,
        Some(b'/') if run.iter().any(u8::is_ascii_alphabetic) => 2,
        _ => return 0,
    };
    let (mut bytes, mut groups) = (0, 0);
    while matches!((tail(text, bytes).first(), groups), (Some(b'.'), _) | (Some(b'/'), 0)) {
        let behind = tail(text, bytes + 1);
        let digits = span(behind, |byte| byte.is_ascii_digit());
        if !(1..=3).contains(&digits) || !is_end(tail(behind, digits)) {
            break;
        }
        bytes += 1 + digits;
        groups += 1;
    }
    if groups >= needed || bytes == 2 { bytes } else { 0 }
}

/// The length of a UUID (RFC 9562, section 4), 0-9 and a-f in groups of 8, 4, 4, 4 and 12.
fn uuid(text: &[u8]) -> Option<usize> {
    let (candidate, behind) = text.split_at_checked(36)?;
    let holds = |(at, &byte): (usize, &u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    (candidate.iter().enumerate().all(holds) && is_end(behind)).then_some(36)
}

/// The length of an IPv6 address: bare with its zone, or in brackets with its zone and port.
///
/// It must hold a digit, for `Add::Face` is a name.
fn ipv6(text: &[u8]) -> Option<usize> {
    if let Some(inner) = text.strip_prefix(b"[") {
        let bytes = 1 + bare_ipv6(inner)?;
        let behind = tail(text, bytes).strip_prefix(b"]")?;
        return Some(bytes + 1 + port(behind));
    }
    bare_ipv6(text)
}

fn bare_ipv6(text: &[u8]) -> Option<usize> {
    let window = text.get(..=IPV6_BYTES_MAX).unwrap_or(text);
    let mut candidate = window.get(..span(window, |byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.')))?;
    // What goes on with a mask was no address before it was masked.
    let is_masked = tail(text, candidate.len()).starts_with(b"<");
    if is_masked || memchr::memchr_iter(b':', candidate).count() < 2 || !candidate.iter().any(u8::is_ascii_digit) {
        return None;
    }
    // The colon or full stop of the sentence. A prefix that ends in colons (`fe80::`) is no address.
    while let [shorter @ .., b'.' | b':'] = candidate {
        candidate = shorter;
    }
    str::from_utf8(candidate).ok()?.parse::<Ipv6Addr>().ok()?;
    let behind = tail(text, candidate.len());
    match behind.strip_prefix(b"%") {
        Some(zone) if !is_end(zone) => {
            let zone = span(zone, |byte| is_word(byte) || matches!(byte, b'.' | b'-'));
            Some(candidate.len() + 1 + zone)
        }
        _ => is_end(behind).then_some(candidate.len()),
    }
}

/// The length of a URL: a scheme (RFC 3986, 3.1), then `://`, and all up to white space, a quote or an angle bracket, less
/// the punctuation of the sentence.
fn url(scheme: &[u8], behind: &[u8]) -> Option<usize> {
    let rest = behind.strip_prefix(b"://")?;
    if !(scheme.first()?.is_ascii_alphabetic() && scheme.iter().all(u8::is_ascii_alphanumeric)) {
        return None;
    }
    let whole = span(rest, |byte| !is_in(&URL_ENDS, byte));
    let kept = rest.get(..whole)?.iter().rposition(|byte| !b".,;:!?)]}".contains(byte))? + 1;
    Some(scheme.len() + 3 + kept)
}

/// A drive: `C:\` or `C:/`.
fn is_drive(text: &[u8]) -> bool {
    matches!(text, [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic())
}

/// A path from the root, or a share: `/var`, a lone `/`, `\\server\share`.
fn is_path_start(text: &[u8]) -> bool {
    matches!(text, [b'/', ..] | [b'\\', b'\\', ..])
}

/// The length of the path that `text` starts with: up to the closing quote behind an opening one, else up to white
/// space or punctuation.
fn path(text: &[u8], before: Option<u8>) -> usize {
    if let Some(quote @ (b'"' | b'\'' | b'`')) = before
        && let Some(end) = memchr::memchr(quote, text)
    {
        return end;
    }
    let drive = if is_drive(text) { 2 } else { 0 };
    drive + span(tail(text, drive), |byte| !is_in(&PATH_ENDS, byte))
}

#[cfg(test)]
mod tests;
