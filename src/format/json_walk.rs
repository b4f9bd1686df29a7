//! One pass over a JSON object that hands over the wanted values and builds nothing.
//!
//! The walk checks the whole grammar as it goes (RFC 8259): keys are strings, commas and colons stand where they must,
//! brackets close what they opened. It is a loop with a stack of fixed depth, so that hostile nesting costs neither
//! memory nor the call stack. What is not wanted below a key is walked by the same loop with [`Node::NOTHING`], which
//! looks up no keys.
//!
//! More is accepted than the grammar allows where servers write it: what `json_text` says of strings, and numbers with
//! leading zeros (nginx writes `000` and `009` as `$status`).

use super::json_paths::{Node, Paths};
use super::json_text::{Text, string};
use bumpalo::Bump;

/// How deep a document may nest; deeper ones are refused.
pub const DEPTH_MAX: usize = 64;

/// A wanted value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'line> {
    /// A string.
    Text(Text<'line>),
    /// A number, as written.
    Number(&'line [u8]),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
    /// An object or an array; what is wanted of its inside is handed over after it.
    Container,
}

/// Walks the object that starts at `start`, hands each wanted value over with its leaf, in the order of the document,
/// and returns the position after the object; `None` where it is no object, or one that breaks the grammar.
///
/// `scratch` takes the keys that are written with escapes.
pub fn walk<'line>(
    line: &'line [u8],
    start: usize,
    paths: &Paths,
    scratch: &'line Bump,
    mut found: impl FnMut(u8, Value<'line>),
) -> Option<usize> {
    let mut at = space(line, start);
    if line.get(at) != Some(&b'{') {
        return None;
    }
    at += 1;
    let mut stack = Stack::new();
    let mut frame = Frame { node: Node::ROOT, is_array: false, index: 0 };
    at = space(line, at);
    let mut is_empty = line.get(at) == Some(&b'}');
    loop {
        // The frame is open, and `at` stands on a member, an element, or the bracket that closes an empty container.
        if !is_empty {
            let node;
            if frame.is_array {
                node = paths.element(frame.node, frame.index);
            } else {
                if line.get(at) != Some(&b'"') {
                    return None;
                }
                let (key, after) = string(line, at + 1)?;
                node = match frame.node {
                    Node::NOTHING => Node::NOTHING,
                    open if key.escaped => paths.key(open, key.said(scratch)),
                    open => paths.key(open, key.raw),
                };
                at = space(line, after);
                if line.get(at) != Some(&b':') {
                    return None;
                }
                at = space(line, at + 1);
            }
            let leaf = paths.leaf(node);
            let (value, after) = match line.get(at)? {
                b'"' => {
                    let (text, after) = string(line, at + 1)?;
                    (Value::Text(text), after)
                }
                b'-' | b'0'..=b'9' => {
                    let after = number(line, at)?;
                    (Value::Number(line.get(at..after)?), after)
                }
                bracket @ (b'{' | b'[') => {
                    if let Some(leaf) = leaf {
                        found(leaf, Value::Container);
                    }
                    stack.push(frame)?;
                    frame = Frame { node, is_array: *bracket == b'[', index: 0 };
                    at = space(line, at + 1);
                    is_empty = line.get(at) == Some(&frame.closing());
                    continue;
                }
                b't' => (Value::Bool(true), literal(line, at, b"true")?),
                b'f' => (Value::Bool(false), literal(line, at, b"false")?),
                b'n' => (Value::Null, literal(line, at, b"null")?),
                _ => return None,
            };
            if let Some(leaf) = leaf {
                found(leaf, value);
            }
            at = space(line, after);
        }
        // A value has ended: a comma brings the next one, brackets close what is open.
        loop {
            match line.get(at)? {
                b',' if !is_empty => {
                    frame.index = frame.index.saturating_add(1);
                    at = space(line, at + 1);
                    break;
                }
                &bracket if bracket == frame.closing() => {
                    at += 1;
                    match stack.pop() {
                        Some(outer) => frame = outer,
                        None => return Some(at),
                    }
                    is_empty = false;
                    at = space(line, at);
                }
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
    #[inline(always)]
    fn closing(self) -> u8 {
        if self.is_array { b']' } else { b'}' }
    }
}

/// The frames around the open one.
struct Stack {
    frames: [Frame; DEPTH_MAX - 1],
    depth: usize,
}

impl Stack {
    fn new() -> Stack {
        Stack { frames: [Frame { node: Node::NOTHING, is_array: false, index: 0 }; DEPTH_MAX - 1], depth: 0 }
    }

    #[inline(always)]
    fn push(&mut self, frame: Frame) -> Option<()> {
        *self.frames.get_mut(self.depth)? = frame;
        self.depth += 1;
        Some(())
    }

    #[inline(always)]
    fn pop(&mut self) -> Option<Frame> {
        self.depth = self.depth.checked_sub(1)?;
        self.frames.get(self.depth).copied()
    }
}

/// The first position at or after `at` that is no white space.
#[inline(always)]
pub fn space(line: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\r' | b'\n') = line.get(at) {
        at += 1;
    }
    at
}

/// The position after the number at `at`.
#[inline(always)]
fn number(line: &[u8], mut at: usize) -> Option<usize> {
    if line.get(at) == Some(&b'-') {
        at += 1;
    }
    at = digits(line, at)?;
    if line.get(at) == Some(&b'.') {
        at = digits(line, at + 1)?;
    }
    if let Some(b'e' | b'E') = line.get(at) {
        at += 1;
        if let Some(b'+' | b'-') = line.get(at) {
            at += 1;
        }
        at = digits(line, at)?;
    }
    Some(at)
}

/// The position after one or more digits.
#[inline(always)]
fn digits(line: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    while let Some(b'0'..=b'9') = line.get(at) {
        at += 1;
    }
    (at > start).then_some(at)
}

/// The position after the word.
#[inline(always)]
fn literal(line: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    line.get(at..)?.starts_with(word).then_some(at + word.len())
}

#[cfg(test)]
#[path = "json_walk_tests.rs"]
mod tests;
