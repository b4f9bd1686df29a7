//! What a filter asks of a record, be it a request or an entry of an error log.

use super::field::{Number, Text};
use super::value::gravity;
use crate::format::record::{Access, ErrorEntry, NO_STATUS, NONE, Time};

/// Something with fields.
pub trait Record {
    /// A field with an order, in its unit; `None` where it is absent.
    fn number(&self, field: Number) -> Option<i128>;

    /// A field of text; [`NONE`] where it is absent.
    fn text(&self, field: Text) -> &[u8];

    /// Days since 1970-01-01 on the record's wall clock; `None` where it has no time.
    fn wall_day(&self) -> Option<i64>;
}

impl Record for Access<'_> {
    #[inline]
    fn wall_day(&self) -> Option<i64> {
        Some(self.time.wall_seconds.div_euclid(86_400))
    }

    #[inline]
    fn number(&self, field: Number) -> Option<i128> {
        match field {
            Number::Status => (self.status != NO_STATUS).then_some(i128::from(self.status)),
            Number::Bytes => self.bytes_sent.map(i128::from),
            Number::BytesRead => self.bytes_read.map(i128::from),
            Number::Latency => self.latency_micros.map(|micros| i128::from(micros) * 1000),
            Number::Hour | Number::Weekday | Number::Time => of_time(&self.time, field),
            Number::Level => None,
        }
    }

    #[inline]
    fn text(&self, field: Text) -> &[u8] {
        match field {
            Text::Method => self.method,
            Text::Path => self.path(),
            Text::Query => query(self.target),
            Text::Target => self.target,
            Text::Protocol => self.protocol,
            Text::Client => self.client,
            Text::User => self.user,
            Text::Vhost => self.vhost,
            Text::Referrer => self.referrer,
            Text::Agent => self.agent,
            Text::Module | Text::Message => NONE,
        }
    }
}

impl Record for ErrorEntry<'_> {
    #[inline]
    fn wall_day(&self) -> Option<i64> {
        self.time.map(|time| time.wall_seconds.div_euclid(86_400))
    }

    #[inline]
    fn number(&self, field: Number) -> Option<i128> {
        match field {
            Number::Level => Some(gravity(self.level)),
            Number::Hour | Number::Weekday | Number::Time => self.time.as_ref().and_then(|time| of_time(time, field)),
            Number::Status | Number::Bytes | Number::BytesRead | Number::Latency => None,
        }
    }

    #[inline]
    fn text(&self, field: Text) -> &[u8] {
        match field {
            Text::Client => self.client,
            Text::Module => self.module,
            Text::Message => self.message,
            _ => NONE,
        }
    }
}

fn of_time(time: &Time, field: Number) -> Option<i128> {
    let wall = i128::from(time.wall_seconds);
    match field {
        Number::Hour => Some(wall.rem_euclid(86_400) / 3600),
        // 1970-01-01 was a Thursday.
        Number::Weekday => Some((wall.div_euclid(86_400) + 3).rem_euclid(7) + 1),
        Number::Time => Some(unix_nanos(time)),
        _ => None,
    }
}

/// Nanoseconds since the Unix epoch.
pub fn unix_nanos(time: &Time) -> i128 {
    wall_nanos(time) - i128::from(time.offset_seconds) * 1_000_000_000
}

/// Nanoseconds since 1970-01-01T00:00:00 on the wall clock.
pub fn wall_nanos(time: &Time) -> i128 {
    i128::from(time.wall_seconds) * 1_000_000_000 + i128::from(time.nanos)
}

/// What follows the `?` that ends the path. A target that begins with one is all path.
fn query(target: &[u8]) -> &[u8] {
    match memchr::memchr(b'?', target) {
        Some(at) if at > 0 && at + 1 < target.len() => target.get(at + 1..).unwrap_or(NONE),
        _ => NONE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_and_days_are_those_of_the_wall_clock() {
        let cases = [(0, 0, 4), (-1, 23, 3), (86_400 * 3 + 3600, 1, 7), (86_400 * 4, 0, 1), (1_728_568_536, 13, 4)];
        for (wall_seconds, hour, weekday) in cases {
            let time = Time { wall_seconds, offset_seconds: 7200, nanos: 0 };
            assert_eq!(of_time(&time, Number::Hour), Some(hour), "{wall_seconds}");
            assert_eq!(of_time(&time, Number::Weekday), Some(weekday), "{wall_seconds}");
        }
    }

    #[test]
    fn no_time_overflows() {
        for wall_seconds in [i64::MIN, i64::MAX] {
            for offset_seconds in [i32::MIN, i32::MAX] {
                let time = Time { wall_seconds, offset_seconds, nanos: u32::MAX };
                for field in [Number::Hour, Number::Weekday, Number::Time] {
                    assert!(of_time(&time, field).is_some());
                }
            }
        }
    }

    #[test]
    fn the_query_is_what_the_path_leaves() {
        let cases =
            [("/a?b=c", "b=c"), ("/a?b?c", "b?c"), ("/a", "-"), ("/a?", "-"), ("?b", "-"), ("-", "-"), ("", "-")];
        for (target, expected) in cases {
            assert_eq!(query(target.as_bytes()), expected.as_bytes(), "{target}");
        }
    }
}
