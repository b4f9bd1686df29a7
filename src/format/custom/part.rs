//! What a format string is made of, whichever server's: literal text, and fields with a meaning.

use std::ops::Range;

/// A part of a format string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Bytes that stand in every line as they are.
    Literal(Vec<u8>),
    /// A value.
    Field(Field),
}

/// A directive or variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What it says.
    pub meaning: Meaning,
    /// Of several fields that say the same, the lowest rank counts, and among equals the first.
    pub rank: u8,
    /// Where it stands in the format string, in bytes.
    pub at: Range<usize>,
}

/// What a field says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Nothing that is counted.
    Unknown,
    /// Nothing that is counted, of several servers: `a, b : c`.
    UnknownList,
    /// The client's address or name.
    Client,
    /// The client with its port behind a colon.
    ClientPort,
    /// The client's word of who the user is (`%l`).
    Ident,
    /// The user.
    User,
    /// The virtual host.
    Vhost,
    /// The virtual host with its port behind a colon.
    VhostPort,
    /// A port alone.
    Port,
    /// The whole request line.
    Request,
    /// The method.
    Method,
    /// Path and query.
    Target,
    /// The path.
    Path,
    /// The query, with a `?` before it or without.
    Query,
    /// A `?` where there is a query (nginx `$is_args`).
    QueryMark,
    /// The protocol.
    Protocol,
    /// The status.
    Status,
    /// Bytes to the client.
    BytesSent,
    /// Bytes from the client.
    BytesRead,
    /// The duration, in units of ten to this power microseconds.
    Latency(i8),
    /// The durations of all servers that were asked, in seconds: `0.1, 0.2 : 0.3`.
    Latencies,
    /// The duration as nginx writes it and nothing else does: seconds with three decimals.
    LatencyMillis,
    /// The same of all servers that were asked.
    LatenciesMillis,
    /// The `Referer` header.
    Referrer,
    /// The `User-Agent` header.
    Agent,
    /// `10/Oct/2000:13:55:36 -0700`.
    ClfTime,
    /// `2025-10-21T04:01:45+02:00`.
    IsoTime,
    /// Seconds since 1970 with a fraction.
    EpochTime,
    /// A piece of a time.
    Piece(Piece),
}

/// A piece of a time: the conversions of `strftime` (POSIX), and Apache's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Four digits.
    Year,
    /// Two digits: 69 to 99 are of the last century (POSIX).
    YearOfCentury,
    /// Two digits.
    Month,
    /// `Oct`.
    MonthName,
    /// `October`.
    MonthWord,
    /// Two digits, the first may be a space.
    Day,
    /// Three digits, from 001.
    DayOfYear,
    /// Two digits, the first may be a space.
    Hour,
    /// Two digits, 1 to 12.
    HalfDayHour,
    /// `AM` or `PM`.
    HalfDay,
    /// Two digits.
    Minute,
    /// Two digits.
    Second,
    /// Three digits.
    Millis,
    /// Six digits.
    Micros,
    /// `+hhmm`.
    Offset,
    /// A word that says nothing more: the day of the week, the name of a zone.
    Word,
    /// Seconds since 1970.
    Epoch,
    /// Milliseconds since 1970.
    EpochMillis,
    /// Microseconds since 1970.
    EpochMicros,
}

impl Piece {
    /// What it writes at 2025-10-21T14:01:45.123+02:00.
    pub fn example(self) -> &'static [u8] {
        match self {
            Piece::Year => b"2025",
            Piece::YearOfCentury => b"25",
            Piece::Month => b"10",
            Piece::MonthName => b"Oct",
            Piece::MonthWord => b"October",
            Piece::Day => b"21",
            Piece::DayOfYear => b"294",
            Piece::Hour => b"14",
            Piece::HalfDayHour => b"02",
            Piece::HalfDay => b"PM",
            Piece::Minute => b"01",
            Piece::Second => b"45",
            Piece::Millis => b"123",
            Piece::Micros => b"123000",
            Piece::Offset => b"+0200",
            Piece::Word => b"Tue",
            Piece::Epoch => b"1761048105",
            Piece::EpochMillis => b"1761048105123",
            Piece::EpochMicros => b"1761048105123000",
        }
    }
}

/// Parts in the making: literal bytes that follow each other become one part.
#[derive(Clone, Debug, Default)]
pub struct Parts(pub Vec<Part>);

impl Parts {
    /// Adds literal text.
    pub fn literal(&mut self, bytes: &[u8]) {
        match self.0.last_mut() {
            _ if bytes.is_empty() => {}
            Some(Part::Literal(text)) => text.extend_from_slice(bytes),
            _ => self.0.push(Part::Literal(bytes.to_vec())),
        }
    }

    /// Adds a field.
    pub fn field(&mut self, meaning: Meaning, rank: u8, at: Range<usize>) {
        self.0.push(Part::Field(Field { meaning, rank, at }));
    }
}
