//! Values of settings, as written, and checked as they are read, so that an error has the place of the value.

use crate::aggregate::zone::Zone;
use crate::filter::{Filter, units};
use crate::format::catalogue::{FormatOptions, by_name};
use crate::source::net::Address;
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor, value::SeqAccessDeserializer};
use std::fmt;
use std::marker::PhantomData;
use std::path::Path;

/// What a text must be.
pub trait Kind {
    /// What is expected, for errors.
    const EXPECTED: &'static str;
    /// Whether a number may stand there without quotes.
    const IS_NUMBER: bool = false;
    /// Whether a truth may.
    const IS_TRUTH: bool = false;

    /// Why a text is none.
    fn check(text: &str) -> Result<(), String>;
}

/// A text of a kind, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked<K>(pub String, PhantomData<K>);

impl<'de, K: Kind> Deserialize<'de> for Checked<K> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Written<K>(PhantomData<K>);
        impl<K: Kind> Visitor<'_> for Written<K> {
            type Value = Checked<K>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(K::EXPECTED)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Checked<K>, E> {
                K::check(text).map_err(E::custom)?;
                Ok(Checked(text.to_owned(), PhantomData))
            }

            fn visit_bool<E: Error>(self, truth: bool) -> Result<Checked<K>, E> {
                match K::IS_TRUTH {
                    true => self.visit_str(&truth.to_string()),
                    false => Err(E::invalid_type(serde::de::Unexpected::Bool(truth), &self)),
                }
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Checked<K>, E> {
                match K::IS_NUMBER {
                    true => self.visit_str(&number.to_string()),
                    false => Err(E::invalid_type(serde::de::Unexpected::Float(number), &self)),
                }
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Checked<K>, E> {
                match K::IS_NUMBER {
                    true => self.visit_str(&number.to_string()),
                    false => Err(E::invalid_type(serde::de::Unexpected::Unsigned(number), &self)),
                }
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Checked<K>, E> {
                match K::IS_NUMBER {
                    true => self.visit_str(&number.to_string()),
                    false => Err(E::invalid_type(serde::de::Unexpected::Signed(number), &self)),
                }
            }
        }
        from.deserialize_any(Written(PhantomData))
    }
}

/// Declares kinds: a name, what is expected, whether numbers are as good, and the check.
macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident, $expected:literal, $is_number:literal, $check:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name;

        impl Kind for $name {
            const EXPECTED: &'static str = $expected;
            const IS_NUMBER: bool = $is_number;

            fn check(text: &str) -> Result<(), String> {
                let check: fn(&str) -> Result<(), String> = $check;
                check(text)
            }
        }
    )*};
}

kinds! {
    /// Any text that is not empty.
    Text, "a text", false, |text| match text.is_empty() {
        true => Err("the text is empty; give one, or leave the key out".to_owned()),
        false => Ok(()),
    };
    /// A span of time.
    Span, "a time, such as \"10s\", \"1h30m\" or a number of seconds", true,
        |text| units::duration_or_seconds(text).map(drop).map_err(|error| error.to_string());
    /// A span of time, more than none.
    Interval, "a time, such as \"10s\", \"1h30m\" or a number of seconds", true,
        |text| match units::duration_or_seconds(text) {
            Ok(span) if span.is_zero() => Err("nothing is no interval; give it a second or more".to_owned()),
            checked => checked.map(drop).map_err(|error| error.to_string()),
        };
    /// A number of bytes.
    Size, "a size, such as \"64KiB\", \"1GiB\" or a number of bytes", true,
        |text| units::size(text).map(drop).map_err(|error| error.to_string());
    /// How many rows.
    Rows, "a number, 1 or more", true, |text| match text.parse::<u32>() {
        Ok(1..) => Ok(()),
        _ => Err(format!("{text:?} is not a number of rows, 1 or more")),
    };
    /// How many threads.
    Threads, "a number, 1 to 1024", true, |text| match text.parse::<u16>() {
        Ok(1..=1024) => Ok(()),
        _ => Err(format!("{text:?} is not a number of threads, 1 to 1024")),
    };
    /// A format.
    Format, "a format: \"auto\", names from `visor-fast formats`, or the server's format string", false,
        |text| match text {
            "auto" => Ok(()),
            spec => by_name(spec, &FormatOptions::default()).map(drop),
        };
    /// A condition on records.
    Where, "a filter, such as \"status >= 500\"", false,
        |text| Filter::parse(text).map(drop).map_err(|error| error.to_string());
    /// A wall clock.
    Clock, "a time zone: \"log\", \"utc\", \"local\" or a name such as \"Europe/Berlin\"", false,
        |text| Zone::parse(text).map(drop);
    /// Where to listen.
    Listen, "an address, such as \"tcp://127.0.0.1:5514\"", false,
        |text| text.parse::<Address>().map(drop).map_err(|error| error.to_string());
    /// A server to connect to.
    Connect, "the address of a server, such as \"tcp://127.0.0.1:5555\"", false,
        |text| match text.parse::<Address>() {
            Ok(Address::Tcp(..)) => Ok(()),
            Ok(_) => Err(format!("{text:?} is no server to connect to; write tcp://HOST:PORT")),
            Err(error) => Err(error.to_string()),
        };
    /// The file of a report, whose ending chooses the form.
    Report, "a file: .json, .csv or .txt", false,
        |text| match Path::new(text).extension().and_then(|ending| ending.to_str()) {
            Some("json" | "csv" | "txt") => Ok(()),
            _ => Err(format!("{text:?}: the ending chooses the form of the report; name it .json, .csv or .txt")),
        };
    /// The form of what is printed.
    Form, "\"text\" or \"json\"", false, |text| one_of(text, &["text", "json"]);
    /// When colours are used.
    Color, "\"auto\", \"always\" or \"never\"", false, |text| one_of(text, &["auto", "always", "never"]);
}

/// A text, or a number or a truth that is meant as one: librdkafka's settings are texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plain;

impl Kind for Plain {
    const EXPECTED: &'static str = "a text, a number, true or false";
    const IS_NUMBER: bool = true;
    const IS_TRUTH: bool = true;

    fn check(_: &str) -> Result<(), String> {
        Ok(())
    }
}

fn one_of(text: &str, names: &[&str]) -> Result<(), String> {
    match names.contains(&text) {
        true => Ok(()),
        false => Err(format!("{text:?} is none of {}", names.join(", "))),
    }
}

/// Several of a kind: a list, or one alone without brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Many<K>(pub Vec<Checked<K>>);

impl<'de, K: Kind> Deserialize<'de> for Many<K> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct OneOrMore<K>(PhantomData<K>);
        impl<'de, K: Kind> Visitor<'de> for OneOrMore<K> {
            type Value = Many<K>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}, or a list of such", K::EXPECTED)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Many<K>, E> {
                K::check(text).map_err(E::custom)?;
                Ok(Many(vec![Checked(text.to_owned(), PhantomData)]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Many<K>, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Many)
            }
        }
        from.deserialize_any(OneOrMore(PhantomData))
    }
}

/// How much is said, 0 to 2; true is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level(pub usize);

impl<'de> Deserialize<'de> for Level {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Written;
        impl Visitor<'_> for Written {
            type Value = Level;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false, 0, 1 or 2")
            }

            fn visit_bool<E: Error>(self, is_on: bool) -> Result<Level, E> {
                Ok(Level(usize::from(is_on)))
            }

            fn visit_u64<E: Error>(self, level: u64) -> Result<Level, E> {
                match level {
                    0..=2 => Ok(Level(level as usize)),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Unsigned(level), &self)),
                }
            }
        }
        from.deserialize_any(Written)
    }
}
