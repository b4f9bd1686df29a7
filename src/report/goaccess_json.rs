//! GoAccess's report as JSON: its keys, in its order, each row on a line of its own, escaped as our own JSON is.
//!
//! GoAccess writes bytes of the log as they are, so that its JSON may be no UTF-8 and hold control characters; and it
//! escapes `/`. Read by a JSON parser the texts are the same, but for invalid bytes, which here are U+FFFD.

use super::json::write_lines;
use crate::aggregate::goaccess::Report;
use std::io::{self, Write};

/// Writes the report and a final newline. Fails as `out` fails.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    // The members of the report, those of a panel, and its figures or rows.
    write_lines(report, 3, out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::goaccess::{Item, Panel};

    #[test]
    fn a_row_is_a_line_and_hides_nothing() {
        let item = Item { data: "/\u{1b}[2J".into(), ..Item::default() };
        let requests = Panel { data: vec![item], ..Panel::default() };
        let mut out = Vec::new();
        write(&Report { requests, ..Report::default() }, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let row = r#"
      {"hits": {"count": 0, "percent": ""}, "visitors": {"count": 0, "percent": ""}, "data": "/\u001b[2J"}
"#;
        assert!(text.starts_with("{\n  \"general\": {\n    \"date_time\": \"\",\n"), "{text}");
        assert!(text.contains(row), "{text}");
    }
}
