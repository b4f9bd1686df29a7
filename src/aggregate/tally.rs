//! What one worker has counted.
//!
//! Sums of bytes stop at 2^64 - 1 instead of starting anew: a hostile size makes them large, never small, and in any
//! order the same.
//!
//! A worker owns its tally: no lock, no atomic, no allocation once its tables are warm. Tallies are merged whole, now
//! and then, and `merge(a, merge(b, c))` equals any other order.
//!
//! Why batches: the tables of a large log do not fit in the cache, and a look-up waits for memory some hundred cycles.
//! So a batch of records goes through the tables in stages: hash all keys and ask for their index slots; ask for their
//! entries; only then count. By the time a stage looks, the memory has arrived.

use super::histogram::Distribution;
use super::memo::Memo;
use super::messages::Messages;
use super::position::{Position, Samples};
use super::rows::Rows;
use super::sites::site;
use super::timeline::{DAY_SECONDS, Share, Timeline};
use super::visitors::{List, Pair, RowOf, Seen, Visitor, Visitors};
use super::zone::{WallClock, Zone};
use crate::format::record::{Access, ErrorEntry, NONE, Reason, Time};
use arrayvec::ArrayVec;

/// Records that go through the tables together: enough to hide the wait, few enough to stay in the first cache.
pub const BATCH: usize = 64;

/// How to count.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Seconds that a bucket of the timeline spans.
    pub bucket_seconds: u64,
    /// Whether the query is part of a path.
    pub keep_query: bool,
    /// The wall clock of days and buckets.
    pub zone: Zone,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { bucket_seconds: 3600, keep_query: false, zone: Zone::Log }
    }
}

/// Lines by what they turned out to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Lines {
    /// All lines.
    pub lines: u64,
    /// Empty ones and directives.
    pub blank: u64,
    /// Counted records.
    pub records: u64,
    /// Signs of life.
    pub heartbeats: u64,
    /// Left out by a filter.
    pub filtered: u64,
    /// Further records glued to a record.
    pub glued: u64,
    /// Not understood, by the number of the reason.
    pub malformed: [u64; Reason::ALL.len()],
}

/// The counts of a share of the input.
pub struct Tally {
    /// Lines by kind.
    pub lines: Lines,
    /// The first malformed lines.
    pub samples: Samples,
    pub(super) keep_query: bool,
    pub(super) clock: WallClock,
    pub(super) period: Option<(Time, Time)>,
    pub(super) offsets: Offsets,
    pub(super) bytes_sent: u64,
    pub(super) bytes_read: u64,
    pub(super) status: Vec<(u64, u64)>,
    pub(super) sizes: Distribution,
    pub(super) latency: Distribution,
    pub(super) timeline: Timeline,
    pub(super) methods: Rows,
    pub(super) protocols: Rows,
    pub(super) vhosts: Rows,
    pub(super) users: Rows,
    pub(super) paths: Rows,
    pub(super) not_found: Rows,
    pub(super) server_errors: Rows,
    pub(super) clients: Rows,
    pub(super) referrers: Rows,
    pub(super) sites: Rows,
    /// The site of each referrer, by its row.
    pub(super) site_of: Vec<Option<u32>>,
    pub(super) agents: Rows,
    pub(super) visitors: Visitors,
    /// Visitors that the last merge counted without keeping them.
    pub(super) visitors_elsewhere: usize,
    pub(super) levels: [u64; 8],
    pub(super) modules: Rows,
    pub(super) messages: Messages,
    method_memo: Memo,
    protocol_memo: Memo,
}

/// Whether all records share one offset from UTC, and which.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Offsets {
    /// No record yet.
    #[default]
    None,
    /// All the same, in seconds.
    One(i32),
    /// Different ones.
    Many,
}

impl Offsets {
    #[inline(always)]
    fn add(&mut self, offset: i32) {
        if *self != Offsets::One(offset) {
            *self = if *self == Offsets::None { Offsets::One(offset) } else { Offsets::Many };
        }
    }

