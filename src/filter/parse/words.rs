//! Values and patterns: bare or quoted.

use super::Parser;
use crate::filter::FilterError;
use crate::filter::syntax::{KEYWORDS, Word, ends_word};

/// Characters of a wrong text that are repeated in a message.
const CLIPPED_CHARS: usize = 40;

/// The beginning of a text, for a message.
pub fn clipped(text: &str) -> String {
    match text.char_indices().nth(CLIPPED_CHARS) {
        Some((at, _)) => format!("{}...", text.get(..at).unwrap_or(text)),
        None => text.to_owned(),
    }
}

impl Parser<'_> {
    /// A value.
    pub(super) fn value(&mut self) -> Result<Word, FilterError> {
        self.skip_space();
        if self.rest().starts_with('"') {
            return self.quoted_value();
        }
        let (start, rest) = (self.at, self.rest());
        let length = rest.char_indices().find(|(at, _)| rest.get(*at..).is_some_and(ends_word));
        let word = rest.get(..length.map_or(rest.len(), |(at, _)| at)).unwrap_or(rest);
        let keyword = KEYWORDS.iter().any(|keyword| word.eq_ignore_ascii_case(keyword));
        if word.is_empty() || keyword || word.starts_with(['=', '<', '>', '!', '~']) {
            return Err(self.no_value());
        }
        self.at += word.len();
        Ok(Word { text: word.to_owned(), at: start..self.at })
    }

    fn no_value(&self) -> FilterError {
        match self.rest() {
            "" => self.error(self.here(), "a value is expected", "the value - stands for what is not there"),
            rest if rest.starts_with('{') => {
                self.error(self.here(), "a set is no single value", "field in {a, b} asks for one of several values")
            }
            _ => {
                let message = format!("a value is expected, not {:?}", clipped(self.found()));
                self.error(self.here(), message, "put the value in double quotes if it begins like this")
            }
        }
    }

    fn quoted_value(&mut self) -> Result<Word, FilterError> {
        let raw = self.quoted()?;
        let mut text = String::with_capacity(raw.text.len());
        let mut chars = raw.text.char_indices();
        while let Some((at, c)) = chars.next() {
            if c != '\\' {
                text.push(c);
                continue;
            }
            match chars.next() {
                Some((_, c @ ('"' | '\\'))) => text.push(c),
                Some((_, 't')) => text.push('\t'),
                Some((_, 'r')) => text.push('\r'),
                Some((_, 'n')) => text.push('\n'),
                other => {
                    let start = raw.at.start + at;
                    let end = start + 1 + other.map_or(0, |(_, c)| c.len_utf8());
                    let help = "a backslash is written \\\\; the others are \\\" \\t \\r \\n";
                    return Err(self.error(start..end, "unknown escape", help));
                }
            }
        }
        Ok(Word { text, at: raw.at })
    }

    /// Text in quotes, as it stands between them.
    fn quoted(&mut self) -> Result<Word, FilterError> {
        let open = self.at;
        let start = open + 1;
        let rest = self.text.get(start..).unwrap_or("");
        let mut escaped = false;
        for (at, byte) in rest.bytes().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    self.at = start + at + 1;
                    return Ok(Word { text: rest.get(..at).unwrap_or("").to_owned(), at: start..start + at });
                }
                _ => {}
            }
        }
        Err(self.error(open..start, "this quote is not closed", "add a \"; inside quotes a quote is written \\\""))
    }

    /// A regular expression.
    pub(super) fn pattern(&mut self) -> Result<Word, FilterError> {
        self.skip_space();
        if self.rest().starts_with('"') {
            return self.quoted();
        }
        let rest = self.rest();
        let pattern = rest.get(..bare_pattern_bytes(rest)).unwrap_or(rest).trim_end();
        if pattern.is_empty() || begins_with_joint(pattern) {
            let help = "for example path~^/api/; one that begins with \"and\" or \"or\" is put in double quotes";
            return Err(self.error(self.here(), "a regular expression is expected", help));
        }
        let at = self.at..self.at + pattern.len();
        self.at = at.end;
        Ok(Word { text: with_quotes_escaped(pattern), at })
    }
}

/// Bytes of the bare pattern that `rest` begins with: up to a joint outside of the pattern's own parentheses, or to a
/// parenthesis that the pattern did not open.
fn bare_pattern_bytes(rest: &str) -> usize {
    let (mut groups, mut classes) = (0usize, 0usize);
    let mut chars = rest.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '[' => {
                classes += 1;
                // A ] directly behind [ or [^ is a member of the class.
                let members = rest.get(at + 1..).unwrap_or("");
                let first = ["^]", "]"].into_iter().find(|first| members.starts_with(first)).unwrap_or("");
                for _ in first.chars() {
                    chars.next();
                }
            }
            ']' => classes = classes.saturating_sub(1),
            _ if classes > 0 => {}
            '(' => groups += 1,
            ')' if groups == 0 => return at,
            ')' => groups -= 1,
            c if groups == 0 && c.is_whitespace() && begins_with_joint(rest.get(at..).unwrap_or("")) => return at,
            _ => {}
        }
    }
    rest.len()
}

fn begins_with_joint(rest: &str) -> bool {
    let rest = rest.trim_start();
    let word_bytes = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
    let word = rest.get(..word_bytes).unwrap_or("");
    word.eq_ignore_ascii_case("and")
        || word.eq_ignore_ascii_case("or")
        || rest.starts_with("&&")
        || rest.starts_with("||")
}

/// The pattern as it is written between quotes; to a regular expression `\"` and `"` are the same.
fn with_quotes_escaped(pattern: &str) -> String {
    let mut text = String::with_capacity(pattern.len());
    let mut escaped = false;
    for c in pattern.chars() {
        if c == '"' && !escaped {
            text.push('\\');
        }
        escaped = c == '\\' && !escaped;
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_pattern_ends_where_the_filter_goes_on() {
        let cases = [
            ("alone", "^/api/", "^/api/"),
            ("with spaces", "Windows NT 10", "Windows NT 10"),
            ("before a joint", "^/api/ and bot", "^/api/"),
            ("before any joint, in any case", "a\t OR bot", "a"),
            ("before signs", "a && b || c", "a"),
            ("signs without white space are the pattern's", "a||b", "a||b"),
            ("a word that begins like a joint", "a android orange and b", "a android orange"),
            ("its own parentheses", "^/(a|b)/) and bot", "^/(a|b)/"),
            ("a joint in its own parentheses", "(a and b) and c", "(a and b)"),
            ("an escaped parenthesis", r"\)a) or b", r"\)a"),
            ("a parenthesis in a class", "[)]a) or b", "[)]a"),
            ("a bracket first in a class", "[])]a) or b", "[])]a"),
            ("a bracket first in a denied class", "[^])]a) or b", "[^])]a"),
            ("a class in a class", "[a[)]&&b and c]) or b", "[a[)]&&b and c]"),
            ("an escape last", r"a\", r"a\"),
            ("nothing", "", ""),
        ];
        for (what, rest, expected) in cases {
            assert_eq!(&rest[..bare_pattern_bytes(rest)], expected, "{what}");
        }
    }

    #[test]
    fn quotes_of_a_pattern_are_escaped_once() {
        for (pattern, expected) in [("a", "a"), ("\"", "\\\""), ("\\\"", "\\\""), ("\\\\\"", "\\\\\\\"")] {
            assert_eq!(with_quotes_escaped(pattern), expected);
        }
    }
}
