//! Rules on logs of the past: what they would have told, and when.
//!
//! Rules look at records in the order of time, so one thread reads all inputs, each from front to back. The one that is
//! furthest behind is read next, a block at a time, as a monitor lets files wait for each other: rotated files are read one
//! after the other, those of several servers side by side. The watermark is that of the slowest, and rules look whenever
//! it passes a pane, as they would have done live; only there is no wall clock.

use super::changes::runs;
use super::input::{Body, Input, Trouble};
use super::keeper::Bots;
use super::progress::Progress;
use super::settings::Settings;
use super::worker::{Piece, Worker};
use crate::aggregate::tally::{Lines, Tally, Watch};
use crate::alert::{self, Alerts, Counter, Event, Plan, Transition};
use crate::filter::record::Record;
use crate::format::LineFormat;
use crate::format::record::{Access, ErrorEntry, Parsed, Time};
use crate::source::{Named, OpenOptions};
use crate::window::watermark::NEVER;
use bumpalo::Bump;
use std::sync::Arc;

/// Bytes of an input that are read before another may have its turn.
const BLOCK_BYTES: usize = 256 << 10;
/// Inputs that are read side by side, at most.
pub const INPUTS_MAX: usize = 256;

/// How rules are replayed.
pub struct Replay<'run> {
    /// How lines are read.
    pub settings: &'run Settings,
    /// The rules.
    pub plan: Arc<Plan>,
    /// How time is kept.
    pub alerts: alert::Settings,
    /// How far behind the newest line of its input a line may come and still be expected, in milliseconds.
    pub max_out_of_orderness: i64,
    /// Lines of a later time, in milliseconds, are of the future: one wrong clock must not make all others late.
    pub until: i64,
    /// Who watches, and may end it.
    pub progress: &'run Progress,
}

/// Something that rules tell.
pub enum Told {
    /// An alert went from one phase to another.
    Transition(Transition),
    /// A record that `each` tells.
    Event(Event),
}

/// What was replayed.
#[derive(Debug, Default)]
pub struct Replayed {
    /// Lines by kind.
    pub lines: Lines,
    /// The newest event time, in milliseconds.
    pub newest: Option<i64>,
    /// Records that came too late for their pane: rules do not look at them.
    pub late: u64,
    /// Records of the future, likewise.
    pub future: u64,
    /// Groups that were dropped, since there were too many.
    pub dropped: u64,
    /// What went wrong, in input order.
    pub troubles: Vec<Trouble>,
    /// Whether it was stopped before its end.
    pub stopped: bool,
}

/// Replays all lines of `inputs`, of which there are at most [`INPUTS_MAX`].
pub fn replay(inputs: &[Named], replay: &Replay<'_>, tell: &mut dyn FnMut(Told)) -> Replayed {
    let Replay { settings, progress, .. } = replay;
    let options = OpenOptions { mmap: settings.mmap, stop: Some(Arc::clone(progress.stop())) };
    let mut replayed = Replayed::default();
    let mut readers = Vec::new();
    for (number, named) in (0..).zip(inputs) {
        match Input::open(named, &options, settings) {
            Ok(input) => {
                progress.expect(input.raw_len());
                readers.push(Reader::new(number, input, settings));
            }
            Err(trouble) => replayed.troubles.push(trouble),
        }
        if !replayed.troubles.is_empty() && !settings.keep_going {
            return replayed;
        }
    }
    let rules = Rules::new(Arc::clone(&replay.plan), replay.alerts, replay.max_out_of_orderness);
    let mut worker = Worker::new(settings, Rules { until: replay.until, ..rules });
    while let Some(at) = slowest(&readers) {
        if progress.is_stopped() {
            replayed.stopped = true;
            break;
        }
        let others = readers.iter().enumerate().filter(|(other, reader)| *other != at && !reader.is_over);
        worker.watch.others = others.map(|(_, reader)| reader.newest).min().unwrap_or(i64::MAX);
        let Some(reader) = readers.get_mut(at) else { break };
        worker.watch.own = reader.newest;
        if let Err(trouble) = reader.read(&mut worker, progress) {
            reader.is_over = true;
            replayed.troubles.push(trouble);
            if !settings.keep_going {
                break;
            }
        }
        reader.newest = worker.watch.own;
        worker.watch.told.drain(..).for_each(&mut *tell);
    }
    worker.watch.finish(NEVER);
    worker.watch.told.drain(..).for_each(&mut *tell);
    replayed.lines = worker.tally.lines.clone();
    (replayed.late, replayed.future) = (worker.watch.late, worker.watch.future);
    replayed.newest = Some(worker.watch.newest).filter(|newest| *newest != NEVER);
    replayed.dropped = worker.watch.alerts.as_ref().map_or(0, Alerts::dropped);
    replayed
}

