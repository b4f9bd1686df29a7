use super::*;
use crate::format::record::{Access, NO_STATUS, NONE, Parsed, Reason, Time};
use bumpalo::Bump;

const TIME: Time = Time { wall_seconds: 1_761_055_305, offset_seconds: 7200, nanos: 0 };

fn compiled(text: &str) -> Arc<dyn LineFormat> {
    format(text, b"HEARTBEAT").unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn base() -> Access<'static> {
    Access {
        time: TIME,
        client: b"192.0.2.1",
        user: b"frank",
        method: b"GET",
        target: b"/a?b=c",
        protocol: b"HTTP/1.1",
        status: 200,
        bytes_sent: Some(2326),
        ..Access::default()
    }
}

/// What the row shows, the format string, the line, what it says.
fn check(rows: &[(&str, &str, &str, Access<'_>)]) {
    for (what, text, line, expected) in rows {
        let scratch = Bump::new();
        let format = compiled(text);
        assert_eq!(format.parse(line.as_bytes(), &scratch), Parsed::Access(*expected, 0), "{what}: {text}: {line}");
    }
}

#[test]
fn directives_of_apache() {
    let referred = Access { referrer: b"https://example.org/", agent: b"curl/8.5.0", ..base() };
    let common = r#"192.0.2.1 - frank [21/Oct/2025:14:01:45 +0200] "GET /a?b=c HTTP/1.1" 200 2326"#;
    let combined = format!(r#"{common} "https://example.org/" "curl/8.5.0""#);
    check(&[
        ("common", r#"%h %l %u %t "%r" %>s %b"#, common, base()),
        ("quotes as in httpd.conf", r#"%h %l %u %t \"%r\" %>s %b"#, common, base()),
        ("a line of httpd.conf", r#"LogFormat "%h %l %u %t \"%r\" %>s %b" common"#, common, base()),
        ("in another case and in other quotes", r#"  logformat   '%h %l %u %t "%r" %>s %O' x "#, common, base()),
        (
            "names of headers have no case",
            r#"%h %l %u %t "%r" %>s %b "%{referer}i" "%{USER-AGENT}i""#,
            &combined,
            referred,
        ),
        (
            "conditions on the status",
            r#"%h %l %u %t "%r" %>s %b "%!200,304,302{Referer}i" "%400,501{User-agent}i""#,
            &combined.replace("curl/8.5.0", "-"),
            Access { agent: NONE, ..referred },
        ),
        (
            "a duration in microseconds",
            r#"%h %l %u %t "%r" %>s %b %D"#,
            &format!("{common} 1234"),
            Access { latency_micros: Some(1234), ..base() },
        ),
        (
            "the finest duration counts, and the last status",
            r#"%T %{ms}T %{us}T %s %>s %<s %h %l %u %t "%r" %B"#,
            r#"1 1234 1234567 301 200 301 192.0.2.1 - frank [21/Oct/2025:14:01:45 +0200] "GET /a?b=c HTTP/1.1" 2326"#,
            Access { latency_micros: Some(1_234_567), ..base() },
        ),
        (
            "bytes in both directions, and much else",
            r#"%h %u %t "%r" %>s %I %O %S %X %k %f %P %{Foobar}C %{x}n %{y}e %{z}o %L %R %A %p %^FB %{UNIQUE_ID}e"#,
            concat!(
                r#"192.0.2.1 frank [21/Oct/2025:14:01:45 +0200] "GET /a?b=c HTTP/1.1" 200 512 2326 2838 + 3 /var/www "#,
                "123 - a b c - proxy 10.0.0.1 443 12 x"
            ),
            Access { bytes_read: Some(512), ..base() },
        ),
        (
            "a request in its parts",
            r#"%h %u %t %m %U%q %H %>s %b"#,
            "192.0.2.1 frank [21/Oct/2025:14:01:45 +0200] GET /a?b=c HTTP/1.1 200 2326",
            base(),
        ),
        (
            "its parts in quotes",
            r#"%h %u %t "%m %U%q %H" %>s %b"#,
            r#"192.0.2.1 frank [21/Oct/2025:14:01:45 +0200] "GET /a b?b=c HTTP/1.1" 200 2326"#,
            Access { target: b"/a b?b=c", ..base() },
        ),
        (
            "path and query apart",
            r#"%q|%h|%u|%t|%m|%U|%H|%>s|%b"#,
            "?b=c|192.0.2.1|frank|[21/Oct/2025:14:01:45 +0200]|GET|/a|HTTP/1.1|200|2326",
            base(),
        ),
        (
            "no query",
            r#"%h %u %t %m %U%q %H %>s %b"#,
            "192.0.2.1 frank [21/Oct/2025:14:01:45 +0200] GET /a HTTP/1.1 200 -",
            Access { target: b"/a", bytes_sent: None, ..base() },
        ),
        (
            "tabs",
            r#"%h\t%u\t%t\t%r\t%>s\t%b"#,
            "192.0.2.1\tfrank\t[21/Oct/2025:14:01:45 +0200]\tGET /a?b=c HTTP/1.1\t200\t2326",
            base(),
        ),
        (
            "a percent sign, and commas",
            r#"100%%,%h,%u,%t,"%r",%>s,%b"#,
            r#"100%,192.0.2.1,frank,[21/Oct/2025:14:01:45 +0200],"GET /a?b=c HTTP/1.1",200,2326"#,
            base(),
        ),
        (
            "the virtual host, the canonical one first",
            r#"%{Host}i %V %v:%p %h %u %t "%r" %>s %b"#,
            r#"a b www.example.org:443 192.0.2.1 frank [21/Oct/2025:14:01:45 +0200] "GET /a?b=c HTTP/1.1" 200 2326"#,
            Access { vhost: b"www.example.org", ..base() },
        ),
        (
            "the address of the connection counts, not the claim",
            r#""%{X-Forwarded-For}i" %a %u %t "%r" %>s %b"#,
            r#""203.0.113.9, 10.0.0.1" 192.0.2.1 frank [21/Oct/2025:14:01:45 +0200] "GET /a?b=c HTTP/1.1" 200 2326"#,
            base(),
        ),
        (
            "the claim where there is nothing else",
            r#"%{X-Forwarded-For}i %u %t "%r" %>s %b"#,
            r#"203.0.113.9, 10.0.0.1 frank [21/Oct/2025:14:01:45 +0200] "GET /a?b=c HTTP/1.1" 200 2326"#,
            Access { client: b"203.0.113.9", ..base() },
        ),
        (
            "no user, as Apache writes an empty one",
            r#"%h %u %t "%r" %>s %b"#,
            r#"192.0.2.1 "" [21/Oct/2025:14:01:45 +0200] "GET /a?b=c HTTP/1.1" 200 2326"#,
            Access { user: NONE, ..base() },
        ),
        (
            "an agent without quotes at the end",
            r#"%h %u %t "%r" %>s %b %{User-Agent}i"#,
            r#"192.0.2.1 frank [21/Oct/2025:14:01:45 +0200] "GET /a?b=c HTTP/1.1" 200 2326 Mozilla/5.0 (X11; Linux)"#,
            Access { agent: b"Mozilla/5.0 (X11; Linux)", ..base() },
        ),
    ]);
}

#[test]
fn variables_of_nginx() {
    let line = r#"192.0.2.1 - frank [21/Oct/2025:14:01:45 +0200] "GET /a?b=c HTTP/1.1" 200 2326 "-" "curl/8.5.0""#;
    let timed = |rest: &str| format!("{line} {rest}");
    let main = r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent""#;
    let with = |rest: &str| format!("{main} {rest}");
    let expected = Access { agent: b"curl/8.5.0", ..base() };
    check(&[
        ("combined", main, line, expected),
        ("braces", &main.replace("$status", "${status}"), line, expected),
        (
            "pieces, as in nginx.conf",
            "log_format  main  '$remote_addr - $remote_user [$time_local] \"$request\" '  # who\n\
             \t'$status $body_bytes_sent \"$http_referer\" '\n\"\\\"$http_user_agent\\\"\";",
            line,
            expected,
        ),
        (
            "pieces alone",
            &format!("'{}' ' $request_time';", main),
            &timed("0.012"),
            Access { latency_micros: Some(12_000), ..expected },
        ),
        ("a way to escape", &format!("log_format x escape=default '{main}';"), line, expected),
        (
            "the request's time before the upstream's",
            &with("$upstream_response_time $request_time"),
            &timed("0.010, 0.001 : 0.002 0.512"),
            Access { latency_micros: Some(512_000), ..expected },
        ),
        (
            "the upstreams' times are added up",
            &with("rt=$upstream_response_time ua=$upstream_addr"),
            &timed("rt=0.010, - : 0.002 ua=10.0.0.1:80, unix:/run/x : 10.0.0.2:80"),
            Access { latency_micros: Some(12_000), ..expected },
        ),
        ("no upstream", &with("$upstream_response_time"), &timed("-"), expected),
        (
            "ISO 8601, hosts and ports",
            r#"$time_iso8601|$remote_addr:$remote_port|$remote_user|$host:$server_port|$request|$status|$bytes_sent|$request_length"#,
            "2025-10-21T14:01:45+02:00|2001:db8::1:5678|frank|[::1]:443|GET /a?b=c HTTP/1.1|200|2326|512",
            Access { client: b"2001:db8::1", vhost: b"[::1]", bytes_read: Some(512), ..base() },
        ),
        (
            "a URL",
            r#"$msec $remote_addr $remote_user "$request_method $scheme://$host$request_uri $server_protocol" $status $body_bytes_sent"#,
            r#"1761048105.000 192.0.2.1 frank "GET https://www.example.org/a?b=c HTTP/1.1" 200 2326"#,
            Access {
                time: Time { wall_seconds: 1_761_048_105, offset_seconds: 0, nanos: 0 },
                vhost: b"www.example.org",
                ..base()
            },
        ),
        (
            "path and query side by side",
            r#"$remote_addr $remote_user [$time_local] $request_method $uri$is_args$args $server_protocol $status $body_bytes_sent"#,
            "192.0.2.1 frank [21/Oct/2025:14:01:45 +0200] GET /a?b=c HTTP/1.1 200 2326",
            base(),
        ),
        (
            "empty values",
            r#"[$time_local] $remote_addr [$remote_user] "$http_referer" $request_method $request_uri $server_protocol $status ($http_x_y) $body_bytes_sent"#,
            r#"[21/Oct/2025:14:01:45 +0200] 192.0.2.1 [] "" GET /a?b=c HTTP/1.1 200 () 2326"#,
            Access { user: NONE, ..base() },
        ),
        (
            "nothing is escaped",
            &format!("log_format x escape=none '{}';", with("$pipe")),
            &timed(".").replace("curl/8.5.0", r#"a "quoted"; \"#),
            Access { agent: br#"a "quoted"; \"#, ..expected },
        ),
    ]);
}

#[test]
fn times_of_every_kind() {
    let utc = Time { wall_seconds: 1_761_055_305, offset_seconds: 0, nanos: 0 };
    let epoch = Time { wall_seconds: 1_761_048_105, offset_seconds: 0, nanos: 0 };
    for (what, text, line, expected) in [
        ("as it is", "%t %>s", "[21/Oct/2025:14:01:45 +0200] 200", TIME),
        ("the same, spelt out", "[%{%d/%b/%Y:%H:%M:%S %z}t] %>s", "[21/Oct/2025:14:01:45 +0200] 200", TIME),
        ("ISO 8601", "%{%Y-%m-%dT%H:%M:%S%z}t %>s", "2025-10-21T14:01:45+0200 200", TIME),
        ("short forms", "%{%F %T}t %>s", "2025-10-21 14:01:45 200", utc),
        ("American", "%{%D %r}t %>s", "10/21/25 02:01:45 PM 200", utc),
        (
            "midnight on a clock of twelve hours",
            "%{%D %I:%M %p}t %>s",
            "10/21/25 12:01 AM 200",
            Time { wall_seconds: 1_761_004_860, ..utc },
        ),
        ("of the C library", "%{%c}t %>s", "Tue Oct 21 14:01:45 2025 200", utc),
        (
            "a padded day",
            "%{%e %B %Y %R}t %>s",
            " 1 October 2025 14:01 200",
            Time { wall_seconds: 1_759_327_260, ..utc },
        ),
        ("the day of the year", "%{%Y-%j}t %>s", "2025-294 200", Time { wall_seconds: 1_761_004_800, ..utc }),
        (
            "in several directives",
            "[%{%d/%b/%Y:%T}t.%{msec_frac}t %{%z}t] %>s",
            "[21/Oct/2025:14:01:45.123 +0200] 200",
            Time { nanos: 123_000_000, ..TIME },
        ),
        ("seconds since 1970", "%{sec}t.%{usec_frac}t %>s", "1761048105.000456 200", Time { nanos: 456_000, ..epoch }),
        ("milliseconds", "%{msec}t %>s", "1761048105123 200", Time { nanos: 123_000_000, ..epoch }),
        ("microseconds at the end", "%{end:usec}t %>s", "1761048105000007 200", Time { nanos: 7000, ..epoch }),
        ("nginx", "$msec $status", "1761048105.123 200", Time { nanos: 123_000_000, ..epoch }),
        ("two of them: the first", "[$time_local] $msec $status", "[21/Oct/2025:14:01:45 +0200] 1.000 200", TIME),
        ("second 60", "%t %>s", "[21/Oct/2025:14:00:60 +0200] 200", Time { wall_seconds: 1_761_055_260, ..TIME }),
    ] {
        let scratch = Bump::new();
        let expected = Access { time: expected, status: 200, ..Access::default() };
        assert_eq!(compiled(text).parse(line.as_bytes(), &scratch), Parsed::Access(expected, 0), "{what}: {text}");
    }
}

#[test]
fn a_line_without_a_time_or_a_status_is_a_request_of_its_arrival() {
    let scratch = Bump::new();
    for (text, line, status) in [
        ("%h %>s", "192.0.2.1 200", 200),
        ("%h", "192.0.2.1", NO_STATUS),
        ("%h %{%T}t", "192.0.2.1 14:01:45", NO_STATUS),
    ] {
        let expected = Access { client: b"192.0.2.1", status, ..Access::default() };
        let parsed = compiled(text).parse(line.as_bytes(), &scratch);
        assert_eq!(parsed, Parsed::Untimed(expected, 0), "{text}");
        assert_eq!(parsed.timed(TIME), Parsed::Access(Access { time: TIME, ..expected }, 0), "{text}");
    }
}

#[test]
fn lines_that_do_not_fit_say_why() {
    let text = r#"%a|%l|%u %t "%r" %>s %b %D "%{Referer}i""#;
    let line = r#"192.0.2.1|-|frank [21/Oct/2025:14:01:45 +0200] "GET / HTTP/1.1" 200 5 17 "-""#;
    assert!(matches!(compiled(text).parse(line.as_bytes(), &Bump::new()), Parsed::Access(..)));
    for (what, from, to, reason) in [
        ("no client", "192.0.2.1", "", Reason::Client),
        ("no separator", "|-|", "|-", Reason::Shape),
        ("an impossible date", "21/Oct", "31/Feb", Reason::Time),
        ("no time", "[21/Oct/2025:14:01:45 +0200]", "[x]", Reason::Time),
        ("a request that is not closed", "1.1\"", "1.1", Reason::Shape),
        ("no request", "\"GET / HTTP/1.1\"", "-", Reason::Time),
        ("a status of two digits", " 200 ", " 20 ", Reason::Status),
        ("a status of four digits", " 200 ", " 2000 ", Reason::Status),
        ("a size in words", " 5 ", " x ", Reason::Bytes),
        ("a duration in words", "17", "x", Reason::Latency),
        ("cut before the end", " 17 \"-\"", "", Reason::Cut),
        ("cut in the last field", "\"-\"", "\"-", Reason::Quote),
        ("a quote in the user", "frank", "fr\"ank", Reason::Cut),
    ] {
        let line = line.replacen(from, to, 1);
        assert_eq!(compiled(text).parse(line.as_bytes(), &Bump::new()), Parsed::Malformed(reason), "{what}: {line}");
    }
}

#[test]
fn a_wrong_string_is_shown_with_a_caret() {
    for (what, text, place, message) in [
        ("a brace", "%h %{Referer i", "%{Referer i", "not closed"),
        ("an end", "%h %>", "%>", "not complete"),
        ("no letter", "%h % %u", "% ", "no directive"),
        ("a conversion", "%h %{%Y %Q}t", "%{%Y %Q}t", "%Q"),
        ("nothing known", "%X %k", "%X %k", "no field is known"),
        ("two fields without text between", "%h%u %t", "%h%u", "touch"),
        ("no name", "$remote_addr $ $status", "$", "name is missing"),
        ("a brace of nginx", "$remote_addr ${status", "${status", "not closed"),
        ("a quote", "LogFormat \"%h %u", "\"", "not closed"),
        ("a piece", "log_format x '$remote_addr' 'y", "'", "not closed"),
        ("a way to escape", "log_format x escape=all '$status';", "escape=all", "not known"),
        ("no string", "LogFormat common", "LogFormat common", "no field is known"),
    ] {
        let error = format(text, b"").unwrap_err();
        assert_eq!(text.get(error.at()), Some(place), "{what}: {error}");
        assert!(error.message().contains(message), "{what}: {error}");
        assert!(error.to_string().contains('^'), "{what}: {error}");
    }
}

#[test]
fn standard_strings_are_read_by_the_faster_parser() {
    for (text, name) in [
        (r#"%h %l %u %t "%r" %>s %b"#, "common"),
        (r#"LogFormat "%a %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\"" combined"#, "combined"),
        (r#"%v:%p %h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i""#, "vhost_combined"),
        (r#"%v:%p %h %l %u %t "%r" %>s %b"#, "vhost_common"),
        (STANDARD_STRINGS[5].0, "combined"),
        (r#"%h %l %u %t "%r" %>s %b %D"#, r#"%h %l %u %t "%r" %>s %b %D"#),
    ] {
        assert_eq!(compiled(text).name(), name, "{text}");
    }
    assert_eq!(STANDARD.len(), STANDARD_STRINGS.len());
}

#[test]
fn what_stands_around_a_record() {
    let text = r#"%h %u %t "%r" %>s %b "%{User-Agent}i" %D"#;
    let line = r#"192.0.2.1 frank [21/Oct/2025:14:01:45 +0200] "GET / HTTP/1.1" 200 5 "x" 17"#;
    for (what, line, glued) in [
        ("nothing", line.to_string(), 0),
        ("other text", format!("{line} more"), 0),
        ("another record", format!("{line} {line} {line}"), 2),
        ("quotes", format!("\"{line}\""), 0),
        ("quotes, doubled inside", format!("\"{}\"", line.replace('"', "\"\"")), 0),
        ("quotes, escaped inside", format!("\"{}\"", line.replace('"', "\\\"")), 0),
    ] {
        let scratch = Bump::new();
        let parsed = compiled(text).parse(line.as_bytes(), &scratch);
        assert!(
            matches!(parsed, Parsed::Access(access, found) if found == glued && access.client == b"192.0.2.1"),
            "{what}: {line}: {parsed:?}"
        );
    }
    let alive = line.replace("GET / HTTP/1.1", "HEARTBEAT");
    assert_eq!(compiled(text).parse(alive.as_bytes(), &Bump::new()), Parsed::Heartbeat(Some(TIME)));
    let scratch = Bump::new();
    let late = compiled(r#""%r" %{%F %T}t"#).parse(br#""HEARTBEAT" 2025-10-21 14:01:45"#, &scratch);
    assert_eq!(late, Parsed::Heartbeat(None));
}

#[test]
fn a_string_that_writes_json_is_a_mapping() {
    let nginx = concat!(
        "log_format json escape=json '{'\n  '\"time\":\"$time_iso8601\",' '\"client\":\"$remote_addr\",'\n",
        "'\"http\":{\"line\":\"$request_method $request_uri $server_protocol\",\"status\":$status},'\n",
        "'\"ua\":\"$http_user_agent\",\"host\":\"$hostname\",\"site\":\"$host\",\"took\":\"$upstream_response_time\"' '}';"
    );
    let apache = concat!(
        r#"LogFormat "{ \"time\":\"%{%Y-%m-%dT%H:%M:%S%z}t\", \"client\":\"%a\", \"method\":\"%m\", \"url\":\"%U%q\","#,
        r#" \"protocol\":\"%H\", \"status\":%>s, \"site\":\"%v\", \"took\":%D, \"ua\":\"%{User-Agent}i\" }" json"#
    );
    let expected = Access {
        time: TIME,
        client: b"192.0.2.1",
        vhost: b"www.example.org",
        method: b"GET",
        target: b"/a?b=c",
        protocol: b"HTTP/1.1",
        agent: b"a \"b\"",
        status: 200,
        latency_micros: Some(12_000),
        ..Access::default()
    };
    let scratch = Bump::new();
    for (what, text, line) in [
        (
            "nginx, its keys in another order",
            nginx,
            concat!(
                r#"{"http":{"status":200,"line":"GET /a?b=c HTTP/1.1"}, "client":"192.0.2.1","host":"web1","more":[1],"#,
                r#""site":"www.example.org","took":"0.010, 0.002","ua":"a \"b\"","time":"2025-10-21T14:01:45+02:00"}"#
            ),
        ),
        (
            "Apache",
            apache,
            concat!(
                r#"{ "time":"2025-10-21T14:01:45+0200", "client":"192.0.2.1", "method":"GET", "url":"/a?b=c","#,
                r#" "protocol":"HTTP/1.1", "status":200, "site":"www.example.org", "took":12000, "ua":"a \"b\"" }"#
            ),
        ),
    ] {
        let format = compiled(text);
        assert_eq!(format.name(), "json", "{what}");
        assert_eq!(format.parse(line.as_bytes(), &scratch), Parsed::Access(expected, 0), "{what}");
    }
    // Without a time, a status or a request it is a request all the same.
    let bare = compiled(r#"{"a":"$remote_addr"}"#).parse(br#"{"a":"192.0.2.1"}"#, &scratch);
    assert_eq!(bare, Parsed::Untimed(Access { client: b"192.0.2.1", ..Access::default() }, 0));
    // A dash outside quotes is no JSON, and a time in brackets none that JSON has: those are matched as text.
    for (text, line) in [
        (r#"{"a":"$remote_addr","s":$status,"t":$upstream_response_time}"#, r#"{"a":"192.0.2.1","s":200,"t":-}"#),
        (r#"{"a":"%a","s":%>s,"t":"%t"}"#, r#"{"a":"192.0.2.1","s":200,"t":"[21/Oct/2025:14:01:45 +0200]"}"#),
    ] {
        let format = compiled(text);
        assert_eq!(format.name(), text);
        let parsed = format.parse(line.as_bytes(), &scratch).timed(TIME);
        let expected = Access { time: TIME, client: b"192.0.2.1", status: 200, ..Access::default() };
        assert_eq!(parsed, Parsed::Access(expected, 0), "{text}");
    }
}
