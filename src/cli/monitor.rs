//! `visor-fast monitor`: from flags to a screen, and a report at the end.

use super::interrupt::interruptible;
use super::monitor_flags::{Flags, Form, cannot_be_kept};
use super::outputs::Outputs;
use super::own_files::own_files;
use super::printer::Printer;
use super::service::Service;
use super::terminal::{columns, rows, speaks_unicode};
use super::{Exit, Failure};
use crate::clock::{self, Clock, System};
use crate::engine::Settings;
use crate::engine::live::{Before, Followed, Kept, Monitor, Saved, Shown, Sockets, Source, StandardInput, monitor};
use crate::report::live::{self, Flow, Input, Live, Step};
use crate::report::text::{self, TextOptions};
use crate::source::follow::{self, Begin, Follower};
use crate::source::net::{self, Address, Bound, Framing, Limits, Listen, Piped, TlsFiles};
use crate::window::board::{Account, Restored};
use crate::window::freeze::instant;
use signal_hook::consts::SIGHUP;
use std::collections::BTreeSet;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Rows of a list on the screen.
const TOP: usize = 5;
/// Steps of time in the line of traffic.
const STEPS: i64 = 120;

/// Runs the command.
pub fn run(flags: &Flags) -> Result<Exit, Failure> {
    let (settings, window, duration) = (flags.settings()?, flags.windows()?, flags.duration()?);
    // Before anything is opened, which may take a while.
    let stop = Arc::new(AtomicBool::new(false));
    interruptible(&stop)?;
    let outputs = Outputs::files(&flags.o, flags.top.map(|top| top as usize), flags.color)?;
    let (keep, earlier) = flags.store.open(&settings)?.unzip();
    let (places, before) = earlier.map(|earlier| (earlier.places, (earlier.total, earlier.board))).unzip();
    let sources = sources(flags, &settings, &places.unwrap_or_default())?;
    let every = flags.store.every()?;
    let account = before.as_ref().map(|(_, board): &(_, Restored)| board.account.clone());
    let kept = keep.zip(before).map(|(keep, (total, board))| Kept { keep: Box::new(keep), every, total, board });
    let clock = System::default();
    let printer = Printer::new(Arc::clone(&stop)).map_err(Failure::failed)?;
    let lines = account.as_ref().map_or(0, |account| account.lines.lines);
    let mut screen = Screen::new(flags, printer, clock.monotonic(), lines)?;
    let mut summaries = flags.summaries.start(clock.monotonic(), screen.is_terminal, account)?;
    let mut service = Service::new();
    let hangup = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGHUP, Arc::clone(&hangup))
        .map_err(|error| Failure::failed(format!("cannot listen for SIGHUP: {error}")))?;
    let mut said = String::new();
    tracing::info!(version = env!("CARGO_PKG_VERSION"), sources = sources.len() as u64, "the monitor has begun");
    let run = Monitor { settings: &settings, window, duration, stop: &stop, clock: &clock };
    let mut result = Ok(());
    let ended = monitor(
        sources,
        &run,
        kept,
        |shown| {
            service.look(shown, clock.monotonic());
            if hangup.swap(false, Ordering::Relaxed)
                && let Err(failure) = flags.counting.reopen_invalid(&settings.keep)
            {
                tracing::warn!("{}", failure.message);
            }
            let print = &mut |text| screen.printer.print(text);
            let looked = summaries.as_mut().map_or(Ok(()), |summaries| summaries.look(shown, clock.monotonic(), print));
            if let Err(sentence) = looked
                && said != sentence
            {
                // Nothing else waits for its disk; each new reason is told once.
                tracing::warn!("{sentence}");
                said = sentence;
            }
            if result.is_ok() {
                result = screen.show(shown, clock.monotonic());
                if result.is_err() {
                    // Nobody looks any more.
                    stop.store(true, Ordering::Relaxed);
                }
            }
        },
        |note| tracing::warn!("{note}"),
    );
    let mut ended = ended.map_err(cannot_be_kept)?;
    let Account { lines, windowed, late, future } = &ended.account;
    tracing::info!(lines = lines.lines, windowed, late, future, "the monitor has ended");
    let report = ended.report(outputs.top(), clock.monotonic() as f64 / 1000.0);
    outputs.write_files(&report, None)?;
    flags.counting.finish_invalid(&settings.keep)?;
    match result.and_then(|()| screen.printer.finish()) {
        Ok(1..) => tracing::warn!("stdout: nobody reads it; what was to be printed last was left out"),
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            return Err(Failure::failed(format!("stdout: cannot be written: {error}")));
        }
        _ => {}
    }
    Ok(if ended.failures.is_empty() && ended.is_kept { Exit::Done } else { Exit::Failed })
}

/// Inputs of one source have numbers of their own.
const INPUTS: u64 = 1 << 40;

