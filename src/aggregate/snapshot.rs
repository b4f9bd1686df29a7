//! A frozen report: what a tally says at one moment, in the names and shapes of the JSON report, schema 1.
//!
//! Reports print this and nothing else, so that all of them agree. Keys may be added, never renamed.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The report, schema 1. Serialised as it stands it is the JSON report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Always 1.
    pub schema: u32,
    /// The version of the program that made it.
    pub version: String,
    /// True where the run was interrupted or an input failed: the counts are of what was read.
    pub partial: bool,
    /// What was read, in the order given.
    pub inputs: Vec<Input>,
    /// Wall time of the run.
    pub elapsed_seconds: f64,
    /// The sums.
    pub totals: Totals,
    /// First and last event time.
    pub period: Period,
    /// What is kept of which lists, where memory was bounded and something had to go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounded: Option<Bounded>,
    /// How many different ones.
    pub distinct: Distinct,
    /// Seconds that one entry of `time` spans.
    pub bucket_seconds: u64,
    /// Traffic over time, one entry a bucket.
    pub time: Vec<Bucket>,
    /// By status.
    pub status: Vec<Row>,
    /// By request method.
    pub methods: Vec<Row>,
    /// By protocol.
    pub protocols: Vec<Row>,
    /// By virtual host.
    pub vhosts: Vec<Row>,
    /// By authenticated user.
    pub users: Vec<Row>,
    /// By path: every access record.
    pub paths: Vec<Row>,
    /// The paths that end like a static file.
    pub static_files: Vec<Row>,
    /// The paths of records with status 404.
    pub not_found: Vec<Row>,
    /// The paths of records with status 500 to 599.
    pub server_errors: Vec<Row>,
    /// By client.
    pub clients: Vec<Row>,
    /// By `Referer`.
    pub referrers: Vec<Row>,
    /// By the site of the `Referer`.
    pub referring_sites: Vec<Row>,
    /// By `User-Agent`.
    pub agents: Vec<Row>,
    /// By family of the agent.
    pub browsers: Vec<Row>,
    /// By operating system of the agent.
    pub systems: Vec<Row>,
    /// Records of known crawlers, and of everyone else.
    pub bots: Bots,
    /// Bytes sent, a record.
    pub sizes: Option<Quantiles>,
    /// Seconds to serve a request.
    pub latency: Option<Quantiles>,
    /// Error logs: by level.
    pub levels: Vec<Row>,
    /// Error logs: by module.
    pub modules: Vec<Row>,
    /// Error logs: by message, numbers and the like masked.
    pub messages: Vec<Message>,
    /// Malformed lines by reason.
    pub malformed_reasons: Vec<Row>,
    /// The first malformed lines, at most 20.
    pub malformed_samples: Vec<Sample>,
}

/// One input.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// Its path as given, or `-`.
    pub name: String,
    /// Bytes of log text, after decompression.
    pub bytes: u64,
    /// Lines.
    pub lines: u64,
    /// The format's name, as `visor-fast formats` prints it.
    pub format: String,
    /// Why it could not be read to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The sums: `lines = blank + records + malformed + heartbeats + filtered`, `records = windowed + late + future`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    /// Lines read.
    pub lines: u64,
    /// Empty lines and directives.
    pub blank: u64,
    /// Lines that say something and were kept.
    pub records: u64,
    /// Lines that were not understood.
    pub malformed: u64,
    /// Signs of life.
    pub heartbeats: u64,
    /// Records that a filter left out.
    pub filtered: u64,
    /// Records counted in a window; in a batch, all.
    pub windowed: u64,
    /// Records too late for their window.
    pub late: u64,
    /// Records too far in the future.
    pub future: u64,
    /// Further records found glued to a record by a lost newline; not counted in `records`.
    pub glued: u64,
    /// Sum of bytes sent.
    pub bytes_sent: u64,
    /// Sum of bytes read from clients.
    pub bytes_read: u64,
}

