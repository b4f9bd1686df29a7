//! Times as logs write them.
//!
//! Every parser reads the whole text or nothing, refuses impossible dates, and carries second 60 into the next minute.
//! Nothing is allocated.

use super::record::Time;

/// Days from 1970-01-01 to a date of the Gregorian calendar; `None` for a date that there is not.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
pub fn days(year: u32, month: u32, day: u32) -> Option<i64> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let last = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if day == 0 || day > last {
        return None;
    }
    let shifted = i64::from(year) - i64::from(month <= 2);
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * i64::from((month + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    Some(era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468)
}

/// The month that an English abbreviation names, from 1.
pub fn month(name: &[u8]) -> Option<u32> {
    const NAMES: [&[u8; 3]; 12] =
        [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
    NAMES.iter().position(|known| known.as_slice() == name).map(|at| at as u32 + 1)
}

/// The number that a text of digits alone writes.
pub fn number(text: &[u8]) -> Option<u32> {
    if text.is_empty() || text.len() > 9 {
        return None;
    }
    text.iter().try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + u32::from(byte - b'0')))
}

/// Seconds since midnight of `HH:MM:SS`.
pub fn clock(text: &[u8]) -> Option<i64> {
    let &[h1, h0, b':', m1, m0, b':', s1, s0] = text else { return None };
    let (hour, minute, second) = (number(&[h1, h0])?, number(&[m1, m0])?, number(&[s1, s0])?);
    (hour < 24 && minute < 60 && second <= 60).then(|| i64::from(hour * 3600 + minute * 60 + second))
}

/// Seconds ahead of UTC of `+hhmm` or `-hhmm`.
pub fn offset(text: &[u8]) -> Option<i32> {
    let &[sign @ (b'+' | b'-'), h1, h0, m1, m0] = text else { return None };
    let (hours, minutes) = (number(&[h1, h0])?, number(&[m1, m0])?);
    let seconds = (hours < 24 && minutes < 60).then(|| (hours * 3600 + minutes * 60) as i32)?;
    Some(if sign == b'-' { -seconds } else { seconds })
}

/// Nanoseconds of the digits behind a decimal point: one to nine count, further ones are looked over.
pub fn fraction(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let kept = &digits[..digits.len().min(9)];
    Some(number(kept)? * 10u32.pow(9 - kept.len() as u32))
}

/// `10/Oct/2000:13:55:36 -0700`, the time of the common log format (Apache `%t` without its brackets).
pub fn clf(text: &[u8]) -> Option<Time> {
    let (date, rest) = (text.get(..11)?, text.get(11..)?);
    let (b'/', b'/', Some(b':')) = (date[2], date[6], rest.first()) else { return None };
    let (clock_text, Some(b' '), zone) = (rest.get(1..9)?, rest.get(9), rest.get(10..)?) else { return None };
    let day = days(number(&date[7..])?, month(&date[3..6])?, number(&date[..2])?)?;
    Some(Time { wall_seconds: day * 86_400 + clock(clock_text)?, offset_seconds: offset(zone)?, nanos: 0 })
}

/// `Sun Jan 15 18:06:29 2017` or, from Apache 2.4, `Wed Oct 11 14:32:52.123456 2023`. It names no offset.
pub fn apache_error(text: &[u8]) -> Option<Time> {
    let (weekday, rest) = (text.get(..4)?, text.get(4..)?);
    const DAYS: [&[u8; 4]; 7] = [b"Mon ", b"Tue ", b"Wed ", b"Thu ", b"Fri ", b"Sat ", b"Sun "];
    if !DAYS.iter().any(|known| known.as_slice() == weekday) {
        return None;
    }
    let (Some(b' '), Some(b' ')) = (rest.get(3), rest.get(6)) else { return None };
    // `ctime` pads the day with a space.
    let day_text = rest.get(4..6)?;
    let day = number(day_text.strip_prefix(b" ").unwrap_or(day_text))?;
    let (seconds, behind) = (clock(rest.get(7..15)?)?, rest.get(15..)?);
    let (nanos, year) = match behind.strip_prefix(b".") {
        Some(behind) => {
            let end = memchr::memchr(b' ', behind)?;
            (fraction(&behind[..end])?, &behind[end + 1..])
        }
        None => (0, behind.strip_prefix(b" ")?),
    };
    if year.len() != 4 {
        return None;
    }
    let day = days(number(year)?, month(rest.get(..3)?)?, day)?;
    Some(Time { wall_seconds: day * 86_400 + seconds, offset_seconds: 0, nanos })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_the_common_log_format() {
        let time = |wall_seconds, offset_seconds| Some(Time { wall_seconds, offset_seconds, nanos: 0 });
        for (what, text, expected) in [
            ("an offset west", "10/Oct/2000:13:55:36 -0700", time(971_186_136, -25_200)),
            ("an offset of half hours", "01/Jan/1970:05:30:00 +0530", time(19_800, 19_800)),
            ("a leap day", "29/Feb/2024:00:00:00 +0000", time(1_709_164_800, 0)),
            ("second 60 is the next minute", "31/Dec/2016:23:59:60 +0000", time(1_483_228_800, 0)),
            ("no leap day", "29/Feb/2023:00:00:00 +0000", None),
            ("no such day", "31/Feb/2023:00:00:00 +0000", None),
            ("day 0", "00/Feb/2023:00:00:00 +0000", None),
            ("hour 24", "10/Oct/2000:24:55:36 -0700", None),
            ("minute 60", "10/Oct/2000:13:60:36 -0700", None),
            ("second 61", "10/Oct/2000:13:55:61 -0700", None),
            ("a foreign month", "10/Okt/2000:13:55:36 -0700", None),
            ("no offset", "10/Oct/2000:13:55:36", None),
            ("a short year", "10/Oct/00:13:55:36 -0700", None),
            ("an offset of a day", "10/Oct/2000:13:55:36 -2400", None),
            ("text behind it", "10/Oct/2000:13:55:36 -0700x", None),
            ("nothing", "", None),
        ] {
            assert_eq!(clf(text.as_bytes()), expected, "{what}: {text}");
        }
    }

    #[test]
    fn the_time_of_apaches_error_log() {
        let time = |wall_seconds, nanos| Some(Time { wall_seconds, offset_seconds: 0, nanos });
        for (text, expected) in [
            ("Sun Jan 15 18:06:29 2017", time(1_484_503_589, 0)),
            ("Wed Oct 11 14:32:52.123456 2023", time(1_697_034_772, 123_456_000)),
            ("Sun Jan  1 00:00:00 2017", time(1_483_228_800, 0)),
            ("Xxx Jan 15 18:06:29 2017", None),
            ("Sun Jan 15 18:06:29", None),
            ("Sun Jan 15 18:06:29. 2017", None),
            ("Sun Jan 15 18:06:29 20177", None),
        ] {
            assert_eq!(apache_error(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn days_run_on_without_a_gap() {
        let mut expected = days(1900, 1, 1).unwrap();
        for year in 1900..2200 {
            for month in 1..=12 {
                for day in 1..=31 {
                    if let Some(found) = days(year, month, day) {
                        assert_eq!(found, expected, "{year}-{month}-{day}");
                        expected += 1;
                    }
                }
            }
        }
    }
}
