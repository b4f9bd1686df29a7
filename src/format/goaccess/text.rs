//! Texts as GoAccess decodes, trims and cuts them: C strings, which end at their first NUL.

use bumpalo::Bump;

/// Without white space around it: C's `isspace`, to which a vertical tab belongs.
pub fn trimmed(text: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    let start = text.iter().position(|byte| !is_space(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !is_space(byte)).map_or(start, |last| last + 1);
    &text[start..end]
}

/// The text with its percent escapes undone once, up to an escaped NUL, without line ends, trimmed.
pub fn decoded<'line>(text: &'line [u8], scratch: &'line Bump) -> &'line [u8] {
    if memchr::memchr3(b'%', b'\r', b'\n', text).is_none() {
        return trimmed(text);
    }
    let copy = scratch.alloc_slice_copy(text);
    let (mut from, mut to) = (0, 0);
    while let Some(&byte) = text.get(from) {
        let escaped = (byte == b'%').then(|| escaped(text, from)).flatten();
        from += if escaped.is_some() { 3 } else { 1 };
        match escaped.unwrap_or(byte) {
            0 => break,
            b'\r' | b'\n' => {}
            byte => {
                copy[to] = byte;
                to += 1;
            }
        }
    }
    trimmed(&copy[..to])
}

/// The byte that the two hexadecimal digits behind a percent sign mean.
fn escaped(text: &[u8], percent: usize) -> Option<u8> {
    let digit = |at: usize| char::from(*text.get(at)?).to_digit(16);
    Some((digit(percent + 1)? * 16 + digit(percent + 2)?) as u8)
}

/// The pages that GoAccess looks for a search phrase in, anywhere in a referrer.
const SEARCHES: [&[u8]; 6] = [
    b"http://www.google.",
    b"https://www.google.",
    b"http://webcache.googleusercontent.com/",
    b"https://webcache.googleusercontent.com/",
    b"http://translate.googleusercontent.com/",
    b"https://translate.googleusercontent.com/",
];

/// Where in a referrer a search phrase stands: from the `q=` of a search to the next parameter, which may be escaped
/// itself, or behind the address of a cached page.
fn phrase(referrer: &[u8]) -> Option<std::ops::Range<usize>> {
    // Most referrers are no search; this is asked of every record.
    memchr::memmem::find(referrer, b".google")?;
    let find = |text: &[u8]| memchr::memmem::find(referrer, text);
    if !SEARCHES.iter().any(|page| find(page).is_some()) || find(b"/+&").is_some() {
        return None;
    }
    let (start, end) = if let Some(at) = find(b"/+") {
        (at + 2, &b"&"[..])
    } else if let Some(at) = find(b"q=cache:") {
        (memchr::memchr(b'+', &referrer[at..]).map_or(at, |plus| at + plus + 1), &b"&"[..])
    } else if let Some(at) = find(b"&q=").or_else(|| find(b"?q=")) {
        (at + 3, &b"&"[..])
    } else {
        (find(b"%26q%3D").or_else(|| find(b"%3Fq%3D"))? + 7, &b"%26"[..])
    };
    let length = memchr::memmem::find(&referrer[start..], end).unwrap_or(referrer.len() - start);
    Some(start..start + length)
}

/// The referrer that GoAccess keeps: of a search nothing behind the phrase.
pub fn referrer(referrer: &[u8]) -> &[u8] {
    phrase(referrer).map_or(referrer, |phrase| &referrer[..phrase.end])
}

/// The search phrase of a referrer, decoded, a plus as the space it stands for.
pub fn keyphrase<'line>(referrer: &'line [u8], scratch: &'line Bump) -> Option<&'line [u8]> {
    let decoded = decoded(&referrer[phrase(referrer)?], scratch);
    let spaced =
        scratch.alloc_slice_fill_with(decoded.len(), |at| if decoded[at] == b'+' { b' ' } else { decoded[at] });
    // Pluses alone are a phrase, if an empty one.
    (!decoded.is_empty()).then(|| trimmed(spaced))
}

/// Bytes of a referring site that are kept.
const SITE_BYTES_MAX: usize = 511;

/// The site of a referrer: what stands between `//` and the next `/` or `?`, user and port included.
pub fn site(referrer: &[u8]) -> Option<&[u8]> {
    let start = memchr::memmem::find(referrer, b"//")? + 2;
    let rest = &referrer[start..];
    let end = memchr::memchr2(b'/', b'?', rest).unwrap_or(rest.len());
    (end > 0).then(|| &rest[..end.min(SITE_BYTES_MAX)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escape_is_undone_once() {
        for (text, expected) in [
            ("/a", "/a"),
            (" /a ", "/a"),
            ("/%41", "/A"),
            ("/%2541", "/%41"),
            ("/%4", "/%4"),
            ("/%zz%", "/%zz%"),
            ("/a%00b", "/a"),
            ("%00", ""),
            ("%20a%09", "a"),
            ("a\u{b}", "a"),
            ("/a+b", "/a+b"),
        ] {
            assert_eq!(decoded(text.as_bytes(), &Bump::new()), expected.as_bytes(), "{text:?}");
        }
    }

    #[test]
    fn a_search_has_a_phrase_and_ends_behind_it() {
        for (written, kept, expected) in [
            ("https://www.google.com/search?q=a+b%21&ie=x", "https://www.google.com/search?q=a+b%21", Some("a b!")),
            ("https://www.google.com/?x&q=one&q=two", "https://www.google.com/?x&q=one", Some("one")),
            ("https://www.google.com/url?u=%3Fq%3Dx%26y", "https://www.google.com/url?u=%3Fq%3Dx", Some("x")),
            (
                "http://webcache.googleusercontent.com/search?q=cache:abc:example.org/+some+words&cd=1",
                "http://webcache.googleusercontent.com/search?q=cache:abc:example.org/+some+words",
                Some("some words"),
            ),
            (
                "http://webcache.googleusercontent.com/search?q=cache:abc+words",
                "http://webcache.googleusercontent.com/search?q=cache:abc+words",
                Some("words"),
            ),
            ("https://www.google.com/", "https://www.google.com/", None),
            ("https://www.google.com/?q=&x", "https://www.google.com/?q=", None),
            ("https://example.org/?q=a&b", "https://example.org/?q=a&b", None),
            ("-", "-", None),
        ] {
            let scratch = Bump::new();
            let expected = expected.map(str::as_bytes);
            assert_eq!(keyphrase(written.as_bytes(), &scratch), expected, "{written}");
            assert_eq!(referrer(written.as_bytes()), kept.as_bytes(), "{written}");
            assert_eq!(keyphrase(kept.as_bytes(), &scratch), expected, "what is kept has the same phrase: {kept}");
        }
    }

    #[test]
    fn a_site_is_what_stands_behind_the_slashes() {
        for (referrer, expected) in [
            ("https://user:secret@example.com:8080/a", Some("user:secret@example.com:8080")),
            ("https://example.com?q", Some("example.com")),
            ("//example.com", Some("example.com")),
            ("http:///x", None),
            ("https://", None),
            ("-", None),
        ] {
            assert_eq!(site(referrer.as_bytes()), expected.map(str::as_bytes), "{referrer}");
        }
        assert_eq!(site(format!("//{}", "a".repeat(600)).as_bytes()).unwrap().len(), 511);
    }
}
