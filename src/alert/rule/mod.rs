//! What an alert is, as a user writes it: rule files in JSON, read with every mistake told at once.
//!
//! ```text
//! [{ "alert": "HighErrorRatio", "when": "ratio(status >= 500) > 5%", "where": "path ~ ^/api/", "by": ["vhost"],
//!    "window": "1m", "min_records": 100, "for": "2m", "keep_firing_for": "1m", "no_data": "resolve",
//!    "labels": {"severity": "critical"}, "annotations": {"summary": "{{value}} of {{vhost}}'s requests fail"},
//!    "notify": ["ops-mail"] }]
//! ```
//!
//! A file is a rule, a list of rules, or an object with the list under `rules`.
//!
//! | key | what it is | default |
//! | --- | --- | --- |
//! | `alert` | the name; with the labels it is unique | |
//! | `when` | what is measured, and what it is compared with ([`when`]) | |
//! | `where` | which records count: a filter | all |
//! | `by` | fields; each combination of their values is an alert of its own and becomes labels | none |
//! | `window` | the time that is looked at; of two or more each must make `when` true | `new`: 10m |
//! | `min_records` | records that a window must hold to be told (with `previous`: the fuller of the two) | 0 |
//! | `for` | how long it must be true before it fires | 0s |
//! | `keep_firing_for` | how long it goes on to fire once it is true no longer | 0s |
//! | `no_data` | a window that cannot be told `resolve`s, `keep`s what is, or lets `fire` | `resolve` |
//! | `max_groups` | groups that are counted exactly | 10000 |
//! | `max_rate` | of `each`: so many, the rest is counted | 10/m |
//! | `labels`, `annotations` | texts with names in braces ([`template`]) | none |
//! | `notify` | who is told | all |
//! | `slo`, `bad` | in the place of `when` and `window`: an objective, and the records that miss it ([`slo`]) | |

pub mod error;
pub mod field;
pub mod json;
mod keys;
pub mod parse_when;
pub mod read;
pub mod slo;
pub mod template;
#[cfg(test)]
mod tests;
pub mod when;

pub use error::{RuleError, Wrong};
pub use field::KeyField;
pub use read::read;
pub use when::{Amount, Comparison, Measure, Than, When};

use crate::aggregate::stable;
use crate::filter::Filter;
use serde::{Deserialize, Serialize};
use template::Template;

/// A rule that was read.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Where it stands: file and line.
    pub file: String,
    /// The line in which it begins.
    pub line: usize,
    /// Its name.
    pub alert: String,
    /// What it looks for.
    pub when: When,
    /// The records it looks at.
    pub filter: Filter,
    /// What makes a group.
    pub by: Vec<KeyField>,
    /// Milliseconds of its windows; none of `each`.
    pub windows: Vec<i64>,
    /// Fewer records than this are no data.
    pub min_records: u64,
    /// Milliseconds that it must be true before it fires.
    pub hold: i64,
    /// Milliseconds that it goes on to fire.
    pub keep_firing: i64,
    /// What no data means.
    pub no_data: NoData,
    /// Groups that are counted exactly.
    pub max_groups: usize,
    /// The most that `each` tells.
    pub max_rate: Rate,
    /// Labels beside those of `by`, sorted by name.
    pub labels: Vec<(String, Template)>,
    /// The same as written: what names an alert.
    pub label_texts: Vec<(String, String)>,
    /// Texts for people, sorted by name.
    pub annotations: Vec<(String, Template)>,
    /// Who is told; everybody where nobody is named.
    pub notify: Vec<String>,
}

/// What a window means that holds nothing to tell from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NoData {
    /// It is not true: as Prometheus, where a series that is gone is in no result.
    #[default]
    Resolve,
    /// Everything stays as it is.
    Keep,
    /// It is true.
    Fire,
}

/// So many in a span of milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub count: u32,
    /// In what span.
    pub span: i64,
}

impl Default for Rate {
    fn default() -> Self {
        Rate { count: 10, span: 60_000 }
    }
}

impl Rule {
    /// A number of all that names its alerts and decides when they are true: a rule in whose place another one with this
    /// identity stands is the same. Not in it are `for` and `keep_firing_for`, with which a state can go on, nor what is
    /// told of it.
    pub fn identity(&self) -> u64 {
        let windows: Vec<String> = self.windows.iter().map(i64::to_string).collect();
        let by: Vec<&str> = self.by.iter().map(|field| field.name()).collect();
        let mut text = format!(
            "{}\n{}\n{}\n{}\n{}\n{}\n{:?}",
            self.alert,
            self.when.text(),
            self.filter,
            by.join(","),
            windows.join(","),
            self.min_records,
            self.no_data
        );
        for (name, value) in &self.label_texts {
            text.push_str(&format!("\n{name}={value}"));
        }
        stable::hash(text.as_bytes())
    }

    /// An error about this rule.
    pub fn error(&self, key: &str, wrong: Wrong) -> RuleError {
        let rule = format!("{:?}", self.alert);
        RuleError { file: self.file.clone(), line: self.line, rule, key: key.to_owned(), wrong }
    }

    /// Why it can never fire, or always does, where that is certain.
    pub fn doubt(&self) -> Option<String> {
        let When::Compare { measure, comparison, than: Than::Number(number) } = &self.when else { return None };
        let never = match comparison {
            Comparison::Above => matches!(measure, Measure::Ratio(_)) && *number >= 1.0,
            Comparison::AtLeast | Comparison::Equal => matches!(measure, Measure::Ratio(_)) && *number > 1.0,
            Comparison::Below => *number <= 0.0,
            Comparison::AtMost | Comparison::Unequal => false,
        };
        let always = *comparison == Comparison::AtLeast && *number == 0.0 && self.min_records == 0;
        // A group exists while it has records.
        let counts = matches!(measure, Measure::Count) && !self.by.is_empty();
        let without = counts
            && match comparison {
                Comparison::Below => *number <= 1.0,
                Comparison::AtMost => *number < 1.0,
                _ => false,
            };
        let text = self.when.text();
        match (never || without, always) {
            (true, _) => Some(format!("{text} is never true: this rule will never fire")),
            (_, true) => Some(format!("{text} is always true: this rule fires whenever there is data")),
            _ => None,
        }
    }
}
