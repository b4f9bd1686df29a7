//! The wall clock on which days and buckets are counted.

use crate::format::record::Time;
use jiff::{Timestamp, tz::TimeZone};

/// Whose wall clock it is.
#[derive(Clone, Debug, Default)]
pub enum Zone {
    /// The line's own, as written.
    #[default]
    Log,
    /// UTC.
    Utc,
    /// One of the time zone database, or this machine's.
    Named(TimeZone),
}

impl Zone {
    /// The zone that `--timezone` names: `log`, `utc`, `local` or `Area/City`.
    pub fn parse(text: &str) -> Result<Zone, String> {
        match text {
            "log" => Ok(Zone::Log),
            "utc" | "UTC" => Ok(Zone::Utc),
            "local" => TimeZone::try_system().map(Zone::Named).map_err(|error| {
                format!("this machine's time zone is not known ({error}); name one, such as Europe/Berlin")
            }),
            name => TimeZone::get(name).map(Zone::Named).map_err(|_| {
                format!("no time zone is called {name:?}; say log, utc, local or a name such as Europe/Berlin")
            }),
        }
    }

    /// The name by which [`Zone::parse`] finds the same zone on any machine; `None` for a zone of this machine that has
    /// none.
    pub fn name(&self) -> Option<String> {
        match self {
            Zone::Log => Some("log".to_string()),
            Zone::Utc => Some("utc".to_string()),
            Zone::Named(zone) => zone.iana_name().map(ToString::to_string),
        }
    }
}

/// A zone that remembers the offset of the stretch it was last asked about, since zones change it twice a year.
#[derive(Debug, Default)]
pub struct WallClock {
    zone: Zone,
    from: i64,
    until: i64,
    offset: i32,
}

impl WallClock {
    /// The wall clock of a zone.
    pub fn new(zone: Zone) -> WallClock {
        // An empty stretch: the first question fills it.
        WallClock { zone, from: 0, until: 0, offset: 0 }
    }

    /// The zone.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// A moment on this clock: the seconds it shows, and how far it is ahead of UTC.
    #[inline(always)]
    pub fn at(&mut self, time: &Time) -> Time {
        match &self.zone {
            Zone::Log => *time,
            Zone::Utc => Time { wall_seconds: time.unix_seconds(), offset_seconds: 0, ..*time },
            Zone::Named(_) => {
                let unix = time.unix_seconds();
                if unix < self.from || unix >= self.until {
                    self.look_up(unix);
                }
                Time { wall_seconds: unix + i64::from(self.offset), offset_seconds: self.offset, ..*time }
            }
        }
    }

    #[cold]
    fn look_up(&mut self, unix: i64) {
        let Zone::Named(zone) = &self.zone else { return };
        let at = Timestamp::from_second(unix.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second()))
            .unwrap_or(Timestamp::UNIX_EPOCH);
        self.offset = zone.to_offset(at).seconds();
        // The hour around it is inside one stretch unless a change lies within; then only this second is.
        let (start, end) = (unix.div_euclid(3600) * 3600, unix.div_euclid(3600) * 3600 + 3599);
        let offset_at = |second| Timestamp::from_second(second).map(|at| zone.to_offset(at).seconds());
        let steady = offset_at(start).ok() == Some(self.offset) && offset_at(end).ok() == Some(self.offset);
        (self.from, self.until) = if steady { (start, end + 1) } else { (unix, unix + 1) };
    }
}

/// RFC 3339 text of a moment on its own clock: `2024-10-10T13:55:36+02:00`, with `Z` for UTC itself.
pub fn rfc3339(time: &Time) -> String {
    let mut text = wall_text(time.wall_seconds);
    match time.offset_seconds {
        0 => text.push('Z'),
        offset => {
            let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.abs() / 60);
            text.push_str(&format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60));
        }
    }
    text
}

/// The wall clock alone: `2024-10-10T13:55:36`.
pub fn wall_text(wall_seconds: i64) -> String {
    let (day, second) = (wall_seconds.div_euclid(86_400), wall_seconds.rem_euclid(86_400));
    let (year, month, date) = civil(day);
    format!("{year:04}-{month:02}-{date:02}T{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}

/// Year, month and day of a day counted from 1970-01-01.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
pub fn civil(day: i64) -> (i64, u32, u32) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month as u32, date as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(unix: i64) -> Time {
        Time { wall_seconds: unix, offset_seconds: 0, nanos: 0 }
    }

    #[test]
    fn days_have_their_dates() {
        for (day, date) in [(0, (1970, 1, 1)), (-1, (1969, 12, 31)), (11_016, (2000, 2, 29)), (19_783, (2024, 3, 1))] {
            assert_eq!(civil(day), date);
        }
    }

    #[test]
    fn a_moment_is_written_with_its_own_offset() {
        let at = |offset_seconds| Time { wall_seconds: 1_728_568_536, offset_seconds, nanos: 0 };
        assert_eq!(rfc3339(&at(0)), "2024-10-10T13:55:36Z");
        assert_eq!(rfc3339(&at(7200)), "2024-10-10T13:55:36+02:00");
        assert_eq!(rfc3339(&at(-12_600)), "2024-10-10T13:55:36-03:30");
    }

    #[test]
    fn a_named_zone_changes_its_offset_at_the_right_second() {
        let Ok(zone) = Zone::parse("Europe/Berlin") else {
            eprintln!("skipped: this machine has no time zone database");
            return;
        };
        let mut clock = WallClock::new(zone);
        // Summer time ended on 2024-10-27T01:00:00Z.
        for (unix, offset) in
            [(1_729_990_799, 7200), (1_729_990_800, 3600), (1_729_990_799, 7200), (1_700_000_000, 3600)]
        {
            assert_eq!(clock.at(&utc(unix)).offset_seconds, offset, "{unix}");
        }
    }

    #[test]
    fn the_logs_clock_is_taken_as_written_and_utc_is_not() {
        let time = Time { wall_seconds: 7200, offset_seconds: 7200, nanos: 5 };
        assert_eq!(WallClock::new(Zone::Log).at(&time), time);
        assert_eq!(WallClock::new(Zone::Utc).at(&time), Time { wall_seconds: 0, offset_seconds: 0, nanos: 5 });
    }

    #[test]
    fn an_unknown_zone_is_named() {
        assert!(Zone::parse("Mars/Olympus").unwrap_err().contains("Mars/Olympus"));
    }
}
