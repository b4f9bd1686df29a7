//! The walk over a JSON object whose strings are found by their marks.
//!
//! The scan has found every quote and backslash of the text, so a string is two marks, and what stands between strings
//! is a few bytes: a colon, a comma, brackets, a number. This walk goes from one to the next, checks the same grammar as
//! [`super::json_walk`], and hands over the same values in the same order. It refuses whatever is rare instead of
//! reading it (see [`walk`]), and then the careful walk reads the line again.
//!
//! Source: Langdale and Lemire, "Parsing Gigabytes of JSON per Second", VLDB Journal 28(6), 2019, whose second stage
//! also walks positions; here no tape is built.

use super::json::Found;
use super::json_paths::{Node, Paths};
use super::json_text::Text;
use super::json_walk::Value;

/// How deep a regular document nests, its own object not counted.
const DEPTH_MAX: usize = 12;

/// Where an object ended: the position after it, and how many marks it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Walked {
    /// The position after its closing bracket.
    pub end: usize,
    /// Its quotes and backslashes.
    pub marks: usize,
}

/// Walks the object whose opening bracket stands at `start` of `text` and whose marks are the first of `marks`; hands
/// each wanted value to `found`.
///
/// `None` where it breaks the grammar, and also where it is empty, has newlines in it, nests deeper than [`DEPTH_MAX`],
/// has a key with an escape among its wanted ones, or ends within eight bytes of the end of the text.
#[inline(always)]
pub fn walk<'line>(
    text: &'line [u8],
    start: usize,
    marks: &[u32],
    paths: &Paths,
    found: &mut Found<'line, '_>,
) -> Option<Walked> {
    let mut strings = Strings { text, marks, next: 0 };
    let mut around = [Frame::DOCUMENT; DEPTH_MAX];
    let mut depth = 0;
    let mut frame = Frame::DOCUMENT;
    let (mut at, mut byte) = behind_space(text, start + 1)?;
    loop {
        // `byte`, at `at`, begins a member or an element.
        let node = if frame.is_array {
            paths.element(frame.node, frame.index)
        } else {
            let (from, to, escaped) = strings.next(at, byte)?;
            (at, byte) = behind_space(text, to + 1)?;
            if byte != b':' {
                return None;
            }
            (at, byte) = behind_space(text, at + 1)?;
            match frame.node {
                Node::NOTHING => Node::NOTHING,
                _ if escaped => return None,
                open => paths.key_within(open, text, from, to)?,
            }
        };
        let (node, value) = match byte {
            b'"' => {
                let (from, to, escaped) = strings.next(at, byte)?;
                at = to + 1;
                (node, Value::Text(Text { raw: text.get(from..to)?, escaped }))
            }
            // Of Caddy's headers each is an array, nearly always of one string: no frame is opened for that.
            b'[' if text.get(at + 1) == Some(&b'"') => {
                if let Some(leaf) = paths.leaf(node) {
                    found.take(leaf, Value::Container);
                }
                let (from, to, escaped) = strings.next(at + 1, b'"')?;
                at = to + 1;
                if text.get(at) == Some(&b']') {
                    at += 1;
                } else {
                    *around.get_mut(depth)? = frame;
                    depth += 1;
                    frame = Frame { node, is_array: true, index: 0 };
                }
                (paths.element(node, 0), Value::Text(Text { raw: text.get(from..to)?, escaped }))
            }
            b'-' | b'0'..=b'9' => {
                let from = at;
                at = number(text, at)?;
                (node, Value::Number(text.get(from..at)?))
            }
            b'{' | b'[' => {
                let inner = Frame { node, is_array: byte == b'[', index: 0 };
                (at, byte) = behind_space(text, at + 1)?;
                if byte == inner.closing() {
                    at += 1;
                    (node, Value::Container)
                } else {
                    if let Some(leaf) = paths.leaf(node) {
                        found.take(leaf, Value::Container);
                    }
                    *around.get_mut(depth)? = frame;
                    depth += 1;
                    frame = inner;
                    continue;
                }
            }
            b't' => {
                at = behind_word(text, at, b"true")?;
                (node, Value::Bool(true))
            }
            b'f' => {
                at = behind_word(text, at, b"false")?;
                (node, Value::Bool(false))
            }
            b'n' => {
                at = behind_word(text, at, b"null")?;
                (node, Value::Null)
            }
            _ => return None,
        };
        if let Some(leaf) = paths.leaf(node) {
            found.take(leaf, value);
        }
        // A value has ended: a comma brings the next one, brackets close what is open.
        loop {
            (at, byte) = behind_space(text, at)?;
            if byte == b',' {
                frame.index += 1;
                (at, byte) = behind_space(text, at + 1)?;
                break;
            }
            if byte != frame.closing() {
                return None;
            }
            at += 1;
            match depth.checked_sub(1) {
                Some(outer) => (depth, frame) = (outer, *around.get(outer)?),
                None => return Some(Walked { end: at, marks: strings.next }),
            }
        }
    }
}

