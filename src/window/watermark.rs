//! How far the event time of all inputs together has come.
//!
//! Each input (a file, a connection, a partition) has a watermark: the newest event time it has shown, less the disorder
//! that is allowed for. No line older than that is expected of it. The watermark of all is the least of theirs, so that a
//! window is closed only when nobody is expected to add to it; it never goes back. Three kinds of inputs hold nobody back:
//!
//! - one from which nothing has come for a while (`idle_timeout`), measured on the monotonic clock, so that a wall clock
//!   that is set does not matter;
//! - one that is far behind the newest of all (`max_lag`) and that nobody can pause: a socket whose clock is wrong;
//! - one that has shown no event time yet, unless it is known to have lines waiting.
//!
//! When every input is idle, the wall clock stands in for the lines that do not come, so that silence is noticed too. It does
//! not at the start, before any input had the time to show something: the first lines may be old ones that are replayed.
//! An input that can wait (a file, a partition) is asked to, where it runs ahead of the slowest ([`Watermarks::is_ahead`]):
//! so catching up makes nothing late.
//!
//! Units: instants are milliseconds since the Unix epoch in UTC, or since any fixed instant on the monotonic clock; spans
//! are milliseconds.
//! Source: Akidau et al., "The Dataflow Model", PVLDB 8(12), 2015; idleness and alignment as in Apache Flink.

use std::collections::BTreeMap;

/// Names an input.
pub type InputId = u64;

/// An instant before all others.
pub const NEVER: i64 = i64::MIN;

/// How inputs are waited for. All spans in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How far behind the newest line of its input a line may come and still be expected.
    pub max_out_of_orderness: i64,
    /// How long an input may be silent before nobody waits for it.
    pub idle_timeout: i64,
    /// How far an input that cannot be paused may be behind the newest of all before nobody waits for it.
    pub max_lag: i64,
    /// How far an input that can be paused may run ahead of the slowest.
    pub max_ahead: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { max_out_of_orderness: 5_000, idle_timeout: 30_000, max_lag: 60_000, max_ahead: 10_000 }
    }
}

/// What can be asked of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It sends when it will: a socket.
    Sender,
    /// It can be paused, and its lines stay where they are: a file, a partition.
    Waiting,
}

#[derive(Clone, Debug)]
struct Input {
    kind: Kind,
    /// The newest event time it has shown.
    newest: Option<i64>,
    /// Whether it is known to have lines that were not read yet.
    has_backlog: bool,
    /// When it last showed a line or was known to have some, on the monotonic clock.
    active: i64,
}

/// The watermarks of all inputs, and that of all together.
#[derive(Clone, Debug)]
pub struct Watermarks {
    settings: Settings,
    inputs: BTreeMap<InputId, Input>,
    /// When all began, on the monotonic clock.
    began: i64,
    /// The newest event time that any input has shown.
    newest: i64,
    all: i64,
}

impl Watermarks {
    /// No input yet. `all` is the watermark of an earlier run, or [`NEVER`].
    pub fn new(settings: Settings, all: i64, monotonic: i64) -> Watermarks {
        Watermarks { settings, inputs: BTreeMap::new(), began: monotonic, newest: NEVER, all }
    }

    /// An input has begun. `newest` is the newest event time that an earlier run has seen of it.
    pub fn begin(&mut self, input: InputId, kind: Kind, newest: Option<i64>, monotonic: i64) {
        self.inputs.insert(input, Input { kind, newest, has_backlog: false, active: monotonic });
    }

    /// An input has ended; it holds nobody back.
    pub fn end(&mut self, input: InputId) {
        self.inputs.remove(&input);
    }

    /// Lines of an input were read, the newest of event time `newest`.
    pub fn saw(&mut self, input: InputId, newest: i64, monotonic: i64) {
        if let Some(input) = self.inputs.get_mut(&input) {
            input.newest = Some(input.newest.map_or(newest, |known| known.max(newest)));
            self.newest = self.newest.max(newest);
            input.active = input.active.max(monotonic);
        }
    }

    /// Whether an input has lines that were not read yet. One that has is not idle.
    pub fn set_backlog(&mut self, input: InputId, has_backlog: bool, monotonic: i64) {
        if let Some(input) = self.inputs.get_mut(&input) {
            if input.has_backlog || has_backlog {
                input.active = input.active.max(monotonic);
            }
            input.has_backlog = has_backlog;
        }
    }

    /// The watermark of all inputs together, [`NEVER`] before the first. `wall` is the time of day.
    pub fn advance(&mut self, monotonic: i64, wall: i64) -> i64 {
        // One without an event time that is waited for has shown nothing: it may begin anywhere.
        let least = self.least(monotonic, |_| true);
        let is_start = monotonic.saturating_sub(self.began) < self.settings.idle_timeout;
        if let Some(reached) = least.or((!is_start).then_some(wall)) {
            self.raise(reached.saturating_sub(self.settings.max_out_of_orderness));
        }
        self.all
    }

    /// Moves the watermark of all to an instant, whoever has not got there; never back.
    pub fn raise(&mut self, to: i64) {
        self.all = self.all.max(to);
    }

