//! One analysis: all inputs, all threads, one tally.
//!
//! Inputs are opened and read in rounds, so that a folder of a hundred thousand files needs no hundred thousand file
//! descriptors. In a round the files are cut into pieces that belong to the workers in contiguous spans; streams have
//! blocks, which whoever is free takes. A worker keeps its tally over all rounds, and the tallies are merged at the
//! end, in pairs, in parallel.

use super::budget::Budget;
use super::changes::runs;
use super::counted::Counted;
use super::finish::{merge_all, number_inputs, resolve_positions};
use super::input::{Body, Input, Stream, Trouble};
use super::pieces::Spans;
use super::progress::Progress;
use super::settings::Settings;
use super::text::Text;
use super::worker::{Piece, Worker};
use crate::aggregate::goaccess;
use crate::aggregate::snapshot::{self, Snapshot};
use crate::aggregate::tally::{Lines, Tally};
use crate::aggregate::vtally::Origin;
use crate::parallel::message_of;
use crate::source::{Named, OpenOptions};
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Inputs open at one time.
const ROUND_INPUTS: usize = 256;

/// What an analysis found.
pub struct Outcome {
    /// All counts.
    pub tally: Tally,
    /// How much memory the counts and the report may take.
    pub budget: Option<Budget>,
    /// The records, where they are counted as GoAccess does; the tally then holds only lines by kind.
    pub goaccess: Option<Box<goaccess::Tally>>,
    /// The inputs, as the report shows them.
    pub inputs: Vec<snapshot::Input>,
    /// What went wrong, in input order.
    pub troubles: Vec<Trouble>,
    /// Whether it was stopped before its end.
    pub stopped: bool,
    /// Whether a tally among the inputs was of a run that was stopped or failed.
    pub inherited_partial: bool,
}

impl Outcome {
    /// The report, lists cut to `top` rows, after a run of `elapsed_seconds`.
    pub fn report(&mut self, top: usize, elapsed_seconds: f64) -> Snapshot {
        let names: Vec<String> = self.inputs.iter().map(|input| input.name.clone()).collect();
        if let Some(budget) = self.budget {
            budget.make_room(&mut self.tally, top);
        }
        Snapshot {
            inputs: self.inputs.clone(),
            elapsed_seconds,
            partial: self.is_partial(),
            ..self.tally.snapshot(top, &names)
        }
    }

    /// Whether the counts are not of all lines.
    fn is_partial(&self) -> bool {
        self.stopped || !self.troubles.is_empty() || self.inherited_partial
    }

    /// Writes the tally, for another run to take in; only after a run that was [`mergeable`](Settings::mergeable).
    pub fn write_tally(&mut self, to: impl Write) -> io::Result<()> {
        let origin = Origin { inputs: self.inputs.clone(), partial: self.is_partial() };
        self.tally.write_to(&origin, to)
    }
}

/// Counts all lines of `inputs`. Without `keep_going` the first trouble ends the run.
pub fn analyze(inputs: &[Named], settings: &Settings, progress: &Progress) -> Outcome {
    let options = OpenOptions { mmap: settings.mmap, stop: Some(Arc::clone(progress.stop())) };
    let mut run = Run::new(settings, progress);
    // Each open stream has a decompressor with memory of its own.
    let round_inputs = settings.budget.map_or(ROUND_INPUTS, |_| 2 * settings.threads.max(1));
    for names in inputs.chunks(round_inputs) {
        let mut opened = Vec::with_capacity(names.len());
        for (number, named) in (run.reports.len() as u32..).zip(names) {
            if run.shared.is_over() {
                break;
            }
            let input = Input::open(named, &options, settings);
            opened.push(input.map_err(|trouble| run.shared.trouble(number, trouble)).map_err(|()| named.to_string()));
        }
        run.round(&opened);
        if run.shared.is_over() {
            break;
        }
    }
    run.finish()
}

/// Counts all lines of texts in memory, each with a name, and reports lists of at most `top` rows.
pub fn analyze_bytes(texts: &[(&str, &[u8])], settings: &Settings, top: usize) -> Snapshot {
    count_bytes(texts, settings).report(top, 0.0)
}

