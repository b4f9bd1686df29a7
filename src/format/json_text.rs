//! The texts of a JSON document: where one ends, and what its escapes mean.
//!
//! A string ends at the first quote that no backslash escapes. Sixteen bytes are looked at together: most strings of a
//! log are shorter than the start-up of a search made for long ones, and two words of plain arithmetic do it on any CPU.
//!
//! More is accepted than RFC 8259 allows, because servers write it: raw control characters and invalid UTF-8 stay as
//! they are, and so does an escape that JSON does not know (nginx without `escape=json` writes `\x22`).

use bumpalo::Bump;

/// A string as it stands between its quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<'line> {
    /// The bytes between the quotes.
    pub raw: &'line [u8],
    /// Whether a backslash is among them.
    pub escaped: bool,
}

impl<'line> Text<'line> {
    /// What the string says: the bytes themselves, or a copy in `scratch` with the escapes undone.
    pub fn said(self, scratch: &'line Bump) -> &'line [u8] {
        if self.escaped { unescape(self.raw, scratch) } else { self.raw }
    }
}

/// The string whose first byte after the opening quote is at `from`, and the position after its closing quote.
#[inline]
pub fn string(bytes: &[u8], from: usize) -> Option<(Text<'_>, usize)> {
    let mut at = from;
    let mut escaped = false;
    loop {
        at = next_mark(bytes, at)?;
        if bytes.get(at) == Some(&b'"') {
            return Some((Text { raw: bytes.get(from..at)?, escaped }, at + 1));
        }
        escaped = true;
        at += 2;
    }
}

/// The position of the first quote or backslash at or after `at`.
#[inline(always)]
fn next_mark(bytes: &[u8], mut at: usize) -> Option<usize> {
    let mut rest = bytes.get(at..)?;
    while let Some((block, tail)) = rest.split_first_chunk::<16>() {
        if let Some(found) = first_mark(block) {
            return Some(at + found);
        }
        at += 16;
        rest = tail;
    }
    rest.iter().position(|byte| matches!(byte, b'"' | b'\\')).map(|found| at + found)
}

/// The first quote or backslash of a block, eight bytes at a time: a byte of `word ^ pattern` is zero where they are
/// equal, and the lowest zero byte is found exactly by `(x - 01..01) & !x & 80..80`.
#[inline(always)]
fn first_mark(block: &[u8; 16]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let (words, _) = block.as_chunks::<8>();
    for (word, base) in words.iter().zip([0, 8]) {
        let word = u64::from_le_bytes(*word);
        let marks = zeros(word ^ u64::from_ne_bytes([b'"'; 8])) | zeros(word ^ u64::from_ne_bytes([b'\\'; 8]));
        if marks != 0 {
            return Some(base + marks.trailing_zeros() as usize / 8);
        }
    }
    None
}

/// The text with its escapes undone (RFC 8259, 7). A surrogate without its partner becomes U+FFFD; an escape that JSON
/// does not know stays as written.
pub fn unescape<'scratch>(raw: &[u8], scratch: &'scratch Bump) -> &'scratch [u8] {
    // An escape is never shorter than what it stands for, so the raw length is room enough.
    let room: &mut [u8] = scratch.alloc_slice_fill_copy(raw.len(), 0);
    let mut length = 0;
    let mut put = |bytes: &[u8]| {
        if let Some(slot) = room.get_mut(length..length + bytes.len()) {
            slot.copy_from_slice(bytes);
            length += bytes.len();
        }
    };
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (plain, escape) = rest.split_at(at);
        put(plain);
        let used = match escape.get(1) {
            Some(b'n') => replace(&mut put, b"\n"),
            Some(b't') => replace(&mut put, b"\t"),
            Some(b'r') => replace(&mut put, b"\r"),
            Some(b'b') => replace(&mut put, b"\x08"),
            Some(b'f') => replace(&mut put, b"\x0c"),
            Some(byte @ (b'"' | b'\\' | b'/')) => replace(&mut put, std::slice::from_ref(byte)),
            Some(b'u') => match code_point(escape) {
                Some((character, used)) => {
                    put(character.encode_utf8(&mut [0; 4]).as_bytes());
                    used
                }
                None => replace(&mut put, b"\\u"),
            },
            Some(&other) => replace(&mut put, &[b'\\', other]),
            None => {
                put(b"\\");
                1
            }
        };
        rest = escape.get(used..).unwrap_or_default();
    }
    put(rest);
    room.get(..length).unwrap_or_default()
}

