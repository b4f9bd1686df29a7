//! What is known of all inputs together: the windows, and where every line went.
//!
//! Workers hand over what they gathered; the board puts it into the ring, moves the watermark, and keeps the account:
//! `lines = blank + records + malformed + heartbeats + filtered`, and `records = windowed + late + future`. What one worker
//! hands over goes into the ring before the event times in it move the watermark, so that no line makes itself late.
//!
//! Units: milliseconds, as in [`super::watermark`].

use super::gather::Gathered;
use super::pane::Counts;
use super::panes::{Ring, Tier, Window, Wrong};
use super::watermark::{self, InputId, Kind, NEVER, Watermarks};
use crate::aggregate::tally::Lines;
use std::collections::BTreeSet;

/// How windows are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What a pane spans.
    pub pane: i64,
    /// For how long panes are kept.
    pub history: i64,
    /// How long a closed pane may be revised.
    pub allowed_lateness: i64,
    /// How far ahead of the wall clock a line may be.
    pub max_future: i64,
    /// How inputs wait for each other.
    pub watermark: watermark::Settings,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            pane: 1_000,
            history: 3_600_000,
            allowed_lateness: 60_000,
            max_future: 600_000,
            watermark: watermark::Settings::default(),
        }
    }
}

impl Settings {
    /// The tiers of the ring: the finest for two minutes (or as long as they may be revised), ten times as coarse for twenty,
    /// sixty times as coarse for the rest of the history.
    pub fn tiers(&self) -> Vec<Tier> {
        let finest = Tier { width: self.pane, keep: (120 * self.pane).max(self.allowed_lateness) };
        let middle = Tier { width: 10 * self.pane, keep: finest.keep.max(1_200 * self.pane) };
        let coarsest = Tier { width: 60 * self.pane, keep: self.history };
        let mut tiers = vec![finest];
        for tier in [middle, coarsest] {
            if tiers.last().is_some_and(|last| tier.keep > last.keep) {
                tiers.push(tier);
            }
        }
        // The last one reaches as far as the history.
        if let Some(last) = tiers.last_mut() {
            last.keep = last.keep.max(self.history);
        }
        tiers
    }
}

/// Where all lines went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Lines by kind.
    pub lines: Lines,
    /// Records counted in a window.
    pub windowed: u64,
    /// Records that came too late for theirs.
    pub late: u64,
    /// Records too far in the future.
    pub future: u64,
}

impl Account {
    /// Whether no line is missing, and none counted twice.
    pub fn balances(&self) -> bool {
        self.lines.lines == self.lines.parts() && self.lines.records == self.windowed + self.late + self.future
    }
}

/// What a worker hands over.
#[derive(Default)]
pub struct HandOver {
    /// Lines by kind since it last did.
    pub lines: Lines,
    /// Its panes.
    pub gathered: Gathered,
    /// The newest event time of each input in them.
    pub newest: Vec<(InputId, i64)>,
}

/// Windows and account.
pub struct Board {
    settings: Settings,
    watermarks: Watermarks,
    ring: Ring<Counts>,
    account: Account,
    is_finished: bool,
    hurried: u64,
    /// Windows that are closed and were not taken, where they are to be kept.
    closed: Option<Vec<Window<Counts>>>,
    /// The ends of those that were taken and have changed since.
    revised: BTreeSet<i64>,
}

/// Where a board goes on.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The watermark; [`NEVER`] where there was none.
    pub watermark: i64,
    /// Where all lines went.
    pub account: Account,
    /// Panes: start, width, content.
    pub panes: Vec<(i64, i64, Counts)>,
}

impl Default for Restored {
    /// At the very beginning.
    fn default() -> Self {
        Restored { watermark: NEVER, account: Account::default(), panes: Vec::new() }
    }
}

/// Panes that are closed in one step.
const STEP_PANES: i64 = 60;
/// Finest panes that may be open. Beyond it, as many as this many at the most, the older half is closed whoever is waited
/// for: lines of ever other times, beside an input that holds the watermark back, must not fill the memory.
pub const OPEN_PANES_MAX: usize = 20_000;

impl Board {
    /// An empty board; `monotonic` is now.
    pub fn new(settings: Settings, monotonic: i64) -> Result<Board, Wrong> {
        let ring = Ring::new(&settings.tiers(), settings.allowed_lateness)?;
        let watermarks = Watermarks::new(settings.watermark.clone(), NEVER, monotonic);
        Ok(Board {
            settings,
            watermarks,
            ring,
            account: Account::default(),
            is_finished: false,
            hurried: 0,
            closed: None,
            revised: BTreeSet::new(),
        })
    }

