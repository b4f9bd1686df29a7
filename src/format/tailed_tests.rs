//! Lines with a tail, read by their marks, against the careful parsers of their formats.

use crate::format::LineFormat;
use crate::format::catalogue::FormatOptions;
use crate::format::custom;
use crate::format::extended::{Extended, TAILS};
use crate::format::fast::{Fast, ReadRegular};
use crate::format::record::Parsed;
use crate::scan::{Kernel, Marks};
use bumpalo::Bump;
use proptest::prelude::*;
use std::sync::Arc;

const HEAD: &str = "192.0.2.1 - frank [10/Oct/2025:13:55:36 +0000] \"GET /a HTTP/1.1\" 200 2326 \"-\" \"curl/8.5.0\"";

const STRINGS: [&str; 4] = [
    r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %D"#,
    r#"%v:%p %h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %I "%{X-Forwarded-For}i" %{ms}T"#,
    r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_time"#,
    r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" "$http_x_forwarded_for" rt=$request_time ut="$upstream_response_time""#,
];

fn formats() -> Vec<Arc<dyn LineFormat>> {
    let options = FormatOptions { heartbeat: b"HEARTBEAT".to_vec() };
    let strings = STRINGS.iter().map(|text| custom::format(text, b"HEARTBEAT").unwrap());
    TAILS.iter().map(|tail| Extended::make(tail, &options)).chain(strings).collect()
}

/// Holds both readings of a line to each other; whether the fast one took it.
fn is_taken(format: &dyn LineFormat, line: &[u8]) -> bool {
    let text = [line, b"\n", &[b'x'; 32]].concat();
    let mut marks = Marks::default();
    Kernel::choose(None).unwrap().structure(&text, &mut marks);
    let scratch = Bump::new();
    let mut fast = format.fast().unwrap();
    let Some(regular) = fast.regular(&text, 0, marks.as_slice(), &scratch) else { return false };
    assert_eq!(regular.newline, line.len());
    assert_eq!(marks.as_slice()[regular.marks - 1] as usize, regular.newline);
    let careful = format.parse(line.strip_suffix(b"\r").unwrap_or(line), &scratch);
    assert_eq!(Parsed::Access(regular.access, 0), careful, "{}: {}", format.name(), String::from_utf8_lossy(line));
    true
}

#[test]
fn a_line_with_its_whole_tail_is_taken() {
    for (format, head, tail) in [
        (TAILS.len(), "", " 12345"),
        (TAILS.len() + 1, "www.example.org:443 ", " 512 \"198.51.100.7, 10.0.0.1\" 12"),
        (TAILS.len() + 2, "", " 0.012"),
        (TAILS.len() + 3, "", " \"-\" rt=0.012 ut=\"0.010, 0.002\""),
        (0, "", " 0.012"),
        (1, "", " 0.012 0.010"),
        (2, "", " \"198.51.100.7\" 0.012"),
        (3, "", " \"-\" 0.012 -"),
        (4, "", " rt=0.012 uct=\"0.000\" uht=\"0.010\" urt=\"0.010\""),
        (5, "", " 512 0.012 [default-web-80] [] 10.1.0.7:8080 2326 0.001 200 4cb5b3a2"),
    ] {
        let format = &formats()[format];
        let line = format!("{head}{HEAD}{tail}");
        assert!(is_taken(&**format, line.as_bytes()), "{}: {line}", format.name());
        assert!(is_taken(&**format, format!("{line}\r").as_bytes()), "{}: {line}", format.name());
        // The last field of ingress-nginx may be anything.
        let is_open = format.name() == "ingress_nginx";
        assert_eq!(is_taken(&**format, format!("{line} x").as_bytes()), is_open, "{}: {line}", format.name());
    }
}

#[test]
fn only_strings_that_add_to_a_standard_format_have_a_fast_reader() {
    for (string, expected) in [
        (STRINGS[0], true),
        (STRINGS[1], true),
        (r#"%h %l %u %t "%r" %>s %b "%{User-Agent}i" "%{Referer}i" %D"#, false),
        (r#"%h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i" %D"#, true),
        (r#"%h %l %u %t "%r" %s %b "%{Referer}i" "%{User-Agent}i" %>s"#, false),
        (r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %{usec_frac}t"#, false),
        (r#"%h %l %u %t "%r" %>s %b %D"#, false),
    ] {
        let format = custom::format(string, b"").unwrap();
        assert_eq!(matches!(format.fast(), Some(Fast::Tailed(_))), expected, "{string}");
    }
}

proptest! {
    #[test]
    fn both_readings_say_the_same(
        vhost in "(|www.example.org:443 )",
        client in "([0-9.]{1,16}|[0-9a-f:]{2,20}|[a-z.,:\\[\\] -]{0,12})",
        user in "(-|[a-z \\[\\]]{0,8})",
        request in "(GET /[a-z?]{0,9} HTTP/1.[01]|HEARTBEAT|.{0,6})",
        bytes in "([0-9]{1,9}|-|[0-9:x]{0,21})",
        agent in "[ -~]{0,12}",
        tail in "(|( ([0-9]{1,6}|[0-9]{1,3}\\.[0-9]{3}|-|\"[ -~]{0,6}\"|rt=0\\.012|ut=\"0.010\"|\\[a\\])){1,4})",
        end in "(|\r| x| )",
        format in 0..TAILS.len() + STRINGS.len(),
    ) {
        let line = format!(
            "{vhost}{client} - {user} [10/Oct/2023:13:55:36 +0100] \"{request}\" 200 {bytes} \"-\" \"{agent}\"{tail}{end}"
        );
        is_taken(&*formats()[format], line.replace('\n', "").as_bytes());
    }

    #[test]
    fn one_changed_byte_changes_both_readings_alike(at in 0usize..200, byte in any::<u8>(), format in 0..TAILS.len() + STRINGS.len()) {
        let tails = [" 0.012", " 0.012 0.010", " \"-\" 0.012", " \"-\" 0.012 0.010", " rt=0.012 uct=\"0\" uht=\"-\" urt=\"0.1\"",
            " 5 0.012 [a] [] b 1 0.001 200 c", " 123", " 5 \"-\" 12", " 0.012", " \"-\" rt=0.012 ut=\"0.010\""];
        let head = if format == TAILS.len() + 1 { "www.example.org:443 " } else { "" };
        let mut line = format!("{head}{HEAD}{}", tails[format]).into_bytes();
        let at = at % line.len();
        line[at] = if byte == b'\n' { b'N' } else { byte };
        is_taken(&*formats()[format], &line);
    }
}
