//! The statuses that GoAccess knows, and the numbers by which its report names them.
//!
//! A line with any other status fails. GoAccess writes a label of number and description for each; we write the number
//! alone, and the two are compared by it.
//!
//! Source: the behaviour of GoAccess 1.11, and its table of statuses in `src/util.c`.

/// The known statuses, ascending.
const KNOWN: &[u16] = &[
    0, 100, 101, 200, 201, 202, 203, 204, 205, 206, 207, 208, 218, 300, 301, 302, 303, 304, 305, 307, 308, 400, 401,
    402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 419, 420, 421, 422, 423, 424,
    426, 428, 429, 430, 431, 440, 444, 449, 450, 451, 460, 461, 462, 494, 495, 496, 497, 498, 499, 500, 501, 502, 503,
    504, 505, 509, 520, 521, 522, 523, 524, 525, 526, 527, 528, 530, 540, 561, 598, 599,
];

/// The statuses that GoAccess's labels give another number.
const RENAMED: &[(u16, u16)] = &[(461, 463), (462, 464), (528, 529)];

/// The classes of statuses, by the first of three digits.
const CLASSES: [&str; 6] = [
    "0xx Unofficial Codes",
    "1xx Informational",
    "2xx Success",
    "3xx Redirection",
    "4xx Client Errors",
    "5xx Server Errors",
];

/// The number by which a known status is named.
pub fn number(status: u16) -> Option<u16> {
    KNOWN.binary_search(&status).ok()?;
    Some(RENAMED.iter().find(|(known, _)| *known == status).map_or(status, |(_, number)| *number))
}

/// The class of a known status.
pub fn class(status: u16) -> &'static str {
    CLASSES.get(usize::from(status / 100)).copied().unwrap_or("Unknown")
}

/// A known status as a log writes it: digits, a sign before them or not.
pub fn parse(text: &[u8]) -> Option<u16> {
    let status = std::str::from_utf8(text).ok()?.parse::<i32>().ok()?;
    u16::try_from(status).ok().filter(|status| number(*status).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_can_be_searched() {
        assert!(KNOWN.is_sorted());
    }

    #[test]
    fn a_known_status_has_a_number_and_a_class() {
        for (written, expected) in [
            ("200", Some((200, "2xx Success"))),
            ("0", Some((0, "0xx Unofficial Codes"))),
            ("+0404", Some((404, "4xx Client Errors"))),
            ("-0", Some((0, "0xx Unofficial Codes"))),
            ("528", Some((529, "5xx Server Errors"))),
            ("425", None),
            ("600", None),
            ("65736", None),
            ("-200", None),
            ("2e2", None),
            ("", None),
        ] {
            let status = parse(written.as_bytes());
            assert_eq!(status.and_then(|status| Some((number(status)?, class(status)))), expected, "{written}");
        }
    }
}
