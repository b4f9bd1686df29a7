//! The walk by marks against the careful parser: on lines that servers write, on damaged ones, on hostile ones.

use super::*;
use crate::format::LineFormat;
use crate::format::record::Parsed;
use crate::scan::{Kernel, Marks};
use proptest::prelude::*;

const CADDY: &str = r#"{"level":"info","ts":1761019828.6153953,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"172.19.0.1","remote_port":"46628","client_ip":"203.0.113.9","proto":"HTTP/1.1","method":"GET","host":"localhost:8080","uri":"/a?b=\"c\"","headers":{"Cookie":["REDACTED"],"User-Agent":["Mozilla/5.0","second"],"Referer":["https://example.org/"],"If-None-Match":["\"ddnp8sh5vg3i58\""]},"tls":{"resumed":false,"version":772,"proto":"h2"}},"bytes_read":7,"user_id":"","duration":0.001674508,"size":0,"status":304,"resp_headers":{"Server":["Caddy"],"Empty":[],"User-Agent":["no"]}}"#;
const NGINX: &str = r#"{"time_local":"21/Oct/2025:06:01:45 +0200","remote_addr":"192.0.2.1","remote_user":"John Smith","request":"GET /a b?c HTTP/1.1","status": "200","body_bytes_sent":"2326","request_time":"0.029","http_referrer":"https://example.org/","http_user_agent":"Mozilla \"x\"","server_name":"example.org","upstream_response_time":"0.010, 0.019"}"#;
const TRAEFIK: &str = r#"{"ClientAddr":"192.0.2.1:53332","ClientHost":"192.0.2.1","ClientUsername":"-","DownstreamContentSize":2326,"DownstreamStatus":200,"Duration":1674508,"RequestAddr":"example.org:443","RequestContentSize":12,"RequestHost":"example.org","RequestMethod":"POST","RequestPath":"/a?b\u0026c","RequestProtocol":"HTTP/2.0","StartUTC":"2025-10-21T04:01:45.123456789Z","level":"info","msg":"","request_User-Agent":"curl/8.5.0","time":"2025-10-21T04:01:46Z"}"#;
const SPACED: &str =
    "caddy  | { \"ts\" : 1.5e0 , \"status\":\t200, \"x\": [1, {\"y\": null}, [], {}], \"user\": \"\u{e9}\" }";

/// Both readings of a line are held to each other; says whether the fast one took it.
fn is_taken(format: &Json, line: &[u8], behind: &[u8]) -> bool {
    let text = [b"{}\n".as_slice(), line, b"\n", behind].concat();
    let mut marks = Marks::default();
    Kernel::choose(None).unwrap().structure(&text, &mut marks);
    let scratch = Bump::new();
    // The two quotes and the newline of the line before are passed.
    let marks = marks.as_slice().get(1..).unwrap();
    let Some(regular) = format.clone().regular(&text, 3, marks, &scratch) else { return false };
    assert_eq!(regular.newline, 3 + line.len());
    assert_eq!(marks[regular.marks - 1] as usize, regular.newline);
    let careful = format.parse(line.strip_suffix(b"\r").unwrap_or(line), &scratch);
    assert_eq!(Parsed::Access(regular.access, 0), careful, "{}", String::from_utf8_lossy(line));
    true
}

fn formats() -> [Json; 3] {
    [
        Json::new(b"HEARTBEAT"),
        Json::mapped("client=remote_addr,status=status,user=request", b"GET").unwrap(),
        Json::mapped("agent=request.headers.User-Agent[1],latency_ms=x[1].y,path=tls.proto", b"").unwrap(),
    ]
}

#[test]
fn what_servers_write_is_taken() {
    let json = Json::new(b"HEARTBEAT");
    for line in [CADDY, NGINX, TRAEFIK, SPACED] {
        for end in ["", "\r"] {
            assert!(is_taken(&json, format!("{line}{end}").as_bytes(), b"what follows"), "{line}{end:?}");
        }
    }
}

