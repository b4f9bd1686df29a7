//! A tally within a bound of memory: what gives way when it takes too much.
//!
//! Until then nothing is different: the tally is exact, and no record is asked about memory. Whoever owns it asks now
//! and then what it [holds](Tally::held_bytes) and has it [tightened](Tally::tighten) above a bound: the largest of its
//! parts is halved, until it fits. So a part that is small stays exact, and those that are large share the memory in
//! equal parts, within a factor of two.
//!
//! - Lists keep the greater half of their rows (`rows::bounds`). A site keeps the hits of its referrers that went, a
//!   browser and a system those of its agents, so that sums over a list stay what they were.
//! - Visitors are sampled (`visitors::sample`). A client or an agent that a card speaks of keeps its row, whatever its
//!   hits; where that would be most of the rows, the sample is halved instead. A card forgets rows that went, but the
//!   site of a referrer.
//! - Sums, statuses, levels, sizes and latencies take no more memory than they have, and stay exact.

use super::agent::classify;
use super::families::FAMILY_BYTES;
use super::huge::Growing;
use super::index::NOBODY;
use super::key::Key;
use super::kinds::Kind;
use super::rows::Rows;
use super::snapshot::Row;
use super::stable;
use super::tally::Tally;
use super::timeline::Share;
use super::visitors::sample::{LEVEL_MAX, Renumbered};
use super::visitors::{List, RowOf, Visitor};
use std::sync::{Mutex, PoisonError};

/// Bytes of a part that is too small to give way: some four hundred rows.
pub const PART_BYTES_MIN: usize = 48 << 10;

/// A part of a tally that can give way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Methods,
    Protocols,
    Vhosts,
    Users,
    Modules,
    Paths,
    NotFound,
    ServerErrors,
    Clients,
    Referrers,
    Sites,
    Agents,
    PastBrowsers,
    PastSystems,
    Messages,
    Timeline,
    Visitors,
}

impl Part {
    const ALL: [Part; 17] = [
        Part::Methods,
        Part::Protocols,
        Part::Vhosts,
        Part::Users,
        Part::Modules,
        Part::Paths,
        Part::NotFound,
        Part::ServerErrors,
        Part::Clients,
        Part::Referrers,
        Part::Sites,
        Part::Agents,
        Part::PastBrowsers,
        Part::PastSystems,
        Part::Messages,
        Part::Timeline,
        Part::Visitors,
    ];
}

/// The rank of a visitor in the sample.
#[inline(never)]
pub fn rank_of(clients: &Rows, agents: &Rows, visitor: Visitor, kind: Kind) -> u32 {
    stable::rank(clients.get(visitor.client).key, agents.get(kind.agent).key, kind.day)
}

impl Tally {
    /// Bytes of memory that its tables keep from others, in whole pages.
    pub fn held_bytes(&self) -> usize {
        Part::ALL.into_iter().map(|part| self.part_bytes(part)).sum()
    }

    /// Bytes that a report of it will take for a moment, about, if its lists have at most `top` rows.
    pub fn report_bytes(&self, top: usize) -> usize {
        let lists = [
            &self.methods,
            &self.protocols,
            &self.vhosts,
            &self.users,
            &self.paths,
            &self.paths,
            &self.not_found,
            &self.server_errors,
            &self.clients,
            &self.referrers,
            &self.sites,
            &self.agents,
            &self.past_browsers,
            &self.past_systems,
            &self.modules,
            self.messages.rows(),
        ];
        // Each row's count of visitors and, of one list at a time, its place in the order of rows.
        let counted: usize = lists.iter().map(|rows| rows.len() * size_of::<u32>()).sum();
        let longest = lists.iter().map(|rows| rows.len()).max().unwrap_or(0) * size_of::<(u64, u32)>();
        let shown: usize = lists.iter().map(|rows| rows.text_bytes(top) + top.min(rows.len()) * size_of::<Row>()).sum();
        let families = (self.agents.len() + self.past_browsers.len()) * FAMILY_BYTES;
        counted + longest + shown + families + self.timeline.report_bytes()
    }

    /// Lets all that only saves time take less memory, for a tally that will be tightened.
    pub fn hurry(&mut self) {
        self.visitors.hurry();
    }

    /// Lets its largest parts give way until it holds at most `most` bytes, or nothing is left that could. Parts of
    /// `PART_BYTES_MIN` are left alone, and so is a tally whose visitors were counted by
    /// [`merge_last`](Self::merge_last).
    pub fn tighten(&mut self, most: usize) {
        debug_assert!(self.visits.is_none(), "its visitors were counted by rows that would change");
        if self.visits.is_some() {
            return;
        }
        let mut spent = [false; Part::ALL.len()];
        while self.held_bytes() > most {
            let candidates = Part::ALL.into_iter().filter(|part| !spent[*part as usize]);
            let largest = candidates.map(|part| (self.part_bytes(part), part)).max_by_key(|(bytes, _)| *bytes);
            match largest {
                // Each time there are fewer rows or visitors, so this ends.
                Some((bytes, part)) if bytes > PART_BYTES_MIN => spent[part as usize] = !self.halve(part),
                _ => return,
            }
        }
    }

