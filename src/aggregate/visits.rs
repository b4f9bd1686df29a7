//! How many visitors each row had: found at the end, by one walk over the cards of all visitors.
//!
//! While records are counted nobody asks whether a visitor is new in a row; cards only remember. At the end each card
//! adds one to every row it lists. The counters are dense and small beside the tables, so this takes a few nanoseconds a
//! row; and the visitors of two workers need not be put into one table: those of the one are counted, and of the other
//! those that the first has not seen.

use super::merge::Numbers;
use super::rows::Rows;
use super::tally::Tally;
use super::timeline::{DAY_SECONDS, Share};
use super::visitors::{List, RowOf, Visitor};
use crate::parallel::both;
use std::collections::{BTreeMap, HashSet};

/// Visitors by row, each list by the numbers of its table's rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visits {
    /// All visitors.
    pub visitors: u64,
    /// Of each client.
    pub clients: Vec<u32>,
    /// Of each agent.
    pub agents: Vec<u32>,
    /// Of each path.
    pub paths: Vec<u32>,
    /// Of each path answered with 404.
    pub not_found: Vec<u32>,
    /// Of each path answered with 5xx.
    pub server_errors: Vec<u32>,
    /// Of each referrer.
    pub referrers: Vec<u32>,
    /// Of each referring site.
    pub sites: Vec<u32>,
    /// Of each row of the timeline.
    pub buckets: Vec<u32>,
}

impl Visits {
    /// The visits of a tally.
    pub fn of(tally: &Tally) -> Visits {
        let mut walk = Walk::new(tally);
        walk.all();
        walk.visits(None, tally)
    }

    /// The visits of two tallies together, by the numbers of the first, which has all rows of both. `shared_days` are the
    /// days on which a visitor may be in both.
    pub fn of_both(own: &Tally, other: &Tally, numbers: &Numbers, shared_days: &HashSet<i32>) -> Visits {
        let count_own = || {
            let mut walk = Walk::new(own);
            walk.all();
            walk
        };
        let count_other = || {
            let mut walk = Walk::new(other);
            walk.all_but_those_of(own, numbers, shared_days);
            walk
        };
        let (walk, rest) = both(count_own, count_other);
        let (mut visits, rest) = (walk.visits(None, own), rest.visits(Some(numbers), own));
        visits.visitors += rest.visitors;
        for (into, from) in visits.lists_mut().into_iter().zip(rest.lists()) {
            into.iter_mut().zip(from).for_each(|(into, from)| *into += from);
        }
        visits
    }

    fn lists(&self) -> [&Vec<u32>; 8] {
        let Visits { visitors: _, clients, agents, paths, not_found, server_errors, referrers, sites, buckets } = self;
        [clients, agents, paths, not_found, server_errors, referrers, sites, buckets]
    }

    fn lists_mut(&mut self) -> [&mut Vec<u32>; 8] {
        let Visits { visitors: _, clients, agents, paths, not_found, server_errors, referrers, sites, buckets } = self;
        [clients, agents, paths, not_found, server_errors, referrers, sites, buckets]
    }
}

/// The most parts of a day that have a bit each in a card's mask.
const PARTS: usize = 32;

/// One walk over the cards of a tally, counting by that tally's own numbers.
struct Walk<'tally> {
    tally: &'tally Tally,
    visitors: u64,
    clients: Vec<u32>,
    agents: Vec<u32>,
    /// By list, as cards name it, and row.
    rows: [Vec<u32>; List::ALL.len()],
    sites: Seen,
    /// By day: visitors in each part of it, or of the whole day in the first.
    days: Vec<[u32; PARTS]>,
    /// By kind: the number of its day in `days`.
    day_of: Vec<u32>,
}

/// Counts by site, none twice for one visitor.
struct Seen {
    counts: Vec<u32>,
    /// By site: the last visitor that was seen there, as numbered here.
    last: Vec<u32>,
    visitor: u32,
}

