//! Traffic over time: counts by bucket of event time.
//!
//! Buckets are numbered from 1970-01-01T00:00:00 of the wall clock that counts, so a bucket that divides the day begins
//! at midnight. Lines come nearly in order, so the last bucket is remembered; the others are found in a map.

use super::snapshot::Bucket;
use super::zone::{rfc3339, wall_text};
use crate::format::record::Time;
use std::collections::BTreeMap;

/// Empty buckets filled in between others, at most, in one report: a line from the year 1 must not make a report of
/// millions of zeros.
pub const FILLED_MAX: u64 = 100_000;

/// Seconds of a day.
pub const DAY_SECONDS: i64 = 86_400;

/// What one bucket counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    /// Records.
    pub hits: u64,
    /// Bytes sent.
    pub bytes: u64,
    /// Visitors seen in it.
    pub visitors: u64,
    /// 5xx, or of level error or worse.
    pub errors: u64,
    /// 4xx.
    pub client_errors: u64,
}

/// How the visitors of a bucket are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// The bucket is a 1st to 32nd part of a day: a bit of the visitor's mask, by this many seconds.
    OfDay(i64),
    /// The bucket is whole days: a visitor, who belongs to one day, is in one bucket.
    Days,
    /// Anything else: a row of its own.
    Odd,
}

/// Counts by bucket.
pub struct Timeline {
    seconds: i64,
    share: Share,
    rows: BTreeMap<i64, u32>,
    counts: Vec<Counts>,
    numbers: Vec<i64>,
    last: (i64, u32),
}

impl Timeline {
    /// A timeline in buckets of so many seconds, at least 1.
    pub fn new(seconds: u64) -> Timeline {
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX).max(1);
        let share = if seconds % DAY_SECONDS == 0 {
            Share::Days
        } else if DAY_SECONDS % seconds == 0 && DAY_SECONDS / seconds <= 32 {
            Share::OfDay(seconds)
        } else {
            Share::Odd
        };
        Timeline { seconds, share, rows: BTreeMap::new(), counts: Vec::new(), numbers: Vec::new(), last: (i64::MIN, 0) }
    }

    /// Seconds a bucket spans.
    pub fn seconds(&self) -> i64 {
        self.seconds
    }

    /// How its visitors are told apart.
    #[inline(always)]
    pub fn share(&self) -> Share {
        self.share
    }

    /// The row of the bucket that holds a wall-clock second.
    #[inline(always)]
    pub fn row(&mut self, wall_seconds: i64) -> u32 {
        let (number, row) = self.last;
        // The memo answers without the division.
        if number != i64::MIN && (0..self.seconds).contains(&wall_seconds.wrapping_sub(number * self.seconds)) {
            return row;
        }
        self.find(wall_seconds.div_euclid(self.seconds))
    }

    /// The row of a bucket by its number.
    #[inline(never)]
    pub fn find(&mut self, number: i64) -> u32 {
        let row = *self.rows.entry(number).or_insert_with(|| {
            self.counts.push(Counts::default());
            self.numbers.push(number);
            self.counts.len() as u32 - 1
        });
        self.last = (number, row);
        row
    }

    /// The counts of a row, to add to.
    #[inline(always)]
    pub fn at(&mut self, row: u32) -> &mut Counts {
        &mut self.counts[row as usize]
    }

    /// The row of share `bit` of a day, for [`Share::OfDay`].
    pub fn row_of_share(&mut self, day: i32, bit: u32) -> u32 {
        self.row(i64::from(day) * DAY_SECONDS + i64::from(bit) * self.seconds)
    }

    /// Each bucket's number and counts, in the order of rows.
    pub fn iter(&self) -> impl Iterator<Item = (i64, &Counts)> {
        self.numbers.iter().copied().zip(&self.counts)
    }

    /// Adds another's hits, bytes and errors; returns this one's row for each of its rows. Visitors are left out.
    pub fn merge(&mut self, other: &Timeline) -> Vec<u32> {
        other
            .iter()
            .map(|(number, counts)| {
                let row = self.find(number);
                let into = self.at(row);
                into.hits += counts.hits;
                into.bytes = into.bytes.saturating_add(counts.bytes);
                into.errors += counts.errors;
                into.client_errors += counts.client_errors;
                row
            })
            .collect()
    }

    /// The report's list: in order of time, gaps filled with zeros, up to [`FILLED_MAX`] of them. `offset` is the
    /// seconds ahead of UTC that all records share; without one, starts are written without an offset.
    pub fn freeze(&self, offset: Option<i32>) -> Vec<Bucket> {
        let start = |number: i64| {
            let wall_seconds = number.saturating_mul(self.seconds);
            match offset {
                Some(offset_seconds) => rfc3339(&Time { wall_seconds, offset_seconds, nanos: 0 }),
                None => wall_text(wall_seconds),
            }
        };
        let (mut buckets, mut filled, mut next) = (Vec::with_capacity(self.rows.len()), 0u64, None);
        for (&number, &row) in &self.rows {
            let gap = next.map_or(0, |next: i64| number.abs_diff(next));
            if gap <= FILLED_MAX - filled {
                filled += gap;
                let empty = |number| Bucket { start: start(number), ..Bucket::default() };
                buckets.extend((number - gap as i64..number).map(empty));
            }
            let Counts { hits, bytes, visitors, errors, client_errors } = self.counts[row as usize];
            buckets.push(Bucket { start: start(number), hits, bytes, visitors, errors, client_errors });
            next = Some(number + 1);
        }
        buckets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(timeline: &mut Timeline, wall_seconds: i64) {
        let row = timeline.row(wall_seconds);
        timeline.at(row).hits += 1;
    }

    #[test]
    fn gaps_are_filled_and_order_does_not_matter() {
        let mut timeline = Timeline::new(3600);
        for second in [7200, 0, 3599, 10_800 + 3600, -1] {
            hit(&mut timeline, second);
        }
        let hits: Vec<_> = timeline.freeze(Some(0)).into_iter().map(|bucket| (bucket.start, bucket.hits)).collect();
        let expected = [
            ("1969-12-31T23:00:00Z", 1),
            ("1970-01-01T00:00:00Z", 2),
            ("1970-01-01T01:00:00Z", 0),
            ("1970-01-01T02:00:00Z", 1),
            ("1970-01-01T03:00:00Z", 0),
            ("1970-01-01T04:00:00Z", 1),
        ];
        assert_eq!(hits, expected.map(|(start, hits)| (start.to_string(), hits)));
    }

    #[test]
    fn a_line_from_another_century_makes_no_million_zeros() {
        let mut timeline = Timeline::new(60);
        hit(&mut timeline, 0);
        hit(&mut timeline, 3_000_000_000);
        assert_eq!(timeline.freeze(None).len(), 2);
        assert_eq!(timeline.freeze(None)[0].start, "1970-01-01T00:00:00");
    }

    #[test]
    fn a_bucket_is_a_share_of_a_day_days_or_odd() {
        for (seconds, share) in [
            (3600, Share::OfDay(3600)),
            (2700, Share::OfDay(2700)),
            (900, Share::Odd),
            (86_400, Share::Days),
            (604_800, Share::Days),
            (7000, Share::Odd),
            (100_000, Share::Odd),
        ] {
            assert_eq!(Timeline::new(seconds).share(), share, "{seconds} s");
        }
    }
}
