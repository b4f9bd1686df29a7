//! Syslog headers of both kinds against tables, and the formats that stand behind them.

use super::*;
use crate::format::catalogue::{ENTRIES, FormatOptions, by_name};
use crate::format::detect::detect;
use crate::format::fast::ReadRegular;
use proptest::prelude::*;

#[test]
fn headers_are_taken_off() {
    let seconds = 1_761_019_305;
    for (what, line, expected) in [
        ("RFC 3164", "<34>Oct 11 22:14:15 web1 su: x y", Some((None, "x y"))),
        ("a process", "<34>Oct 11 22:14:15 web1 su[230]: x", Some((None, "x"))),
        ("no priority", "Oct 11 22:14:15 web1 su: x", Some((None, "x"))),
        ("a padded day", "Oct  1 22:14:15 web1 su: x", Some((None, "x"))),
        ("a day with zero", "Oct 01 22:14:15 web1 su: x", Some((None, "x"))),
        ("a short day", "Oct 1 22:14:15 web1 su: x", Some((None, "x"))),
        ("a leap day of an unknown year", "Feb 29 22:14:15 web1 su: x", Some((None, "x"))),
        ("no host, as HAProxy sends it", "<134>Oct 11 22:14:15 haproxy[7]: x", Some((None, "x"))),
        ("no tag", "<34>Oct 11 22:14:15 web1 192.0.2.1 - -", Some((None, "192.0.2.1 - -"))),
        ("no tag before JSON", "Oct 11 22:14:15 web1 {\"a\": 1}", Some((None, "{\"a\": 1}"))),
        ("no tag before IPv6", "Oct 11 22:14:15 web1 2001:db8:: - -", Some((None, "2001:db8:: - -"))),
        ("an address as host", "Oct 11 22:14:15 2001:db8::1 su: x", Some((None, "x"))),
        ("no text", "Oct 11 22:14:15 web1 su:", Some((None, ""))),
        ("two spaces before the text", "Oct 11 22:14:15 web1 su:  x", Some((None, " x"))),
        ("a whole time", "2025-10-21T04:01:45Z web1 su: x", Some((Some(seconds), "x"))),
        ("a whole time and a priority", "<34>2025-10-21T06:01:45.1+02:00 web1 x", Some((Some(seconds), "x"))),
        ("RFC 5424", "<165>1 2025-10-21T04:01:45.003Z web1 nginx - ID47 - x y", Some((Some(seconds), "x y"))),
        ("no time", "<165>1 - - - - - - x", Some((None, "x"))),
        ("a byte-order mark", "<165>1 - web1 nginx 1 - - \u{feff}x", Some((None, "x"))),
        ("structured data", "<165>1 - web1 nginx 1 - [a@1 b=\"c\"][d] x", Some((None, "x"))),
        ("brackets and quotes in it", "<165>1 - web1 nginx 1 - [a b=\"\\\"\\]] [\"] x", Some((None, "x"))),
        ("no message", "<165>1 - web1 nginx 1 - -", Some((None, ""))),
        ("no message behind structured data", "<165>1 - web1 nginx 1 - [a]", Some((None, ""))),
        ("structured data not closed", "<165>1 - web1 nginx 1 - [a b=\"] x", None),
        ("no structured data", "<165>1 - web1 nginx 1 - x", None),
        ("too few fields", "<165>1 - web1 nginx", None),
        ("a bad time", "<165>1 2025-02-31T04:01:45Z web1 nginx 1 - - x", None),
        ("a priority beyond the last", "<192>Oct 11 22:14:15 web1 su: x", None),
        ("a priority that is none", "<x>Oct 11 22:14:15 web1 su: x", None),
        ("a priority of four digits", "<0134>Oct 11 22:14:15 web1 su: x", None),
        ("a priority not closed", "<34", None),
        ("a foreign month", "Okt 11 22:14:15 web1 su: x", None),
        ("day 32", "Oct 32 22:14:15 web1 su: x", None),
        ("hour 24", "Oct 11 24:14:15 web1 su: x", None),
        ("a time alone", "Oct 11 22:14:15", None),
        ("a classic load balancer", "2025-10-21T04:01:45Z web 192.0.2.1:1 10.0.0.1:80 0 0 0 200", None),
        ("IIS", "2025-10-21 04:01:45 10.0.0.1 GET /", None),
        ("combined", "192.0.2.1 - - [10/Oct/2025:13:55:36 +0000] \"GET\"", None),
        ("nothing", "", None),
    ] {
        let found = header(line.as_bytes());
        let found = found.map(|header| (header.time.map(|time| time.unix_seconds()), header.message));
        assert_eq!(found, expected.map(|(time, message)| (time, message.as_bytes())), "{what}: {line}");
    }
}

const OLD: &str = "<190>Oct 10 13:55:36 web1 nginx: ";
const NEW: &str = "<190>1 2025-10-21T04:01:45Z web1 nginx 12 - [meta seq=\"7\"] ";

