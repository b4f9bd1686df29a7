//! What Visor's mini-monitor printed: each error of a log as it comes, and how many there have been.
//!
//! It followed one file from its beginning, without end, passed signs of life and requests over, and printed two lines for
//! each entry of an error log at level error. Here an entry of a graver level is an error too, as everywhere in this
//! program. Lines are read by the worker that counts those of any other run, so that they are understood the same, and
//! filters apply. Source: Visor's `src/mini_monitor/mini_monitor.py`.

use super::source::{Event, Source};
use crate::aggregate::tally::{Tally, Watch};
use crate::clock::Clock;
use crate::engine::settings::Settings;
use crate::engine::worker::{Piece, Worker};
use crate::format::LineFormat;
use crate::format::detect::detect;
use crate::format::record::{Access, ErrorEntry};
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long the source waits for something to happen before it is asked again.
const WAIT: Duration = Duration::from_millis(50);
/// How long it may take to hand on what it has, when all is to end.
const DRAIN: Duration = Duration::from_secs(3);

/// Why it ended too soon.
#[derive(Debug)]
pub enum Failed {
    /// Nothing can be read any more: a sentence.
    Source(String),
    /// What was to be printed could not be.
    Output(io::Error),
}

/// Prints each error of a source with `print`, until it ends, `duration` milliseconds have passed or it is to `stop`; `note`
/// hears every sentence for the operator.
pub fn mini(
    source: &mut dyn Source,
    settings: &Settings,
    (stop, duration, clock): (&AtomicBool, Option<i64>, &dyn Clock),
    mut print: impl FnMut(&[u8]) -> io::Result<()>,
    mut note: impl FnMut(&str),
) -> Result<(), Failed> {
    let began = clock.monotonic();
    let mut log = Log { settings, worker: Worker::new(settings, Errors::default()), format: None };
    loop {
        let is_over = duration.is_some_and(|duration| clock.monotonic() - began >= duration);
        let is_ending = is_over || stop.load(Ordering::Relaxed);
        let mut see = |event: Event<'_>| log.see(event, &mut note);
        let goes_on = match is_ending {
            true => source.drain(DRAIN, &mut see).map(|()| false),
            false => source.poll(WAIT, &mut see),
        };
        let text = std::mem::take(&mut log.worker.watch.text);
        if !text.is_empty() {
            print(&text).map_err(Failed::Output)?;
        }
        if !goes_on.map_err(Failed::Source)? {
            return Ok(());
        }
    }
}

/// The log, and who reads it.
struct Log<'run> {
    settings: &'run Settings,
    worker: Worker<'run, Errors>,
    /// Known once lines have come that tell it.
    format: Option<Arc<dyn LineFormat>>,
}

impl Log<'_> {
    fn see(&mut self, event: Event<'_>, note: &mut impl FnMut(&str)) {
        match event {
            Event::Lines { text, .. } => {
                let format = self.format.take().or_else(|| self.settings.format.clone());
                self.format = format.or_else(|| detect(text, &self.settings.formats).ok());
                if let Some(format) = &self.format {
                    let piece = Piece { text, format: &**format, input: 0, number: 0, lines_before: 0 };
                    self.worker.piece(&piece, &|| true);
                }
            }
            Event::Problem(problem) => note(problem.sentence),
            Event::Begin { .. } | Event::Backlog { .. } | Event::Leaving { .. } | Event::End { .. } => {}
        }
    }
}

/// Words each error that a worker counts.
#[derive(Default)]
struct Errors {
    count: u64,
    text: Vec<u8>,
}

impl Watch for Errors {
    fn request(&mut self, _: &Access<'_>, _: u32, _: u32) {}

    fn entry(&mut self, entry: &ErrorEntry<'_>, _: Option<u32>, _: u32) {
        if !entry.level.is_error() {
            return;
        }
        self.count += 1;
        // To memory this cannot fail.
        let _ = write!(self.text, "Total num of errors: {}\nError detail: ", self.count);
        for character in String::from_utf8_lossy(entry.message).chars() {
            let _ = match character.is_control() {
                true => write!(self.text, "\\x{:02x}", u32::from(character)),
                false => write!(self.text, "{character}"),
            };
        }
        self.text.push(b'\n');
    }

    fn before_rows_go(&mut self, _: &Tally) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Manual;
    use crate::scan::Kernel;
    use crate::window::watermark::InputId;

    /// A text in pieces, as they come.
    struct Pieces(Vec<&'static str>);

    impl Source for Pieces {
        fn name(&self) -> String {
            "pieces".to_string()
        }

        fn poll(&mut self, _: Duration, tell: &mut dyn FnMut(Event<'_>)) -> Result<bool, String> {
            if self.0.is_empty() {
                return Ok(false);
            }
            let text = self.0.remove(0).as_bytes();
            tell(Event::Lines { input: InputId::default(), text });
            Ok(true)
        }

        fn drain(&mut self, _: Duration, _: &mut dyn FnMut(Event<'_>)) -> Result<(), String> {
            Ok(())
        }
    }

    fn printed(pieces: &[&'static str]) -> Vec<String> {
        let kernel = Kernel::choose(None).unwrap();
        let (settings, clock, stop) = (Settings::new(1, kernel), Manual::default(), AtomicBool::new(false));
        let mut printed = Vec::new();
        let print = |text: &[u8]| {
            printed.extend_from_slice(text);
            Ok(())
        };
        mini(&mut Pieces(pieces.to_vec()), &settings, (&stop, None, &clock), print, |_| {}).unwrap();
        String::from_utf8(printed).unwrap().lines().map(str::to_string).collect()
    }

    #[test]
    fn errors_are_printed_with_their_number_and_nothing_else_is() {
        let pieces = [
            "[-] [-] HEARTBEAT\n",
            "[Tue Oct 11 14:32:52 2016] [INFO] [pid 1:tid 2] [client 192.0.2.1] busy\n\
             [Tue Oct 11 14:32:53 2016] [ERROR] [pid 1:tid 2] [client 192.0.2.1] File does not exist\n",
            "[Tue Oct 11 14:32:54 2016] [ERROR] [pid 1:tid 2] [client 192.0.2.2] a \x1b[1m] b\nno line\n",
            "[Tue Oct 11 14:32:54 2016] [-] [-] HEARTBEAT\n",
        ];
        assert_eq!(
            printed(&pieces),
            [
                "Total num of errors: 1",
                "Error detail: File does not exist",
                "Total num of errors: 2",
                "Error detail: a \\x1b[1m] b"
            ]
        );
        let access = "192.0.2.1 - - [10/Oct/2025:13:55:36 +0000] \"GET /a HTTP/1.1\" 500 10\n";
        assert_eq!(printed(&[access]), [""; 0]);
    }
}
