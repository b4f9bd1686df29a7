//! The flags of `visor-fast monitor`, and the settings they make.

use super::Failure;
use super::count_flags::{CountFlags, kernel};
use super::kafka_flags;
use super::store_flags::StoreFlags;
use super::summary::SummaryFlags;
use super::terminal::Color;
use crate::engine::{Budget, Settings};
use crate::filter::time_range::TimeRange;
use crate::filter::units;
#[cfg(feature = "kafka")]
use crate::source::kafka;
use crate::window::panes::Wrong;
use crate::window::{board, watermark};
use clap::{ArgAction, Args, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  visor-fast monitor --follow /var/log/nginx/access.log    a screen of the last minute, once a second
  visor-fast monitor --follow '/var/log/*/access.log'      patterns; files that appear later are followed too
  journalctl -fu nginx -o cat | visor-fast monitor --stdin
  visor-fast monitor --listen tcp://127.0.0.1:5514 --output json
  visor-fast monitor --connect tcp://127.0.0.1:5555        lines of a server, such as visor-fast generate --listen
  visor-fast monitor --kafka 127.0.0.1:9092/Logs           a topic; several that run this share its partitions
  visor-fast monitor --kafka a:9092,b:9092/Logs --kafka-group audit --from-beginning
  visor-fast monitor --stdin --window 10s --duration 1h -o report.json
  visor-fast monitor --follow access.log --store visor.db  goes on after a restart; see visor-fast history windows
  visor-fast monitor --config config/monitor.json          all of it from a file; Visor's kafka_monitor.json is one too
  visor-fast monitor --mini error.log                      each error as it comes, as Visor's mini-monitor printed it

SIGTERM and Ctrl-C take in what was sent, save and report within five seconds; a second one ends at once. SIGHUP opens the
file of --invalid anew.

Event time is the lines' own. A window is closed when no line is expected for it; what comes up to the allowed lateness
later revises it, what comes after that is counted as late. All lines are in the totals:
  lines = blank + records + malformed + heartbeats + filtered      records = windowed + late + future";

/// Flags of `visor-fast monitor`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Flags {
    /// Settings from FILE, in JSON: each flag's name with _ for - is a key, and a flag wins over it (docs/MONITOR.md;
    /// config/monitor.json is an example) [default: config/monitor.json in $VISORHOME, if that is set and the file is there]
    #[arg(long, value_name = "FILE", help_heading = "Settings")]
    pub config: Option<PathBuf>,

    /// Follow files as they are written, over rotation: a path or a pattern (repeatable)
    #[arg(long, value_name = "PATH|GLOB", help_heading = "Sources")]
    pub follow: Vec<OsString>,

    /// Read standard input
    #[arg(long, help_heading = "Sources")]
    pub stdin: bool,

    /// Listen for lines at tcp://HOST:PORT, tls://HOST:PORT, udp://HOST:PORT, unix:///PATH or unixgram:///PATH (repeatable)
    #[arg(long, value_name = "ADDRESS", help_heading = "Sources")]
    pub listen: Vec<String>,

    /// Read the lines of a server at tcp://HOST:PORT, connecting again when it goes (repeatable)
    #[arg(long, value_name = "ADDRESS", help_heading = "Sources")]
    pub connect: Vec<String>,

    /// PEM file with our certificate, for --listen tls://
    #[arg(long, value_name = "FILE", requires = "tls_key", help_heading = "Sources")]
    pub tls_certificate: Option<PathBuf>,

    /// PEM file with its private key
    #[arg(long, value_name = "FILE", requires = "tls_certificate", help_heading = "Sources")]
    pub tls_key: Option<PathBuf>,

    /// PEM file with the authorities one of which must have signed a sender's certificate
    #[arg(long, value_name = "FILE", requires = "tls_certificate", help_heading = "Sources")]
    pub tls_client_ca: Option<PathBuf>,

    /// Threads that read sockets, each with connections of its own [default: all cores]
    #[arg(short = 'j', long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = "Sources")]
    pub threads: Option<u16>,

    /// Read a topic of Kafka as a member of a consumer group: HOST:PORT,HOST:PORT/TOPIC [topic if none is given: Logs]
    /// (repeatable)
    #[arg(long, value_name = "BROKERS/TOPIC", help_heading = "Sources")]
    pub kafka: Vec<String>,

    /// The consumer group; it goes on where it ended, and its members share the topic's partitions
    #[arg(long, value_name = "NAME", default_value = "visor-fast", requires = "kafka", help_heading = "Sources")]
    pub kafka_group: String,

    /// A setting of librdkafka, such as session.timeout.ms=10000; NAME=@FILE reads the value from a file (repeatable)
    #[arg(long, value_name = "NAME=VALUE", requires = "kafka", help_heading = "Sources")]
    pub kafka_set: Vec<String>,

    /// Read followed files, and topics that the group has not read, from their beginning [default: from their end; files and
    /// partitions that appear later from their beginning]
    #[arg(long, help_heading = "Sources", conflicts_with = "from_end")]
    pub from_beginning: bool,

    /// Read followed files, and topics that the group has not read, from their end
    #[arg(long, help_heading = "Sources")]
    pub from_end: bool,

    /// Read followed files from their beginning where an earlier run with the same store has read any, as they came since
    #[arg(long, help_heading = "Sources", requires = "store", conflicts_with_all = ["from_beginning", "from_end"])]
    pub resume: bool,

    /// Print each error of this one log (- is standard input) from its beginning on, as it comes, and how many there have
    /// been, as Visor's mini-monitor did; nothing else. With -o it is written there instead
    #[arg(long, value_name = "FILE", help_heading = "Sources", conflicts_with_all = MINI_ALONE)]
    pub mini: Option<PathBuf>,

    #[command(flatten)]
    pub counting: CountFlags,

    #[command(flatten)]
    pub store: StoreFlags,

    /// Memory for the whole program; where exact counts would take more, lists keep their greatest rows
    #[arg(long, value_name = "SIZE", default_value = "512MiB", help_heading = "Counting")]
    pub max_memory: String,

    /// The span that the screen, and each line of output, is about
    #[arg(long, value_name = "TIME", default_value = "1m", help_heading = "Windows")]
    pub window: String,

    /// The finest span of time that is told apart
    #[arg(long, value_name = "TIME", default_value = "1s", help_heading = "Windows")]
    pub pane: String,

    /// How long panes are kept
    #[arg(long, value_name = "TIME", default_value = "1h", help_heading = "Windows")]
    pub history: String,

    /// How far behind the newest line of its input a line may come and still be expected
    #[arg(long, value_name = "TIME", default_value = "5s", help_heading = "Windows")]
    pub max_out_of_orderness: String,

    /// How long a closed window is revised by lines that come behind
    #[arg(long, value_name = "TIME", default_value = "60s", help_heading = "Windows")]
    pub allowed_lateness: String,

    /// How long an input may be silent before nobody waits for it
    #[arg(long, value_name = "TIME", default_value = "30s", help_heading = "Windows")]
    pub idle_timeout: String,

    /// How far a sender may be behind the newest line of all before nobody waits for it
    #[arg(long, value_name = "TIME", default_value = "60s", help_heading = "Windows")]
    pub max_lag: String,

    /// How far ahead of the clock a line may be
    #[arg(long, value_name = "TIME", default_value = "10m", help_heading = "Windows")]
    pub max_future: String,

    #[command(flatten)]
    pub summaries: SummaryFlags,

    /// End after this time, and report
    #[arg(long, value_name = "TIME", help_heading = "Output")]
    pub duration: Option<String>,

    /// How often the screen is drawn [default: 1s on a terminal; otherwise whenever a window has closed]
    #[arg(long, value_name = "TIME", help_heading = "Output")]
    pub refresh: Option<String>,

    /// Form of what is printed while it runs
    #[arg(long, value_name = "FORM", default_value = "text", help_heading = "Output")]
    pub output: Form,

    /// At the end write the report on all that was counted to FILE: .json, .csv or .txt (repeatable)
    #[arg(short, long = "report", value_name = "FILE", help_heading = "Output")]
    pub o: Vec<PathBuf>,

    /// Rows of a list [default: 5 on the screen; in files 10 in text, 1000 in JSON and CSV]
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Output")]
    pub top: Option<u32>,

    /// Colours on standard output
    #[arg(long, value_name = "WHEN", default_value = "auto", help_heading = "Output")]
    pub color: Color,

    /// Print nothing while it runs
    #[arg(short, long, help_heading = "Output")]
    pub quiet: bool,

    /// Say on stderr also what runs, what comes and what goes; twice: each checkpoint too
    #[arg(short, long, action = ArgAction::Count, help_heading = "Output")]
    pub verbose: u8,

    /// How that, and what is wrong, is said
    #[arg(long, value_enum, default_value = "text", value_name = "FORM", help_heading = "Output")]
    pub log: super::log::Form,
}

