//! Threads that make blocks and hand them on in the order of their lines.
//!
//! Each thread takes the next block number, makes the block, waits for its turn and hands it on ([`Outlet`]): making is
//! parallel, the order is that of one thread, and at full speed a block is sent by the core that has just made it. Where a run ends (`--lines`, `--bytes`, `--duration`) is decided in turn too, so it is the
//! same line at every number of threads. Blocks that everybody is done with come back ([`Pool`]), so their memory is warm.

use super::block::{BLOCK_LINES, Block};
use super::maker::Maker;
use super::plan::Plan;
use super::queue::{Portion, Queue};
use super::stop::Stop;
use crate::clock;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::thread::Scope;
use std::time::Instant;

/// Blocks that are kept for the next making.
const KEPT_BLOCKS: usize = 16;

/// What all lines of a run are made from.
#[derive(Debug)]
pub struct Recipe {
    /// The lines.
    pub plan: Arc<Plan>,
    /// Whether facts are made too, for truths.
    pub facts: bool,
    /// Threads that make one stream of lines.
    pub threads: usize,
    /// Blocks to fill again.
    pub pool: Pool,
    /// When to stop.
    pub stop: Arc<Stop>,
    start: OnceLock<Instant>,
}

impl Recipe {
    /// What lines are made from.
    pub fn new(plan: Arc<Plan>, facts: bool, threads: usize, stop: Arc<Stop>) -> Recipe {
        Recipe { plan, facts, threads, pool: Pool::default(), stop, start: OnceLock::new() }
    }

    /// The start of the run: when this was asked for first.
    pub fn start(&self) -> Instant {
        *self.start.get_or_init(clock::monotonic)
    }
}

/// Blocks that wait to be filled again.
#[derive(Debug, Default)]
pub struct Pool {
    blocks: Mutex<Vec<Block>>,
}

impl Pool {
    /// A block, whose memory is warm if there was one.
    pub fn take(&self) -> Block {
        self.blocks.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    /// Takes a block back, if nobody else holds it.
    pub fn give(&self, block: Arc<Block>) {
        if let Some(block) = Arc::into_inner(block) {
            let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
            if blocks.len() < KEPT_BLOCKS {
                blocks.push(block);
            }
        }
    }
}

/// A place in the stream of lines: how many come before it, and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Lines before it.
    pub line: u64,
    /// Bytes before it.
    pub bytes: u64,
}

/// Where a stream of lines goes.
pub trait Outlet: Send {
    /// Takes lines; may block. Says whether to go on.
    fn put(&mut self, portion: Portion, recipe: &Recipe) -> bool;

    /// There are no more.
    fn end(self: Box<Self>);
}

/// Into a queue, which is closed behind the last line.
impl Outlet for Arc<Queue> {
    fn put(&mut self, portion: Portion, recipe: &Recipe) -> bool {
        self.wait_into(portion, &recipe.stop)
    }

    fn end(self: Box<Self>) {
        self.close();
    }
}

/// One stream of lines on its way to an outlet.
pub struct Making {
    recipe: Arc<Recipe>,
    from: Place,
    next_block: AtomicU64,
    turn: Mutex<Turn>,
    changed: Condvar,
    /// `place` of the turn, for those who must not wait while a block is handed on.
    reached: Mutex<Place>,
}

struct Turn {
    /// The block that is handed on next.
    block: u64,
    /// Where it begins.
    place: Place,
    /// Where it goes; `None` when the stream has ended.
    outlet: Option<Box<dyn Outlet>>,
}

impl Making {
    /// Begins at a place. Nothing happens before [`Making::spawn`].
    pub fn new(recipe: Arc<Recipe>, from: Place, outlet: Box<dyn Outlet>) -> Arc<Making> {
        let block = from.line / BLOCK_LINES;
        Arc::new(Making {
            recipe,
            from,
            next_block: AtomicU64::new(block),
            turn: Mutex::new(Turn { block, place: from, outlet: Some(outlet) }),
            changed: Condvar::new(),
            reached: Mutex::new(from),
        })
    }

