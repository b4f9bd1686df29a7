//! Parts -> program: which fields count, how each one ends, and whether a line can be told apart at all.

use super::Style;
use super::fuse::fuse;
use super::part::{Field, Meaning, Part, Piece};
use super::program::{Program, Step};
use super::shape::{Shape, Start};
use crate::text_error::TextError;

/// The program of the parts of the format string `text`.
pub fn compile(text: &str, parts: Vec<Part>, style: Style, heartbeat: &[u8]) -> Result<Program, TextError> {
    let parts = fuse(parts);
    let fields: Vec<&Field> = fields(&parts).collect();
    if fields.iter().all(|field| slot(field.meaning).is_none()) {
        let help = "a format string has directives such as %h %t \"%r\" %>s, or variables such as $remote_addr $status";
        return Err(TextError::new(text, 0..text.len(), "no field is known in this format string", help));
    }
    let mut start: Box<[u8]> = Box::default();
    let mut steps: Vec<Step> = Vec::with_capacity(fields.len());
    for (at, part) in parts.iter().enumerate() {
        match (part, steps.last_mut()) {
            (Part::Literal(literal), None) => start = literal.as_slice().into(),
            (Part::Literal(literal), Some(step)) => step.until = literal.as_slice().into(),
            (Part::Field(field), _) => {
                let before = at.checked_sub(1).and_then(|before| parts.get(before));
                let shape = shape(field.meaning, before, &parts[at + 1..], style).ok_or_else(|| {
                    let help =
                        "nothing tells where the first one ends; both together need text between them, as in %h %u";
                    TextError::new(text, field.at.start..after(&parts[at + 1..], field), "two fields touch", help)
                })?;
                // What tells a format of nginx is looked at even if it is not counted.
                let is_told = field.meaning == Meaning::LatenciesMillis || is_best(field, &fields);
                let meaning = if is_told { field.meaning } else { Meaning::Unknown };
                steps.push(Step { shape, meaning, until: Box::default(), next: Start::Any });
            }
        }
    }
    let starts: Vec<Start> = steps.iter().skip(1).map(|step| start_of(step.shape, step.meaning)).collect();
    for (step, next) in steps.iter_mut().zip(starts) {
        step.next = next;
    }
    let has_moment = makes_a_time(&fields) && !steps.iter().any(|step| slot(step.meaning) == Some(Slot::Time));
    Ok(Program { name: text.trim().to_string(), heartbeat: heartbeat.to_vec(), start, steps, style, has_moment })
}

fn fields(parts: &[Part]) -> impl Iterator<Item = &Field> {
    parts.iter().filter_map(|part| match part {
        Part::Field(field) => Some(field),
        Part::Literal(_) => None,
    })
}

/// Where the field ends that touches `field`.
fn after(parts: &[Part], field: &Field) -> usize {
    fields(parts).next().map_or(field.at.end, |next| next.at.end.max(field.at.end))
}

/// What of a record a field fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Time,
    Moment,
    Client,
    User,
    Vhost,
    Method,
    Target,
    Query,
    Protocol,
    Request,
    Status,
    BytesSent,
    BytesRead,
    Latency,
    Referrer,
    Agent,
}

fn slot(meaning: Meaning) -> Option<Slot> {
    Some(match meaning {
        Meaning::Unknown | Meaning::UnknownList | Meaning::Ident | Meaning::Port | Meaning::QueryMark => return None,
        Meaning::Client | Meaning::ClientPort => Slot::Client,
        Meaning::User => Slot::User,
        Meaning::Vhost | Meaning::VhostPort => Slot::Vhost,
        Meaning::Request => Slot::Request,
        Meaning::Method => Slot::Method,
        Meaning::Target | Meaning::Path => Slot::Target,
        Meaning::Query => Slot::Query,
        Meaning::Protocol => Slot::Protocol,
        Meaning::Status => Slot::Status,
        Meaning::BytesSent => Slot::BytesSent,
        Meaning::BytesRead => Slot::BytesRead,
        Meaning::Latency(_) | Meaning::Latencies | Meaning::LatencyMillis | Meaning::LatenciesMillis => Slot::Latency,
        Meaning::Referrer => Slot::Referrer,
        Meaning::Agent => Slot::Agent,
        Meaning::ClfTime | Meaning::IsoTime | Meaning::EpochTime => Slot::Time,
        Meaning::Piece(_) => Slot::Moment,
    })
}

