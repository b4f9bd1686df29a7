//! A JSON file to what it says, or to everything that is wrong with it.
//!
//! serde stops at its first error, and whoever wrote a settings file wants to be told of all. So the member that an error
//! is about is taken out, and the rest is read again, until nothing is wrong or there is nothing left to take out. What only
//! follows from a member that was taken out (its object now lacks it) is no error of the file and not told.
//!
//! Each error has its line, and its key with all above it: `paths[1].weight`. A key that stands twice is one too, since
//! JSON does not say which of the two counts.
//!
//! Source: RFC 8259, section 4 (names within an object should be unique).

mod document;
mod keys;

pub use keys::keys;

use document::{Document, Way};
use serde::de::DeserializeOwned;
use std::fmt;

/// Errors that are told, at most.
const PROBLEMS_MAX: usize = 100;

/// What is wrong at one place of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The key with all above it; empty where it is about the whole file.
    pub key: String,
    /// What is wrong, and what would be right.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem { file, line, key, what } = self;
        match key.is_empty() {
            true => write!(f, "{file}:{line}: {what}"),
            false => write!(f, "{file}:{line}: {key}: {what}"),
        }
    }
}

/// All that is wrong with a file, in its order; a line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(Problem::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// A file that is JSON, with the places of its members.
pub struct JsonFile<'text> {
    name: &'text str,
    text: &'text str,
    document: Document<'text>,
}

impl<'text> JsonFile<'text> {
    /// The file `name` with this text, which must be an object.
    ///
    /// # Errors
    /// What makes it no JSON, or no object.
    pub fn new(name: &'text str, text: &'text str) -> Result<JsonFile<'text>, Problems> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let one = |line, key, what| Problems(vec![Problem { file: name.to_owned(), line, key, what }]);
        let document = Document::new(text).map_err(|error| {
            // The text is no JSON; where that is, only a reader that looks at values knows.
            let mut reader = serde_json::Deserializer::from_str(text);
            match serde_path_to_error::deserialize::<_, serde_json::Value>(&mut reader) {
                Err(error) => one(error.inner().line(), key_of(error.path()), without_place(error.inner())),
                Ok(_) => one(error.line(), String::new(), without_place(&error)),
            }
        })?;
        match document.is_object() {
            true => Ok(JsonFile { name, text, document }),
            false => Err(one(1, String::new(), "an object is expected, {\"key\": value, ...}".to_owned())),
        }
    }

    /// The file's name.
    pub fn name(&self) -> &'text str {
        self.name
    }

    /// The keys of the object that it is.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.document.keys()
    }

    /// The line of a member: the names of its objects, and its own; of the nearest one above where it is not there.
    pub fn line(&self, keys: &[&str]) -> usize {
        let mut way = Way::default();
        for key in keys {
            if !self.document.enter(&mut way, key) {
                break;
            }
        }
        self.document.line(&way)
    }

    /// Something wrong with a member, from outside.
    pub fn problem(&self, keys: &[&str], what: impl Into<String>) -> Problem {
        Problem { file: self.name.to_owned(), line: self.line(keys), key: keys.join("."), what: what.into() }
    }

    /// What the file says.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read<T: DeserializeOwned>(&mut self) -> Result<T, Problems> {
        let mut problems = self.twice();
        let mut rest = self.text.to_owned();
        if !problems.is_empty() {
            rest = self.document.rest();
        }
        while problems.len() < PROBLEMS_MAX {
            let mut reader = serde_json::Deserializer::from_str(&rest);
            let error = match serde_path_to_error::deserialize::<_, T>(&mut reader) {
                Ok(said) if problems.is_empty() => return Ok(said),
                Ok(_) => break,
                Err(error) => error,
            };
            let (way, is_found) = self.document.way(error.path());
            let what = without_place(error.inner());
            if !self.document.follows_from_what_is_out(&way, missing(&what)) {
                problems.push(Problem {
                    file: self.name.to_owned(),
                    line: if is_found { self.document.line(&way) } else { error.inner().line() },
                    key: self.document.key(&way),
                    what: with_a_guess(what),
                });
            }
            if way.is_root() {
                break;
            }
            self.document.take_out(&way);
            rest = self.document.rest();
        }
        problems.sort_by_key(|problem| problem.line);
        Err(Problems(problems))
    }

    /// Keys that stand twice, of which the later is taken out.
    fn twice(&mut self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (way, first) in self.document.twice() {
            problems.push(Problem {
                file: self.name.to_owned(),
                line: self.document.line(&way),
                key: self.document.key(&way),
                what: format!("this key stands in line {first} too; keep one of the two"),
            });
            self.document.take_out(&way);
        }
        problems
    }
}

fn key_of(path: &serde_path_to_error::Path) -> String {
    let path = path.to_string();
    if matches!(path.as_str(), "." | "?") { String::new() } else { path }
}

/// What is wrong, without the place that is told before it.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(what, _)| what.to_owned())
}

/// The member that is said to be missing.
fn missing(what: &str) -> Option<&str> {
    what.strip_prefix("missing field `")?.strip_suffix('`')
}

/// The same; of an unknown key that is nearly a known one, that one is told in the place of all there are.
fn with_a_guess(what: String) -> String {
    let mut names = what.split('`').skip(1).step_by(2);
    let guess = match (what.starts_with("unknown field `"), names.next()) {
        (true, Some(written)) => names.filter_map(|name| Some((distance(written, name)?, name))).min(),
        _ => None,
    };
    match guess {
        Some((_, name)) => {
            let unknown = what.split(", expected ").next().unwrap_or(&what);
            format!("{unknown}, did you mean `{name}`?")
        }
        None => what,
    }
}

/// Letters to change, add or leave out to make one key of the other (Levenshtein), with `-` as good as `_`; `None` where
/// they are too many for a slip of the pen.
fn distance(written: &str, name: &str) -> Option<usize> {
    const KEY_CHARS_MAX: usize = 64;
    let written: Vec<char> = written.replace('-', "_").to_lowercase().chars().take(KEY_CHARS_MAX).collect();
    let mut row: Vec<usize> = (0..=written.len()).collect();
    for (above, letter) in name.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], above + 1);
        for (at, other) in written.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[at + 1];
            row[at + 1] = changed.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().filter(|distance| *distance <= 1 + name.len() / 5)
}

#[cfg(test)]
mod tests;
