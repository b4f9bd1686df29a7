//! A time in pieces, put together while a line is read.

use super::part::Piece;
use crate::format::record::Time;
use crate::format::{decimal, time};

/// Seconds since 1970 that 64 bits of nanoseconds reach: the year 2554, as in [`crate::format::moment`].
const EPOCH_END: i64 = 18_446_744_073;

/// What has been read of a time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moment {
    /// Seconds since 1970, UTC, where the log writes those.
    epoch: Option<i64>,
    year: u32,
    month: u32,
    day: u32,
    day_of_year: u32,
    hour: u32,
    is_half_day: bool,
    is_afternoon: bool,
    minute: u32,
    second: u32,
    nanos: u32,
    offset_seconds: i32,
}

impl Moment {
    /// Reads a piece from the start of `text`; returns what is behind it, or `None` where it is not there.
    pub fn take<'line>(&mut self, piece: Piece, text: &'line [u8]) -> Option<&'line [u8]> {
        let length = match piece {
            Piece::YearOfCentury
            | Piece::Month
            | Piece::Day
            | Piece::Hour
            | Piece::HalfDayHour
            | Piece::HalfDay
            | Piece::Minute
            | Piece::Second => 2,
            Piece::MonthName | Piece::DayOfYear | Piece::Millis => 3,
            Piece::Year => 4,
            Piece::Offset if text.get(3) == Some(&b':') => 6,
            Piece::Offset => 5,
            Piece::Micros => 6,
            Piece::MonthWord | Piece::Word => run(text, |byte| byte.is_ascii_alphanumeric()),
            Piece::Epoch | Piece::EpochMillis | Piece::EpochMicros => run(text, u8::is_ascii_digit),
        };
        let (text, behind) = text.split_at_checked(length)?;
        let number = || time::number(text);
        // Padded with a space (`%e`, `%k`, `%l`).
        let padded = || time::number(text.strip_prefix(b" ").unwrap_or(text));
        match piece {
            Piece::Year => self.year = number()?,
            Piece::YearOfCentury => self.year = number().map(|year| year + if year < 69 { 2000 } else { 1900 })?,
            Piece::Month => self.month = number()?,
            Piece::MonthName => self.month = time::month(text)?,
            Piece::MonthWord => self.month = time::month(text.get(..3)?)?,
            Piece::Day => self.day = padded()?,
            Piece::DayOfYear => self.day_of_year = number()?,
            Piece::Hour => self.hour = padded()?,
            Piece::HalfDayHour => {
                self.hour = padded().filter(|hour| (1..=12).contains(hour))? % 12;
                self.is_half_day = true;
            }
            Piece::HalfDay => {
                self.is_afternoon = match text {
                    b"AM" | b"am" => false,
                    b"PM" | b"pm" => true,
                    _ => return None,
                }
            }
            Piece::Minute => self.minute = number()?,
            Piece::Second => self.second = number()?,
            Piece::Millis | Piece::Micros => self.nanos = time::fraction(text)?,
            Piece::Offset => {
                self.offset_seconds = match *text {
                    [sign, a, b, b':', c, d] => time::offset(&[sign, a, b, c, d])?,
                    _ => time::offset(text)?,
                }
            }
            Piece::Word => return (length > 0).then_some(behind),
            Piece::Epoch => self.split_epoch(text, 1)?,
            Piece::EpochMillis => self.split_epoch(text, 1000)?,
            Piece::EpochMicros => self.split_epoch(text, 1_000_000)?,
        }
        Some(behind)
    }

    fn split_epoch(&mut self, text: &[u8], parts: u64) -> Option<()> {
        let number = decimal::integer(text)?;
        self.epoch = Some(i64::try_from(number / parts).ok().filter(|seconds| *seconds < EPOCH_END)?);
        if parts > 1 {
            self.nanos = u32::try_from(number % parts * (1_000_000_000 / parts)).ok()?;
        }
        Some(())
    }

    /// The time that the pieces make; `None` for one that there is not. Without an offset it is 0.
    pub fn time(&self) -> Option<Time> {
        let (offset_seconds, nanos) = (self.offset_seconds, self.nanos);
        if let Some(epoch) = self.epoch {
            let wall_seconds = epoch.checked_add(i64::from(offset_seconds))?;
            return Some(Time { wall_seconds, offset_seconds, nanos });
        }
        let hour = self.hour + if self.is_half_day && self.is_afternoon { 12 } else { 0 };
        if hour > 23 || self.minute > 59 || self.second > 60 {
            return None;
        }
        let day = match self.day_of_year {
            0 => time::days(self.year, self.month, self.day)?,
            day => {
                let first = time::days(self.year, 1, 1)?;
                let day = first + i64::from(day) - 1;
                (day < time::days(self.year + 1, 1, 1)?).then_some(day)?
            }
        };
        let wall_seconds = day * 86_400 + i64::from(hour * 3600 + self.minute * 60 + self.second);
        Some(Time { wall_seconds, offset_seconds, nanos })
    }
}

/// Bytes at the start of `text` that are of a kind.
fn run(text: &[u8], is: impl Fn(&u8) -> bool) -> usize {
    text.iter().position(|byte| !is(byte)).unwrap_or(text.len())
}