    /// Halves every part once, however small.
    #[cfg(test)]
    pub(crate) fn tighten_all(&mut self) {
        for part in Part::ALL {
            self.halve(part);
        }
    }

    /// Brings this tally and another, which are to be merged, to the same sample of visitors.
    pub(super) fn agree_on_sample(&mut self, other: &mut Tally) {
        let level = self.visitors.level().max(other.visitors.level());
        self.sample(level);
        other.sample(level);
    }

    fn part_bytes(&self, part: Part) -> usize {
        match part {
            Part::Methods => self.methods.held_bytes(),
            Part::Protocols => self.protocols.held_bytes(),
            Part::Vhosts => self.vhosts.held_bytes(),
            Part::Users => self.users.held_bytes(),
            Part::Modules => self.modules.held_bytes(),
            Part::Paths => self.paths.held_bytes(),
            Part::NotFound => self.not_found.held_bytes(),
            Part::ServerErrors => self.server_errors.held_bytes(),
            Part::Clients => self.clients.held_bytes(),
            Part::Referrers => self.referrers.held_bytes() + 2 * self.site_of.capacity() * size_of::<Option<u32>>(),
            Part::Sites => self.sites.held_bytes(),
            Part::Agents => self.agents.held_bytes(),
            Part::PastBrowsers => self.past_browsers.held_bytes(),
            Part::PastSystems => self.past_systems.held_bytes(),
            Part::Messages => self.messages.held_bytes(),
            Part::Timeline => self.timeline.held_bytes(),
            Part::Visitors => self.visitors.held_bytes(),
        }
    }

    /// Halves a part, or what keeps it from being halved; false if nothing was left to do.
    #[cold]
    fn halve(&mut self, part: Part) -> bool {
        match part {
            Part::Methods => {
                self.method_memo = Default::default();
                is_less(&prune(&mut self.methods))
            }
            Part::Protocols => {
                self.protocol_memo = Default::default();
                is_less(&prune(&mut self.protocols))
            }
            Part::Vhosts => is_less(&prune(&mut self.vhosts)),
            Part::Users => is_less(&prune(&mut self.users)),
            Part::Modules => is_less(&prune(&mut self.modules)),
            Part::PastBrowsers => is_less(&prune(&mut self.past_browsers)),
            Part::PastSystems => is_less(&prune(&mut self.past_systems)),
            Part::Messages => is_less(&self.messages.prune()),
            Part::Paths => {
                let numbers = prune(&mut self.paths);
                self.renumber(List::Path, &numbers)
            }
            Part::NotFound => {
                let numbers = prune(&mut self.not_found);
                self.renumber(List::NotFound, &numbers)
            }
            Part::ServerErrors => {
                let numbers = prune(&mut self.server_errors);
                self.renumber(List::ServerError, &numbers)
            }
            Part::Timeline => {
                self.last_time = None;
                let numbers = self.timeline.prune();
                match self.timeline.share() {
                    Share::Odd => self.renumber(List::Bucket, &numbers),
                    Share::OfDay(_) | Share::Days => is_less(&numbers),
                }
            }
            Part::Referrers => self.prune_referrers(),
            Part::Sites => self.prune_sites(),
            Part::Clients => self.prune_clients(),
            Part::Agents => self.prune_agents(),
            Part::Visitors => self.halve_visitors(),
        }
    }

    /// Writes the new numbers of a list's rows into the cards; whether there are fewer rows.
    fn renumber(&mut self, list: List, numbers: &Growing<u32>) -> bool {
        let new = numbers.as_slice();
        let row = |old: RowOf| match old.parts() {
            (of, row) if of == list => row_of(list, new[row as usize]),
            _ => old,
        };
        self.visitors.renumber(&Renumbered { clients: None, agents: None, row: Some(&row) });
        is_less(numbers)
    }

    fn prune_referrers(&mut self) -> bool {
        let (sites, site_of) = (&mut self.sites, &self.site_of);
        let numbers = self.referrers.prune(
            |_| false,
            |referrer, row| {
                if let Some(site) = site_of[referrer as usize] {
                    sites.add(site, row.hits, row.bytes);
                }
            },
        );
        let row = |old: RowOf| match old.parts() {
            (List::Referrer, referrer) => match numbers.as_slice()[referrer as usize] {
                NOBODY => site_of[referrer as usize].map_or(RowOf::NONE, |site| RowOf::new(List::Site, site)),
                number => RowOf::new(List::Referrer, number),
            },
            _ => old,
        };
        self.visitors.renumber(&Renumbered { clients: None, agents: None, row: Some(&row) });
        let mut new = numbers.as_slice().iter();
        self.site_of.retain(|_| new.next().is_some_and(|number| *number != NOBODY));
        self.site_of.shrink_to_fit();
        is_less(&numbers)
    }