/// Opens all sources.
fn sources(flags: &Flags, settings: &Settings, places: &[(Saved, Before)]) -> Result<Vec<Box<dyn Source>>, Failure> {
    let line_bytes_max = settings.max_line_bytes;
    let mut sources: Vec<Box<dyn Source>> = Vec::new();
    if !flags.follow.is_empty() {
        let begin = match (flags.from_beginning, flags.resume) {
            (true, _) => Begin::Beginning,
            (_, true) => Begin::Resume,
            _ => Begin::End,
        };
        let file = |(saved, before): &(Saved, Before)| match saved {
            Saved::File(position) => Some((position.clone(), *before)),
            Saved::Partition { .. } => None,
        };
        let files: Vec<(follow::Position, Before)> = places.iter().filter_map(file).collect();
        let saved = files.iter().map(|(position, _)| position.clone()).collect();
        let options = follow::Options { begin, line_bytes_max, own: own_files(flags), ..follow::Options::default() };
        let follower = Follower::new(&flags.follow, options, saved, Box::new(clock::monotonic));
        let follower = follower.map_err(|error| Failure::usage(format!("--follow: {error}")))?;
        sources.push(Box::new(Followed::new(follower, files, INPUTS)));
    }
    if flags.stdin {
        let piped = Piped::stdin(line_bytes_max, READ_BYTES).map_err(Failure::failed)?;
        sources.push(Box::new(StandardInput::new(piped, 2 * INPUTS)));
    }
    if !flags.listen.is_empty() || !flags.connect.is_empty() {
        let names: Vec<String> = flags.listen.iter().chain(&flags.connect).cloned().collect();
        let bound = bound(flags, line_bytes_max)?;
        for net in bound.share(flags.socket_threads()).map_err(Failure::failed)? {
            sources.push(Box::new(Sockets::new(net, names.clone(), 3 * INPUTS)));
        }
    }
    for (number, topic) in (4..).zip(&flags.kafka) {
        sources.push(kafka(flags, topic, places, number * INPUTS)?);
    }
    Ok(sources)
}

/// A topic, whose partitions are inputs from the number `first` on.
#[cfg(feature = "kafka")]
fn kafka(flags: &Flags, text: &str, places: &[(Saved, Before)], first: u64) -> Result<Box<dyn Source>, Failure> {
    let kafka = crate::source::kafka::Kafka::new(flags.topic(text)?).map_err(Failure::usage)?;
    Ok(Box::new(crate::engine::live::Topic::new(kafka, places, first)))
}

/// Says that this program was built without it.
#[cfg(not(feature = "kafka"))]
fn kafka(_: &Flags, text: &str, _: &[(Saved, Before)], _: u64) -> Result<Box<dyn Source>, Failure> {
    super::kafka_flags::brokers_and_topic(text)?;
    Err(Failure::usage(
        "--kafka: this program was built without Kafka; build it with the feature `kafka`, which is on by default",
    ))
}

/// Bytes read of standard input at one time.
const READ_BYTES: usize = 256 << 10;

fn bound(flags: &Flags, line_bytes_max: usize) -> Result<Bound, Failure> {
    let address = |flag: &str, text: &String| {
        text.parse::<Address>().map_err(|error| Failure::usage(format!("--{flag} {error}")))
    };
    let framing = Framing::default();
    let mut sockets = Vec::new();
    for text in &flags.listen {
        let address = address("listen", text)?;
        let files = |certificate: &PathBuf, key: &PathBuf| TlsFiles {
            certificate: certificate.clone(),
            key: key.clone(),
            client_ca: flags.tls_client_ca.clone(),
        };
        let tls = flags
            .tls_certificate
            .as_ref()
            .zip(flags.tls_key.as_ref())
            .map(|(certificate, key)| files(certificate, key));
        sockets.push(net::Source::Listen(Listen { address, framing, tls }));
    }
    for text in &flags.connect {
        sockets.push(net::Source::Connect { address: address("connect", text)?, framing });
    }
    let limits = Limits { line_bytes_max, ..Limits::default() };
    Bound::open(&sockets, &limits, Arc::new(clock::monotonic)).map_err(Failure::failed)
}

/// What is printed while it runs.
struct Screen<'flags> {
    flags: &'flags Flags,
    printer: Printer,
    window: i64,
    /// Milliseconds between two drawings; `None` draws whenever a window has closed.
    refresh: Option<i64>,
    is_terminal: bool,
    began: i64,
    drawn: i64,
    /// Lines at the last drawing, for the rate.
    lines: u64,
    lines_per_second: f64,
    /// The end of the last window that was printed.
    printed: i64,
}

