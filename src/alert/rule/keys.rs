//! The keys of a rule, read one by one; what is wrong with one hides nothing that is wrong with another.

use super::error::{RuleError, Wrong};
use super::json::{Members, line_of, typed};
use crate::filter::parse::clipped;
use serde_json::value::RawValue;

/// What each key takes.
pub const KEYS: [(&str, &str); 17] = [
    ("alert", "a name such as \"HighErrorRatio\""),
    ("when", "a measure and what it is compared with, such as \"ratio(status >= 500) > 5%\""),
    ("where", "a filter such as \"path ~ ^/api/\""),
    ("by", "a list of fields such as [\"vhost\"]"),
    ("window", "a duration such as \"1m\", or a list of them"),
    ("min_records", "a whole number such as 100"),
    ("for", "a duration such as \"2m\""),
    ("keep_firing_for", "a duration such as \"5m\""),
    ("no_data", "\"resolve\", \"keep\" or \"fire\""),
    ("max_groups", "a whole number such as 10000"),
    ("max_rate", "a number in a span such as \"10/m\""),
    ("labels", "an object of texts such as {\"severity\": \"critical\"}"),
    ("annotations", "an object of texts such as {\"summary\": \"{{value}} fail\"}"),
    ("notify", "a list of names such as [\"ops-mail\"]"),
    ("slo", "an objective such as \"99.9%\""),
    ("bad", "a filter for the records that miss the objective, such as \"status >= 500\""),
    ("rules", "a list of rules"),
];

/// What a key takes.
pub fn cure(key: &str) -> &'static str {
    KEYS.iter().find(|(name, _)| *name == key).map_or("another value", |(_, cure)| cure)
}

/// Where mistakes of a rule go.
pub struct Sink<'a> {
    /// The file.
    pub file: &'a str,
    /// What is in it.
    pub text: &'a str,
    /// How the rule is called.
    pub rule: String,
    /// Where the rule begins.
    pub line: usize,
    /// All mistakes so far.
    pub errors: &'a mut Vec<RuleError>,
}

impl Sink<'_> {
    /// A mistake.
    pub fn error(&mut self, key: &str, line: usize, wrong: Wrong) {
        let (file, rule, key) = (self.file.to_owned(), self.rule.clone(), key.to_owned());
        self.errors.push(RuleError { file, line, rule, key, wrong });
    }
}

/// The members of a rule that were not read yet.
pub struct Keys<'a, 'text, 'sink> {
    /// In their order.
    pub members: Vec<(String, &'text RawValue)>,
    /// Where mistakes go.
    pub sink: &'a mut Sink<'sink>,
}

impl<'text> Keys<'_, 'text, '_> {
    /// The value of a key and its line; that it is there twice is told.
    pub fn raw(&mut self, key: &str) -> Option<(&'text RawValue, usize)> {
        let at = self.members.iter().position(|(name, _)| name == key)?;
        let (_, value) = self.members.remove(at);
        if let Some(again) = self.members.iter().position(|(name, _)| name == key) {
            let (_, second) = self.members.remove(again);
            let line = line_of(self.sink.text, second);
            self.sink.error(key, line, Wrong::value("this key is there twice", "remove one of the two"));
        }
        Some((value, line_of(self.sink.text, value)))
    }

    /// What a key says. `Ok(None)`: it is not there; `Err`: it was wrong, which was told.
    pub fn take<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(&'text RawValue) -> Result<T, Wrong>,
    ) -> Result<Option<T>, ()> {
        let Some((value, line)) = self.raw(key) else { return Ok(None) };
        read(value).map(Some).map_err(|wrong| self.sink.error(key, line, wrong))
    }

    /// A text that is read further.
    pub fn text<T>(&mut self, key: &str, read: impl FnOnce(&str) -> Result<T, Wrong>) -> Result<Option<T>, ()> {
        self.take(key, |value| read(&typed::<String>(value, cure(key))?))
    }

    /// A whole number.
    pub fn number(&mut self, key: &str, range: std::ops::RangeInclusive<u64>) -> Result<Option<u64>, ()> {
        self.take(key, |value| {
            let number = typed::<u64>(value, cure(key))?;
            if range.contains(&number) {
                return Ok(number);
            }
            let cure = format!("it lies between {} and {}", range.start(), range.end());
            Err(Wrong::value(format!("{number} is out of range"), cure))
        })
    }

    /// Texts by name, sorted.
    pub fn texts(&mut self, key: &str) -> Result<Vec<(String, String, usize)>, ()> {
        let Some((value, line)) = self.raw(key) else { return Ok(Vec::new()) };
        let members = typed::<Members<'_>>(value, cure(key)).map_err(|wrong| self.sink.error(key, line, wrong))?;
        let (mut texts, mut all_right) = (Vec::<(String, String, usize)>::new(), Ok(()));
        for (name, value) in members.0 {
            let line = line_of(self.sink.text, value);
            let path = format!("{key}.{}", clipped(&name));
            match typed::<String>(value, "a text is expected") {
                Ok(_) if texts.iter().any(|(other, ..)| *other == name) => {
                    self.sink.error(&path, line, Wrong::value("this key is there twice", "remove one of the two"));
                    all_right = Err(());
                }
                Ok(text) => texts.push((name, text, line)),
                Err(wrong) => {
                    self.sink.error(&path, line, wrong);
                    all_right = Err(());
                }
            }
        }
        texts.sort();
        all_right.map(|()| texts)
    }

    /// Tells that keys make no sense here.
    pub fn refuse(&mut self, keys: &[&str], why: &str) -> Result<(), ()> {
        let mut all_right = Ok(());
        for key in keys {
            if let Some((_, line)) = self.raw(key) {
                self.sink.error(key, line, Wrong::value(why, "remove it"));
                all_right = Err(());
            }
        }
        all_right
    }
}