    /// Nothing more will come: the watermark passes the newest event time of all.
    pub fn finish(&mut self) -> i64 {
        if self.newest != NEVER {
            self.raise(self.newest.saturating_add(1));
        }
        self.all
    }

    /// The watermark that the last [`advance`](Self::advance) came to.
    pub fn now(&self) -> i64 {
        self.all
    }

    /// The newest event time that an input has shown.
    pub fn newest(&self, input: InputId) -> Option<i64> {
        self.inputs.get(&input)?.newest
    }

    /// The event time of the slowest input that others should wait for, [`NEVER`] where one of them has shown none; `None`
    /// where there is nobody. A file that was read to its end has nothing to catch up with.
    pub fn slowest(&self, monotonic: i64) -> Option<i64> {
        self.least(monotonic, |input| input.kind == Kind::Sender || input.has_backlog)
    }

    /// The least event time of the `wanted` inputs that are waited for.
    fn least(&self, monotonic: i64, wanted: impl Fn(&Input) -> bool) -> Option<i64> {
        let newest = self.inputs.values().filter_map(|input| input.newest).max();
        let waited_for = self
            .inputs
            .values()
            .filter(|input| wanted(input) && is_waited_for(&self.settings, input, newest, monotonic));
        waited_for.map(|input| input.newest.unwrap_or(NEVER)).min()
    }

    /// Whether an input should wait, as it is further ahead of the [`slowest`](Self::slowest) one than `max_ahead`.
    pub fn is_ahead(&self, input: InputId, slowest: Option<i64>) -> bool {
        let Some(Input { kind: Kind::Waiting, newest: Some(own), .. }) = self.inputs.get(&input) else { return false };
        slowest.is_some_and(|slowest| slowest < own.saturating_sub(self.settings.max_ahead))
    }
}