/// Counts all lines of texts in memory, each with a name.
pub fn count_bytes(texts: &[(&str, &[u8])], settings: &Settings) -> Outcome {
    let progress = Progress::default();
    let mut run = Run::new(settings, &progress);
    let opened: Vec<_> = (0..)
        .zip(texts)
        .map(|(number, (name, bytes))| {
            let input = Input::from_bytes(name, bytes, settings);
            input.map_err(|trouble| run.shared.trouble(number, trouble)).map_err(|()| name.to_string())
        })
        .collect();
    run.round(&opened);
    drop(opened);
    run.finish()
}

/// A worker, and the lines of each piece that it has counted.
struct Hand<'run> {
    worker: Worker<'run>,
    /// Input, piece, lines.
    counted: Vec<(u32, u64, u64)>,
    /// Memory for pieces that are read, and for blocks.
    buffer: Vec<u8>,
}

struct Run<'run> {
    shared: Shared<'run>,
    hands: Vec<Hand<'run>>,
    /// By input: how it is shown; one that is a tally, as the inputs of the run that wrote it.
    reports: Vec<Vec<snapshot::Input>>,
    inherited_partial: bool,
}

/// What all workers share.
struct Shared<'run> {
    settings: &'run Settings,
    progress: &'run Progress,
    troubles: Mutex<Vec<(u32, Trouble)>>,
    /// A trouble ended the run.
    failed: AtomicBool,
    /// Held while a tally is read, where memory is bounded: there is room for one.
    reading: Mutex<()>,
}

impl Shared<'_> {
    /// Whether nothing more is to be read.
    fn is_over(&self) -> bool {
        self.progress.is_stopped() || self.failed.load(Ordering::Relaxed)
    }

    fn trouble(&self, input: u32, trouble: Trouble) {
        locked(&self.troubles).push((input, trouble));
        if !self.settings.keep_going {
            self.failed.store(true, Ordering::Relaxed);
        }
    }
}

impl<'run> Run<'run> {
    fn new(settings: &'run Settings, progress: &'run Progress) -> Run<'run> {
        let hand = |_| Hand { worker: Worker::new(settings, ()), counted: Vec::new(), buffer: Vec::new() };
        Run {
            shared: Shared {
                settings,
                progress,
                troubles: Mutex::default(),
                failed: AtomicBool::new(false),
                reading: Mutex::default(),
            },
            hands: (0..settings.threads.max(1)).map(hand).collect(),
            reports: Vec::new(),
            inherited_partial: false,
        }
    }

    /// Reads some inputs to their end; `Err` holds the name of one that could not be opened.
    fn round(&mut self, opened: &[Result<Input<'_>, String>]) {
        let first = self.reports.len() as u32;
        let round = Round::new(first, opened, &self.shared);
        // No more threads than there is work.
        let busy = self.hands.len().min(round.work_items());
        if busy <= 1 {
            self.hands.iter_mut().take(1).for_each(|hand| round.work(0, hand));
        } else {
            std::thread::scope(|scope| {
                for (number, hand) in self.hands.iter_mut().enumerate().take(busy) {
                    let round = &round;
                    scope.spawn(move || round.work(number, hand));
                }
            });
        }
        self.reports.extend(opened.iter().map(reports_of));
        self.inherited_partial |= opened.iter().filter_map(origin_of).any(|origin| origin.partial);
    }

    fn finish(self) -> Outcome {
        let Run { shared: Shared { settings, troubles, progress, .. }, mut hands, mut reports, inherited_partial } =
            self;
        let mut troubles = troubles.into_inner().unwrap_or_else(PoisonError::into_inner);
        troubles.sort_by_key(|(input, _)| *input);
        for (input, trouble) in &troubles {
            if let Some(report) = reports.get_mut(*input as usize).and_then(|reports| reports.first_mut()) {
                report.error.get_or_insert_with(|| trouble.without_name());
            }
        }
        let mut counted: Vec<_> = hands.iter().flat_map(|hand| hand.counted.iter().copied()).collect();
        counted.sort_unstable();
        let mut goaccess: Option<Box<goaccess::Tally>> = None;
        for tally in hands.iter_mut().filter_map(|hand| hand.worker.goaccess.take()) {
            match &mut goaccess {
                Some(into) => into.merge(&tally),
                None => goaccess = Some(tally),
            }
        }
        // What is merged for the last time cannot give way any more, and a report may need it to.
        let mergeable = settings.mergeable || settings.budget.is_some();
        let mut tally = merge_all(hands.into_iter().map(|hand| hand.worker.tally).collect(), mergeable);
        if let Some(budget) = settings.budget.filter(|_| settings.mergeable) {
            budget.keep_part(&mut tally);
        }
        resolve_positions(&mut tally, &counted);
        number_inputs(&mut tally, &reports);
        Outcome {
            tally,
            budget: settings.budget,
            goaccess,
            inputs: reports.into_iter().flatten().collect(),
            troubles: troubles.into_iter().map(|(_, trouble)| trouble).collect(),
            stopped: progress.is_stopped(),
            inherited_partial,
        }
    }
}

