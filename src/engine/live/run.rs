//! The threads of a monitor: one for each source, one that keeps, and the caller's, which hears them all.

use super::counted::Counted;
use super::hand::Hand;
use super::keeper::{Cuts, Keep, Keeper};
use super::listen::Listener;
use super::shown::Shown;
use super::source::Source;
use super::told::Told;
use crate::aggregate::snapshot::Snapshot;
use crate::clock::Clock;
use crate::engine::settings::Settings;
use crate::parallel::message_of;
use crate::window::board::{self, Account, Board};
use crate::window::panes::Wrong;
use crate::window::watermark::{InputId, NEVER};
use crossbeam::channel::{Receiver, Sender, bounded, unbounded};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

/// Hand-overs that may wait for the board. A few, as each may hold a second's worth of lines.
const WAITING_MAX: usize = 8;
/// How long a source may take to hand on what it has, when all is to end.
const DRAIN: Duration = Duration::from_secs(3);

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

/// What is kept of a run, and where it goes on.
pub struct Kept<'run> {
    /// Where it is kept.
    pub keep: Box<dyn Keep + 'run>,
    /// Milliseconds between two cuts.
    pub every: i64,
    /// All that was counted before.
    pub total: Counted,
    /// The windows of before.
    pub board: board::Restored,
}

/// What all hands share.
pub struct Shared {
    /// Set once sources are to be drained.
    pub ending: AtomicBool,
    /// Lines of an earlier time are late.
    pub late_before: AtomicI64,
    /// Whether anything is kept.
    pub keeps: bool,
    /// The cuts that are.
    pub cuts: Cuts,
}

/// How a monitor ended.
pub struct Ended {
    /// All counts.
    pub counted: Counted,
    /// Where all lines went.
    pub account: Account,
    /// Sources that failed, each with a sentence.
    pub failures: Vec<String>,
    /// Whether all of it is kept, where it is to be.
    pub is_kept: bool,
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
    kept: Option<Kept<'_>>,
    show: impl FnMut(&Shown<'_>),
    note: impl FnMut(&str),
) -> Result<Ended, Wrong> {
    let now = monitor.clock.monotonic();
    let (board, keep) = match kept {
        Some(Kept { keep, every, total, board }) => {
            (Board::restored(monitor.window.clone(), board, now)?, Some((keep, every, total)))
        }
        None => (Board::new(monitor.window.clone(), now)?, None),
    };
    let shared = Shared {
        ending: AtomicBool::new(false),
        late_before: AtomicI64::new(NEVER),
        keeps: keep.is_some(),
        cuts: Cuts::default(),
    };
    let every = keep.as_ref().map(|(_, every, _)| *every);
    let (to, told) = bounded(WAITING_MAX);
    let (counted, account, failures, is_kept) = std::thread::scope(|scope| {
        let mut pausers = Vec::new();
        let mut failures = Vec::new();
        for source in sources {
            let (pause, paused) = unbounded();
            let (to, shared, name, number) = (to.clone(), &shared, source.name(), pausers.len());
            let serve = move || serve(source, &mut Hand::new(monitor, shared, number, to.clone(), paused), &to, shared);
            match std::thread::Builder::new().name(name.clone()).spawn_scoped(scope, serve) {
                Ok(_) => pausers.push(pause),
                Err(error) => failures.push(format!("{name}: no thread can be started for it: {error}")),
            }
        }
        // At most one that was asked for is on its way, and the last part of each hand.
        let (cuts, to_keep) = unbounded();
        let (said, keeper_says) = unbounded();
        let keeper = keep.map(|(keep, _, total)| {
            let budget = monitor.settings.budget;
            let (clock, ending, cuts, to) = (monitor.clock, &shared.ending, &shared.cuts, said);
            scope.spawn(move || {
                let keeper = Keeper { keep, total, budget, cuts, ending, clock, to };
                let served = catch_unwind(AssertUnwindSafe(|| keeper.serve(&to_keep)));
                // Nothing is to wait for it any longer.
                cuts.fails.store(true, Ordering::Release);
                served
            })
        });
        let mut listener = Listener::new(monitor, board, &shared, pausers, keeper_says, note, show);
        failures.into_iter().for_each(|sentence| listener.fail(sentence));
        let parts = listener.listen(&told, every.map(|every| (every, &cuts)));
        drop(cuts);
        let (counted, is_kept) = match keeper.map(|keeper| keeper.join().and_then(|served| served)) {
            None => (Counted::join(parts.into_iter().map(|part| part.counted).collect()), true),
            Some(Ok(kept)) => kept,
            // It has no code of its own that could; what was kept is.
            Some(Err(panic)) => {
                listener.fail(format!("the store: a defect in visor-fast: {}; please report it", message_of(&*panic)));
                (Counted::nothing(monitor.settings), false)
            }
        };
        let (account, failures) = listener.finish();
        (counted, account, failures, is_kept)
    });
    Ok(Ended { counted, account, failures, is_kept })
}

/// What the thread of a source does. A defect in one leaves the others to go on, and what was counted stays.
fn serve<'run>(
    mut source: Box<dyn Source + 'run>,
    hand: &mut Hand<'run>,
    to: &Sender<(usize, Told)>,
    shared: &'run Shared,
) {
    let mut attempt = |what: &mut dyn FnMut(&mut Hand<'run>, &mut dyn Source)| {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| what(hand, &mut *source))) {
            let sentence = format!(
                "{}: is not read any more, because of a defect in visor-fast: {}; please report it",
                source.name(),
                message_of(&*panic)
            );
            let _ = to.send((hand.number(), Told::Failed(sentence)));
            return false;
        }
        true
    };
    attempt(&mut |hand, source| hand.serve(source, &shared.ending, DRAIN));
    if !attempt(&mut |hand, source| hand.finish(source)) {
        let _ = to.send((hand.number(), Told::Done));
    }
}

/// Who is told which inputs are to wait.
pub type Pauser = Sender<(InputId, bool)>;
/// Who hears all hands.
pub type ToldTo = Receiver<(usize, Told)>;
