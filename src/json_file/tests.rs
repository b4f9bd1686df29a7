//! Files, and all that is wrong with them.

#![allow(dead_code)] // what is read is looked at for its errors alone

use super::*;
use proptest::prelude::*;
use serde::Deserialize;
use serde::de::{Deserializer, Error};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Town {
    name: String,
    #[serde(default)]
    streets: Vec<Street>,
    mayor: Option<Mayor>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Street {
    length: Length,
    houses: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mayor {
    Elected { votes: u32 },
}

#[derive(Debug)]
struct Length;

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match u32::deserialize(from)? {
            0 => Err(D::Error::custom("0 is not a length, 1 or more")),
            _ => Ok(Length),
        }
    }
}

fn problems(text: &str) -> Vec<String> {
    let read = JsonFile::new("t.json", text).and_then(|mut file| file.read::<Town>());
    match read {
        Ok(_) => Vec::new(),
        Err(Problems(problems)) => problems.iter().map(Problem::to_string).collect(),
    }
}

#[test]
fn every_error_of_a_file_is_told_with_its_place() {
    let cases: [(&str, &str, &[&str]); 15] = [
        ("nothing is wrong", r#"{"name": "a", "streets": [{"length": 1, "houses": 2}]}"#, &[]),
        (
            "each of several",
            "{\n\"nam\": 1,\n\"name\": 2,\n\"streets\": [\n{\"length\": 0, \"houses\": 1},\n{\"length\": 1, \"houses\": -1}]}",
            &[
                "t.json:2: nam: unknown field `nam`, did you mean `name`?",
                "t.json:3: name: invalid type: integer `2`, expected a string",
                "t.json:5: streets[0].length: 0 is not a length, 1 or more",
                "t.json:6: streets[1].houses: invalid value: integer `-1`, expected u32",
            ],
        ),
        (
            "a wrong member is not missing too",
            r#"{"name": "a", "streets": [{"length": 0, "houses": "x"}, {"houses": 1}]}"#,
            &[
                "t.json:1: streets[0].length: 0 is not a length, 1 or more",
                "t.json:1: streets[0].houses: invalid type: string \"x\", expected u32",
                "t.json:1: streets[1]: missing field `length`",
            ],
        ),
        ("what is missing at the root", "{\n}", &["t.json:1: missing field `name`"]),
        (
            "a key that stands twice",
            "{\"name\": \"a\",\n\n\"name\": \"b\"}",
            &["t.json:3: name: this key stands in line 1 too; keep one of the two"],
        ),
        (
            "an object of one member",
            "{\"name\": \"a\",\n\"mayor\": {\"elected\":\n{\"votes\": \"all\"}}}",
            &["t.json:3: mayor.elected.votes: invalid type: string \"all\", expected u32"],
        ),
        (
            "an unknown kind",
            "{\"name\": \"a\", \"mayor\": {\"electd\": {}}}",
            &["t.json:1: mayor: unknown variant `electd`, expected `Elected`"],
        ),
        ("no JSON", "{\n\"name\": }", &["t.json:2: name: expected value"]),
        ("an end too soon", "{\"name\": \"a\"", &["t.json:1: EOF while parsing an object"]),
        ("something behind it", "{\"name\": \"a\"}\n{}", &["t.json:2: trailing characters"]),
        ("no object", "[1]", &["t.json:1: an object is expected, {\"key\": value, ...}"]),
        ("nothing", "", &["t.json:1: EOF while parsing a value"]),
        ("a byte-order mark is none", "\u{feff}{\"name\": \"a\"}", &[]),
        (
            "lines before it count",
            "\n\n{\"name\": 1, \"x\": 2}",
            &[
                "t.json:3: name: invalid type: integer `1`, expected a string",
                "t.json:3: x: unknown field `x`, expected one of `name`, `streets`, `mayor`",
            ],
        ),
        (
            "commas and brackets in texts",
            "{\"na,}me\": \"}\",\n\"name\": \",\\\"]\", \"y\": [1, [2]]}",
            &[
                "t.json:1: na,}me: unknown field `na,}me`, expected one of `name`, `streets`, `mayor`",
                "t.json:2: y: unknown field `y`, expected one of `name`, `streets`, `mayor`",
            ],
        ),
    ];
    for (what, text, expected) in cases {
        let expected: Vec<_> = expected.iter().map(|text| text.replace("`Elected`", "`elected`")).collect();
        assert_eq!(problems(text), expected, "{what}: {text}");
    }
}

#[test]
fn a_file_of_errors_ends_and_so_does_a_deep_one() {
    let many: Vec<String> = (0..500).map(|number| format!("\"k{number}\": {number}")).collect();
    assert_eq!(problems(&format!("{{{}}}", many.join(","))).len(), PROBLEMS_MAX);
    for deep in
        ["[".repeat(100_000), "{\"a\":".repeat(100_000), format!("{}{}", "[".repeat(50_000), "]".repeat(50_000))]
    {
        assert!(!problems(&format!("{{\"streets\": {deep}}}")).is_empty());
    }
}

#[test]
fn keys_are_those_of_the_type_and_lines_those_of_the_text() {
    assert_eq!(keys::<Town>(), ["name", "streets", "mayor"]);
    assert_eq!(keys::<String>(), [""; 0]);
    let file = JsonFile::new("t.json", "{\"a\": 1,\n\"b\": {\n\"c\": 2}}").unwrap();
    assert_eq!([file.line(&["a"]), file.line(&["b", "c"]), file.line(&["b", "x"]), file.line(&[])], [1, 3, 2, 1]);
    assert_eq!(file.problem(&["b", "c"], "no").to_string(), "t.json:3: b.c: no");
}

const SAMPLE: &str =
    "{\"name\": \"a\",\n\"streets\": [{\"length\": 1, \"houses\": 2}], \"mayor\": {\"elected\": {\"votes\": 9}}}\n";

proptest! {
    #[test]
    fn no_text_panics_and_each_line_is_one_of_the_file(text in ".*", at in 0..SAMPLE.len(), by in "[\\[\\]{}\",:a0-9\n-]{0,3}") {
        let changed = format!("{}{by}{}", &SAMPLE[..at], &SAMPLE[at + 1..]);
        for text in [text, changed] {
            let read = JsonFile::new("t.json", &text).and_then(|mut file| file.read::<Town>());
            if let Err(Problems(problems)) = read {
                prop_assert!(!problems.is_empty());
                let lines = 1 + text.matches('\n').count();
                prop_assert!(problems.iter().all(|problem| (1..=lines).contains(&problem.line)), "{problems:?}");
            }
        }
    }
}
