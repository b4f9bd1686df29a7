//! The walk against tables, and against `serde_json` on random documents.

use super::*;
use proptest::prelude::*;
use std::collections::HashMap;

/// What the walk hands over, by path, the last of equal ones; and where it ended.
fn walked(line: &[u8], written: &[&str]) -> Option<(HashMap<String, String>, usize)> {
    let paths = Paths::compile(written.iter().copied()).unwrap();
    let scratch = Bump::new();
    let mut values = HashMap::new();
    let end = walk(line, 0, &paths, &scratch, |leaf, value| {
        values.insert(written[usize::from(leaf)].to_string(), shown(value, &scratch));
    })?;
    Some((values, end))
}

fn shown(value: Value, scratch: &Bump) -> String {
    match value {
        Value::Text(text) => format!("\"{}", String::from_utf8_lossy(text_said(text, scratch))),
        Value::Number(number) => String::from_utf8_lossy(number).into_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Null => "null".to_string(),
        Value::Container => "container".to_string(),
    }
}

fn text_said<'a>(text: Text<'a>, scratch: &'a Bump) -> &'a [u8] {
    text.said(scratch)
}

#[test]
fn wanted_values_are_handed_over() {
    type Row = (&'static str, &'static str, &'static [(&'static str, &'static str)]);
    let cases: [Row; 13] = [
        ("an empty object", "{}", &[]),
        ("white space anywhere", " {\t\"a\" :\r\n1 , \"b\": [ ] } ", &[("a", "1"), ("b", "container")]),
        ("a string", r#"{"a":"x"}"#, &[("a", "\"x")]),
        ("an escaped string", r#"{"a":"x\"\u00e9"}"#, &[("a", "\"x\"é")]),
        ("an escaped key", r#"{"\u0061":1}"#, &[("a", "1")]),
        ("words", r#"{"a":true,"b":null}"#, &[("a", "true"), ("b", "null")]),
        ("numbers", r#"{"a":-1.5e+3,"b":0}"#, &[("a", "-1.5e+3"), ("b", "0")]),
        ("leading zeros, as nginx writes $status", r#"{"a":009}"#, &[("a", "009")]),
        ("a nested key", r#"{"c":{"d":{"x":2}}}"#, &[("c.d.x", "2")]),
        ("the same name elsewhere", r#"{"d":{"x":2},"x":3,"c":{"x":4}}"#, &[]),
        ("an element", r#"{"e":[{"a":1},[2],"three"]}"#, &[("e[2]", "\"three"), ("e[1][0]", "2")]),
        ("of equal keys the last", r#"{"a":1,"a":2}"#, &[("a", "2")]),
        ("brackets in strings", r#"{"z":["}",{"]":"{"}],"a":1}"#, &[("a", "1")]),
    ];
    for (what, line, expected) in cases {
        let (values, end) = walked(line.as_bytes(), &["a", "b", "c.d.x", "e[2]", "e[1][0]"]).expect(what);
        let expected = expected.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        assert_eq!(values, expected, "{what}: {line}");
        assert_eq!(end, line.trim_end().len(), "{what}: {line}");
    }
}

#[test]
fn what_breaks_the_grammar_is_refused() {
    let cases = [
        ("nothing", ""),
        ("no object", "[1]"),
        ("a string", "\"a\""),
        ("not closed", r#"{"a":1"#),
        ("a string not closed", r#"{"a":"1}"#),
        ("an escape that eats the quote", r#"{"a":"1\"}"#),
        ("no value", r#"{"a":}"#),
        ("no colon", r#"{"a" 1}"#),
        ("no quotes", "{a:1}"),
        ("a comma too many", r#"{"a":1,}"#),
        ("a comma alone", "{,}"),
        ("no comma", r#"{"a":1"b":2}"#),
        ("an array closed as object", r#"{"a":[1}}"#),
        ("an object closed as array", r#"{"a":{"b":1]}"#),
        ("a comma too many in an array", r#"{"a":[1,]}"#),
        ("a comma alone in an array", r#"{"a":[,]}"#),
        ("a member in an array", r#"{"a":["b":1]}"#),
        ("half a word", r#"{"a":tru}"#),
        ("a sign alone", r#"{"a":-}"#),
        ("no digits after the point", r#"{"a":1.}"#),
        ("no digits in the exponent", r#"{"a":1e}"#),
        ("not a number", r#"{"a":NaN}"#),
        ("nginx's dash without quotes", r#"{"a":-,"b":1}"#),
    ];
    for (what, line) in cases {
        assert_eq!(walked(line.as_bytes(), &["a"]), None, "{what}: {line}");
    }
}

#[test]
fn nesting_has_a_limit_and_costs_no_call_stack() {
    let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
    assert!(walked(nested(DEPTH_MAX).as_bytes(), &["a"]).is_some());
    assert_eq!(walked(nested(DEPTH_MAX + 1).as_bytes(), &["a"]), None);
    assert_eq!(walked("{\"a\":".repeat(300_000).as_bytes(), &["a.a.a"]), None);
}

#[test]
fn what_follows_the_object_is_left_to_the_caller() {
    assert_eq!(walked(br#"{"a":1}{"a":2}"#, &["a"]).map(|(_, end)| end), Some(7));
}

/// Documents with few keys, so that paths meet.
fn document() -> impl Strategy<Value = serde_json::Value> {
    let key = prop::sample::select(vec!["a", "b", "a.b", "", "é\"\\", "a_key_longer_than_sixteen_bytes"]);
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    let value = leaf.prop_recursive(5, 40, 5, {
        let key = key.clone();
        move |inner| {
            let map = prop::collection::vec((key.clone().prop_map(str::to_string), inner.clone()), 0..5);
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(serde_json::Value::from),
                map.prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        }
    });
    prop::collection::vec((key.prop_map(str::to_string), value), 0..6)
        .prop_map(|map| serde_json::Value::Object(map.into_iter().collect()))
}

/// The values of all paths that the walk should hand over, by `serde_json`.
fn expected(document: &serde_json::Value, written: &[&str]) -> HashMap<String, String> {
    let mut values = HashMap::new();
    for path in written {
        let mut at = Some(document);
        for part in path.split('.') {
            let mut steps = part.split('[');
            let key = steps.next().unwrap_or_default();
            at = at.and_then(|value| value.as_object()).and_then(|object| object.get(key));
            for index in steps {
                let index: usize = index.trim_end_matches(']').parse().unwrap();
                at = at.and_then(|value| value.as_array()).and_then(|array| array.get(index));
            }
        }
        let Some(value) = at else { continue };
        values.insert(
            path.to_string(),
            match value {
                serde_json::Value::String(text) => format!("\"{text}"),
                serde_json::Value::Array(_) | serde_json::Value::Object(_) => "container".to_string(),
                other => other.to_string(),
            },
        );
    }
    values
}

proptest! {
    #[test]
    fn the_walk_agrees_with_serde_json(document in document(), is_pretty in any::<bool>()) {
        let line = if is_pretty { serde_json::to_string_pretty(&document) } else { serde_json::to_string(&document) }.unwrap();
        // No dotted paths: they would also match the flat key "a.b", which the reference does not know.
        let written = ["a", "b", "a[0]", "b[1]", "a_key_longer_than_sixteen_bytes", "b[0][0]"];
        let (values, end) = walked(line.as_bytes(), &written).unwrap();
        prop_assert_eq!(end, line.len());
        prop_assert_eq!(values, expected(&document, &written));
    }

    #[test]
    fn what_serde_json_accepts_of_a_damaged_document_the_walk_accepts(document in document(), at in any::<prop::sample::Index>(), byte in prop::sample::select(b"\"\\{}[],:0 tn-.e\xff".to_vec())) {
        let mut line = serde_json::to_vec(&document).unwrap();
        let at = at.index(line.len());
        line[at] = byte;
        let accepted = serde_json::from_slice::<serde_json::Value>(&line).is_ok_and(|value| value.is_object());
        let walked = walked(&line, &["a", "b", "a[0]"]);
        if accepted {
            prop_assert_eq!(walked.map(|(_, end)| end), Some(line.trim_ascii_end().len()));
        }
    }

    #[test]
    fn no_bytes_panic(line in prop::collection::vec(prop::sample::select(b"\"\\{{}}[],:01tna .-eE\xff\0\n".to_vec()), 0..200)) {
        let _ = walked(&line, &["a", "a.a", "a[0]", "n"]);
    }
}
