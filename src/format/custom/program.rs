//! A compiled format string: what is done with a line, step by step.

use super::Style;
use super::moment::Moment;
use super::part::Meaning;
use super::shape::{self, CLF_TIME_BYTES, Shape, Start};
use crate::format::clf::EMPTY_USER;
use crate::format::fast::Fast;
use crate::format::record::{Access, NONE, Parsed, Reason, Time};
use crate::format::value::{self, or_none};
use crate::format::{LineFormat, client, framed, moment, request, time, w3c_text};
use bumpalo::Bump;

/// The lines of one format string.
#[derive(Clone, Debug)]
pub struct Program {
    pub(super) name: String,
    pub(super) heartbeat: Vec<u8>,
    /// What every line begins with.
    pub(super) start: Box<[u8]>,
    pub(super) steps: Vec<Step>,
    pub(super) style: Style,
    /// Whether the pieces of a time make one.
    pub(super) has_moment: bool,
}

/// One field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub shape: Shape,
    /// What its text is taken for.
    pub meaning: Meaning,
    /// What stands behind it.
    pub until: Box<[u8]>,
    /// How the field behind that begins.
    pub next: Start,
}

/// What a line has said so far.
struct Found<'line, 'record> {
    access: &'record mut Access<'line>,
    time: Option<Time>,
    moment: Moment,
    query: &'line [u8],
}

impl Program {
    /// Whether both read the same lines in the same way.
    pub(super) fn is_same(&self, other: &Program) -> bool {
        (&self.start, &self.steps, self.style) == (&other.start, &other.steps, other.style)
    }

    /// What this program does behind a line of `head`, where it begins with all that `head` does.
    pub(super) fn behind(&self, head: &Program) -> Option<Program> {
        let (own_last, own) = self.steps.get(..head.steps.len())?.split_last()?;
        let (last, steps) = head.steps.split_last()?;
        let is_same = (&self.start, own, self.style) == (&head.start, steps, head.style)
            && (own_last.shape, own_last.meaning) == (last.shape, last.meaning);
        let start = own_last.until.strip_prefix(&*last.until)?;
        let steps = &self.steps[head.steps.len()..];
        // Of a record that stands already neither the request nor the time may change.
        let adds = |step: &Step| {
            use Meaning::*;
            matches!(
                step.meaning,
                Unknown
                    | UnknownList
                    | BytesRead
                    | Latency(_)
                    | Latencies
                    | LatencyMillis
                    | LatenciesMillis
                    | Port
                    | Ident
            )
        };
        (is_same && !self.has_moment && steps.iter().all(adds)).then(|| Program {
            start: start.into(),
            steps: steps.to_vec(),
            ..self.clone()
        })
    }

