//! Flags that say how lines are read and counted, the same in every command that does.

use super::Failure;
use crate::aggregate::tally;
use crate::aggregate::zone::Zone;
use crate::engine::{Budget, Invalid, Keep};
use crate::filter::time_range::TimeRange;
use crate::filter::{Filter, units};
use crate::format::LineFormat;
use crate::format::catalogue::{FormatOptions, by_name};
use crate::scan::Kernel;
use clap::Args;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How lines are read and counted.
#[derive(Args, Debug)]
pub struct CountFlags {
    /// Format of the lines: a name from `visor-fast formats`, several with commas between, or the server's format string
    #[arg(short, long, value_name = "auto|NAME|STRING", default_value = "auto", help_heading = "Input")]
    pub format: String,

    /// Request or message that is a sign of life and counted by itself
    #[arg(long, value_name = "TEXT", default_value = HEARTBEAT, help_heading = "Input")]
    pub heartbeat: String,

    /// Longest line that is looked at; longer ones are malformed
    #[arg(long, value_name = "SIZE", default_value = "1MiB", help_heading = "Input")]
    pub max_line_bytes: String,

    /// Count only records for which this holds (repeatable: all must hold)
    #[arg(short = 'w', long = "where", value_name = "FILTER", help_heading = "Filters")]
    pub filters: Vec<String>,

    /// Leave out the records of known crawlers
    #[arg(long, help_heading = "Filters")]
    pub exclude_bots: bool,

    /// Length of a bucket of the timeline, in whole seconds
    #[arg(long, value_name = "TIME", default_value = BUCKET, help_heading = "Counting")]
    pub bucket: String,

    /// Count /a?x=1 and /a?x=2 as two paths
    #[arg(long, help_heading = "Counting")]
    pub keep_query: bool,

    /// Wall clock of days and buckets: log (as written), utc, local, or a name such as Europe/Berlin
    #[arg(long, value_name = "ZONE", default_value = TIMEZONE, help_heading = "Counting")]
    pub timezone: String,

    /// Write the malformed lines, as they are, to FILE
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub invalid: Option<PathBuf>,
}

impl CountFlags {
    /// The wall clock of days and buckets.
    pub fn zone(&self) -> Result<Zone, Failure> {
        Zone::parse(&self.timezone).map_err(|error| Failure::usage(format!("--timezone: {error}")))
    }

    /// What parsers and detection need to know.
    pub fn format_options(&self) -> FormatOptions {
        FormatOptions { heartbeat: self.heartbeat.clone().into_bytes() }
    }

    /// The format of all lines; `None` where it is to be told from them.
    pub fn format(&self, options: &FormatOptions) -> Result<Option<Arc<dyn LineFormat>>, Failure> {
        match self.format.as_str() {
            "auto" => Ok(None),
            spec => by_name(spec, options).map(Some).map_err(|error| Failure::usage(format!("--format: {error}"))),
        }
    }

    /// How to count, by the wall clock of `zone`.
    pub fn tally(&self, zone: Zone) -> Result<tally::Settings, Failure> {
        Ok(tally::Settings { bucket_seconds: self.bucket_seconds()?, keep_query: self.keep_query, zone })
    }

    /// What all records must be.
    pub fn filter(&self) -> Result<Filter, Failure> {
        let filters: Result<Vec<_>, _> = self.filters.iter().map(|text| Filter::parse(text)).collect();
        filters.map(Filter::all).map_err(|error| Failure::usage(format!("--where: {error}")))
    }

    /// Which records are counted, of those in `range`. The file of malformed lines is begun anew, or gone on with.
    pub fn keep(&self, range: TimeRange, appends: bool) -> Result<Keep, Failure> {
        let filter = self.filter()?;
        let invalid = self.invalid.as_ref().map(|path| {
            let file = if appends { append_to(path) } else { File::create(path) };
            file.map(|file| Arc::new(Invalid::new(file))).map_err(|error| not_written(path, &error))
        });
        Ok(Keep { filter, range, exclude_bots: self.exclude_bots, invalid: invalid.transpose()? })
    }

    /// Completes the file of malformed lines.
    pub fn finish_invalid(&self, keep: &Keep) -> Result<(), Failure> {
        let (Some(invalid), Some(path)) = (&keep.invalid, &self.invalid) else { return Ok(()) };
        invalid.finish().map_err(|error| not_written(path, &error))
    }

    /// Goes on in the file that has the name now, which may have been given to another.
    pub fn reopen_invalid(&self, keep: &Keep) -> Result<(), Failure> {
        let (Some(invalid), Some(path)) = (&keep.invalid, &self.invalid) else { return Ok(()) };
        append_to(path).and_then(|file| invalid.reopen(file)).map_err(|error| not_written(path, &error))
    }

    /// The longest line that is looked at, in bytes.
    pub fn max_line_bytes(&self) -> Result<usize, Failure> {
        let bytes =
            units::size(&self.max_line_bytes).map_err(|error| Failure::usage(format!("--max-line-bytes: {error}")))?;
        // A line is held in memory whole.
        match usize::try_from(bytes) {
            Ok(bytes @ 1..=LINE_BYTES_MOST) => Ok(bytes),
            _ => Err(Failure::usage(format!("--max-line-bytes: {:?} is not between 1 and 1GiB", self.max_line_bytes))),
        }
    }

    /// The budget of a run of `threads` threads in the memory that `text` says.
    pub fn budget(&self, text: &str, threads: usize) -> Result<Budget, Failure> {
        let bytes = units::size(text).map_err(|error| Failure::usage(format!("--max-memory: {error}")))?;
        Budget::new(bytes, threads, self.max_line_bytes()?).map_err(|least| {
            let fewer = if threads > 1 { ", or take fewer threads with -j" } else { "" };
            let threads = if threads == 1 { "a thread".to_string() } else { format!("{threads} threads") };
            Failure::usage(format!(
                "--max-memory: {text:?} is too little; {threads} with lines of up to {} must have at least {}MiB{fewer}",
                self.max_line_bytes,
                least.div_ceil(1 << 20)
            ))
        })
    }

    fn bucket_seconds(&self) -> Result<u64, Failure> {
        let wrong = |error: String| Failure::usage(format!("--bucket: {error}"));
        let span = units::duration_or_seconds(&self.bucket).map_err(|error| wrong(error.to_string()))?;
        match (span.as_secs(), span.subsec_nanos()) {
            (seconds @ 1..=SECONDS_MOST, 0) => Ok(seconds),
            _ => Err(wrong(format!("{:?} is not a whole number of seconds between 1s and 366 days", self.bucket))),
        }
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    File::options().append(true).create(true).open(path)
}

fn not_written(path: &Path, error: &io::Error) -> Failure {
    Failure::failed(format!("--invalid {}: cannot be written: {error}", path.display()))
}

/// The kernel of the structural scan: the best there is, or the one that `VISOR_SCAN` names.
pub fn kernel() -> Result<Kernel, Failure> {
    let forced = std::env::var("VISOR_SCAN").ok().filter(|name| !name.is_empty());
    Kernel::choose(forced.as_deref()).map_err(Failure::usage)
}

/// Default of `--heartbeat`.
pub const HEARTBEAT: &str = "HEARTBEAT";
/// Default of `--bucket`.
pub const BUCKET: &str = "1h";
/// Default of `--timezone`.
pub const TIMEZONE: &str = "log";
const LINE_BYTES_MOST: usize = 1 << 30;
const SECONDS_MOST: u64 = 366 * 86_400;
