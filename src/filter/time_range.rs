//! `--since` and `--until`: which stretch of time is kept.
//!
//! A time is written as RFC 3339 (`2024-10-10T13:00:00+02:00`), as a date with or without a time of day (`2024-10-10`,
//! `2024-10-10 13:00`), as a distance from now (`2h ago`), or as `now`, `today` or `yesterday` (the midnight with which
//! the day began). The range holds its beginning and not its end, so that days put side by side share no record.
//!
//! What is written without an offset belongs to the zone of the report. Where reports follow the wall clock of the log,
//! whatever its offset, so does the range: it then holds the records that *read* as of the 10th of October.
//!
//! Nothing here asks the clock: the caller says what time it is.

use super::record::{unix_nanos, wall_nanos};
use super::units;
use crate::format::record::{Access, ErrorEntry, Time};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ZonedDateTime};
use std::fmt;

const HELP: &str = "a time is written 2024-10-10, \"2024-10-10 13:00\", 2024-10-10T13:00:00+02:00, \"2h ago\", today, \
                    yesterday or now";

/// A stretch of time: from a beginning up to, not including, an end. Each may be missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeRange {
    since: Option<Edge>,
    until: Option<Edge>,
}

/// An end of a range, in nanoseconds since 1970-01-01T00:00:00.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edge {
    /// An instant.
    Instant(i128),
    /// What the wall clock of a record shows, whatever its offset.
    Wall(i128),
}

/// Why a text is no time, or two are no range: a sentence that names the flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeError(String);

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TimeError {}

impl TimeRange {
    /// The range of `--since` and `--until`.
    ///
    /// Times without an offset are in `zone`; without a zone they are on the wall clock of each record, and `today` is
    /// the day that `now` has in its own zone.
    pub fn parse(
        since: Option<&str>,
        until: Option<&str>,
        now: &ZonedDateTime,
        zone: Option<&TimeZone>,
    ) -> Result<TimeRange, TimeError> {
        let edge = |flag: &str, text: Option<&str>| {
            text.map(|text| Edge::parse(text, now, zone).map_err(|why| TimeError(format!("{flag}: {why}")))).transpose()
        };
        let range = TimeRange { since: edge("--since", since)?, until: edge("--until", until)? };
        match (range.since, range.until) {
            (Some(Edge::Instant(from)), Some(Edge::Instant(to))) | (Some(Edge::Wall(from)), Some(Edge::Wall(to)))
                if from >= to =>
            {
                let (since, until) = (since.unwrap_or("").trim(), until.unwrap_or("").trim());
                Err(TimeError(format!(
                    "--until: no time lies between {since:?} and {until:?}; --until is the end of the range, and must be \
                     later than --since"
                )))
            }
            _ => Ok(range),
        }
    }

    /// Whether the range leaves nothing out.
    pub fn keeps_everything(&self) -> bool {
        self.since.is_none() && self.until.is_none()
    }

    /// Its beginning and its end in milliseconds since the Unix epoch, the end not included; `i64::MIN` and `i64::MAX` where
    /// it has none. What is on the wall clock of records is taken to be in UTC.
    pub fn milliseconds(&self) -> (i64, i64) {
        // A millisecond that an edge lies in begins before it.
        let edge = |edge: Option<Edge>, none: i64| match edge {
            None => none,
            Some(Edge::Instant(nanos) | Edge::Wall(nanos)) => {
                let up = nanos.div_euclid(1_000_000) + i128::from(nanos.rem_euclid(1_000_000) > 0);
                i64::try_from(up).unwrap_or(none)
            }
        };
        (edge(self.since, i64::MIN), edge(self.until, i64::MAX))
    }

    /// Whether a moment lies in the range.
    #[inline]
    pub fn contains(&self, time: &Time) -> bool {
        self.since.is_none_or(|since| since.is_reached(time)) && self.until.is_none_or(|until| !until.is_reached(time))
    }

    /// Whether a request is kept.
    #[inline]
    pub fn keep_access(&self, access: &Access<'_>) -> bool {
        self.contains(&access.time)
    }

    /// Whether an entry of an error log is kept. One without a time is in no range but the one that keeps everything.
    #[inline]
    pub fn keep_error(&self, entry: &ErrorEntry<'_>) -> bool {
        entry.time.as_ref().map_or_else(|| self.keeps_everything(), |time| self.contains(time))
    }
}

