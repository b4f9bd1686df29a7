//! What records are grouped and told apart by.

use crate::filter::{Field, Number, Text};
use crate::text_error::TextError;

/// A property of a record with a bounded number of values, or whose values are text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyField {
    /// A text; of a message what is left once its numbers, addresses, paths and ids are masked, as in the report.
    Text(Text),
    /// `status`, `hour`, `weekday` or `level`.
    Number(Number),
    /// A client, its agent and the day on its wall clock, as the report counts visitors.
    Visitor,
}

impl KeyField {
    /// Its name in rules and labels.
    pub fn name(self) -> &'static str {
        match self {
            KeyField::Text(text) => text.name(),
            KeyField::Number(number) => number.name(),
            KeyField::Visitor => "visitor",
        }
    }

    /// The field of this name. What is wrong, and what would be right, where there is none; `with_visitor`: whether
    /// visitors are told apart.
    pub fn named(name: &str, with_visitor: bool) -> Result<KeyField, (String, String)> {
        let names = |with_visitor: bool| {
            let fields = Field::ALL.into_iter().filter_map(KeyField::of).map(KeyField::name);
            fields.chain(with_visitor.then_some("visitor"))
        };
        if name == "visitor" && with_visitor {
            return Ok(KeyField::Visitor);
        }
        let fields = || format!("fields: {}", names(with_visitor).collect::<Vec<_>>().join(", "));
        match Field::named(name) {
            Some(field) => KeyField::of(field)
                .ok_or_else(|| (format!("{:?} has too many values to tell records apart by", field.name()), fields())),
            None => {
                let meant = Field::meant_by(name).filter(|meant| names(with_visitor).any(|name| name == *meant));
                let meant = meant.map(|field| format!("did you mean {field:?}? ")).unwrap_or_default();
                Err((
                    format!("unknown field {:?}", crate::filter::parse::clipped(name)),
                    format!("{meant}{}", fields()),
                ))
            }
        }
    }

    /// The same as an error about the bytes `at` of `text`.
    pub fn at(text: &str, at: std::ops::Range<usize>, with_visitor: bool) -> Result<KeyField, TextError> {
        let name = text.get(at.clone()).unwrap_or("");
        KeyField::named(name, with_visitor).map_err(|(what, cure)| TextError::new(text, at, what, cure))
    }

    fn of(field: Field) -> Option<KeyField> {
        match field {
            Field::Text(text) => Some(KeyField::Text(text)),
            Field::Number(number @ (Number::Status | Number::Hour | Number::Weekday | Number::Level)) => {
                Some(KeyField::Number(number))
            }
            Field::Number(_) | Field::Bot => None,
        }
    }
}
