//! What an error of the operating system means, in words.

use std::io;

/// The error's text without its number: "connection refused".
pub fn of(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    // "No space left on device" in the middle of a sentence; "I/O error" stays.
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if second.is_lowercase() => {
            first.to_lowercase().chain(text.chars().skip(1)).collect()
        }
        _ => text.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_words() {
        let cases = [
            (io::Error::from_raw_os_error(libc::ENOSPC), "no space left on device"),
            (io::Error::from_raw_os_error(libc::ECONNREFUSED), "connection refused"),
            (io::Error::other("X.509 is odd"), "X.509 is odd"),
            (io::Error::other(""), ""),
        ];
        for (error, text) in cases {
            assert_eq!(of(&error), text);
        }
    }
}