fn origin_of<'opened>(opened: &'opened Result<Input<'_>, String>) -> Option<&'opened Origin> {
    match &opened.as_ref().ok()?.body {
        Body::Counted(counted) => counted.origin.get(),
        Body::Text(_) | Body::Stream(_) => None,
    }
}

fn reports_of(opened: &Result<Input<'_>, String>) -> Vec<snapshot::Input> {
    if let Some(origin) = origin_of(opened) {
        return origin.inputs.clone();
    }
    let report = match opened {
        Ok(input) => snapshot::Input {
            name: input.name.clone(),
            bytes: input.bytes.load(Ordering::Relaxed),
            lines: input.lines.load(Ordering::Relaxed),
            format: if input.has_lines { input.format.name().to_string() } else { "-".to_string() },
            error: None,
        },
        Err(name) => snapshot::Input { name: name.clone(), format: "-".to_string(), ..snapshot::Input::default() },
    };
    vec![report]
}

/// Some inputs, and how they are shared out.
struct Round<'round, 'bytes> {
    shared: &'round Shared<'round>,
    /// Number of the first input.
    first: u32,
    inputs: Vec<Option<&'round Input<'bytes>>>,
    /// The round's files: index of the input, number of its first piece among all.
    files: Vec<(usize, u32)>,
    streams: Vec<usize>,
    tallies: Vec<usize>,
    /// The first of `tallies` that nobody has taken.
    next_tally: AtomicUsize,
    pieces: u32,
    spans: Spans,
}

