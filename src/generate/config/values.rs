//! Values that are checked as they are read, so that an error has the place of the value.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// A number with bounds.
macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $holds:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $name(pub f64);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let number = f64::deserialize(from)?;
                let holds: fn(f64) -> bool = $holds;
                if holds(number) {
                    Ok($name(number))
                } else {
                    Err(D::Error::custom(format!("{number} is not {}", $expected)))
                }
            }
        }
    };
}

number!(
    /// A share.
    Share, "a share, 0 to 1", |number| (0.0..=1.0).contains(&number)
);
number!(
    /// A weight, in proportion to the others.
    Weight, "a weight, 0 or more", |number| (0.0..=1e12).contains(&number)
);
number!(
    /// A number that is not negative and not huge: an exponent, a deviation.
    Small, "a number from 0 to 10", |number| (0.0..=10.0).contains(&number)
);
number!(
    /// Seconds.
    Seconds, "a time in seconds, more than 0", |number| number > 0.0 && number <= 1e9
);
number!(
    /// Seconds from a start.
    At, "a time in seconds, 0 or more", |number| (0.0..=1e9).contains(&number)
);
number!(
    /// How many times as much.
    Times, "a factor, more than 0", |number| number > 0.0 && number <= 1e6
);

/// A number of things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count(pub usize);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match u64::deserialize(from)? {
            count @ 1..=1_000_000 => Ok(Count(count as usize)),
            count => Err(D::Error::custom(format!("{count} is not a number of things, 1 to 1000000"))),
        }
    }
}

/// A text that stands in a line: neither empty nor with a line break in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(pub String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        text(String::deserialize(from)?).map(Text).map_err(D::Error::custom)
    }
}

fn text(text: String) -> Result<String, String> {
    match text.is_empty() || text.contains(['\n', '\r', '\0']) {
        true => {
            Err(format!("{text:?} cannot stand in a line: a text that is not empty, without line breaks, is expected"))
        }
        false => Ok(text),
    }
}

/// A target: it begins with a slash and has no spaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target(pub String);

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let target = String::deserialize(from)?;
        match target.starts_with('/')
            && target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
        {
            true => Ok(Target(target)),
            false => Err(D::Error::custom(format!("{target:?} is not a path as requests have it: /a/b?c=d, encoded"))),
        }
    }
}

/// A status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status(pub u16);

impl Status {
    pub fn parse(text: &str) -> Result<Status, String> {
        match text.parse() {
            Ok(status @ 100..=599) if text.len() == 3 => Ok(Status(status)),
            _ => Err(format!("{text:?} is not a status, 100 to 599")),
        }
    }
}

/// Keys of an object that are read as they are.
pub trait Key: Sized {
    fn key(text: String) -> Result<Self, String>;
}

impl Key for Status {
    fn key(text: String) -> Result<Status, String> {
        Status::parse(&text)
    }
}

impl Key for Text {
    fn key(key: String) -> Result<Text, String> {
        text(key).map(Text)
    }
}

/// An object of keys with their weights, in order; not empty, and not all zero.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights<K>(pub Vec<(K, f64)>);

impl<'de, K: Key> Deserialize<'de> for Weights<K> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Members<K>(PhantomData<K>);
        impl<'de, K: Key> Visitor<'de> for Members<K> {
            type Value = Weights<K>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with a weight for each key")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Weights<K>, A::Error> {
                let mut weights = Vec::new();
                while let Some(key) = map.next_key::<String>()? {
                    let key = K::key(key).map_err(A::Error::custom)?;
                    weights.push((key, map.next_value::<Weight>()?.0));
                }
                match weights.iter().map(|(_, weight)| weight).sum::<f64>() > 0.0 {
                    true => Ok(Weights(weights)),
                    false => Err(A::Error::custom("at least one weight must be more than 0")),
                }
            }
        }
        from.deserialize_map(Members(PhantomData))
    }
}
