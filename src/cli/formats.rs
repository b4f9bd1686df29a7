//! `visor-fast formats`: what is understood, with an example line of each.

use crate::format::catalogue::ENTRIES;
use std::io::{self, Write};

/// Format strings as they may be given, within single quotes of a shell.
const STRINGS: [(&str, &str); 5] = [
    ("Apache's LogFormat", r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %D"#),
    ("The line of httpd.conf, as it is", r#"LogFormat "%v %a %u %t \"%r\" %>s %O %{ms}T" timed"#),
    (
        "nginx's log_format",
        r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent $request_time"#,
    ),
    (
        "The directive of nginx.conf, its pieces in double quotes",
        r#"log_format main "$remote_addr [$time_iso8601] " "$request_method $uri$is_args$args $status";"#,
    ),
    (
        "A JSON object: its keys are found in any order",
        r#"{"time":"$time_iso8601","client":"$remote_addr","status":$status,"took":"$upstream_response_time"}"#,
    ),
];

const STRINGS_HELP: &str = "\
Literal text ends a field; one in quotes ends at the first quote that is not escaped. Directives and variables
that are not counted are looked over. Of several durations the finest counts, and that of the request before
the upstream's, whose list (0.1, 0.2 : 0.3) is added up. A line without a time takes that of the run.";

/// Writes the list.
pub fn write(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Formats are told from the first lines of each input; --format NAME sets one for all.")?;
    writeln!(out, "Several in one input: --format NAME,NAME. The server's own format string works too:")?;
    for (what, text) in STRINGS {
        writeln!(out, "\n{what}\n  --format '{text}'")?;
    }
    writeln!(out, "\n{STRINGS_HELP}")?;
    for entry in ENTRIES {
        writeln!(out, "\n{}\n  {}", entry.name, entry.about)?;
        writeln!(out, "  fields:  {}\n  example: {}", entry.fields, entry.example.replace('\n', "\n           "))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::catalogue::{FormatOptions, by_name};

    #[test]
    fn the_strings_that_are_shown_are_understood() {
        for (what, text) in STRINGS {
            assert!(!text.contains('\''), "{what}: it stands within single quotes");
            by_name(text, &FormatOptions::default()).unwrap_or_else(|error| panic!("{what}: {error}"));
        }
        let mut out = Vec::new();
        write(&mut out).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(ENTRIES.iter().all(|entry| out.contains(&format!("\n{}\n", entry.name))));
    }
}