impl<'flags> Screen<'flags> {
    /// `lines` is how many earlier runs have seen.
    fn new(flags: &'flags Flags, printer: Printer, now: i64, lines: u64) -> Result<Screen<'flags>, Failure> {
        let is_terminal = io::stdout().is_terminal() && flags.output == Form::Text;
        let refresh = flags.refresh(is_terminal)?.map(|span| i64::try_from(span.as_millis()).unwrap_or(i64::MAX));
        let window = flags.window_length()?;
        Ok(Screen {
            flags,
            printer,
            window,
            refresh,
            is_terminal,
            began: now,
            drawn: now,
            lines,
            lines_per_second: 0.0,
            printed: i64::MIN,
        })
    }

    /// Draws what there is, where it is time to.
    fn show(&mut self, shown: &Shown<'_>, now: i64) -> io::Result<()> {
        if self.flags.quiet {
            return Ok(());
        }
        match self.refresh {
            Some(refresh) if now - self.drawn < refresh && !shown.is_last => Ok(()),
            Some(_) => {
                let end = shown.board.ring().pane_of(shown.board.ring().watermark());
                self.draw(shown, end, now)
            }
            None => self.closed(shown, now),
        }
    }

    /// Prints each window that was closed, one behind the other, but those in which nothing was. Windows end at multiples
    /// of their length; at the very end also those are printed whose time is not over.
    fn closed(&mut self, shown: &Shown<'_>, now: i64) -> io::Result<()> {
        let Some((_, last)) = shown.closed.or(shown.is_last.then_some((i64::MAX, i64::MAX))) else { return Ok(()) };
        let end_of = |start: i64| (start.div_euclid(self.window) + 1).saturating_mul(self.window);
        let ends: BTreeSet<i64> = shown.board.ring().iter().map(|(start, ..)| end_of(start)).collect();
        for end in
            ends.into_iter().filter(|end| *end > self.printed && (*end <= last || shown.is_last)).collect::<Vec<_>>()
        {
            self.draw(shown, end, now)?;
            self.printed = end;
        }
        Ok(())
    }

    fn draw(&mut self, shown: &Shown<'_>, end: i64, now: i64) -> io::Result<()> {
        let flow = Flow::from(shown.board.account());
        let seconds = (now - self.drawn) as f64 / 1000.0;
        // Between two windows that are closed at once there is no time to speak of.
        if seconds >= 0.001 {
            self.lines_per_second = (flow.lines - self.lines) as f64 / seconds;
            (self.drawn, self.lines) = (now, flow.lines);
        }
        let ring = shown.board.ring();
        let pane = ring.width();
        let step = |at: i64| {
            let counts = ring.window(at + pane, pane).sum;
            Step { hits: counts.records, errors: counts.errors() }
        };
        let steps =
            if end == i64::MIN { Vec::new() } else { (1..=STEPS).rev().map(|back| step(end - back * pane)).collect() };
        let moment = Live {
            at: instant(shown.wall),
            up_seconds: (now - self.began) as f64 / 1000.0,
            account: flow,
            lines_per_second: self.lines_per_second,
            discarded_bytes: shown.discarded_bytes,
            inputs: shown
                .inputs()
                .map(|input| Input {
                    name: input.name.clone(),
                    lag_seconds: input.newest.map(|newest| (shown.wall - newest) as f64 / 1000.0),
                    backlog_bytes: input.backlog.bytes(),
                    backlog_messages: input.backlog.messages(),
                })
                .collect(),
            traffic: steps,
            window: ring.window(end, self.window).snapshot(self.flags.top.map_or(TOP, |top| top as usize)),
        };
        let mut text = Vec::new();
        match self.flags.output {
            Form::Json => live::write_json(&moment, &mut text)?,
            Form::Text => {
                let options = TextOptions {
                    columns: columns(),
                    color: self.flags.color.on_stdout(),
                    top: self.flags.top.map_or(TOP, |top| top as usize),
                    unicode: speaks_unicode(),
                };
                text::live::write(&moment, &options, &mut text)?;
                if !self.is_terminal {
                    text.push(b'\n');
                }
            }
        }
        if self.is_terminal {
            text = screenful(&text, rows());
        }
        match self.refresh {
            Some(_) if !shown.is_last => self.printer.replace(text),
            _ => self.printer.print(text),
        }
    }
}

/// The text over what is on a terminal of so many rows: each line to its end, nothing of what was below, and no line that
/// would make it scroll.
fn screenful(text: &[u8], rows: usize) -> Vec<u8> {
    let mut screen = b"\x1b[H".to_vec();
    for line in text.split_inclusive(|byte| *byte == b'\n').take(rows.saturating_sub(1)) {
        screen.extend_from_slice(line.strip_suffix(b"\n").unwrap_or(line));
        screen.extend_from_slice(b"\x1b[K\r\n");
    }
    screen.extend_from_slice(b"\x1b[J");
    screen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_does_not_scroll() {
        let screen = screenful(b"a\nb\nc\nd\n", 4);
        assert_eq!(screen, b"\x1b[Ha\x1b[K\r\nb\x1b[K\r\nc\x1b[K\r\n\x1b[J");
    }
}
