//! The second way to count: GoAccess's, for a report whose figures can be compared with its own, key by key.
//!
//! It is a tally of its own, since it differs in what a row and a visitor are, not in how they are shown. Records come
//! from [`crate::format::goaccess`], which has already said what GoAccess would read. What is counted:
//!
//! - A *hit* is a record. A request is its target with query, method and protocol; status 404 puts it among the requests
//!   not found, a static ending among the static ones, anything else among the others.
//! - A *visitor* is a distinct day, client and agent with at least one record whose status is not 4xx. A row's visitors
//!   are the distinct ones among its records that are not 4xx; a client's, a day's, a browser's and a system's visitors
//!   follow from who they are.
//! - Days and hours are those written in the log, whatever their zone.
//!
//! Unlike GoAccess, which tells keys by 32 bits of a hash, keys here are whole, so that no two are taken for one; sums of
//! bytes stop at 2^64 - 1.
//!
//! Tallies merge in any order to the same report. They hold sets (a row and a visitor), never counts of visitors, so
//! that merging is uniting sets. Memory grows with distinct keys, and for keys already known nothing is allocated.

mod freeze;
mod merge;
mod snapshot;
mod table;

pub use snapshot::{Average, Count, General, Item, Metadata, Panel, Report, Spread, Total, Value};

use crate::aggregate::zone::civil;
use crate::format::goaccess::text;
use crate::format::record::{Access, NONE};
use arrayvec::ArrayString;
use bumpalo::Bump;
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::fmt::Write;
use table::{Figures, Table};

/// The endings of static files that the configuration shipped with GoAccess 1.11 lists, without those it comments out.
pub const STATIC_ENDINGS: [&str; 40] = [
    ".css", ".js", ".jpg", ".png", ".gif", ".ico", ".jpeg", ".pdf", ".csv", ".mpeg", ".mpg", ".swf", ".woff", ".woff2",
    ".xls", ".xlsx", ".doc", ".docx", ".ppt", ".pptx", ".txt", ".zip", ".ogg", ".mp3", ".mp4", ".exe", ".iso", ".gz",
    ".rar", ".svg", ".bmp", ".tar", ".tgz", ".tiff", ".tif", ".ttf", ".flv", ".dmg", ".xz", ".zst",
];

/// Whether a target ends like a static file, in any case, with something before it. A query makes it none.
fn is_static(target: &[u8]) -> bool {
    // No ending is longer than six bytes.
    let Some(dot) = memchr::memrchr(b'.', &target[target.len().saturating_sub(6)..]) else { return false };
    let (before, ending) = target.split_at(target.len().saturating_sub(6) + dot);
    !before.is_empty() && STATIC_ENDINGS.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(ending))
}

/// Who came when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Visitor {
    /// Rows of the tables of clients, agents and days.
    client: u32,
    agent: u32,
    day: u32,
}

/// What one worker has counted.
#[derive(Debug, Default)]
pub struct Tally {
    days: Table,
    requests: Table,
    static_requests: Table,
    not_found: Table,
    clients: Table,
    /// By decoded agent. The one that is not there is `-` to visitors and has no hits.
    agents: Table,
    hours: Table,
    vhosts: Table,
    referrers: Table,
    sites: Table,
    keyphrases: Table,
    statuses: Table,
    users: Table,
    /// Every visitor, and whether one of its records has an agent, be it `-`.
    visitors: HashMap<Visitor, u32, RandomState>,
    has_agent: Vec<bool>,
    all: Figures,
    /// Whether any record has a size, or a latency.
    has_sizes: bool,
    has_latencies: bool,
    /// Lines of white space alone, which GoAccess tries to read.
    odd_blanks: u64,
    /// The day of the last record, which the next one most often shares, and its row.
    last_day: Option<(i64, u32)>,
    /// Memory for one key.
    key: Vec<u8>,
    scratch: Bump,
}

const DAY_SECONDS: i64 = 86_400;

