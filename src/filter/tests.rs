//! What filters keep, how they print, and what wrong ones say.

use super::parse::{DEPTH_MAX, LENGTH_BYTES_MAX};
use super::*;
use crate::format::record::{Level, Time};

/// 2024-10-10T13:55:36+02:00, a Thursday.
const TIME: Time = Time { wall_seconds: 1_728_568_536, offset_seconds: 7200, nanos: 0 };

fn request() -> Access<'static> {
    Access {
        time: TIME,
        client: b"10.1.2.3",
        user: b"Ann \"A\" Lee",
        method: b"GET",
        target: b"/api/v1?q=a b",
        protocol: b"HTTP/1.1",
        agent: b"Mozilla/5.0 (Windows NT 10.0) and more",
        status: 503,
        bytes_sent: Some(10_240),
        latency_micros: Some(250_000),
        ..Access::default()
    }
}

fn entry() -> ErrorEntry<'static> {
    ErrorEntry { time: None, level: Level::Error, module: b"ssl", client: b"-", message: b"AH01: failed" }
}

fn keeps(text: &str) -> bool {
    let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{error}"));
    filter.keep_access(&request(), |agent| agent.starts_with(b"Mozilla"))
}

fn keeps_entry(text: &str) -> bool {
    Filter::parse(text).unwrap_or_else(|error| panic!("{error}")).keep_error(&entry())
}

#[test]
fn conditions_that_are_true_of_the_request() {
    let cases = [
        "status>=500",
        "status = 503",
        "status == 503",
        "status!=404",
        "status = 5xx",
        "status in {4xx, 5xx}",
        "status in 500..599",
        "status not in {1xx,200..499}",
        "status < 504",
        "method = GET",
        "method in {GET, HEAD}",
        "method != get",
        "path = /api/v1",
        "path~^/api/",
        "path ~ ^/api/",
        "path ~ \"^/api/\"",
        "path !~ ^/static/",
        "path ~ /v1$",
        "query = \"q=a b\"",
        "target ~ v1\\?q=",
        "protocol = HTTP/1.1",
        "client in 10.0.0.0/8",
        "client in {192.168.0.0/16, 10.1.2.3}",
        "client not in 192.168.0.0/16",
        "client ~ ^10\\.",
        "user = \"Ann \\\"A\\\" Lee\"",
        "agent ~ Windows NT",
        "agent ~ \\(Windows NT 10\\.0\\) and status = 503",
        "agent ~ \"\\) and more$\"",
        "agent ~ (Windows|Mac) or status = 1",
        "agent ~ (?i)WINDOWS",
        "bytes = 10KiB",
        "bytes_sent > 10k",
        "bytes in 1k..1MiB",
        "latency >= 250ms",
        "latency < 0.3",
        "hour = 13",
        "hour in 9..17",
        "hour not in 22..5",
        "weekday = thu",
        "weekday in mon..fri",
        "weekday not in sat..sun",
        "time = 2024-10-10T11:55:36Z",
        "time >= 2024-10-10T13:55:36+02:00",
        "bot",
        "not bot or status = 503",
        "!(status = 404) && (bot || status = 1)",
        "status = 1 or status = 503 and bot",
        "(path~^/(api|img)/ or bot) and status=503",
        "NOT status = 404 AND status IN {503}",
        "not not bot",
        "  status\t=\n503  ",
        "status in{503}and bot",
    ];
    for text in cases {
        assert!(keeps(text), "{text}");
        assert!(!keeps(&format!("not ({text})")), "not ({text})");
    }
}

#[test]
fn conditions_that_are_false_of_the_request() {
    let cases = [
        "status = 404",
        "method = get",
        "path = /api",
        "path ~ ^api",
        "client in 192.168.0.0/16",
        "agent ~ windows",
        "bytes > 10KiB",
        "hour < 13",
        "not bot",
        "bot and not bot",
        "(status = 503 or bot) and status = 1",
        "not status = 404 and status = 1",
    ];
    for text in cases {
        assert!(!keeps(text), "{text}");
    }
}

