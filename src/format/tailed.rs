//! Regular lines of the combined format with something behind it: durations, most often.
//!
//! What a server writes more than the combined format it writes behind it. So the head of such a line is read at the
//! distances of its marks, as [`super::clf_fast`] does, and only its tail by a compiled program (see [`super::custom`]).
//! A line whose tail is not exactly what the program expects is left to the careful parser.

use super::clf_fast::{ClfFast, HEAD_MARKS};
use super::custom::Program;
use super::fast::{ReadRegular, Regular};
use bumpalo::Bump;

/// Reads regular lines with a tail.
#[derive(Clone, Debug)]
pub struct Tailed {
    head: ClfFast,
    /// Whether the ident must be a dash, as in format strings of nginx, which have one there for text.
    dash: bool,
    tail: Program,
}

impl Tailed {
    /// For lines that `head`, which must be of a combined format, reads up to the agent, and `tail` the rest. With `dash` the
    /// ident is one.
    pub fn new(head: ClfFast, dash: bool, tail: Program) -> Tailed {
        Tailed { head, dash, tail }
    }
}

impl ReadRegular for Tailed {
    #[inline(always)]
    fn regular<'line>(
        &mut self,
        text: &'line [u8],
        start: usize,
        marks: &[u32],
        _: &'line Bump,
    ) -> Option<Regular<'line>> {
        let (mut access, behind) = self.head.regular_head(text, start, marks)?;
        if self.dash {
            let from_client = text.get(start..behind)?;
            let ident = from_client.get(memchr::memchr(b' ', from_client)?..)?;
            if !ident.starts_with(b" - ") {
                return None;
            }
        }
        // Quotes may stand in the tail; an escape is for the careful parser.
        let more = marks.get(HEAD_MARKS..)?.iter().position(|mark| text.get(*mark as usize) != Some(&b'"'))?;
        let newline = marks[HEAD_MARKS + more] as usize;
        if text.get(newline) != Some(&b'\n') {
            return None;
        }
        let tail = text.get(behind..newline)?;
        let tail = tail.strip_suffix(b"\r").unwrap_or(tail);
        match self.tail.add(tail, &mut access) {
            Ok([]) => Some(Regular { access, marks: HEAD_MARKS + more + 1, newline }),
            _ => None,
        }
    }
}

#[cfg(test)]
#[path = "tailed_tests.rs"]
mod tests;
