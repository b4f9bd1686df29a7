//! Which format an input has, told from its first lines.

use super::LineFormat;
use super::catalogue::{ENTRIES, FormatOptions};
use super::record::Parsed;
use bumpalo::Bump;
use std::sync::Arc;

/// Bytes of an input that are looked at, at most.
pub const HEAD_BYTES: usize = 256 << 10;
/// Lines that are looked at, at most.
const LINES_MAX: usize = 200;

/// The format that understands most of the first lines of `head`; the earlier one of the catalogue where two
/// understand as many. `Ok` also for an input without any line: then it does not matter. `Err` holds the first line.
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
    let mut scratch = Bump::new();
    let (mut best, mut best_score) = (None, 0);
    for entry in ENTRIES {
        let format = (entry.make)(options);
        let mut score = 0;
        for line in &lines {
            score += usize::from(!matches!(format.parse(line, &scratch), Parsed::Malformed(_)));
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
    fn what_no_format_understands_is_shown() {
        assert_eq!(detect(b"\n\nhello\nworld", &FormatOptions::default()).unwrap_err(), b"hello");
        assert!(detect(b"", &FormatOptions::default()).is_ok());
    }
}
