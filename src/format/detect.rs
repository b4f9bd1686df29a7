//! Which format an input has, told from its first lines.

use super::LineFormat;
use super::catalogue::{ENTRIES, FormatOptions};
use super::extended::TAILS;
use super::syslog::{self, Syslog};
use super::w3c::{MARK, W3c};
use bumpalo::Bump;
use std::sync::Arc;

/// Bytes of an input that are looked at, at most.
pub const HEAD_BYTES: usize = 256 << 10;
/// Lines that are looked at, at most.
const LINES_MAX: usize = 200;
/// One line of so many may be understood by another format alone.
const NEARLY: usize = 5;
/// Formats whose lines begin like those of another that says more. They make no circle.
const RICHER: [(&str, &str); 8] = [
    ("common", "combined"),
    ("vhost_common", "vhost_combined"),
    ("combined", TAILS[0].name),
    ("combined", TAILS[1].name),
    ("combined", TAILS[2].name),
    ("combined", TAILS[3].name),
    ("combined", TAILS[4].name),
    ("combined", TAILS[5].name),
];

/// The format of an input that begins with `head`: the one that understands most of its first lines (see `best`). A
/// line that names the columns of a W3C log settles it; where most lines have a syslog header, it is told from what
/// stands behind. `Ok` also for an input without any line: then it does not matter. `Err` holds the first line.
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
    // Behind a syslog header another format stands. This is asked first, since to the common log format a header looks
    // like a client and a user.
    let messages: Vec<&[u8]> = lines.iter().filter_map(|line| syslog::message(line)).collect();
    if messages.len() * 2 > lines.len()
        && let Some(inner) = best(&messages, options)
    {
        return Ok(Arc::new(Syslog::new(inner, &options.heartbeat)));
    }
    best(&lines, options).ok_or_else(|| first.to_vec())
}

/// The format that understands most lines, of several the first of the catalogue; `None` where none understands any. A
/// line cut in its agent is none in the combined log format and still one in the common, so of two formats of which one
/// says more, that one need understand only nearly as many.
fn best(lines: &[&[u8]], options: &FormatOptions) -> Option<Arc<dyn LineFormat>> {
    let mut scratch = Bump::new();
    let mut understood = |format: &dyn LineFormat| {
        let mut count = 0;
        for line in lines {
            count += usize::from(format.fits(line, &scratch));
            scratch.reset();
        }
        count
    };
    let counted: Vec<_> = ENTRIES.iter().map(|entry| (entry.make)(options)).map(|f| (understood(&*f), f)).collect();
    let most = counted.iter().map(|(count, _)| *count).max().filter(|most| *most > 0)?;
    let mut best = counted.iter().find(|(count, _)| *count == most).map(|(_, format)| format)?;
    let richer = |poorer: &str| {
        let says_more = |name: &str| RICHER.contains(&(poorer, name));
        let nearly = counted.iter().filter(|(count, f)| *count >= most - most / NEARLY && says_more(f.name()));
        nearly.max_by_key(|(count, _)| *count).map(|(_, format)| format)
    };
    while let Some(format) = richer(best.name()) {
        best = format;
    }
    Some(Arc::clone(best))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::record::Parsed;

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
    fn a_few_cut_lines_do_not_make_a_poorer_format_of_it() {
        let combined = ENTRIES.iter().find(|entry| entry.name == "combined").unwrap().example;
        let common = ENTRIES.iter().find(|entry| entry.name == "common").unwrap().example;
        let cut = combined.rsplit_once('"').unwrap().0;
        for (wholes, cuts, other, expected) in
            [(20, 4, cut, "combined"), (1, 0, cut, "combined"), (20, 20, common, "common"), (0, 3, common, "common")]
        {
            let head = format!("{}{}", format!("{combined}\n").repeat(wholes), format!("{other}\n").repeat(cuts));
            let format = detect(head.as_bytes(), &FormatOptions::default()).unwrap();
            assert_eq!(format.name(), expected, "{wholes} whole lines, {cuts} others");
        }
    }

    #[test]
    fn what_no_format_understands_is_shown() {
        assert_eq!(detect(b"\n\nhello\nworld", &FormatOptions::default()).unwrap_err(), b"hello");
        assert!(detect(b"", &FormatOptions::default()).is_ok());
    }
}
