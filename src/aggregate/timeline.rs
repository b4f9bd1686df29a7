//! Traffic over time: counts by bucket of event time.
//!
//! Buckets are numbered from 1970-01-01T00:00:00 of the wall clock that counts, so a bucket that divides the day begins
//! at midnight. Lines come nearly in order, so the last bucket is remembered; the others are found in a map. Where memory
//! is bounded and a log has millions of different hours, the greatest are kept: see [`bounds`].

pub mod bounds;

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
    /// The last answer, and the seconds for which it holds: from which on, and how many.
    last: Place,
    last_from: i64,
    last_seconds: u64,
    /// What is known of buckets that are not here, once there may be any.
    bounds: Option<bounds::Bounds>,
}

/// Where a moment belongs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The row of its bucket.
    pub row: u32,
    /// Its day, counted from 1970-01-01.
    pub day: i32,
    /// Its bucket as a bit of the day's mask, for [`Share::OfDay`]; else 0.
    pub bit: u32,
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
        Timeline {
            seconds,
            share,
            rows: BTreeMap::new(),
            counts: Vec::new(),
            numbers: Vec::new(),
            last: Place::default(),
            last_from: 0,
            last_seconds: 0,
            bounds: None,
        }
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

    /// Where a wall-clock second belongs.
    #[inline(always)]
    pub fn place(&mut self, wall_seconds: i64) -> Place {
        // The memo answers without a division.
        if wall_seconds.wrapping_sub(self.last_from) as u64 >= self.last_seconds {
            self.look_up(wall_seconds);
        }
        self.last
    }

    #[inline(never)]
    fn look_up(&mut self, wall_seconds: i64) {
        let number = wall_seconds.div_euclid(self.seconds);
        let (day, of_day) = (wall_seconds.div_euclid(DAY_SECONDS), wall_seconds.rem_euclid(DAY_SECONDS));
        let bit = match self.share {
            Share::OfDay(seconds) => 1 << ((of_day / seconds) as u32 % 32),
            Share::Days | Share::Odd => 0,
        };
        self.last = Place { row: self.find(number), day: day as i32, bit };
        // The answer holds for the rest of the bucket and of the day, whichever ends first, from both of their starts on.
        let starts = [number.saturating_mul(self.seconds), day.saturating_mul(DAY_SECONDS)];
        let ends = [starts[0].saturating_add(self.seconds), starts[1].saturating_add(DAY_SECONDS)];
        self.last_from = starts[0].max(starts[1]);
        self.last_seconds = ends[0].min(ends[1]).saturating_sub(self.last_from).max(0) as u64;
    }

    /// The row of a bucket by its number.
    pub fn find(&mut self, number: i64) -> u32 {
        *self.rows.entry(number).or_insert_with(|| {
            self.counts.push(Counts::default());
            self.numbers.push(number);
            if let Some(bounds) = &mut self.bounds {
                bounds.admit();
            }
            self.counts.len() as u32 - 1
        })
    }

    /// The counts of a row, to add to.
    #[inline(always)]
    pub fn at(&mut self, row: u32) -> &mut Counts {
        &mut self.counts[row as usize]
    }

    /// The row of the bucket that holds a wall-clock second, if there is one.
    pub fn row_at(&self, wall_seconds: i64) -> Option<u32> {
        self.rows.get(&wall_seconds.div_euclid(self.seconds)).copied()
    }

    /// How many rows there are.
    pub fn count(&self) -> usize {
        self.counts.len()
    }

    /// Each bucket's number and counts, in the order of rows.
    pub fn iter(&self) -> impl Iterator<Item = (i64, &Counts)> {
        self.numbers.iter().copied().zip(&self.counts)
    }

    /// Adds another's hits, bytes and errors; returns this one's row for each of its rows.
    pub fn merge(&mut self, other: &Timeline) -> Vec<u32> {
        self.begin_merge(other);
        let rows: Vec<u32> = other
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
            .collect();
        self.end_merge(other, &rows);
        rows
    }

    /// The report's list: in order of time, gaps filled with zeros, up to [`FILLED_MAX`] of them. `offset` is the
    /// seconds ahead of UTC that all records share; without one, starts are written without an offset. `visitors` are
    /// those of each row.
    pub fn freeze(&self, offset: Option<i32>, visitors: &[u32]) -> Vec<Bucket> {
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
                let hits_error = self.bounds().map(|bounds| bounds.floor);
                let empty = |number| Bucket { start: start(number), hits_error, ..Bucket::default() };
                buckets.extend((number - gap as i64..number).map(empty));
            }
            let Counts { hits, bytes, errors, client_errors } = self.counts[row as usize];
            let visitors = visitors.get(row as usize).copied().unwrap_or(0).into();
            let hits_error = self.missed(row);
            let figures =
                Bucket { start: start(number), hits, bytes, visitors, errors, client_errors, ..Bucket::default() };
            buckets.push(Bucket { hits_error, ..figures });
            next = Some(number + 1);
        }
        buckets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(timeline: &mut Timeline, wall_seconds: i64) {
        let place = timeline.place(wall_seconds);
        timeline.at(place.row).hits += 1;
    }

    #[test]
    fn gaps_are_filled_and_order_does_not_matter() {
        let mut timeline = Timeline::new(3600);
        for second in [7200, 0, 3599, 10_800 + 3600, -1] {
            hit(&mut timeline, second);
        }
        let hits: Vec<_> =
            timeline.freeze(Some(0), &[]).into_iter().map(|bucket| (bucket.start, bucket.hits)).collect();
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
        assert_eq!(timeline.freeze(None, &[]).len(), 2);
        assert_eq!(timeline.freeze(None, &[])[0].start, "1970-01-01T00:00:00");
    }

    #[test]
    fn a_place_is_found_whatever_was_asked_before() {
        for seconds in [1, 60, 900, 3600, 7000, 10_800, 86_400, 604_800, 100_000] {
            let mut timeline = Timeline::new(seconds);
            let mut state = 1u64;
            for _ in 0..5000 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let second = (state >> 40) as i64 % 400_000 - 200_000;
                let place = timeline.place(second);
                let number = timeline.numbers[place.row as usize];
                assert_eq!(number, second.div_euclid(seconds as i64), "bucket of {second} s in buckets of {seconds} s");
                assert_eq!(i64::from(place.day), second.div_euclid(DAY_SECONDS));
                let bit = match timeline.share() {
                    Share::OfDay(part) => 1 << (second.rem_euclid(DAY_SECONDS) / part),
                    _ => 0,
                };
                assert_eq!(place.bit, bit);
            }
        }
        // The ends of time are places too.
        for second in [i64::MIN, i64::MIN + 1, i64::MAX - 1, i64::MAX] {
            let mut timeline = Timeline::new(3600);
            let place = timeline.place(second);
            assert_eq!(timeline.place(second), place);
        }
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
