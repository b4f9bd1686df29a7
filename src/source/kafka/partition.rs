//! One partition: how far it is, whether it moves.

use super::statistics::Offsets;
use std::time::{Duration, Instant};

/// How far a partition is.
#[derive(Clone, Debug)]
pub struct Progress {
    /// The offset behind the last message that was handed on.
    pub next: i64,
    /// What the group has committed.
    pub committed: Option<i64>,
    /// Messages without a line: tombstones, and empty ones.
    pub empty: u64,
    /// Messages that were not read yet, as last told.
    pub lag: Option<u64>,
    /// Whether it waits for others.
    pub is_paused: bool,
    /// The offset behind the newest message that is known of.
    high: i64,
    /// When it last moved, or had nothing to move for.
    moved: Instant,
    /// Whether it was told to stand still, and whether a message came since.
    stalled: Option<bool>,
    /// Offsets that were passed over since the last statistics: from, to.
    jump: Option<(i64, i64)>,
}

/// What the statistics show of a partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Messages that were not read yet, where that is to be told.
    pub lag: Option<u64>,
    /// It has stood still for so long; it is to be fetched anew.
    pub stalled: Option<Duration>,
    /// It moves again.
    pub moves: bool,
    /// Offsets that were deleted before they were read.
    pub deleted: u64,
}

impl Progress {
    /// A partition that is read from the offset `from` on; before `high` there are messages.
    pub fn new(from: i64, high: i64, committed: Option<i64>, now: Instant) -> Progress {
        Progress {
            next: from,
            committed,
            empty: 0,
            lag: u64::try_from(high.saturating_sub(from)).ok(),
            is_paused: false,
            high,
            moved: now,
            stalled: None,
            jump: None,
        }
    }

    /// A message of this offset came. Returns whether the partition has begun anew: an offset comes again only where its topic
    /// was made anew.
    #[inline]
    pub fn came(&mut self, offset: i64) -> bool {
        let expected = std::mem::replace(&mut self.next, offset.saturating_add(1));
        if let Some(has_moved) = &mut self.stalled {
            *has_moved = true;
        }
        if offset > expected && self.jump.is_none() {
            self.jump = Some((expected, offset));
        }
        offset < expected
    }

    /// Messages came, or nobody asked for them: standing still is counted from now on.
    pub fn rest(&mut self, now: Instant) {
        self.moved = now;
    }

    /// Whether it has just come to the end of what is known of it. That is told at once: others wait for who has more to read.
    pub fn comes_to_its_end(&mut self) -> bool {
        let comes = self.next >= self.high && self.lag.is_some_and(|lag| lag > 0);
        if comes {
            self.lag = Some(0);
        }
        comes
    }

    /// The offset to commit, where it is not committed yet.
    pub fn to_commit(&self) -> Option<i64> {
        (self.committed != Some(self.next)).then_some(self.next)
    }

