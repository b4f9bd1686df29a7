//! Who hears all hands: the board, what is shown of it, and the cuts through it.

use super::cut::{Cut, Gathering};
use super::notes::Notes;
use super::run::{Monitor, Pauser, Shared, ToldTo};
use super::shown::{InputShown, Shown};
use super::source::Backlog;
use super::told::{Part, Told};
use crate::window::board::{Account, Board};
use crate::window::watermark::InputId;
use crossbeam::channel::{Receiver, Sender};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How often the board looks at the clock.
const TICK: Duration = Duration::from_millis(20);
/// Closed windows that may wait for a cut before one is made out of turn.
const WINDOWS_SOON: usize = 512;
/// Those that may wait at all: while the store is written everything waits then, and where it cannot be written the oldest go.
const WINDOWS_MAX: usize = 4096;

/// Said when windows were closed though an input was waited for.
const HURRIED: &str = "lines of too many different times came while an input was waited for: windows were closed before \
                       their time, and what comes for them is counted late; look for a log with wrong times, or one that \
                       stands still";

/// The board, and whoever looks at it.
pub struct Listener<'run, N, S> {
    monitor: &'run Monitor<'run>,
    board: Board,
    shared: &'run Shared,
    pausers: Vec<Pauser>,
    /// What the keeper says.
    keeper: Receiver<String>,
    /// Hands whose sources have not begun. Until they have, no time passes: their first lines may be the oldest.
    awaited: BTreeSet<usize>,
    gathering: Gathering,
    inputs: BTreeMap<InputId, InputShown>,
    discarded_bytes: u64,
    paused: BTreeSet<InputId>,
    hurried: u64,
    /// When the last cut was asked for.
    cut: i64,
    notes: Notes<N>,
    show: S,
    failures: Vec<String>,
}