#[test]
fn what_is_rare_is_left_to_the_careful_parser_or_read_alike() {
    let deep = format!(r#"{{"ts":1,"status":200,"x":{}{}}}"#, "[".repeat(14), "]".repeat(14));
    let bomb = format!(r#"{{"ts":1,"status":200,"x":{}"#, r#"{"a":["#.repeat(100_000));
    let wide = format!(r#"{{"ts":1,"status":200,"x":[{}0]}}"#, "0,".repeat(100_000));
    let cases: [(&str, &str, bool); 33] = [
        ("a record glued to it", r#"{"ts":1,"status":200}{"ts":1,"status":200}"#, false),
        ("text behind it", r#"{"ts":1,"status":200} x"#, false),
        ("an entry of an error log", r#"{"ts":1,"level":"error","msg":"x"}"#, false),
        ("a heartbeat", r#"{"ts":1,"status":200,"request":"HEARTBEAT"}"#, false),
        ("wrapped in quotes", r#""{""ts"":1,""status"":200}""#, false),
        ("nothing in it", "{}", false),
        ("no object", "[1]", false),
        ("no line", "", false),
        ("too deep", &deep, false),
        ("a bomb", &bomb, false),
        ("wide", &wide, true),
        ("a wanted key with an escape", r#"{"ts":1,"status":200,"us\u0065r":"x"}"#, false),
        ("an unwanted one below", r#"{"ts":1,"status":200,"x":{"us\u0065r":"x\\"}}"#, true),
        ("equal keys", r#"{"ts":1,"status":200,"status":201,"status":null,"status":""}"#, true),
        ("a key inside its own name", r#"{"ts":1,"status":{"status":200},"status":201}"#, true),
        ("wrong kinds of known names", r#"{"ts":1,"status":200,"user":{"a":1},"host":[],"client":true}"#, true),
        ("lone surrogates", r#"{"ts":1,"status":200,"user":"\ud83d\udc4b\ud83d\u12"}"#, true),
        ("a backslash before the quote", r#"{"ts":1,"status":200,"user":"\\"}"#, true),
        ("an escape that eats the quote", r#"{"ts":1,"status":200,"user":"\"}"#, false),
        ("a huge number as time", r#"{"ts":1e999,"status":200}"#, false),
        ("a huge number that nobody wants", r#"{"ts":1,"status":200,"x":-123456789012345678901234567890e999}"#, true),
        ("a number that is none", r#"{"ts":1,"status":200,"x":1.}"#, false),
        ("a number that begins like one", r#"{"ts":1,"status":200,"x":1x}"#, false),
        ("a sign alone", r#"{"ts":1,"status":200,"x":-}"#, false),
        ("a word that is none", r#"{"ts":1,"status":200,"x":nul}"#, false),
        ("a bad status", r#"{"ts":1,"status":20}"#, false),
        ("a comma too many", r#"{"ts":1,"status":200,}"#, false),
        ("no comma", r#"{"ts":1"status":200}"#, false),
        ("no colon", r#"{"ts":1,"status":200,"x" 1}"#, false),
        ("a member in an array", r#"{"ts":1,"status":200,"x":["a":1]}"#, false),
        ("an array closed as object", r#"{"ts":1,"status":200,"x":["a"}]}"#, false),
        ("a bar behind the first quote", r#"{"a":"|"} | {"ts":1,"status":200}"#, false),
        ("a NUL in a text", "{\"ts\":1,\"status\":200,\"user\":\"a\0b\"}", true),
    ];
    let json = Json::new(b"HEARTBEAT");
    for (what, line, taken) in cases {
        assert_eq!(is_taken(&json, line.as_bytes(), b"what follows"), taken, "{what}");
    }
    assert!(is_taken(&json, b"{\"ts\":1,\"status\":200,\"user\":\"\xff\xc3\"}", b"what follows"), "invalid UTF-8");
}

#[test]
fn the_end_of_the_text_is_no_end_of_a_word() {
    // At every distance from the end of the text the line is read alike or left alone.
    for line in [CADDY, NGINX, TRAEFIK, SPACED] {
        for behind in 0..20 {
            is_taken(&Json::new(b""), line.as_bytes(), &b"01234567890123456789"[..behind]);
        }
    }
}

/// Values of every kind under names that are known, unknown, or nearly known.
fn document() -> impl Strategy<Value = serde_json::Value> {
    let key = prop::sample::select(vec![
        "ts",
        "status",
        "request",
        "method",
        "uri",
        "headers",
        "User-Agent",
        "Referer",
        "user",
        "msg",
        "level",
        "host",
        "duration",
        "size",
        "remote_addr",
        "request.method",
        "x",
        "",
        "statuss",
        "request_User-Agent",
        "a\"b",
    ]);
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        (0u32..1000).prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
        prop::sample::select(vec!["200", "-", "", "GET / HTTP/1.1", "2025-10-21T04:01:45Z", "1.5ms"])
            .prop_map(Into::into),
    ];
    let value = leaf.prop_recursive(4, 40, 5, {
        let key = key.clone();
        move |inner| {
            let map = prop::collection::vec((key.clone().prop_map(str::to_string), inner.clone()), 0..5);
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(serde_json::Value::from),
                map.prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        }
    });
    prop::collection::vec((key.prop_map(str::to_string), value), 0..9)
        .prop_map(|map| serde_json::Value::Object(map.into_iter().collect()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_document_is_read_alike(document in document(), is_request in any::<bool>(), behind in "[ -~]{0,20}") {
        let mut line = serde_json::to_string(&document).unwrap();
        if is_request && line.len() > 2 {
            line.insert_str(1, r#""ts":1761019305.5,"status":200,"#);
        }
        for format in formats() {
            is_taken(&format, line.as_bytes(), behind.as_bytes());
        }
    }

    #[test]
    fn any_damage_is_read_alike(
        line in prop::sample::select(vec![CADDY, NGINX, TRAEFIK, SPACED]),
        damage in prop::collection::vec(
            (any::<prop::sample::Index>(), prop::collection::vec(prop::sample::select(b"\"\\{}[]:,|0-.eE\xff\0 \t\rtfnu".to_vec()), 0..3)),
            0..4,
        ),
        end in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
    ) {
        let mut line = line.as_bytes().to_vec();
        for (at, bytes) in damage {
            let at = at.index(line.len());
            line.splice(at..at + 1, bytes);
            line.push(b' ');
        }
        let line = line.trim_ascii_end();
        let line = if is_cut { &line[..end.index(line.len() + 1)] } else { line };
        for format in formats() {
            is_taken(&format, line, b"what follows");
        }
    }

    #[test]
    fn any_tokens_are_read_alike(
        tokens in prop::collection::vec(
            prop::sample::select(vec![
                "{", "}", "[", "]", ",", ":", "\"ts\":1", "\"status\":200", "\"x\"", "\"", "\\", "1", "-1.5e3", "true", "null",
                " ", "\"user\":", "[\"a\"]", "{\"a\":[\"b\"]}", "\"\\\"\"", "\r", "\"status\":",
            ]),
            0..24,
        ),
    ) {
        let line = format!("{{\"ts\":1,\"status\":200,{}}}", tokens.concat());
        for format in formats() {
            is_taken(&format, line.as_bytes(), b"what follows");
            is_taken(&format, tokens.concat().as_bytes(), b"what follows");
        }
    }
}
