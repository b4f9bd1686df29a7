//! A record of a test, from its fields as they are written.

use super::Rules;
use super::file::Series;
use crate::filter::units;
use crate::format::record::{Access, ErrorEntry, Level, NONE, Time};
use std::collections::BTreeMap;

/// What passes at each instant of a series.
pub enum Made {
    /// A sign of life.
    Heartbeat,
    /// A request.
    Request(Request),
    /// An entry of an error log.
    Entry(Entry),
}

/// The fields of a request.
#[derive(Default)]
pub struct Request {
    texts: BTreeMap<&'static str, Vec<u8>>,
    status: Option<u16>,
    bytes: Option<u64>,
    bytes_read: Option<u64>,
    latency_micros: Option<u64>,
}

/// The fields of an entry.
pub struct Entry {
    level: Level,
    texts: BTreeMap<&'static str, Vec<u8>>,
}

/// Fields of text, by their names in filters.
const OF_REQUEST: [&str; 8] = ["client", "user", "vhost", "method", "path", "protocol", "referrer", "agent"];
const OF_ENTRY: [&str; 3] = ["client", "module", "message"];

impl Made {
    /// What a series says.
    ///
    /// # Errors
    /// The field that is wrong, and what would be right.
    pub fn new(series: &Series) -> Result<Made, String> {
        let fields = &series.record;
        if series.heartbeat {
            return match fields.is_empty() {
                true => Ok(Made::Heartbeat),
                false => Err("a sign of life has no fields; leave out \"record\"".to_string()),
            };
        }
        if fields.contains_key("level") || fields.contains_key("message") {
            let (mut level, mut texts) = (Level::Error, BTreeMap::new());
            for (name, text) in fields {
                match OF_ENTRY.iter().find(|of| *of == name) {
                    Some(of) => _ = texts.insert(*of, text.0.clone().into_bytes()),
                    None if name == "level" => {
                        let named = Level::ALL.iter().find(|level| level.name().eq_ignore_ascii_case(&text.0));
                        let names = || Level::ALL.map(|level| level.name()).join(", ");
                        level = *named.ok_or_else(|| format!("level: {:?} is none of {}", text.0, names()))?;
                    }
                    None => return Err(unknown(name, &["level"], &OF_ENTRY)),
                }
            }
            return Ok(Made::Entry(Entry { level, texts }));
        }
        let mut request = Request::default();
        for (name, text) in fields {
            let wrong = |what: &str| format!("{name}: {:?} is no {what}", text.0);
            let number = || text.0.parse::<u64>().map_err(|_| wrong("number"));
            match name.as_str() {
                "status" => request.status = Some(text.0.parse().map_err(|_| wrong("status"))?),
                "bytes" => request.bytes = Some(number()?),
                "bytes_read" => request.bytes_read = Some(number()?),
                "latency" => {
                    let span = units::duration_or_seconds(&text.0).map_err(|error| format!("latency: {error}"))?;
                    request.latency_micros = u64::try_from(span.as_micros()).ok();
                }
                other => match OF_REQUEST.iter().find(|of| **of == other) {
                    Some(of) => _ = request.texts.insert(of, text.0.clone().into_bytes()),
                    None => return Err(unknown(name, &["status", "bytes", "bytes_read", "latency"], &OF_REQUEST)),
                },
            }
        }
        Ok(Made::Request(request))
    }

    /// Lets it pass at an instant, in milliseconds.
    pub fn pass(&self, at: i64, rules: &mut Rules) {
        let time = Time {
            wall_seconds: at.div_euclid(1000),
            offset_seconds: 0,
            nanos: (at.rem_euclid(1000) * 1_000_000) as u32,
        };
        match self {
            Made::Heartbeat => rules.beat(at),
            Made::Request(request) => {
                let text = |name: &str| request.texts.get(name).map_or(NONE, Vec::as_slice);
                let absent = Access::default();
                let access = Access {
                    time,
                    client: text("client"),
                    user: text("user"),
                    vhost: text("vhost"),
                    method: text("method"),
                    target: text("path"),
                    protocol: text("protocol"),
                    referrer: text("referrer"),
                    agent: text("agent"),
                    status: request.status.unwrap_or(absent.status),
                    bytes_sent: request.bytes,
                    bytes_read: request.bytes_read,
                    latency_micros: request.latency_micros,
                };
                rules.see(&access, at);
            }
            Made::Entry(entry) => {
                let text = |name: &str| entry.texts.get(name).map_or(NONE, Vec::as_slice);
                let entry = ErrorEntry {
                    time: Some(time),
                    level: entry.level,
                    module: text("module"),
                    client: text("client"),
                    message: text("message"),
                };
                rules.see(&entry, at);
            }
        }
    }
}

fn unknown(name: &str, others: &[&str], texts: &[&str]) -> String {
    format!("{name}: no field of a record has this name; there are {}, {}", others.join(", "), texts.join(", "))
}