    pub(super) fn merge(&mut self, other: Offsets) {
        match other {
            Offsets::None => {}
            Offsets::One(offset) => self.add(offset),
            Offsets::Many => *self = Offsets::Many,
        }
    }
}

/// Pairs that the records of a batch leave for its end: at most a path, a referrer and a view each.
type Pairs = ArrayVec<Pair, { 3 * BATCH }>;

/// What the later stages need of a record.
struct Item {
    client: u32,
    path: u32,
    referrer: u32,
    agent: u32,
    day: i32,
    second: u32,
    bucket: u32,
    bytes: u64,
}

impl Tally {
    /// An empty tally.
    pub fn new(settings: &Settings) -> Tally {
        Tally {
            lines: Lines::default(),
            samples: Samples::default(),
            keep_query: settings.keep_query,
            clock: WallClock::new(settings.zone.clone()),
            period: None,
            offsets: Offsets::None,
            bytes_sent: 0,
            bytes_read: 0,
            status: vec![(0, 0); 1000],
            sizes: Distribution::default(),
            latency: Distribution::default(),
            timeline: Timeline::new(settings.bucket_seconds),
            methods: Rows::default(),
            protocols: Rows::default(),
            vhosts: Rows::default(),
            users: Rows::default(),
            paths: Rows::default(),
            not_found: Rows::default(),
            server_errors: Rows::default(),
            clients: Rows::default(),
            referrers: Rows::default(),
            sites: Rows::default(),
            site_of: Vec::new(),
            agents: Rows::default(),
            visitors: Visitors::default(),
            visitors_elsewhere: 0,
            levels: [0; 8],
            modules: Rows::default(),
            messages: Messages::default(),
            method_memo: Memo::default(),
            protocol_memo: Memo::default(),
        }
    }