    /// A site of a referrer that has a row keeps its own; where those are most, referrers go.
    fn prune_sites(&mut self) -> bool {
        let mut pinned = none_of(self.sites.len());
        self.site_of.iter().flatten().for_each(|site| pinned.as_mut_slice()[*site as usize] = 1);
        if is_most(&pinned) {
            return self.prune_referrers();
        }
        let numbers = self.sites.prune(|site| pinned.as_slice()[site as usize] == 1, |_, _| ());
        self.site_of.iter_mut().flatten().for_each(|site| *site = numbers.as_slice()[*site as usize]);
        self.renumber(List::Site, &numbers)
    }

    fn prune_clients(&mut self) -> bool {
        let mut pinned = none_of(self.clients.len());
        (0..self.visitors.len() as u32).for_each(|id| pinned.as_mut_slice()[self.visitors.get(id).client as usize] = 1);
        if is_most(&pinned) {
            return self.halve_visitors();
        }
        let numbers = self.clients.prune(|client| pinned.as_slice()[client as usize] == 1, |_, _| ());
        self.visitors.renumber(&Renumbered { clients: Some(numbers.as_slice()), agents: None, row: None });
        is_less(&numbers)
    }

    fn prune_agents(&mut self) -> bool {
        let mut pinned = none_of(self.agents.len());
        let kinds = self.visitors.kinds.as_slice();
        for id in 0..self.visitors.len() as u32 {
            pinned.as_mut_slice()[kinds[self.visitors.get(id).kind as usize].agent as usize] = 1;
        }
        if is_most(&pinned) {
            return self.halve_visitors();
        }
        let (browsers, systems, bots) = (&mut self.past_browsers, &mut self.past_systems, &mut self.past_bots);
        // One thread at a time, since each needs some megabytes for its patterns.
        let guard = CLASSIFYING.lock().unwrap_or_else(PoisonError::into_inner);
        let numbers = self.agents.prune(
            |agent| pinned.as_slice()[agent as usize] == 1,
            |_, row| {
                let class = classify(row.key);
                for (past, name) in [(&mut *browsers, &class.browser), (&mut *systems, &class.system)] {
                    let family = past.intern(&Key::new(name.as_bytes()));
                    past.add(family, row.hits, row.bytes);
                }
                if class.bot {
                    *bots = (bots.0 + row.hits, bots.1.saturating_add(row.bytes));
                }
            },
        );
        drop(guard);
        self.agent_memo = Default::default();
        self.visitors.renumber(&Renumbered { clients: None, agents: Some(numbers.as_slice()), row: None });
        is_less(&numbers)
    }

    fn halve_visitors(&mut self) -> bool {
        let (level, before) = (self.visitors.level(), self.visitors.held_bytes());
        // Visitors without cards leave their kinds behind: it may be enough to sweep those up.
        if level > 0 {
            self.visitors.renumber(&Renumbered { clients: None, agents: None, row: None });
        }
        if self.visitors.held_bytes() <= before / 4 * 3 {
            return true;
        }
        self.sample((level + 1).min(LEVEL_MAX));
        level < LEVEL_MAX
    }

    fn sample(&mut self, level: u32) {
        let (clients, agents) = (&self.clients, &self.agents);
        self.visitors.raise(level, |visitor, kind| rank_of(clients, agents, visitor, kind));
    }
}

static CLASSIFYING: Mutex<()> = Mutex::new(());

fn prune(rows: &mut Rows) -> Growing<u32> {
    rows.prune(|_| false, |_, _| ())
}

/// Whether rows that had these new numbers are fewer than they were.
fn is_less(numbers: &Growing<u32>) -> bool {
    numbers.as_slice().contains(&NOBODY)
}

/// Whether so many rows are pinned that dropping the others would save little.
fn is_most(pinned: &Growing<u8>) -> bool {
    pinned.as_slice().iter().filter(|pinned| **pinned == 1).count() * 2 > pinned.len()
}

/// Of so many rows none is pinned.
fn none_of(rows: usize) -> Growing<u8> {
    let mut pinned = Growing::default();
    pinned.extend_zeroed(rows);
    pinned
}

fn row_of(list: List, number: u32) -> RowOf {
    if number == NOBODY { RowOf::NONE } else { RowOf::new(list, number) }
}

#[cfg(test)]
#[path = "bound_tests.rs"]
pub(crate) mod tests;
