//! JSON lines: one object a line, its wanted keys taken in one pass.
//!
//! One set of names, [`super::json_fields::KNOWN`], reads what Caddy, Traefik and nginx (`escape=json`) write; a user's
//! `json:field=key,...` replaces the known names of the fields it maps.
//!
//! A line is a request where it has a status, or a method, target or request line, unless it has a message and not
//! both of these; else it is an entry of an error log where it has a level or a message. Caddy repeats a request in
//! the lines of its loggers `http.log.error...` and `http.handlers...`: those are entries, or it would count twice.
//!
//! Numbers stand for numbers: the JSON number 0 is the status 000, which Caddy writes when a client went away. Texts
//! stand for texts: a status in quotes has exactly three digits. A key that is `null`, empty or `-` is absent. A value
//! of a wrong kind (an object where a name is expected) is absent where the key is a known name, and makes the line
//! malformed where the user mapped it. Of equal keys the last one that is not absent counts.
//!
//! A short prefix that ends in `|` is skipped (docker compose writes `caddy  | {...}`). Objects that follow the first
//! one are glued records; other text behind it is passed over.

use super::fast::Fast;
use super::json_fields::{Field, KNOWN, Key, mapping};
use super::json_paths::Paths;
use super::json_text::unescape;
use super::json_walk::{Value, space, walk};
use super::record::{Access, ErrorEntry, Level, NO_STATUS, NONE, Parsed, Reason, Time};
use super::{LineFormat, clf, client, decimal, moment, request, value};
use bumpalo::Bump;

/// A line of Caddy for `visor-fast formats`.
pub const EXAMPLE: &str = concat!(
    r#"{"level":"info","ts":1761019828.6153953,"logger":"http.log.access","msg":"handled request","#,
    r#""request":{"remote_ip":"192.0.2.1","proto":"HTTP/2.0","method":"GET","host":"www.example.org","uri":"/a","#,
    r#""headers":{"User-Agent":["curl/8.5.0"]}},"bytes_read":0,"duration":0.001674508,"size":2326,"status":200}"#
);

/// The longest prefix that is skipped, in bytes.
const PREFIX_MAX: usize = 128;

/// JSON lines with a set of wanted keys.
#[derive(Clone, Debug)]
pub struct Json {
    heartbeat: Vec<u8>,
    paths: Paths,
    /// What is done with the value of each path.
    leaves: Vec<Leaf>,
    /// Whether every line is a request, though it may lack what tells one from an entry of an error log.
    requests_alone: bool,
}

#[derive(Clone, Copy, Debug)]
struct Leaf {
    field: Field,
    power: i32,
    is_mapped: bool,
}

impl Json {
    /// The known names; a request or message that is exactly `heartbeat` is a sign of life.
    pub fn new(heartbeat: &[u8]) -> Json {
        Json::compile(KNOWN, 0, heartbeat).expect("the known names are paths; a test compiles them")
    }

    /// With a user's keys, `field=key` with commas between, for the fields that they name, and the known names for the
    /// others. Of several keys for a field the first one that a line has is taken.
    pub fn mapped(mappings: &str, heartbeat: &[u8]) -> Result<Json, String> {
        let mut keys = mappings.split(',').map(mapping).collect::<Result<Vec<Key>, String>>()?;
        for (at, key) in keys.iter().enumerate() {
            if keys.iter().take(at).any(|earlier| earlier.path == key.path) {
                return Err(format!("the key {:?} is mapped twice", key.path));
            }
        }
        let mapped = keys.len();
        let maps = |field: Field| keys.iter().any(|key| key.field == field);
        // A request line and its parts are two ways to say the same.
        let is_left = |known: &&Key| match known.field {
            Field::Request => !maps(Field::Request) && !maps(Field::Method) && !maps(Field::Target),
            Field::Method | Field::Target | Field::Protocol => !maps(Field::Request) && !maps(known.field),
            field => !maps(field),
        };
        let known: Vec<Key> = KNOWN.iter().filter(is_left).copied().collect();
        keys.extend(known);
        Json::compile(&keys, mapped, heartbeat)
    }

    /// With these keys and no others, in a log that has requests alone. Of several keys for a field the first one that a
    /// line has is taken.
    pub(super) fn exactly(keys: &[Key], heartbeat: &[u8]) -> Result<Json, String> {
        Ok(Json { requests_alone: true, ..Json::compile(keys, keys.len(), heartbeat)? })
    }

    /// The first `mapped` of the keys are the user's.
    fn compile(keys: &[Key], mapped: usize, heartbeat: &[u8]) -> Result<Json, String> {
        if keys.len() > usize::from(u8::MAX) {
            return Err(format!("{} keys are looked for, but at most {} can be", keys.len(), u8::MAX));
        }
        let leaf = |(at, key): (usize, &Key)| Leaf { field: key.field, power: key.power, is_mapped: at < mapped };
        Ok(Json {
            heartbeat: heartbeat.to_vec(),
            paths: Paths::compile(keys.iter().map(|key| key.path))?,
            leaves: keys.iter().enumerate().map(leaf).collect(),
            requests_alone: false,
        })
    }