    /// Counts access records, at most [`BATCH`] of them.
    pub fn add(&mut self, records: &[Access<'_>]) {
        let mut items = ArrayVec::<Item, BATCH>::new();
        for record in records.iter().take(BATCH) {
            let item = self.count_dense(record);
            self.clients.prefetch_slot(item.client);
            self.paths.prefetch_slot(item.path);
            self.referrers.prefetch_slot(item.referrer);
            items.push(item);
        }
        for item in &items {
            self.clients.prefetch_entry(item.client);
            self.paths.prefetch_entry(item.path);
            self.referrers.prefetch_entry(item.referrer);
        }
        let mut visitors = ArrayVec::<(u32, Visitor), BATCH>::new();
        for (record, item) in records.iter().zip(&items) {
            let client = self.clients.intern(item.client, record.client);
            self.clients.add(client, 1, item.bytes);
            let visitor = Visitor { client, agent: item.agent, day: item.day };
            let hash = Visitors::hash(visitor);
            self.visitors.prefetch_slot(hash);
            visitors.push((hash, visitor));
        }
        for &(hash, _) in &visitors {
            self.visitors.prefetch_card(hash);
        }
        let mut pairs = Pairs::new();
        for ((record, item), &(hash, visitor)) in records.iter().zip(&items).zip(&visitors) {
            self.count_visitor(record, item, hash, visitor, &mut pairs);
        }
        for pair in pairs {
            if self.visitors.first_of_pair(pair) {
                let (visitor, row) = pair.parts();
                self.add_visitor(visitor, row);
            }
        }
        self.lines.records += records.len().min(BATCH) as u64;
    }

    /// What needs no large table: the counters that are always in the cache.
    #[inline(always)]
    fn count_dense(&mut self, record: &Access<'_>) -> Item {
        let bytes = record.bytes_sent.unwrap_or(0);
        if let Some(bytes) = record.bytes_sent {
            self.sizes.record(bytes);
            self.bytes_sent = self.bytes_sent.saturating_add(bytes);
        }
        if let Some(bytes) = record.bytes_read {
            self.bytes_read = self.bytes_read.saturating_add(bytes);
        }
        if let Some(micros) = record.latency_micros {
            self.latency.record(micros);
        }
        if let Some((hits, sum)) = self.status.get_mut(usize::from(record.status)) {
            *hits += 1;
            *sum = sum.saturating_add(bytes);
        }
        let (methods, protocols) = (&mut self.methods, &mut self.protocols);
        let method = self.method_memo.row(record.method, |key| methods.intern(methods.hash(key), key));
        methods.add(method, 1, bytes);
        let protocol = self.protocol_memo.row(record.protocol, |key| protocols.intern(protocols.hash(key), key));
        protocols.add(protocol, 1, bytes);
        for (rows, key) in [(&mut self.vhosts, record.vhost), (&mut self.users, record.user)] {
            if key != NONE {
                let row = rows.intern(rows.hash(key), key);
                rows.add(row, 1, bytes);
            }
        }
        let agent = self.agents.intern(self.agents.hash(record.agent), record.agent);
        self.agents.add(agent, 1, bytes);

        let time = self.see_time(&record.time);
        let bucket = self.timeline.row(time.wall_seconds);
        let counts = self.timeline.at(bucket);
        counts.hits += 1;
        counts.bytes = counts.bytes.saturating_add(bytes);
        counts.errors += u64::from((500..600).contains(&record.status));
        counts.client_errors += u64::from((400..500).contains(&record.status));
        Item {
            client: self.clients.hash(record.client),
            path: self.paths.hash(self.path_key(record)),
            referrer: self.referrers.hash(record.referrer),
            agent,
            day: time.wall_seconds.div_euclid(DAY_SECONDS) as i32,
            second: time.wall_seconds.rem_euclid(DAY_SECONDS) as u32,
            bucket,
            bytes,
        }
    }

    #[inline(always)]
    fn path_key<'line>(&self, record: &Access<'line>) -> &'line [u8] {
        if self.keep_query { record.target } else { record.path() }
    }

    /// Notes a time; returns it on the wall clock that counts.
    #[inline(always)]
    fn see_time(&mut self, time: &Time) -> Time {
        self.widen(time);
        let time = self.clock.at(time);
        self.offsets.add(time.offset_seconds);
        time
    }

    /// Widens the period so that it holds a time. Of two offsets at one instant the lesser one is first, so that the
    /// order of records does not matter.
    #[inline(always)]
    pub(super) fn widen(&mut self, time: &Time) {
        let instant = |time: &Time| (time.unix_seconds(), time.nanos, time.offset_seconds);
        match &mut self.period {
            None => self.period = Some((*time, *time)),
            Some((first, last)) => {
                if instant(time) < instant(first) {
                    *first = *time;
                }
                if instant(time) > instant(last) {
                    *last = *time;
                }
            }
        }
    }

    /// The last stage: the visitor, and the rows in which it may be new.
    #[inline(always)]
    fn count_visitor(&mut self, record: &Access<'_>, item: &Item, hash: u32, visitor: Visitor, pairs: &mut Pairs) {
        let path_key = self.path_key(record);
        let path = self.paths.intern(item.path, path_key);
        self.paths.add(path, 1, item.bytes);
        let (id, new) = self.visitors.intern(hash, visitor);
        if new {
            self.clients.add_visitor(visitor.client);
            self.agents.add_visitor(visitor.agent);
        }
        let new_in_bucket = match self.timeline.share() {
            Share::OfDay(seconds) => self.visitors.first_in_bucket(id, item.second / seconds as u32),
            Share::Days => new,
            Share::Odd => self.visitors.first_in_row(id, RowOf::new(List::Bucket, item.bucket)),
        };
        self.timeline.at(item.bucket).visitors += u64::from(new_in_bucket);
        self.see_row(id, RowOf::new(List::Path, path), pairs);
        if record.referrer != NONE {
            let referrer = self.count_referrer(record.referrer, item);
            self.see_row(id, RowOf::new(List::Referrer, referrer), pairs);
        }
        let (view, list) = match record.status {
            404 => (&mut self.not_found, List::NotFound),
            500..600 => (&mut self.server_errors, List::ServerError),
            _ => return,
        };
        let row = view.intern(item.path, path_key);
        view.add(row, 1, item.bytes);
        self.see_row(id, RowOf::new(list, row), pairs);
    }

    /// Counts the visitor in a row if it is new there, or leaves the question for the end of the batch.
    #[inline(always)]
    fn see_row(&mut self, visitor: u32, row: RowOf, pairs: &mut Pairs) {
        match self.visitors.look(visitor, row) {
            Seen::First => self.add_visitor(visitor, row),
            Seen::Again => {}
            // There is room for all that a batch can ask.
            Seen::Ask(pair) => pairs.push(pair),
        }
    }

    /// Counts a visitor in a row in which it is new.
    #[inline(always)]
    pub(super) fn add_visitor(&mut self, visitor: u32, row: RowOf) {
        match row.parts() {
            (List::Path, row) => self.paths.add_visitor(row),
            (List::NotFound, row) => self.not_found.add_visitor(row),
            (List::ServerError, row) => self.server_errors.add_visitor(row),
            (List::Referrer, row) => {
                self.referrers.add_visitor(row);
                // Who has seen a referrer has seen its site.
                if let Some(site) = self.site_of[row as usize]
                    && self.visitors.first_in_row(visitor, RowOf::new(List::Site, site))
                {
                    self.sites.add_visitor(site);
                }
            }
            (List::Site, row) => self.sites.add_visitor(row),
            (List::Bucket, row) => self.timeline.at(row).visitors += 1,
        }
    }

    #[inline(always)]
    fn count_referrer(&mut self, key: &[u8], item: &Item) -> u32 {
        let referrer = self.referrers.intern(item.referrer, key);
        self.referrers.add(referrer, 1, item.bytes);
        if self.site_of.len() < self.referrers.len() {
            let site = site(key).map(|site| self.sites.intern(self.sites.hash(site), site));
            self.site_of.push(site);
        }
        referrer
    }

    /// Counts an error-log entry, which stands at `at`.
    pub fn add_error(&mut self, entry: &ErrorEntry<'_>, at: Position) {
        self.lines.records += 1;
        self.levels[entry.level as usize] += 1;
        if let Some(time) = &entry.time {
            let wall = self.see_time(time);
            let bucket = self.timeline.row(wall.wall_seconds);
            let counts = self.timeline.at(bucket);
            counts.hits += 1;
            counts.errors += u64::from(entry.level.is_error());
        }
        for (rows, key) in [(&mut self.modules, entry.module), (&mut self.clients, entry.client)] {
            if key != NONE {
                let row = rows.intern(rows.hash(key), key);
                rows.add(row, 1, 0);
            }
        }
        self.messages.add(entry, at);
    }

    /// Counts a line that was not understood.
    pub fn add_malformed(&mut self, reason: Reason, line: &[u8], at: Position) {
        self.lines.malformed[reason as usize] += 1;
        self.samples.offer(at, reason, line);
    }

    /// Where the samples and the examples stand, to turn pieces into line numbers.
    pub fn positions_mut(&mut self) -> impl Iterator<Item = &mut Position> {
        let samples = self.samples.as_mut_slice().iter_mut().map(|sample| &mut sample.at);
        samples.chain(self.messages.groups_mut().iter_mut().map(|group| &mut group.at))
    }

    /// Bytes that its tables take.
    pub fn memory_bytes(&self) -> usize {
        let rows = [
            &self.methods,
            &self.protocols,
            &self.vhosts,
            &self.users,
            &self.paths,
            &self.not_found,
            &self.server_errors,
            &self.clients,
            &self.referrers,
            &self.sites,
            &self.agents,
            &self.modules,
        ];
        rows.into_iter().map(Rows::memory_bytes).sum::<usize>() + self.visitors.memory_bytes()
    }
}
