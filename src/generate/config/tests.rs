//! Configurations, right and wrong.

use super::*;
use crate::generate::odd::Odd;

/// Of Visor's users, with its quirks: numbers in quotes, reversed bounds.
const VISOR: &str = r#"{
    "heartbeat": {"interval": "1", "message": "HEARTBEAT"},
    "access": {
        "interval": {"min": 2, "max": 1},
        "user_id": ["Frank", "Galvin"],
        "method": ["GET", "POST"], "method_dist": ["0.75", 0.25],
        "code": ["200", 301], "code_dist": [0.7, 0.3],
        "resource": ["/list"], "version": ["HTTP/2.0"]
    },
    "error": {
        "interval": {"normal": [[1, 10]], "peak": [[0.05, 0.01]]},
        "message": ["File does not exist"]
    }
}"#;

#[test]
fn visors_own_is_taken_with_its_quirks() {
    let visor = read("fake_log_gen.json", VISOR).unwrap().visor.unwrap();
    let access = visor.access.unwrap();
    assert_eq!(visor.heartbeat.unwrap().interval_nanos, 1_000_000_000);
    assert_eq!(access.interval, (1.0, 2.0));
    assert_eq!(access.methods, [("GET".to_owned(), 0.75), ("POST".to_owned(), 0.25)]);
    assert_eq!(access.codes, [(200, 0.7), (301, 0.3)]);
    assert_eq!(visor.levels.len(), 1);
    assert_eq!((visor.levels[0].name, &visor.levels[0].peak), ("ERROR", &vec![(0.01, 0.05)]));
}

#[test]
fn the_example_says_what_is_the_default() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/config/generator.json");
    let example = read(path, &std::fs::read_to_string(path).unwrap()).unwrap();
    let default = World::default();
    assert_eq!(example.traffic, default.traffic);
    assert_eq!((example.pages, example.clients), (default.pages, default.clients));
    assert!(example.odd.contains(&(Odd::Tls, 0.00012)));
    assert!(!example.scenarios.is_empty() && example.rhythm.is_some() && example.messages.is_some());
}

#[test]
fn nothing_is_the_default() {
    let world = read("empty.json", "{}").unwrap();
    assert_eq!(format!("{world:?}"), format!("{:?}", World::default()));
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let access = |from: &str, to: &str| VISOR.replace(from, to);
    let cases = [
        ("no JSON", "{\n\"host\": }".to_owned(), "c.json:2: host: expected value"),
        ("an end too soon", "{\"host\": \"a\"".to_owned(), "c.json:1: EOF while parsing an object"),
        ("something behind it", "{}\n{}".to_owned(), "c.json:2: trailing characters"),
        ("no object", "[1]".to_owned(), "c.json:1: an object is expected"),
        (
            "an unknown key",
            "{\n\n\"hosts\": 1}".to_owned(),
            "c.json:3: hosts: unknown field `hosts`, did you mean `host`?",
        ),
        (
            "an unknown key further in",
            "{\"pages\": {\n\"cout\": 1}}".to_owned(),
            "c.json:2: pages.cout: unknown field `cout`, did you mean `count`?",
        ),
        (
            "a wrong type",
            "{\"clients\": {\n\"count\": \"many\"}}".to_owned(),
            "c.json:2: clients.count: invalid type: string \"many\", expected u64",
        ),
        ("too few", "{\"clients\": {\"count\": 0}}".to_owned(), "clients.count: 0 is not a number of things, 1 to"),
        (
            "a share beyond 1",
            "{\"http2_share\":\n 1.5}".to_owned(),
            "c.json:2: http2_share: 1.5 is not a share, 0 to 1",
        ),
        ("an hour that is none", "{\"rhythm\": {\"peak_hour\": 24, \"low\": 0}}".to_owned(), "not an hour of the day"),
        (
            "a path that is none",
            "{\"paths\": [{\"path\": \"/ok\"},\n{\"path\": \"a b\"}]}".to_owned(),
            "c.json:2: paths[1].path: \"a b\" is not a path",
        ),
        (
            "a status that is none",
            "{\"paths\": [{\"path\": \"/\", \"statuses\": {\"20\": 1}}]}".to_owned(),
            "paths[0].statuses: \"20\" is not a status",
        ),
        (
            "no weight at all",
            "{\"paths\": [{\"path\": \"/\", \"methods\": {\"GET\": 0}}]}".to_owned(),
            "paths[0].methods: at least one weight must be more than 0",
        ),
        ("a line break", "{\"host\": \"a\\nb\"}".to_owned(), "host: \"a\\nb\" cannot stand in a line"),
        (
            "an unknown kind of line",
            "{\"odd_lines\": {\"cot\": 0.1}}".to_owned(),
            "unknown kind `cot`, expected one of tls, ",
        ),
        (
            "an unknown scenario",
            "{\"scenarios\": [{\"flod\": {}}]}".to_owned(),
            "unknown variant `flod`, expected one of `error_burst`, `flood`",
        ),
        (
            "a scenario without its time",
            "{\"scenarios\": [\n{\"heartbeat_loss\": {\"at_seconds\": 1}}]}".to_owned(),
            "c.json:2: scenarios[0].heartbeat_loss: missing field `for_seconds`",
        ),
        (
            "a level that is none",
            "{\"messages\": [{\"level\": \"bad\", \"message\": \"x\"}]}".to_owned(),
            "messages[0].level: unknown variant `bad`, expected one of `emerg`",
        ),
        (
            "Visor's: lists of different lengths",
            access("[\"0.75\", 0.25]", "[1]"),
            "access: method has 2 values and method_dist 1 shares; one share a value is expected",
        ),
        (
            "Visor's: a text that is no number",
            access("\"0.75\"", "\"x\""),
            "c.json:6: access.method_dist[0]: \"x\" is not",
        ),
        (
            "Visor's: a negative interval",
            access("[1, 10]", "[-1, 10]"),
            "error.interval.normal[0][0]: -1 is not a number",
        ),
        ("Visor's: one bound", access("[1, 10]", "[1]"), "error.interval.normal[0]: invalid length 1"),
        ("Visor's: no messages", access("[\"File does not exist\"]", "[]"), "error.message: the list is empty"),
        (
            "Visor's: an unknown key",
            access("\"user_id\"", "\"user\""),
            "unknown field `user`, expected one of `interval`",
        ),
        ("Visor's: no interval", access("\"interval\": \"1\"", "\"interval\": 0"), "0 is not an interval"),
    ];
    let told =
        cases.iter().map(|(what, text, expected)| (what, read("c.json", text).expect_err(what).to_string(), expected));
    let wrong: Vec<_> =
        told.filter(|(_, error, expected)| !(error.contains(*expected) && error.starts_with("c.json:"))).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
