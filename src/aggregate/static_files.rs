//! Which paths are static files, by their ending.

/// The endings, in lower case.
pub(crate) const ENDINGS: &[&str] = &[
    "7z", "avi", "avif", "bmp", "bz2", "css", "csv", "dmg", "doc", "docx", "eot", "exe", "flv", "gif", "gz", "ico",
    "iso", "jpeg", "jpg", "js", "map", "mp3", "mp4", "mpeg", "mpg", "ogg", "otf", "pdf", "png", "ppt", "pptx", "rar",
    "svg", "swf", "tar", "tgz", "tif", "tiff", "ttf", "txt", "wav", "webm", "webp", "woff", "woff2", "xls", "xlsx",
    "xz", "zip", "zst",
];

/// The same as words, which are compared at once.
static WORDS: [u64; ENDINGS.len()] = {
    let mut words = [0; ENDINGS.len()];
    let mut at = 0;
    while at < words.len() {
        words[at] = word(ENDINGS[at].as_bytes());
        at += 1;
    }
    words
};

/// The bytes of an ending of at most seven letters, in lower case, and their number.
const fn word(ending: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    let mut at = 0;
    while at < ending.len() {
        bytes[at] = ending[at].to_ascii_lowercase();
        at += 1;
    }
    bytes[7] = ending.len() as u8;
    u64::from_le_bytes(bytes)
}

/// Whether a path (a query behind it is looked over) ends like a static file, in any case, with something before it.
pub fn is_static(path: &[u8]) -> bool {
    let path = memchr::memchr(b'?', path).map_or(path, |at| &path[..at]);
    // No ending is longer than five letters, so only the last six bytes can hold the dot.
    let tail = path.len().saturating_sub(6);
    let Some(dot) = path[tail..].iter().rposition(|byte| *byte == b'.') else { return false };
    let (before, ending) = path.split_at(tail + dot);
    !before.is_empty() && WORDS.contains(&word(&ending[1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ending_makes_a_static_file() {
        for (path, expected) in [
            ("/a.css", true),
            ("/a.CSS", true),
            ("/a.css?v=1", true),
            ("/fonts/x.woff2", true),
            ("/a.css/", false),
            ("/css", false),
            (".css", false),
            ("/a.html", false),
            ("/a.tar.gz", true),
            ("/a.", false),
            ("/a.js\0", false),
            ("", false),
            ("-", false),
        ] {
            assert_eq!(is_static(path.as_bytes()), expected, "{path}");
        }
    }

    #[test]
    fn no_ending_is_longer_than_the_tail_looked_at() {
        assert!(ENDINGS.iter().all(|ending| ending.len() <= 5));
    }
}