    /// The same, to go on from what was kept of an earlier one; its windows are to be [taken](Self::take_windows).
    pub fn restored(settings: Settings, from: Restored, monotonic: i64) -> Result<Board, Wrong> {
        let mut board = Board::new(settings, monotonic)?;
        board.ring.restore(from.watermark, from.panes);
        board.watermarks = Watermarks::new(board.settings.watermark.clone(), from.watermark, monotonic);
        board.account = from.account;
        board.closed = Some(Vec::new());
        Ok(board)
    }

    /// Takes what a worker hands over; `monotonic` is now.
    pub fn take(&mut self, over: HandOver, monotonic: i64) {
        self.account.lines.add(&over.lines);
        for (start, counts) in over.gathered.panes {
            let records = counts.records;
            let is_in_time = self.ring.add(start, counts);
            let end = self.end_of(start);
            if is_in_time && self.closed.is_some() && end <= self.ring.watermark() {
                self.revised.insert(end);
            }
            *if is_in_time { &mut self.account.windowed } else { &mut self.account.late } += records;
        }
        self.account.late += over.gathered.late;
        self.account.future += over.gathered.future;
        for (input, newest) in over.newest {
            self.watermarks.saw(input, newest, monotonic);
        }
    }

    /// Whether there are so many panes that they should be closed before more are taken in.
    pub fn is_crowded(&self) -> bool {
        self.ring.len() > OPEN_PANES_MAX
    }

    /// Moves the watermark on though somebody is waited for, where there are still too many panes once all was closed that
    /// may be.
    pub fn hurry(&mut self) {
        if let Some(start) = self.ring.start_before_last(OPEN_PANES_MAX / 2).filter(|_| self.is_crowded()) {
            self.watermarks.raise(start);
            self.hurried += 1;
        }
    }

    /// How often panes were closed though somebody was waited for, since they were too many.
    pub fn hurried(&self) -> u64 {
        self.hurried
    }

    /// Before this instant every line is late by now, in milliseconds; [`NEVER`] where none is.
    pub fn late_before(&self) -> i64 {
        match self.ring.watermark() {
            NEVER => NEVER,
            watermark => watermark.saturating_sub(self.settings.allowed_lateness).saturating_sub(self.settings.pane),
        }
    }

    /// An input has begun, or goes on from the newest event time that an earlier run has seen of it.
    pub fn begin(&mut self, input: InputId, kind: Kind, newest: Option<i64>, monotonic: i64) {
        self.watermarks.begin(input, kind, newest, monotonic);
    }

    /// An input has ended.
    pub fn end(&mut self, input: InputId) {
        self.watermarks.end(input);
    }

    /// Whether an input has lines that were not read yet.
    pub fn set_backlog(&mut self, input: InputId, has_backlog: bool, monotonic: i64) {
        self.watermarks.set_backlog(input, has_backlog, monotonic);
    }

