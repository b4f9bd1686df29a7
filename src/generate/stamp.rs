//! The time on a line, written when the second changes.

use super::layout::FRACTION;
use super::pieces::{Cells, Room};
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ZonedDateTime};

/// How a time is written: a text of strftime, perhaps with decimals of the second in it.
#[derive(Clone, Debug)]
pub(super) struct Template {
    before: String,
    decimals: u8,
    after: String,
}

impl Template {
    /// Reads a text of strftime in which [`FRACTION`] and a digit stand for so many decimals.
    pub fn new(format: &str) -> Template {
        match format.split_once(FRACTION) {
            Some((before, behind)) => {
                let decimals = behind.as_bytes().first().map_or(0, |digit| digit.wrapping_sub(b'0').min(9));
                Template { before: before.to_owned(), decimals, after: behind.get(1..).unwrap_or_default().to_owned() }
            }
            None => Template { before: format.to_owned(), decimals: 0, after: String::new() },
        }
    }

    /// A stamp that is to be set.
    pub fn stamp(&self) -> Stamp {
        Stamp { template: self.clone(), texts: Cells::default(), divisor: 10u32.pow(9 - u32::from(self.decimals)) }
    }
}

/// A time as it is written in this second.
#[derive(Clone, Debug)]
pub(super) struct Stamp {
    template: Template,
    /// What stands before the decimals, and behind them.
    texts: Cells,
    divisor: u32,
}

impl Stamp {
    /// Sets the second: since the Unix epoch, UTC, and how far the wall clock is ahead of it.
    pub fn set(&mut self, unix_seconds: i64, offset_seconds: i32) {
        let zone = TimeZone::fixed(Offset::from_seconds(offset_seconds).unwrap_or(Offset::UTC));
        let time = Timestamp::from_second(unix_seconds).unwrap_or_default().to_zoned_datetime(zone);
        let said = |format: &str, time: &ZonedDateTime| jiff::fmt::strtime::format(format, time).unwrap_or_default();
        self.texts = Cells::default();
        self.texts.push(said(&self.template.before, &time).as_bytes());
        self.texts.push(said(&self.template.after, &time).as_bytes());
    }

    /// Writes it, with so many nanoseconds of the second; there is room.
    #[inline(always)]
    pub fn put(&self, nanos: u32, room: &mut Room<'_>) {
        room.cell(&self.texts, 0);
        if self.template.decimals > 0 {
            room.padded(nanos / self.divisor, usize::from(self.template.decimals));
            room.cell(&self.texts, 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::pieces::Pen;
    use super::*;

    #[test]
    fn times_are_written_as_logs_write_them() {
        let cases = [
            ("[%d/%b/%Y:%H:%M:%S %z] \"", "[10/Oct/2025:15:55:36 +0200] \""),
            ("%s.\u{1}3 100%%", "1760104536.123 100%"),
            ("%a %b %d %H:%M:%S.\u{1}6 %Y", "Fri Oct 10 15:55:36.123456 2025"),
            ("%Y-%m-%dT%H:%M:%S%:z", "2025-10-10T15:55:36+02:00"),
        ];
        for (format, expected) in cases {
            let mut stamp = Template::new(format).stamp();
            stamp.set(1_760_104_536, 7200);
            let mut text = Vec::new();
            let mut pen = Pen::new(&mut text, 0);
            pen.reserve(200);
            let mut room = pen.room();
            stamp.put(123_456_789, &mut room);
            let at = room.at();
            assert_eq!(String::from_utf8_lossy(&text[..at]), expected, "{format}");
        }
    }
}
