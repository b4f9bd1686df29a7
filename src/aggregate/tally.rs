//! What one worker has counted.
//!
//! Sums of bytes stop at 2^64 - 1 instead of starting anew: a hostile size makes them large, never small, and in any
//! order the same.
//!
//! A worker owns its tally: no lock, no atomic, no allocation once its tables are warm. Tallies are merged whole, now
//! and then, and `merge(a, merge(b, c))` equals any other order.
//!
//! Records go through the tables in batches, see `lookups`.

use super::bound::rank_of;
use super::histogram::Distribution;
use super::index::NOBODY;
use super::key::{Key, same};
use super::kinds::Kind;
use super::lookups::Lookups;
use super::memo::{LongMemo, Memo};
use super::messages::Messages;
use super::position::{Position, Samples};
use super::rows::Rows;
use super::sites::site;
use super::timeline::{Place, Share, Timeline};
use super::visitors::{List, RowOf, Visitor, Visitors};
use super::visits::Visits;
use super::zone::{WallClock, Zone};
use crate::format::record::{Access, ErrorEntry, NONE, Reason, Time};
use crate::scan::{chunk_at, lanes};
use arrayvec::ArrayVec;

pub use super::lookups::BATCH;

/// The row of the referrer that is not there.
const NO_REFERRER: u32 = 0;

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

impl Lines {
    /// Adds other lines.
    pub fn add(&mut self, other: &Lines) {
        self.each(other, |own, other| *own += other);
    }

    /// The lines counted since `before`, which are among these.
    pub fn since(&self, before: &Lines) -> Lines {
        let mut rest = self.clone();
        rest.each(before, |own, before| *own -= before);
        rest
    }

    fn each(&mut self, other: &Lines, with: impl Fn(&mut u64, u64)) {
        let Lines { lines, blank, records, heartbeats, filtered, glued, malformed } = self;
        with(lines, other.lines);
        with(blank, other.blank);
        with(records, other.records);
        with(heartbeats, other.heartbeats);
        with(filtered, other.filtered);
        with(glued, other.glued);
        malformed.iter_mut().zip(other.malformed).for_each(|(own, other)| with(own, other));
    }

    /// The sum over all kinds, which is that of all lines.
    pub fn parts(&self) -> u64 {
        let Lines { lines: _, blank, records, heartbeats, filtered, glued: _, malformed } = self;
        [*blank, *records, *heartbeats, *filtered]
            .iter()
            .chain(malformed)
            .fold(0, |sum, part| sum.saturating_add(*part))
    }
}

