//! `config/monitor.json`: the settings of `visor-fast monitor`, by the names of its flags, with `_` for `-`.
//!
//! What is read here is what was written, each value checked by itself. It becomes arguments, as the command line has them
//! (ripgrep treats its configuration file so), and what will run is made of these: there is one type of settings and one
//! check of how they go together, whoever says them, and nothing that a flag can say and a file cannot. A flag wins over
//! the key of its name; sources that are named by flags win over all of the file's, so that a look at something else needs no
//! other file.

use super::setting::{Said, Say, Setting};
use super::values::{
    Checked, Clock, Color, Connect, Form, Format, Interval, Level, Listen, Many, Plain, Report, Rows, Size, Span, Text,
    Threads, Where,
};
use crate::json_file::{JsonFile, Problem, Problems};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A file's keys, each with its type and the flag that says the same.
macro_rules! settings {
    ($($key:ident $(($written:literal))?: $kind:ty => $flag:literal,)*) => {
        /// The file.
        #[derive(Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct File {
            kafka: Option<Kafka>,
            $($(#[serde(rename = $written)])? $key: Option<$kind>,)*
        }

        impl File {
            /// What is said, in the order of the flags; `line` is where a key stands.
            fn settings(self, line: impl Fn(&[&str]) -> usize) -> Vec<Setting> {
                let mut settings = self.kafka.map(|kafka| kafka.settings(&line)).unwrap_or_default();
                $(
                    let key = [$($written,)? stringify!($key)][0];
                    let said = self.$key.map(Say::say);
                    settings.extend(said.map(|said| Setting { flag: $flag, keys: vec![key], line: line(&[key]), said }));
                )*
                settings
            }
        }
    };
}

settings! {
    follow: Many<Text> => "follow",
    stdin: bool => "stdin",
    listen: Many<Listen> => "listen",
    connect: Many<Connect> => "connect",
    tls_certificate: Checked<Text> => "tls-certificate",
    tls_key: Checked<Text> => "tls-key",
    tls_client_ca: Checked<Text> => "tls-client-ca",
    threads: Checked<Threads> => "threads",
    from_beginning: bool => "from-beginning",
    from_end: bool => "from-end",
    resume: bool => "resume",
    format: Checked<Format> => "format",
    heartbeat: Checked<Text> => "heartbeat",
    max_line_bytes: Checked<Size> => "max-line-bytes",
    filters("where"): Many<Where> => "where",
    exclude_bots: bool => "exclude-bots",
    bucket: Checked<Span> => "bucket",
    keep_query: bool => "keep-query",
    timezone: Checked<Clock> => "timezone",
    invalid: Checked<Text> => "invalid",
    store: Checked<Text> => "store",
    checkpoint: Checked<Span> => "checkpoint",
    keep_for: Checked<Span> => "keep-for",
    keep_bytes: Checked<Size> => "keep-bytes",
    max_memory: Checked<Size> => "max-memory",
    window: Checked<Interval> => "window",
    pane: Checked<Interval> => "pane",
    history: Checked<Interval> => "history",
    max_out_of_orderness: Checked<Span> => "max-out-of-orderness",
    allowed_lateness: Checked<Span> => "allowed-lateness",
    idle_timeout: Checked<Span> => "idle-timeout",
    max_lag: Checked<Span> => "max-lag",
    max_future: Checked<Span> => "max-future",
    summary: Checked<Interval> => "summary",
    summary_file: Many<Text> => "summary-file",
    duration: Checked<Span> => "duration",
    refresh: Checked<Span> => "refresh",
    output: Checked<Form> => "output",
    report: Many<Report> => "report",
    top: Checked<Rows> => "top",
    color: Checked<Color> => "color",
    quiet: bool => "quiet",
    verbose: Level => "verbose",
    log: Checked<Form> => "log",
}

/// Topics of Kafka, and how they are read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kafka {
    brokers: Many<Text>,
    topic: Many<Text>,
    group: Option<Checked<Text>>,
    /// librdkafka's own settings.
    #[serde(default)]
    set: BTreeMap<String, Checked<Plain>>,
}

impl Kafka {
    fn settings(self, line: &impl Fn(&[&str]) -> usize) -> Vec<Setting> {
        let setting = |flag, keys: &[&'static str], said| Setting { flag, keys: keys.to_vec(), line: line(keys), said };
        let brokers: Vec<String> = self.brokers.0.into_iter().map(|broker| broker.0).collect();
        let topics = self.topic.0.into_iter().map(|topic| format!("{}/{}", brokers.join(","), topic.0)).collect();
        let mut settings = vec![setting("kafka", &["kafka"], Said::Texts(topics))];
        settings.extend(self.group.map(|group| setting("kafka-group", &["kafka", "group"], group.say())));
        let set: Vec<String> = self.set.into_iter().map(|(name, value)| format!("{name}={}", value.0)).collect();
        if !set.is_empty() {
            settings.push(setting("kafka-set", &["kafka", "set"], Said::Texts(set)));
        }
        settings
    }
}

/// Where lines come from.
pub const SOURCES: [&str; 5] = ["follow", "stdin", "listen", "connect", "kafka"];

/// How Kafka is read.
pub const OF_KAFKA: [&str; 2] = ["kafka-group", "kafka-set"];

/// Settings that exclude each other.
pub const BEGINNINGS: [&str; 3] = ["from-beginning", "from-end", "resume"];

/// Settings that mean nothing without another.
pub const NEEDS: [(&str, &str); 9] = [
    ("tls-certificate", "tls-key"),
    ("tls-key", "tls-certificate"),
    ("tls-client-ca", "tls-certificate"),
    ("resume", "store"),
    ("checkpoint", "store"),
    ("keep-for", "store"),
    ("keep-bytes", "store"),
    ("summary-file", "summary"),
    ("kafka-group", "kafka"),
];

/// What the file says.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read(file: &mut JsonFile<'_>) -> Result<Vec<Setting>, Problems> {
    let said: File = file.read()?;
    let settings = said.settings(|keys| file.line(keys));
    let on: Vec<_> =
        settings.iter().filter(|setting| BEGINNINGS.contains(&setting.flag) && setting.is_said()).collect();
    match on.as_slice() {
        [first, second, ..] => {
            let what = format!("files cannot begin there and as {:?} says; keep one of the two", first.key());
            Err(Problems(vec![file.problem(&second.keys, what)]))
        }
        _ => Ok(settings),
    }
}

/// Settings that lack another, which neither the file says nor `is_given` on the command line.
pub fn lacking(file: &str, settings: &[&Setting], is_given: impl Fn(&str) -> bool) -> Vec<Problem> {
    let is_said = |flag: &str| settings.iter().any(|setting| setting.flag == flag && setting.is_said());
    let said = settings.iter().filter(|setting| setting.is_said());
    let needs = said.flat_map(|setting| NEEDS.iter().map(move |need| (setting, need)));
    needs
        .filter(|(setting, (flag, needed))| setting.flag == *flag && !is_said(needed) && !is_given(needed))
        .map(|(setting, (_, needed))| Problem {
            file: file.to_owned(),
            line: setting.line,
            key: setting.key(),
            what: format!("means nothing without `{}`; add it, or leave this out", needed.replace('-', "_")),
        })
        .collect()
}
