//! The JSON report, schema 1: the snapshot as it stands, laid out to be read and to be compared by `diff`.
//!
//! Each member of the report has a line of its own, and so has each row of a list and each figure of a group; what is
//! inside a row stays on its line. A list of a thousand paths is a thousand lines, and a changed row is one changed line.
//!
//! Characters that do not show (control, bidirectional, zero-width) are written `\u....`, beyond what JSON demands. A
//! reader gets the same text back, and a report that is printed to a terminal leaves the terminal alone.

use super::invisible::is_invisible;
use crate::aggregate::snapshot::Snapshot;
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use std::io::{self, BufWriter, Write};

/// Writes the report and a final newline. Fails as `out` fails.
pub fn write(snapshot: &Snapshot, out: &mut dyn Write) -> io::Result<()> {
    // The members of the report, and the rows or figures of each.
    write_lines(snapshot, 2, out)
}

/// Writes any report whose values have a line each down to the level `levels_of_lines`.
pub(super) fn write_lines(report: &impl Serialize, levels_of_lines: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let rows = Rows { levels_of_lines, level: 0, has_value: false };
    report.serialize(&mut Serializer::with_formatter(&mut out, rows))?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Breaks lines down to a level, two spaces a level, and keeps on one line what is deeper.
struct Rows {
    levels_of_lines: usize,
    level: usize,
    has_value: bool,
}

impl Rows {
    fn begin<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.level += 1;
        self.has_value = false;
        out.write_all(bracket)
    }

    fn end<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        let has_lines = self.has_value && self.level <= self.levels_of_lines;
        self.level = self.level.saturating_sub(1);
        // What was just closed is a value of what is around it.
        self.has_value = true;
        if has_lines {
            self.new_line(out)?;
        }
        out.write_all(bracket)
    }

    fn separate<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.has_value = true;
        if self.level <= self.levels_of_lines {
            out.write_all(if first { b"" } else { b"," })?;
            self.new_line(out)
        } else {
            out.write_all(if first { b"" } else { b", " })
        }
    }

    fn new_line<W: ?Sized + Write>(&self, out: &mut W) -> io::Result<()> {
        write!(out, "\n{:indent$}", "", indent = 2 * self.level)
    }
}

impl Formatter for Rows {
    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.begin(out, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.end(out, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.separate(out, first)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.begin(out, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.end(out, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.separate(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, hidden)) = rest.char_indices().find(|(_, character)| is_invisible(*character)) {
            let (shown, behind) = rest.split_at(at);
            out.write_all(shown.as_bytes())?;
            for unit in hidden.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = behind.get(hidden.len_utf8()..).unwrap_or_default();
        }
        out.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::snapshot::Row;
    use crate::report::sample_snapshot::{access_log, error_log};

    fn written(snapshot: &Snapshot) -> String {
        let mut out = Vec::new();
        write(snapshot, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_report_reads_back_as_the_snapshot_it_was() {
        for snapshot in [access_log(), error_log(), Snapshot::default()] {
            let text = written(&snapshot);
            assert!(serde_json::from_str::<Snapshot>(&text).unwrap() == snapshot, "{text}");
        }
    }

    #[test]
    fn a_row_is_a_line() {
        let paths = ["/", "/a"].map(|key| Row { key: key.into(), hits: 3, share: 0.5, ..Row::default() }).to_vec();
        let text = written(&Snapshot { schema: 1, paths, ..Snapshot::default() });
        let lines = |part: &str| assert!(text.contains(part), "{part}\nis not in\n{text}");
        lines("{\n  \"schema\": 1,\n  \"version\": \"\",\n  \"partial\": false,\n  \"inputs\": [],\n");
        lines("  \"period\": {\n    \"first\": null,\n    \"last\": null\n  },\n");
        lines("    \"clients\": {\"value\": 0, \"exact\": false, \"error\": 0.0},\n");
        lines(concat!(
            "  \"paths\": [\n",
            "    {\"key\": \"/\", \"hits\": 3, \"share\": 0.5},\n",
            "    {\"key\": \"/a\", \"hits\": 3, \"share\": 0.5}\n",
            "  ],\n"
        ));
        lines("  \"sizes\": null,\n");
        assert!(text.ends_with("\n  \"malformed_samples\": []\n}\n"));
    }

    #[test]
    fn a_text_keeps_its_value_and_shows_all_of_it() {
        let cases = [
            ("quotes and backslashes", "a\"b\\", r#""a\"b\\""#),
            ("control characters", "\u{1b}[2J\t\n\u{7f}\u{9b}", r#""\u001b[2J\t\n\u007f\u009b""#),
            ("bidirectional and zero-width ones", "a\u{202e}b\u{200b}", r#""a\u202eb\u200b""#),
            ("a hidden one beyond 16 bits", "\u{e0041}!", r#""\udb40\udc41!""#),
            ("what shows is kept", "é漢😀\u{fffd}", "\"é漢😀\u{fffd}\""),
        ];
        for (what, key, expected) in cases {
            let row = Row { key: key.into(), ..Row::default() };
            let text = written(&Snapshot { agents: vec![row.clone()], ..Snapshot::default() });
            assert!(text.contains(&format!("{{\"key\": {expected}, ")), "{what}: {text}");
            assert_eq!(serde_json::from_str::<Snapshot>(&text).unwrap().agents, [row], "{what}");
        }
    }

    #[test]
    fn a_writer_that_fails_fails_the_report() {
        let mut full = [0u8; 10];
        assert_eq!(write(&access_log(), &mut &mut full[..]).unwrap_err().kind(), io::ErrorKind::WriteZero);
    }
}