/// The input that has most to catch up with.
fn slowest(readers: &[Reader]) -> Option<usize> {
    let live = readers.iter().enumerate().filter(|(_, reader)| !reader.is_over);
    live.min_by_key(|(at, reader)| (reader.newest, *at)).map(|(at, _)| at)
}

/// An input that is read from front to back.
struct Reader {
    number: u32,
    input: Input<'static>,
    /// The format of the next line.
    format: Arc<dyn LineFormat>,
    /// Where the next block begins, and its number.
    at: u64,
    block: u64,
    buffer: Vec<u8>,
    /// The newest event time that it has shown; at first that of its first record.
    newest: i64,
    is_over: bool,
}

impl Reader {
    fn new(number: u32, input: Input<'static>, settings: &Settings) -> Reader {
        let format = Arc::clone(&input.format);
        let mut reader =
            Reader { number, input, format, at: 0, block: 0, buffer: Vec::new(), newest: NEVER, is_over: false };
        reader.newest = reader.first_time(settings).unwrap_or(NEVER);
        reader
    }

    /// The time of its first record that says one.
    fn first_time(&mut self, settings: &Settings) -> Option<i64> {
        let head = match &self.input.body {
            Body::Text(text) => {
                let end = (BLOCK_BYTES as u64).min(text.len());
                text.lines(0..end, settings.max_line_bytes, &mut self.buffer).ok()?.lines.to_vec()
            }
            Body::Stream(stream) => stream.lock().ok()?.first.clone().unwrap_or_default(),
            Body::Counted(_) => return None,
        };
        let scratch = Bump::new();
        runs(&head, &self.format).iter().find_map(|(lines, format)| {
            let mut lines = lines.split(|byte| *byte == b'\n');
            lines.find_map(|line| match format.parse(line, &scratch) {
                Parsed::Access(access, _) => Some(milliseconds(&access.time)),
                Parsed::Error(entry) => entry.time.as_ref().map(milliseconds),
                _ => None,
            })
        })
    }

    /// Reads its next block.
    fn read(&mut self, worker: &mut Worker<'_, Rules>, progress: &Progress) -> Result<(), Trouble> {
        let Reader { number, input, format, at, block, buffer, is_over, .. } = self;
        let max_line_bytes = worker.max_line_bytes();
        let mut count = |text: &[u8], intact: &dyn Fn() -> bool| {
            let text = if *block == 0 { text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text) } else { text };
            let mut lines = 0;
            for (run, of) in runs(text, format) {
                let piece = Piece { text: run, format: &*of, input: *number, number: *block, lines_before: lines };
                lines += worker.piece(&piece, intact);
                *format = of;
            }
            *block += 1;
            progress.add(text.len() as u64, lines);
        };
        match &input.body {
            Body::Text(text) => {
                let end = (*at + BLOCK_BYTES as u64).min(text.len());
                let found = text.lines(*at..end, max_line_bytes, buffer).map_err(Trouble::Source)?;
                count(found.lines, &|| !text.is_torn());
                found.last.iter().for_each(|last| count(last, &|| !text.is_torn()));
                progress.add_raw(end - *at);
                *at = end;
                *is_over = end == text.len();
                text.fault().map_or(Ok(()), |error| Err(Trouble::Source(error)))
            }
            Body::Stream(stream) => {
                // Nobody else has it.
                let mut stream = stream.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                match stream.first.take() {
                    Some(first) => *buffer = first,
                    None => stream.pump.next(buffer, BLOCK_BYTES).map_err(Trouble::Source)?,
                }
                let raw = stream.pump.raw_position();
                progress.add_raw(raw - std::mem::replace(&mut stream.raw_told, raw));
                count(buffer, &|| true);
                *is_over = buffer.is_empty();
                Ok(())
            }
            Body::Counted(_) => Err(Trouble::Counted { name: input.name.clone(), flag: "--rules" }),
        }
    }
}

/// Milliseconds since the Unix epoch.
fn milliseconds(time: &Time) -> i64 {
    time.unix_seconds().saturating_mul(1000).saturating_add(i64::from(time.nanos / 1_000_000))
}

