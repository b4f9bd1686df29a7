//! A wrong text of the user's (a filter, a format string): what is wrong, where, and what would be right.

use std::fmt;
use std::ops::Range;
use unicode_width::UnicodeWidthChar;

/// Columns of the text that are shown; of a longer one those around the place.
const COLUMNS_MAX: usize = 100;

/// Columns shown before the place where the beginning is cut off.
const COLUMNS_BEFORE: usize = 40;

/// Why a text is not what it should be. Prints as four lines: what is wrong, the text, carets under the place, what would be right.
///
/// ```text
/// unknown field "statuss"
///   statuss>=500
///   ^^^^^^^
///   did you mean "status"? fields: status, method, ...
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextError {
    text: String,
    at: Range<usize>,
    message: String,
    help: String,
}

impl TextError {
    /// An error about the bytes `at` of `text`.
    pub fn new(text: &str, at: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> TextError {
        TextError { text: text.to_owned(), at, message: message.into(), help: help.into() }
    }

    /// What is wrong, in one line.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What would be right, in one line.
    pub fn help(&self) -> &str {
        &self.help
    }

    /// The bytes of the text that are wrong; empty at the place where something is missing.
    pub fn at(&self) -> Range<usize> {
        self.at.clone()
    }
}

impl std::error::Error for TextError {}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, carets) = excerpt(&self.text, &self.at);
        write!(f, "{}\n  {line}\n  {carets}\n  {}", self.message, self.help)
    }
}

/// The text on one line, cut to what fits, and carets under the bytes `at`.
fn excerpt(text: &str, at: &Range<usize>) -> (String, String) {
    let width_before: usize =
        text.char_indices().take_while(|(byte, _)| *byte < at.start).map(|(_, c)| shown(c).1).sum();
    let skipped = if width_before > COLUMNS_MAX - COLUMNS_BEFORE { width_before - COLUMNS_BEFORE } else { 0 };
    let (mut line, mut carets, mut column, mut drawn) = (String::new(), String::new(), 0, 0);
    if skipped > 0 {
        line.push_str("...");
        carets.push_str("   ");
    }
    for (byte, c) in text.char_indices() {
        let (c, width) = shown(c);
        column += width;
        if column <= skipped {
            continue;
        }
        drawn += width;
        if drawn > COLUMNS_MAX {
            line.push_str("...");
            break;
        }
        line.push(c);
        let mark = if byte < at.start { ' ' } else { '^' };
        if byte < at.end.max(at.start) {
            carets.extend(std::iter::repeat_n(mark, width));
        }
    }
    if !carets.ends_with('^') {
        // Something is missing: point at where it should stand.
        carets.push('^');
    }
    (line, carets)
}

/// A character as it is shown, and its columns. What would move the cursor or take no room is shown as U+FFFD.
fn shown(c: char) -> (char, usize) {
    match c.width() {
        Some(width) if width > 0 => (c, width),
        _ if c == '\t' || c == '\n' => (' ', 1),
        _ => (char::REPLACEMENT_CHARACTER, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_stand_under_the_place() {
        let cases = [
            ("a word", "statuss>=500", 0..7, "statuss>=500", "^^^^^^^"),
            ("a place where something is missing", "status", 6..6, "status", "      ^"),
            ("wide characters", "日本=x", 7..8, "日本=x", "     ^"),
            ("no line break and no control character", "a\n\x1b[0m=b", 6..7, "a \u{FFFD}[0m=b", "      ^"),
        ];
        for (what, text, at, line, carets) in cases {
            assert_eq!(excerpt(text, &at), (line.to_owned(), carets.to_owned()), "{what}");
        }
    }

    #[test]
    fn a_long_text_is_cut_around_the_place() {
        let text = format!("{}WRONG{}", "a".repeat(5000), "b".repeat(5000));
        let (line, carets) = excerpt(&text, &(5000..5005));
        assert_eq!(line, format!("...{}WRONG{}...", "a".repeat(40), "b".repeat(55)));
        assert_eq!(carets, format!("{}^^^^^", " ".repeat(43)));
        let (line, carets) = excerpt(&text, &(0..10_005));
        assert_eq!((line.len(), carets.len()), (103, 100));
    }
}
