//! Visor's world: what its generator's own configuration describes.
//!
//! Each line is drawn anew: the method and the status by their distributions, resource, user, version and message evenly, the
//! size evenly from 1024 to 10240 bytes, and the client from a pool of 50 by a binomial distribution. The levels of the
//! error log are streams of their own ([`super::streams`]), and so are the signs of life.
//!
//! Source: Visor's `README.md` ("Log Content Control"), its configuration and the logs that it wrote.

use super::alias::Alias;
use super::chance::{Chance, Purpose};
use super::layout::Log;
use super::settings::Heartbeat;
use super::site::Addresses;
use super::streams::Stream;
use super::world::{Actor, Exchange, Size, World};

/// Clients of the pool.
const POOL: usize = 50;

/// Bytes of an answer, least and most.
const BYTES: (u32, u32) = (1024, 10_240);

/// Visor's configuration, its quirks undone.
#[derive(Clone, Debug, PartialEq)]
pub struct Visor {
    /// Signs of life.
    pub heartbeat: Option<Heartbeat>,
    /// Requests.
    pub access: Option<Access>,
    /// Messages of the error log: `INFO`, `WARNING` and `ERROR`, those that are configured.
    pub levels: Vec<Level>,
}

/// Requests.
#[derive(Clone, Debug, PartialEq)]
pub struct Access {
    /// Seconds from one to the next, least and most.
    pub interval: (f64, f64),
    /// Users, each as likely.
    pub users: Vec<String>,
    /// Methods with their shares.
    pub methods: Vec<(String, f64)>,
    /// Statuses with their shares.
    pub codes: Vec<(u16, f64)>,
    /// Targets, each as likely.
    pub resources: Vec<String>,
    /// Protocols, each as likely.
    pub versions: Vec<String>,
}

/// Messages of a level.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// The level, as Visor's logger writes it.
    pub name: &'static str,
    /// Seconds between messages in normal phases, least and most; several such pairs.
    pub normal: Vec<(f64, f64)>,
    /// The same in peaks.
    pub peak: Vec<(f64, f64)>,
    /// The messages, each as likely.
    pub messages: Vec<String>,
}

/// The world of a log, and its streams of lines, or what is missing for it.
pub(super) fn build(visor: &Visor, log: Log, seed: u64) -> Result<(World, Vec<Stream>), String> {
    let mut world = World::new("localhost");
    let mut chance = Chance::new(seed, Purpose::Clients, 0);
    let beat = visor.heartbeat.iter().map(|beat| {
        let seconds = beat.interval_nanos as f64 / 1e9;
        Stream { actor: None, normal: vec![(seconds, seconds)], peak: Vec::new() }
    });
    let mut streams: Vec<Stream> = beat.collect();
    match (log, &visor.access) {
        (Log::Access, None) => {
            return Err("Visor's configuration has no \"access\", so there are no requests".to_owned());
        }
        (Log::Access, Some(access)) => {
            requests(&mut world, &mut chance, access);
            streams.push(Stream { actor: Some(0), normal: vec![access.interval], peak: Vec::new() });
        }
        (Log::Error, _) if visor.levels.is_empty() => {
            let missing =
                "Visor's configuration has neither \"info\" nor \"warn\" nor \"error\", so there are no messages";
            return Err(missing.to_owned());
        }
        (Log::Error, _) => {
            messages(&mut world, &mut chance, &visor.levels);
            streams.extend(visor.levels.iter().enumerate().map(|(number, level)| Stream {
                actor: Some(number as u32),
                normal: level.normal.clone(),
                peak: level.peak.clone(),
            }));
        }
    }
    // Shares of the lines, for a rate that is set.
    let actors = world.actors.iter_mut();
    for (actor, stream) in actors.zip(streams.iter().filter(|stream| stream.actor.is_some())) {
        actor.share = stream.lines_a_second();
    }
    Ok((world, streams))
}

/// The weights of a binomial distribution over the pool, with one half as probability.
fn binomial() -> Vec<f64> {
    let mut weights = vec![1.0];
    for at in 1..POOL {
        let last = weights[at - 1];
        weights.push(last * (POOL - at) as f64 / at as f64);
    }
    weights
}

fn pool(chance: &mut Chance) -> Vec<String> {
    let mut addresses = Addresses::default();
    (0..POOL).map(|_| addresses.home(chance, 0.0)).collect()
}

fn requests(world: &mut World, chance: &mut Chance, access: &Access) {
    let first_client = world.clients.len() as u32;
    let mut weights = Vec::new();
    for (address, weight) in pool(chance).into_iter().zip(binomial()) {
        for user in &access.users {
            world.client(address.clone(), Some(user.clone()), 0);
            weights.push(weight);
        }
        if access.users.is_empty() {
            world.client(address, None, 0);
            weights.push(weight);
        }
    }
    let mut exchanges = Vec::new();
    for (method, method_share) in &access.methods {
        for (status, status_share) in &access.codes {
            for (target, protocol) in
                access.resources.iter().flat_map(|target| access.versions.iter().map(move |version| (target, version)))
            {
                let exchange = Exchange {
                    method: method.clone().into_bytes(),
                    target: target.clone().into_bytes(),
                    protocol: protocol.clone().into_bytes(),
                    status: *status,
                    size: Size::Between(BYTES.0, BYTES.1),
                    latency_micros: 20_000,
                    ..Exchange::default()
                };
                exchanges.push((exchange, method_share * status_share));
            }
        }
    }
    if exchanges.iter().all(|(exchange, _)| exchange.status < 500) {
        // For a burst of errors.
        let failed = exchanges.first().map(|(exchange, _)| Exchange { status: 503, ..exchange.clone() });
        exchanges.extend(failed.map(|exchange| (exchange, 0.0)));
    }
    let resource = world.resource(exchanges);
    let page = world.single(resource, 0);
    world.actors.push(actor(first_client, &weights, page));
}

fn messages(world: &mut World, chance: &mut Chance, levels: &[Level]) {
    let first_client = world.clients.len() as u32;
    for address in pool(chance) {
        world.client(address, None, 0);
    }
    for level in levels {
        let exchange = |message: &String| Exchange {
            level: level.name.to_owned(),
            module: "core".to_owned(),
            message: message.clone().into_bytes(),
            ..Exchange::default()
        };
        let resource = world.resource(level.messages.iter().map(|message| (exchange(message), 1.0)).collect());
        let page = world.single(resource, 0);
        world.actors.push(actor(first_client, &binomial(), page));
    }
}

fn actor(first_client: u32, weights: &[f64], page: u32) -> Actor {
    Actor {
        first_client,
        clients: Alias::new(weights),
        first_page: page,
        pages: Alias::new(&[1.0]),
        entries: vec![0],
        entry: Alias::new(&[1.0]),
        ..Actor::default()
    }
}