/// What has no meaning where each error of one log is printed.
const MINI_ALONE: [&str; 13] = [
    "config",
    "follow",
    "stdin",
    "listen",
    "connect",
    "kafka",
    "from_beginning",
    "from_end",
    "store",
    "summary",
    "refresh",
    "output",
    "invalid",
];

/// Forms of what is printed while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// A screen
    Text,
    /// A line of JSON for each moment
    Json,
}

impl Flags {
    /// Threads that read and count: one for all files, for standard input and for each topic, and those of sockets.
    pub fn threads(&self) -> usize {
        let one = |any: bool| usize::from(any);
        one(!self.follow.is_empty()) + one(self.stdin) + self.socket_threads() + self.kafka.len()
    }

    /// Threads that read sockets: whoever listens may have many connections, and the others are one each.
    pub fn socket_threads(&self) -> usize {
        let most =
            self.threads.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from);
        let has_one = |address: &String| address.starts_with("udp:") || address.starts_with("unixgram:");
        match self.listen.iter().all(has_one) {
            true => most.min(self.listen.len() + self.connect.len()),
            false => most,
        }
    }

    /// How lines are read and counted.
    pub fn settings(&self) -> Result<Settings, Failure> {
        if self.threads() == 0 {
            return Err(Failure::usage(
                "no source is named; name one with --follow, --stdin, --listen, --connect or --kafka \
                 (see `visor-fast help monitor`)",
            ));
        }
        let zone = self.counting.zone()?;
        let formats = self.counting.format_options();
        Ok(Settings {
            max_line_bytes: self.counting.max_line_bytes()?,
            format: self.counting.format(&formats)?,
            formats,
            keep: self.counting.keep(TimeRange::default(), true)?,
            tally: self.counting.tally(zone)?,
            budget: Some(self.budget()?),
            ..Settings::new(self.threads(), kernel()?)
        })
    }

    /// What of the settings is wrong, or does not go together: all of it. Nothing is opened for that.
    pub fn problems(&self) -> Vec<Failure> {
        let formats = self.counting.format_options();
        let board = |settings| board::Board::new(settings, 0).map(drop).map_err(cannot_be_kept);
        #[cfg(feature = "kafka")]
        let kafka = self.kafka.iter().map(|text| kafka::check(&self.topic(text)?).map_err(Failure::usage));
        #[cfg(not(feature = "kafka"))]
        let kafka = self.kafka.iter().map(|text| kafka_flags::brokers_and_topic(text).map(drop));
        let checks = [
            self.counting.zone().and_then(|zone| self.counting.tally(zone)).map(drop),
            self.counting.format(&formats).map(drop),
            self.counting.filter().map(drop),
            self.counting.max_line_bytes().and_then(|_| self.budget()).map(drop),
            self.windows().and_then(board),
            self.duration().map(drop),
            self.refresh(false).map(drop),
            self.summaries.every().map(drop),
            self.store.options().and_then(|_| self.store.every()).map(drop),
        ];
        kafka.chain(checks).filter_map(Result::err).collect()
    }

    /// How a topic of Kafka is read.
    #[cfg(feature = "kafka")]
    pub fn topic(&self, text: &str) -> Result<kafka::Settings, Failure> {
        let (brokers, topic) = kafka_flags::brokers_and_topic(text)?;
        let begin = if self.from_beginning { kafka::Begin::Beginning } else { kafka::Begin::End };
        let set = self.kafka_set.iter().map(|text| kafka_flags::setting(text)).collect::<Result<_, _>>()?;
        let group = self.kafka_group.clone();
        Ok(kafka::Settings { group, begin, set, ..kafka::Settings::new(brokers, topic) })
    }

    /// The memory that counts may take.
    pub fn budget(&self) -> Result<Budget, Failure> {
        let threads = self.threads().max(1) + usize::from(self.store.store.is_some());
        self.counting.budget(&self.max_memory, threads)
    }

    /// How windows are kept.
    pub fn windows(&self) -> Result<board::Settings, Failure> {
        let pane = milliseconds("pane", &self.pane)?;
        let window = self.window_length()?;
        if pane == 0 || window == 0 || window % pane != 0 {
            return Err(Failure::usage(format!(
                "--window: {} is not a multiple of the pane, {}; change one of them",
                self.window, self.pane
            )));
        }
        let history = milliseconds("history", &self.history)?;
        if history < window {
            return Err(Failure::usage(format!(
                "--window: {} is longer than the history that is kept, {}; raise --history",
                self.window, self.history
            )));
        }
        Ok(board::Settings {
            pane,
            history,
            allowed_lateness: milliseconds("allowed-lateness", &self.allowed_lateness)?,
            max_future: milliseconds("max-future", &self.max_future)?,
            watermark: watermark::Settings {
                max_out_of_orderness: milliseconds("max-out-of-orderness", &self.max_out_of_orderness)?,
                idle_timeout: milliseconds("idle-timeout", &self.idle_timeout)?,
                max_lag: milliseconds("max-lag", &self.max_lag)?,
                ..watermark::Settings::default()
            },
        })
    }

    /// Milliseconds of the window that is shown.
    pub fn window_length(&self) -> Result<i64, Failure> {
        milliseconds("window", &self.window)
    }

    /// After which time it ends, in milliseconds.
    pub fn duration(&self) -> Result<Option<i64>, Failure> {
        self.duration.as_ref().map(|text| milliseconds("duration", text)).transpose()
    }

    /// How often the screen is drawn; `None` where that is whenever a window has closed.
    pub fn refresh(&self, is_terminal: bool) -> Result<Option<Duration>, Failure> {
        match &self.refresh {
            Some(text) => span("refresh", text).map(Some),
            None => Ok(is_terminal.then_some(Duration::from_secs(1))),
        }
    }
}

/// Why windows cannot be kept as asked for.
pub(super) fn cannot_be_kept(wrong: Wrong) -> Failure {
    Failure::usage(format!("--pane, --history, --allowed-lateness: {wrong}"))
}

pub(super) fn milliseconds(name: &str, text: &str) -> Result<i64, Failure> {
    i64::try_from(span(name, text)?.as_millis()).map_err(|_| Failure::usage(format!("--{name}: {text:?} is too long")))
}

/// The span that the flag `name` says.
fn span(name: &str, text: &str) -> Result<Duration, Failure> {
    units::duration_or_seconds(text).map_err(|error| Failure::usage(format!("--{name}: {error}")))
}
