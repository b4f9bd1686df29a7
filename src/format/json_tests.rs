//! JSON lines against tables: what servers write, what users map, and what is odd.

use super::*;
use proptest::prelude::*;

fn parse<'line>(line: &'line str, scratch: &'line Bump) -> Parsed<'line> {
    Json::new(b"HEARTBEAT").parse(line.as_bytes(), scratch)
}

/// The access record of a line, as texts in the order of its fields.
fn shown(parsed: Parsed<'_>) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match parsed {
        Parsed::Access(a, glued) => {
            let texts = [a.client, a.user, a.vhost, a.method, a.target, a.protocol, a.referrer, a.agent].map(text);
            let number = |value: Option<u64>| value.map_or("-".to_string(), |value| value.to_string());
            format!(
                "{}.{:09}{:+} {} {} {} {} {}{}",
                a.time.unix_seconds(),
                a.time.nanos,
                a.time.offset_seconds,
                texts.join("|"),
                a.status,
                number(a.bytes_sent),
                number(a.bytes_read),
                number(a.latency_micros),
                if glued > 0 { format!(" +{glued}") } else { String::new() },
            )
        }
        Parsed::Error(e) => format!(
            "{} {} {}|{}|{}",
            e.time.map_or("-".to_string(), |time| time.unix_seconds().to_string()),
            e.level.name(),
            text(e.module),
            text(e.client),
            text(e.message)
        ),
        other => format!("{other:?}"),
    }
}

const CADDY: &str = r#"{"level":"info","ts":1761019828.6153953,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"172.19.0.1","remote_port":"46628","client_ip":"203.0.113.9","proto":"HTTP/1.1","method":"GET","host":"localhost:8080","uri":"/a?b=\"c\"","headers":{"Cookie":["REDACTED"],"User-Agent":["Mozilla/5.0","second"],"Referer":["https://example.org/"],"If-None-Match":["\"ddnp8sh5vg3i58\""]},"tls":{"proto":"h2"}},"bytes_read":7,"user_id":"","duration":0.001674508,"size":0,"status":304,"resp_headers":{"Server":["Caddy"],"User-Agent":["no"]}}"#;
const NGINX: &str = r#"{"time_local":"21/Oct/2025:06:01:45 +0200","remote_addr":"192.0.2.1","remote_user":"John Smith","request":"GET /a b?c HTTP/1.1","status": "200","body_bytes_sent":"2326","request_time":"0.029","http_referrer":"https://example.org/","http_user_agent":"Mozilla \"x\"","http_x_forwarded_for":"198.51.100.9","server_name":"example.org","upstream_response_time":"0.010, 0.019"}"#;
const TRAEFIK: &str = r#"{"ClientAddr":"192.0.2.1:53332","ClientHost":"192.0.2.1","ClientPort":"53332","ClientUsername":"-","DownstreamContentSize":2326,"DownstreamStatus":200,"Duration":1674508,"OriginDuration":900,"RequestAddr":"example.org:443","RequestContentSize":12,"RequestHost":"example.org","RequestMethod":"POST","RequestPath":"/a?b","RequestProtocol":"HTTP/2.0","StartLocal":"2025-10-21T06:01:45.1+02:00","StartUTC":"2025-10-21T04:01:45.123456789Z","entryPointName":"websecure","level":"info","msg":"","request_Referer":"https://example.org/","request_User-Agent":"curl/8.5.0","time":"2025-10-21T04:01:46Z"}"#;