impl<'run, N: FnMut(&str), S: FnMut(&Shown<'_>)> Listener<'run, N, S> {
    /// For as many hands as there are pausers.
    pub fn new(
        monitor: &'run Monitor<'run>,
        board: Board,
        shared: &'run Shared,
        pausers: Vec<Pauser>,
        keeper: Receiver<String>,
        note: N,
        show: S,
    ) -> Self {
        let now = monitor.clock.monotonic();
        Listener {
            monitor,
            board,
            shared,
            awaited: (0..pausers.len()).collect(),
            gathering: Gathering::new(pausers.len()),
            pausers,
            keeper,
            inputs: BTreeMap::new(),
            discarded_bytes: 0,
            paused: BTreeSet::new(),
            hurried: 0,
            cut: now,
            notes: Notes::new(note, now),
            show,
            failures: Vec::new(),
        }
    }

    /// Hears all hands until they are done. Cuts go to `keep`, every so many milliseconds; what belongs to none comes back.
    pub fn listen(&mut self, told: &ToldTo, keep: Option<(i64, &Sender<Cut>)>) -> Vec<Part> {
        let clock = self.monitor.clock;
        let began = clock.monotonic();
        let (mut ticked, mut parts) = (i64::MIN, Vec::new());
        while !self.gathering.is_done() {
            let over = self.monitor.duration.is_some_and(|duration| clock.monotonic() - began >= duration);
            if over || self.monitor.stop.load(Ordering::Relaxed) {
                self.shared.ending.store(true, Ordering::Relaxed);
            }
            if keep.is_some() && self.has_too_many_windows() {
                std::thread::sleep(TICK);
            } else if let Ok((hand, told)) = told.recv_timeout(TICK) {
                self.pass(hand, told);
            }
            while let Some(of_cut) = self.gathering.take() {
                match keep {
                    Some((_, to)) => self.keep(of_cut, to),
                    None => parts.extend(of_cut),
                }
                for (hand, told) in self.gathering.behind() {
                    self.pass(hand, told);
                }
            }
            let now = clock.monotonic();
            if now.saturating_sub(ticked) >= TICK.as_millis() as i64 {
                ticked = now;
                self.tick(now);
            }
            if let Some((every, _)) = keep {
                self.ask_for_cut(every, now);
            }
        }
        // The keeper, too, waits for nothing any longer.
        self.shared.ending.store(true, Ordering::Relaxed);
        self.board.keep_open_windows();
        if let Some((_, to)) = keep {
            let last = self.gathering.take().unwrap_or_default();
            self.gathering.begin();
            self.keep(last, to);
        }
        self.board.finish();
        self.show(true);
        parts
    }

    /// A cut goes to be kept. It waits only where the one before is not kept yet, and hands then wait for it.
    fn keep(&mut self, parts: Vec<Part>, to: &Sender<Cut>) {
        let cut = Cut::of(&mut self.board, self.gathering.number(), self.monitor.clock.wall(), parts);
        // Its thread ends after this one, unless by a defect.
        let _ = to.send(cut);
    }

    /// Asks for a cut when it is time, and the last one is kept.
    fn ask_for_cut(&mut self, every: i64, now: i64) {
        let is_kept = self.shared.cuts.kept.load(Ordering::Acquire) >= self.gathering.number();
        let waiting = self.board.windows_waiting();
        let is_time = now.saturating_sub(self.cut) >= every || waiting >= WINDOWS_SOON;
        if !self.gathering.is_open() && is_kept && is_time {
            self.cut = now;
            self.shared.cuts.asked.store(self.gathering.begin(), Ordering::Release);
        }
    }

    /// Whether nothing more should be taken in until the cut that is on its way is kept.
    fn has_too_many_windows(&mut self) -> bool {
        let cuts = &self.shared.cuts;
        if cuts.fails.load(Ordering::Acquire) {
            let dropped = self.board.drop_windows(WINDOWS_MAX);
            if dropped > 0 {
                let now = self.monitor.clock.monotonic();
                let sentence = format!("{dropped} windows are not in the store, which cannot be written for too long");
                self.notes.offer(&sentence, now);
            }
            return false;
        }
        // While a cut is gathered, its parts are what is waited for.
        self.board.windows_waiting() >= WINDOWS_MAX
            && !self.gathering.is_open()
            && cuts.kept.load(Ordering::Acquire) < self.gathering.number()
    }

    fn pass(&mut self, hand: usize, told: Told) {
        if matches!(told, Told::Ready | Told::Failed(_) | Told::Done) {
            self.awaited.remove(&hand);
        }
        if let Some(told) = self.gathering.pass(hand, told) {
            self.hear(told);
        }
        if self.gathering.is_open() {
            // One that began by itself is asked of all.
            self.shared.cuts.asked.store(self.gathering.number(), Ordering::Release);
        }
    }

    fn hear(&mut self, told: Told) {
        let now = self.monitor.clock.monotonic();
        match told {
            Told::Begin { input, name, kind, newest } => {
                tracing::info!(input = name, "an input has begun");
                self.board.begin(input, kind, newest, now);
                self.inputs.insert(input, InputShown { name, backlog: Backlog::Bytes(0), newest });
            }
            Told::End { input } => {
                self.advance(now);
                self.board.end(input);
                if let Some(InputShown { name, .. }) = self.inputs.remove(&input) {
                    tracing::info!(input = name, "an input has ended");
                }
                self.paused.remove(&input);
            }
            Told::Backlog { input, backlog } => {
                self.board.set_backlog(input, !backlog.is_none(), now);
                if let Some(shown) = self.inputs.get_mut(&input) {
                    shown.backlog = backlog;
                }
            }
            Told::Over(over) => {
                for (input, newest) in &over.newest {
                    if let Some(shown) = self.inputs.get_mut(input) {
                        shown.newest = shown.newest.max(Some(*newest));
                    }
                }
                self.board.take(*over, now);
                if self.board.is_crowded() {
                    self.tick(now);
                    self.board.hurry();
                }
            }
            Told::Problem { bytes, sentence } => {
                self.discarded_bytes += bytes;
                self.notes.offer(&sentence, now);
            }
            Told::Failed(sentence) => self.fail(sentence),
            // The gathering's, or known by who tells it.
            Told::Cut(_) | Told::Done | Told::Ready => {}
        }
    }

    /// A source failed, or something else that the exit status is to tell.
    pub fn fail(&mut self, sentence: String) {
        self.notes.say(&sentence);
        self.failures.push(sentence);
    }

    /// Where all lines went, and what failed.
    pub fn finish(mut self) -> (Account, Vec<String>) {
        self.hear_keeper(self.monitor.clock.monotonic());
        self.notes.tell_rest();
        (self.board.account().clone(), self.failures)
    }

    fn hear_keeper(&mut self, now: i64) {
        while let Ok(sentence) = self.keeper.try_recv() {
            self.notes.offer(&sentence, now);
        }
    }

    fn advance(&mut self, now: i64) {
        if self.awaited.is_empty() {
            self.board.advance(now, self.monitor.clock.wall());
        }
    }

    fn tick(&mut self, now: i64) {
        self.advance(now);
        let ahead: BTreeSet<InputId> = self.board.ahead(self.inputs.keys().copied(), now).collect();
        self.paused.difference(&ahead).for_each(|input| self.pause(*input, false));
        ahead.difference(&self.paused).for_each(|input| self.pause(*input, true));
        self.paused = ahead;
        self.show(false);
        self.shared.late_before.store(self.board.late_before(), Ordering::Relaxed);
        self.hear_keeper(now);
        self.notes.look(now);
        if std::mem::replace(&mut self.hurried, self.board.hurried()) != self.board.hurried() {
            self.notes.offer(HURRIED, now);
        }
    }

    /// Only one of them has the input.
    fn pause(&self, input: InputId, paused: bool) {
        self.pausers.iter().for_each(|pause| {
            let _ = pause.send((input, paused));
        });
    }

    /// Shows what there is after each step in which panes are closed, or once.
    fn show(&mut self, is_ending: bool) {
        let mut closed = self.board.step();
        loop {
            let next = closed.is_some() && self.board.has_more();
            (self.show)(&Shown {
                board: &self.board,
                inputs: &self.inputs,
                closed,
                is_ready: self.awaited.is_empty(),
                is_ending,
                is_last: is_ending && !next,
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
