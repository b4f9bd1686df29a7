//! Two tallies become one, as if one worker had read both shares of the input.
//!
//! Sums add up. Visitors do not: one whom both have seen must count once, in the total and in each row, so the other's
//! visitors are seen again here, with the rows on their cards.

use super::tally::Tally;
use super::timeline::{DAY_SECONDS, Share};
use super::visitors::{List, RowOf, Visitor, Visitors};
use std::collections::HashSet;

/// The numbers that the other tally's rows have in this one, by list.
struct Numbers {
    clients: Vec<u32>,
    agents: Vec<u32>,
    rows: [Vec<u32>; List::ALL.len()],
}

impl Numbers {
    fn of(&self, row: RowOf) -> RowOf {
        let (list, row) = row.parts();
        RowOf::new(list, self.rows[list as usize - 1][row as usize])
    }
}

impl Numbers {
    fn of_visitor(&self, visitor: Visitor) -> Visitor {
        Visitor {
            client: self.clients[visitor.client as usize],
            agent: self.agents[visitor.agent as usize],
            day: visitor.day,
        }
    }
}

/// Cards looked up together, so that memory is asked for ahead.
const AHEAD: usize = 32;

impl Tally {
    /// Adds all that `other` has counted. Neither may come from [`merge_last`](Self::merge_last).
    pub fn merge(&mut self, other: Tally) {
        debug_assert_eq!((self.visitors_elsewhere, other.visitors_elsewhere), (0, 0));
        self.merge_sums(&other);
        let numbers = self.merge_rows(&other);
        self.merge_visitors(&other, &numbers);
        self.messages.merge(other.messages);
        self.samples.merge(other.samples);
    }

    /// As [`merge`](Self::merge), for a result that is reported and not merged again: `other`'s visitors are counted
    /// without being kept, so only those of a day that both have need be looked up. Workers read contiguous parts of a
    /// log, whose days hardly overlap.
    pub fn merge_last(&mut self, other: Tally) {
        self.merge_sums(&other);
        let numbers = self.merge_rows(&other);
        self.add_visitors_of_rows(&other, &numbers);
        self.take_back_shared(&other, &numbers);
        self.messages.merge(other.messages);
        self.samples.merge(other.samples);
    }

    /// Adds each row's visitors, as if none of them were in both.
    fn add_visitors_of_rows(&mut self, other: &Tally, numbers: &Numbers) {
        let [paths, not_found, server_errors, referrers, sites, buckets] = &numbers.rows;
        for (into, from, numbers) in [
            (&mut self.clients, &other.clients, &numbers.clients),
            (&mut self.agents, &other.agents, &numbers.agents),
            (&mut self.paths, &other.paths, paths),
            (&mut self.not_found, &other.not_found, not_found),
            (&mut self.server_errors, &other.server_errors, server_errors),
            (&mut self.referrers, &other.referrers, referrers),
            (&mut self.sites, &other.sites, sites),
        ] {
            from.iter().zip(numbers).for_each(|(row, number)| into.add_visitors(*number, row.visitors));
        }
        for ((_, counts), row) in other.timeline.iter().zip(buckets) {
            self.timeline.at(*row).visitors += counts.visitors;
        }
        self.visitors_elsewhere += other.visitors.len() + other.visitors_elsewhere;
    }

    /// Takes back what was added twice: visitors that both have seen, and the rows in which both have.
    fn take_back_shared(&mut self, other: &Tally, numbers: &Numbers) {
        let days: HashSet<i32> = self.visitors.iter().map(|(visitor, ..)| visitor.day).collect();
        let mut shared: Vec<Option<u32>> = Vec::with_capacity(other.visitors.len());
        let mut cards = other.visitors.iter();
        loop {
            let ahead: Vec<_> = cards
                .by_ref()
                .take(AHEAD)
                .map(|(visitor, buckets, rows)| {
                    let visitor = numbers.of_visitor(visitor);
                    let hash = Visitors::hash(visitor);
                    let asked = days.contains(&visitor.day);
                    if asked {
                        self.visitors.prefetch_slot(hash);
                    }
                    (asked, hash, visitor, buckets, rows)
                })
                .collect();
            if ahead.is_empty() {
                break;
            }
            for (_, hash, ..) in ahead.iter().filter(|(asked, ..)| *asked) {
                self.visitors.prefetch_card(*hash);
            }
            for (asked, hash, visitor, buckets, rows) in ahead {
                let id = if asked { self.visitors.lookup(hash, visitor) } else { None };
                shared.push(id);
                let Some(id) = id else { continue };
                self.take_back_visitor(id, visitor, buckets);
                rows.for_each(|row| self.take_back_row(id, numbers.of(row)));
            }
        }
        for (visitor, row) in other.visitors.overflow() {
            if let Some(id) = shared[visitor as usize] {
                self.take_back_row(id, numbers.of(row));
            }
        }
    }

