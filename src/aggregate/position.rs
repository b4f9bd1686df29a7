//! Where a line stands, and the first malformed lines.

use crate::format::record::Reason;
use serde::{Deserialize, Serialize};

/// Samples kept.
pub const SAMPLES_MAX: usize = 20;
/// Characters of a sample or example that are shown.
pub const TEXT_CHARS_MAX: usize = 200;

/// Where a line stands. Positions are ordered as the input is.
///
/// While pieces of a file are read by several workers nobody knows how many lines lie before a piece, so a line is
/// named by its piece and its number in it; once all pieces are counted, `resolve` turns that into the line's number in
/// the file (`piece` is then 0).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// Number of the input, from 0.
    pub input: u32,
    /// Number of the piece in the input, from 0.
    pub piece: u64,
    /// Line in the piece, from 1.
    pub line: u64,
}

/// A malformed line that is shown in the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Malformed {
    /// Where it stands.
    pub at: Position,
    /// Why it was not understood.
    pub reason: Reason,
    /// The line, escaped and cut.
    pub text: String,
}

/// The first malformed lines, in input order, at most [`SAMPLES_MAX`].
#[derive(Debug, Default)]
pub struct Samples {
    kept: Vec<Malformed>,
}

impl Samples {
    /// Keeps a line if it is among the first.
    pub fn offer(&mut self, at: Position, reason: Reason, line: &[u8]) {
        if self.kept.len() == SAMPLES_MAX && self.kept.last().is_some_and(|last| last.at < at) {
            return;
        }
        self.keep(Malformed { at, reason, text: shown(line) });
    }

    fn keep(&mut self, sample: Malformed) {
        let place = self.kept.partition_point(|other| other.at < sample.at);
        self.kept.insert(place, sample);
        self.kept.truncate(SAMPLES_MAX);
    }

    /// Keeps the first of both.
    pub fn merge(&mut self, other: Samples) {
        other.kept.into_iter().for_each(|sample| self.keep(sample));
    }

    /// The samples, first line first.
    pub fn as_slice(&self) -> &[Malformed] {
        &self.kept
    }

    /// The samples, to resolve their positions.
    pub fn as_mut_slice(&mut self) -> &mut [Malformed] {
        &mut self.kept
    }
}

impl From<Vec<Malformed>> for Samples {
    fn from(kept: Vec<Malformed>) -> Self {
        Samples { kept }
    }
}

/// Text from a log as it may be shown: invalid UTF-8 as U+FFFD, control characters as `\xHH` (a tab as `\t`), cut at
/// [`TEXT_CHARS_MAX`] characters.
pub fn shown(text: &[u8]) -> String {
    shown_within(text, TEXT_CHARS_MAX)
}

/// As [`shown`], cut at so many characters.
pub fn shown_within(text: &[u8], chars_max: usize) -> String {
    // No more bytes than the characters shown could take.
    let head = &text[..text.len().min(4 * (chars_max + 1))];
    let mut shown = String::new();
    for (count, character) in String::from_utf8_lossy(head).chars().enumerate() {
        if count == chars_max {
            shown.push('…');
            break;
        }
        match character {
            '\t' => shown.push_str("\\t"),
            control if control.is_control() => shown.push_str(&format!("\\x{:02x}", u32::from(control))),
            plain => shown.push(plain),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_samples_are_kept_in_whatever_order_they_come() {
        let mut samples = Samples::default();
        for line in (1..=100).rev().chain(200..300) {
            samples.offer(Position { input: 0, piece: line / 7, line: line % 7 }, Reason::Cut, b"x");
        }
        let lines: Vec<_> = samples.as_slice().iter().map(|sample| sample.at.piece * 7 + sample.at.line).collect();
        assert_eq!(lines, (1..=20).collect::<Vec<_>>());
    }

    #[test]
    fn shown_text_moves_no_cursor() {
        assert_eq!(shown(b"a\x1b[2J\tb\xff\x7f"), "a\\x1b[2J\\tb\u{fffd}\\x7f");
        assert_eq!(shown("\u{9b}1m".as_bytes()), "\\x9b1m");
        assert_eq!(shown(&[b'x'; 500]).chars().count(), TEXT_CHARS_MAX + 1);
    }
}
