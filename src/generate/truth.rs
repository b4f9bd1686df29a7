//! The truth: what an exact analysis of the delivered lines must report.
//!
//! Counted from the facts of the maker and never from the text, so that no mistake is shared with a parser. One truth a
//! sink: it counts what that sink delivered. A fact is a handful of numbers of the plan's tables, so counting a line is adding
//! to arrays; what a number stands for is looked up once, when the report is written (`truth_report`).

use super::block::{Block, Fact, Kind};
use super::carried::Carried;
use super::layout::Log;
use super::odd::{Is, Odd};
use super::plan::Plan;
use super::spread::Spread;
use super::truth_report;
use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;

/// Seconds of a bucket of time.
pub(super) const BUCKET_SECONDS: i64 = 3600;

/// What a truth says of itself beside the counts.
#[derive(Clone, Debug, Default)]
pub struct Delivery {
    /// The sink, as its flag names it: a path, `-`, `tcp://127.0.0.1:5555`.
    pub name: String,
    /// Wall time of the run, in seconds.
    pub elapsed_seconds: f64,
    /// The run was interrupted: the counts are of what was delivered until then.
    pub partial: bool,
    /// Why it is not sure that what was accepted also arrived (a connection that was reset); `None` where it is.
    pub uncertain: Option<String>,
}

/// Hits and bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cell {
    pub hits: u64,
    pub bytes: u64,
}

impl Cell {
    #[inline]
    fn add(&mut self, bytes: u64) {
        self.hits += 1;
        self.bytes += bytes;
    }

    fn merge(&mut self, other: &Cell) {
        self.hits += other.hits;
        self.bytes += other.bytes;
    }
}

/// Hits and bytes of each number of a table.
#[derive(Clone, Debug, Default)]
pub(super) struct Table(pub Vec<Cell>);

impl Table {
    fn of(count: usize) -> Table {
        Table(vec![Cell::default(); count])
    }

    #[inline]
    fn add(&mut self, number: u32, bytes: u64) {
        if let Some(cell) = self.0.get_mut(number as usize) {
            cell.add(bytes);
        }
    }

    fn merge(&mut self, other: &Table) {
        self.0.iter_mut().zip(&other.0).for_each(|(mine, theirs)| mine.merge(theirs));
    }
}

/// A bucket of time.
#[derive(Clone, Debug, Default)]
pub(super) struct Bucket {
    pub all: Cell,
    pub errors: u64,
    pub client_errors: u64,
    /// One bit a visitor.
    pub visitors: Vec<u64>,
}

/// What was delivered, counted.
#[derive(Clone, Debug)]
pub struct Truth {
    pub(super) plan: Arc<Plan>,
    pub(super) carried: Carried,
    pub(super) lines: u64,
    pub(super) text_bytes: u64,
    pub(super) heartbeats: u64,
    pub(super) odd: BTreeMap<Odd, u64>,
    pub(super) exchanges: Table,
    pub(super) clients: Table,
    pub(super) referrers: Table,
    pub(super) buckets: BTreeMap<i64, Bucket>,
    pub(super) sizes: Spread,
    pub(super) latencies: Spread,
    /// First and last second of records.
    pub(super) period: Option<(i32, i32)>,
    /// The visitor that each client is.
    visitor_of: Arc<Vec<u32>>,
    /// Whether each exchange counts among the errors of a bucket: 0 no, 1 as a client's, 2 as the server's.
    errors_of: Arc<Vec<u8>>,
}

impl Truth {
    /// Nothing yet.
    pub fn new(plan: Arc<Plan>) -> Truth {
        let carried = Carried::by(&plan.layout);
        let world = &plan.world;
        let mut known: HashMap<(&str, u32), u32> = HashMap::new();
        let visitor_of = world.clients.iter().map(|client| {
            let who = (
                if carried.client { client.address.as_str() } else { "-" },
                if carried.agent { client.agent } else { 0 },
            );
            let next = known.len() as u32;
            *known.entry(who).or_insert(next)
        });
        let visitor_of: Vec<u32> = match plan.settings.log {
            Log::Access => visitor_of.collect(),
            Log::Error => Vec::new(),
        };
        let error =
            |exchange: &super::world::Exchange| match (exchange.status, exchange.level.to_ascii_lowercase().as_str()) {
                (400..500, _) => 1,
                (500..600, _) | (_, "error" | "crit" | "critical" | "alert" | "emerg") => 2,
                _ => 0,
            };
        Truth {
            carried,
            lines: 0,
            text_bytes: 0,
            heartbeats: 0,
            odd: BTreeMap::new(),
            exchanges: Table::of(world.exchanges.len()),
            clients: Table::of(world.clients.len()),
            referrers: Table::of(world.referrers.len()),
            buckets: BTreeMap::new(),
            sizes: Spread::default(),
            latencies: Spread::default(),
            period: None,
            errors_of: Arc::new(world.exchanges.iter().map(error).collect()),
            visitor_of: Arc::new(visitor_of),
            plan,
        }
    }

