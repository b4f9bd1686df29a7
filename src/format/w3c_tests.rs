//! W3C logs against tables: the columns of IIS, CloudFront and Tomcat, and lines that do not fit them.

use super::*;
use proptest::prelude::*;

const IIS: &str = "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken";
const CLOUDFRONT: &str = "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version";
const TOMCAT: &str = "#Fields: date time c-ip cs-method cs-uri cs-version sc-status sc-bytes time-taken cs(User-Agent)";

/// The fields of a record as texts, or why there is none.
fn shown(fields: &str, line: &str) -> String {
    let scratch = Bump::new();
    match W3c::new(fields.as_bytes()).unwrap().parse(line.as_bytes(), &scratch) {
        Parsed::Access(a, _) => {
            let texts = [a.client, a.user, a.vhost, a.method, a.target, a.protocol, a.referrer, a.agent];
            let texts = texts.map(|text| String::from_utf8_lossy(text).into_owned()).join("|");
            let number = |value: Option<u64>| value.map_or("-".to_string(), |value| value.to_string());
            let numbers = [a.bytes_sent, a.bytes_read, a.latency_micros].map(number).join(" ");
            format!("{} {texts} {} {numbers}", a.time.unix_seconds(), a.status)
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn records_of_every_writer() {
    for (what, fields, line, expected) in [
        (
            "IIS",
            IIS,
            "2025-10-21 04:01:45 10.0.0.1 GET /a b=c 443 frank 192.0.2.1 Mozilla/5.0+(X11;+Linux) https://example.org/x+y 200 0 0 2326 512 15",
            "1761019305 192.0.2.1|frank|-|GET|/a?b=c|-|https://example.org/x+y|Mozilla/5.0 (X11; Linux) 200 2326 512 15000",
        ),
        (
            "IIS, nothing where it may be",
            IIS,
            "2025-10-21 04:01:45 10.0.0.1 GET /a - 443 - 192.0.2.1 - - 404 0 2 - - -",
            "1761019305 192.0.2.1|-|-|GET|/a|-|-|- 404 - - -",
        ),
        (
            "IIS, quotes of a client stand for themselves",
            IIS,
            "2025-10-21 04:01:45 10.0.0.1 GET /a - 443 - ::1 \"x+y - 200 0 0 1 2 3",
            "1761019305 ::1|-|-|GET|/a|-|-|\"x y 200 1 2 3000",
        ),
        (
            "CloudFront",
            CLOUDFRONT,
            "2025-10-21\t04:01:45\tFRA2\t2390282\t192.0.2.202\tGET\td1.cloudfront.net\t/a%20b\t200\twww.example.org/?x\tMozilla/4.0%20(X11;%20\"x\"+y)\ta=b%20c\tzip=1\tHit\tQ==\tcdn.example.org\thttps\t23\t0.012\t-\tTLSv1.2\tAES\tHit\tHTTP/2.0",
            "1761019305 192.0.2.202|-|cdn.example.org|GET|/a%20b?a=b%20c|HTTP/2.0|www.example.org/?x|Mozilla/4.0 (X11; \"x\"+y) 200 2390282 23 12000",
        ),
        (
            "CloudFront, percents twice, whole seconds, a client that went away",
            CLOUDFRONT,
            "2025-10-21\t04:01:45\tFRA2\t0\t2001:db8::1\tPOST\td1.cloudfront.net\t/\t000\t-\tMozilla/5.0%2520(Windows%2520NT)\t-\t-\tError\tQ==\t-\thttps\t-\t2\t-\t-\t-\tError\tHTTP/1.1",
            "1761019305 2001:db8::1|-|d1.cloudfront.net|POST|/|HTTP/1.1|-|Mozilla/5.0 (Windows NT) 0 0 - 2000000",
        ),
        (
            "Tomcat, quotes and seconds",
            TOMCAT,
            "2025-10-21 04:01:45 192.0.2.1 GET /a?b HTTP/1.1 200 5 0.015 \"Mozilla/5.0 (\"\"x\"\"+y)\"",
            "1761019305 192.0.2.1|-|-|GET|/a?b|HTTP/1.1|-|Mozilla/5.0 (\"x\"+y) 200 5 - 15000",
        ),
        (
            "names in another case, tabs in the names, a port, a fraction of the second",
            "#Fields:\tDATE\tTime C-IP CS-HOST Sc-Status",
            "2025-10-21 04:01:45.5 [2001:db8::1]:80 example.org:8080 299",
            "1761019305 2001:db8::1|-|example.org|-|-|-|-|- 299 - - -",
        ),
        (
            "the server's name where there is no host",
            "date time s-computername sc-status",
            "2025-10-21 04:01:45 WEB01 200",
            "1761019305 -|-|WEB01|-|-|-|-|- 200 - - -",
        ),
        (
            "spaces at both ends and more columns than named",
            "date time sc-status",
            " 2025-10-21  04:01:45 200 more",
            "1761019305 -|-|-|-|-|-|-|- 200 - - -",
        ),
        ("second 60", "date time sc-status", "2016-12-31 23:59:60 200", "1483228800 -|-|-|-|-|-|-|- 200 - - -"),
        ("a directive", IIS, "#Date: 2025-10-21 04:01:45", "Directive"),
        ("an impossible date", "date time sc-status", "2025-02-31 04:01:45 200", "Malformed(Time)"),
        ("no date among the columns", "time sc-status", "04:01:45 200", "Malformed(Time)"),
        ("no date in the line", "date time sc-status", "- - 200", "Malformed(Time)"),
        ("a status of two digits", "date time sc-status", "2025-10-21 04:01:45 20", "Malformed(Status)"),
        ("no status", "date time sc-status", "2025-10-21 04:01:45 -", "Malformed(Status)"),
        ("a size in words", "date time sc-status sc-bytes", "2025-10-21 04:01:45 200 x", "Malformed(Bytes)"),
        ("a duration in words", "date time sc-status time-taken", "2025-10-21 04:01:45 200 x", "Malformed(Latency)"),
        ("cut", "date time sc-status sc-bytes", "2025-10-21 04:01:45 200", "Malformed(Cut)"),
        ("a quote not closed", TOMCAT, "2025-10-21 04:01:45 ::1 GET \"/a 200", "Malformed(Quote)"),
    ] {
        assert_eq!(shown(fields, line), expected, "{what}: {line}");
    }
}

#[test]
fn columns_come_from_the_last_line_that_names_some() {
    let scratch = Bump::new();
    let empty = W3c::without_fields();
    assert_eq!(empty.parse(b"2025-10-21 04:01:45 200", &scratch), Parsed::Malformed(Reason::NoFields));
    assert_eq!(empty.parse(b"#Version: 1.0", &scratch), Parsed::Directive);
    assert!(empty.directive(b"#Version: 1.0").is_none());
    assert!(empty.directive(b"#Fields: x y").is_none());
    let first = empty.directive(b"#Fields: date time sc-status").unwrap();
    assert!(matches!(first.parse(b"2025-10-21 04:01:45 200", &scratch), Parsed::Access(..)));
    let second = first.directive(b"#Fields: date time c-ip sc-status").unwrap();
    assert!(matches!(second.parse(b"2025-10-21 04:01:45 ::1 200", &scratch), Parsed::Access(..)));
    assert!(W3c::new(b"#Fields: x y").unwrap_err().contains("#Fields: x y"));
    assert!(W3c::new(b"").is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_something(fields in proptest::collection::vec(any::<u8>(), 0..60), line in proptest::collection::vec(any::<u8>(), 0..200)) {
        for fields in [fields.as_slice(), IIS.as_bytes(), CLOUDFRONT.as_bytes(), TOMCAT.as_bytes()] {
            if let Ok(format) = W3c::new(fields) {
                format.parse(&line, &Bump::new());
            }
        }
    }

    #[test]
    fn any_change_of_a_line_is_something(
        at in any::<prop::sample::Index>(),
        bytes in proptest::collection::vec(prop::sample::select(b"\"+%\t -0\xff\0#?".to_vec()), 0..4),
        end in any::<prop::sample::Index>(),
    ) {
        let (fields, line) = EXAMPLE.split_once('\n').unwrap();
        let mut line = line.as_bytes().to_vec();
        let at = at.index(line.len());
        line.splice(at..at + 1, bytes);
        line.truncate(end.index(line.len() + 1));
        for fields in [fields, CLOUDFRONT, TOMCAT] {
            W3c::new(fields.as_bytes()).unwrap().parse(&line, &Bump::new());
        }
    }
}
