//! Two tallies become one, as if one worker had read both shares of the input.
//!
//! Sums add up. Visitors do not: one whom both have seen must count once, in the total and in each row, so the other's
//! visitors are noted again here, with their rows.

use super::bound::rank_of;
use super::kinds::Kind;
use super::tally::Tally;
use super::visitors::{List, RowOf, Visitor};
use super::visits::Visits;
use crate::parallel::both;
use std::collections::HashSet;

/// The numbers that the other tally's rows have in this one, by list.
pub struct Numbers {
    clients: Vec<u32>,
    agents: Vec<u32>,
    kinds: Vec<u32>,
    rows: [Vec<u32>; List::ALL.len()],
}

impl Numbers {
    /// A row of the other tally.
    #[inline(always)]
    pub fn of(&self, row: RowOf) -> RowOf {
        let (list, row) = row.parts();
        RowOf::new(list, self.rows[list.number()][row as usize])
    }

    /// A site of the other tally.
    pub fn of_site(&self, site: u32) -> u32 {
        self.rows[List::Site.number()][site as usize]
    }

    /// The numbers of clients, agents, paths, not found, server errors, referrers, sites and buckets.
    pub fn lists(&self) -> [&[u32]; 8] {
        let [paths, not_found, server_errors, referrers, buckets, sites] = &self.rows;
        [&self.clients, &self.agents, paths, not_found, server_errors, referrers, sites, buckets]
    }

    /// A visitor of the other tally.
    #[inline(always)]
    pub fn of_visitor(&self, visitor: Visitor) -> Visitor {
        Visitor { client: self.clients[visitor.client as usize], kind: self.kinds[visitor.kind as usize] }
    }
}

/// Visitors noted together, so that memory is asked for ahead.
const AHEAD: usize = 32;

impl Tally {
    /// Adds all that `other` has counted. Neither may come from [`merge_last`](Self::merge_last).
    pub fn merge(&mut self, mut other: Tally) {
        debug_assert!(self.visits.is_none() && other.visits.is_none());
        self.agree_on_sample(&mut other);
        other.visitors.settle_all();
        self.merge_sums(&other);
        let numbers = self.merge_rows(&other);
        self.merge_visitors(&other, &numbers);
        self.messages.merge(other.messages);
        self.samples.merge(other.samples);
    }

    /// As [`merge`](Self::merge), for a result that is reported and not merged again: `other`'s visitors are counted
    /// without being kept, so only those of a day that both have need be looked up. Workers read contiguous parts of a
    /// log, whose days hardly overlap.
    pub fn merge_last(&mut self, mut other: Tally) {
        debug_assert!(self.visits.is_none() && other.visits.is_none());
        self.agree_on_sample(&mut other);
        both(|| self.visitors.settle_all(), || other.visitors.settle_all());
        let shared_days: HashSet<i32> = self.visitors.kinds.as_slice().iter().map(|kind| kind.day).collect();
        self.merge_sums(&other);
        let numbers = self.merge_rows(&other);
        self.visits = Some(Visits::of_both(self, &other, &numbers, &shared_days));
        self.messages.merge(other.messages);
        self.samples.merge(other.samples);
    }

    fn merge_sums(&mut self, other: &Tally) {
        self.lines.add(&other.lines);
        self.bytes_sent = self.bytes_sent.saturating_add(other.bytes_sent);
        self.bytes_read = self.bytes_read.saturating_add(other.bytes_read);
        for (into, from) in self.status.iter_mut().zip(&other.status) {
            into.0 += from.0;
            into.1 = into.1.saturating_add(from.1);
        }
        self.levels.iter_mut().zip(other.levels).for_each(|(into, from)| *into += from);
        self.sizes.merge(&other.sizes);
        self.latency.merge(&other.latency);
        self.offsets.merge(other.offsets);
        if let Some((first, last)) = other.period {
            self.widen(&first);
            self.widen(&last);
        }
    }

    fn merge_rows(&mut self, other: &Tally) -> Numbers {
        self.methods.merge(&other.methods);
        self.protocols.merge(&other.protocols);
        self.vhosts.merge(&other.vhosts);
        self.users.merge(&other.users);
        self.modules.merge(&other.modules);
        self.past_browsers.merge(&other.past_browsers);
        self.past_systems.merge(&other.past_systems);
        self.past_bots.0 += other.past_bots.0;
        self.past_bots.1 = self.past_bots.1.saturating_add(other.past_bots.1);
        let (sites, agents, buckets) =
            (self.sites.merge(&other.sites), self.agents.merge(&other.agents), self.timeline.merge(&other.timeline));
        let kinds = other.visitors.kinds.as_slice().iter();
        let kinds = kinds
            .map(|kind| Kind { agent: agents[kind.agent as usize], ..*kind })
            .map(|kind| self.visitors.kinds.number(kind));
        let kinds = kinds.collect();
        // Clients are about as many as all the others together.
        let (clients, paths, not_found) = (&mut self.clients, &mut self.paths, &mut self.not_found);
        let (server_errors, referrers) = (&mut self.server_errors, &mut self.referrers);
        let (clients, [paths, not_found, server_errors, referrers]) = both(
            || clients.merge(&other.clients),
            || {
                [
                    paths.merge(&other.paths),
                    not_found.merge(&other.not_found),
                    server_errors.merge(&other.server_errors),
                    referrers.merge(&other.referrers),
                ]
            },
        );
        self.site_of.resize(self.referrers.len(), None);
        for (referrer, site) in referrers.iter().zip(&other.site_of) {
            self.site_of[*referrer as usize] = site.map(|site| sites[site as usize]);
        }
        Numbers { clients, agents, kinds, rows: [paths, not_found, server_errors, referrers, buckets, sites] }
    }

    fn merge_visitors(&mut self, other: &Tally, numbers: &Numbers) {
        let others = &other.visitors;
        self.visitors.reserve(others.len());
        for from in (0..others.len() as u32).step_by(AHEAD) {
            let some = from..others.len().min(from as usize + AHEAD) as u32;
            let hash = |id| numbers.of_visitor(others.get(id)).hash();
            some.clone().for_each(|id| self.visitors.prefetch_slot(hash(id)));
            some.clone().for_each(|id| {
                self.visitors.prefetch_card(hash(id));
            });
            for id in some {
                let visitor = numbers.of_visitor(others.get(id));
                let guess = self.visitors.prefetch_card(visitor.hash());
                let rank = |kind| rank_of(&self.clients, &self.agents, visitor, kind);
                let own = self.visitors.intern_guessed(guess, visitor.hash(), visitor, rank);
                self.visitors.note(own, others.buckets(id), [RowOf::NONE; 2]);
                let visitors = &mut self.visitors;
                others.for_each_row(id, |row| visitors.note(own, 0, [numbers.of(row), RowOf::NONE]));
            }
            self.visitors.settle();
        }
    }
}