impl Edge {
    fn parse(text: &str, now: &ZonedDateTime, zone: Option<&TimeZone>) -> Result<Edge, String> {
        let text = text.trim();
        let wrong = || format!("{:?} is not a time; {HELP}", super::parse::clipped(text));
        let beyond = || format!("{:?} is beyond the years that can be counted", super::parse::clipped(text));
        let lower = text.to_ascii_lowercase();
        let today = || zone.map_or_else(|| now.clone(), |zone| now.with_time_zone(zone.clone())).date();
        if lower == "now" {
            return Ok(Edge::Instant(now.timestamp().as_nanosecond()));
        }
        if lower == "today" {
            return Edge::on_wall(today().into(), zone).ok_or_else(beyond);
        }
        if lower == "yesterday" {
            let yesterday = today().yesterday().map_err(|_| beyond())?;
            return Edge::on_wall(yesterday.into(), zone).ok_or_else(beyond);
        }
        if let Some(distance) = lower.strip_suffix("ago") {
            let distance = units::duration(distance).map_err(|error| error.to_string())?;
            let distance = SignedDuration::try_from(distance).map_err(|_| beyond())?;
            let moment = now.timestamp().checked_sub(distance).map_err(|_| beyond())?;
            return Ok(Edge::Instant(moment.as_nanosecond()));
        }
        if let Ok(moment) = text.parse::<ZonedDateTime>() {
            return Ok(Edge::Instant(moment.timestamp().as_nanosecond()));
        }
        // A zone in brackets that is unknown or contradicts the offset must not be dropped in silence.
        if text.contains('[') {
            return Err(wrong());
        }
        if let Ok(moment) = text.parse::<Timestamp>() {
            return Ok(Edge::Instant(moment.as_nanosecond()));
        }
        let wall = text.parse::<DateTime>().map_err(|_| wrong())?;
        Edge::on_wall(wall, zone).ok_or_else(beyond)
    }

    /// A time without offset. Where the clocks are put forward over it, it is as much later; where it comes twice, it is
    /// the first.
    fn on_wall(wall: DateTime, zone: Option<&TimeZone>) -> Option<Edge> {
        let edge = if zone.is_some() { Edge::Instant } else { Edge::Wall };
        let zone = zone.unwrap_or(const { &TimeZone::UTC });
        Some(edge(zone.to_timestamp(wall).ok()?.as_nanosecond()))
    }