/// Is told of each record that a tally counts, with the rows that it found for it.
pub trait Watch {
    /// A request, its client's and its path's row.
    fn request(&mut self, record: &Access<'_>, client: u32, path: u32);
    /// An entry of an error log, its client's row and its message's.
    fn entry(&mut self, entry: &ErrorEntry<'_>, client: Option<u32>, message: u32);
    /// Rows of the tally are about to go, and others to get new numbers.
    fn before_rows_go(&mut self, tally: &Tally);
    /// A sign of life, of this time if it says so.
    fn heartbeat(&mut self, time: Option<Time>) {
        let _ = time;
    }
    /// Whether records are counted by the tally. If not, they have no rows, and their numbers are 0.
    const COUNTS: bool = true;
}

/// Nobody watches.
impl Watch for () {
    #[inline(always)]
    fn request(&mut self, _: &Access<'_>, _: u32, _: u32) {}
    #[inline(always)]
    fn entry(&mut self, _: &ErrorEntry<'_>, _: Option<u32>, _: u32) {}
    #[inline(always)]
    fn before_rows_go(&mut self, _: &Tally) {}
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
    /// The last time that was noted, and where it belongs: most lines share their second with the line before.
    pub(super) last_time: Option<Time>,
    last_place: Place,
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
    /// Of the agents that have no row any more, the sums by family and by system, and of bots: hits and bytes.
    pub(super) past_browsers: Rows,
    pub(super) past_systems: Rows,
    pub(super) past_bots: (u64, u64),
    pub(super) visitors: Visitors,
    /// The visitors of rows, once the last merge has counted them.
    pub(super) visits: Option<Visits>,
    pub(super) levels: [u64; 8],
    pub(super) modules: Rows,
    pub(super) messages: Messages,
    pub(super) method_memo: Memo,
    pub(super) protocol_memo: Memo,
    pub(super) agent_memo: LongMemo,
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

/// What the later stages need of a record.
struct Item<'line> {
    client: &'line [u8],
    path: &'line [u8],
    referrer: &'line [u8],
    visitor: Visitor,
    bucket: u32,
    /// The bucket as a bit of its day's mask, where it has one.
    bit: u32,
    bytes: u64,
}

impl Tally {
    /// An empty tally.
    pub fn new(settings: &Settings) -> Tally {
        let mut tally = Tally::without_rows(settings);
        // The absent referrer has the first row, so that it is known by its number.
        let none = tally.referrers.intern(&Key::new(NONE));
        debug_assert_eq!(none, NO_REFERRER);
        tally.site_of.push(None);
        tally
    }

    fn without_rows(settings: &Settings) -> Tally {
        Tally {
            lines: Lines::default(),
            samples: Samples::default(),
            keep_query: settings.keep_query,
            clock: WallClock::new(settings.zone.clone()),
            period: None,
            last_time: None,
            last_place: Place::default(),
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
            past_browsers: Rows::default(),
            past_systems: Rows::default(),
            past_bots: (0, 0),
            visitors: Visitors::default(),
            visits: None,
            levels: [0; 8],
            modules: Rows::default(),
            messages: Messages::default(),
            method_memo: Memo::default(),
            protocol_memo: Memo::default(),
            agent_memo: LongMemo::default(),
        }
    }

    /// Counts access records, at most [`BATCH`] of them, most of whose texts lie in `text`; `watch` is told of each.
    pub fn add(&mut self, text: &[u8], records: &[Access<'_>], watch: &mut impl Watch) {
        let mut items = ArrayVec::<Item<'_>, BATCH>::new();
        for record in records.iter().take(BATCH) {
            items.push(self.count_dense(text, record));
        }
        let (mut clients, mut paths, mut referrers) = (Lookups::default(), Lookups::default(), Lookups::default());
        self.clients.seek(items.iter().map(|item| item.client), text, &mut clients);
        self.paths.seek(items.iter().map(|item| item.path), text, &mut paths);
        self.referrers.seek(items.iter().map(|item| item.referrer), text, &mut referrers);

        self.clients.guess(&mut clients);
        self.paths.guess(&mut paths);
        self.referrers.guess(&mut referrers);

        self.clients.count(&mut clients, items.iter().map(|item| item.bytes));
        let mut hashes = ArrayVec::<_, BATCH>::new();
        for (item, client) in items.iter_mut().zip(&clients.rows) {
            item.visitor.client = *client;
            let hash = item.visitor.hash();
            self.visitors.prefetch_slot(hash);
            hashes.push(hash);
        }
        self.paths.count(&mut paths, items.iter().map(|item| item.bytes));
        self.referrers.count(&mut referrers, items.iter().map(|item| item.bytes));
        let guesses: ArrayVec<_, BATCH> = hashes.iter().map(|hash| self.visitors.prefetch_card(*hash)).collect();
        let views = self.count_views(records, &items, &paths);

        for ((record, client), (path, referrer)) in
            records.iter().zip(&clients.rows).zip(paths.rows.iter().zip(&referrers.rows))
        {
            watch.request(record, *client, *path);
            if *referrer as usize == self.site_of.len() {
                let site = site(record.referrer).map(|site| self.sites.intern(&Key::new(site)));
                self.site_of.push(site);
            }
        }
        let rows = paths.rows.iter().zip(&referrers.rows).zip(&views);
        for ((item, (hash, guess)), ((path, referrer), view)) in items.iter().zip(hashes.iter().zip(&guesses)).zip(rows)
        {
            let rank = |kind| rank_of(&self.clients, &self.agents, item.visitor, kind);
            let id = self.visitors.intern_guessed(*guess, *hash, item.visitor, rank);
            let referrer = if *referrer == NO_REFERRER { RowOf::NONE } else { RowOf::new(List::Referrer, *referrer) };
            self.visitors.note(id, item.bit, [RowOf::new(List::Path, *path), referrer]);
            if *view != RowOf::NONE {
                self.visitors.note(id, 0, [*view, RowOf::NONE]);
            }
            if self.timeline.share() == Share::Odd {
                self.visitors.note(id, 0, [RowOf::new(List::Bucket, item.bucket), RowOf::NONE]);
            }
        }
        self.method_memo.settle(&mut self.methods);
        self.protocol_memo.settle(&mut self.protocols);
        self.visitors.settle();
        self.lines.records += records.len().min(BATCH) as u64;
    }

    /// Counts the records whose paths belong to a view too, which are few; says which row of which.
    #[inline(always)]
    fn count_views(&mut self, records: &[Access<'_>], items: &[Item<'_>], paths: &Lookups<'_>) -> [RowOf; BATCH] {
        let mut rows = [RowOf::NONE; BATCH];
        let mut few = ArrayVec::<_, BATCH>::new();
        for (at, (record, hash)) in records.iter().zip(&paths.hashes).enumerate() {
            if let Some((view, _)) = self.view(record.status) {
                view.prefetch_slot(*hash);
                few.push((at, NOBODY));
            }
        }
        for (at, guess) in &mut few {
            if let Some((view, _)) = self.view(records[*at].status) {
                *guess = view.prefetch_entry(paths.hashes[*at]);
            }
        }
        for (at, guess) in few {
            if let Some((view, list)) = self.view(records[at].status) {
                let row = view.intern_guessed(guess, paths.hashes[at], &paths.keys[at]);
                view.add(row, 1, items[at].bytes);
                rows[at] = RowOf::new(list, row);
            }
        }
        rows
    }

    /// The view of paths that a status belongs to.
    #[inline(always)]
    fn view(&mut self, status: u16) -> Option<(&mut Rows, List)> {
        match status {
            404 => Some((&mut self.not_found, List::NotFound)),
            500..600 => Some((&mut self.server_errors, List::ServerError)),
            _ => None,
        }
    }

    /// What needs no large table: the counters that are always in the cache.
    #[inline(always)]
    fn count_dense<'line>(&mut self, text: &[u8], record: &Access<'line>) -> Item<'line> {
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
        self.method_memo.add(&mut self.methods, record.method, bytes);
        self.protocol_memo.add(&mut self.protocols, record.protocol, bytes);
        count_text(&mut self.vhosts, text, record.vhost, bytes);
        count_text(&mut self.users, text, record.user, bytes);
        let agent = self.agent_row(text, record.agent);
        self.agents.add(agent, 1, bytes);

        let Place { row: bucket, day, bit } = self.place(&record.time);
        let counts = self.timeline.at(bucket);
        counts.hits += 1;
        counts.bytes = counts.bytes.saturating_add(bytes);
        counts.errors += u64::from((500..600).contains(&record.status));
        counts.client_errors += u64::from((400..500).contains(&record.status));
        let path = self.path_key(text, record);
        let kind = self.visitors.kinds.number(Kind { agent, day });
        let visitor = Visitor { client: 0, kind };
        Item { client: record.client, path, referrer: record.referrer, visitor, bucket, bit, bytes }
    }

    #[inline(always)]
    fn agent_row(&mut self, text: &[u8], agent: &[u8]) -> u32 {
        if let Some(row) = self.agent_memo.row(agent, |row| same(self.agents.key_of(row), agent)) {
            return row;
        }
        let row = self.agents.intern(&Key::within(agent, text));
        self.agent_memo.remember(agent, row);
        row
    }

    /// The path of a record as it is counted; `text` is where it most often lies.
    #[inline(always)]
    fn path_key<'line>(&self, text: &[u8], record: &Access<'line>) -> &'line [u8] {
        let target = record.target;
        if self.keep_query {
            return target;
        }
        let offset = target.as_ptr().addr().wrapping_sub(text.as_ptr().addr());
        match chunk_at(text, offset) {
            Some(block) if target.len() <= 64 => {
                let query = lanes::equal_bytes(block, b'?').trailing_zeros() as usize;
                // As `Access::path` has it, a query alone is its own path.
                if query < target.len() && query > 0 { &target[..query] } else { target }
            }
            _ => record.path(),
        }
    }

    /// Notes a time; says where it belongs on the wall clock that counts.
    #[inline(always)]
    fn place(&mut self, time: &Time) -> Place {
        if self.last_time != Some(*time) {
            self.see_time(time);
        }
        self.last_place
    }

    #[inline(never)]
    fn see_time(&mut self, time: &Time) {
        self.widen(time);
        let wall = self.clock.at(time);
        self.offsets.add(wall.offset_seconds);
        self.last_place = self.timeline.place(wall.wall_seconds);
        self.last_time = Some(*time);
    }

    /// Widens the period so that it holds a time. Of two offsets at one instant the lesser one is first, so that the
    /// order of records does not matter.
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

    /// Counts an error-log entry, which stands at `at`; `watch` is told of it.
    pub fn add_error(&mut self, entry: &ErrorEntry<'_>, at: Position, watch: &mut impl Watch) {
        self.lines.records += 1;
        self.levels[entry.level as usize] += 1;
        if let Some(time) = &entry.time {
            let place = self.place(time);
            let counts = self.timeline.at(place.row);
            counts.hits += 1;
            counts.errors += u64::from(entry.level.is_error());
        }
        let [_, client] = [(&mut self.modules, entry.module), (&mut self.clients, entry.client)].map(|(rows, key)| {
            (key != NONE).then(|| {
                let row = rows.intern(&Key::new(key));
                rows.add(row, 1, 0);
                row
            })
        });
        let message = self.messages.add(entry, at);
        watch.entry(entry, client, message);
    }

    /// The client of a row that a [`Watch`] was told of.
    pub fn client_of(&self, row: u32) -> &[u8] {
        self.clients.key_of(row)
    }

    /// The path of such a row.
    pub fn path_of(&self, row: u32) -> &[u8] {
        self.paths.key_of(row)
    }

    /// The masked message of such a row.
    pub fn message_of(&self, row: u32) -> &[u8] {
        self.messages.rows().key_of(row)
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

/// Counts a text of which most logs have none.
#[inline(always)]
fn count_text(rows: &mut Rows, around: &[u8], text: &[u8], bytes: u64) {
    if text != NONE {
        let row = rows.intern(&Key::within(text, around));
        rows.add(row, 1, bytes);
    }
}