    /// Adds these lines of a block (counted within it), which must have been made with facts.
    pub fn add(&mut self, block: &Block, lines: Range<usize>) {
        self.text_bytes += block.span(lines.clone()).len() as u64;
        let facts = block.facts().get(lines).unwrap_or_default();
        self.lines += facts.len() as u64;
        // Lines of the same hour stand together.
        let mut rest = facts;
        while let Some(first) = rest.first() {
            let hour = self.hour(first);
            let same = rest.iter().position(|fact| self.hour(fact) != hour).unwrap_or(rest.len());
            let (those, behind) = rest.split_at(same.max(1));
            self.add_hour(hour, those);
            rest = behind;
        }
    }

    /// The number of the bucket of a line, by the wall clock.
    #[inline]
    fn hour(&self, fact: &Fact) -> i64 {
        let from = self.plan.settings.from;
        let wall = from.unix_nanos.div_euclid(1_000_000_000) + i64::from(from.offset_seconds);
        (wall + i64::from(fact.second)).div_euclid(BUCKET_SECONDS)
    }

    fn add_hour(&mut self, hour: i64, facts: &[Fact]) {
        let mut bucket = self.buckets.remove(&hour).unwrap_or_default();
        bucket.visitors.resize(self.visitor_of.len().div_ceil(64), 0);
        let (mut first, mut last) = self.period.unwrap_or((i32::MAX, i32::MIN));
        for fact in facts {
            match fact.kind {
                Kind::Record => {}
                Kind::Heartbeat => {
                    self.heartbeats += 1;
                    continue;
                }
                Kind::Odd(odd) => {
                    *self.odd.entry(odd).or_default() += 1;
                    if odd.is() != Is::Record {
                        continue;
                    }
                }
            }
            (first, last) = (first.min(fact.second), last.max(fact.second));
            let bytes = self.carried.bytes_of(fact.bytes);
            let sum = u64::from(bytes.unwrap_or(0));
            self.exchanges.add(fact.exchange, sum);
            self.clients.add(fact.client, sum);
            self.referrers.add(fact.referrer, sum);
            if let Some(bytes) = bytes {
                self.sizes.add(bytes);
            }
            if self.carried.latency.is_some() {
                self.latencies.add(self.carried.latency_of(fact.latency_micros));
            }
            bucket.all.add(sum);
            // An error log has messages and no visitors: there the table is empty.
            if let Some(visitor) = self.visitor_of.get(fact.client as usize)
                && let Some(bits) = bucket.visitors.get_mut(*visitor as usize / 64)
            {
                *bits |= 1 << (visitor % 64);
            }
            match self.errors_of.get(fact.exchange as usize) {
                Some(1) => bucket.client_errors += 1,
                Some(2) => bucket.errors += 1,
                _ => {}
            }
        }
        if first <= last {
            self.period = Some((first, last));
        }
        if bucket.all.hits > 0 {
            self.buckets.insert(hour, bucket);
        }
    }

    /// Adds what another truth of the same plan has counted.
    pub fn merge(&mut self, other: &Truth) {
        self.lines += other.lines;
        self.text_bytes += other.text_bytes;
        self.heartbeats += other.heartbeats;
        other.odd.iter().for_each(|(odd, count)| *self.odd.entry(*odd).or_default() += count);
        self.exchanges.merge(&other.exchanges);
        self.clients.merge(&other.clients);
        self.referrers.merge(&other.referrers);
        self.sizes.merge(&other.sizes);
        self.latencies.merge(&other.latencies);
        for (hour, theirs) in &other.buckets {
            let mine = self.buckets.entry(*hour).or_default();
            mine.all.merge(&theirs.all);
            mine.errors += theirs.errors;
            mine.client_errors += theirs.client_errors;
            mine.visitors.resize(mine.visitors.len().max(theirs.visitors.len()), 0);
            mine.visitors.iter_mut().zip(&theirs.visitors).for_each(|(mine, theirs)| *mine |= theirs);
        }
        self.period = match (self.period, other.period) {
            (Some((first, last)), Some(theirs)) => Some((first.min(theirs.0), last.max(theirs.1))),
            (mine, theirs) => mine.or(theirs),
        };
    }

    /// Lines so far.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Bytes so far, line ends too.
    pub fn bytes(&self) -> u64 {
        self.text_bytes
    }

    /// Writes the report, schema 1, and a final newline.
    pub fn write(&self, delivery: &Delivery, out: &mut dyn Write) -> io::Result<()> {
        truth_report::write(self, delivery, out)
    }
}