#[test]
fn what_is_absent_is_only_unequal() {
    let of_request = [
        ("level = error", false),
        ("level >= debug", false),
        ("level != error", true),
        ("level = -", true),
        ("bytes_read < 5", false),
        ("bytes_read >= 0", false),
        ("bytes_read != 5", true),
        ("bytes_read not in 0..10", true),
        ("bytes_read in {5, -}", true),
        ("bytes != -", true),
        ("status = -", false),
        ("vhost = -", true),
        ("vhost = \"\"", true),
        ("vhost != -", false),
        ("vhost = example.org", false),
        ("vhost != example.org", true),
        ("vhost ~ .", false),
        ("vhost ~ ^-$", false),
        ("vhost !~ .", true),
        ("module ~ .", false),
    ];
    for (text, expected) in of_request {
        assert_eq!(keeps(text), expected, "{text}");
    }
    let of_entry = [
        ("level = error", true),
        ("level = ERR", true),
        ("level >= warn", true),
        ("level > error", false),
        ("level in warn..crit", true),
        ("module = ssl", true),
        ("message ~ ^AH01", true),
        ("status < 500", false),
        ("status != 500", true),
        ("status = -", true),
        ("path !~ ^/", true),
        ("client = -", true),
        ("client not in 10.0.0.0/8", true),
        ("hour >= 0", false),
        ("time = -", true),
        ("bot", false),
        ("not bot", true),
    ];
    for (text, expected) in of_entry {
        assert_eq!(keeps_entry(text), expected, "{text}");
    }
}

#[test]
fn an_absent_agent_is_no_bot_and_nobody_is_asked() {
    let request = Access::default();
    assert!(!Filter::parse("bot").unwrap().keep_access(&request, |_| panic!("asked")));
}

#[test]
fn cheap_tests_are_asked_first() {
    let filter = Filter::parse("bot and agent ~ x and status = 1").unwrap();
    assert!(!filter.keep_access(&request(), |_| panic!("asked")));
}

#[test]
fn bytes_that_are_no_text_are_matched_all_the_same() {
    let request = Access { target: b"/\xff\xfe?a", ..request() };
    for (text, expected) in
        [("path ~ ^/", true), ("path ~ (?-u)^/\\xff", true), ("path ~ ^/.", false), ("path != /", true)]
    {
        assert_eq!(Filter::parse(text).unwrap().keep_access(&request, |_| false), expected, "{text}");
    }
}

#[test]
fn filters_are_joined_by_and() {
    let filter = |texts: &[&str]| Filter::all(texts.iter().map(|text| Filter::parse(text).unwrap()).collect());
    assert!(filter(&[]).keeps_everything());
    assert!(!filter(&["bot"]).keeps_everything());
    for (texts, expected) in [
        (&[][..], true),
        (&["status=503"], true),
        (&["status=503", "status=404"], false),
        (&["status=503", "status=404 or bot"], true),
    ] {
        assert_eq!(filter(texts).keep_access(&request(), |_| true), expected, "{texts:?}");
    }
    assert_eq!(filter(&["status=503", "a=1"][..1]).to_string(), "status = 503");
    assert_eq!(filter(&["status=503", "bot or hour=1"]).to_string(), "status = 503 and (bot or hour = 1)");
}

#[test]
fn filters_print_in_one_way() {
    let cases = [
        ("status>=500", "status >= 500"),
        ("referer==a", "referrer = a"),
        ("bytes_sent>1k", "bytes > 1k"),
        ("status in {404}", "status in 404"),
        ("status in{4xx,5xx}", "status in {4xx, 5xx}"),
        ("user=\"a b\"", "user = \"a b\""),
        ("user=\"ab\"", "user = ab"),
        ("user=\"and\"", "user = \"and\""),
        ("user=\"\"", "user = \"\""),
        ("user=\"a\\\\\\\"\\t\"", "user = \"a\\\\\\\"\\t\""),
        ("path~^/a\"b and bot", "path ~ \"^/a\\\"b\" and bot"),
        ("!bot&&(!bot||bot)", "not bot and (not bot or bot)"),
        ("((bot))", "bot"),
        ("(bot and bot) and bot", "(bot and bot) and bot"),
        ("bot and bot or bot", "bot and bot or bot"),
        ("!(bot or bot)", "not (bot or bot)"),
    ];
    for (text, expected) in cases {
        assert_eq!(Filter::parse(text).unwrap().to_string(), expected, "{text}");
    }
}