    /// Whether a moment is at this edge or later.
    #[inline]
    fn is_reached(self, time: &Time) -> bool {
        match self {
            Edge::Instant(nanos) => unix_nanos(time) >= nanos,
            Edge::Wall(nanos) => wall_nanos(time) >= nanos,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 2024-10-10T13:55:36+02:00, a Thursday.
    fn now() -> ZonedDateTime {
        Timestamp::from_second(1_728_561_336).unwrap().to_zoned_datetime(TimeZone::fixed(jiff::tz::offset(2)))
    }

    fn instant(text: &str) -> Option<Edge> {
        Some(Edge::Instant(text.parse::<Timestamp>().unwrap().as_nanosecond()))
    }

    fn wall(text: &str) -> Option<Edge> {
        Some(Edge::Wall(text.parse::<Timestamp>().unwrap().as_nanosecond()))
    }

    #[test]
    fn times_in_a_zone() {
        // Ahead of UTC by 14 hours, so that its days are not those of `now`.
        let zone = TimeZone::fixed(jiff::tz::offset(14));
        let cases = [
            ("2024-10-10T13:00:00Z", instant("2024-10-10T13:00:00Z")),
            ("2024-10-10T13:00:00.25+02:00", instant("2024-10-10T11:00:00.25Z")),
            ("2024-10-10 13:00+02:00", instant("2024-10-10T11:00:00Z")),
            ("2024-10-10T13:00:00+02:00[+02:00]", instant("2024-10-10T11:00:00Z")),
            ("2024-10-10", instant("2024-10-09T10:00:00Z")),
            ("2024-10-10 13:00", instant("2024-10-09T23:00:00Z")),
            ("2024-10-10T13:00:05", instant("2024-10-09T23:00:05Z")),
            ("now", instant("2024-10-10T11:55:36Z")),
            (" NOW ", instant("2024-10-10T11:55:36Z")),
            ("today", instant("2024-10-10T10:00:00Z")),
            ("yesterday", instant("2024-10-09T10:00:00Z")),
            ("2h ago", instant("2024-10-10T09:55:36Z")),
            ("15m ago", instant("2024-10-10T11:40:36Z")),
            ("1h30m ago", instant("2024-10-10T10:25:36Z")),
            ("2 days ago", instant("2024-10-08T11:55:36Z")),
            ("2024-02-30", None),
            ("2024-10-10 25:00", None),
            ("2024-10-10T13:00:00+02:00[Mars/Olympus]", None),
            ("2024-10-10T13:00:00[Mars/Olympus]", None),
            ("13:00", None),
            ("2h", None),
            ("ago", None),
            ("2x ago", None),
            ("500000d ago", None),
            ("tomorrow", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(Edge::parse(text, &now(), Some(&zone)).ok(), expected, "{text}");
        }
    }

    #[test]
    fn times_on_the_clock_of_the_log() {
        let cases = [
            ("2024-10-10T13:00:00+02:00", instant("2024-10-10T11:00:00Z")),
            ("2024-10-10", wall("2024-10-10T00:00:00Z")),
            ("2024-10-10 13:00", wall("2024-10-10T13:00:00Z")),
            ("today", wall("2024-10-10T00:00:00Z")),
            ("yesterday", wall("2024-10-09T00:00:00Z")),
            ("2h ago", instant("2024-10-10T09:55:36Z")),
        ];
        for (text, expected) in cases {
            assert_eq!(Edge::parse(text, &now(), None).ok(), expected, "{text}");
        }
    }

    #[test]
    fn a_range_holds_its_beginning_and_not_its_end() {
        let at = |wall_seconds, offset_seconds| Time { wall_seconds, offset_seconds, nanos: 0 };
        let range = |since, until, zone| TimeRange::parse(since, until, &now(), zone).unwrap();
        let utc = Some(&TimeZone::UTC);
        let minute = range(Some("1970-01-01T00:01"), Some("1970-01-01T00:02"), utc);
        for (second, expected) in [(59, false), (60, true), (119, true), (120, false)] {
            assert_eq!(minute.contains(&at(second, 0)), expected, "{second}");
            assert_eq!(minute.contains(&at(second + 7200, 7200)), expected, "{second} in another zone");
        }
        let minute = range(Some("1970-01-01T00:01"), Some("1970-01-01T00:02"), None);
        assert!(minute.contains(&at(60, 7200)), "the wall clock counts where no zone does");
        assert!(!minute.contains(&at(7260, 7200)));
        let late = Time { nanos: 999_999_999, ..at(59, 0) };
        assert!(!range(Some("1970-01-01T00:01"), None, utc).contains(&late), "parts of a second count");
        assert!(range(None, Some("1970-01-01T00:01"), utc).contains(&late));
    }

    #[test]
    fn a_range_in_milliseconds() {
        let of = |since, until| TimeRange::parse(since, until, &now(), None).unwrap().milliseconds();
        assert_eq!(of(None, None), (i64::MIN, i64::MAX));
        assert_eq!(of(Some("1970-01-01T00:00:01Z"), Some("1970-01-01T00:00:01.0005Z")), (1000, 1001));
        assert_eq!(of(Some("1969-12-31T23:59:59.9995Z"), Some("1970-01-01")), (0, 0));
    }

    #[test]
    fn an_entry_without_time_is_in_no_range() {
        let entry = ErrorEntry {
            time: None,
            level: crate::format::record::Level::Error,
            module: b"-",
            client: b"-",
            message: b"m",
        };
        let until = TimeRange::parse(None, Some("now"), &now(), None).unwrap();
        assert!(!until.keep_error(&entry));
        assert!(TimeRange::default().keep_error(&entry));
        assert!(TimeRange::default().keeps_everything() && !until.keeps_everything());
    }

    #[test]
    fn an_error_names_the_flag_and_what_would_be_right() {
        let error = |since, until| TimeRange::parse(since, until, &now(), None).unwrap_err().to_string();
        assert!(error(Some("last week"), None).starts_with("--since: \"last week\" is not a time; a time is written"));
        assert!(error(None, Some("2x ago")).starts_with("--until: \"2x\" is not a duration: \"x\" is no unit"));
        assert_eq!(
            error(Some("2024-10-11"), Some("2024-10-11")),
            "--until: no time lies between \"2024-10-11\" and \"2024-10-11\"; --until is the end of the range, and must be \
             later than --since"
        );
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*", like in "[0-9TZago: +.\\[\\]-]{0,40}") {
            for text in [text, like] {
                let _ = TimeRange::parse(Some(&text), Some(&text), &now(), Some(&TimeZone::UTC));
            }
        }
    }
}
