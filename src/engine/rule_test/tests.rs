use super::*;
use crate::scan::Kernel;

const RULES: &str = r#"[
    {"alert": "Failing", "when": "ratio(status >= 500) > 0.2", "window": "1m", "min_records": 10, "for": "30s",
     "labels": {"severity": "critical"}, "annotations": {"summary": "{{value}} fail"}},
    {"alert": "Flood", "when": "count > 100", "by": ["client"], "window": "10s"},
    {"alert": "Grave", "when": "each", "where": "level >= error"},
    {"alert": "Silent", "when": "absent(heartbeat)", "window": "5m"}
]"#;

const LINES: &str = r#"192.0.2.7 - - [01/Jan/2025:00:00:01 +0000] \"GET / HTTP/1.1\" 200 5"#;

/// What is told of a file with this test.
fn tested(test: &str) -> Result<Vec<String>, String> {
    let text = format!(r#"{{"rules": "rules.json", "tests": [{test}]}}"#);
    let open = |name: &str| match name {
        "rules.json" => Ok(("rules.json".to_string(), RULES.to_string())),
        "a.log" => Ok(("a.log".to_string(), LINES.replace("\\\"", "\""))),
        _ => Err("no such file".to_string()),
    };
    let settings = Settings::new(1, Kernel::choose(None).unwrap());
    let tested = run("t.json", &text, &settings, &open).map_err(|problems| problems.to_string())?;
    assert_eq!(tested.tests, 1);
    Ok(tested.failures.iter().map(ToString::to_string).collect())
}

#[test]
fn what_is_as_expected_is_not_told() {
    let burst = r#"{"name": "a third fails for two minutes",
        "records": [{"to": "10m", "every": "500ms", "record": {"status": 200}},
                    {"from": "2m", "to": "4m", "every": "1s", "record": {"status": 500}},
                    {"to": "10m", "every": "1m", "heartbeat": true}],
        "expect": [{"at": "2m", "firing": [], "pending": []},
                   {"at": "2m40s", "pending": [{"alert": "Failing", "labels": {"severity": "critical"}}]},
                   {"at": "4m", "firing": [{"alert": "Failing", "labels": {"severity": "critical"}}], "pending": []},
                   {"at": "6m"},
                   {"at": "13m", "firing": []},
                   {"at": "14m", "firing": [{"alert": "Silent"}]}]}"#;
    assert_eq!(tested(burst).unwrap(), [] as [String; 0]);
    let flood = r#"{"name": "one client", "start": "2025-10-10T13:00:00Z",
        "records": [{"from": "1m", "to": "1m5s", "every": 1, "count": 30, "record": {"client": "192.0.2.7", "path": "/a"}},
                    {"from": "30s", "record": {"level": "crit", "message": "no room"}},
                    {"from": "40s", "record": {"level": "info", "message": "hello"}}],
        "expect": [{"at": "1m4s", "firing": [{"alert": "Flood", "labels": {"client": "192.0.2.7"}, "value": 120}],
                    "told": {"Grave": 1}},
                   {"at": "4m"}]}"#;
    assert_eq!(tested(flood).unwrap(), [] as [String; 0]);
    for lines in [format!(r#""lines": ["{LINES}"]"#), r#""log": "a.log""#.to_string()] {
        let text =
            format!(r#"{{"name": "lines", {lines}, "expect": [{{"at": "6m", "firing": [{{"alert": "Silent"}}]}}]}}"#);
        assert_eq!(tested(&text).unwrap(), [] as [String; 0]);
    }
}

#[test]
fn what_is_not_as_expected_is_told_with_what_there_is() {
    let test = r#"{"name": "one client",
        "records": [{"to": "10s", "every": "1s", "count": 30, "record": {"client": "192.0.2.7", "status": 503}},
                    {"to": "20s", "every": "100ms", "heartbeat": true}],
        "expect": [{"at": "10s", "firing": [{"alert": "Flood", "labels": {"client": "192.0.2.8"}, "value": 300}],
                    "pending": [{"alert": "Failing", "labels": {"severity": "critical"}, "annotations": {"summary": "some fail"}}],
                    "told": {"Grave": 2}}]}"#;
    let expected = r#"one client, at 10s:
  - firing: Flood client="192.0.2.8", value 300
  + firing: Flood client="192.0.2.7", value 120
  - pending: Failing severity="critical", summary "some fail"
  + pending: Failing severity="critical", value 1, summary "100% fail"
  - Grave has told 2
  + Grave has told 0"#;
    assert_eq!(tested(test).unwrap(), [expected]);
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let cases = [
        (r#"{"name": "a", "expect": [], "record": []}"#, "tests[0].record: unknown field"),
        (r#"{"name": "a", "expect": [{"at": "soon"}]}"#, "tests[0].expect[0].at"),
        (r#"{"name": "a", "records": [{"record": {"statu": 5}}], "expect": []}"#, "a: statu: no field of a record"),
        (r#"{"name": "a", "records": [{"record": {"status": "x"}}], "expect": []}"#, "status: \"x\" is no status"),
        (r#"{"name": "a", "records": [{"to": "1m"}], "expect": []}"#, "\"to\" and \"every\" go together"),
        (r#"{"name": "a", "records": [{"to": "100d", "every": "1ms"}], "expect": []}"#, "more than 10000000 records"),
        (r#"{"name": "a", "log": "b.log", "expect": []}"#, "no such file"),
        (r#"{"name": "a", "log": "a.log", "lines": ["x"], "expect": []}"#, "more than one of records, lines and log"),
        (
            r#"{"name": "a", "lines": ["x"], "format": "combined", "expect": []}"#,
            "1 of its lines are malformed as combined",
        ),
        (r#"{"name": "a", "start": "noon", "expect": []}"#, "start: \"noon\" is no time"),
        (
            r#"{"name": "a", "records": [{"record": {"level": "loud"}}], "expect": []}"#,
            "level: \"loud\" is none of emerg",
        ),
        (r#"{"name": "a", "records": [{"heartbeat": true, "record": {"status": 5}}], "expect": []}"#, "has no fields"),
    ];
    for (test, expected) in cases {
        let told = tested(test).unwrap_err();
        assert!(told.starts_with("t.json:") && told.contains(expected), "{told}\n{expected}");
    }
}
