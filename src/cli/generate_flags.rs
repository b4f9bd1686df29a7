//! The flags of `generate`: each with its name, help, unit and default.

use super::Failure;
use super::generate_sinks::Sinks;
use crate::filter::units;
use crate::generate::Log;
use crate::generate::schedule::{Burst, Pace, Rate};
use crate::generate::settings::{Moment, Rhythm, START, Settings, World};
use clap::{Args, ValueEnum};
use jiff::ZonedDateTime;
use std::path::PathBuf;
use std::time::Duration;

/// Which log is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Requests
    Access,
    /// Messages
    Error,
}

/// Write realistic logs, with a known truth, at a set rate or as fast as it goes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Flags {
    /// Which log
    pub kind: Kind,

    /// Format: common, combined, vhost_common, vhost_combined, combined_time, caddy, nginx-json, or any LogFormat of Apache
    /// or log_format of nginx [default: combined]; visor-error, apache-error, nginx-error [default: apache-error]
    #[arg(short, long, value_name = "FORMAT", help_heading = "What")]
    pub format: Option<String>,

    /// Who and what there is, in JSON (docs/GENERATE.md; config/generator.json is an example), or Visor's fake_log_gen.json
    #[arg(long, value_name = "FILE", help_heading = "What")]
    pub config: Option<PathBuf>,

    /// Make the same bytes again: any number
    #[arg(long, value_name = "N", help_heading = "What")]
    pub seed: Option<u64>,

    /// Spread the lines between --from and --to by the rhythm of a day, busiest at 20:00
    #[arg(long, requires = "to", help_heading = "What")]
    pub rhythm: bool,

    /// Lines a second, 500, 500/s, 30/m, or max [default: max, or the intervals of Visor's configuration]
    #[arg(long, value_name = "RATE", help_heading = "How fast")]
    pub rate: Option<String>,

    /// Rise to the rate in this time, from 0 or from a rate: 30s, 100:30s
    #[arg(long, value_name = "[RATE:]TIME", requires = "rate", help_heading = "How fast")]
    pub ramp: Option<String>,

    /// Peaks: 10x:5s/1m is ten times the rate in the last 5 seconds of each minute
    #[arg(long, value_name = "Nx:TIME/TIME", requires = "rate", help_heading = "How fast")]
    pub burst: Option<String>,

    /// Stop behind so many lines
    #[arg(long, value_name = "N", help_heading = "How much")]
    pub lines: Option<u64>,

    /// Stop before there are more bytes than this, with a whole line: 1GiB
    #[arg(long, value_name = "SIZE", help_heading = "How much")]
    pub bytes: Option<String>,

    /// Stop after this time: 10s, 1h
    #[arg(long, value_name = "TIME", help_heading = "How much")]
    pub duration: Option<String>,

    /// Event time of the first line, RFC 3339; its offset is that of all lines [default: now, or 2025-01-01T00:00:00Z with
    /// --seed or --rate max]
    #[arg(long, value_name = "TIME", help_heading = "Event time")]
    pub from: Option<String>,

    /// Event time at which it ends; with --lines they are spread evenly up to it
    #[arg(long, value_name = "TIME", help_heading = "Event time")]
    pub to: Option<String>,

    #[command(flatten)]
    pub sinks: Sinks,

    /// Write what an exact analysis of the lines must report, as JSON, to FILE
    #[arg(long, value_name = "FILE", help_heading = "Where to")]
    pub truth: Option<PathBuf>,

    /// Worker threads [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = "Where to")]
    pub threads: Option<u16>,

    /// No feedback, no summary, and nothing on stderr but errors
    #[arg(short, long, conflicts_with = "verbose", help_heading = "Feedback")]
    pub quiet: bool,

    /// Feedback once a second, though stderr is no terminal
    #[arg(short, long, help_heading = "Feedback")]
    pub verbose: bool,
}

const EXAMPLES: &str = "Examples:
  visor-fast generate access --lines 1000000 --file access.log      a million lines of the combined format
  visor-fast generate access --rate 200/s                           as a server would write them
  visor-fast generate access --lines 500000 --from 2025-03-01T00:00:00+01:00 --to 2025-03-02T00:00:00+01:00 --rhythm
                                                                    a day of logs in a second
  visor-fast generate access --seed 7 --lines 100000 --file a.log --truth a.json
                                                                    the same bytes each time, and what is true of them
  visor-fast generate access --format '$remote_addr $status $request_time' --lines 10
  visor-fast generate error --format nginx-error --rate 1000/s --burst 10x:5s/1m
  visor-fast generate error --config fake_log_gen.json              as Visor's generator did";

