//! One source, and the worker that counts what comes from it.

use super::counted::{Counted, UNKNOWN};
use super::keeper::Cuts;
use super::run::{Monitor, Shared};
use super::source::{Before, Event, Saved, Source};
use super::told::{Part, Place, Told};
use crate::aggregate::position::shown;
use crate::aggregate::snapshot;
use crate::aggregate::tally::{Lines, Tally};
use crate::clock::Clock;
use crate::engine::changes::runs;
use crate::engine::settings::Settings;
use crate::engine::worker::{Piece, Worker};
use crate::format::LineFormat;
use crate::format::catalogue::ENTRIES;
use crate::format::detect::detect;
use crate::format::record::Time;
use crate::window::board::HandOver;
use crate::window::gather::Gather;
use crate::window::watermark::InputId;
use crossbeam::channel::{Receiver, Sender};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

/// Records that are gathered, at most, before they are handed over.
const RECORDS_MAX: usize = 1 << 17;
/// Milliseconds after which they are.
const HAND_OVER_EVERY: i64 = 100;
/// Panes that are gathered, at most: lines of ever other times make many.
const PANES_MAX: usize = 1024;
/// Milliseconds after which a source is told that what it said is kept, where nothing is kept but in memory.
const KEEP_EVERY: i64 = 5_000;
/// Milliseconds that are waited for a cut to be kept, before inputs are given to others or the source ends.
const KEPT_WITHIN: u32 = 4_000;
/// How long a source waits for something to happen before it is asked again.
const WAIT: Duration = Duration::from_millis(50);

/// What one thread needs.
pub struct Hand<'run> {
    settings: &'run Settings,
    clock: &'run dyn Clock,
    worker: Worker<'run, Gather>,
    inputs: HashMap<InputId, Input>,
    /// The inputs as the report has them, and their numbers by name.
    reported: Vec<snapshot::Input>,
    numbers: HashMap<String, u32>,
    /// Lines handed over before.
    told: Lines,
    newest: HashMap<InputId, i64>,
    handed: i64,
    max_future: i64,
    /// Lines of an earlier time are late: the board says so.
    late_before: &'run AtomicI64,
    /// The cuts of all hands, where they are kept.
    cuts: Option<&'run Cuts>,
    /// The last one of this hand.
    cut: u64,
    /// What was said to be saved, and the cut that keeps it.
    unkept: VecDeque<(u64, Vec<(InputId, Saved)>)>,
    /// When a source was last told that all is kept.
    kept: i64,
    to: Sender<(usize, Told)>,
    /// The number by which it tells.
    number: usize,
    paused: Receiver<(InputId, bool)>,
}

/// An input of the source.
struct Input {
    name: String,
    /// The number by which the report has it, with others of its group.
    number: u32,
    /// Known once lines have come that tell it.
    format: Option<Arc<dyn LineFormat>>,
    /// Whether it was told that none fits.
    is_strange: bool,
    /// What was seen of it, since its very beginning.
    seen: Before,
}

