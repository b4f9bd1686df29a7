//! What one receiver was given: counted while it runs, settled in an [`Account`] at the end.
//!
//! A line is *delivered* when the sink says so (the kernel took it, the broker acknowledged it), and only then it is in the
//! truth. Lateness is the time from when a line was due until it was delivered, so a stall of the receiver stands in the
//! histogram of every line that it held up, and not of one alone. ("Coordinated omission": G. Tene, "How NOT to Measure
//! Latency", 2015.) Where nothing is due, it is the time that sending a piece took.

use super::makers::Pool;
use super::queue::{Portion, Queue};
use super::sink::{Sink, Trouble};
use super::stop::Stop;
use super::truth::Truth;
use crate::clock;
use hdrhistogram::Histogram;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Longest lateness that is told apart, in nanoseconds: an hour.
const LONGEST_NANOS: u64 = 3_600_000_000_000;

/// Figures of a receiver that others look at while it runs.
#[derive(Debug, Default)]
pub struct Meter {
    /// Lines delivered.
    pub lines: AtomicU64,
    /// Bytes delivered.
    pub bytes: AtomicU64,
    /// Lines that were due and found no room in the queue.
    pub shed: AtomicU64,
    /// Things that went wrong and did not end it: a datagram refused, a broker out of reach.
    pub errors: AtomicU64,
}

impl Meter {
    /// One more thing went wrong.
    pub fn add_error(&self) {
        self.errors.fetch_add(1, Ordering::Relaxed);
    }
}

/// The name and number of a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    /// Which sink of the run, from 1.
    pub sink: usize,
    /// Which client of a server, from 1; of other sinks 1.
    pub client: usize,
    /// As its flag names it, and a client's address.
    pub name: String,
}

/// What a receiver is given, while it runs.
pub struct Book {
    /// Who.
    pub receiver: Receiver,
    /// Figures that others look at.
    pub meter: Arc<Meter>,
    queue: Option<Arc<Queue>>,
    stop: Arc<Stop>,
    start: Instant,
    truth: Option<Truth>,
    lateness: Histogram<u64>,
    taken: u64,
    /// All its lines are made.
    is_last: bool,
    uncertain: Option<String>,
}

/// What a receiver was given, when it is over.
#[derive(Debug)]
pub struct Account {
    /// Who.
    pub receiver: Receiver,
    /// What was delivered, where a truth is kept.
    pub truth: Option<Truth>,
    /// Why it is not sure that all of it arrived; `None` where it is.
    pub uncertain: Option<String>,
    /// A sentence, if it failed.
    pub failure: Option<String>,
    /// Lines delivered.
    pub lines: u64,
    /// Bytes delivered.
    pub bytes: u64,
    /// Lines that were due and were not delivered.
    pub shed: u64,
    /// Things that went wrong and did not end it.
    pub errors: u64,
    /// How late lines were, or how long sending took where nothing is due; nanoseconds.
    pub lateness: Histogram<u64>,
    /// How long it ran.
    pub elapsed: Duration,
}

impl Book {
    /// An empty book of a receiver whose lines wait in this queue, if they wait at all.
    pub fn new(
        receiver: Receiver,
        queue: Option<Arc<Queue>>,
        meter: Arc<Meter>,
        stop: Arc<Stop>,
        start: Instant,
        truth: Option<Truth>,
    ) -> Book {
        // The bounds are constants that the histogram takes; three digits of an hour in nanoseconds are 270 KB.
        let lateness = Histogram::new_with_bounds(1, LONGEST_NANOS, 3).unwrap_or_else(|_| unreachable!("valid bounds"));
        Book { receiver, meter, queue, stop, start, truth, lateness, taken: 0, is_last: false, uncertain: None }
    }

    /// Hands a sink the lines of the queue until there are no more or it fails.
    pub fn keep(mut self, mut sink: Box<dyn Sink>, pool: &Pool) -> Account {
        let mut result = Ok(());
        while let (Ok(()), Some(portion)) = (&result, self.queue.as_ref().and_then(|queue| queue.take())) {
            result = self.hand(&mut *sink, portion, pool);
        }
        self.close(sink, result)
    }