impl Flags {
    /// The settings that the flags mean; `world` is that of the configuration, and `now` the wall clock.
    pub fn settings(&self, world: World, now: &ZonedDateTime) -> Result<Settings, Failure> {
        let is_visor = world.visor.is_some();
        let log = match self.kind {
            Kind::Access => Log::Access,
            Kind::Error => Log::Error,
        };
        let format = match (&self.format, log, is_visor) {
            (Some(format), ..) => format.as_str(),
            (None, Log::Access, false) => "combined",
            (None, Log::Access, true) => "common",
            (None, Log::Error, false) => "apache-error",
            (None, Log::Error, true) => "visor-error",
        };
        let pace = self.pace()?;
        let is_flat_out = pace == Pace::Max || pace == Pace::World && !is_visor;
        let from = match &self.from {
            Some(text) => moment("--from", text)?,
            None if self.seed.is_some() || is_flat_out => START,
            None => wall(now),
        };
        let to = self.to.as_ref().map(|text| moment("--to", text)).transpose()?;
        if to.is_some_and(|to| to.unix_nanos <= from.unix_nanos) {
            return Err(Failure::usage("--to: this is not behind --from; event time goes forward"));
        }
        let bytes = self
            .bytes
            .as_ref()
            .map(|text| units::size(text).map_err(|error| Failure::usage(format!("--bytes: {error}"))));
        let rhythm = world.rhythm.or(self.rhythm.then_some(Rhythm { peak_hour: 20.0, low: 0.25 }));
        Ok(Settings {
            seed: self.seed.unwrap_or_else(|| if is_flat_out { 0 } else { wall(now).unix_nanos as u64 }),
            log,
            format: format.to_owned(),
            pace,
            from,
            to,
            lines: self.lines,
            bytes: bytes.transpose()?,
            duration: self.duration.as_ref().map(|text| time("--duration", text)).transpose()?,
            world: World { rhythm, ..world },
        })
    }

    fn pace(&self) -> Result<Pace, Failure> {
        let lines = match self.rate.as_deref() {
            None => return Ok(Pace::World),
            Some("max") if self.ramp.is_some() || self.burst.is_some() => {
                return Err(Failure::usage("--rate max: a ramp or a burst needs a rate to start from, such as 1000/s"));
            }
            Some("max") => return Ok(Pace::Max),
            Some(text) => rate("--rate", text)?,
        };
        if lines == 0.0 {
            return Err(Failure::usage(
                "--rate: at 0 lines a second nothing is ever due; leave it out, or give a rate",
            ));
        }
        let ramp = self.ramp.as_ref().map(|text| {
            let (from, length) = text.split_once(':').map_or(("0", text.as_str()), |(from, length)| (from, length));
            Ok::<_, Failure>((rate("--ramp", from)?, nanos("--ramp", length)?))
        });
        Ok(Pace::Rate(Rate { lines, ramp: ramp.transpose()?, burst: self.burst.as_deref().map(burst).transpose()? }))
    }
}

/// Lines a second of `500`, `500/s`, `30/m`, `1k/s`.
fn rate(flag: &str, text: &str) -> Result<f64, Failure> {
    let (number, seconds) = match text.split_once('/') {
        None | Some((_, "s")) => (text.trim_end_matches("/s"), 1.0),
        Some((number, "m")) => (number, 60.0),
        Some((number, "h")) => (number, 3600.0),
        Some(_) => ("", 1.0),
    };
    let (number, scale) = match number.strip_suffix(['k', 'K']) {
        Some(number) => (number, 1e3),
        None => number.strip_suffix('M').map_or((number, 1.0), |number| (number, 1e6)),
    };
    match number.parse::<f64>() {
        Ok(number) if number >= 0.0 && number * scale <= 1e12 => Ok(number * scale / seconds),
        _ => Err(Failure::usage(format!("{flag}: {text:?} is no rate; write 500, 500/s, 30/m or 20k/s"))),
    }
}

/// `10x:5s/1m`.
fn burst(text: &str) -> Result<Burst, Failure> {
    let parts = text.split_once("x:").and_then(|(times, rest)| Some((times, rest.split_once('/')?)));
    let wrong =
        || Failure::usage(format!("--burst: {text:?} is no burst; write 10x:5s/1m, ten times for 5s in each minute"));
    let (times, (length, period)) = parts.ok_or_else(wrong)?;
    let times = times.parse::<f64>().ok().filter(|times| (0.0..=1e6).contains(times)).ok_or_else(wrong)?;
    let burst = Burst { times, length_nanos: nanos("--burst", length)?, period_nanos: nanos("--burst", period)? };
    match burst.length_nanos < burst.period_nanos {
        true => Ok(burst),
        false => Err(Failure::usage(format!("--burst: in {text:?} the peak is as long as the time from peak to peak"))),
    }
}

fn nanos(flag: &str, text: &str) -> Result<u64, Failure> {
    match u64::try_from(time(flag, text)?.as_nanos()) {
        Ok(nanos @ 1..) => Ok(nanos),
        _ => Err(Failure::usage(format!("{flag}: {text:?} is too short or too long"))),
    }
}

fn time(flag: &str, text: &str) -> Result<Duration, Failure> {
    units::duration_or_seconds(text).map_err(|error| Failure::usage(format!("{flag}: {error}")))
}

/// An RFC 3339 time with its offset.
fn moment(flag: &str, text: &str) -> Result<Moment, Failure> {
    let wrong = || {
        Failure::usage(format!(
            "{flag}: {text:?} is no time; write RFC 3339, as 2025-01-01T00:00:00Z or 2025-03-01T08:00:00+01:00"
        ))
    };
    let pieces = jiff::fmt::temporal::Pieces::parse(text).map_err(|_| wrong())?;
    let offset = pieces.to_numeric_offset().ok_or_else(wrong)?;
    let civil = pieces.date().to_datetime(pieces.time().unwrap_or_default());
    let instant = offset.to_timestamp(civil).map_err(|_| wrong())?;
    let unix_nanos = i64::try_from(instant.as_nanosecond()).map_err(|_| wrong())?;
    Ok(Moment { unix_nanos, offset_seconds: offset.seconds() })
}

fn wall(now: &ZonedDateTime) -> Moment {
    let unix_nanos = i64::try_from(now.timestamp().as_nanosecond()).unwrap_or(START.unix_nanos);
    // Logs tell offsets of whole minutes.
    Moment { unix_nanos, offset_seconds: now.offset().seconds() / 60 * 60 }
}
