//! A file of tests for rules, as it is written.
//!
//! ```text
//! { "rules": "error_ratio.json",
//!   "tests": [ { "name": "a third of all requests fails for a minute",
//!       "records": [ {"to": "10m", "every": "100ms", "record": {"status": 200, "path": "/"}},
//!                    {"from": "2m", "to": "3m", "every": "200ms", "record": {"status": 500, "path": "/"}} ],
//!       "expect": [ {"at": "2m", "firing": []},
//!                   {"at": "2m30s", "firing": [{"alert": "HighErrorRatio", "labels": {"severity": "critical"}}]} ] } ] }
//! ```
//!
//! | key | what it is |
//! | --- | --- |
//! | `rules` | files of rules, below the folder of this file |
//! | `tests` | each with a `name`; each sees the rules anew |
//! | `start` | when it begins, RFC 3339; 2025-01-01T00:00:00Z where it does not say |
//! | `records` | records at set times, see below |
//! | `lines`, `log` | in their place lines of a log, or its name; `format` is theirs, otherwise it is detected |
//! | `expect` | what is so at an instant after the start: `firing`, and where they are named `pending`, and `told`, how many records `each` has told by then |
//!
//! A series of `records` has a record from `from` (0s) on, one each `every`, up to `to`, itself not included; or one alone.
//! `count` is how many at each of these instants. `record` has fields by their names in filters; one with `level` or `message`
//! is an entry of an error log. `"heartbeat": true` in its place is a sign of life.
//!
//! Alerts are compared by name and all labels; `value` (of the look at which it fired) and single `annotations` where they are
//! named.

use crate::filter::units;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Files of rules.
    pub rules: Names,
    /// The tests.
    pub tests: Vec<Test>,
}

/// A test.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// What it shows.
    pub name: String,
    /// When it begins.
    pub start: Option<String>,
    /// Records at set times.
    #[serde(default)]
    pub records: Vec<Series>,
    /// Lines of a log.
    #[serde(default)]
    pub lines: Vec<String>,
    /// A file of them.
    pub log: Option<String>,
    /// Their format.
    pub format: Option<String>,
    /// What is expected.
    pub expect: Vec<Expect>,
}

/// Records at set times.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// The first, after the start.
    #[serde(default)]
    pub from: Span,
    /// Before which the last one is.
    pub to: Option<Span>,
    /// The time between two.
    pub every: Option<Span>,
    /// How many at each instant.
    #[serde(default = "one")]
    pub count: u32,
    /// What each says.
    #[serde(default)]
    pub record: BTreeMap<String, Text>,
    /// Whether they are signs of life.
    #[serde(default)]
    pub heartbeat: bool,
}

/// What is so at an instant.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// After the start.
    pub at: Span,
    /// Alerts that fire, and no others.
    #[serde(default)]
    pub firing: Vec<Alert>,
    /// Alerts that are pending, and no others, if that matters.
    pub pending: Option<Vec<Alert>>,
    /// How many records each of these rules has told.
    #[serde(default)]
    pub told: BTreeMap<String, u64>,
}

/// An alert.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alert {
    /// Its name.
    pub alert: String,
    /// Its labels, without the name.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Its value, if that matters.
    pub value: Option<f64>,
    /// Texts that matter.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
}

/// One name or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Names {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Names {
    /// All of them.
    pub fn as_slice(&self) -> &[String] {
        match self {
            Names::One(name) => std::slice::from_ref(name),
            Names::Many(names) => names,
        }
    }
}

fn one() -> u32 {
    1
}

/// Milliseconds, written with a unit (`1m30s`) or as a number of seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// So many.
    pub milliseconds: i64,
    /// As it was written.
    pub text: String,
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Span, D::Error> {
        let Text(text) = Text::deserialize(from)?;
        let span = units::duration_or_seconds(&text).map_err(serde::de::Error::custom)?;
        let milliseconds = i64::try_from(span.as_millis()).map_err(|_| serde::de::Error::custom("is too long"))?;
        Ok(Span { milliseconds, text })
    }
}

/// A text, or a number as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(pub String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Text, D::Error> {
        struct Either;
        impl serde::de::Visitor<'_> for Either {
            type Value = Text;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a number")
            }
            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(Text(text.to_owned()))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Text, E> {
                Ok(Text(number.to_string()))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Text, E> {
                Ok(Text(number.to_string()))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Text, E> {
                Ok(Text(number.to_string()))
            }
        }
        from.deserialize_any(Either)
    }
}