    /// The wanted keys.
    pub(super) fn paths(&self) -> &Paths {
        &self.paths
    }

    /// The record of the object that starts at `start`, and where the object ends.
    fn record<'line>(
        &self,
        line: &'line [u8],
        start: usize,
        scratch: &'line Bump,
    ) -> Result<(Parsed<'line>, usize), Reason> {
        let mut found = Found::new(self, scratch);
        let end = walk(line, start, &self.paths, scratch, |rank, value| found.take(rank, value));
        let end = end.filter(|_| !found.is_wrong).ok_or(Reason::Json)?;
        let time = found.time()?;
        let parsed = if found.is_alive() {
            Parsed::Heartbeat(time)
        } else if self.requests_alone || found.is_request() {
            let access = found.access(self.requests_alone)?;
            match time {
                Some(time) => Parsed::Access(Access { time, ..access }, 0),
                None => Parsed::Untimed(access, 0),
            }
        } else if found.has(Field::Level) || found.has(Field::Message) {
            Parsed::Error(found.entry(time)?)
        } else {
            return Err(Reason::Shape);
        };
        Ok((parsed, end))
    }

    /// The record of a line, and those that are glued to it.
    fn line<'line>(&self, line: &'line [u8], scratch: &'line Bump) -> Result<Parsed<'line>, Reason> {
        let start = opening(line).ok_or(Reason::Json)?;
        let (parsed, mut end) = self.record(line, start, scratch)?;
        let mut glued = 0;
        if matches!(parsed, Parsed::Access(..) | Parsed::Untimed(..)) {
            while let Ok((Parsed::Access(..) | Parsed::Untimed(..) | Parsed::Error(_), next)) =
                self.record(line, end, scratch)
            {
                (glued, end) = (glued + 1, next);
            }
        }
        Ok(parsed.with_glued(glued))
    }

    /// The record of a line that is wrapped in one more pair of quotes, its own quotes doubled (CSV) or escaped.
    fn wrapped<'line>(&self, line: &'line [u8], scratch: &'line Bump) -> Option<Parsed<'line>> {
        let inner = line.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
        self.line(inner, scratch)
            .or_else(|_| self.line(clf::without_marks(inner, b"\"\"", scratch), scratch))
            .or_else(|_| self.line(unescape(inner, scratch), scratch))
            .ok()
    }
}

impl LineFormat for Json {
    fn name(&self) -> &str {
        "json"
    }

    fn parse<'line>(&self, line: &'line [u8], scratch: &'line Bump) -> Parsed<'line> {
        match self.line(line, scratch) {
            Ok(parsed) => parsed,
            Err(reason) => self.wrapped(line, scratch).unwrap_or(Parsed::Malformed(reason)),
        }
    }

    fn fast(&self) -> Option<Fast> {
        Some(Fast::Json(Box::new(self.clone())))
    }
}

/// Where the object starts: at the first byte that is no white space, there or behind a prefix.
pub(super) fn opening(line: &[u8]) -> Option<usize> {
    let at = space(line, 0);
    if line.get(at) == Some(&b'{') {
        return Some(at);
    }
    let bar = memchr::memchr(b'|', line.get(..PREFIX_MAX).unwrap_or(line))?;
    Some(space(line, bar + 1))
}

/// A value that is there, and how it is meant; the lower its rank, the better.
#[derive(Clone, Copy)]
struct Slot<'line> {
    value: Value<'line>,
    rank: u8,
    leaf: Leaf,
}

/// The values that a line has, by field.
pub(super) struct Found<'line, 'json> {
    slots: [Option<Slot<'line>>; Field::COUNT],
    /// Whether a key that the user mapped has a value of a wrong kind.
    is_wrong: bool,
    json: &'json Json,
    scratch: &'line Bump,
}

impl<'line, 'json> Found<'line, 'json> {
    /// Nothing yet.
    pub(super) fn new(json: &'json Json, scratch: &'line Bump) -> Found<'line, 'json> {
        Found { slots: [None; Field::COUNT], is_wrong: false, json, scratch }
    }

    /// Takes the value of the path `rank`.
    #[inline(always)]
    pub(super) fn take(&mut self, rank: u8, value: Value<'line>) {
        let Some(&leaf) = self.json.leaves.get(usize::from(rank)) else { return };
        match value {
            Value::Null => return,
            Value::Text(text) if matches!(text.raw, b"" | b"-") => return,
            Value::Container | Value::Bool(_) => {
                self.is_wrong |= leaf.is_mapped;
                return;
            }
            Value::Text(_) | Value::Number(_) => {}
        }
        let place = &mut self.slots[leaf.field as usize];
        if place.is_none_or(|before| rank <= before.rank) {
            *place = Some(Slot { value, rank, leaf });
        }
    }

