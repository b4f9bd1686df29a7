//! The flags of `visor-fast analyze`, and the settings they make.

use super::Failure;
use super::count_flags::{BUCKET, CountFlags, HEARTBEAT, TIMEZONE, kernel};
use super::outputs::Form;
use super::terminal::Color;
use crate::aggregate::zone::Zone;
use crate::engine::Settings;
use crate::engine::budget::{Budget, PIECE_BYTES};
use crate::filter::time_range::TimeRange;
use crate::format::catalogue::FormatOptions;
use clap::Args;
use jiff::ZonedDateTime;
use jiff::tz::TimeZone;
use std::ffi::OsString;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  visor-fast analyze access.log                      a report on the terminal
  visor-fast analyze /var/log/nginx 'old/*.gz'       folders, patterns, compressed files
  zcat old.gz | visor-fast analyze -                 standard input
  visor-fast analyze --where 'status >= 500' --since '2h ago' access.log
  visor-fast analyze --where 'client in 10.0.0.0/8 and path ~ ^/api/' access.log
  visor-fast analyze -o report.json -o report.csv access.log
  visor-fast analyze -o part.vtally access.log       count here, to be merged elsewhere:
  visor-fast analyze *.vtally                        the report that one run over all logs would give
  visor-fast analyze --output goaccess-json access.log
  visor-fast analyze --rules alerts.json access.log  the alerts that these rules would have fired
  visor-fast analyze --format '%h %l %u %t \"%r\" %>s %b %D' access.log

Filters compare method, path, query, target, protocol, status, bytes, bytes_read, latency, client,
user, vhost, referrer, agent, time, hour, weekday, bot; in error logs level, module and message:
  status = 5xx    status in {404, 410}    path ~ ^/api/    not bot    latency > 250ms";

/// Flags of `visor-fast analyze`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Flags {
    /// Files, folders (read with all below them), patterns, `-` for standard input; logs and tallies of earlier runs
    #[arg(value_name = "FILE|DIR|GLOB|-")]
    pub inputs: Vec<OsString>,

    #[command(flatten)]
    pub counting: CountFlags,

    /// Read files instead of mapping them
    #[arg(long, help_heading = "Input")]
    pub no_mmap: bool,

    /// Go on when an input fails, report what was counted, and exit 1 at the end
    #[arg(long, help_heading = "Input")]
    pub keep_going: bool,

    /// Threads that parse and count [default: all cores]
    #[arg(short = 'j', long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = "Input")]
    pub threads: Option<u16>,

    /// Count only records from this time on: 2025-10-10, "2025-10-10 13:00", RFC 3339, "2h ago", today
    #[arg(long, value_name = "TIME", help_heading = "Filters")]
    pub since: Option<String>,

    /// Count only records before this time
    #[arg(long, value_name = "TIME", help_heading = "Filters")]
    pub until: Option<String>,

    /// List the alerts that the rules in FILE would have fired, in the place of the report (repeatable)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["max_memory", "max_malformed"], help_heading = "Output")]
    pub rules: Vec<PathBuf>,

    /// Memory for the whole program: 64MiB, 1GiB. Where exact counts would take more, lists keep their greatest rows,
    /// visitors are estimated from a sample, and the error of each figure is printed beside it; totals stay exact. Mapped
    /// files do not count, and a decompressor's window comes on top [default: as much as exact counts take]
    #[arg(long, value_name = "SIZE", help_heading = "Counting")]
    pub max_memory: Option<String>,

    /// Write the report to FILE; its ending chooses the form: .json, .csv, .txt, or .vtally for the counts themselves, which
    /// a later run takes as an input (repeatable)
    #[arg(short, value_name = "FILE", help_heading = "Output")]
    pub o: Vec<PathBuf>,

    /// Form of the report on standard output [default: text, unless -o is given]
    #[arg(long, value_name = "FORM", help_heading = "Output")]
    pub output: Option<Form>,

    /// Rows of a list [default: 10 in text, 1000 in JSON and CSV, all in goaccess-json]
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Output")]
    pub top: Option<u32>,

    /// Exit 3 if more than this share of the lines is malformed: 1% or 0.01
    #[arg(long, value_name = "SHARE", help_heading = "Output")]
    pub max_malformed: Option<String>,

    /// Colours on standard output
    #[arg(long, value_name = "WHEN", default_value = "auto", help_heading = "Output")]
    pub color: Color,

    /// No progress, and nothing on stderr but errors
    #[arg(short, long, conflicts_with = "verbose", help_heading = "Output")]
    pub quiet: bool,

    /// Tell on stderr what runs
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
}

