//! JSON whose values know the line they stand in, so that every mistake of a file can be told at once, each with its place.
//!
//! A value is kept as the piece of text that it is, and read when its key is known; so one wrong value hides no other.

use super::error::Wrong;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// The members of an object, in their order; a key may come twice.
#[derive(Debug, Default)]
pub struct Members<'text>(pub Vec<(String, &'text RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object, {\"key\": value, ...}")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        from.deserialize_map(Object)
    }
}

/// The line of a value of `text`, the first is 1.
pub fn line_of(text: &str, value: &RawValue) -> usize {
    let at = (value.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    line_at(text, at)
}

/// The line of a byte of `text`, the first is 1.
pub fn line_at(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}

/// A value of some type.
///
/// # Errors
/// A value of another type; `cure` says what is expected.
pub fn typed<'text, T: Deserialize<'text>>(value: &'text RawValue, cure: &str) -> Result<T, Wrong> {
    serde_json::from_str(value.get()).map_err(|error| Wrong::value(without_place(&error), cure))
}

/// What is wrong, without the place, which within a value says nothing.
pub fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(what, _)| what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_know_their_line() {
        let text = "{\n  \"a\": 1,\n  \"b\": [\n    {\"c\": 2}\n  ], \"a\": 3}";
        let Members(members) = serde_json::from_str(text).unwrap();
        let lines: Vec<_> = members.iter().map(|(key, value)| (key.as_str(), line_of(text, value))).collect();
        assert_eq!(lines, [("a", 2), ("b", 3), ("a", 5)]);
        let inner: Vec<&RawValue> = typed(members[1].1, "").unwrap();
        assert_eq!(line_of(text, inner[0]), 4);
    }

    #[test]
    fn a_wrong_type_is_told_without_a_place() {
        let text = "5";
        let value: &RawValue = serde_json::from_str(text).unwrap();
        let wrong = typed::<String>(value, "a name").unwrap_err();
        assert_eq!(wrong, Wrong::value("invalid type: integer `5`, expected a string", "a name"));
    }
}
