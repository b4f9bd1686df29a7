//! What rule files say, and all that is wrong with a wrong one.

use super::*;

/// The example of the documentation.
const EXAMPLE: &str = r#"[
  { "alert": "HighErrorRatio", "when": "ratio(status >= 500) > 5%", "where": "path ~ ^/api/", "by": ["vhost"],
    "window": "1m", "min_records": 100, "for": "2m", "keep_firing_for": "1m", "no_data": "keep",
    "labels": {"severity": "critical"},
    "annotations": {"summary": "{{value}} of {{vhost}}'s requests fail", "more": "{{severity}} {{ $labels.vhost }}"},
    "notify": ["ops-mail"] }
]"#;

#[test]
fn a_rule_says_what_it_says() {
    let rules = read("web.json", EXAMPLE).unwrap();
    let [rule] = rules.as_slice() else { panic!("{rules:?}") };
    assert_eq!(
        (rule.alert.as_str(), rule.line, rule.when.text()),
        ("HighErrorRatio", 2, "ratio(status >= 500) > 0.05".into())
    );
    assert_eq!(
        (rule.filter.to_string().as_str(), rule.by.as_slice()),
        (r#"path ~ "^/api/""#, &[KeyField::Text(crate::filter::Text::Vhost)][..])
    );
    assert_eq!(
        (rule.windows.as_slice(), rule.min_records, rule.hold, rule.keep_firing),
        (&[60_000][..], 100, 120_000, 60_000)
    );
    assert_eq!(
        (rule.no_data, rule.max_groups, rule.notify.as_slice()),
        (NoData::Keep, 10_000, &["ops-mail".to_owned()][..])
    );
    let label = |name: &str| Some(format!("<{name}>"));
    let facts = template::Facts { alert: "A", value: Some(0.25), unit: rule.when.unit(), label: &label };
    let annotations: Vec<String> =
        rule.annotations.iter().map(|(name, text)| format!("{name}={}", text.render(&facts))).collect();
    assert_eq!(annotations, ["more=<severity> <vhost>", "summary=25% of <vhost>'s requests fail"]);
}

#[test]
fn a_file_is_a_rule_a_list_or_an_object_with_a_list() {
    let rule = r#"{"alert": "A", "when": "each"}"#;
    for text in [rule.to_owned(), format!("[{rule}]"), format!("\u{feff}{{\"rules\": [{rule}]}}")] {
        assert_eq!(read("a.json", &text).unwrap().len(), 1, "{text}");
    }
    assert_eq!(read("a.json", "[]").unwrap().len(), 0);
}

#[test]
fn what_a_rule_does_not_say_has_a_default() {
    let rules = read(
        "a.json",
        r#"[{"alert": "N", "when": "new(message)"}, {"alert": "C", "when": "count > 1", "window": ["1h", "5m"]}]"#,
    );
    let rules = rules.unwrap();
    assert_eq!((rules[0].windows.as_slice(), rules[1].windows.as_slice()), (&[600_000][..], &[3_600_000, 300_000][..]));
    assert!(rules[1].filter.keeps_everything());
    assert_eq!(
        (rules[1].hold, rules[1].keep_firing, rules[1].no_data, rules[1].min_records),
        (0, 0, NoData::Resolve, 0)
    );
}

#[test]
fn an_objective_is_the_rules_of_the_workbook() {
    let text = r#"{"alert": "Burn", "slo": "99.9%", "bad": "status >= 500", "by": ["vhost"], "labels": {"team": "web"},
                   "annotations": {"summary": "{{vhost}} burns at {{burn_rate}}: {{value}}"}}"#;
    let rules = read("slo.json", text).unwrap();
    let said: Vec<String> = rules
        .iter()
        .map(|rule| {
            let labels: Vec<String> = rule.label_texts.iter().map(|(name, text)| format!("{name}={text}")).collect();
            format!("{} {:?} {}", rule.when.text(), rule.windows, labels.join(" "))
        })
        .collect();
    assert_eq!(
        said,
        [
            "ratio(status >= 500) > 0.0144 [3600000, 300000] burn_rate=14.4 severity=page team=web",
            "ratio(status >= 500) > 0.006 [21600000, 1800000] burn_rate=6 severity=page team=web",
            "ratio(status >= 500) > 0.001 [259200000, 21600000] burn_rate=1 severity=ticket team=web",
        ]
    );
}

