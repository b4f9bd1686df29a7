//! The texts between the separators of a W3C log, and what they are written for.

use super::record::{NONE, Reason};
use bumpalo::Bump;

/// The first column of `text`, quotes included, and what is behind it and its separator. Spaces may be several. With
/// `has_quotes` a column that starts with a quote ends at its closing one.
pub fn cut(text: &[u8], separator: u8, has_quotes: bool) -> Result<(&[u8], &[u8]), Reason> {
    let text = if separator == b' ' { text.trim_ascii_start() } else { text };
    if text.is_empty() {
        return Err(Reason::Cut);
    }
    let is_quoted = has_quotes && text.starts_with(b"\"");
    let from = if is_quoted { closing_quote(text).ok_or(Reason::Quote)? } else { 0 };
    let behind = text.get(from..).unwrap_or_default();
    let end = from + memchr::memchr(separator, behind).unwrap_or(behind.len());
    let (column, behind) = text.split_at(end);
    Ok((column, behind.get(1..).unwrap_or_default()))
}

/// Where the column that starts with a quote has its closing one: the first that is not doubled.
fn closing_quote(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        at += memchr::memchr(b'"', text.get(at..)?)?;
        if text.get(at + 1) != Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}

/// What stands in quotes, doubled ones undone; `None` for a text without quotes around it.
pub fn unquoted<'line>(text: &'line [u8], scratch: &'line Bump) -> Option<&'line [u8]> {
    let inner = text.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    Some(if memchr::memchr(b'"', inner).is_some() { super::clf::without_marks(inner, b"\"\"", scratch) } else { inner })
}

/// Path and query as one target, with one `?` between them.
pub fn join<'line>(stem: &'line [u8], query: &'line [u8], scratch: &'line Bump) -> &'line [u8] {
    let query = query.strip_prefix(b"?").unwrap_or(query);
    if stem == NONE || matches!(query, b"" | b"-") {
        return stem;
    }
    let joined = scratch.alloc_slice_fill_copy(stem.len() + 1 + query.len(), b'?');
    let (start, end) = joined.split_at_mut(stem.len());
    start.copy_from_slice(stem);
    if let Some((_, end)) = end.split_first_mut() {
        end.copy_from_slice(query);
    }
    joined
}

/// `Mozilla/5.0+(X11;+Linux)`, as IIS writes it, with its spaces.
pub fn unplussed<'line>(text: &'line [u8], scratch: &'line Bump) -> &'line [u8] {
    if memchr::memchr(b'+', text).is_none() {
        return text;
    }
    let spaced = scratch.alloc_slice_copy(text);
    spaced.iter_mut().filter(|byte| **byte == b'+').for_each(|byte| *byte = b' ');
    spaced
}

/// `Mozilla/5.0%20(X11;%20Linux)`, as CloudFront writes it, with every `%XX` undone; `%2520`, which it wrote at other
/// times, is a space too. A `%` that no two hexadecimal digits follow stays.
pub fn without_percents<'line>(text: &'line [u8], scratch: &'line Bump) -> &'line [u8] {
    if memchr::memchr(b'%', text).is_none() {
        return text;
    }
    let plain = scratch.alloc_slice_fill_copy(text.len(), 0);
    let (mut length, mut rest) = (0, text);
    while let Some((&byte, behind)) = rest.split_first() {
        let (byte, behind) = match behind {
            [b'2', b'5', b'2', b'0', behind @ ..] if byte == b'%' => (b' ', behind),
            [high, low, behind @ ..] if byte == b'%' => match hexadecimal(*high, *low) {
                Some(undone) => (undone, behind),
                None => (byte, rest.get(1..).unwrap_or_default()),
            },
            behind => (byte, behind),
        };
        if let Some(place) = plain.get_mut(length) {
            *place = byte;
        }
        (length, rest) = (length + 1, behind);
    }
    plain.get(..length).unwrap_or_default()
}

fn hexadecimal(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percents_are_undone_once_and_spaces_twice() {
        let scratch = Bump::new();
        for (text, expected) in [
            ("Mozilla/5.0%20(X11;%20Linux)", "Mozilla/5.0 (X11; Linux)"),
            ("Mozilla/5.0%2520(X11;%2520Linux)", "Mozilla/5.0 (X11; Linux)"),
            ("%22a%22+b", "\"a\"+b"),
            ("%2541", "%41"),
            ("100%", "100%"),
            ("%2", "%2"),
            ("%zz%20", "%zz "),
            ("%%20", "% "),
            ("", ""),
        ] {
            assert_eq!(without_percents(text.as_bytes(), &scratch), expected.as_bytes(), "{text}");
        }
    }

    #[test]
    fn columns_are_cut_at_their_separator() {
        for (what, text, separator, expected) in [
            ("spaces", "a b", b' ', Ok(("a", "b"))),
            ("several spaces", "  a  b", b' ', Ok(("a", " b"))),
            ("tabs", "a b\tc", b'\t', Ok(("a b", "c"))),
            ("an empty column between tabs", "\tc", b'\t', Ok(("", "c"))),
            ("the last", "a", b' ', Ok(("a", ""))),
            ("quotes", "\"a b\" c", b' ', Ok(("\"a b\"", "c"))),
            ("doubled quotes", "\"a \"\"b\"\" c\" d", b' ', Ok(("\"a \"\"b\"\" c\"", "d"))),
            ("empty quotes", "\"\" c", b' ', Ok(("\"\"", "c"))),
            ("nothing", "", b' ', Err(Reason::Cut)),
            ("an open quote", "\"a b", b' ', Err(Reason::Quote)),
            ("a quote alone", "\"", b' ', Err(Reason::Quote)),
        ] {
            let expected = expected.map(|(column, rest)| (column.as_bytes(), rest.as_bytes()));
            assert_eq!(cut(text.as_bytes(), separator, true), expected, "{what}: {text}");
        }
        assert_eq!(cut(b"\"a b", b' ', false), Ok((b"\"a".as_slice(), b"b".as_slice())), "a quote that is none");
    }

    #[test]
    fn path_and_query_are_joined_by_one_question_mark() {
        let scratch = Bump::new();
        for (stem, query, expected) in [
            ("/a", "b=c", "/a?b=c"),
            ("/a", "?b=c", "/a?b=c"),
            ("/a", "-", "/a"),
            ("/a", "", "/a"),
            ("/a", "?", "/a"),
            ("-", "b", "-"),
        ] {
            assert_eq!(join(stem.as_bytes(), query.as_bytes(), &scratch), expected.as_bytes(), "{stem} {query}");
        }
    }
}
