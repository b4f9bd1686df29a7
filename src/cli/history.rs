//! `visor-fast history`: what a monitor's store kept.

use super::outputs::{TOP_TEXT, to_stdout};
use super::terminal::{Color, columns, speaks_unicode};
use super::{Exit, Failure, tell};
use crate::clock;
use crate::filter::time_range::TimeRange;
use crate::filter::units;
use crate::report::history::{Csv, write_json};
use crate::report::text::TextOptions;
use crate::report::text::history::History;
use crate::store::{Error, ListedWindow, Reader, TOP};
use clap::{Args, Subcommand, ValueEnum};
use jiff::ZonedDateTime;
use jiff::tz::TimeZone;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  visor-fast history windows --store visor.db                      all that is kept, a line for each window
  visor-fast history windows --store visor.db --since 1h           those of the last hour
  visor-fast history windows --store visor.db --since yesterday --until today --every 1h
  visor-fast history windows --store visor.db --output json | jq 'select(.errors > 0) | {start, server_errors}'

A store is read while a monitor writes to it or not, and never changed. Times are the lines' own, in UTC. --since and
--until choose windows by their beginning. Sums (--every) are exact in counts and quantiles; in their lists a key may
have had more hits, up to what stands beside it. The tables are told in docs/STORE.md: sqlite3 reads them too.";

/// Flags of `visor-fast history`.
#[derive(Args, Debug)]
pub struct Flags {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List windows of time, with their traffic, errors and times to serve
    Windows(Windows),
}

/// Flags of `visor-fast history windows`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
struct Windows {
    /// The file that visor-fast monitor --store writes
    #[arg(long, value_name = "FILE")]
    store: PathBuf,

    /// Only windows that begin at this time or later: 1h, "2h ago", 2025-10-10, "2025-10-10 13:00", RFC 3339, today
    #[arg(long, value_name = "TIME")]
    since: Option<String>,

    /// Only windows that begin before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,

    /// Sum windows over this span of time, such as 1h; days are UTC's
    #[arg(long, value_name = "TIME")]
    every: Option<String>,

    /// Rows of a list, at most 20 are kept [default: 10; a CSV has the first]
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    top: Option<u32>,

    /// How to print them
    #[arg(long, value_enum, default_value_t = Form::Table, value_name = "FORM")]
    output: Form,

    /// When to use colours
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    color: Color,
}

/// How windows are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A table for a person, and below it what the windows were together
    Table,
    /// A line of JSON for each window
    Json,
    /// A row for each window
    Csv,
}

/// Runs the command.
pub fn run(flags: &Flags) -> Result<Exit, Failure> {
    match &flags.what {
        What::Windows(windows) => windows.run(&clock::now()),
    }
}

impl Windows {
    fn run(&self, now: &ZonedDateTime) -> Result<Exit, Failure> {
        let (from, to) = self.range(now)?;
        let every = self.every.as_deref().map(every).transpose()?;
        let reader = Reader::open(&self.store).map_err(wrong)?;
        let top = self.top.map_or(TOP_TEXT, |top| top as usize).min(TOP);
        let mut count = 0u64;
        let mut written = Ok(());
        let mut list = |mut each: Box<dyn FnMut(&ListedWindow) -> io::Result<()> + '_>| {
            reader
                .windows(from, to, every, |window| {
                    count += 1;
                    written = each(window);
                    written.is_ok()
                })
                .map_err(wrong)
        };
        let mut history = History::default();
        let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
        match self.output {
            Form::Table => list(Box::new(|window| {
                history.add(window);
                Ok(())
            }))?,
            Form::Json => list(Box::new(|window| write_json(window, top, &mut out)))?,
            Form::Csv => {
                let mut table = Csv::new(&mut out).map_err(Failure::failed)?;
                list(Box::new(|window| table.window(window)))?;
                written = written.and_then(|()| table.finish());
            }
        }
        if written.is_ok() && self.output == Form::Table && !history.is_empty() {
            let (color, unicode) = (self.color.on_stdout(), speaks_unicode());
            written = history.write(&TextOptions { columns: columns(), color, top, unicode }, &mut out);
        }
        // A reader who has seen enough (`| head`) is no error.
        match written.and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                return Err(Failure::failed(format!("stdout: cannot be written: {error}")));
            }
            _ => {}
        }
        drop(out);
        if count == 0 {
            tell(&self.nothing());
        }
        to_stdout(&[])
    }

    /// Milliseconds from, and before, which windows begin.
    fn range(&self, now: &ZonedDateTime) -> Result<(i64, i64), Failure> {
        // `--since 1h` can only mean an hour ago.
        let ago = |text: &Option<String>| {
            text.as_ref().map(|text| if units::duration(text).is_ok() { format!("{text} ago") } else { text.clone() })
        };
        let (since, until) = (ago(&self.since), ago(&self.until));
        let now = now.with_time_zone(TimeZone::UTC);
        let range = TimeRange::parse(since.as_deref(), until.as_deref(), &now, Some(&TimeZone::UTC));
        Ok(range.map_err(Failure::usage)?.milliseconds())
    }

    /// That there is nothing, and what one may look at.
    fn nothing(&self) -> String {
        let shown = crate::aggregate::position::shown(self.store.as_os_str().as_encoded_bytes());
        match (&self.since, &self.until) {
            (None, None) => format!("{shown}: no window is in it yet; a window is kept once it has ended"),
            _ => format!("{shown}: no window begins in that time; leave out --since and --until to see all"),
        }
    }
}

fn wrong(error: Error) -> Failure {
    Failure::failed(format!("--store {error}"))
}

/// Milliseconds over which windows are summed.
fn every(text: &str) -> Result<i64, Failure> {
    let span = units::duration(text).map_err(|error| Failure::usage(format!("--every: {error}")))?;
    match i64::try_from(span.as_millis()) {
        Ok(milliseconds @ 1..) => Ok(milliseconds),
        _ => Err(Failure::usage(format!("--every: {text:?} is no span of time to sum over; write 1h or 1d"))),
    }
}
