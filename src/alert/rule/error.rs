//! What is wrong with a rule file: file, line, rule, key, what, and what would be right.

use crate::text_error::TextError;
use std::fmt;

/// One mistake. Prints as a sentence that begins with its place and ends with the cure; of a mistake in an expression
/// with the expression and carets under the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    /// The file.
    pub file: String,
    /// The line, the first is 1.
    pub line: usize,
    /// The rule, by its name or its number; empty where the file itself is wrong.
    pub rule: String,
    /// The key, or the path to it; empty where the rule itself is wrong.
    pub key: String,
    /// What is wrong there.
    pub wrong: Wrong,
}

/// What is wrong, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// A value.
    Value {
        /// What is wrong.
        what: String,
        /// What would be right.
        cure: String,
    },
    /// A part of an expression or a template.
    Part(TextError),
}

impl Wrong {
    /// A wrong value.
    pub fn value(what: impl Into<String>, cure: impl Into<String>) -> Wrong {
        Wrong::Value { what: what.into(), cure: cure.into() }
    }
}

impl From<TextError> for Wrong {
    fn from(error: TextError) -> Wrong {
        Wrong::Part(error)
    }
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        if !self.rule.is_empty() {
            write!(f, "rule {}: ", self.rule)?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        match &self.wrong {
            Wrong::Value { what, cure } => write!(f, "{what}; {cure}"),
            Wrong::Part(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for RuleError {}
