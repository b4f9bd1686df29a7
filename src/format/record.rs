//! What a line says, borrowed from the line.
//!
//! A record owns nothing: every text is a slice of the line, or of the batch's scratch memory where an escape had to
//! be undone (JSON). `format` never allocates per record.
//!
//! Absent values: a text that the format does not carry, or that the log writes as `-`, is the one-byte text `-`
//! ([`NONE`]), so that counting needs no second case. Numbers that are absent are `None`.

use jiff::ZonedDateTime;

/// The text of a value that is not there.
pub const NONE: &[u8] = b"-";

/// The status of a request of which the log tells none. It has no row: statuses are counted up to 999.
pub const NO_STATUS: u16 = u16::MAX;

/// A moment as a log writes it: the wall clock, and how far that clock is from UTC.
///
/// The instant is `wall_seconds - offset_seconds`. Second 60 (a leap second) is carried into the next minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Time {
    /// Seconds since 1970-01-01T00:00:00 on the wall clock of the line.
    pub wall_seconds: i64,
    /// Seconds that the wall clock is ahead of UTC; 0 where the line names no offset.
    pub offset_seconds: i32,
    /// Nanoseconds into the second.
    pub nanos: u32,
}

impl Time {
    /// Seconds since the Unix epoch, UTC.
    pub fn unix_seconds(&self) -> i64 {
        self.wall_seconds - i64::from(self.offset_seconds)
    }
}

impl From<&ZonedDateTime> for Time {
    fn from(moment: &ZonedDateTime) -> Time {
        let (instant, offset_seconds) = (moment.timestamp(), moment.offset().seconds());
        let nanos = instant.as_nanosecond().rem_euclid(1_000_000_000) as u32;
        let unix_seconds = instant.as_nanosecond().div_euclid(1_000_000_000) as i64;
        Time { wall_seconds: unix_seconds + i64::from(offset_seconds), offset_seconds, nanos }
    }
}

/// One request, as an access log tells it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Access<'line> {
    /// When the request came (Apache: `%t`).
    pub time: Time,
    /// The client's address or name (`%h`), without port and brackets; of a forwarded-for list the first.
    pub client: &'line [u8],
    /// The authenticated user (`%u`).
    pub user: &'line [u8],
    /// The virtual host (`%v`), without its port.
    pub vhost: &'line [u8],
    /// The request method, `-` where the request line cannot be taken apart.
    pub method: &'line [u8],
    /// Path and query as written, `-` where the request line cannot be taken apart.
    pub target: &'line [u8],
    /// `HTTP/1.1` and the like; `HTTP/0.9` for a request without a protocol (RFC 1945, Simple-Request).
    pub protocol: &'line [u8],
    /// The `Referer` header.
    pub referrer: &'line [u8],
    /// The `User-Agent` header.
    pub agent: &'line [u8],
    /// The three-digit status (`%>s`), 0 to 999, or [`NO_STATUS`].
    pub status: u16,
    /// Bytes sent to the client (`%b`, `%O`); `None` for `-`.
    pub bytes_sent: Option<u64>,
    /// Bytes read from the client (`%I`).
    pub bytes_read: Option<u64>,
    /// Time to serve the request, in microseconds (`%D`, `$request_time`).
    pub latency_micros: Option<u64>,
}

impl Default for Access<'_> {
    fn default() -> Self {
        Access {
            time: Time::default(),
            client: NONE,
            user: NONE,
            vhost: NONE,
            method: NONE,
            target: NONE,
            protocol: NONE,
            referrer: NONE,
            agent: NONE,
            status: NO_STATUS,
            bytes_sent: None,
            bytes_read: None,
            latency_micros: None,
        }
    }
}

impl<'line> Access<'line> {
    /// The target without its query.
    pub fn path(&self) -> &'line [u8] {
        match memchr::memchr(b'?', self.target) {
            Some(at) if at > 0 => &self.target[..at],
            _ => self.target,
        }
    }
}

/// How grave an error-log entry is: the levels of Apache's `LogLevel`, which are those of syslog (RFC 5424, 6.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Level {
    /// The system is unusable.
    Emergency,
    /// Action must be taken at once.
    Alert,
    /// Critical condition.
    Critical,
    /// An operation failed.
    Error,
    /// Something is odd.
    Warning,
    /// Normal, but worth a line.
    Notice,
    /// For information.
    Info,
    /// Debugging, and Apache's trace1 to trace8.
    Debug,
}

impl Level {
    /// Every level, gravest first.
    pub const ALL: [Level; 8] = [
        Level::Emergency,
        Level::Alert,
        Level::Critical,
        Level::Error,
        Level::Warning,
        Level::Notice,
        Level::Info,
        Level::Debug,
    ];