/// Lines that say where, what and how to right it.
fn errors(text: &str) -> Vec<String> {
    let errors = read("web.json", text).err().unwrap_or_default();
    errors.iter().map(|error| error.to_string().lines().next().unwrap_or("").to_owned()).collect()
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let text = r#"[
  { "alert": "A", "when": "ratio(statuss >= 500) > 5%", "windw": "1m",
    "min_records": -1,
    "by": ["ip"],
    "labels": {"9": "x", "severity": "{{value}}", "severity": "b"},
    "annotations": {"summary": "{{nobody}}", "n": 5} },
  { "alert": "B", "when": "count > 5", "window": "5 parsecs", "for": "-1s" },
  7,
  { "alert": "B", "alert": "B", "when": "each", "window": "1m", "for": "1m", "notify": "x" }
]"#;
    let found = errors(text);
    let expected = [
        "web.json:2: rule \"A\": when: unknown field \"statuss\"",
        "web.json:2: rule \"A\": windw: unknown key; did you mean \"window\"? keys: alert, when, where, by, window, \
         min_records, for, keep_firing_for, no_data, max_groups, max_rate, labels, annotations, notify, slo, bad",
        "web.json:3: rule \"A\": min_records: invalid value: integer `-1`, expected u64; a whole number such as 100",
        "web.json:4: rule \"A\": by: unknown field \"ip\"; did you mean \"client\"? fields: status, method, path, query, \
         target, protocol, client, user, vhost, referrer, agent, hour, weekday, level, module, message",
        "web.json:5: rule \"A\": labels.severity: this key is there twice; remove one of the two",
        "web.json:6: rule \"A\": annotations.n: invalid type: integer `5`, expected a string; a text is expected",
        "web.json:7: rule \"B\": window: \"5 parsecs\" is not a duration: \"parsecs\" is no unit; a duration is written \
         500ms, 10s, 1.5s, 15m, 1h30m, 2d",
        "web.json:7: rule \"B\": for: \"-1s\" is not a duration; a duration is written 500ms, 10s, 1.5s, 15m, 1h30m, 2d",
        "web.json:8: rule number 3: invalid type: integer `7`, expected an object, {\"key\": value, ...}; a rule is an \
         object, {\"alert\": ..., \"when\": ...}",
        "web.json:9: rule number 4: alert: this key is there twice; remove one of the two",
        "web.json:9: rule \"B\": window: each looks at every record by itself; remove it",
        "web.json:9: rule \"B\": for: this says nothing to each; remove it",
    ];
    assert_eq!(found, expected, "{found:#?}");
}

