//! Hands lines on when they are due.
//!
//! Open loop: the schedule is kept whatever receivers do. At each tick the lines that have become due go to all queues; a
//! queue that is full sheds what is beyond its limit. A tick is [`TICK`] at least, so that a million lines a second are 2000
//! pieces a second and not a million; between lines that are rarer it is slept until the next is due. When the machine stood
//! still, what became due meanwhile is handed on at once: late, but complete.

use super::book::Meter;
use super::makers::Recipe;
use super::queue::{Portion, Queue};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// The shortest time between two hand-overs.
pub const TICK: Duration = Duration::from_micros(500);

/// How long to sleep at most before looking whether the run was stopped.
const LOOK: Duration = Duration::from_millis(100);

/// The queues that lines are handed to. Receivers may join at any time.
#[derive(Debug, Default)]
pub struct Outlets {
    open: Mutex<Option<Vec<(Arc<Queue>, Arc<Meter>)>>>,
}

impl Outlets {
    /// No queue yet.
    pub fn new() -> Outlets {
        Outlets { open: Mutex::new(Some(Vec::new())) }
    }

    /// Gives a queue all lines from now on; none, if all were handed on.
    pub fn join(&self, queue: Arc<Queue>, meter: Arc<Meter>) {
        match &mut *self.open.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(open) => open.push((queue, meter)),
            None => queue.close(),
        }
    }

    /// Whether all lines were handed on.
    pub fn is_closed(&self) -> bool {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    fn hand(&self, portion: &Portion) {
        if let Some(open) = &mut *self.open.lock().unwrap_or_else(PoisonError::into_inner) {
            open.retain(|(queue, _)| !queue.is_abandoned());
            for (queue, meter) in open {
                let shed = queue.shed_into(portion.clone());
                meter.shed.fetch_add(shed, Ordering::Relaxed);
            }
        }
    }

    fn close(&self) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner).take();
        open.into_iter().flatten().for_each(|(queue, _)| queue.close());
    }
}

/// Hands the lines of `made` to the outlets, each when it is due, until the last or until the run is stopped.
pub fn pace(made: &Queue, outlets: &Outlets, recipe: &Recipe) {
    // Whatever ends this, a panic too, lets receivers finish and makers go.
    let _end = End { made, outlets };
    let start = recipe.start();
    let most = recipe.plan.duration().map_or(u64::MAX, nanos);
    while let Some(Portion { block, lines }) = made.take() {
        let due = block.due();
        let mut next = lines.start;
        while next < lines.end {
            if recipe.stop.is_interrupted() {
                return;
            }
            let now = nanos(start.elapsed());
            let reached = due.partition_point(|due| *due <= now && *due < most).clamp(next, lines.end);
            if reached > next {
                outlets.hand(&Portion { block: Arc::clone(&block), lines: next..reached });
                next = reached;
            }
            let Some(due) = due.get(next).filter(|_| next < lines.end) else { break };
            if *due >= most {
                return;
            }
            let wait = Duration::from_nanos(due.saturating_sub(nanos(start.elapsed())));
            thread::sleep(wait.clamp(TICK, LOOK));
        }
        recipe.pool.give(block);
    }
}

struct End<'a> {
    made: &'a Queue,
    outlets: &'a Outlets,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.made.abandon();
        self.outlets.close();
    }
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}
