//! What is asked for, checked: flags and configuration together.

use super::layout::Log;
use super::odd::Odd;
use super::scenario::Wanted as Scenario;
use super::schedule::Pace;
use super::visor::Visor;
use std::time::Duration;

/// A moment, and the wall clock it is told by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Nanoseconds since the Unix epoch, UTC.
    pub unix_nanos: i64,
    /// Seconds that the wall clock is ahead of UTC.
    pub offset_seconds: i32,
}

/// Where event time begins when nothing else is said: 2025-01-01T00:00:00Z.
pub const START: Moment = Moment { unix_nanos: 1_735_689_600_000_000_000, offset_seconds: 0 };

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the random numbers begin with.
    pub seed: u64,
    /// Which log.
    pub log: Log,
    /// The name of a format, or a format string.
    pub format: String,
    /// When lines are due.
    pub pace: Pace,
    /// The event time of the first line.
    pub from: Moment,
    /// The event time at which the run ends.
    pub to: Option<Moment>,
    /// The run ends behind so many lines.
    pub lines: Option<u64>,
    /// The run ends before it has more bytes than this, with a whole line.
    pub bytes: Option<u64>,
    /// The run ends after so long: with the last line that is due before, or by the wall clock where nothing is due.
    pub duration: Option<Duration>,
    /// Who and what there is.
    pub world: World,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            seed: 0,
            log: Log::Access,
            format: "combined".to_owned(),
            pace: Pace::Max,
            from: START,
            to: None,
            lines: None,
            bytes: None,
            duration: None,
            world: World::default(),
        }
    }
}

/// Who and what there is. Shares are in proportion where their sum is not 1.
#[derive(Clone, Debug)]
pub struct World {
    /// The virtual host.
    pub host: String,
    /// Shares of the lines.
    pub traffic: Traffic,
    /// The share of people whose browser speaks HTTP/2.
    pub http2: f64,
    /// How many pages there are.
    pub pages: usize,
    /// Zipf's exponent over pages.
    pub page_exponent: f64,
    /// Paths in place of the site that is made up.
    pub paths: Option<Vec<PathSettings>>,
    /// How many clients there are, more or less.
    pub clients: usize,
    /// Zipf's exponent over clients.
    pub client_exponent: f64,
    /// The share of people who have an IPv6 address.
    pub ipv6: f64,
    /// The share of lines of users who are logged in.
    pub users: f64,
    /// Their names.
    pub user_names: Vec<String>,
    /// Agents of people with their shares, in place of those that are made up.
    pub agents: Option<Vec<(String, f64)>>,
    /// The median of a page's size, in bytes.
    pub size_median: f64,
    /// The standard deviation of its logarithm, from page to page.
    pub size_sigma: f64,
    /// The median of the time that a page takes, in microseconds.
    pub latency_median_micros: f64,
    /// The standard deviation of its logarithm, from request to request.
    pub latency_sigma: f64,
    /// The share of requests for pages that fail.
    pub failures: f64,
    /// How the day goes, where lines are spread between two times.
    pub rhythm: Option<Rhythm>,
    /// Messages of the error log in place of those that are made up.
    pub messages: Option<Vec<MessageSettings>>,
    /// Signs of life.
    pub heartbeat: Option<Heartbeat>,
    /// The share of lines that are not regular, by kind.
    pub odd: Vec<(Odd, f64)>,
    /// What happens at set times.
    pub scenarios: Vec<Scenario>,
    /// Visor's own configuration, which replaces all of the above but the last two.
    pub visor: Option<Visor>,
}

/// Shares of the lines of an access log.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Traffic {
    pub people: f64,
    pub apps: f64,
    pub crawlers: f64,
    pub feeds: f64,
    pub monitors: f64,
    pub scanners: f64,
}

/// A path of the configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct PathSettings {
    /// The target, with its query.
    pub path: String,
    /// How often it is asked for, in proportion.
    pub weight: f64,
    /// Methods with their shares.
    pub methods: Vec<(String, f64)>,
    /// Statuses with their shares.
    pub statuses: Vec<(u16, f64)>,
    /// The size of its answer; made up where it is not said.
    pub bytes: Option<u32>,
}

/// A message of the configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageSettings {
    /// Its level, as the format writes it.
    pub level: String,
    /// The module that writes it.
    pub module: String,
    /// The text.
    pub message: String,
    /// How often it comes, in proportion.
    pub weight: f64,
}

/// A sign of life.
#[derive(Clone, Debug, PartialEq)]
pub struct Heartbeat {
    /// Nanoseconds from one to the next, of event time.
    pub interval_nanos: u64,
    /// The text.
    pub message: String,
}

/// How the day goes: lines an hour follow a cosine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rhythm {
    /// The hour with the most lines, on the wall clock, 0 to 24.
    pub peak_hour: f64,
    /// Lines in the quietest hour, as a share of those in the busiest, 0 to 1.
    pub low: f64,
}

impl Default for World {
    fn default() -> World {
        let names = ["anna", "ben", "carol", "dmitri", "elena", "frank"];
        World {
            host: "www.example.com".to_owned(),
            traffic: Traffic {
                people: 0.70,
                apps: 0.12,
                crawlers: 0.11,
                feeds: 0.03,
                monitors: 0.015,
                scanners: 0.025,
            },
            http2: 0.74,
            pages: 600,
            page_exponent: 0.9,
            paths: None,
            clients: 20_000,
            client_exponent: 0.7,
            ipv6: 0.22,
            users: 0.0015,
            user_names: names.map(str::to_owned).to_vec(),
            agents: None,
            size_median: 11_000.0,
            size_sigma: 0.6,
            latency_median_micros: 38_000.0,
            latency_sigma: 0.55,
            failures: 0.0016,
            rhythm: None,
            messages: None,
            heartbeat: None,
            odd: Odd::everyday(),
            scenarios: Vec::new(),
            visor: None,
        }
    }
}