    fn take_back_visitor(&mut self, id: u32, visitor: Visitor, buckets: u32) {
        self.visitors_elsewhere -= 1;
        self.clients.remove_visitor(visitor.client);
        self.agents.remove_visitor(visitor.agent);
        match self.timeline.share() {
            Share::OfDay(_) => {
                let mut both = buckets & self.visitors.buckets(id);
                while both != 0 {
                    let row = self.timeline.row_of_share(visitor.day, both.trailing_zeros());
                    both &= both - 1;
                    self.timeline.at(row).visitors -= 1;
                }
            }
            Share::Days => {
                let row = self.timeline.row(i64::from(visitor.day) * DAY_SECONDS);
                self.timeline.at(row).visitors -= 1;
            }
            Share::Odd => {}
        }
    }

    fn take_back_row(&mut self, visitor: u32, row: RowOf) {
        if !self.visitors.was_in_row(visitor, row) {
            return;
        }
        match row.parts() {
            (List::Path, row) => self.paths.remove_visitor(row),
            (List::NotFound, row) => self.not_found.remove_visitor(row),
            (List::ServerError, row) => self.server_errors.remove_visitor(row),
            (List::Referrer, row) => self.referrers.remove_visitor(row),
            (List::Site, row) => self.sites.remove_visitor(row),
            (List::Bucket, row) => self.timeline.at(row).visitors -= 1,
        }
    }

    fn merge_sums(&mut self, other: &Tally) {
        let (into, from) = (&mut self.lines, &other.lines);
        into.lines += from.lines;
        into.blank += from.blank;
        into.records += from.records;
        into.heartbeats += from.heartbeats;
        into.filtered += from.filtered;
        into.glued += from.glued;
        into.malformed.iter_mut().zip(&from.malformed).for_each(|(into, from)| *into += from);
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
        let sites = self.sites.merge(&other.sites);
        let referrers = self.referrers.merge(&other.referrers);
        self.site_of.resize(self.referrers.len(), None);
        for (referrer, site) in other.site_of.iter().enumerate() {
            self.site_of[referrers[referrer] as usize] = site.map(|site| sites[site as usize]);
        }
        Numbers {
            clients: self.clients.merge(&other.clients),
            agents: self.agents.merge(&other.agents),
            rows: [
                self.paths.merge(&other.paths),
                self.not_found.merge(&other.not_found),
                self.server_errors.merge(&other.server_errors),
                referrers,
                sites,
                self.timeline.merge(&other.timeline),
            ],
        }
    }

    fn merge_visitors(&mut self, other: &Tally, numbers: &Numbers) {
        self.visitors.reserve(other.visitors.len());
        let mut ids = Vec::with_capacity(other.visitors.len());
        let mut cards = other.visitors.iter();
        loop {
            let ahead: Vec<_> = cards
                .by_ref()
                .take(AHEAD)
                .map(|(visitor, buckets, rows)| {
                    let visitor = numbers.of_visitor(visitor);
                    let hash = Visitors::hash(visitor);
                    self.visitors.prefetch_slot(hash);
                    (hash, visitor, buckets, rows)
                })
                .collect();
            if ahead.is_empty() {
                break;
            }
            for &(hash, ..) in &ahead {
                self.visitors.prefetch_card(hash);
            }
            for (hash, visitor, buckets, rows) in ahead {
                let id = self.see_again(hash, visitor, buckets);
                rows.for_each(|row| self.see_row_again(id, numbers.of(row)));
                ids.push(id);
            }
        }
        for (visitor, row) in other.visitors.overflow() {
            self.see_row_again(ids[visitor as usize], numbers.of(row));
        }
    }

    fn see_again(&mut self, hash: u32, visitor: Visitor, buckets: u32) -> u32 {
        let (id, new) = self.visitors.intern(hash, visitor);
        if new {
            self.clients.add_visitor(visitor.client);
            self.agents.add_visitor(visitor.agent);
        }
        match self.timeline.share() {
            Share::OfDay(_) => {
                let mut left = buckets;
                while left != 0 {
                    let bit = left.trailing_zeros();
                    left &= left - 1;
                    if self.visitors.first_in_bucket(id, bit) {
                        let row = self.timeline.row_of_share(visitor.day, bit);
                        self.timeline.at(row).visitors += 1;
                    }
                }
            }
            Share::Days if new => {
                let row = self.timeline.row(i64::from(visitor.day) * DAY_SECONDS);
                self.timeline.at(row).visitors += 1;
            }
            Share::Days | Share::Odd => {}
        }
        id
    }

    fn see_row_again(&mut self, visitor: u32, row: RowOf) {
        if self.visitors.first_in_row(visitor, row) {
            self.add_visitor(visitor, row);
        }
    }
}