#[test]
fn requests_of_every_server() {
    let cases: [(&str, &str, &str); 20] = [
        (
            "Caddy",
            CADDY,
            r#"1761019828.615395300+0 203.0.113.9|-|localhost|GET|/a?b="c"|HTTP/1.1|https://example.org/|Mozilla/5.0 304 0 7 1674"#,
        ),
        (
            "nginx",
            NGINX,
            r#"1761019305.000000000+7200 192.0.2.1|John Smith|example.org|GET|/a b?c|HTTP/1.1|https://example.org/|Mozilla "x" 200 2326 - 29000"#,
        ),
        (
            "Traefik",
            TRAEFIK,
            "1761019305.123456789+0 192.0.2.1|-|example.org|POST|/a?b|HTTP/2.0|https://example.org/|curl/8.5.0 200 2326 12 1674",
        ),
        (
            "numbers or texts, times of every kind",
            r#"{"msec":"1761019305.123","status":404,"request_method":"GET","request_uri":"/x","bytes_sent":5}"#,
            "1761019305.123000000+0 -|-|-|GET|/x|-|-|- 404 5 - -",
        ),
        (
            "an offset in the ISO time wins over msec",
            r#"{"msec":1761019305.123,"time_iso8601":"2025-10-21T06:01:45+02:00","status":200}"#,
            "1761019305.000000000+7200 -|-|-|-|-|-|-|- 200 - - -",
        ),
        (
            "a request that is none",
            r#"{"ts":1,"request":"\u0016\u0003\u0001","status":"400","body_bytes_sent":"157"}"#,
            "1.000000000+0 -|-|-|-|-|-|-|- 400 157 - -",
        ),
        ("an empty request", r#"{"ts":1,"request":"","status":"400"}"#, "1.000000000+0 -|-|-|-|-|-|-|- 400 - - -"),
        (
            "status 000, bare and as text",
            r#"{"ts":1,"status":000}{"ts":1,"status":"000"}"#,
            "1.000000000+0 -|-|-|-|-|-|-|- 0 - - - +1",
        ),
        (
            "Caddy's status 0",
            r#"{"ts":1,"status":0,"method":"GET","msg":"handled request"}"#,
            "1.000000000+0 -|-|-|GET|-|-|-|- 0 - - -",
        ),
        (
            "a forwarded-for list, where there is no address",
            r#"{"ts":1,"status":200,"remote_addr":"","http_x_forwarded_for":"203.0.113.9, 10.0.0.1"}"#,
            "1.000000000+0 203.0.113.9|-|-|-|-|-|-|- 200 - - -",
        ),
        (
            "IPv6 with a port",
            r#"{"ts":1,"status":200,"ClientAddr":"[2001:db8::1]:5"}"#,
            "1.000000000+0 2001:db8::1|-|-|-|-|-|-|- 200 - - -",
        ),
        (
            "durations in words",
            r#"{"ts":1,"status":200,"duration":"1.5ms"}"#,
            "1.000000000+0 -|-|-|-|-|-|-|- 200 - - 1500",
        ),
        (
            "a duration that is not there",
            r#"{"ts":1,"status":200,"request_time":"-"}"#,
            "1.000000000+0 -|-|-|-|-|-|-|- 200 - - -",
        ),
        (
            "of equal keys the last, if it says something",
            r#"{"ts":1,"status":200,"status":201,"status":null,"user":"a","user":"b"}"#,
            "1.000000000+0 -|b|-|-|-|-|-|- 201 - - -",
        ),
        (
            "escapes and lone surrogates",
            r#"{"ts":1,"status":200,"user":"\u00e9\ud83d\udc4b\ud83d"}"#,
            "1.000000000+0 -|é👋\u{fffd}|-|-|-|-|-|- 200 - - -",
        ),
        ("a prefix of docker compose", "caddy  | {\"ts\":1,\"status\":200}", "1.000000000+0 -|-|-|-|-|-|-|- 200 - - -"),
        (
            "glued records, and text behind them",
            r#"{"ts":1,"status":200}{"ts":1,"status":200} {"ts":2,"msg":"x"}{"ts":1,"#,
            "1.000000000+0 -|-|-|-|-|-|-|- 200 - - - +2",
        ),
        (
            "wrapped in quotes, its own escaped",
            r#""{\"ts\":1,\"status\":200,\"user\":\"a\\\"b\"}""#,
            r#"1.000000000+0 -|a"b|-|-|-|-|-|- 200 - - -"#,
        ),
        (
            "wrapped in quotes, its own doubled",
            r#""{""ts"":1,""status"":200}""#,
            "1.000000000+0 -|-|-|-|-|-|-|- 200 - - -",
        ),
        (
            "known names with values of wrong kinds are absent",
            r#"{"ts":1,"status":200,"host":{"name":"web"},"user":true,"client":["x"]}"#,
            "1.000000000+0 -|-|-|-|-|-|-|- 200 - - -",
        ),
    ];
    let scratch = Bump::new();
    for (what, line, expected) in cases {
        assert_eq!(shown(parse(line, &scratch)), expected, "{what}: {line}");
    }
}

#[test]
fn entries_of_an_error_log() {
    let cases = [
        (
            "Caddy",
            r#"{"level":"warn","ts":1761019822.3,"logger":"http","msg":"no TLS"}"#,
            "1761019822 warn http|-|no TLS",
        ),
        ("without a time", r#"{"severity":"ERROR","message":"x"}"#, "- error -|-|x"),
        ("without a level", r#"{"time":"2025-10-21T04:01:45Z","msg":"x"}"#, "1761019305 info -|-|x"),
        ("a level as a number", r#"{"level":50,"time":1761019305123,"msg":"x"}"#, "1761019305 error -|-|x"),
        (
            "Caddy's repeated request",
            r#"{"level":"error","ts":1,"logger":"http.log.error.log0","msg":"dial tcp","request":{"client_ip":"192.0.2.1","method":"GET","uri":"/"},"status":502}"#,
            "1 error http.log.error.log0|192.0.2.1|dial tcp",
        ),
        (
            "the proxy's repeated request",
            r#"{"level":"debug","ts":1,"logger":"http.handlers.reverse_proxy","msg":"upstream roundtrip","request":{"method":"GET","uri":"/"},"status":200}"#,
            "1 debug http.handlers.reverse_proxy|-|upstream roundtrip",
        ),
        ("a status that is no request's", r#"{"level":"info","ts":1,"msg":"done","status":"ok"}"#, "1 info -|-|done"),
        ("a path in a message", r#"{"level":"info","ts":1,"msg":"opened","path":"/x"}"#, "1 info -|-|opened"),
    ];
    let scratch = Bump::new();
    for (what, line, expected) in cases {
        assert_eq!(shown(parse(line, &scratch)), expected, "{what}: {line}");
    }
}

#[test]
fn lines_that_do_not_fit_say_why() {
    let deep = format!("{{\"ts\":1,\"status\":200,\"x\":{}", "[".repeat(100_000));
    let cases = [
        ("no object", "hello", Reason::Json),
        ("an array", "[1]", Reason::Json),
        ("a bar and no object", "a | b", Reason::Json),
        ("cut", &CADDY[..CADDY.len() - 20], Reason::Json),
        ("too deep", deep.as_str(), Reason::Json),
        ("nothing that is known", r#"{"a":1}"#, Reason::Shape),
        ("an empty object", "{}", Reason::Shape),
        ("an impossible date", r#"{"status":200,"time":"2025-02-31T00:00:00Z"}"#, Reason::Time),
        ("a time in words", r#"{"status":200,"time":"yesterday"}"#, Reason::Time),
        ("an impossible time of an entry", r#"{"msg":"x","time":"2025-02-31T00:00:00Z"}"#, Reason::Time),
        ("a huge number as time", r#"{"status":200,"ts":1e999}"#, Reason::Time),
        ("no status", r#"{"ts":1,"method":"GET"}"#, Reason::Status),
        ("a status of two digits", r#"{"ts":1,"status":20}"#, Reason::Status),
        ("a status of one digit as text", r#"{"ts":1,"status":"0"}"#, Reason::Status),
        ("a status with a fraction", r#"{"ts":1,"status":200.5}"#, Reason::Status),
        ("a size in words", r#"{"ts":1,"status":200,"size":"big"}"#, Reason::Bytes),
        ("a size below zero", r#"{"ts":1,"status":200,"size":-1}"#, Reason::Bytes),
        ("a size beyond 64 bits", r#"{"ts":1,"status":200,"size":18446744073709551616}"#, Reason::Bytes),
        ("a duration in words", r#"{"ts":1,"status":200,"duration":"long"}"#, Reason::Latency),
        ("an unknown level", r#"{"ts":1,"level":"loud","msg":"x"}"#, Reason::Level),
    ];
    let scratch = Bump::new();
    for (what, line, reason) in cases {
        assert_eq!(parse(line, &scratch), Parsed::Malformed(reason), "{what}");
    }
}

#[test]
fn a_heartbeat_is_a_message_or_a_request() {
    let scratch = Bump::new();
    let at = |seconds| Some(Time { wall_seconds: seconds, ..Time::default() });
    for (line, time) in [
        (r#"{"ts":1,"request":"HEARTBEAT","status":"x"}"#, at(1)),
        (r#"{"level":"info","ts":2,"msg":"HEARTBEAT"}"#, at(2)),
        (r#"{"msg":"HEARTBEAT"}"#, None),
    ] {
        assert_eq!(parse(line, &scratch), Parsed::Heartbeat(time), "{line}");
    }
    assert!(matches!(parse(r#"{"msg":"HEARTBEAT!"}"#, &scratch), Parsed::Error(_)));
    let silent = Json::new(b"");
    assert!(matches!(silent.parse(br#"{"msg":"","level":"info"}"#, &scratch), Parsed::Error(_)));
}

#[test]
fn keys_are_mapped() {
    let cases = [
        (
            "the keys of a user, and known ones for the rest",
            "client=ip,time=at,status=response.code,path=url,latency_ms=took[1]",
            r#"{"ip":"192.0.2.1","client":"no","at":"2025-10-21T04:01:45Z","ts":5,"response":{"code":200},"status":500,"url":"/a","path":"no","took":[1,2.5],"user":"u"}"#,
            "1761019305.000000000+0 192.0.2.1|u|-|-|/a|-|-|- 200 - - 2500",
        ),
        (
            "of two keys the first that is there",
            "client=a,client=b",
            r#"{"ts":1,"status":200,"b":"192.0.2.2","a":"192.0.2.1"}{"#,
            "1.000000000+0 192.0.2.1|-|-|-|-|-|-|- 200 - - -",
        ),
        (
            "a path takes the place of the request",
            "path=p",
            r#"{"ts":1,"status":200,"request":"GET /no HTTP/1.1","method":"PUT","p":"/yes"}"#,
            "1.000000000+0 -|-|-|PUT|/yes|-|-|- 200 - - -",
        ),
        (
            "a request takes the place of its parts",
            "request=r",
            r#"{"ts":1,"status":200,"r":"GET /yes HTTP/1.1","method":"PUT","path":"/no"}"#,
            "1.000000000+0 -|-|-|GET|/yes|HTTP/1.1|-|- 200 - - -",
        ),
        (
            "a mapped status makes a message a request",
            "status=code",
            r#"{"ts":1,"code":200,"msg":"x"}"#,
            "1.000000000+0 -|-|-|-|-|-|-|- 200 - - -",
        ),
        ("a wrong kind", "client=ip", r#"{"ts":1,"status":200,"ip":{"v4":"192.0.2.1"}}"#, "Malformed(Json)"),
    ];
    let scratch = Bump::new();
    for (what, mappings, line, expected) in cases {
        let json = Json::mapped(mappings, b"HEARTBEAT").unwrap();
        assert_eq!(shown(json.parse(line.as_bytes(), &scratch)), expected, "{what}: {mappings}");
    }
}

#[test]
fn a_wrong_mapping_says_where() {
    let many = (0..300).map(|n| format!("user=u{n}")).collect::<Vec<_>>().join(",");
    for (mappings, part) in [
        ("client=ip,cod=x", "\"cod\""),
        ("client", "FIELD=KEY"),
        ("", "FIELD=KEY"),
        ("client=", "empty key"),
        ("client=a..b", "empty key"),
        ("client=a[x]", "\"[x]\""),
        ("client=a,user=a", "\"a\" is mapped twice"),
        (&many, "at most 255"),
    ] {
        let error = Json::mapped(mappings, b"").unwrap_err();
        assert!(error.contains(part), "{mappings}: {error}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_something(line in proptest::collection::vec(any::<u8>(), 0..200)) {
        Json::new(b"HEARTBEAT").parse(&line, &Bump::new());
    }

    #[test]
    fn any_change_of_a_line_is_something(
        line in prop::sample::select(vec![CADDY, NGINX, TRAEFIK]),
        at in any::<prop::sample::Index>(),
        bytes in proptest::collection::vec(prop::sample::select(b"\"\\{}[]:,|0\xff\0 \t".to_vec()), 0..4),
        end in any::<prop::sample::Index>(),
    ) {
        let mut line = line.as_bytes().to_vec();
        let at = at.index(line.len());
        line.splice(at..at + 1, bytes);
        line.truncate(end.index(line.len() + 1));
        Json::new(b"HEARTBEAT").parse(&line, &Bump::new());
    }

    #[test]
    fn any_value_under_any_known_key_is_something(
        key in prop::sample::select(KNOWN),
        value in prop::sample::select(vec!["1e400", "-0", "\"\\ud800\"", "99999999999999999999", "{}", "[]", "\"\"", "0.1e-400"]),
    ) {
        let line = format!(r#"{{"ts":1,"status":200,"{}":{value}}}"#, key.path);
        Json::new(b"HEARTBEAT").parse(line.as_bytes(), &Bump::new());
    }
}
