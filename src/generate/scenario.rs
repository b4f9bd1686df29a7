//! What happens at set times, so that alerts have something to find.

use super::layout::Log;
use super::settings::MessageSettings;
use super::world::{Exchange, Size, World};
use super::{messages, settings};

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// Nanoseconds of event time from the start at which it begins.
    pub at_nanos: u64,
    /// How long it lasts.
    pub for_nanos: u64,
    /// What happens.
    pub what: What,
}

/// What happens.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// This share of the requests fails; in an error log, this share of the messages are errors.
    ErrorBurst(f64),
    /// One client has this share of the lines, with requests for one path.
    Flood {
        /// Its share of the lines.
        share: f64,
        /// Its address.
        client: String,
        /// What it asks for.
        path: String,
    },
    /// Answers take so many times as long.
    Latency(f64),
    /// No signs of life.
    HeartbeatLoss,
    /// A message that was not seen before has this share of the lines of an error log.
    NewMessage(f64, MessageSettings),
    /// Lines bear a time that is so many seconds off.
    ClockSkew(i32),
    /// This share of the lines bears a time so many seconds old.
    LateLines(f64, i32),
}

/// The same, its parts in the world.
#[derive(Clone, Debug)]
pub(super) struct Scenario {
    pub from_nanos: u64,
    pub to_nanos: u64,
    pub what: Effect,
}

/// What happens to a line.
#[derive(Clone, Copy, Debug)]
pub(super) enum Effect {
    Fails(f64),
    /// Client and exchange.
    Is(f64, u32, u32),
    /// Exchange alone.
    Says(f64, u32),
    Takes(f64),
    NoHeartbeat,
    Skew(i32),
    Late(f64, i32),
}

/// Adds what scenarios need to the world; an error says which of them makes no sense in this log.
pub(super) fn plan(wanted: &[Wanted], log: Log, world: &mut World) -> Result<Vec<Scenario>, String> {
    let mut plan = Vec::new();
    for scenario in wanted {
        let what = match (&scenario.what, log) {
            (What::ErrorBurst(share), Log::Access) => Effect::Fails(*share),
            (What::ErrorBurst(share), Log::Error) => {
                let message = settings::MessageSettings {
                    level: "error".to_owned(),
                    module: "core".to_owned(),
                    message: "database connection lost".to_owned(),
                    weight: 1.0,
                };
                Effect::Says(*share, message_of(&message, world))
            }
            (What::Flood { share, client, path }, Log::Access) => {
                let agent = world.agent("python-requests/2.32.3");
                let client = world.client(client.clone(), None, agent);
                let exchange = Exchange {
                    method: b"GET".to_vec(),
                    target: path.clone().into_bytes(),
                    protocol: b"HTTP/1.1".to_vec(),
                    status: 200,
                    size: Size::Fixed(5321),
                    latency_micros: 21_000,
                    ..Exchange::default()
                };
                Effect::Is(*share, client, world.special(exchange))
            }
            (What::Latency(times), Log::Access) => Effect::Takes(*times),
            (What::NewMessage(share, message), Log::Error) => Effect::Says(*share, message_of(message, world)),
            (What::HeartbeatLoss, _) => Effect::NoHeartbeat,
            (What::ClockSkew(seconds), _) => Effect::Skew(*seconds),
            (What::LateLines(share, seconds), _) => Effect::Late(*share, *seconds),
            (What::Flood { .. } | What::Latency(_), Log::Error) => {
                return Err("scenarios: flood and latency_rise are of an access log".to_owned());
            }
            (What::NewMessage(..), Log::Access) => {
                return Err("scenarios: new_message is of an error log".to_owned());
            }
        };
        let to_nanos = scenario.at_nanos.saturating_add(scenario.for_nanos);
        plan.push(Scenario { from_nanos: scenario.at_nanos, to_nanos, what });
    }
    Ok(plan)
}

fn message_of(message: &MessageSettings, world: &mut World) -> u32 {
    // The level as the other messages of this log are written.
    let is_upper = world.exchanges.iter().any(|exchange| exchange.level.starts_with(|c: char| c.is_ascii_uppercase()));
    let level = if is_upper { message.level.to_ascii_uppercase() } else { message.level.to_ascii_lowercase() };
    world.special(Exchange { level, ..messages::configured(message) })
}