#[test]
fn a_wrong_filter_is_shown_as_a_whole() {
    let error = Filter::parse("statuss>=500").unwrap_err();
    let expected = "unknown field \"statuss\"\n  statuss>=500\n  ^^^^^^^\n  did you mean \"status\"? fields: status, method, \
                    path, query, target, protocol, client, user, vhost, referrer, agent, bytes, bytes_read, latency, hour, \
                    weekday, time, bot, level, module, message";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_wrong_filter_says_what_is_wrong_and_where() {
    let cases = [
        ("", "", "the filter is empty"),
        ("  ", "", "the filter is empty"),
        ("stat", "stat", "unknown field \"stat\""),
        ("ip=1.2.3.4", "ip", "did you mean \"client\"?"),
        ("and bot", "and", "a condition is expected, not \"and\""),
        ("bot and", "", "a condition is expected after this"),
        ("not", "", "a condition is expected after this"),
        ("()", ")", "a condition is expected, not \")\""),
        ("500 <= status", "500", "unknown field \"500\""),
        ("status", "", "an operator is expected after \"status\""),
        ("status 500", "500", "an operator is expected after \"status\""),
        ("path =~ x", "=", "a regular expression follows ~"),
        ("path contains x", "contains", "an operator is expected"),
        ("client not 10.0.0.0/8", "10", "\"in\" is expected"),
        ("bot = true", "=", "bot stands alone"),
        ("status =", "", "a value is expected"),
        ("status = and bot", "and", "a value is expected, not \"and\""),
        ("status >== 500", "=", "a value is expected, not \"=\""),
        ("status = {4xx}", "{", "a set is no single value"),
        ("status in {}", "}", "a value is expected, not \"}\""),
        ("status in {404", "{", "this set is not closed"),
        ("status in {404 405}", "405", "a comma or } is expected"),
        ("client in 10.0.0.0/8, ::1", ",", "this stands outside of a set"),
        ("(bot", "(", "this parenthesis is not closed"),
        ("(bot bot)", "bot", "\"and\" or \"or\" is expected"),
        ("bot)", ")", "this parenthesis was never opened"),
        ("status = 500 bot", "bot", "\"and\" or \"or\" is expected"),
        ("agent = Mozilla/5.0 (X11)", "(", "double quotes"),
        ("user = \"a", "\"", "this quote is not closed"),
        ("user = \"a\\", "\"", "this quote is not closed"),
        ("user = \"a\\d\"", "\\d", "unknown escape"),
        ("path ~", "", "a regular expression is expected"),
        ("path ~ and bot", "and", "a regular expression is expected"),
        ("path ~ a(b", "(", "the regular expression is wrong: unclosed group"),
        ("path ~ \"a[b\" and bot", "[", "the regular expression is wrong: unclosed character class"),
        ("path ~ (?:\\w{500}){500}", "(?:\\w{500}){500}", "needs more than 4 MiB"),
        ("status = abc", "abc", "\"abc\" is not a status"),
        ("status = 5000", "5000", "a class such as 5xx"),
        ("status = 500and", "500and", "\"500and\" is not a status"),
        ("status in 599..500", "599..500", "is empty"),
        ("status >= 5xx", "5xx", ">= needs a number, not a range"),
        ("bytes > -", "-", "> needs a number"),
        ("status ~ ^5", "~", "write status = 5xx"),
        ("path < /b", "<", "path is text, < is for numbers"),
        ("client >= 10.0.0.0", ">=", "client is text"),
        ("bytes > 10Q", "10Q", "\"Q\" is no unit"),
        ("latency > 1x", "1x", "\"x\" is no unit"),
        ("hour = 24", "24", "an hour is 0 to 23"),
        ("weekday = caturday", "caturday", "weekdays are mon"),
        ("time > 2024-10-10", "2024-10-10", "with its offset"),
        ("level >= bad", "bad", "levels are debug"),
        ("client in 10.0.0.1/8", "10.0.0.1/8", "the network is 10.0.0.0/8"),
        ("client in {::1, 1.2.3}", "1.2.3", "not an address"),
    ];
    for (text, place, expected) in cases {
        let error = Filter::parse(text).map(|filter| filter.to_string()).unwrap_err();
        assert_eq!(&text[error.at()], place, "{text}: {error}");
        assert!(error.to_string().contains(expected), "{text}: {error}");
    }
}

#[test]
fn length_and_depth_are_bounded() {
    let nested = |depth: usize| format!("{}bot{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Filter::parse(&nested(DEPTH_MAX)).is_ok());
    assert!(Filter::parse(&nested(DEPTH_MAX + 1)).unwrap_err().message().contains("nested more than 64 deep"));
    assert!(Filter::parse(&nested(20_000)).is_err());
    assert!(Filter::parse(&format!("{}bot", "not ".repeat(DEPTH_MAX))).is_ok());
    assert!(Filter::parse(&format!("{}bot", "!".repeat(DEPTH_MAX + 1))).is_err());
    assert!(Filter::parse(&format!("path ~ {}", "(".repeat(20_000))).is_err());
    assert!(Filter::parse(&vec!["bot"; 8000].join(" or ")).is_ok(), "what stands side by side is not nested");
    let long = format!("user = {}", "a".repeat(LENGTH_BYTES_MAX));
    let error = Filter::parse(&long).unwrap_err();
    assert!(error.message().contains("65536 are the most"));
    assert!(error.to_string().len() < 1000, "a long filter is not repeated");
}

#[test]
fn filters_go_between_threads() {
    fn check<T: Send + Sync + Clone>() {}
    check::<Filter>();
}