/// Whether the others wait for an input; `newest` is the newest event time of all.
fn is_waited_for(settings: &Settings, input: &Input, newest: Option<i64>, monotonic: i64) -> bool {
    if !input.has_backlog && monotonic.saturating_sub(input.active) >= settings.idle_timeout {
        return false;
    }
    match (input.kind, input.newest, newest) {
        (_, None, _) => input.has_backlog,
        (Kind::Sender, Some(own), Some(newest)) => newest.saturating_sub(own) <= settings.max_lag,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn watermarks(inputs: &[(InputId, Kind)]) -> Watermarks {
        let mut watermarks = Watermarks::new(Settings::default(), NEVER, 0);
        inputs.iter().for_each(|(input, kind)| watermarks.begin(*input, *kind, None, 0));
        watermarks
    }

    #[test]
    fn the_slowest_input_that_is_waited_for_decides() {
        let mut all = watermarks(&[(1, Kind::Sender), (2, Kind::Sender)]);
        all.saw(1, 100_000, 0);
        assert_eq!(all.advance(0, 0), 95_000, "one that has shown nothing holds nobody back");
        all.saw(2, 98_000, 10);
        assert_eq!(all.advance(10, 0), 95_000, "it never goes back");
        all.saw(1, 130_000, 20);
        assert_eq!(all.advance(20, 0), 95_000, "the other one is waited for");
        all.saw(2, 120_000, 30);
        assert_eq!(all.advance(30, 0), 115_000);
        all.saw(2, 90_000, 40);
        assert_eq!(all.advance(40, 0), 115_000, "an older line moves nothing");
    }

    #[test]
    fn a_silent_input_is_waited_for_until_it_is_idle() {
        let mut all = watermarks(&[(1, Kind::Sender), (2, Kind::Sender)]);
        all.saw(1, 100_000, 0);
        all.saw(2, 100_000, 0);
        all.saw(1, 120_000, 20_000);
        assert_eq!(all.advance(29_999, 0), 95_000);
        assert_eq!(all.advance(30_000, 0), 115_000);
        all.saw(2, 101_000, 30_001);
        assert_eq!(all.advance(30_001, 0), 115_000, "back, it is behind");
    }

    #[test]
    fn when_all_are_idle_the_wall_clock_goes_on() {
        let mut all = watermarks(&[(1, Kind::Sender)]);
        all.saw(1, 100_000, 0);
        assert_eq!(all.advance(29_999, 999_000), 95_000);
        assert_eq!(all.advance(30_000, 999_000), 994_000);
        assert_eq!(all.advance(30_001, 900_000), 994_000, "a wall clock set back takes nothing back");
        let mut none = watermarks(&[]);
        assert_eq!(none.advance(29_999, 70_000), NEVER, "the first input may be on its way");
        assert_eq!(none.advance(30_000, 70_000), 65_000, "without an input there is nothing else");
    }

    #[test]
    fn a_sender_far_behind_the_newest_holds_nobody_back_and_a_file_does() {
        for (kind, expected) in [(Kind::Sender, 95_000), (Kind::Waiting, 34_999)] {
            let mut all = watermarks(&[(1, Kind::Sender), (2, kind)]);
            all.saw(2, 39_999, 0);
            all.saw(1, 100_000, 0);
            assert_eq!(all.advance(0, 0), expected, "{kind:?}");
        }
        let mut all = watermarks(&[(1, Kind::Sender), (2, Kind::Sender)]);
        all.saw(2, 40_000, 0);
        all.saw(1, 100_000, 0);
        assert_eq!(all.advance(0, 0), 35_000, "exactly the allowed lag");
    }

    #[test]
    fn a_file_whose_lines_wait_is_waited_for_however_long_it_takes() {
        let mut all = watermarks(&[(1, Kind::Waiting), (2, Kind::Waiting)]);
        all.set_backlog(2, true, 0);
        all.saw(1, 100_000, 0);
        assert_eq!(all.advance(0, 0), NEVER, "its first line may be of any time");
        all.saw(2, 20_000, 1);
        assert_eq!(all.advance(90_000, 0), 15_000);
        all.set_backlog(2, false, 90_001);
        all.saw(1, 100_001, 90_001);
        assert_eq!(all.advance(120_000, 0), 15_000, "it was active until its backlog was read");
        all.saw(1, 100_002, 120_001);
        assert_eq!(all.advance(120_001, 0), 95_002);
    }

    #[test]
    fn a_file_that_runs_ahead_of_the_slowest_waits() {
        let mut all = watermarks(&[(1, Kind::Waiting), (2, Kind::Waiting), (3, Kind::Sender)]);
        all.saw(1, 100_000, 0);
        assert!(!all.is_ahead(1, all.slowest(0)), "alone");
        all.set_backlog(2, true, 0);
        assert!(all.is_ahead(1, all.slowest(0)), "the other one has not begun");
        assert!(!all.is_ahead(2, all.slowest(0)));
        all.saw(2, 89_999, 0);
        assert!(all.is_ahead(1, all.slowest(0)) && !all.is_ahead(2, all.slowest(0)));
        all.set_backlog(2, false, 0);
        assert!(!all.is_ahead(1, all.slowest(0)), "the other one was read to its end");
        assert_eq!(all.advance(0, 0), 84_999, "and is waited for nevertheless");
        all.set_backlog(2, true, 0);
        all.saw(2, 90_000, 0);
        assert!(!all.is_ahead(1, all.slowest(0)));
        all.saw(3, 500_000, 0);
        assert!(!all.is_ahead(3, all.slowest(0)), "a sender cannot be asked to");
        all.end(2);
        assert!(!all.is_ahead(1, all.slowest(0)));
        assert_eq!(all.advance(0, 0), 95_000);
    }

    #[test]
    fn at_the_end_nothing_is_waited_for() {
        let mut all = watermarks(&[(1, Kind::Sender), (2, Kind::Sender)]);
        assert_eq!(all.finish(), NEVER);
        all.saw(1, 100_000, 0);
        all.saw(2, 70_000, 0);
        all.end(1);
        assert_eq!(all.finish(), 100_001);
    }

    #[test]
    fn a_run_goes_on_from_the_watermark_of_the_one_before() {
        let mut all = Watermarks::new(Settings::default(), 50_000, 0);
        all.begin(1, Kind::Waiting, Some(52_000), 0);
        assert_eq!((all.advance(0, 0), all.newest(1)), (50_000, Some(52_000)));
        all.saw(1, 60_000, 0);
        assert_eq!(all.advance(0, 0), 55_000);
    }

    #[test]
    fn extreme_times_overflow_nothing() {
        let mut all = watermarks(&[(1, Kind::Sender), (2, Kind::Waiting), (3, Kind::Sender)]);
        for (input, newest) in [(1, i64::MIN), (2, i64::MAX), (3, 0)] {
            all.saw(input, newest, i64::MAX);
            all.slowest(i64::MIN);
            all.advance(i64::MAX, i64::MIN);
        }
        assert_eq!(all.advance(i64::MAX, i64::MAX), i64::MAX - 5_000);
    }

    proptest! {
        /// Whatever happens in whatever order: it never goes back, and it passes no input that is waited for.
        #[test]
        fn it_never_goes_back_and_passes_nobody(
            steps in prop::collection::vec((0u64..4, 0i64..200_000, 0i64..20_000, any::<bool>()), 1..200),
        ) {
            let kinds = [Kind::Sender, Kind::Waiting, Kind::Sender, Kind::Waiting];
            let mut all = watermarks(&(0..4).zip(kinds).collect::<Vec<_>>());
            let (mut monotonic, mut before) = (0, NEVER);
            for (input, event, span, waits) in steps {
                monotonic += span;
                all.saw(input, event, monotonic);
                all.set_backlog(input, waits, monotonic);
                let now = all.advance(monotonic, 0);
                prop_assert!(now >= before);
                let newest = (0..4).filter_map(|input| all.newest(input)).max();
                for (input, kind) in (0..4).zip(kinds) {
                    let own = all.newest(input);
                    let lags = own.zip(newest).is_some_and(|(own, newest)| newest - own > 60_000);
                    let recent = all.inputs[&input].has_backlog || monotonic - all.inputs[&input].active < 30_000;
                    if let Some(own) = own && recent && !(lags && kind == Kind::Sender) {
                        prop_assert!(now == before || now <= own - 5_000);
                    }
                }
                before = now;
            }
        }
    }
}
