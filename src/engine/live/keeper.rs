//! The thread that keeps cuts for good, and counts them together.
//!
//! It has one cut at a time. While it writes, hands go on counting into their own tallies, so a slow disk costs nothing but
//! that the next cut is a greater one. What cannot be written is tried again; nothing is ever given up but at the end, and
//! then neither is any later cut kept, which would stand on one that is missing.

use super::counted::Counted;
use super::cut::Cut;
use super::told::{Part, Place};
use crate::clock::Clock;
use crate::engine::budget::Budget;
use crossbeam::channel::{Receiver, Sender};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Something that keeps cuts.
pub trait Keep: Send {
    /// Keeps a cut for good: all of it, or nothing. `counted` is what its parts have counted together,
    /// `places` where inputs go on: by hand, each time all of that hand.
    ///
    /// # Errors
    /// A sentence that names the file, the reason and the cure; the same cut is offered again.
    fn keep(&mut self, cut: &Cut, counted: &mut Counted, places: &[(usize, Vec<Place>)]) -> Result<(), String>;

    /// `total` is all that was ever counted and kept; whoever keeps it in pieces may keep it as a whole from now on.
    ///
    /// # Errors
    /// As [`keep`](Self::keep); nothing is lost, and it is offered again after the next cut.
    fn gather(&mut self, total: &mut Counted) -> Result<(), String>;
}

/// Numbers of cuts that hands and keeper tell each other.
#[derive(Debug, Default)]
pub struct Cuts {
    /// The one that was asked for last.
    pub asked: AtomicU64,
    /// The one that was kept last.
    pub kept: AtomicU64,
    /// Whether the store cannot be written: nothing is to wait for it.
    pub fails: AtomicBool,
}

/// How long it waits before it tries again, at first and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// How often it tries when all is to end, and how long it waits in between.
const LAST_TRIES: u32 = 50;
const LAST_PAUSE: Duration = Duration::from_millis(40);

/// What a keeper needs.
pub struct Keeper<'run> {
    /// Where cuts are kept.
    pub keep: Box<dyn Keep + 'run>,
    /// All that was counted before.
    pub total: Counted,
    /// How much memory counts may take.
    pub budget: Option<Budget>,
    /// What is told of it.
    pub cuts: &'run Cuts,
    /// Set once nothing is to be waited for any longer.
    pub ending: &'run AtomicBool,
    /// What time it is.
    pub clock: &'run dyn Clock,
    /// Who hears what is wrong. Nobody ever waits for that.
    pub to: Sender<String>,
}

impl Keeper<'_> {
    /// Keeps cuts until no more come; returns all that was counted, kept or not, and whether it was.
    pub fn serve(mut self, cuts: &Receiver<Cut>) -> (Counted, bool) {
        let mut keeps = true;
        while let Ok(mut cut) = cuts.recv() {
            let parts = cut.parts.drain(..).map(|Part { hand, counted, places }| (counted, (hand, places)));
            let (counted, places): (Vec<Counted>, Vec<(usize, Vec<Place>)>) = parts.unzip();
            let mut counted = Counted::join(counted);
            let (lines, began) = (counted.tally.lines.lines, self.clock.monotonic());
            keeps = keeps && self.keep(&cut, &mut counted, &places);
            let milliseconds = self.clock.monotonic() - began;
            tracing::debug!(number = cut.number, lines, milliseconds, kept = keeps, "a checkpoint");
            self.total.absorb(counted, self.budget);
            if keeps {
                self.cuts.kept.store(cut.number, Ordering::Release);
                if let Err(sentence) = self.keep.gather(&mut self.total) {
                    self.tell(sentence);
                }
            }
        }
        (self.total, keeps)
    }

    /// Whether it was kept. It is tried until it is, but at the end only for a while.
    fn keep(&mut self, cut: &Cut, counted: &mut Counted, places: &[(usize, Vec<Place>)]) -> bool {
        let (mut pause, most) = PAUSE;
        let (mut said, mut last_tries) = (String::new(), 0);
        loop {
            match self.keep.keep(cut, counted, places) {
                Ok(()) if said.is_empty() => return true,
                Ok(()) => {
                    self.cuts.fails.store(false, Ordering::Release);
                    self.tell("the store is written again".to_string());
                    return true;
                }
                Err(sentence) if last_tries == LAST_TRIES => {
                    self.tell(format!("{sentence}; what was counted since the last time it was written is not in it"));
                    return false;
                }
                Err(sentence) => {
                    self.cuts.fails.store(true, Ordering::Release);
                    // Each new reason is told once.
                    if said != sentence {
                        self.tell(format!("{sentence}; it is tried again, and counting goes on"));
                        said = sentence;
                    }
                }
            }
            if self.ending.load(Ordering::Relaxed) {
                last_tries += 1;
                std::thread::sleep(LAST_PAUSE);
                continue;
            }
            let again = self.clock.monotonic().saturating_add(pause.as_millis() as i64);
            while self.clock.monotonic() < again && !self.ending.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(10));
            }
            pause = (pause * 2).min(most);
        }
    }

    fn tell(&self, sentence: String) {
        // Who listens has gone only where nobody would read it.
        let _ = self.to.send(sentence);
    }
}