    /// The short name that servers write: `emerg`, `alert`, `crit`, `error`, `warn`, `notice`, `info`, `debug`.
    pub fn name(self) -> &'static str {
        match self {
            Level::Emergency => "emerg",
            Level::Alert => "alert",
            Level::Critical => "crit",
            Level::Error => "error",
            Level::Warning => "warn",
            Level::Notice => "notice",
            Level::Info => "info",
            Level::Debug => "debug",
        }
    }

    /// Error or worse.
    pub fn is_error(self) -> bool {
        self <= Level::Error
    }

    /// The level that a server wrote, in any case and in the spellings of Apache, nginx, syslog and Visor.
    pub fn parse(text: &[u8]) -> Option<Level> {
        let mut lower = [0u8; 16];
        let lower = lower.get_mut(..text.len())?;
        lower.copy_from_slice(text);
        lower.make_ascii_lowercase();
        Some(match &*lower {
            b"emerg" | b"emergency" | b"panic" => Level::Emergency,
            b"alert" => Level::Alert,
            b"crit" | b"critical" | b"fatal" => Level::Critical,
            b"error" | b"err" => Level::Error,
            b"warn" | b"warning" => Level::Warning,
            b"notice" => Level::Notice,
            b"info" | b"information" => Level::Info,
            b"debug" => Level::Debug,
            _ if lower.strip_prefix(b"trace").is_some_and(|n| n.iter().all(u8::is_ascii_digit)) => Level::Debug,
            _ => return None,
        })
    }
}

/// One entry of an error log.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ErrorEntry<'line> {
    /// When it was written; `None` where the line has no time of its own.
    pub time: Option<Time>,
    /// How grave it is.
    pub level: Level,
    /// The module that wrote it (Apache 2.4: `[module:level]`).
    pub module: &'line [u8],
    /// The client whose request it is about, without its port.
    pub client: &'line [u8],
    /// The text.
    pub message: &'line [u8],
}

/// Why a line was not understood. No text inside: a million bad lines cost a million increments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[repr(u8)]
pub enum Reason {
    /// The line is longer than `--max-line-bytes`.
    TooLong,
    /// The line ends before the format does.
    Cut,
    /// No client address where the format has one.
    Client,
    /// No valid time where the format has one.
    Time,
    /// The request field is not there or not closed.
    Request,
    /// The status is not three digits.
    Status,
    /// A byte count is neither digits nor `-`, or beyond 64 bits.
    Bytes,
    /// A duration is not a number.
    Latency,
    /// A quoted field is not closed.
    Quote,
    /// A level that is none.
    Level,
    /// Not a JSON object, or one with a wrong type for a mapped key.
    Json,
    /// A literal of the format is missing, or no named format fits.
    Shape,
    /// A W3C line without a `#Fields` directive before it.
    NoFields,
}

impl Reason {
    /// Every reason, in the order of its number.
    pub const ALL: [Reason; 13] = [
        Reason::TooLong,
        Reason::Cut,
        Reason::Client,
        Reason::Time,
        Reason::Request,
        Reason::Status,
        Reason::Bytes,
        Reason::Latency,
        Reason::Quote,
        Reason::Level,
        Reason::Json,
        Reason::Shape,
        Reason::NoFields,
    ];

    /// What a person reads.
    pub fn text(self) -> &'static str {
        match self {
            Reason::TooLong => "line too long",
            Reason::Cut => "line ends too soon",
            Reason::Client => "no client address",
            Reason::Time => "no valid time",
            Reason::Request => "no request",
            Reason::Status => "status is not three digits",
            Reason::Bytes => "size is not a number",
            Reason::Latency => "duration is not a number",
            Reason::Quote => "quote not closed",
            Reason::Level => "unknown level",
            Reason::Json => "not a JSON object of this shape",
            Reason::Shape => "does not fit the format",
            Reason::NoFields => "no #Fields directive before it",
        }
    }
}

/// What one line turned out to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Parsed<'line> {
    /// A request; and how many further records were glued to it by lost newlines.
    Access(Access<'line>, u32),
    /// The same of a line that does not say when: its `time` is for the caller to fill in ([`Parsed::timed`]).
    Untimed(Access<'line>, u32),
    /// An error-log entry.
    Error(ErrorEntry<'line>),
    /// The sign of life that Visor's generator writes: counted by itself.
    Heartbeat(Option<Time>),
    /// A directive such as `#Fields`: counts as blank.
    Directive,
    /// Not understood.
    Malformed(Reason),
}

impl Parsed<'_> {
    /// The same with a time: a line without one takes `arrival`, the time at which it came.
    #[inline]
    pub fn timed(self, arrival: Time) -> Self {
        match self {
            Parsed::Untimed(access, glued) => Parsed::Access(Access { time: arrival, ..access }, glued),
            Parsed::Error(entry) => Parsed::Error(ErrorEntry { time: entry.time.or(Some(arrival)), ..entry }),
            parsed => parsed,
        }
    }

    /// A request with so many further records glued to it.
    #[inline]
    pub(super) fn with_glued(self, glued: u32) -> Self {
        match self {
            Parsed::Access(access, _) => Parsed::Access(access, glued),
            Parsed::Untimed(access, _) => Parsed::Untimed(access, glued),
            parsed => parsed,
        }
    }
}
