//! One source, and the worker that counts what comes from it.

use super::run::Told;
use super::source::{Event, Source};
use crate::aggregate::position::shown;
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
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Records that are gathered, at most, before they are handed over.
const RECORDS_MAX: usize = 1 << 20;
/// Milliseconds after which they are.
const HAND_OVER_EVERY: i64 = 100;
/// How long a source waits for something to happen before it is asked again.
const WAIT: Duration = Duration::from_millis(50);

/// What one thread needs.
pub struct Hand<'run> {
    settings: &'run Settings,
    clock: &'run dyn Clock,
    worker: Worker<'run, Gather>,
    inputs: HashMap<InputId, Input>,
    /// The number of the next input, by which malformed lines name it.
    first: u32,
    /// Lines handed over before.
    told: Lines,
    newest: HashMap<InputId, i64>,
    handed: i64,
    max_future: i64,
    to: Sender<Told>,
    paused: Receiver<(InputId, bool)>,
}

/// An input of the source.
struct Input {
    name: String,
    number: u32,
    /// Known once lines have come that tell it.
    format: Option<Arc<dyn LineFormat>>,
    /// Whether it was told that none fits.
    is_strange: bool,
    lines: u64,
}

impl<'run> Hand<'run> {
    /// A worker that has counted nothing. It tells the board through `to`, and is told through `paused` which inputs are to
    /// wait. Its inputs are numbered from `first`.
    pub fn new(
        settings: &'run Settings,
        window: &crate::window::board::Settings,
        clock: &'run dyn Clock,
        first: u32,
        to: Sender<Told>,
        paused: Receiver<(InputId, bool)>,
    ) -> Hand<'run> {
        Hand {
            settings,
            clock,
            worker: Worker::new(settings, Gather::new(window.pane)),
            inputs: HashMap::new(),
            first,
            told: Lines::default(),
            newest: HashMap::new(),
            handed: clock.monotonic(),
            max_future: window.max_future,
            to,
            paused,
        }
    }

    /// Serves the source until it ends or `stop` is set, and then drains it.
    pub fn serve(&mut self, source: &mut dyn Source, stop: &AtomicBool, drain: Duration) {
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
            if self.clock.monotonic() - self.handed >= HAND_OVER_EVERY {
                self.hand_over();
            }
        };
        if let Err(sentence) = result {
            self.tell(Told::Failed(sentence));
        }
        self.hand_over();
    }

    /// What was counted.
    pub fn into_tally(self) -> Tally {
        self.worker.tally
    }

    fn see(&mut self, event: Event<'_>) {
        match event {
            Event::Begin { input, name, kind } => {
                let number = self.first;
                self.first = self.first.wrapping_add(1);
                let format = self.settings.format.clone();
                self.inputs
                    .insert(input, Input { name: name.to_string(), number, format, is_strange: false, lines: 0 });
                self.tell(Told::Begin { input, name: name.to_string(), kind });
            }
            Event::Lines { input, text } => self.lines(input, text),
            Event::Backlog { input, bytes } => self.tell(Told::Backlog { input, bytes }),
            Event::Problem(problem) => {
                self.tell(Told::Problem { bytes: problem.bytes, sentence: problem.sentence.to_string() });
            }
            Event::End { input } => {
                // Its last lines go before.
                self.hand_over();
                self.inputs.remove(&input);
                self.tell(Told::End { input });
            }
        }
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
        self.worker.watch.set_clock(arrival, wall.saturating_add(self.max_future));
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
                    let _ = self.to.send(Told::Problem { bytes: 0, sentence });
                }
                Err(_) => {}
            }
        }
        let unknown = || (ENTRIES[0].make)(&self.settings.formats);
        let mut format = input.format.clone().unwrap_or_else(unknown);
        for (run, format_of) in runs(text, &format) {
            let piece =
                Piece { text: run, format: &*format_of, input: input.number, number: 0, lines_before: input.lines };
            input.lines += self.worker.piece(&piece, &|| true);
            format = format_of;
        }
        if input.format.is_some() {
            input.format = Some(format);
        }
        if let Some(newest) = self.worker.watch.take_newest() {
            self.newest.entry(id).and_modify(|known| *known = newest.max(*known)).or_insert(newest);
        }
        if self.worker.watch.len() >= RECORDS_MAX || self.clock.monotonic() - self.handed >= HAND_OVER_EVERY {
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
        let _ = self.to.send(told);
    }
}

fn has_lines(text: &[u8]) -> bool {
    text.iter().any(|byte| !byte.is_ascii_whitespace() && *byte != 0)
}
