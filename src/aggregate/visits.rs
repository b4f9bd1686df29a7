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
use super::visitors::{List, RowOf, Visitor, Visitors};
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
        walk.own();
        walk.finish()
    }

    /// The visits of two tallies together, by the numbers of the first, which has all rows of both. `shared_days` are the
    /// days on which a visitor may be in both.
    pub fn of_both(own: &Tally, other: &Tally, numbers: &Numbers, shared_days: &HashSet<i32>) -> Visits {
        let count_own = || {
            let mut walk = Walk::new(own);
            walk.own();
            walk
        };
        let count_other = || {
            let mut walk = Walk::new(own);
            walk.other(&other.visitors, numbers, shared_days);
            walk
        };
        let (mut walk, rest) = both(count_own, count_other);
        walk.add(&rest);
        walk.finish()
    }

    fn lists_mut(&mut self) -> [&mut Vec<u32>; 8] {
        let Visits { visitors: _, clients, agents, paths, not_found, server_errors, referrers, sites, buckets } = self;
        [clients, agents, paths, not_found, server_errors, referrers, sites, buckets]
    }
}

/// The most parts of a day that have a bit each in a card's mask.
const PARTS: usize = 32;

/// One walk over cards.
struct Walk<'tally> {
    tally: &'tally Tally,
    visits: Visits,
    /// By day: visitors in each part of it, or of the whole day in the first.
    days: Vec<[u32; PARTS]>,
    /// By kind: the number of its day in `days`.
    day_of: Vec<u32>,
    /// By site: the last visitor (its number and one more) that was counted there, so that none is twice.
    seen: Vec<u32>,
    /// Numbers given to visitors by `seen`.
    number: u32,
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
        let zeros = |rows: &Rows| vec![0; rows.len()];
        let visits = Visits {
            visitors: 0,
            clients: zeros(&tally.clients),
            agents: zeros(&tally.agents),
            paths: zeros(&tally.paths),
            not_found: zeros(&tally.not_found),
            server_errors: zeros(&tally.server_errors),
            referrers: zeros(&tally.referrers),
            sites: zeros(&tally.sites),
            buckets: vec![0; tally.timeline.iter().count()],
        };
        let days = vec![[0; PARTS]; numbers.len()];
        Walk { tally, visits, days, day_of, seen: vec![0; tally.sites.len()], number: 0 }
    }

    /// Counts all visitors of the tally itself.
    fn own(&mut self) {
        let visitors = &self.tally.visitors;
        for id in 0..visitors.len() as u32 {
            self.visitor(visitors.get(id), visitors.buckets(id));
            visitors.for_each_row(id, |row| self.row(row));
        }
    }

    /// Counts all visitors of another tally as far as this one has not seen them.
    fn other(&mut self, others: &Visitors, numbers: &Numbers, shared_days: &HashSet<i32>) {
        let own = &self.tally.visitors;
        let may_be_shared: Vec<bool> =
            others.kinds.as_slice().iter().map(|kind| shared_days.contains(&kind.day)).collect();
        for from in (0..others.len() as u32).step_by(AHEAD) {
            let some = from..others.len().min(from as usize + AHEAD) as u32;
            let sought = some.map(|id| {
                let visitor = others.get(id);
                let asked = may_be_shared[visitor.kind as usize];
                let visitor = numbers.of_visitor(visitor);
                if asked {
                    own.prefetch_slot(visitor.hash());
                }
                (id, visitor, asked)
            });
            let sought: arrayvec::ArrayVec<(u32, Visitor, bool), AHEAD> = sought.collect();
            for (_, visitor, _) in sought.iter().filter(|(.., asked)| *asked) {
                own.prefetch_card(visitor.hash());
            }
            for (id, visitor, asked) in sought {
                let twin = if asked { own.lookup(visitor.hash(), visitor) } else { None };
                match twin {
                    None => {
                        self.visitor(visitor, others.buckets(id));
                        others.for_each_row(id, |row| self.row(numbers.of(row)));
                    }
                    Some(twin) => {
                        self.parts(visitor, others.buckets(id) & !own.buckets(twin));
                        self.number += 1;
                        own.for_each_row(twin, |row| {
                            self.see_site(row);
                        });
                        others.for_each_row(id, |row| {
                            let row = numbers.of(row);
                            if !own.was_in_row(twin, row) {
                                self.row(row);
                            }
                        });
                    }
                }
            }
        }
    }

    /// Counts a visitor in all rows that it names itself.
    #[inline(always)]
    fn visitor(&mut self, visitor: Visitor, buckets: u32) {
        self.number += 1;
        self.visits.visitors += 1;
        self.visits.clients[visitor.client as usize] += 1;
        self.visits.agents[self.tally.visitors.kinds.as_slice()[visitor.kind as usize].agent as usize] += 1;
        match self.tally.timeline.share() {
            Share::OfDay(_) => self.parts(visitor, buckets),
            Share::Days => self.days[self.day_of[visitor.kind as usize] as usize][0] += 1,
            Share::Odd => {}
        }
    }

    #[inline(always)]
    fn parts(&mut self, visitor: Visitor, mut buckets: u32) {
        let parts = &mut self.days[self.day_of[visitor.kind as usize] as usize];
        while buckets != 0 {
            parts[buckets.trailing_zeros() as usize % PARTS] += 1;
            buckets &= buckets - 1;
        }
    }

    /// Counts the visitor of the moment in a row.
    #[inline(always)]
    fn row(&mut self, row: RowOf) {
        let (list, number) = row.parts();
        let number = number as usize;
        match list {
            List::Path => self.visits.paths[number] += 1,
            List::NotFound => self.visits.not_found[number] += 1,
            List::ServerError => self.visits.server_errors[number] += 1,
            List::Bucket => self.visits.buckets[number] += 1,
            List::Referrer => {
                self.visits.referrers[number] += 1;
                // Who has seen a referrer has seen its site.
                if let Some(site) = self.see_site(row) {
                    self.visits.sites[site] += 1;
                }
            }
        }
    }

    /// Notes that the visitor of the moment was seen at the site of a referrer; the site if that is news.
    #[inline(always)]
    fn see_site(&mut self, row: RowOf) -> Option<usize> {
        let (List::Referrer, referrer) = row.parts() else { return None };
        let site = self.tally.site_of[referrer as usize]? as usize;
        (std::mem::replace(&mut self.seen[site], self.number) != self.number).then_some(site)
    }

    fn add(&mut self, other: &Walk<'_>) {
        self.visits.visitors += other.visits.visitors;
        let mut theirs = other.visits.clone();
        for (into, from) in self.visits.lists_mut().into_iter().zip(theirs.lists_mut()) {
            into.iter_mut().zip(from).for_each(|(into, from)| *into += *from);
        }
        for (into, from) in self.days.iter_mut().zip(&other.days) {
            into.iter_mut().zip(from).for_each(|(into, from)| *into += from);
        }
    }

    fn finish(mut self) -> Visits {
        let part_seconds = match self.tally.timeline.share() {
            Share::OfDay(seconds) => seconds,
            Share::Days => DAY_SECONDS,
            Share::Odd => return self.visits,
        };
        let kinds = self.tally.visitors.kinds.as_slice();
        let days: BTreeMap<u32, i32> = self.day_of.iter().copied().zip(kinds.iter().map(|kind| kind.day)).collect();
        for (number, day) in days {
            for (part, count) in (0..).zip(self.days[number as usize]).filter(|(_, count)| *count > 0) {
                let start = i64::from(day) * DAY_SECONDS + part * part_seconds;
                if let Some(row) = self.tally.timeline.row_at(start) {
                    self.visits.buckets[row as usize] += count;
                }
            }
        }
        self.visits
    }
}
