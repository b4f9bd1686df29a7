//! The threads of a monitor, and the board that they all tell.

use super::counted::Counted;
use super::hand::Hand;
use super::notes::Notes;
use super::source::Source;
use crate::aggregate::snapshot::Snapshot;
use crate::clock::Clock;
use crate::engine::settings::Settings;
use crate::parallel::message_of;
use crate::window::board::{self, Account, Board, HandOver};
use crate::window::watermark::{InputId, Kind, NEVER};
use crossbeam::channel::{Receiver, RecvTimeoutError, bounded, unbounded};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

/// Hand-overs that may wait for the board. A few, as each may hold a second's worth of lines.
const WAITING_MAX: usize = 8;
/// How often the board looks at the clock.
const TICK: Duration = Duration::from_millis(20);
/// How long a source may take to hand on what it has, when all is to end.
const DRAIN: Duration = Duration::from_secs(3);

/// Said when windows were closed though an input was waited for.
const HURRIED: &str = "lines of too many different times came while an input was waited for: windows were closed before their \
                       time, and what comes for them is counted late; look for a log with wrong times, or one that stands still";

/// What a hand tells the board.
pub enum Told {
    /// An input has begun.
    Begin {
        /// The input.
        input: InputId,
        /// What to call it.
        name: String,
        /// What can be asked of it.
        kind: Kind,
    },
    /// An input has ended.
    End {
        /// The input.
        input: InputId,
    },
    /// An input has bytes that were not read yet.
    Backlog {
        /// The input.
        input: InputId,
        /// Bytes.
        bytes: u64,
    },
    /// What was gathered.
    Over(Box<HandOver>),
    /// Something that an operator should know.
    Problem {
        /// Bytes that were discarded.
        bytes: u64,
        /// What, why, and the cure.
        sentence: String,
    },
    /// A source is not asked any more.
    Failed(String),
}

/// How a monitor runs.
pub struct Monitor<'run> {
    /// How lines are read and counted.
    pub settings: &'run Settings,
    /// How windows are kept.
    pub window: board::Settings,
    /// Milliseconds after which all ends.
    pub duration: Option<i64>,
    /// Set by whoever wants it to end.
    pub stop: &'run AtomicBool,
    /// What time it is.
    pub clock: &'run dyn Clock,
}

/// An input, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputShown {
    /// Its name.
    pub name: String,
    /// Bytes that were not read yet.
    pub backlog: u64,
    /// The newest event time it has shown, in milliseconds.
    pub newest: Option<i64>,
}

/// What can be shown at a moment.
pub struct Shown<'board> {
    /// Windows and account.
    pub board: &'board Board,
    inputs: &'board BTreeMap<InputId, InputShown>,
    /// The ends of the panes that were closed since the last time, from the first to the last.
    pub closed: Option<(i64, i64)>,
    /// Whether nothing will be shown after this.
    pub is_last: bool,
    /// Bytes that were discarded, by all.
    pub discarded_bytes: u64,
    /// The time of day, in milliseconds.
    pub wall: i64,
}

impl Shown<'_> {
    /// The inputs of the moment.
    pub fn inputs(&self) -> impl Iterator<Item = &InputShown> {
        self.inputs.values()
    }
}

/// How a monitor ended.
pub struct Ended {
    /// All counts.
    pub counted: Counted,
    /// Where all lines went.
    pub account: Account,
    /// Sources that failed, each with a sentence.
    pub failures: Vec<String>,
}

impl Ended {
    /// The report on all that was counted, after `elapsed_seconds`.
    pub fn report(&mut self, top: usize, elapsed_seconds: f64) -> Snapshot {
        let mut report = self.counted.report(top);
        report.totals.windowed = self.account.windowed;
        report.totals.late = self.account.late;
        report.totals.future = self.account.future;
        Snapshot { elapsed_seconds, partial: !self.failures.is_empty(), ..report }
    }
}

