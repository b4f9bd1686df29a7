//! The generator's own configuration; what is not said is as without one.

use super::super::odd::Odd;
use super::super::scenario::{Wanted, What};
use super::super::settings::{Heartbeat, MessageSettings, PathSettings, Rhythm, Traffic, World};
use super::values::{At, Count, Key, Seconds, Share, Small, Status, Target, Text, Times, Weight, Weights};
use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// The file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct File {
    host: Option<Text>,
    traffic: Option<TrafficShares>,
    http2_share: Option<Share>,
    pages: Option<Pages>,
    paths: Option<Vec<Path>>,
    clients: Option<Clients>,
    users: Option<Users>,
    agents: Option<Vec<Agent>>,
    latency: Option<Latency>,
    rhythm: Option<RhythmOfDay>,
    messages: Option<Vec<Message>>,
    heartbeat: Option<Beat>,
    odd_lines: Option<Weights<OddKind>>,
    scenarios: Vec<Scenario>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TrafficShares {
    people: Option<Weight>,
    apps: Option<Weight>,
    crawlers: Option<Weight>,
    feeds: Option<Weight>,
    monitors: Option<Weight>,
    scanners: Option<Weight>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Pages {
    count: Option<Count>,
    zipf: Option<Small>,
    size_median_bytes: Option<Count>,
    size_sigma: Option<Small>,
    failure_share: Option<Share>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Path {
    path: Target,
    #[serde(default = "one")]
    weight: Weight,
    methods: Option<Weights<Text>>,
    statuses: Option<Weights<Status>>,
    bytes: Option<u32>,
}

fn one() -> Weight {
    Weight(1.0)
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Clients {
    count: Option<Count>,
    zipf: Option<Small>,
    ipv6_share: Option<Share>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Users {
    share: Option<Share>,
    names: Option<Vec<Text>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Agent {
    agent: Text,
    #[serde(default = "one")]
    share: Weight,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Latency {
    median_seconds: Option<Seconds>,
    sigma: Option<Small>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RhythmOfDay {
    peak_hour: Hour,
    low: Share,
}

#[derive(Debug)]
struct Hour(f64);

impl<'de> Deserialize<'de> for Hour {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match f64::deserialize(from)? {
            hour if (0.0..24.0).contains(&hour) => Ok(Hour(hour)),
            hour => Err(D::Error::custom(format!("{hour} is not an hour of the day, 0 to 23.99"))),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    level: Level,
    #[serde(default = "core")]
    module: Text,
    message: Text,
    #[serde(default = "one")]
    weight: Weight,
}

fn core() -> Text {
    Text("core".to_owned())
}

/// Levels of Apache's and nginx's error logs that are written here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Emerg,
    Alert,
    Crit,
    Error,
    Warn,
    Notice,
    Info,
    Debug,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Beat {
    interval_seconds: Seconds,
    message: Text,
}

#[derive(Debug)]
struct OddKind(Odd);

impl Key for OddKind {
    fn key(text: String) -> Result<OddKind, String> {
        let found = Odd::ALL.into_iter().find(|odd| odd.name() == text);
        found.map(OddKind).ok_or_else(|| {
            let names: Vec<_> = Odd::ALL.iter().map(|odd| odd.name()).collect();
            format!("unknown kind `{text}`, expected one of {}", names.join(", "))
        })
    }
}

/// What happens, with its own keys: an object of one member.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Scenario {
    ErrorBurst { at_seconds: At, for_seconds: Seconds, share: Share },
    Flood { at_seconds: At, for_seconds: Seconds, share: Share, client: Text, path: Target },
    LatencyRise { at_seconds: At, for_seconds: Seconds, times: Times },
    HeartbeatLoss { at_seconds: At, for_seconds: Seconds },
    NewMessage { at_seconds: At, for_seconds: Seconds, share: Share, message: Message },
    ClockSkew { at_seconds: At, for_seconds: Seconds, seconds: i32 },
    LateLines { at_seconds: At, for_seconds: Seconds, share: Share, seconds: u16 },
}

impl File {
    /// The world that it describes.
    pub fn world(self) -> World {
        let mut world = World::default();
        set(&mut world.host, self.host.map(|host| host.0));
        if let Some(shares) = self.traffic {
            // Who is left out has no share.
            let share = |weight: Option<Weight>| weight.map_or(0.0, |weight| weight.0);
            world.traffic = Traffic {
                people: share(shares.people),
                apps: share(shares.apps),
                crawlers: share(shares.crawlers),
                feeds: share(shares.feeds),
                monitors: share(shares.monitors),
                scanners: share(shares.scanners),
            };
        }
        set(&mut world.http2, self.http2_share.map(|share| share.0));
        let pages = self.pages.unwrap_or_default();
        set(&mut world.pages, pages.count.map(|count| count.0));
        set(&mut world.page_exponent, pages.zipf.map(|zipf| zipf.0));
        set(&mut world.size_median, pages.size_median_bytes.map(|bytes| bytes.0 as f64));
        set(&mut world.size_sigma, pages.size_sigma.map(|sigma| sigma.0));
        set(&mut world.failures, pages.failure_share.map(|share| share.0));
        world.paths = self.paths.map(|paths| paths.into_iter().map(Path::settings).collect());
        let clients = self.clients.unwrap_or_default();
        set(&mut world.clients, clients.count.map(|count| count.0));
        set(&mut world.client_exponent, clients.zipf.map(|zipf| zipf.0));
        set(&mut world.ipv6, clients.ipv6_share.map(|share| share.0));
        let users = self.users.unwrap_or_default();
        set(&mut world.users, users.share.map(|share| share.0));
        set(&mut world.user_names, users.names.map(|names| names.into_iter().map(|name| name.0).collect()));
        world.agents =
            self.agents.map(|agents| agents.into_iter().map(|agent| (agent.agent.0, agent.share.0)).collect());
        let latency = self.latency.unwrap_or_default();
        set(&mut world.latency_median_micros, latency.median_seconds.map(|seconds| seconds.0 * 1e6));
        set(&mut world.latency_sigma, latency.sigma.map(|sigma| sigma.0));
        world.rhythm = self.rhythm.map(|rhythm| Rhythm { peak_hour: rhythm.peak_hour.0, low: rhythm.low.0 });
        world.messages = self.messages.map(|messages| messages.into_iter().map(Message::settings).collect());
        world.heartbeat = self
            .heartbeat
            .map(|beat| Heartbeat { interval_nanos: nanos(beat.interval_seconds.0), message: beat.message.0 });
        set(
            &mut world.odd,
            self.odd_lines.map(|kinds| kinds.0.into_iter().map(|(odd, share)| (odd.0, share)).collect()),
        );
        world.scenarios = self.scenarios.into_iter().map(Scenario::wanted).collect();
        world
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

pub(super) fn nanos(seconds: f64) -> u64 {
    (seconds * 1e9) as u64
}

impl Path {
    fn settings(self) -> PathSettings {
        let methods =
            self.methods.map(|methods| methods.0.into_iter().map(|(method, share)| (method.0, share)).collect());
        let statuses =
            self.statuses.map(|statuses| statuses.0.into_iter().map(|(status, share)| (status.0, share)).collect());
        PathSettings {
            path: self.path.0,
            weight: self.weight.0,
            methods: methods.unwrap_or_else(|| vec![("GET".to_owned(), 1.0)]),
            statuses: statuses.unwrap_or_else(|| vec![(200, 1.0)]),
            bytes: self.bytes,
        }
    }
}

impl Message {
    fn settings(self) -> MessageSettings {
        MessageSettings {
            level: format!("{:?}", self.level).to_ascii_lowercase(),
            module: self.module.0,
            message: self.message.0,
            weight: self.weight.0,
        }
    }
}

impl Scenario {
    fn wanted(self) -> Wanted {
        let wanted = |at: At, length: Seconds, what| Wanted { at_nanos: nanos(at.0), for_nanos: nanos(length.0), what };
        match self {
            Scenario::ErrorBurst { at_seconds, for_seconds, share } => {
                wanted(at_seconds, for_seconds, What::ErrorBurst(share.0))
            }
            Scenario::Flood { at_seconds, for_seconds, share, client, path } => {
                let what = What::Flood { share: share.0, client: client.0, path: path.0 };
                wanted(at_seconds, for_seconds, what)
            }
            Scenario::LatencyRise { at_seconds, for_seconds, times } => {
                wanted(at_seconds, for_seconds, What::Latency(times.0))
            }
            Scenario::HeartbeatLoss { at_seconds, for_seconds } => wanted(at_seconds, for_seconds, What::HeartbeatLoss),
            Scenario::NewMessage { at_seconds, for_seconds, share, message } => {
                wanted(at_seconds, for_seconds, What::NewMessage(share.0, message.settings()))
            }
            Scenario::ClockSkew { at_seconds, for_seconds, seconds } => {
                wanted(at_seconds, for_seconds, What::ClockSkew(seconds))
            }
            Scenario::LateLines { at_seconds, for_seconds, share, seconds } => {
                wanted(at_seconds, for_seconds, What::LateLines(share.0, i32::from(seconds)))
            }
        }
    }
}