impl Seen {
    fn new(sites: usize) -> Seen {
        Seen { counts: vec![0; sites], last: vec![0; sites], visitor: 0 }
    }

    /// Whether the visitor of the moment is new at a site.
    #[inline(always)]
    fn is_new(&mut self, site: u32) -> bool {
        std::mem::replace(&mut self.last[site as usize], self.visitor) != self.visitor
    }

    #[inline(always)]
    fn count(&mut self, site: u32) {
        let is_new = self.is_new(site);
        self.counts[site as usize] += u32::from(is_new);
    }
}

/// Visitors looked up together, so that memory is asked for ahead.
const AHEAD: usize = 32;

impl<'tally> Walk<'tally> {
    fn new(tally: &'tally Tally) -> Walk<'tally> {
        let mut numbers = BTreeMap::new();
        let mut number = |day| {
            let next = numbers.len() as u32;
            *numbers.entry(day).or_insert(next)
        };
        let day_of = tally.visitors.kinds.as_slice().iter().map(|kind| number(kind.day)).collect();
        let lengths = List::ALL.map(|list| match list {
            List::Path => tally.paths.len(),
            List::NotFound => tally.not_found.len(),
            List::ServerError => tally.server_errors.len(),
            List::Referrer => tally.referrers.len(),
            List::Bucket => tally.timeline.count(),
            // These are counted by `sites`.
            List::Site => tally.sites.len(),
        });
        Walk {
            tally,
            visitors: 0,
            clients: vec![0; tally.clients.len()],
            agents: vec![0; tally.agents.len()],
            rows: lengths.map(|length| vec![0; length]),
            sites: Seen::new(tally.sites.len()),
            days: vec![[0; PARTS]; numbers.len()],
            day_of,
        }
    }

    /// Counts all visitors.
    fn all(&mut self) {
        let visitors = &self.tally.visitors;
        for id in 0..visitors.len() as u32 {
            visitors.prefetch_set(id + AHEAD as u32);
            self.visitor(id);
        }
    }

    /// Counts all visitors as far as `own` has not seen them; `numbers` are those of this tally's rows in it.
    fn all_but_those_of(&mut self, own: &Tally, numbers: &Numbers, shared_days: &HashSet<i32>) {
        let visitors = &self.tally.visitors;
        let kinds = visitors.kinds.as_slice();
        let may_be_shared: Vec<bool> = kinds.iter().map(|kind| shared_days.contains(&kind.day)).collect();
        let mut own_sites = Seen::new(own.sites.len());
        for from in (0..visitors.len() as u32).step_by(AHEAD) {
            let some = from..visitors.len().min(from as usize + AHEAD) as u32;
            let asked = |id: &u32| may_be_shared[visitors.get(*id).kind as usize];
            let hash = |id: u32| numbers.of_visitor(visitors.get(id)).hash();
            for id in some.clone().filter(asked) {
                own.visitors.prefetch_slot(hash(id));
            }
            for id in some.clone().filter(asked) {
                own.visitors.prefetch_card(hash(id));
            }
            for id in some {
                visitors.prefetch_set(id + AHEAD as u32);
                let twin = if asked(&id) { own.visitors.lookup(numbers.of_visitor(visitors.get(id))) } else { None };
                match twin {
                    None => self.visitor(id),
                    Some(twin) => self.rest_of_visitor(id, own, twin, numbers, &mut own_sites),
                }
            }
        }
    }

    /// Counts a visitor.
    #[inline(always)]
    fn visitor(&mut self, id: u32) {
        let visitors = &self.tally.visitors;
        let Visitor { client, kind } = visitors.get(id);
        self.visitors += 1;
        self.clients[client as usize] += 1;
        self.agents[visitors.kinds.as_slice()[kind as usize].agent as usize] += 1;
        match self.tally.timeline.share() {
            Share::OfDay(_) => self.parts(kind, visitors.buckets(id)),
            Share::Days => self.days[self.day_of[kind as usize] as usize][0] += 1,
            Share::Odd => {}
        }
        self.sites.visitor += 1;
        visitors.for_each_row(id, |row| {
            self.row(row);
            if let Some(site) = site_of(self.tally, row) {
                self.sites.count(site);
            }
        });
    }

    /// Counts a visitor where its twin in another tally was not seen.
    fn rest_of_visitor(&mut self, id: u32, own: &Tally, twin: u32, numbers: &Numbers, own_sites: &mut Seen) {
        let visitors = &self.tally.visitors;
        self.parts(visitors.get(id).kind, visitors.buckets(id) & !own.visitors.buckets(twin));
        own_sites.visitor += 1;
        own.visitors.for_each_row(twin, |row| {
            if let Some(site) = site_of(own, row) {
                own_sites.is_new(site);
            }
        });
        visitors.for_each_row(id, |row| {
            if !own.visitors.was_in_row(twin, numbers.of(row)) {
                self.row(row);
                if let Some(site) = site_of(self.tally, row)
                    && own_sites.is_new(numbers.of_site(site))
                {
                    self.sites.counts[site as usize] += 1;
                }
            }
        });
    }

    #[inline(always)]
    fn parts(&mut self, kind: u32, mut buckets: u32) {
        let parts = &mut self.days[self.day_of[kind as usize] as usize];
        while buckets != 0 {
            parts[buckets.trailing_zeros() as usize % PARTS] += 1;
            buckets &= buckets - 1;
        }
    }

    #[inline(always)]
    fn row(&mut self, row: RowOf) {
        let (list, row) = row.parts();
        self.rows[list.number()][row as usize] += 1;
    }

    /// What was counted, by the numbers of `own`: this walk's tally itself, or the one that `numbers` are of.
    fn visits(self, numbers: Option<&Numbers>, own: &Tally) -> Visits {
        let Walk { tally, visitors, clients, agents, rows, sites, days, day_of } = self;
        let mut visits = Visits { visitors, buckets: vec![0; own.timeline.count()], ..Visits::default() };
        let [paths, not_found, server_errors, referrers, buckets, _] = rows;
        let counted = [clients, agents, paths, not_found, server_errors, referrers, sites.counts, buckets];
        match numbers {
            None => {
                for (into, from) in visits.lists_mut().into_iter().zip(counted) {
                    *into = from;
                }
            }
            Some(numbers) => {
                let tables = [
                    &own.clients,
                    &own.agents,
                    &own.paths,
                    &own.not_found,
                    &own.server_errors,
                    &own.referrers,
                    &own.sites,
                ];
                let lengths = tables.map(Rows::len).into_iter().chain([own.timeline.count()]);
                for (((into, from), length), numbers) in
                    visits.lists_mut().into_iter().zip(counted).zip(lengths).zip(numbers.lists())
                {
                    into.resize(length, 0);
                    from.into_iter().zip(numbers).for_each(|(count, number)| into[*number as usize] += count);
                }
            }
        }
        let part_seconds = match tally.timeline.share() {
            Share::OfDay(seconds) => seconds,
            Share::Days => DAY_SECONDS,
            Share::Odd => return visits,
        };
        let kinds = tally.visitors.kinds.as_slice();
        let numbered: BTreeMap<u32, i32> = day_of.into_iter().zip(kinds.iter().map(|kind| kind.day)).collect();
        for (number, day) in numbered {
            for (part, count) in (0..).zip(days[number as usize]).filter(|(_, count)| *count > 0) {
                let start = i64::from(day) * DAY_SECONDS + part * part_seconds;
                if let Some(row) = own.timeline.row_at(start) {
                    visits.buckets[row as usize] += count;
                }
            }
        }
        visits
    }
}

/// The site that a row of a referrer, or of a site, tells of: who has seen a referrer has seen its site.
#[inline(always)]
fn site_of(tally: &Tally, row: RowOf) -> Option<u32> {
    match row.parts() {
        (List::Referrer, referrer) => tally.site_of[referrer as usize],
        (List::Site, site) => Some(site),
        _ => None,
    }
}