/// Serves all sources until they end, the time is over or it is to stop. `show` is called at every tick with what there is,
/// `note` with every sentence for the operator.
pub fn monitor(
    sources: Vec<Box<dyn Source + '_>>,
    monitor: &Monitor<'_>,
    mut show: impl FnMut(&Shown<'_>),
    note: impl FnMut(&str),
) -> Result<Ended, crate::window::panes::Wrong> {
    let board = Board::new(monitor.window.clone(), monitor.clock.monotonic())?;
    let (to, told) = bounded(WAITING_MAX);
    let (ending, late_before) = (AtomicBool::new(false), AtomicI64::new(NEVER));
    let mut notes = Notes::new(note, monitor.clock.monotonic());
    let mut failures = Vec::new();
    let (counted, state) = std::thread::scope(|scope| {
        let mut hands = Vec::new();
        let mut pausers = Vec::new();
        for mut source in sources {
            let (to, ending, late_before) = (to.clone(), &ending, &late_before);
            let (pause, paused) = unbounded();
            pausers.push(pause);
            let name = source.name();
            let serve = move || {
                let mut hand =
                    Hand::new(monitor.settings, &monitor.window, monitor.clock, late_before, to.clone(), paused);
                // A defect in one source's worker leaves the others to go on, and what was counted stays.
                let served = catch_unwind(AssertUnwindSafe(|| hand.serve(&mut *source, ending, DRAIN)));
                if let Err(panic) = served {
                    let what = message_of(&*panic);
                    let _ = catch_unwind(AssertUnwindSafe(|| hand.hand_over()));
                    let _ = to.send(Told::Failed(format!(
                        "{}: is not read any more, because of a defect in visor-fast: {what}; please report it",
                        source.name()
                    )));
                }
                hand.into_counted()
            };
            match std::thread::Builder::new().name(name.clone()).spawn_scoped(scope, serve) {
                Ok(hand) => hands.push(hand),
                Err(error) => failures.push(format!("{name}: no thread can be started for it: {error}")),
            }
        }
        drop(to);
        let mut state = State {
            monitor,
            board,
            inputs: BTreeMap::new(),
            discarded_bytes: 0,
            paused: BTreeSet::new(),
            late_before: &late_before,
            hurried: 0,
        };
        state.listen(
            &told,
            &ending,
            |input, paused| {
                pausers.iter().for_each(|pause| {
                    let _ = pause.send((input, paused));
                });
            },
            &mut show,
            &mut notes,
            &mut failures,
        );
        let counted: Vec<Counted> = hands.into_iter().filter_map(|hand| hand.join().ok()).collect();
        (counted, state)
    });
    let account = state.board.account().clone();
    Ok(Ended { counted: Counted::join(counted), account, failures })
}

struct State<'run> {
    monitor: &'run Monitor<'run>,
    board: Board,
    inputs: BTreeMap<InputId, InputShown>,
    discarded_bytes: u64,
    paused: BTreeSet<InputId>,
    /// What hands are told of the watermark.
    late_before: &'run AtomicI64,
    /// How often that was said.
    hurried: u64,
}

impl State<'_> {
    fn listen(
        &mut self,
        told: &Receiver<Told>,
        ending: &AtomicBool,
        pause: impl Fn(InputId, bool),
        show: &mut impl FnMut(&Shown<'_>),
        notes: &mut Notes<impl FnMut(&str)>,
        failures: &mut Vec<String>,
    ) {
        let clock = self.monitor.clock;
        let began = clock.monotonic();
        let mut ticked = i64::MIN;
        loop {
            let over = self.monitor.duration.is_some_and(|duration| clock.monotonic() - began >= duration);
            if over || self.monitor.stop.load(Ordering::Relaxed) {
                ending.store(true, Ordering::Relaxed);
            }
            match told.recv_timeout(TICK) {
                Ok(Told::Failed(sentence)) => {
                    notes.say(&sentence);
                    failures.push(sentence);
                }
                Ok(Told::Problem { bytes, sentence }) => {
                    self.discarded_bytes += bytes;
                    notes.offer(&sentence, clock.monotonic());
                }
                Ok(told) => self.hear(told),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            let now = clock.monotonic();
            if now.saturating_sub(ticked) >= TICK.as_millis() as i64 {
                ticked = now;
                self.tick(now, &pause, show);
                notes.look(now);
                if std::mem::replace(&mut self.hurried, self.board.hurried()) != self.board.hurried() {
                    notes.offer(HURRIED, now);
                }
            }
        }
        notes.tell_rest();
        self.board.finish();
        self.show(true, show);
    }

    fn hear(&mut self, told: Told) {
        let now = self.monitor.clock.monotonic();
        match told {
            Told::Begin { input, name, kind } => {
                self.board.begin(input, kind, now);
                self.inputs.insert(input, InputShown { name, backlog: 0, newest: None });
            }
            Told::End { input } => {
                self.board.advance(now, self.monitor.clock.wall());
                self.board.end(input);
                self.inputs.remove(&input);
                self.paused.remove(&input);
            }
            Told::Backlog { input, bytes } => {
                self.board.set_backlog(input, bytes > 0, now);
                if let Some(shown) = self.inputs.get_mut(&input) {
                    shown.backlog = bytes;
                }
            }
            Told::Over(over) => {
                self.board.take(&over, now);
                for (input, newest) in &over.newest {
                    if let Some(shown) = self.inputs.get_mut(input) {
                        shown.newest = shown.newest.max(Some(*newest));
                    }
                }
            }
            Told::Problem { .. } | Told::Failed(_) => {}
        }
    }

    fn tick(&mut self, now: i64, pause: &impl Fn(InputId, bool), show: &mut impl FnMut(&Shown<'_>)) {
        self.board.advance(now, self.monitor.clock.wall());
        let ahead: BTreeSet<InputId> = self.board.ahead(self.inputs.keys().copied(), now).collect();
        self.paused.difference(&ahead).for_each(|input| pause(*input, false));
        ahead.difference(&self.paused).for_each(|input| pause(*input, true));
        self.paused = ahead;
        self.show(false, show);
        self.late_before.store(self.board.late_before(), Ordering::Relaxed);
    }

    /// Shows what there is after each step in which panes are closed, or once.
    fn show(&mut self, is_last: bool, show: &mut impl FnMut(&Shown<'_>)) {
        let mut closed = self.board.step();
        loop {
            let next = if closed.is_some() { self.board.has_more() } else { false };
            show(&Shown {
                board: &self.board,
                inputs: &self.inputs,
                closed,
                is_last: is_last && !next,
                discarded_bytes: self.discarded_bytes,
                wall: self.monitor.clock.wall(),
            });
            if !next {
                return;
            }
            closed = self.board.step();
        }
    }
}