    /// Those of `inputs` that should wait for slower ones.
    pub fn ahead<'a>(
        &'a self,
        inputs: impl Iterator<Item = InputId> + 'a,
        monotonic: i64,
    ) -> impl Iterator<Item = InputId> + 'a {
        let slowest = self.watermarks.slowest(monotonic);
        inputs.filter(move |input| self.watermarks.is_ahead(*input, slowest))
    }

    /// Moves the watermark as far as it may go. What this closes is told, and seen, by [`step`](Self::step).
    pub fn advance(&mut self, monotonic: i64, wall: i64) {
        self.watermarks.advance(monotonic, wall);
    }

    /// Nothing more will come: all panes that hold something are to be closed.
    pub fn finish(&mut self) {
        self.watermarks.finish();
        self.is_finished = true;
    }

    /// Closes the next panes up to the watermark, at most a minute or so of them, so that whoever looks after each step
    /// finds every window whole, however far the watermark has come. Returns the ends of the first and the last pane closed;
    /// `None` once there is nothing to close.
    pub fn step(&mut self) -> Option<(i64, i64)> {
        let (before, goal, width) = (self.ring.watermark(), self.goal(), self.settings.pane);
        if goal <= before {
            return None;
        }
        // Over time in which no window holds anything it goes at once.
        let next = self.ring.first_from(before).unwrap_or(goal);
        let is_over = before == NEVER || self.ring.holds_none_before(before);
        let reached = before.saturating_add(STEP_PANES * width).max(if is_over { next } else { NEVER }).min(goal);
        self.ring.advance(reached);
        self.keep_windows(before, reached);
        let closed = self.ring.pane_of(reached);
        let first = if before == NEVER { closed } else { self.ring.pane_of(before).saturating_add(width) };
        if first <= closed { Some((first, closed)) } else { self.step() }
    }

    /// What a window that is kept spans: a minute of panes of a second.
    pub fn window_length(&self) -> i64 {
        60 * self.settings.pane
    }

    /// The end of the window that holds an instant.
    fn end_of(&self, instant: i64) -> i64 {
        let length = self.window_length();
        instant.saturating_sub(instant.rem_euclid(length)).saturating_add(length)
    }

    /// Keeps the windows that end behind `before` and not behind `reached`, but those in which nothing is.
    fn keep_windows(&mut self, before: i64, reached: i64) {
        let length = self.window_length();
        if self.closed.is_none() {
            return;
        }
        let first = self.ring.first_from(before.saturating_sub(length)).unwrap_or(reached);
        let mut end = self.end_of(first.max(before.saturating_sub(length)));
        while end <= reached {
            if end > before {
                self.keep_window(end);
            }
            end = end.saturating_add(length);
        }
    }

    fn keep_window(&mut self, end: i64) {
        let window = self.ring.window(end, self.window_length());
        if let Some(closed) = self.closed.as_mut().filter(|_| window.sum.records > 0) {
            closed.push(window);
        }
    }

    /// Keeps the windows that are not closed yet, as far as they have come, since nothing more will be kept.
    pub fn keep_open_windows(&mut self) {
        let watermark = self.ring.watermark();
        let ends: BTreeSet<i64> = self.ring.iter().map(|(start, ..)| self.end_of(start)).collect();
        ends.into_iter().filter(|end| *end > watermark).for_each(|end| self.keep_window(end));
    }

    /// Windows that wait to be taken.
    pub fn windows_waiting(&self) -> usize {
        self.closed.as_ref().map_or(0, Vec::len)
    }

    /// Drops the oldest windows that wait to be taken, but for `most`; returns how many.
    pub fn drop_windows(&mut self, most: usize) -> usize {
        let Some(closed) = &mut self.closed else { return 0 };
        closed.drain(..closed.len().saturating_sub(most)).count()
    }

    /// The windows that were closed, or changed once they were, since this was last asked; a later one of the same span is
    /// the right one.
    pub fn take_windows(&mut self) -> Vec<Window<Counts>> {
        for end in std::mem::take(&mut self.revised) {
            self.keep_window(end);
        }
        self.closed.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// The panes that have changed since this was last asked: start, width, content.
    pub fn take_changed(&mut self) -> impl Iterator<Item = (i64, i64, &Counts)> {
        self.ring.take_changed()
    }

    /// Whether a further [`step`](Self::step) would close something.
    pub fn has_more(&self) -> bool {
        self.ring.pane_of(self.goal()) > self.ring.pane_of(self.ring.watermark())
    }

    /// Where the ring's watermark is to get to.
    fn goal(&self) -> i64 {
        let watermark = self.watermarks.now();
        if !self.is_finished || watermark == NEVER {
            return watermark;
        }
        // At the end of the pane that holds the last line.
        self.ring.pane_of(watermark.saturating_sub(1)).saturating_add(self.settings.pane)
    }

    /// The windows.
    pub fn ring(&self) -> &Ring<Counts> {
        &self.ring
    }

    /// Where all lines went.
    pub fn account(&self) -> &Account {
        &self.account
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(input: InputId, at: i64, records: u64) -> HandOver {
        let counts = Counts { records, ..Counts::default() };
        HandOver {
            lines: Lines { lines: records, records, ..Lines::default() },
            gathered: Gathered { panes: vec![(at - at.rem_euclid(1000), counts)], ..Gathered::default() },
            newest: vec![(input, at)],
        }
    }

    #[test]
    fn a_line_is_windowed_late_or_of_the_future_and_the_account_balances() {
        let mut board = Board::new(Settings::default(), 0).unwrap();
        board.begin(1, Kind::Sender, None, 0);
        board.take(over(1, 100_500, 3), 0);
        board.advance(0, 0);
        assert_eq!(board.step(), Some((95_000, 95_000)));
        board.take(over(1, 30_000, 2), 0);
        assert_eq!(board.account().late, 2, "65 s behind and more");
        board.take(over(1, 36_000, 2), 0);
        let mut future = over(1, 101_000, 1);
        future.lines = Lines { lines: 4, records: 3, blank: 1, ..Lines::default() };
        future.gathered.future = 2;
        board.take(future, 0);
        assert_eq!((board.account().windowed, board.account().late, board.account().future), (6, 2, 2));
        assert!(board.account().balances());
        assert_eq!(board.ring().window(101_000, 1_000).sum.records, 3);
    }

    /// The ends of all panes that are closed now.
    fn closed(board: &mut Board, wall: i64) -> Vec<i64> {
        board.advance(30_000, wall);
        let steps: Vec<(i64, i64)> = std::iter::from_fn(|| board.step()).collect();
        steps.into_iter().flat_map(|(first, last)| (first..=last).step_by(1_000)).collect()
    }

    #[test]
    fn panes_are_closed_one_after_the_other() {
        let mut board = Board::new(Settings::default(), 0).unwrap();
        board.begin(1, Kind::Sender, None, 0);
        assert_eq!(closed(&mut board, 50_000), [45_000], "nothing is waited for");
        board.take(over(1, 53_400, 1), 30_000);
        assert_eq!(closed(&mut board, 50_000), [46_000, 47_000, 48_000]);
        assert_eq!(closed(&mut board, 50_000), [0; 0]);
        board.take(over(1, 53_999, 1), 30_000);
        assert_eq!(closed(&mut board, 50_000), [0; 0]);
        board.take(over(1, 54_000, 1), 30_000);
        assert_eq!(closed(&mut board, 50_000), [49_000]);
        board.finish();
        assert_eq!(closed(&mut board, 50_000), [50_000, 51_000, 52_000, 53_000, 54_000, 55_000]);
        assert_eq!(closed(&mut board, 50_000), [0; 0]);
    }

    #[test]
    fn however_far_the_watermark_comes_every_window_is_seen_whole() {
        let mut board = Board::new(Settings { history: 120_000, ..Settings::default() }, 0).unwrap();
        board.begin(1, Kind::Sender, None, 0);
        // Two days in one hand-over, a line a minute but for the second night.
        let minutes = (0..2 * 1440).filter(|minute| !(1440..1900).contains(minute));
        let panes: Vec<(i64, Counts)> =
            minutes.map(|minute| (minute * 60_000, Counts { records: 1, ..Counts::default() })).collect();
        let (count, last) = (panes.len() as u64, panes.last().unwrap().0);
        let mut over = over(1, last, count);
        over.gathered.panes = panes;
        board.take(over, 0);
        board.advance(0, 0);
        board.finish();
        let (mut seen, mut steps) = (0, 0);
        while let Some((first, last)) = board.step() {
            steps += 1;
            let ends = (first..=last).step_by(1_000).filter(|end| end % 60_000 == 0);
            seen += ends.map(|end| board.ring().window(end, 60_000).sum.records).sum::<u64>();
        }
        // The last minute has begun and not ended.
        assert_eq!((seen, board.account().late), (count - 1, 0));
        assert!(steps < 5_000, "{steps}");
    }

    #[test]
    fn lines_of_ever_other_times_fill_no_memory_though_the_watermark_is_held_back() {
        let mut board = Board::new(Settings::default(), 0).unwrap();
        board.begin(1, Kind::Sender, None, 0);
        board.begin(2, Kind::Waiting, None, 0);
        board.set_backlog(2, true, 0);
        let mut lines = 0;
        for part in 0..20 {
            let mut over = over(1, part, 4_000);
            over.gathered.panes =
                (0..4_000).map(|n| ((part * 4_000 + n) * 1_000, Counts { records: 1, ..Counts::default() })).collect();
            board.take(over, 0);
            for _ in 0..2 {
                board.advance(0, 0);
                while board.step().is_some() {}
                board.hurry();
            }
            assert!(board.ring().len() <= OPEN_PANES_MAX + 4_000, "{}", board.ring().len());
            lines += 4_000;
        }
        assert!(board.hurried() > 0 && board.account().balances());
        assert_eq!(board.account().windowed + board.account().late, lines);
    }

    #[test]
    fn windows_that_nobody_takes_are_dropped_oldest_first() {
        let mut board = Board::restored(Settings::default(), Restored::default(), 0).unwrap();
        board.begin(1, Kind::Sender, None, 0);
        for minute in 0..10 {
            board.take(over(1, minute * 60_000, 1), 0);
            board.advance(0, 0);
            while board.step().is_some() {}
        }
        assert_eq!((board.windows_waiting(), board.drop_windows(4), board.drop_windows(4)), (8, 4, 0));
        let left: Vec<i64> = board.take_windows().iter().map(|window| window.from / 60_000).collect();
        assert_eq!(left, [4, 5, 6, 7]);
    }

    #[test]
    fn histories_of_every_length_have_a_ring() {
        for (pane, history, lateness) in [
            (1_000, 3_600_000, 60_000),
            (1_000, 60_000, 60_000),
            (60_000, 3_600_000, 60_000),
            (1_000, 1_000, 3_600_000),
        ] {
            let settings = Settings { pane, history, allowed_lateness: lateness, ..Settings::default() };
            let tiers = settings.tiers();
            assert!(tiers.last().unwrap().keep >= history);
            assert!(Board::new(settings, 0).is_ok(), "{tiers:?}");
        }
    }
}