/// The rules, which see every record as it comes.
pub(super) struct Rules {
    plan: Arc<Plan>,
    settings: alert::Settings,
    max_out_of_orderness: i64,
    counter: Counter,
    /// There once the first record has said what time it is.
    alerts: Option<Alerts>,
    /// The newest event time of the input that is read, of all others the oldest of these, and of all.
    own: i64,
    others: i64,
    newest: i64,
    /// Up to there rules have looked.
    ticked: i64,
    until: i64,
    late: u64,
    future: u64,
    bots: Bots,
    /// What they told, until somebody takes it.
    pub(super) told: Vec<Told>,
    transitions: Vec<Transition>,
    events: Vec<Event>,
}

impl Rules {
    /// Nothing seen yet.
    pub(super) fn new(plan: Arc<Plan>, settings: alert::Settings, max_out_of_orderness: i64) -> Rules {
        Rules {
            settings: alert::Settings { is_replay: true, ..settings },
            max_out_of_orderness,
            counter: Counter::new(Arc::clone(&plan)),
            plan,
            alerts: None,
            own: NEVER,
            others: i64::MAX,
            newest: NEVER,
            ticked: NEVER,
            until: i64::MAX,
            late: 0,
            future: 0,
            bots: Bots::default(),
            told: Vec::new(),
            transitions: Vec::new(),
            events: Vec::new(),
        }
    }

    /// A record of this time comes.
    #[inline]
    pub(super) fn see(&mut self, record: &impl Record, at: i64) {
        let pane = self.plan.pane;
        let end = at.saturating_sub(at.rem_euclid(pane)).saturating_add(pane);
        let is_late = self.ticked != NEVER && end.saturating_add(self.settings.allowed_lateness) <= self.ticked;
        let is_future = at > self.until;
        self.late += u64::from(is_late && !is_future);
        self.future += u64::from(is_future);
        let bots = &mut self.bots;
        self.counter.record(record, at, !is_late && !is_future, |agent| bots.has(agent));
        if !is_future {
            self.pass(at);
        }
    }

    /// A record or a sign of life has shown an event time.
    #[inline]
    fn pass(&mut self, at: i64) {
        self.own = self.own.max(at);
        self.newest = self.newest.max(at);
        let watermark = self.own.min(self.others).saturating_sub(self.max_out_of_orderness);
        if watermark >= self.ticked.saturating_add(self.plan.pane) {
            self.look(watermark, at);
        }
    }

    /// Rules look at what is before the watermark; `now` is when signs of life are first waited for.
    fn look(&mut self, watermark: i64, now: i64) {
        let (plan, settings) = (&self.plan, self.settings);
        let alerts = self.alerts.get_or_insert_with(|| Alerts::new(Arc::clone(plan), settings, now));
        // It is of this plan.
        alerts.take(self.counter.hand_over());
        alerts.tick(watermark, &mut self.transitions);
        alerts.events(None, &mut self.events);
        self.ticked = alerts.ticked().unwrap_or(NEVER);
        self.told.extend(self.transitions.drain(..).map(Told::Transition));
        self.told.extend(self.events.drain(..).map(Told::Event));
    }

    /// Nothing more will come: rules look at all that there is, and at least up to an instant.
    pub(super) fn finish(&mut self, at_least: i64) {
        if self.newest != NEVER {
            let pane = self.plan.pane;
            let end = self.newest.saturating_sub(self.newest.rem_euclid(pane)).saturating_add(pane);
            self.look(end.max(at_least), self.newest);
        }
    }

    /// A sign of life comes, of this time.
    pub(super) fn beat(&mut self, at: i64) {
        self.counter.heartbeat(Some(at));
        self.pass(at);
    }
}

impl Watch for Rules {
    const COUNTS: bool = false;

    fn request(&mut self, record: &Access<'_>, _: u32, _: u32) {
        self.see(record, milliseconds(&record.time));
    }

    fn entry(&mut self, entry: &ErrorEntry<'_>, _: Option<u32>, _: u32) {
        // One without a time of its own comes with the newest.
        let at = entry.time.as_ref().map_or(self.own, milliseconds);
        if at != NEVER {
            self.see(entry, at);
        }
    }

    fn heartbeat(&mut self, time: Option<Time>) {
        let at = time.as_ref().map_or(self.own, milliseconds);
        if at != NEVER {
            self.beat(at);
        }
    }

    fn before_rows_go(&mut self, _: &Tally) {}
}

#[cfg(test)]
#[path = "replay_tests.rs"]
mod tests;
