//! Who and what there is: clients, agents, requests with their answers, pages, and those who walk from page to page.
//!
//! All of it lies in flat tables and is named by its number there, so that a line is a handful of numbers, its facts are
//! the same numbers, and counting them is adding to arrays.

use super::alias::{self, Alias, Cell};
use std::collections::HashMap;
use std::ops::Range;

/// The client of lines that have none.
pub(super) const NOBODY: u32 = 0;
/// The agent and the referrer that are not there.
pub(super) const ABSENT: u32 = 0;
/// In [`Step::referrer`]: whatever led to the page.
pub(super) const AS_PAGE: u32 = u32::MAX;

/// Who asks.
#[derive(Clone, Debug, Default)]
pub(super) struct Client {
    /// Its address.
    pub address: String,
    /// Its user name, where it is logged in.
    pub user: Option<String>,
    /// Its agent.
    pub agent: u32,
}

/// A request and its answer, or a message of an error log.
#[derive(Clone, Debug, Default)]
pub(super) struct Exchange {
    /// The request line, where it is not method, target and protocol.
    pub request: Option<Vec<u8>>,
    /// The method; `-` where the request line cannot be taken apart.
    pub method: Vec<u8>,
    /// The target, with its query.
    pub target: Vec<u8>,
    /// The protocol.
    pub protocol: Vec<u8>,
    /// The status.
    pub status: u16,
    /// The virtual host.
    pub host: u32,
    /// How large the answer is.
    pub size: Size,
    /// Microseconds that it takes in the middle.
    pub latency_micros: u32,
    /// The same when the server fails.
    pub failed: u32,
    /// The level of a message, as it is written.
    pub level: String,
    /// The module that wrote it.
    pub module: String,
    /// The text.
    pub message: Vec<u8>,
    /// What follows the client in nginx's error log.
    pub tail: Vec<u8>,
    /// The line has no client.
    pub is_alone: bool,
}

/// How large an answer is, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Size {
    /// No body.
    #[default]
    None,
    /// A file.
    Fixed(u32),
    /// A page: log-normal around this.
    Around(u32),
    /// As Visor has it: even between these.
    Between(u32, u32),
}

/// A page view: the page, then what it needs.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Page {
    /// Where its steps begin, the page itself first.
    pub first: u32,
    /// How many there are.
    pub steps: u32,
    /// The same for who has been on the site before, and has the rest in the cache.
    pub first_again: u32,
    /// How many of these.
    pub steps_again: u32,
    /// The referrer of who goes on from here.
    pub url: u32,
}

/// A request of a page view.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// What is asked for.
    pub resource: u32,
    /// From where, or [`AS_PAGE`].
    pub referrer: u32,
}

/// Those who behave alike.
#[derive(Clone, Debug, Default)]
pub(super) struct Actor {
    /// Their share of the lines.
    pub share: f64,
    /// The first of them.
    pub first_client: u32,
    /// Which of them comes.
    pub clients: Alias,
    /// The first of their pages.
    pub first_page: u32,
    /// Which page is asked for.
    pub pages: Alias,
    /// Where they come from, and how often.
    pub entries: Vec<u32>,
    /// Which entry it is.
    pub entry: Alias,
    /// A page that is asked for first (`robots.txt`), with this probability.
    pub opening: Option<(u32, f64)>,
    /// The probability that they go on with another page.
    pub goes_on: f64,
    /// Whether who goes on tells where from.
    pub refers: bool,
    /// Whether one page follows another at once, as a crawler does it, and not after it has been read.
    pub is_hasty: bool,
}

/// All there is.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    pub clients: Vec<Client>,
    pub agents: Vec<String>,
    pub referrers: Vec<String>,
    pub hosts: Vec<String>,
    pub exchanges: Vec<Exchange>,
    /// One cell an exchange; those of a resource are a table.
    pub outcomes: Vec<Cell>,
    /// The exchanges of each resource.
    pub resources: Vec<Range<u32>>,
    pub pages: Vec<Page>,
    pub steps: Vec<Step>,
    pub actors: Vec<Actor>,
    known_agents: HashMap<String, u32>,
    known_referrers: HashMap<String, u32>,
}

impl World {
    /// Nobody, nowhere.
    pub fn new(host: &str) -> World {
        let mut world = World::default();
        world.clients.push(Client { address: "-".to_owned(), ..Client::default() });
        world.agent("-");
        world.referrer("-");
        world.hosts.push(host.to_owned());
        world
    }

    /// The number of an agent.
    pub fn agent(&mut self, agent: &str) -> u32 {
        intern(&mut self.agents, &mut self.known_agents, agent)
    }

    /// The number of a referrer.
    pub fn referrer(&mut self, referrer: &str) -> u32 {
        intern(&mut self.referrers, &mut self.known_referrers, referrer)
    }

    /// Adds a client.
    pub fn client(&mut self, address: String, user: Option<String>, agent: u32) -> u32 {
        self.clients.push(Client { address, user, agent });
        self.clients.len() as u32 - 1
    }

    /// Adds a resource: its exchanges by weight. The heaviest that failed is what it does when the server fails.
    pub fn resource(&mut self, exchanges: Vec<(Exchange, f64)>) -> u32 {
        let first = self.exchanges.len() as u32;
        let fails = |(exchange, _): &(Exchange, f64)| exchange.status >= 500;
        let failed = exchanges.iter().position(fails).unwrap_or(0) as u32;
        let weights: Vec<f64> = exchanges.iter().map(|(_, weight)| *weight).collect();
        alias::append(&mut self.outcomes, &weights);
        self.exchanges
            .extend(exchanges.into_iter().map(|(exchange, _)| Exchange { failed: first + failed, ..exchange }));
        self.resources.push(first..self.exchanges.len() as u32);
        self.resources.len() as u32 - 1
    }

    /// Adds an exchange that no resource leads to, for lines made on purpose.
    pub fn special(&mut self, exchange: Exchange) -> u32 {
        let resource = self.resource(vec![(exchange, 1.0)]);
        self.resources.get(resource as usize).map_or(0, |exchanges| exchanges.start)
    }

    /// Adds a page with the steps of a first view, and those of who has been on the site before.
    pub fn page(&mut self, url: u32, first_view: &[Step], again: &[Step]) -> u32 {
        let first = self.steps.len() as u32;
        self.steps.extend(first_view);
        let first_again = self.steps.len() as u32;
        self.steps.extend(again);
        let (steps, steps_again) = (first_view.len() as u32, again.len() as u32);
        self.pages.push(Page { first, steps, first_again, steps_again, url });
        self.pages.len() as u32 - 1
    }

    /// Adds a page of one request.
    pub fn single(&mut self, resource: u32, url: u32) -> u32 {
        let step = [Step { resource, referrer: AS_PAGE }];
        self.page(url, &step, &step)
    }
}

fn intern(texts: &mut Vec<String>, known: &mut HashMap<String, u32>, text: &str) -> u32 {
    if let Some(number) = known.get(text) {
        return *number;
    }
    texts.push(text.to_owned());
    let number = texts.len() as u32 - 1;
    known.insert(text.to_owned(), number);
    number
}