    /// The request, where these are the values of one and all of them are well-formed.
    #[inline(always)]
    pub(super) fn request(&self) -> Option<Access<'line>> {
        if self.is_wrong || self.is_alive() || !(self.json.requests_alone || self.is_request()) {
            return None;
        }
        let time = self.time().ok()??;
        let access = self.access(self.json.requests_alone).ok()?;
        Some(Access { time, ..access })
    }

    fn is_alive(&self) -> bool {
        let says = |field| self.has(field) && self.text(field) == self.json.heartbeat;
        says(Field::Request) || says(Field::Message)
    }

    fn slot(&self, field: Field) -> Option<&Slot<'line>> {
        self.slots[field as usize].as_ref()
    }

    fn has(&self, field: Field) -> bool {
        self.slot(field).is_some()
    }

    /// What a string says, or a number as it is written; `-` for nothing.
    fn text(&self, field: Field) -> &'line [u8] {
        self.slot(field).map_or(NONE, |slot| match slot.value {
            Value::Text(text) => value::or_none(text.said(self.scratch)),
            Value::Number(number) => number,
            Value::Bool(_) | Value::Null | Value::Container => NONE,
        })
    }

    fn is_number(&self, field: Field) -> bool {
        self.slot(field).is_some_and(|slot| matches!(slot.value, Value::Number(_)))
    }

    fn is_request(&self) -> bool {
        let has_request = [Field::Request, Field::Method, Field::Target].into_iter().any(|field| self.has(field));
        let (status, message) = (self.slot(Field::Status), self.has(Field::Message));
        let logger = self.text(Field::Module);
        let is_repeated = logger.starts_with(b"http.log.error") || logger.starts_with(b"http.handlers.");
        !is_repeated
            && match status {
                Some(status) => has_request || !message || status.leaf.is_mapped,
                None => has_request && !message,
            }
    }

    fn time(&self) -> Result<Option<Time>, Reason> {
        let text = self.text(Field::Time);
        match self.slot(Field::Time).map(|slot| slot.value) {
            None => Ok(None),
            Some(Value::Number(number)) => moment::epoch(number).map(Some).ok_or(Reason::Time),
            Some(_) => moment::any(text).map(Some).ok_or(Reason::Time),
        }
    }

    /// The request; it has a status unless it `may_lack` it.
    fn access(&self, may_lack_status: bool) -> Result<Access<'line>, Reason> {
        let mut access = Access {
            client: client::normalise(self.text(Field::Client)),
            user: self.text(Field::User),
            vhost: value::host(self.text(Field::Vhost)),
            referrer: self.text(Field::Referrer),
            agent: self.text(Field::Agent),
            status: match self.text(Field::Status) {
                NONE if may_lack_status => NO_STATUS,
                b"0" if self.is_number(Field::Status) => 0,
                text => value::status(text)?,
            },
            bytes_sent: value::bytes(self.text(Field::BytesSent))?,
            bytes_read: value::bytes(self.text(Field::BytesRead))?,
            latency_micros: self.latency_micros()?,
            ..Access::default()
        };
        (access.method, access.target, access.protocol) = if self.has(Field::Request) {
            let taken = request::take_apart(self.text(Field::Request));
            (taken.method, taken.target, taken.protocol)
        } else {
            (self.text(Field::Method), self.text(Field::Target), self.text(Field::Protocol))
        };
        Ok(access)
    }

    /// A number in the unit of its key, or a text that says its unit (`1.2ms`).
    fn latency_micros(&self) -> Result<Option<u64>, Reason> {
        let Some(slot) = self.slot(Field::Latency) else { return Ok(None) };
        let text = self.text(Field::Latency);
        // A number has no unit, as a text it may have one; most are of digits alone also then.
        let in_words =
            if text.last().is_some_and(u8::is_ascii_digit) { None } else { decimal::go_duration_micros(text) };
        match in_words {
            Some(micros) => Ok(Some(micros)),
            None => value::latencies_micros(text, slot.leaf.power),
        }
    }

    fn entry(&self, time: Option<Time>) -> Result<ErrorEntry<'line>, Reason> {
        let level = match self.text(Field::Level) {
            NONE => Level::Info,
            number if self.is_number(Field::Level) => numbered_level(number)?,
            name => Level::parse(name).ok_or(Reason::Level)?,
        };
        Ok(ErrorEntry {
            time,
            level,
            module: self.text(Field::Module),
            client: client::normalise(self.text(Field::Client)),
            message: self.text(Field::Message),
        })
    }
}

/// The level that a number stands for in the JSON of Node's loggers (pino, bunyan): 10 is trace, 60 is fatal.
fn numbered_level(number: &[u8]) -> Result<Level, Reason> {
    match decimal::integer(number) {
        Some(0..=29) => Ok(Level::Debug),
        Some(30..=39) => Ok(Level::Info),
        Some(40..=49) => Ok(Level::Warning),
        Some(50..=59) => Ok(Level::Error),
        Some(60..) => Ok(Level::Critical),
        None => Err(Reason::Level),
    }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