impl Flags {
    /// The settings that the flags mean; `now` is what "2h ago" counts from, and the time of lines that have none.
    pub fn settings(&self, now: &ZonedDateTime) -> Result<Settings, Failure> {
        let threads = match self.threads {
            Some(threads) => usize::from(threads),
            None => std::thread::available_parallelism().map_or(1, usize::from),
        };
        let kernel = kernel()?;
        let zone = self.counting.zone()?;
        let goaccess = self.goaccess()?;
        let mergeable = self.mergeable(&zone)?;
        // To GoAccess a sign of life is a request.
        let formats = if goaccess { FormatOptions { heartbeat: Vec::new() } } else { self.counting.format_options() };
        let format = self.counting.format(&formats)?;
        let budget = self.budget(threads)?;
        let plain = Settings::new(threads, kernel);
        let settings = Settings {
            mmap: !self.no_mmap,
            max_line_bytes: self.counting.max_line_bytes()?,
            format,
            formats,
            arrival: now.into(),
            keep: self.counting.keep(self.range(&zone, now)?, false)?,
            tally: self.counting.tally(zone)?,
            goaccess,
            mergeable,
            keep_going: self.keep_going,
            piece_bytes: budget.map_or(plain.piece_bytes, |_| PIECE_BYTES),
            budget,
            ..plain
        };
        Ok(settings)
    }

    /// Whether to count as GoAccess does. That profile has rules of its own, so that no other report can be made of it.
    fn goaccess(&self) -> Result<bool, Failure> {
        if self.output != Some(Form::GoaccessJson) {
            return Ok(false);
        }
        let wrong = [
            (!self.o.is_empty(), "-o"),
            (self.counting.heartbeat != HEARTBEAT, "--heartbeat"),
            (self.counting.bucket != BUCKET, "--bucket"),
            (self.counting.keep_query, "--keep-query"),
            (self.counting.timezone != TIMEZONE, "--timezone"),
            (self.max_memory.is_some(), "--max-memory"),
        ];
        match wrong.iter().find(|(is_given, _)| *is_given) {
            None => Ok(true),
            Some((_, "-o")) => Err(Failure::usage(
                "--output goaccess-json: lines are read and counted by GoAccess's rules, so no other report can be made \
                 in the same run; leave out -o, or run twice",
            )),
            Some((_, "--max-memory")) => Err(Failure::usage(
                "--output goaccess-json: GoAccess counts exactly, so its report cannot be had within --max-memory; leave \
                 out one of them",
            )),
            Some((_, flag)) => Err(Failure::usage(format!(
                "--output goaccess-json: {flag} has no meaning when lines are read and counted by GoAccess's rules; \
                 leave it out"
            ))),
        }
    }

    /// Whether the tally is written, for another machine to know what was counted and how.
    fn mergeable(&self, zone: &Zone) -> Result<bool, Failure> {
        let is_tally = |path: &PathBuf| matches!(Form::of(path), Ok(Form::Tally));
        let mergeable = self.output == Some(Form::Tally) || self.o.iter().any(is_tally);
        if mergeable && zone.name().is_none() {
            return Err(Failure::usage(format!(
                "--timezone {}: this machine's time zone has no name that a tally could tell to another machine; give one, \
                 such as Europe/Berlin",
                self.counting.timezone
            )));
        }
        Ok(mergeable)
    }

    fn budget(&self, threads: usize) -> Result<Option<Budget>, Failure> {
        self.max_memory.as_ref().map(|text| self.counting.budget(text, threads)).transpose()
    }

    fn range(&self, zone: &Zone, now: &ZonedDateTime) -> Result<TimeRange, Failure> {
        let zone = match zone {
            Zone::Log => None,
            Zone::Utc => Some(TimeZone::UTC),
            Zone::Named(zone) => Some(zone.clone()),
        };
        TimeRange::parse(self.since.as_deref(), self.until.as_deref(), now, zone.as_ref()).map_err(Failure::usage)
    }

    /// The share of malformed lines that may not be crossed, 0 to 1.
    pub fn malformed_share(&self) -> Result<Option<f64>, Failure> {
        let Some(text) = &self.max_malformed else { return Ok(None) };
        let (number, scale) = text.strip_suffix('%').map_or((text.as_str(), 1.0), |number| (number, 100.0));
        match number.trim().parse::<f64>() {
            Ok(number) if (0.0..=scale).contains(&number) => Ok(Some(number / scale)),
            _ => Err(Failure::usage(format!("--max-malformed: {text:?} is not a share; write 1% or 0.01"))),
        }
    }
}