impl<'round, 'bytes> Round<'round, 'bytes> {
    fn new(
        first: u32,
        opened: &'round [Result<Input<'bytes>, String>],
        shared: &'round Shared<'round>,
    ) -> Round<'round, 'bytes> {
        let (mut files, mut streams, mut tallies, mut pieces) = (Vec::new(), Vec::new(), Vec::new(), 0u32);
        for (at, input) in opened.iter().enumerate() {
            let Ok(input) = input else { continue };
            shared.progress.expect(input.raw_len());
            match &input.body {
                Body::Text(text) => {
                    files.push((at, pieces));
                    let own = text.len().div_ceil(shared.settings.piece_bytes.max(1) as u64);
                    pieces = pieces.saturating_add(u32::try_from(own).unwrap_or(u32::MAX));
                }
                Body::Stream(_) => streams.push(at),
                Body::Counted(_) => tallies.push(at),
            }
        }
        Round {
            shared,
            first,
            inputs: opened.iter().map(|input| input.as_ref().ok()).collect(),
            files,
            streams,
            tallies,
            next_tally: AtomicUsize::new(0),
            pieces,
            spans: Spans::new(pieces, shared.settings.threads.max(1)),
        }
    }

    /// How many workers could be busy at one time.
    fn work_items(&self) -> usize {
        // A stream has always a block more to read while one is counted.
        self.pieces as usize + 2 * self.streams.len() + self.tallies.len()
    }

    fn work(&self, number: usize, hand: &mut Hand<'_>) {
        while !self.shared.is_over() {
            if let Some((at, input, stream)) = self.free_stream(number) {
                self.guarded(at, input, || self.block(at, input, stream, hand));
            } else if let Some((at, input, counted)) = self.next_tally() {
                self.guarded(at, input, || self.tally(at, input, counted, hand));
            } else if let Some(piece) = self.spans.take(number) {
                let file = self.files.partition_point(|(_, first)| *first <= piece) - 1;
                let (at, first) = self.files[file];
                if let Some(input) = self.inputs[at] {
                    self.guarded(at, input, || self.piece(at, input, u64::from(piece - first), hand));
                }
            } else if let Some((at, input, stream)) = self.any_stream() {
                self.guarded(at, input, || self.block(at, input, stream, hand));
            } else {
                return;
            }
        }
    }

    fn live_streams(&self) -> impl Iterator<Item = (usize, &'round Input<'bytes>, &'round Mutex<Stream>)> + Clone {
        self.streams.iter().filter_map(|&at| {
            let input = self.inputs[at]?;
            match &input.body {
                Body::Stream(stream) if !input.closed.load(Ordering::Relaxed) => Some((at, input, &**stream)),
                _ => None,
            }
        })
    }

    /// A stream that nobody reads from now. Workers begin to look at different ones, so that several are decompressed
    /// at once.
    fn free_stream(&self, number: usize) -> Option<(usize, &'round Input<'bytes>, MutexGuard<'round, Stream>)> {
        let live = self.live_streams();
        let count = live.clone().count();
        let from_own = live.clone().skip(number % count.max(1)).chain(live);
        from_own.take(count).find_map(|(at, input, stream)| stream.try_lock().ok().map(|stream| (at, input, stream)))
    }

    /// Waits for a stream.
    fn any_stream(&self) -> Option<(usize, &'round Input<'bytes>, MutexGuard<'round, Stream>)> {
        self.live_streams().next().map(|(at, input, stream)| (at, input, locked(stream)))
    }

    /// A tally that nobody has read.
    fn next_tally(&self) -> Option<(usize, &'round Input<'bytes>, &'round Counted<'bytes>)> {
        let &at = self.tallies.get(self.next_tally.fetch_add(1, Ordering::Relaxed))?;
        let input = self.inputs[at]?;
        match &input.body {
            Body::Counted(counted) => Some((at, input, counted)),
            Body::Text(_) | Body::Stream(_) => None,
        }
    }

    /// Runs a part of the work; a panic in it is told, and what else was counted is kept.
    fn guarded(&self, at: usize, input: &Input<'_>, part: impl FnOnce() -> Result<(), Trouble>) {
        let result = catch_unwind(AssertUnwindSafe(part))
            .unwrap_or_else(|panic| Err(Trouble::Defect { name: input.name.clone(), message: message_of(&*panic) }));
        if let Err(trouble) = result
            && !input.closed.swap(true, Ordering::Relaxed)
        {
            self.shared.trouble(self.first + at as u32, trouble);
        }
    }

    /// Takes in a tally: all of it, or nothing.
    fn tally(&self, at: usize, input: &Input<'_>, counted: &Counted<'_>, hand: &mut Hand<'_>) -> Result<(), Trouble> {
        let budget = self.shared.settings.budget;
        let _one_at_a_time = budget.map(|_| locked(&self.shared.reading));
        let Some(read) = counted.take(self.shared.settings, self.first + at as u32) else { return Ok(()) };
        let (tally, origin) = match read {
            Ok(read) => read,
            // Its bytes may have ended because of the stop.
            Err(_) if self.shared.progress.is_stopped() => return Ok(()),
            Err(problem) => return Err(Trouble::of_tally(&input.name, problem)),
        };
        let into = &mut hand.worker.tally;
        let lines = tally.lines.lines;
        if into.lines == Lines::default() {
            *into = tally;
        } else if let Some(budget) = budget {
            budget.merge(into, tally);
        } else {
            into.merge(tally);
        }
        if let Some(budget) = budget {
            into.hurry();
            budget.keep(into);
        }
        self.shared.progress.add(origin.inputs.iter().map(|input| input.bytes).sum(), lines);
        self.shared.progress.add_raw(counted.raw_len.unwrap_or(0));
        // Nobody else has taken it.
        let _ = counted.origin.set(origin);
        Ok(())
    }

    /// Counts a piece of a file.
    fn piece(&self, at: usize, input: &Input<'_>, number: u64, hand: &mut Hand<'_>) -> Result<(), Trouble> {
        let Body::Text(text) = &input.body else { return Ok(()) };
        if input.closed.load(Ordering::Relaxed) {
            return Ok(());
        }
        let piece_bytes = self.shared.settings.piece_bytes.max(1) as u64;
        let range = number * piece_bytes..((number + 1) * piece_bytes).min(text.len());
        let raw_bytes = range.end - range.start;
        let Hand { worker, counted, buffer } = hand;
        let found = text.lines(range, self.shared.settings.max_line_bytes, buffer).map_err(Trouble::Source)?;
        let mut lines = 0;
        let mut format = Arc::clone(input.formats.get(number as usize).unwrap_or(&input.format));
        for text_of in [Some(found.lines), found.last].into_iter().flatten() {
            let text_of = without_byte_order_mark(text_of, number == 0 && lines == 0);
            for (run, format_of) in runs(text_of, &format) {
                let input = self.first + at as u32;
                let piece = Piece { text: run, format: &*format_of, input, number, lines_before: lines };
                lines += worker.piece(&piece, &|| !text.is_torn());
                format = format_of;
            }
        }
        counted.push((self.first + at as u32, number, lines));
        input.lines.fetch_add(lines, Ordering::Relaxed);
        input.bytes.fetch_add(raw_bytes, Ordering::Relaxed);
        self.shared.progress.add(raw_bytes, lines);
        self.shared.progress.add_raw(raw_bytes);
        text.fault().map_or(Ok(()), |error| Err(Trouble::Source(error)))
    }

    /// Reads a block of a stream, gives the stream back, and counts the block.
    fn block(
        &self,
        at: usize,
        input: &Input<'_>,
        mut stream: MutexGuard<'_, Stream>,
        hand: &mut Hand<'_>,
    ) -> Result<(), Trouble> {
        if input.closed.load(Ordering::Relaxed) {
            return Ok(());
        }
        let Hand { worker, counted, buffer } = hand;
        let text_before = if stream.number == 0 { 0 } else { stream.pump.bytes() };
        match stream.first.take() {
            Some(first) => *buffer = first,
            None => stream.pump.next(buffer, self.shared.settings.piece_bytes / 2).map_err(Trouble::Source)?,
        }
        let number = stream.number;
        stream.number += 1;
        let bytes = stream.pump.bytes() - text_before;
        let raw = stream.pump.raw_position();
        self.shared.progress.add_raw(raw - std::mem::replace(&mut stream.raw_told, raw));
        input.bytes.fetch_add(bytes, Ordering::Relaxed);
        if buffer.is_empty() {
            input.closed.store(true, Ordering::Relaxed);
            return Ok(());
        }
        let text = without_byte_order_mark(buffer, number == 0);
        let runs = runs(text, stream.format.as_ref().unwrap_or(&input.format));
        stream.format = runs.last().map(|(_, format)| Arc::clone(format));
        drop(stream);
        let mut lines = 0;
        for (run, format) in runs {
            let input = self.first + at as u32;
            let piece = Piece { text: run, format: &*format, input, number, lines_before: lines };
            lines += worker.piece(&piece, &|| true);
        }
        counted.push((self.first + at as u32, number, lines));
        input.lines.fetch_add(lines, Ordering::Relaxed);
        self.shared.progress.add(bytes, lines);
        Ok(())
    }
}

/// A byte-order mark may stand at the start of an input; it says that the text is UTF-8, which is no news.
fn without_byte_order_mark(text: &[u8], at_start: bool) -> &[u8] {
    if at_start { text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text) } else { text }
}

/// A panic while a lock is held leaves counters that are still right.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Text<'_> {
    /// Whether a page of it was lost: a question for each batch, far cheaper than [`Text::fault`].
    pub(super) fn is_torn(&self) -> bool {
        match self {
            Text::File(file) => file.is_torn(),
            Text::Memory(_) => false,
        }
    }
}