    /// Starts the threads.
    pub fn spawn<'scope>(self: &Arc<Self>, scope: &'scope Scope<'scope, '_>) {
        for _ in 0..self.recipe.threads {
            let making = Arc::clone(self);
            scope.spawn(move || {
                // Whatever ends this thread, a panic too, ends the stream: else others would wait for its block for ever.
                let _end = End(&making);
                making.make();
            });
        }
    }

    /// How far it is.
    pub fn place(&self) -> Place {
        *self.reached.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn make(&self) {
        let mut maker = Maker::new(Arc::clone(&self.recipe.plan), self.recipe.facts);
        loop {
            let number = self.next_block.fetch_add(1, Ordering::Relaxed);
            let lines = self.lines_of(number);
            let mut block = self.recipe.pool.take();
            maker.fill(lines, &mut block);
            if !self.put(number, Arc::new(block)) {
                return;
            }
        }
    }

    /// The lines of a block that are asked for; none behind the end.
    fn lines_of(&self, number: u64) -> Range<u64> {
        let end = self.recipe.plan.lines().unwrap_or(u64::MAX);
        let start = (number * BLOCK_LINES).max(self.from.line);
        start.min(end)..((number + 1) * BLOCK_LINES).min(end)
    }

    /// Waits for the turn of a block and hands it on. Says whether to go on.
    fn put(&self, number: u64, block: Arc<Block>) -> bool {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        while turn.block != number && turn.outlet.is_some() {
            turn = self.changed.wait(turn).unwrap_or_else(PoisonError::into_inner);
        }
        // A panic of the outlet leaves none, so that nobody waits for it.
        let Some(mut outlet) = turn.outlet.take() else { return false };
        let mut portion = Portion::whole(block);
        let asked = portion.lines.len();
        if let Some(most) = self.recipe.plan.settings().bytes {
            let room = usize::try_from(most.saturating_sub(turn.place.bytes)).unwrap_or(usize::MAX);
            portion.lines = portion.head(portion.lines_within(room));
        }
        let made = portion.lines.len();
        let place =
            Place { line: turn.place.line + made as u64, bytes: turn.place.bytes + portion.text().len() as u64 };
        let is_put = made > 0 && !self.is_over() && outlet.put(portion, &self.recipe);
        if is_put {
            turn.place = place;
            *self.reached.lock().unwrap_or_else(PoisonError::into_inner) = place;
        }
        let goes_on = is_put && made == asked;
        if goes_on {
            turn.outlet = Some(outlet);
        } else {
            outlet.end();
        }
        turn.block += 1;
        self.changed.notify_all();
        goes_on
    }

    /// Whether no more is asked for. A paced run ends with the last line that is due in time, whenever it is made.
    fn is_over(&self) -> bool {
        let in_time = self.recipe.plan.schedule().is_paced()
            || self.recipe.plan.duration().is_none_or(|most| self.recipe.start().elapsed() < most);
        !in_time || self.recipe.stop.is_interrupted()
    }
}

struct End<'a>(&'a Making);

impl Drop for End<'_> {
    fn drop(&mut self) {
        let outlet = self.0.turn.lock().unwrap_or_else(PoisonError::into_inner).outlet.take();
        if let Some(outlet) = outlet {
            outlet.end();
        }
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::super::schedule::Pace;
    use super::super::settings::Settings;
    use super::*;
    use std::thread;
    use std::time::Duration;

    fn recipe(settings: Settings, threads: usize) -> Arc<Recipe> {
        Arc::new(Recipe::new(Arc::new(Plan::new(settings).unwrap()), false, threads, Arc::new(Stop::new())))
    }

    fn made(recipe: &Arc<Recipe>, from: Place, queue_bytes: u64) -> (Vec<u8>, Place) {
        let queue = Arc::new(Queue::new(queue_bytes));
        let making = Making::new(Arc::clone(recipe), from, Box::new(Arc::clone(&queue)));
        let mut text = Vec::new();
        thread::scope(|scope| {
            making.spawn(scope);
            while let Some(portion) = queue.take() {
                text.extend_from_slice(portion.text());
                recipe.pool.give(portion.block);
            }
        });
        (text, making.place())
    }

    #[test]
    fn every_number_of_threads_makes_the_same() {
        let settings = Settings { lines: Some(5 * BLOCK_LINES + 7), ..Settings::default() };
        let (one, place) = made(&recipe(settings.clone(), 1), Place::default(), 1 << 20);
        assert_eq!(place, Place { line: 5 * BLOCK_LINES + 7, bytes: one.len() as u64 });
        for threads in [2, 3, 8] {
            assert!(made(&recipe(settings.clone(), threads), Place::default(), 1) == (one.clone(), place), "{threads}");
        }
        // And a stream that begins later is its end.
        let middle = one.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(4999).map_or(0, |(at, _)| at + 1);
        let from = Place { line: 5000, bytes: middle as u64 };
        assert!(made(&recipe(settings, 2), from, 1 << 20) == (one[middle..].to_vec(), place));
    }

    #[test]
    fn a_run_ends_with_a_whole_line_within_its_bytes() {
        let settings = Settings { lines: Some(9999), ..Settings::default() };
        let (all, _) = made(&recipe(settings.clone(), 1), Place::default(), 1 << 20);
        for most in [0, 1, 100, 123_456, all.len() - 1, all.len(), all.len() + 1] {
            let settings = Settings { bytes: Some(most as u64), ..settings.clone() };
            let (text, place) = made(&recipe(settings, 2), Place::default(), 1 << 20);
            let end = all.get(..most).map_or(all.len(), |within| memchr::memrchr(b'\n', within).map_or(0, |at| at + 1));
            assert_eq!((text.len(), place.bytes), (end, end as u64), "{most} bytes");
        }
    }

    #[test]
    fn a_stream_without_an_end_ends_when_nobody_takes_it_or_time_is_up() {
        let endless = recipe(Settings::default(), 2);
        let queue = Arc::new(Queue::new(1 << 20));
        let making = Making::new(Arc::clone(&endless), Place::default(), Box::new(Arc::clone(&queue)));
        thread::scope(|scope| {
            making.spawn(scope);
            assert!(queue.take().is_some());
            queue.abandon();
        });
        let settings = Settings { duration: Some(Duration::from_millis(50)), pace: Pace::Max, ..Settings::default() };
        assert!(made(&recipe(settings, 2), Place::default(), 1 << 20).1.line > 0);
    }
}
