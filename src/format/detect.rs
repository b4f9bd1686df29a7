//! Which format an input has, told from its first lines.

use super::LineFormat;
use super::catalogue::{ENTRIES, FormatOptions};
use super::record::Parsed;
use super::w3c::{MARK, W3c};
use bumpalo::Bump;
use std::sync::Arc;

/// Bytes of an input that are looked at, at most.
pub const HEAD_BYTES: usize = 256 << 10;
/// Lines that are looked at, at most.
const LINES_MAX: usize = 200;

/// The format that understands most of the first lines of `head`; the earlier one of the catalogue where two
/// understand as many. A line that names the columns of a W3C log settles it. `Ok` also for an input without any line:
/// then it does not matter. `Err` holds the first line.
pub fn detect(head: &[u8], options: &FormatOptions) -> Result<Arc<dyn LineFormat>, Vec<u8>> {
    let head = &head[..head.len().min(HEAD_BYTES)];
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let lines: Vec<&[u8]> = head
        .split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .map(|line| &line[line.iter().position(|byte| *byte != 0).unwrap_or(line.len())..])
        .filter(|line| !line.trim_ascii().is_empty())
        .take(LINES_MAX)
        .collect();
    let Some(first) = lines.first() else { return Ok((ENTRIES[0].make)(options)) };
    if let Some(w3c) = lines.iter().filter(|line| line.starts_with(MARK)).find_map(|line| W3c::new(line).ok()) {
        return Ok(Arc::new(w3c));
    }
    let mut scratch = Bump::new();
    let (mut best, mut best_score) = (None, 0);
    for entry in ENTRIES {
        let format = (entry.make)(options);
        let mut score = 0;
        for line in &lines {
            // A comment is no sign of a W3C log: any file may have some.
            score += usize::from(!matches!(format.parse(line, &scratch), Parsed::Malformed(_) | Parsed::Directive));
            scratch.reset();
        }
        if score > best_score {
            (best, best_score) = (Some(format), score);
        }
    }
    best.ok_or_else(|| first.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_is_told_to_be_of_its_own_format() {
        for entry in ENTRIES {
            let head = format!("garbage first\n{}\n{}\n", entry.example, entry.example);
            let format = detect(head.as_bytes(), &FormatOptions::default()).unwrap();
            assert_eq!(format.name(), entry.name);
        }
    }

    #[test]
    fn the_first_line_of_columns_that_is_one_settles_it() {
        let options = FormatOptions::default();
        let head = b"#Version: 1.0\n#Fields: x\n#Fields: date time sc-status\n2025-10-21 04:01:45 200\n#Fields: c-ip\n";
        let format = detect(head, &options).unwrap();
        assert_eq!(format.name(), "w3c");
        assert!(matches!(format.parse(b"2025-10-21 04:01:45 200", &Bump::new()), Parsed::Access(..)));
        let combined = ENTRIES.iter().find(|entry| entry.name == "combined").unwrap();
        let head = format!("# a comment\n# another\n{}\n", combined.example);
        assert_eq!(detect(head.as_bytes(), &options).unwrap().name(), "combined");
    }

    #[test]
    fn what_no_format_understands_is_shown() {
        assert_eq!(detect(b"\n\nhello\nworld", &FormatOptions::default()).unwrap_err(), b"hello");
        assert!(detect(b"", &FormatOptions::default()).is_ok());
    }
}
