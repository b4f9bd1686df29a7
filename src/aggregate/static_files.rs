//! Which paths are static files, by their ending.

/// The endings, in lower case.
pub(crate) const ENDINGS: &[&str] = &[
    "7z", "avi", "avif", "bmp", "bz2", "css", "csv", "dmg", "doc", "docx", "eot", "exe", "flv", "gif", "gz", "ico",
    "iso", "jpeg", "jpg", "js", "map", "mp3", "mp4", "mpeg", "mpg", "ogg", "otf", "pdf", "png", "ppt", "pptx", "rar",
    "svg", "swf", "tar", "tgz", "tif", "tiff", "ttf", "txt", "wav", "webm", "webp", "woff", "woff2", "xls", "xlsx",
    "xz", "zip", "zst",
];

/// Whether a path (a query behind it is looked over) ends like a static file, in any case, with something before it.
pub fn is_static(path: &[u8]) -> bool {
    let path = memchr::memchr(b'?', path).map_or(path, |at| &path[..at]);
    // No ending is longer than five letters, so only the last six bytes can hold the dot.
    let tail = path.len().saturating_sub(6);
    let Some(dot) = memchr::memrchr(b'.', &path[tail..]) else { return false };
    let (before, ending) = path.split_at(tail + dot);
    !before.is_empty() && ENDINGS.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(&ending[1..]))
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