    /// Looks at what librdkafka knows. `is_reachable`: its broker is there.
    pub fn see(&mut self, offsets: &Offsets, is_reachable: bool, stalled_after: Duration, now: Instant) -> Seen {
        let lag = offsets.lag(self.next);
        if lag.is_some() {
            self.high = offsets.ls_offset;
        }
        // Messages of a broker that is away are nothing to wait for.
        let lag = if is_reachable { lag } else { Some(0) };
        let mut seen = Seen::default();
        // Some lag is told each time: it says that there is work. None is told once.
        if let Some(lag) = lag.filter(|lag| *lag > 0 || self.lag != Some(0)) {
            (seen.lag, self.lag) = (Some(lag), Some(lag));
        }
        // Gaps are usual where transactions and compaction are; below the oldest message they are a loss.
        if let Some((from, to)) = self.jump.take() {
            seen.deleted = u64::try_from(to.min(offsets.lo_offset) - from).unwrap_or(0);
        }
        if lag.is_none_or(|lag| lag == 0) || self.is_paused || !is_reachable {
            self.moved = now;
        }
        let still = now.saturating_duration_since(self.moved);
        if still >= stalled_after {
            self.moved = now;
            self.stalled = Some(false);
            seen.stalled = Some(still);
        } else if self.stalled == Some(true) {
            self.stalled = None;
            seen.moves = true;
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AFTER: Duration = Duration::from_secs(30);

    fn offsets(lo_offset: i64, ls_offset: i64) -> Offsets {
        Offsets { leader: 1, lo_offset, ls_offset, next_offset: 0, fetchq_cnt: 0 }
    }

    #[test]
    fn a_partition_that_stands_still_is_told_once_a_span_and_when_it_moves() {
        let start = crate::clock::monotonic();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let mut progress = Progress::new(0, 0, None, start);
        let see = |progress: &mut Progress, seconds, high, is_reachable| {
            let seen = progress.see(&offsets(0, high), is_reachable, AFTER, at(seconds));
            (seen.stalled.map(|span| span.as_secs()), seen.moves)
        };
        assert_eq!(see(&mut progress, 29, 10, true), (None, false));
        assert_eq!(see(&mut progress, 30, 10, true), (Some(30), false));
        assert_eq!(see(&mut progress, 59, 10, true), (None, false));
        assert_eq!(see(&mut progress, 60, 10, true), (Some(30), false), "and again");
        progress.came(0);
        progress.rest(at(61));
        assert_eq!(see(&mut progress, 61, 10, true), (None, true));
        assert_eq!(see(&mut progress, 80, 10, false), (None, false), "its broker is away");
        assert_eq!(see(&mut progress, 109, 10, true), (None, false));
        progress.is_paused = true;
        assert_eq!(see(&mut progress, 200, 10, true), (None, false), "it is to wait");
        progress.is_paused = false;
        assert_eq!(see(&mut progress, 229, 1, true), (None, false), "there is nothing");
        assert_eq!(see(&mut progress, 258, 2, true), (None, false));
        assert_eq!(see(&mut progress, 259, 2, true), (Some(30), false));
    }

    #[test]
    fn a_gap_is_a_loss_only_below_the_oldest_message() {
        let now = crate::clock::monotonic();
        let cases = [
            ("no gap", 10, 0, 0),
            ("a mark of a transaction", 11, 0, 0),
            ("retention took it all", 50, 50, 40),
            ("retention took some, compaction the rest", 50, 30, 20),
            ("the broker has not said", 50, -1001, 0),
        ];
        for (what, came, low, deleted) in cases {
            let mut progress = Progress::new(10, 10, None, now);
            assert!(!progress.came(came), "{what}");
            assert_eq!(progress.see(&offsets(low, 100), true, AFTER, now).deleted, deleted, "{what}");
            assert_eq!(progress.see(&offsets(low, 100), true, AFTER, now).deleted, 0, "{what}: told once");
        }
        let mut progress = Progress::new(10, 10, None, now);
        assert!(progress.came(0), "made anew");
        assert_eq!((progress.next, progress.to_commit()), (1, Some(1)));
    }

    #[test]
    fn lag_is_told_while_there_is_some_and_once_when_there_is_none() {
        let now = crate::clock::monotonic();
        let mut progress = Progress::new(0, 5, Some(0), now);
        assert_eq!((progress.to_commit(), progress.lag), (None, Some(5)));
        let told: Vec<_> =
            [-1001, 5, 5, 0, 0, 7].map(|high| progress.see(&offsets(0, high), true, AFTER, now).lag).into();
        assert_eq!(told, [None, Some(5), Some(5), Some(0), None, Some(7)]);
        assert_eq!(progress.see(&offsets(0, 7), false, AFTER, now).lag, Some(0), "its broker is away");
        assert_eq!(progress.see(&offsets(0, 7), true, AFTER, now).lag, Some(7), "it is back");
        (0..6).for_each(|offset| assert!(!progress.came(offset)));
        assert!(!progress.comes_to_its_end());
        progress.came(6);
        assert!(progress.comes_to_its_end() && !progress.comes_to_its_end(), "told once");
        assert_eq!(progress.see(&offsets(0, 7), true, AFTER, now).lag, None);
    }
}