/// Whether a field is the one of its kind that counts.
pub fn is_best(field: &Field, fields: &[&Field]) -> bool {
    let Some(own) = slot(field.meaning) else { return false };
    let same = || fields.iter().filter(|other| slot(other.meaning) == Some(own));
    let has = |wanted: Slot| fields.iter().any(|other| slot(other.meaning) == Some(wanted));
    let is_first = || {
        let best = same().map(|other| other.rank).min();
        same().find(|other| Some(other.rank) == best).is_some_and(|best| std::ptr::eq(*best, field))
    };
    match own {
        Slot::Moment => true,
        // A request line says what its parts say.
        Slot::Method | Slot::Target | Slot::Protocol => !has(Slot::Request) && is_first(),
        // A query is joined to a path that has none.
        Slot::Query => {
            let whole = |other: &&Field| matches!(other.meaning, Meaning::Target | Meaning::Request);
            !fields.iter().any(whole) && has(Slot::Target) && is_first()
        }
        _ => is_first(),
    }
}

/// Whether pieces of a time are enough for one.
fn makes_a_time(fields: &[&Field]) -> bool {
    let has = |wanted: &[Piece]| {
        let is_wanted = |field: &&Field| matches!(field.meaning, Meaning::Piece(piece) if wanted.contains(&piece));
        fields.iter().any(is_wanted)
    };
    let has_month = has(&[Piece::Month, Piece::MonthName, Piece::MonthWord]);
    let has_day = has(&[Piece::DayOfYear]) || has_month && has(&[Piece::Day]);
    has(&[Piece::Epoch, Piece::EpochMillis, Piece::EpochMicros]) || has(&[Piece::Year, Piece::YearOfCentury]) && has_day
}

/// How a field ends between what stands before and behind it; `None` where nothing tells.
fn shape(meaning: Meaning, before: Option<&Part>, behind: &[Part], style: Style) -> Option<Shape> {
    match meaning {
        Meaning::ClfTime => return Some(Shape::ClfTime),
        Meaning::Piece(piece) => return Some(Shape::Piece(piece)),
        _ => {}
    }
    let until: &[u8] = match behind.first() {
        None => b"",
        Some(Part::Literal(until)) => until,
        // A host ends where a path begins.
        Some(Part::Field(next)) => {
            let is_url = meaning == Meaning::Vhost && matches!(next.meaning, Meaning::Target | Meaning::Path);
            return is_url.then_some(Shape::Host(b'/'));
        }
    };
    let is_quote = |part: Option<&Part>| matches!(part, Some(Part::Literal(text)) if text.ends_with(b"\""));
    if is_quote(before) && until.starts_with(b"\"") {
        return Some(if style.has_escapes { Shape::Quoted } else { Shape::Text });
    }
    let end = until.first().copied().unwrap_or(b' ');
    Some(match meaning {
        Meaning::Client | Meaning::ClientPort => Shape::Client(end),
        Meaning::Vhost | Meaning::VhostPort => Shape::Host(end),
        Meaning::UnknownList | Meaning::Latencies | Meaning::LatenciesMillis => Shape::List(end),
        Meaning::Ident
        | Meaning::Port
        | Meaning::Method
        | Meaning::Protocol
        | Meaning::Status
        | Meaning::BytesSent
        | Meaning::BytesRead
        | Meaning::Latency(_)
        | Meaning::LatencyMillis
        | Meaning::IsoTime
        | Meaning::EpochTime => Shape::Word(end),
        _ if until.is_empty() => Shape::Rest,
        _ => Shape::Text,
    })
}

/// What the start of a field looks like.
fn start_of(shape: Shape, meaning: Meaning) -> Start {
    match (shape, meaning) {
        (Shape::ClfTime, _) => Start::ClfTime,
        (Shape::Quoted, _) => Start::Any,
        (_, Meaning::Status | Meaning::IsoTime | Meaning::EpochTime) => Start::Digit,
        (_, Meaning::BytesSent | Meaning::BytesRead | Meaning::Latency(_) | Meaning::LatencyMillis) => Start::Number,
        (_, Meaning::Protocol) => Start::Protocol,
        (Shape::Piece(piece), _) if !matches!(piece, Piece::MonthName | Piece::MonthWord | Piece::Word) => {
            match piece {
                Piece::Day | Piece::Hour | Piece::HalfDayHour | Piece::HalfDay | Piece::Offset => Start::Any,
                _ => Start::Digit,
            }
        }
        _ => Start::Any,
    }
}