    /// Hands a sink lines.
    pub fn hand(&mut self, sink: &mut dyn Sink, portion: Portion, pool: &Pool) -> Result<(), Trouble> {
        self.taken += portion.lines.len() as u64;
        let sent = clock::monotonic();
        sink.send(&portion, self)?;
        if portion.block.due().is_empty() {
            self.lateness.saturating_record(nanos(sent.elapsed()));
        }
        pool.give(portion.block);
        Ok(())
    }

    /// These lines of a portion's block (counted within the block) were delivered just now.
    pub fn deliver(&mut self, portion: &Portion, lines: Range<usize>) {
        self.deliver_at(portion, lines, clock::monotonic());
    }

    /// These lines of a portion's block were delivered then.
    pub fn deliver_at(&mut self, portion: &Portion, lines: Range<usize>, then: Instant) {
        let block = &portion.block;
        let since_start = nanos(then.saturating_duration_since(self.start));
        for due in block.due().get(lines.clone()).unwrap_or_default() {
            self.lateness.saturating_record(since_start.saturating_sub(*due));
        }
        self.meter.lines.fetch_add(lines.len() as u64, Ordering::Relaxed);
        self.meter.bytes.fetch_add(block.span(lines.clone()).len() as u64, Ordering::Relaxed);
        if let Some(truth) = &mut self.truth {
            truth.add(block, lines);
        }
    }

    /// Lines delivered so far.
    pub fn lines(&self) -> u64 {
        self.meter.lines.load(Ordering::Relaxed)
    }

    /// It is not sure that all that was delivered arrived, and why. The first reason stays.
    pub fn doubt(&mut self, why: impl Into<String>) {
        self.uncertain.get_or_insert_with(|| why.into());
    }

    /// Whether to give the receiver up, that has taken nothing since then.
    pub fn gives_up(&self, still_since: Instant) -> bool {
        self.stop.gives_up(still_since, self.is_last || self.queue.as_ref().is_some_and(|queue| queue.is_closed()))
    }

    /// Whether the run was interrupted.
    pub fn is_interrupted(&self) -> bool {
        self.stop.is_interrupted()
    }

    /// What to say of a receiver that was given up.
    pub fn given_up(&mut self) -> Trouble {
        let why = "it did not take all lines that were waiting for it";
        self.doubt(why);
        if self.stop.is_interrupted() {
            return Trouble::Gone(why.to_string());
        }
        Trouble::Failed(format!(
            "{}: it has taken nothing for {} s; see what holds up the receiver, or end the run with Ctrl-C",
            self.receiver.name,
            super::stop::STILL.as_secs()
        ))
    }

    /// Lets a sink finish that took all its lines, and settles the account.
    pub fn close(mut self, mut sink: Box<dyn Sink>, result: Result<(), Trouble>) -> Account {
        self.is_last = true;
        let result = result.and_then(|()| sink.finish(&mut self));
        drop(sink);
        let failure = match result {
            Ok(()) => None,
            Err(Trouble::Gone(why)) => {
                self.doubt(why);
                None
            }
            Err(Trouble::Failed(sentence)) => Some(sentence),
        };
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let left = self.queue.as_ref().map_or(0, |queue| queue.abandon());
        let lines = of(&self.meter.lines);
        Account {
            receiver: self.receiver.clone(),
            truth: self.truth.take(),
            uncertain: self.uncertain.take(),
            failure,
            lines,
            bytes: of(&self.meter.bytes),
            shed: of(&self.meter.shed) + left + self.taken.saturating_sub(lines),
            errors: of(&self.meter.errors),
            lateness: self.lateness.clone(),
            elapsed: self.start.elapsed(),
        }
    }
}

impl Drop for Book {
    /// A sink that panicked must hold up nobody.
    fn drop(&mut self) {
        if let Some(queue) = &self.queue {
            queue.abandon();
        }
    }
}

impl fmt::Debug for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Book").field("receiver", &self.receiver).field("taken", &self.taken).finish_non_exhaustive()
    }
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}
