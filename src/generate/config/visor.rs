//! Visor's own configuration, `fake_log_gen.json`, as its users have it: numbers may be texts, and bounds may be reversed.

use super::super::settings::{Heartbeat, World};
use super::super::visor::{Access, Level, Visor};
use super::own::nanos;
use super::values::{Status, Target, Text};
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use std::fmt;

/// Keys by which it is told.
pub const KEYS: [&str; 4] = ["access", "info", "warn", "error"];

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    heartbeat: Option<Beat>,
    access: Option<AccessLines>,
    info: Option<Lines>,
    warn: Option<Lines>,
    error: Option<Lines>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Beat {
    interval: Interval,
    message: Text,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, try_from = "AccessFields")]
struct AccessLines(Access);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccessFields {
    interval: MinMax,
    #[serde(default)]
    user_id: Vec<Text>,
    method: Some<Text>,
    method_dist: Some<Number>,
    code: Some<Code>,
    code_dist: Some<Number>,
    resource: Some<Target>,
    version: Some<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MinMax {
    min: Number,
    max: Number,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lines {
    interval: Phases,
    message: Some<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Phases {
    normal: Some<[Number; 2]>,
    #[serde(default)]
    peak: Vec<[Number; 2]>,
}

/// A list that is not empty.
#[derive(Debug)]
struct Some<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Some<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let list = Vec::deserialize(from)?;
        match list.is_empty() {
            true => Err(D::Error::custom("the list is empty; at least one is expected")),
            false => Ok(Some(list)),
        }
    }
}

/// A number that is not negative, or a text of one.
#[derive(Clone, Copy, Debug)]
struct Number(f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Loose;
        impl Visitor<'_> for Loose {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or a number in quotes")
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Number, E> {
                match (0.0..=1e9).contains(&number) {
                    true => Ok(Number(number)),
                    false => Err(E::custom(format!("{number} is not a number from 0 to a milliard"))),
                }
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Number, E> {
                self.visit_f64(number as f64)
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Number, E> {
                self.visit_f64(number as f64)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
                match text.trim().parse() {
                    Ok(number) => self.visit_f64(number),
                    Err(_) => Err(E::custom(format!("{text:?} is not a number"))),
                }
            }
        }
        from.deserialize_any(Loose)
    }
}

/// Seconds from one line to the next, more than none.
#[derive(Clone, Copy, Debug)]
struct Interval(f64);

impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Number::deserialize(from)? {
            Number(seconds) if seconds > 0.0 => Ok(Interval(seconds)),
            Number(seconds) => Err(D::Error::custom(format!("{seconds} is not an interval in seconds, more than 0"))),
        }
    }
}

/// A status, as number or text.
#[derive(Clone, Copy, Debug)]
struct Code(u16);

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Number(number) = Number::deserialize(from)?;
        Status::parse(&number.to_string()).map(|status| Code(status.0)).map_err(D::Error::custom)
    }
}

/// The lesser first, whatever the order.
fn bounds(one: Number, other: Number) -> (f64, f64) {
    (one.0.min(other.0), one.0.max(other.0))
}

impl TryFrom<AccessFields> for AccessLines {
    type Error = String;

    fn try_from(fields: AccessFields) -> Result<AccessLines, String> {
        fn paired<T, U>(
            what: &str,
            values: Vec<T>,
            shares: &[Number],
            value: fn(T) -> U,
        ) -> Result<Vec<(U, f64)>, String> {
            if values.len() != shares.len() {
                let (values, shares) = (values.len(), shares.len());
                return Err(format!(
                    "{what} has {values} values and {what}_dist {shares} shares; one share a value is expected"
                ));
            }
            if shares.iter().map(|share| share.0).sum::<f64>() <= 0.0 {
                return Err(format!("{what}_dist has no share that is more than 0"));
            }
            Ok(values.into_iter().map(value).zip(shares.iter().map(|share| share.0)).collect())
        }
        let texts = |texts: Vec<Text>| texts.into_iter().map(|text| text.0).collect();
        Ok(AccessLines(Access {
            interval: bounds(fields.interval.min, fields.interval.max),
            users: texts(fields.user_id),
            methods: paired("method", fields.method.0, &fields.method_dist.0, |method| method.0)?,
            codes: paired("code", fields.code.0, &fields.code_dist.0, |code| code.0)?,
            resources: fields.resource.0.into_iter().map(|target| target.0).collect(),
            versions: texts(fields.version.0),
        }))
    }
}

impl File {
    /// The world that it describes.
    pub fn world(self) -> World {
        let levels = [("INFO", self.info), ("WARNING", self.warn), ("ERROR", self.error)];
        let pairs = |pairs: Vec<[Number; 2]>| pairs.into_iter().map(|[one, other]| bounds(one, other)).collect();
        let level = |(name, lines): (&'static str, Option<Lines>)| {
            lines.map(|lines| Level {
                name,
                normal: pairs(lines.interval.normal.0),
                peak: pairs(lines.interval.peak),
                messages: lines.message.0.into_iter().map(|message| message.0).collect(),
            })
        };
        let visor = Visor {
            heartbeat: self
                .heartbeat
                .map(|beat| Heartbeat { interval_nanos: nanos(beat.interval.0), message: beat.message.0 }),
            access: self.access.map(|access| access.0),
            levels: levels.into_iter().filter_map(level).collect(),
        };
        // Each line is one of those that are configured.
        World { visor: Option::Some(visor), odd: Vec::new(), ..World::default() }
    }
}
