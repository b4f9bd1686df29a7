//! GoAccess's report, in its keys and their order. Serialised as it stands it is the JSON.
//!
//! A percentage is a text such as `05.00`, of figures and divisions in 32-bit floating point, as GoAccess makes it.
//!
//! Source: the JSON output of GoAccess 1.11.

use serde::Serialize;

/// The whole report. A panel is absent where GoAccess shows none without the field in its format string.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// The sums.
    pub general: General,
    /// By day, the last first.
    pub visitors: Panel,
    /// By request, without those of the next two.
    pub requests: Panel,
    /// By request with a static ending.
    pub static_requests: Panel,
    /// By request with status 404.
    pub not_found: Panel,
    /// By client.
    pub hosts: Panel,
    /// By operating system.
    pub os: Panel,
    /// By browser.
    pub browsers: Panel,
    /// By hour of the day, 00 first.
    pub visit_time: Panel,
    /// By virtual host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vhosts: Option<Panel>,
    /// By referrer, `-` included.
    pub referrers: Panel,
    /// By the site of the referrer.
    pub referring_sites: Panel,
    /// By search phrase.
    pub keyphrases: Panel,
    /// By status, in classes.
    pub status_codes: Panel,
    /// By user, `-` included.
    pub remote_user: Panel,
}

/// The sums, and what was read.
#[derive(Clone, Debug, Default, Serialize)]
pub struct General {
    /// First day, `10/Oct/2025`; absent without a record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_date: Option<String>,
    /// Last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_date: Option<String>,
    /// When the report was made, `2025-10-10 13:55:36 +0000`.
    pub date_time: String,
    /// Lines that are neither empty nor comments: valid, failed and left out by a filter.
    pub total_requests: u64,
    /// Counted records.
    pub valid_requests: u64,
    /// Lines that could not be read.
    pub failed_requests: u64,
    /// Whole seconds, at least 1.
    pub generation_time: u64,
    /// Sum over days of the different pairs of client and agent.
    pub unique_visitors: u64,
    /// Rows of `requests`.
    pub unique_files: u64,
    /// Always 0: filters here are not GoAccess's `--exclude-ip`.
    pub excluded_hits: u64,
    /// Rows of `referrers`.
    pub unique_referrers: u64,
    /// Rows of `not_found`.
    pub unique_not_found: u64,
    /// Rows of `static_requests`.
    pub unique_static_files: u64,
    /// Bytes that the inputs have on disk; standard input has none.
    pub log_size: u64,
    /// Bytes sent.
    pub bandwidth: u64,
    /// The inputs, `STDIN` among them.
    pub log_path: Vec<String>,
}

/// One list.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Panel {
    /// Figures of all rows, those that are cut too.
    pub metadata: Metadata,
    /// The rows.
    pub data: Vec<Item>,
}

/// Figures over the rows of a panel; those of a class count, not the class.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Metadata {
    /// Mean time to serve a request, in whole microseconds, where the log has times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avgts: Option<Average>,
    /// Times to serve all requests of a row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cumts: Option<Spread>,
    /// Longest times; their total is that of all times, as GoAccess has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maxts: Option<Spread>,
    /// Bytes sent, where the log has sizes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Spread>,
    /// Visitors; rows without any are looked over for the least.
    pub visitors: Spread,
    /// Hits.
    pub hits: Spread,
    /// How many rows there are.
    pub data: Total,
}

/// A mean alone.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Average {
    /// The mean.
    pub avg: Value,
}

/// A number of rows alone.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Total {
    /// The number.
    pub total: Value,
}

/// Sum, mean, greatest and least; the last three as percentages of the sum too, but for times.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Spread {
    /// The sum.
    pub total: Value,
    /// The mean, cut to whole numbers.
    pub avg: Value,
    /// The greatest.
    pub max: Value,
    /// The least.
    pub min: Value,
}

/// A figure.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Value {
    /// Itself.
    pub value: u64,
    /// Its share of the sum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<String>,
}

/// One row.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Item {
    /// Its hits, and their share of the valid requests.
    pub hits: Count,
    /// Its visitors, and their share of the unique visitors.
    pub visitors: Count,
    /// Its bytes, and their share of the bandwidth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Count>,
    /// Mean time to serve a request, in whole microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avgts: Option<u64>,
    /// Time to serve all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cumts: Option<u64>,
    /// The longest of the times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maxts: Option<u64>,
    /// The method of a request, `---` where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The protocol of a request, `---` where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// What it is a row of; invalid UTF-8 as U+FFFD.
    pub data: String,
    /// The rows of a class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<Vec<Item>>,
}

/// A figure and its percentage.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Count {
    /// The figure.
    pub count: u64,
    /// The percentage.
    pub percent: String,
}