#[test]
fn an_expression_is_shown_with_carets() {
    let error = &read("a.json", r#"{"alert": "A", "when": "count > 1", "window": "1m", "where": "status ~ 5"}"#)
        .unwrap_err()[0];
    assert_eq!(
        error.to_string(),
        "a.json:1: rule \"A\": where: status is a number, ~ is for text\n  status ~ 5\n         ^\n  write status = 5xx, or status in {404, 500..599}"
    );
}

#[test]
fn each_mistake_has_a_sentence() {
    let cases = [
        ("", "web.json:1: this is no JSON: EOF while parsing a value"),
        ("{\n\"rules\": [", "web.json:2: this is no JSON: EOF while parsing a list"),
        ("{}", "web.json:1: \"rules\" is missing, or there twice"),
        (r#"{"rulez": []}"#, "web.json:1: unknown key \"rulez\""),
        (r#"{"rules": 5}"#, "web.json:1: invalid type: integer `5`, expected a sequence"),
        (r#"[{"when": "each"}]"#, "web.json:1: rule number 1: \"alert\" is missing"),
        (r#"[{"alert": " ", "when": "each"}]"#, "web.json:1: rule number 1: alert: the name is empty"),
        (r#"[{"alert": "A"}]"#, "web.json:1: rule \"A\": \"when\" is missing"),
        (r#"[{"alert": "A", "when": "count > 1"}]"#, "web.json:1: rule \"A\": \"window\" is missing"),
        (
            r#"[{"alert": "A", "when": "count > 1", "window": []}]"#,
            "web.json:1: rule \"A\": window: no window is given",
        ),
        (
            r#"[{"alert": "A", "when": "count > 1", "window": "0.5ms"}]"#,
            "web.json:1: rule \"A\": window: \"0.5ms\" is no time",
        ),
        (
            r#"[{"alert": "A", "when": "absent", "window": "1m", "by": "vhost"}]"#,
            "web.json:1: rule \"A\": by: absent has no groups",
        ),
        (
            r#"[{"alert": "A", "when": "absent(heartbeat)", "window": "1m", "where": "bot"}]"#,
            "web.json:1: rule \"A\": where: a heartbeat",
        ),
        (r#"[{"alert": "A", "when": "new(path)", "by": ["path"]}]"#, "web.json:1: rule \"A\": by: new groups by"),
        (
            r#"[{"alert": "A", "when": "each", "max_rate": "10"}]"#,
            "web.json:1: rule \"A\": max_rate: \"10\" is no rate",
        ),
        (
            r#"[{"alert": "A", "when": "each", "bad": "bot"}]"#,
            "web.json:1: rule \"A\": bad: it goes with \"slo\" alone",
        ),
        (r#"[{"alert": "A", "slo": "99.9%"}]"#, "web.json:1: rule \"A\": \"bad\" is missing"),
        (r#"[{"alert": "A", "slo": "9%", "bad": "bot"}]"#, "web.json:1: rule \"A\": slo: an objective of 9%"),
        (
            r#"[{"alert": "A", "slo": "99%", "bad": "bot", "when": "each"}]"#,
            "web.json:1: rule \"A\": when: an objective brings",
        ),
        (
            r#"[{"alert": "A", "when": "each", "no_data": "drop"}]"#,
            "web.json:1: rule \"A\": no_data: this says nothing to each",
        ),
        (
            r#"[{"alert": "A", "when": "count > 1", "window": "1m", "no_data": "drop"}]"#,
            "web.json:1: rule \"A\": no_data: unknown variant",
        ),
        (
            r#"[{"alert": "A", "when": "each"}, {"alert": "A", "when": "each"}]"#,
            "web.json:1: rule \"A\": alert: the rule in line 1",
        ),
        (
            r#"[{"alert": "A", "when": "each", "labels": {"alertname": "x"}}]"#,
            "web.json:1: rule \"A\": labels.alertname: the",
        ),
        (
            r#"[{"alert": "A", "when": "each", "by": ["vhost"], "labels": {"vhost": "x"}}]"#,
            "web.json:1: rule \"A\": labels.vhost: \"by\"",
        ),
    ];
    for (text, expected) in cases {
        let found = errors(text);
        assert!(found.len() == 1 && found[0].starts_with(expected), "{text}: {found:#?}");
    }
}

#[test]
fn what_can_never_fire_is_doubted() {
    let doubt = |when: &str, by: &str| {
        let text = format!(r#"{{"alert": "A", "when": "{when}", "window": "1m", "by": [{by}]}}"#);
        read("a.json", &text).unwrap()[0].doubt().is_some()
    };
    for (when, by, expected) in [
        ("ratio(bot) > 100%", "", true),
        ("ratio(bot) >= 100%", "", false),
        ("count < 0", "", true),
        ("count < 1", "", false),
        ("count < 1", "\"vhost\"", true),
        ("count >= 0", "", true),
        ("count > 0", "", false),
        ("count > 3 * previous(1m)", "", false),
    ] {
        assert_eq!(doubt(when, by), expected, "{when} by {by}");
    }
}

#[test]
fn a_rule_is_the_same_while_it_names_the_same_alerts_and_is_true_of_the_same() {
    let base = r#"{"alert": "A", "when": "count > 1", "window": "1m", "for": "1m", "labels": {"a": "b"}}"#;
    let identity = |text: &str| read("a.json", text).unwrap()[0].identity();
    for (what, from, to, is_same) in [
        ("another spelling", "count > 1", "count>1.0", true),
        ("for", "\"for\": \"1m\"", "\"for\": \"2m\"", true),
        ("an annotation", "\"for\"", "\"annotations\": {\"s\": \"x\"}, \"for\"", true),
        ("the name", "\"A\"", "\"B\"", false),
        ("the threshold", "> 1", "> 2", false),
        ("the window", "\"1m\", \"for\"", "\"2m\", \"for\"", false),
        ("the records", "\"for\"", "\"where\": \"bot\", \"for\"", false),
        ("the groups", "\"for\"", "\"by\": [\"vhost\"], \"for\"", false),
        ("a label", "\"b\"", "\"c\"", false),
    ] {
        let other = base.replacen(from, to, 1);
        assert_ne!(base, other, "{what}");
        assert_eq!(identity(base) == identity(&other), is_same, "{what}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in ".*", when in "[a-z0-9().,*<>=% ]{0,40}", template in "[a-z{}$. ]{0,20}") {
        let _ = read("a.json", &text);
        let quoted = serde_json::to_string(&when).unwrap();
        let annotation = serde_json::to_string(&template).unwrap();
        let _ = read("a.json", &format!(r#"{{"alert": "A", "when": {quoted}, "window": {quoted}, "annotations": {{"a": {annotation}}}}}"#));
    }
}
