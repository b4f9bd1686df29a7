//! A format string that writes a JSON object: which key holds what, for the JSON parser.
//!
//! ```text
//! {"time":"$time_iso8601","client":"$remote_addr","http":{"status":$status}}
//! time=time  client=client  status=http.status
//! ```
//!
//! Each known field must stand alone as a value, in quotes or as a number that is always there; else the line is matched
//! as the text that it is, since a value such as `-` without quotes is no JSON.

use super::compile::is_best;
use super::fuse::fuse;
use super::moment::Moment;
use super::part::{Field, Meaning, Part, Piece};
use crate::format::json::Json;
use crate::format::json_fields::{self, Key};
use crate::format::moment as moments;
use serde_json::Value;

/// Characters of a private-use plane stand for the fields while the string is read as JSON.
const FIRST: u32 = 0xf_0000;
/// More fields than that plane has characters are not looked for.
const FIELDS_MAX: usize = 0xffff;

/// The JSON format of a format string, if it writes an object and all that is known stands alone in it.
pub fn format(parts: &[Part], heartbeat: &[u8]) -> Option<Json> {
    let is_object = matches!(parts.first(), Some(Part::Literal(text)) if text.trim_ascii_start().starts_with(b"{"));
    if !is_object || parts.len() > FIELDS_MAX {
        return None;
    }
    let object: Value = serde_json::from_str(&template(parts)?).ok()?;
    let mut found = Vec::new();
    collect(&object, "", parts, &mut found)?;
    let fields: Vec<&Field> = found.iter().map(|(_, field)| field).collect();
    // The best key first, and the others for lines that lack it.
    let mut keys: Vec<(u8, Key<'_>)> = Vec::new();
    for (path, field) in &found {
        let (meaning, power) = json_field(field.meaning)?;
        let key = Key { path, field: meaning, power };
        keys.push((if is_best(field, &fields) { 0 } else { field.rank + 1 }, key));
    }
    keys.sort_by_key(|(rank, _)| *rank);
    let keys: Vec<Key<'_>> = keys.into_iter().map(|(_, key)| key).collect();
    if keys.is_empty() { None } else { Json::exactly(&keys, heartbeat).ok() }
}

/// The string as JSON text: a field in quotes is a character, one outside a string of one character.
fn template(parts: &[Part]) -> Option<String> {
    let (mut text, mut in_quotes) = (String::new(), false);
    for (at, part) in parts.iter().enumerate() {
        match part {
            Part::Literal(literal) => {
                let literal = std::str::from_utf8(literal).ok()?;
                let mut is_escaped = false;
                for c in literal.chars() {
                    in_quotes ^= c == '"' && !is_escaped;
                    is_escaped = c == '\\' && !is_escaped;
                }
                text.push_str(literal);
            }
            Part::Field(field) => {
                let stand_in = char::from_u32(FIRST + u32::try_from(at).ok()?)?;
                match in_quotes {
                    true => text.push(stand_in),
                    false if is_always_a_number(field.meaning) => text.extend(['"', stand_in, '"']),
                    false => return None,
                }
            }
        }
    }
    Some(text)
}

/// Whether a field is a number in every line, so that it may stand outside quotes.
fn is_always_a_number(meaning: Meaning) -> bool {
    matches!(
        meaning,
        Meaning::Status | Meaning::BytesSent | Meaning::BytesRead | Meaning::Latency(_) | Meaning::EpochTime
    ) || matches!(meaning, Meaning::Piece(Piece::Epoch | Piece::EpochMillis | Piece::EpochMicros))
}

/// The known fields below a value, with the paths to them; `None` where one does not stand alone.
fn collect(value: &Value, path: &str, parts: &[Part], found: &mut Vec<(String, Field)>) -> Option<()> {
    match value {
        Value::Object(keys) => keys.iter().try_for_each(|(key, value)| {
            // In a path dots and brackets mean steps; a whole key with dots is found at the top alone.
            let is_plain = !key.contains(['.', '[', ']']) && !key.is_empty();
            let below = match path {
                "" => key.clone(),
                path => format!("{path}.{key}"),
            };
            let mut inner = Vec::new();
            collect(value, &below, parts, &mut inner)?;
            let is_reached = inner.is_empty() || is_plain;
            found.append(&mut inner);
            is_reached.then_some(())
        }),
        Value::Array(elements) => elements
            .iter()
            .enumerate()
            .try_for_each(|(at, element)| collect(element, &format!("{path}[{at}]"), parts, found)),
        Value::String(text) => {
            let own = fuse(said(text, parts));
            match own.as_slice() {
                [part @ Part::Field(_)] if !is_known(part) => {}
                [Part::Field(field)] => found.push((path.to_string(), field.clone())),
                several => match as_time(several) {
                    Some(field) => found.push((path.to_string(), field)),
                    None if several.iter().any(is_known) => return None,
                    None => {}
                },
            }
            Some(())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Some(()),
    }
}

fn is_known(part: &Part) -> bool {
    let unknown = [Meaning::Unknown, Meaning::UnknownList, Meaning::Ident, Meaning::Port, Meaning::QueryMark];
    matches!(part, Part::Field(field) if !unknown.contains(&field.meaning))
}

/// The parts of a string value.
fn said(text: &str, parts: &[Part]) -> Vec<Part> {
    let mut own = super::part::Parts::default();
    for c in text.chars() {
        let at = (c as u32).checked_sub(FIRST).and_then(|at| parts.get(at as usize));
        match at {
            Some(Part::Field(field)) => own.field(field.meaning, field.rank, field.at.clone()),
            _ => own.literal(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    own.0
}

/// A value that is a time in pieces, if the JSON parser reads it so.
fn as_time(parts: &[Part]) -> Option<Field> {
    let mut example = Vec::new();
    let mut moment = Moment::default();
    let mut place = None;
    for part in parts {
        match part {
            Part::Literal(text) => example.extend_from_slice(text),
            Part::Field(Field { meaning: Meaning::Piece(piece), at, .. }) => {
                let text = piece.example();
                moment.take(*piece, text)?;
                example.extend_from_slice(text);
                place.get_or_insert(at.clone());
            }
            Part::Field(_) => return None,
        }
    }
    let is_read = moment.time().is_some() && moments::any(&example) == moment.time();
    is_read.then(|| Field { meaning: Meaning::IsoTime, rank: 0, at: place.unwrap_or_default() })
}

/// What the JSON parser calls a field, and the power of ten from a duration to microseconds; `None` where it has no such
/// field.
fn json_field(meaning: Meaning) -> Option<(json_fields::Field, i32)> {
    use json_fields::Field;
    Some(match meaning {
        Meaning::ClfTime | Meaning::IsoTime | Meaning::EpochTime => (Field::Time, 0),
        Meaning::Piece(Piece::Epoch | Piece::EpochMillis | Piece::EpochMicros) => (Field::Time, 0),
        Meaning::Client | Meaning::ClientPort => (Field::Client, 0),
        Meaning::User => (Field::User, 0),
        Meaning::Vhost | Meaning::VhostPort => (Field::Vhost, 0),
        Meaning::Request => (Field::Request, 0),
        Meaning::Method => (Field::Method, 0),
        Meaning::Target | Meaning::Path => (Field::Target, 0),
        Meaning::Protocol => (Field::Protocol, 0),
        Meaning::Status => (Field::Status, 0),
        Meaning::BytesSent => (Field::BytesSent, 0),
        Meaning::BytesRead => (Field::BytesRead, 0),
        Meaning::Latency(power) => (Field::Latency, power.into()),
        Meaning::Latencies | Meaning::LatencyMillis | Meaning::LatenciesMillis => (Field::Latency, 6),
        Meaning::Referrer => (Field::Referrer, 0),
        Meaning::Agent => (Field::Agent, 0),
        Meaning::Unknown
        | Meaning::UnknownList
        | Meaning::Ident
        | Meaning::Port
        | Meaning::QueryMark
        | Meaning::Query
        | Meaning::Piece(_) => return None,
    })
}