    /// One record, and the text behind it.
    fn record<'line>(&self, line: &'line [u8], scratch: &'line Bump) -> Result<(Parsed<'line>, &'line [u8]), Reason> {
        let mut access = Access::default();
        let mut found = Found { access: &mut access, time: None, moment: Moment::default(), query: NONE };
        let Some(rest) = self.read(line, &mut found)? else {
            // A time behind the request was not read yet.
            return Ok((Parsed::Heartbeat(self.time(&found).unwrap_or_default()), &[]));
        };
        if found.query != NONE {
            found.access.target = w3c_text::join(found.access.target, found.query, scratch);
        }
        let parsed = match self.time(&found)? {
            Some(time) => Parsed::Access(Access { time, ..access }, 0),
            None => Parsed::Untimed(access, 0),
        };
        Ok((parsed, rest))
    }

    /// Adds to a record what the text behind it says; returns what is left of the text. Where that does not fit, the record
    /// may have some of it.
    pub fn add<'line>(&self, text: &'line [u8], access: &mut Access<'line>) -> Result<&'line [u8], Reason> {
        let mut found = Found { access, time: None, moment: Moment::default(), query: NONE };
        Ok(self.read(text, &mut found)?.unwrap_or_default())
    }

    fn time(&self, found: &Found<'_, '_>) -> Result<Option<Time>, Reason> {
        if found.time.is_none() && self.has_moment {
            return found.moment.time().map(Some).ok_or(Reason::Time);
        }
        Ok(found.time)
    }

    /// Runs the steps; `None` once the request is the sign of life.
    #[inline]
    fn read<'line>(&self, line: &'line [u8], found: &mut Found<'line, '_>) -> Result<Option<&'line [u8]>, Reason> {
        let mut rest = line.strip_prefix(&*self.start).ok_or(Reason::Shape)?;
        for (at, step) in self.steps.iter().enumerate() {
            let (text, behind) = self.split(at, step, rest, found)?;
            if step.meaning == Meaning::Request && !text.is_empty() && text == self.heartbeat {
                return Ok(None);
            }
            self.take(step.meaning, text, found)?;
            rest = literal(behind, &step.until)?;
        }
        Ok(Some(rest))
    }

    /// The text of a field, and what is behind it.
    #[inline]
    fn split<'line>(
        &self,
        at: usize,
        step: &Step,
        rest: &'line [u8],
        found: &mut Found<'line, '_>,
    ) -> Result<(&'line [u8], &'line [u8]), Reason> {
        let has_escapes = self.style.has_escapes;
        let is_next = |behind: &[u8]| {
            let until = self.steps.get(at + 1).map_or(&[][..], |next| &next.until);
            step.next.is_at(behind, until)
        };
        let (length, is_word) = match step.shape {
            Shape::Quoted => (shape::quoted(rest)?, false),
            Shape::Word(end) => (shape::word(rest, end, has_escapes)?, true),
            Shape::Host(end) => (shape::host(rest, end, has_escapes)?, true),
            Shape::Client(end) => (shape::client(rest, end, has_escapes)?, true),
            Shape::List(end) => (shape::list(rest, end), true),
            Shape::Text => (shape::text(rest, &step.until, has_escapes, is_next, step.next)?, false),
            Shape::Rest => (rest.len(), false),
            Shape::ClfTime => (CLF_TIME_BYTES, false),
            Shape::Piece(piece) => {
                let behind = found.moment.take(piece, rest).ok_or(Reason::Time)?;
                return Ok((&[], behind));
            }
        };
        if length == 0 && is_word && !self.style.may_be_empty {
            return Err(match step.meaning {
                Meaning::Client | Meaning::ClientPort | Meaning::Vhost | Meaning::VhostPort => Reason::Client,
                _ if rest.is_empty() => Reason::Cut,
                _ => Reason::Shape,
            });
        }
        rest.split_at_checked(length).ok_or(Reason::Time)
    }

    /// Notes what a field says.
    #[inline]
    fn take<'line>(&self, meaning: Meaning, text: &'line [u8], found: &mut Found<'line, '_>) -> Result<(), Reason> {
        let access = &mut *found.access;
        match meaning {
            Meaning::Unknown
            | Meaning::UnknownList
            | Meaning::Ident
            | Meaning::Port
            | Meaning::QueryMark
            | Meaning::Piece(_) => {}
            Meaning::Client => access.client = client::normalise(text),
            Meaning::ClientPort => access.client = client::with_port(text),
            Meaning::User => access.user = if text == EMPTY_USER { NONE } else { or_none(text) },
            Meaning::Vhost => access.vhost = value::host(text),
            Meaning::VhostPort => access.vhost = value::before_port(text).ok_or(Reason::Client)?,
            Meaning::Request => {
                let taken = request::take_apart(text);
                (access.method, access.target, access.protocol) = (taken.method, taken.target, taken.protocol);
            }
            Meaning::Method => access.method = or_none(text),
            Meaning::Target | Meaning::Path => access.target = or_none(text),
            Meaning::Query => found.query = or_none(text),
            Meaning::Protocol => access.protocol = or_none(text),
            Meaning::Status => access.status = value::status(text)?,
            Meaning::BytesSent => access.bytes_sent = value::bytes(text)?,
            Meaning::BytesRead => access.bytes_read = value::bytes(text)?,
            Meaning::Latency(power) => access.latency_micros = value::latency_micros(text, power.into())?,
            Meaning::Latencies => access.latency_micros = value::latencies_micros(text, 6)?,
            Meaning::LatencyMillis => access.latency_micros = Some(value::nginx_micros(text).ok_or(Reason::Latency)?),
            Meaning::LatenciesMillis => {
                // Nothing but such times, and a dash where nothing was asked. The request's own time goes before.
                let is_one = |text: &[u8]| matches!(text, b"" | b"-") || value::nginx_micros(text).is_some();
                if !value::listed(text).all(is_one) {
                    return Err(Reason::Latency);
                }
                access.latency_micros = access.latency_micros.or(value::latencies_micros(text, 6)?);
            }
            Meaning::Referrer => access.referrer = or_none(text),
            Meaning::Agent => access.agent = or_none(text),
            Meaning::ClfTime => found.time = Some(time::clf(text).ok_or(Reason::Time)?),
            Meaning::IsoTime => found.time = Some(moment::iso(text).ok_or(Reason::Time)?),
            Meaning::EpochTime => found.time = Some(moment::epoch(text).ok_or(Reason::Time)?),
        }
        Ok(())
    }
}

impl LineFormat for Program {
    fn name(&self) -> &str {
        &self.name
    }

    fn fast(&self) -> Option<Fast> {
        super::behind_standard(self)
    }

    fn parse<'line>(&self, line: &'line [u8], scratch: &'line Bump) -> Parsed<'line> {
        framed::parse(line, scratch, |text| self.record(text, scratch))
    }
}

/// What is behind a literal text.
#[inline]
fn literal<'line>(text: &'line [u8], literal: &[u8]) -> Result<&'line [u8], Reason> {
    match (literal, text) {
        ([], text) => Ok(text),
        ([one], [first, behind @ ..]) if one == first => Ok(behind),
        (literal, text) => match text.strip_prefix(literal) {
            Some(behind) => Ok(behind),
            None => Err(if literal.starts_with(text) { Reason::Cut } else { Reason::Shape }),
        },
    }
}