impl Tally {
    /// Counts records in GoAccess's shape.
    pub fn add(&mut self, records: &[Access<'_>]) {
        records.iter().for_each(|record| self.add_one(record));
        self.scratch.reset();
    }

    /// Counts a line of white space alone, as it stands before its newline. An empty one, and one that begins with a
    /// NUL, GoAccess passes over; any other it cannot read.
    pub fn add_blank(&mut self, line: &[u8]) {
        self.odd_blanks += u64::from(!matches!(line, [] | [0, ..]));
    }

    fn add_one(&mut self, record: &Access<'_>) {
        let figures = Figures {
            hits: 1,
            bytes: record.bytes_sent.unwrap_or(0),
            micros: record.latency_micros.unwrap_or(0),
            micros_max: record.latency_micros.unwrap_or(0),
        };
        self.all.add(&figures);
        self.has_sizes |= record.bytes_sent.is_some();
        self.has_latencies |= record.latency_micros.is_some();
        let day = self.day(record.time.wall_seconds.div_euclid(DAY_SECONDS), &figures);
        let client = self.clients.add(record.client, &figures);
        let has_agent = !record.agent.is_empty();
        let agent = if has_agent { self.agents.add(record.agent, &figures) } else { self.agents.number(NONE) };
        let visitor = (record.status / 100 != 4).then(|| self.visitor(Visitor { client, agent, day }, has_agent));
        self.add_request(record, &figures, visitor);
        self.add_referrer(record.referrer, &figures, visitor);
        let hour = (record.time.wall_seconds.rem_euclid(DAY_SECONDS) / 3600) as u8;
        self.hours.see(&[b'0' + hour / 10, b'0' + hour % 10], &figures, visitor);
        let digit = |unit: u16| b'0' + (record.status / unit % 10) as u8;
        self.statuses.see(&[digit(100), digit(10), digit(1)], &figures, visitor);
        self.users.see(record.user, &figures, visitor);
        if record.vhost != NONE {
            self.vhosts.see(record.vhost, &figures, visitor);
        }
    }

    /// The number of a visitor, made if it is new.
    fn visitor(&mut self, visitor: Visitor, has_agent: bool) -> u32 {
        let number = *self.visitors.entry(visitor).or_insert(self.has_agent.len() as u32);
        match self.has_agent.get_mut(number as usize) {
            Some(known) => *known |= has_agent,
            None => self.has_agent.push(has_agent),
        }
        number
    }

    fn day(&mut self, day: i64, figures: &Figures) -> u32 {
        let row = match self.last_day {
            Some((known, row)) if known == day => row,
            _ => {
                let (year, month, date) = civil(day);
                let mut text = ArrayString::<32>::new();
                // There is room for any date of 64 bits of seconds.
                let _ = write!(text, "{year}{month:02}{date:02}");
                self.days.number(text.as_bytes())
            }
        };
        self.last_day = Some((day, row));
        self.days.add_to(row, figures);
        row
    }

    fn add_request(&mut self, record: &Access<'_>, figures: &Figures, visitor: Option<u32>) {
        let key = &mut self.key;
        key.clear();
        key.extend_from_slice(record.target);
        // Method and protocol belong to the key, behind the target.
        for part in [record.method, record.protocol].into_iter().filter(|part| *part != NONE) {
            key.push(b'|');
            key.extend_from_slice(part);
        }
        let table = match record.status {
            404 => &mut self.not_found,
            _ if is_static(record.target) => &mut self.static_requests,
            _ => &mut self.requests,
        };
        let row = table.number_of(key, record.target.len());
        table.add_to(row, figures);
        table.see_in(row, visitor);
    }

    fn add_referrer(&mut self, referrer: &[u8], figures: &Figures, visitor: Option<u32>) {
        if referrer.is_empty() {
            return;
        }
        self.referrers.see(referrer, figures, visitor);
        if referrer == NONE {
            return;
        }
        if let Some(phrase) = text::keyphrase(referrer, &self.scratch) {
            self.keyphrases.see(phrase, figures, visitor);
        }
        if let Some(site) = text::site(referrer) {
            self.sites.see(site, figures, visitor);
        }
    }
}