#[test]
fn every_format_may_stand_behind_a_header_and_is_detected() {
    let options = FormatOptions::default();
    let lines = ENTRIES.iter().filter(|entry| !entry.name.starts_with("syslog") && !entry.example.contains('\n'));
    for (entry, header) in lines.flat_map(|entry| [(entry, OLD), (entry, NEW)]) {
        let scratch = Bump::new();
        let line = format!("{header}{}", entry.example);
        let alone = (entry.make)(&options).parse(entry.example.as_bytes(), &scratch);
        let name = format!("syslog:{}", entry.name);
        assert_eq!(by_name(&name, &options).unwrap().parse(line.as_bytes(), &scratch), alone, "{name}");
        let head = format!("Oct 10 13:55:36 web1 systemd[1]: Started nginx.\n{line}\n{line}\ngarbage\n");
        assert_eq!(detect(head.as_bytes(), &options).unwrap().name(), name);
    }
}

#[test]
fn the_time_of_the_header_stands_in_for_an_entry_without_one() {
    let scratch = Bump::new();
    let json = by_name("syslog:json", &FormatOptions::default()).unwrap();
    let parse = |line: String| {
        let line = scratch.alloc_str(&line).as_bytes();
        match json.parse(line, &scratch) {
            Parsed::Error(entry) => Ok(entry.time.map(|time| time.unix_seconds())),
            Parsed::Heartbeat(time) => Ok(time.map(|time| time.unix_seconds())),
            Parsed::Malformed(reason) => Err(reason),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(parse(format!("{NEW}{{\"msg\":\"x\"}}")), Ok(Some(1_761_019_305)));
    assert_eq!(parse(format!("{NEW}{{\"msg\":\"x\",\"ts\":1}}")), Ok(Some(1)));
    assert_eq!(parse(format!("{OLD}{{\"msg\":\"x\"}}")), Ok(None));
    assert_eq!(parse(format!("{NEW}HEARTBEAT")), Ok(Some(1_761_019_305)));
    assert_eq!(parse(format!("{OLD}{{\"msg\":\"HEARTBEAT\"}}")), Ok(None));
    assert_eq!(parse(format!("{OLD}  ")), Err(Reason::Cut));
    assert_eq!(parse("{\"msg\":\"x\"}".to_string()), Err(Reason::Shape));
    assert_eq!(parse(format!("{OLD}hello")), Err(Reason::Json));
}

#[test]
fn keys_may_be_mapped_behind_a_header() {
    let options = FormatOptions::default();
    let format = by_name("syslog:json:client=ip,status=code", &options).unwrap();
    assert_eq!(format.name(), "syslog:json");
    let line = format!("{OLD}{{\"ts\":1,\"ip\":\"192.0.2.1\",\"code\":200}}");
    assert!(matches!(format.parse(line.as_bytes(), &Bump::new()), Parsed::Access(access, 0) if access.status == 200));
    for (spec, part) in [("syslog", "syslog:combined"), ("syslog:", "combined"), ("syslog:syslog:json", "header")] {
        let error = by_name(spec, &options).unwrap_err();
        assert!(error.contains(part), "{spec}: {error}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_something(line in proptest::collection::vec(any::<u8>(), 0..200)) {
        header(&line);
    }

    #[test]
    fn any_change_of_a_line_is_something(
        line in prop::sample::select(vec![EXAMPLE, NEW, OLD, "<34>2025-10-21T06:01:45.1+02:00 web1 su: x"]),
        at in any::<prop::sample::Index>(),
        byte in prop::sample::select(b"<>[]\"\\ :-1\xff".to_vec()),
        end in any::<prop::sample::Index>(),
    ) {
        let mut line = line.as_bytes().to_vec();
        let at = at.index(line.len());
        line[at] = byte;
        line.truncate(end.index(line.len() + 1));
        by_name("syslog:combined", &FormatOptions::default()).unwrap().parse(&line, &Bump::new());
    }
}

#[test]
fn regular_lines_behind_a_header_are_read_alike() {
    use crate::scan::{Kernel, Marks};
    let examples = ["combined", "vhost_combined", "common", "json"];
    let mut marks = Marks::default();
    for name in examples {
        let example = ENTRIES.iter().find(|entry| entry.name == name).unwrap().example;
        let format = by_name(&format!("syslog:{name}"), &FormatOptions::default()).unwrap();
        for (header, taken) in [
            (OLD, true),
            ("Oct 11 22:14:15 web1 nginx[7]: ", true),
            ("<190>Oct 11 22:14:15 web1 ", true),
            ("2025-10-21T04:01:45Z web1 nginx:  ", name == "json"),
            ("<165>1 - web1 nginx 1 - - \u{feff}", true),
            // Quotes in the header come before those of the line.
            (NEW, false),
            ("<190>Oct 11 22:14:15 web1 a:\"b: ", false),
            ("<190>Oct 11 22:14:15 web1 nginx:\"", false),
            ("nothing ", false),
        ] {
            let text = format!("{header}{example}\nwhat follows is long enough");
            Kernel::choose(None).unwrap().structure(text.as_bytes(), &mut marks);
            let (scratch, mut fast) = (Bump::new(), format.fast().unwrap());
            let regular = fast.regular(text.as_bytes(), 0, marks.as_slice(), &scratch);
            assert_eq!(regular.is_some(), taken, "{text}");
            if let Some(regular) = regular {
                let line = &text.as_bytes()[..regular.newline];
                assert_eq!(Parsed::Access(regular.access, 0), format.parse(line, &scratch), "{text}");
            }
        }
    }
}