/// Puts what an escape of two bytes stands for, and says that it was two bytes.
fn replace(put: &mut impl FnMut(&[u8]), bytes: &[u8]) -> usize {
    put(bytes);
    2
}

/// The character of the `\uHHHH` (or the pair of them) at the start, and how many bytes it took.
fn code_point(escape: &[u8]) -> Option<(char, usize)> {
    let first = code_unit(escape)?;
    if let 0xd800..=0xdbff = first
        && let Some(second @ 0xdc00..=0xdfff) = escape.get(6..).and_then(code_unit)
    {
        let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        return Some((char::from_u32(code)?, 12));
    }
    Some((char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), 6))
}

/// The 16-bit number of the `\uHHHH` at the start.
fn code_unit(escape: &[u8]) -> Option<u32> {
    let digits = escape.strip_prefix(b"\\u")?.first_chunk::<4>()?;
    digits.iter().try_fold(0, |sum, &digit| Some(sum * 16 + char::from(digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_are_undone() {
        let cases: [(&str, &str, &[u8]); 16] = [
            ("the short ones", r#"\"\\\/\b\f\n\r\t"#, b"\"\\/\x08\x0c\n\r\t"),
            ("a code", r"\u00e9\u20AC", "é€".as_bytes()),
            ("a NUL", r"a\u0000b", b"a\0b"),
            ("a pair of surrogates", r"\ud83d\udc4b!", "👋!".as_bytes()),
            ("a high surrogate alone", r"\ud83dx", "\u{fffd}x".as_bytes()),
            ("a low surrogate alone", r"\udc4bx", "\u{fffd}x".as_bytes()),
            ("two high surrogates", r"\ud83d\ud83d\udc4b", "\u{fffd}👋".as_bytes()),
            ("a high surrogate and another escape", r"\ud83d\n", "\u{fffd}\n".as_bytes()),
            ("a high surrogate and a plain code", r"\ud83d\u0041", "\u{fffd}A".as_bytes()),
            ("digits that are none", r"\u12g4", br"\u12g4"),
            ("digits that are missing", r"\u12", br"\u12"),
            ("nginx without escape=json", r"\x22a", br"\x22a"),
            ("a backslash at the end", r"a\", br"a\"),
            ("nothing", "", b""),
            ("nothing to undo", "plain", b"plain"),
            ("text between", r"a\nb\nc", b"a\nb\nc"),
        ];
        let scratch = Bump::new();
        for (what, raw, expected) in cases {
            assert_eq!(unescape(raw.as_bytes(), &scratch), expected, "{what}: {raw}");
        }
    }

    #[test]
    fn a_string_ends_at_its_quote_wherever_that_is() {
        for length in 0..70 {
            let mut bytes = vec![b'a'; length];
            bytes.push(b'"');
            bytes.extend_from_slice(b"tail\"");
            let (text, end) = string(&bytes, 0).unwrap();
            assert_eq!((text.raw.len(), text.escaped, end), (length, false, length + 1));
            for at in 0..length.saturating_sub(1) {
                let mut escaped = bytes.clone();
                escaped[at] = b'\\';
                escaped[at + 1] = b'"';
                let (text, end) = string(&escaped, 0).unwrap();
                assert_eq!((text.raw.len(), text.escaped, end), (length, true, length + 1), "at {at}");
            }
        }
        for open in ["", "abc", r"abc\", r#"abc\""#, r#"0123456789abcdef\""#] {
            assert_eq!(string(open.as_bytes(), 0), None, "{open}");
        }
    }

    proptest! {
        #[test]
        fn a_mark_is_found_where_it_is(block in prop::array::uniform16(prop::sample::select(b"\"\\!#[]a\xa2\xdc\0\x01\x80".to_vec()))) {
            let naive = block.iter().position(|byte| matches!(byte, b'"' | b'\\'));
            prop_assert_eq!(first_mark(&block), naive);
        }

        #[test]
        fn what_serde_json_escapes_comes_back(text in any::<String>()) {
            let document = serde_json::to_string(&text).unwrap();
            let scratch = Bump::new();
            let (found, end) = string(document.as_bytes(), 1).unwrap();
            prop_assert_eq!(end, document.len());
            prop_assert_eq!(found.said(&scratch), text.as_bytes());
        }
    }
}