/// First and last event time, RFC 3339 with offset; `None` without a record that has a time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Period {
    /// The earliest.
    pub first: Option<String>,
    /// The latest.
    pub last: Option<String>,
}

/// How many different values were seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Distinct {
    /// Different clients.
    pub clients: Count,
    /// Different (client, agent, day).
    pub visitors: Count,
    /// Different paths.
    pub paths: Count,
    /// Different agents.
    pub agents: Count,
    /// Different referrers.
    pub referrers: Count,
}

/// What had to go for want of memory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bounded {
    /// The share of the visitors that every count of visitors was estimated from; 1 where they are exact.
    pub visitors_sampled: f64,
    /// By name of the list in this report: those that hold their greatest rows only.
    pub lists: BTreeMap<String, Kept>,
}

/// What is kept of a list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Rows that were kept, of which the list shows the first.
    pub rows: u64,
    /// The most hits that a key without a row can have had.
    pub floor: u64,
}

/// A count and whether it is exact.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Count {
    /// The count, or its estimate.
    pub value: u64,
    /// False where a sketch estimated it.
    pub exact: bool,
    /// Standard error of the estimate, as a share of it; 0 where exact.
    pub error: f64,
}

/// One bucket of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    /// Its first second, RFC 3339.
    pub start: String,
    /// Records.
    pub hits: u64,
    /// Bytes sent.
    pub bytes: u64,
    /// Visitors seen in it.
    pub visitors: u64,
    /// Records with status 5xx, or of level error or worse.
    pub errors: u64,
    /// Records with status 4xx.
    pub client_errors: u64,
    /// How many hits may be missing, where memory was bounded and buckets had to go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hits_error: Option<u64>,
    /// How far `visitors` may be off, where it is an estimate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visitors_error: Option<u64>,
}

/// One row of a list, sorted by hits, then by key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What the row counts.
    pub key: String,
    /// Records.
    pub hits: u64,
    /// Bytes sent, where the list has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Share of all records, 0 to 1.
    pub share: f64,
    /// Visitors seen in the row, where the list has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visitors: Option<u64>,
    /// How many hits may be missing, where memory was bounded and rows of the list had to go; 0 or absent where exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hits_error: Option<u64>,
    /// How far `visitors` may be off, where it is an estimate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visitors_error: Option<u64>,
}

/// Known crawlers against everyone else.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bots {
    /// Records whose agent is a known crawler.
    pub hits: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Their visitors.
    pub visitors: u64,
    /// How far `visitors` may be off, where it is an estimate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visitors_error: Option<u64>,
}

/// A distribution. Quantile q is the top of the histogram bucket (three digits) that holds the ceil(q*n)-th value, at
/// most the maximum; count, mean, min and max are exact.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quantiles {
    /// Values.
    pub count: u64,
    /// Their mean.
    pub mean: f64,
    /// The least.
    pub min: f64,
    /// Half are at most this.
    pub p50: f64,
    /// 90 % are at most this.
    pub p90: f64,
    /// 95 % are at most this.
    pub p95: f64,
    /// 99 % are at most this.
    pub p99: f64,
    /// 99.9 % are at most this.
    pub p999: f64,
    /// The greatest.
    pub max: f64,
}

/// One kind of message of an error log.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The message, its numbers, addresses and paths masked.
    pub key: String,
    /// How often.
    pub hits: u64,
    /// The gravest level it came with.
    pub level: String,
    /// First time, RFC 3339.
    pub first: Option<String>,
    /// Last time.
    pub last: Option<String>,
    /// The first one as written, control characters escaped.
    pub example: String,
    /// How many hits may be missing, where memory was bounded and messages had to go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hits_error: Option<u64>,
}

/// One malformed line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// The input's name.
    pub input: String,
    /// The line's number, from 1.
    pub line: u64,
    /// Why it was not understood.
    pub reason: String,
    /// The line, control characters escaped, cut.
    pub text: String,
}
