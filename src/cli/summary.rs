//! Summaries of a monitor, at each interval.

use super::Failure;
use super::monitor_flags::milliseconds;
use crate::aggregate::snapshot::Message;
use crate::engine::live::Shown;
use crate::report::summary::{Summary, write_json};
use crate::report::text::{self, TextOptions};
use crate::window::board::Account;
use crate::window::freeze::instant;
use crate::window::pane::{Counts, List};
use crate::window::panes::{Pane, Window};
use clap::Args;
use std::collections::HashSet;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Rows of its lists.
const TOP: usize = 10;
/// Messages that are known, at the most: a log whose messages are all different must not fill the memory.
const MESSAGES_MAX: usize = 10_000;

/// Flags on summaries.
#[derive(Args, Debug)]
pub struct SummaryFlags {
    /// At each interval sum up what came and what failed since the last time: clients, errors, new messages
    #[arg(long, value_name = "TIME", help_heading = "Output")]
    pub summary: Option<String>,

    /// Append each summary to FILE, as a line of JSON if it ends in .json or .jsonl, otherwise as text; - is standard output
    /// [default: - unless that is a terminal's screen]
    #[arg(long, value_name = "FILE", requires = "summary", help_heading = "Output")]
    pub summary_file: Vec<PathBuf>,
}

/// Sums up, when it is time.
pub struct Summaries {
    every: i64,
    files: Vec<PathBuf>,
    /// When, and what had come, the last time.
    at: i64,
    account: Account,
    discarded_bytes: u64,
    /// The panes that were closed since then.
    window: Option<Window<Counts>>,
    /// Whether a later run goes on where this one ends: it will close the panes that this one leaves open.
    goes_on: bool,
    messages: HashSet<String>,
}

impl SummaryFlags {
    /// Milliseconds between two summaries, where any are asked for.
    pub fn every(&self) -> Result<Option<i64>, Failure> {
        match self.summary.as_ref().map(|every| milliseconds("summary", every)).transpose()? {
            Some(0) => Err(Failure::usage("--summary: an interval of nothing; give it a second or more")),
            every => Ok(every),
        }
    }

    /// Summaries from `now` on, of a monotonic clock in milliseconds; none where none are asked for. They are of what comes
    /// behind the `account` of earlier runs, where this one goes on.
    pub fn start(&self, now: i64, has_screen: bool, account: Option<Account>) -> Result<Option<Summaries>, Failure> {
        let Some(every) = self.every()? else { return Ok(None) };
        let mut files = self.summary_file.clone();
        if files.is_empty() && !has_screen {
            files.push(PathBuf::from("-"));
        }
        for path in files.iter().filter(|path| path.as_os_str() != "-") {
            append(path, b"").map_err(|error| Failure::failed(wrong(path, &error)))?;
        }
        Ok(Some(Summaries {
            every,
            files,
            at: now,
            goes_on: account.is_some(),
            account: account.unwrap_or_default(),
            discarded_bytes: 0,
            window: None,
            messages: HashSet::new(),
        }))
    }
}

impl Summaries {
    /// Sums up if it is time, or the end; `print` prints to standard output, `Err` is a sentence.
    pub fn look(
        &mut self,
        shown: &Shown<'_>,
        now: i64,
        print: &mut dyn FnMut(Vec<u8>) -> io::Result<()>,
    ) -> Result<(), String> {
        if let Some((first, last)) = shown.closed.filter(|_| !(shown.is_ending && self.goes_on)) {
            self.take_in(shown, first, last);
        }
        if now.saturating_sub(self.at) < self.every && !shown.is_last {
            return Ok(());
        }
        let summary = self.sum_up(shown, now);
        for path in &self.files {
            let mut bytes = Vec::new();
            let is_json = path.extension().is_some_and(|ending| ending == "json" || ending == "jsonl");
            let written = if is_json {
                write_json(&summary, &mut bytes)
            } else {
                let options = TextOptions { columns: 80, color: false, top: TOP, unicode: true };
                let written = text::summary::write(&summary, &options, &mut bytes);
                bytes.push(b'\n');
                written
            };
            let mut put = |bytes: Vec<u8>| if path.as_os_str() == "-" { print(bytes) } else { append(path, &bytes) };
            written.and_then(|()| put(bytes)).map_err(|error| wrong(path, &error))?;
        }
        Ok(())
    }

    /// Takes in the panes that end between two instants, both included.
    fn take_in(&mut self, shown: &Shown<'_>, first: i64, last: i64) {
        let ring = shown.board.ring();
        let closed = ring.window(last, last.saturating_sub(first).saturating_add(ring.width()));
        match &mut self.window {
            Some(window) => {
                window.sum.merge(&closed.sum);
                window.to = closed.to;
            }
            none => *none = Some(closed),
        }
    }

    fn sum_up(&mut self, shown: &Shown<'_>, now: i64) -> Summary {
        let account = shown.board.account().clone();
        let seconds = now.saturating_sub(self.at) as f64 / 1000.0;
        let since = account.lines.since(&self.account.lines);
        let mut summary = Summary {
            at: instant(shown.wall),
            seconds,
            lines: since.lines,
            lines_per_second: if seconds > 0.0 { since.lines as f64 / seconds } else { 0.0 },
            malformed: since.malformed.iter().sum(),
            late: account.late - self.account.late,
            future: account.future - self.account.future,
            discarded_bytes: shown.discarded_bytes - self.discarded_bytes,
            ..Summary::default()
        };
        if let Some(window) = self.window.take() {
            let frozen = window.snapshot(TOP);
            (summary.from, summary.to) = (Some(instant(window.from)), Some(instant(window.to)));
            (summary.records, summary.errors) = (window.sum.records, window.sum.errors());
            summary.error_ratio = summary.errors as f64 / summary.records.max(1) as f64;
            summary.error_clients = window.rows(List::ErrorClients, TOP, summary.errors);
            summary.new_messages = frozen.messages.into_iter().filter(|message| self.is_new(message)).collect();
            (summary.latency, summary.clients) = (frozen.latency, frozen.clients);
        }
        (self.at, self.account, self.discarded_bytes) = (now, account, shown.discarded_bytes);
        summary
    }

    fn is_new(&mut self, message: &Message) -> bool {
        self.messages.len() < MESSAGES_MAX && self.messages.insert(message.key.clone())
    }
}

fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Opened anew each time, so that it may be rotated.
    OpenOptions::new().append(true).create(true).open(path)?.write_all(bytes)
}

fn wrong(path: &Path, error: &io::Error) -> String {
    format!("--summary-file {}: cannot be written: {error}; check its folder, and the room on its disk", path.display())
}