impl<'run> Hand<'run> {
    /// A worker that has counted nothing. It tells the board through `to`, by its number, and is told through `paused` which
    /// inputs are to wait.
    pub fn new(
        monitor: &Monitor<'run>,
        shared: &'run Shared,
        number: usize,
        to: Sender<(usize, Told)>,
        paused: Receiver<(InputId, bool)>,
    ) -> Hand<'run> {
        let Monitor { settings, window, clock, .. } = monitor;
        Hand {
            settings,
            clock: *clock,
            worker: Worker::new(settings, Gather::new(window.pane)),
            inputs: HashMap::new(),
            reported: Vec::new(),
            numbers: HashMap::new(),
            told: Lines::default(),
            newest: HashMap::new(),
            handed: clock.monotonic(),
            max_future: window.max_future,
            late_before: &shared.late_before,
            cuts: shared.keeps.then_some(&shared.cuts),
            cut: 0,
            unkept: VecDeque::new(),
            kept: clock.monotonic(),
            to,
            number,
            paused,
        }
    }

    /// Serves the source until it ends or `stop` is set, and then drains it.
    pub fn serve(&mut self, source: &mut dyn Source, stop: &AtomicBool, drain: Duration) {
        let mut is_ready = false;
        let result = loop {
            if stop.load(Ordering::Relaxed) {
                break source.drain(drain, &mut |event| self.see(event));
            }
            while let Ok((input, paused)) = self.paused.try_recv() {
                source.pause(input, paused);
            }
            match source.poll(WAIT, &mut |event| self.see(event)) {
                Ok(true) => {}
                Ok(false) => break Ok(()),
                Err(sentence) => break Err(sentence),
            }
            if !std::mem::replace(&mut is_ready, true) {
                self.tell(Told::Ready);
            }
            if self.clock.monotonic() - self.handed >= HAND_OVER_EVERY {
                self.hand_over();
            }
            self.settle(source);
        };
        if let Err(sentence) = result {
            self.tell(Told::Failed(sentence));
        }
    }

    /// The number by which it tells.
    pub fn number(&self) -> usize {
        self.number
    }

    /// Tells what was counted last, whatever became of the source, and tells the source once that is kept.
    pub fn finish(&mut self, source: &mut dyn Source) {
        // A defect in the middle of a piece leaves lines that were counted by kind and not yet as lines.
        let lines = &mut self.worker.tally.lines;
        lines.lines = lines.parts();
        let saved = source.saved();
        self.cut(saved.clone());
        // Nobody waits for it any longer.
        self.tell(Told::Done);
        if self.is_kept() {
            source.kept(&saved);
        }
    }

    /// Cuts where that was asked for, and passes on what was kept.
    fn settle(&mut self, source: &mut dyn Source) {
        let Some(cuts) = self.cuts else {
            let now = self.clock.monotonic();
            if now.saturating_sub(self.kept) >= KEEP_EVERY {
                self.kept = now;
                let saved = source.saved();
                source.kept(&saved);
            }
            return;
        };
        let kept = cuts.kept.load(Ordering::Acquire);
        while let Some((_, saved)) = self.unkept.pop_front_if(|(cut, _)| *cut <= kept) {
            source.kept(&saved);
        }
        if cuts.asked.load(Ordering::Acquire) > self.cut {
            let saved = source.saved();
            self.cut(saved.clone());
            self.unkept.push_back((self.cut, saved));
        }
    }

    /// Tells its part of the next cut; from here on it counts anew.
    fn cut(&mut self, saved: Vec<(InputId, Saved)>) {
        self.hand_over();
        let mut tally = Tally::new(&self.settings.tally);
        if self.settings.budget.is_some() {
            tally.hurry();
        }
        let tally = std::mem::replace(&mut self.worker.tally, tally);
        self.told = Lines::default();
        let inputs = self.reported.clone();
        self.reported.iter_mut().for_each(|input| (input.lines, input.bytes) = (0, 0));
        let known = |input| self.inputs.get(&input).map(|input| input.seen).unwrap_or_default();
        let places = saved.into_iter().map(|(input, saved)| Place { saved, before: known(input) }).collect();
        self.cut += 1;
        self.tell(Told::Cut(Box::new(Part { hand: self.number, counted: Counted { tally, inputs }, places })));
    }

    /// Waits until its last cut is kept, but not for ever.
    fn is_kept(&self) -> bool {
        let Some(cuts) = self.cuts else { return true };
        for _ in 0..KEPT_WITHIN {
            if cuts.kept.load(Ordering::Acquire) >= self.cut {
                return true;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        false
    }

    fn see(&mut self, event: Event<'_>) {
        match event {
            Event::Begin { input, name, group, kind, before } => {
                let begun = Input {
                    name: name.to_string(),
                    number: self.number_of(group),
                    format: self.settings.format.clone(),
                    is_strange: false,
                    seen: before,
                };
                self.inputs.insert(input, begun);
                self.tell(Told::Begin { input, name: name.to_string(), kind, newest: before.newest });
            }
            Event::Lines { input, text } => self.lines(input, text),
            Event::Backlog { input, backlog } => self.tell(Told::Backlog { input, backlog }),
            Event::Problem(problem) => {
                self.tell(Told::Problem { bytes: problem.bytes, sentence: problem.sentence.to_string() });
            }
            Event::Leaving { saved, kept } => {
                match self.cuts {
                    Some(_) => self.cut(saved),
                    None => self.hand_over(),
                }
                *kept = self.is_kept();
            }
            Event::End { input } => {
                // Its last lines go before.
                self.hand_over();
                self.inputs.remove(&input);
                self.tell(Told::End { input });
            }
        }
    }

    /// The number by which the report has the inputs of a group.
    fn number_of(&mut self, group: &str) -> u32 {
        if let Some(&number) = self.numbers.get(group) {
            return number;
        }
        let number = u32::try_from(self.reported.len()).unwrap_or(u32::MAX);
        self.reported.push(snapshot::Input {
            name: group.to_string(),
            format: UNKNOWN.to_string(),
            ..snapshot::Input::default()
        });
        self.numbers.insert(group.to_string(), number);
        number
    }

    /// Counts lines of an input.
    fn lines(&mut self, id: InputId, text: &[u8]) {
        let Some(input) = self.inputs.get_mut(&id) else { return };
        let wall = self.clock.wall();
        let arrival = Time {
            wall_seconds: wall.div_euclid(1000),
            offset_seconds: 0,
            nanos: (wall.rem_euclid(1000) * 1_000_000) as u32,
        };
        self.worker.arrival = arrival;
        let late_before = self.late_before.load(Ordering::Relaxed);
        self.worker.watch.set_clock(arrival, late_before, wall.saturating_add(self.max_future));
        if input.format.is_none() {
            match detect(text, &self.settings.formats) {
                Ok(format) if has_lines(text) => input.format = Some(format),
                Ok(_) => {}
                // Told once; it is tried again with the lines to come.
                Err(line) if !input.is_strange => {
                    input.is_strange = true;
                    let sentence = format!(
                        "{}: no known format fits its first lines, of which the first is {:?}; name one with --format \
                         (`visor-fast formats` lists them)",
                        input.name,
                        shown(&line)
                    );
                    let _ = self.to.send((self.number, Told::Problem { bytes: 0, sentence }));
                }
                Err(_) => {}
            }
        }
        let unknown = || (ENTRIES[0].make)(&self.settings.formats);
        let mut format = input.format.clone().unwrap_or_else(unknown);
        let before = input.seen.lines;
        for (run, format_of) in runs(text, &format) {
            let piece = Piece {
                text: run,
                format: &*format_of,
                input: input.number,
                number: 0,
                lines_before: input.seen.lines,
            };
            input.seen.lines += self.worker.piece(&piece, &|| true);
            format = format_of;
        }
        if let Some(reported) = self.reported.get_mut(input.number as usize) {
            reported.bytes += text.len() as u64;
            reported.lines += input.seen.lines - before;
            if reported.format == UNKNOWN && input.format.is_some() {
                reported.format = format.name().to_string();
            }
        }
        if input.format.is_some() {
            input.format = Some(format);
        }
        if let Some(newest) = self.worker.watch.take_newest() {
            input.seen.newest = input.seen.newest.max(Some(newest));
            self.newest.entry(id).and_modify(|known| *known = newest.max(*known)).or_insert(newest);
        }
        let gathered = &self.worker.watch;
        let is_full = gathered.len() >= RECORDS_MAX || gathered.panes() >= PANES_MAX;
        if is_full || self.clock.monotonic() - self.handed >= HAND_OVER_EVERY {
            self.hand_over();
        }
    }

    /// Hands over what was gathered.
    pub fn hand_over(&mut self) {
        self.handed = self.clock.monotonic();
        let lines = &self.worker.tally.lines;
        if *lines == self.told {
            return;
        }
        let over = HandOver {
            lines: lines.since(&self.told),
            gathered: self.worker.watch.hand_over(&self.worker.tally),
            newest: self.newest.drain().collect(),
        };
        self.told = self.worker.tally.lines.clone();
        self.tell(Told::Over(Box::new(over)));
    }

    fn tell(&self, told: Told) {
        // The board listens until the last hand is done.
        let _ = self.to.send((self.number, told));
    }
}

fn has_lines(text: &[u8]) -> bool {
    text.iter().any(|byte| !byte.is_ascii_whitespace() && *byte != 0)
}