/// The strings of a text, one after the other.
struct Strings<'line, 'marks> {
    text: &'line [u8],
    marks: &'marks [u32],
    next: usize,
}

impl<'line> Strings<'line, '_> {
    /// The string that begins with `byte` at `at`: its first byte, its closing quote, and whether it has escapes.
    #[inline(always)]
    fn next(&mut self, at: usize, byte: u8) -> Option<(usize, usize, bool)> {
        let &[opening, closing, ..] = self.marks.get(self.next..)? else { return None };
        let closing = closing as usize;
        // No mark before `at` is left, so that a quote there is the next one.
        debug_assert!(byte != b'"' || opening as usize == at);
        if byte != b'"' {
            return None;
        }
        if self.text.get(closing) == Some(&b'"') {
            self.next += 2;
            return Some((at + 1, closing, false));
        }
        self.next += 1;
        Some((at + 1, self.behind_escapes()?, true))
    }

    /// The closing quote of a string whose next mark is no quote.
    #[inline(never)]
    fn behind_escapes(&mut self) -> Option<usize> {
        loop {
            let mark = *self.marks.get(self.next)? as usize;
            self.next += 1;
            match self.text.get(mark)? {
                b'"' => return Some(mark),
                // What a backslash escapes is no end, also where it is a mark itself.
                b'\\' if self.marks.get(self.next).is_some_and(|&next| next as usize == mark + 1) => {
                    if self.text.get(mark + 1) == Some(&b'\n') {
                        return None;
                    }
                    self.next += 1;
                }
                b'\\' => {}
                _ => return None,
            }
        }
    }
}

/// An open object or array.
#[derive(Clone, Copy)]
struct Frame {
    node: Node,
    is_array: bool,
    /// The element that comes next, in an array.
    index: u32,
}

impl Frame {
    const DOCUMENT: Frame = Frame { node: Node::ROOT, is_array: false, index: 0 };

    #[inline(always)]
    fn closing(self) -> u8 {
        if self.is_array { b']' } else { b'}' }
    }
}

/// The first byte at or after `at` that is no white space, and where it is; a newline ends the line and is one here.
#[inline(always)]
fn behind_space(text: &[u8], at: usize) -> Option<(usize, u8)> {
    let byte = *text.get(at)?;
    if byte > b' ' { Some((at, byte)) } else { behind_more_space(text, at) }
}

fn behind_more_space(text: &[u8], mut at: usize) -> Option<(usize, u8)> {
    loop {
        match *text.get(at)? {
            b' ' | b'\t' | b'\r' => at += 1,
            byte => return Some((at, byte)),
        }
    }
}

/// The position after the number at `at`.
#[inline(always)]
fn number(text: &[u8], at: usize) -> Option<usize> {
    let mut at = digits(text, at + usize::from(text.get(at) == Some(&b'-')))?;
    if text.get(at) == Some(&b'.') {
        at = digits(text, at + 1)?;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        at += 1;
        if let Some(b'+' | b'-') = text.get(at) {
            at += 1;
        }
        at = digits(text, at)?;
    }
    Some(at)
}

/// The position after one or more digits, counted in words of eight.
#[inline(always)]
fn digits(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        let word = u64::from_le_bytes(*text.get(at..)?.first_chunk()?);
        // The high bit of each byte that is no digit: `0` to `9` become 0 to 9, and 0x76 lifts what is more to it.
        let value = word ^ 0x3030_3030_3030_3030;
        let others = (((value & 0x7f7f_7f7f_7f7f_7f7f) + 0x7676_7676_7676_7676) | value) & 0x8080_8080_8080_8080;
        if others != 0 {
            at += others.trailing_zeros() as usize / 8;
            return (at > start).then_some(at);
        }
        at += 8;
    }
}

/// The position after the word.
#[inline(always)]
fn behind_word(text: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    text.get(at..)?.starts_with(word).then_some(at + word.len())
}
