//! A sample of the visitors, where cards for all of them would take too much memory.
//!
//! Every visitor has a rank by a hash of its client, agent and day that is the same everywhere (`stable`): one of 2^n
//! has rank n or more. While there is room all visitors have cards, and every figure is exact. To need less, the level
//! is raised by one and the cards of a lesser rank are dropped, about half of them. So at level n the cards are a random
//! sample of one in 2^n visitors, whoever they are and however often they came, and each card still knows all that its
//! visitor did. A count of cards times 2^n estimates the visitors, in the whole and in each row alike.
//!
//! Tallies that are merged agree on the greater level, and on who is in the sample.
//!
//! The error. Of N visitors a sample at level n has about N/2^n, with a variance of no more than that. So if k are seen,
//! N/2^n differs from k by at most z^2/2 + z*sqrt(k + z^2/4) but for z standard deviations (Wilson's interval, which
//! holds for small k too, where k +- z*sqrt(k) does not). With z = 4 an estimate in 15,000 is farther off.
//!
//! Sources: adaptive sampling (Wegman; Flajolet, "On adaptive sampling", Computing 43, 1990); Wilson, "Probable
//! inference, the law of succession, and statistical inference", 1927.

use super::{ON_CARD, RowOf, Visitor, Visitors, visitor_of};
use crate::aggregate::index::NOBODY;
use crate::aggregate::kinds::Kind;

/// The level from which on no visitor is left.
pub const LEVEL_MAX: u32 = 64;

/// Standard deviations that an estimate may be off.
const DEVIATIONS: f64 = 4.0;

/// A count of visitors in the sample, as one of all visitors, and how far it may be off.
pub fn estimate(seen: u64, level: u32) -> (u64, u64) {
    if level == 0 {
        return (seen, 0);
    }
    let scale = 2f64.powi(level as i32);
    let error = DEVIATIONS * DEVIATIONS / 2.0 + DEVIATIONS * (seen as f64 + DEVIATIONS * DEVIATIONS / 4.0).sqrt();
    ((seen as f64 * scale) as u64, (error * scale).ceil() as u64)
}

/// Standard error of such a count, as a share of it.
pub fn standard_error(seen: u64, level: u32) -> f64 {
    if level == 0 { 0.0 } else { ((1.0 - 0.5f64.powi(level as i32)) / (seen as f64).max(1.0)).sqrt() }
}

/// New numbers of rows that cards speak of.
pub struct Renumbered<'a> {
    /// Of clients, none of which is gone; `None` where they have not changed.
    pub clients: Option<&'a [u32]>,
    /// Of agents, likewise.
    pub agents: Option<&'a [u32]>,
    /// Of rows; [`RowOf::NONE`] for those that are gone.
    pub row: Option<&'a dyn Fn(RowOf) -> RowOf>,
}

impl Visitors {
    /// Only visitors of this rank or more have cards.
    pub fn level(&self) -> u32 {
        self.level
    }

    /// Lets the rest know that memory is short.
    pub fn hurry(&mut self) {
        self.sets.hurry();
    }

    /// Raises the level to at least `level`; `rank` tells the rank of a visitor.
    pub fn raise(&mut self, level: u32, rank: impl Fn(Visitor, Kind) -> u32) {
        if level > self.level {
            self.level = level;
            let unchanged = Renumbered { clients: None, agents: None, row: None };
            self.rebuild(|visitor, kind| rank(visitor, kind) >= level, &unchanged);
        }
    }

    /// Writes new numbers into all cards.
    pub fn renumber(&mut self, numbers: &Renumbered<'_>) {
        self.rebuild(|_, _| true, numbers);
    }

    /// Bytes of memory that it keeps from others.
    pub fn held_bytes(&self) -> usize {
        self.index.held_bytes() + self.cards.held_bytes() + self.sets.held_bytes() + self.kinds.held_bytes()
    }

    fn rebuild(&mut self, is_kept: impl Fn(Visitor, Kind) -> bool, numbers: &Renumbered<'_>) {
        self.settle_all();
        let kinds = std::mem::take(&mut self.kinds);
        let mut kind_numbers = vec![NOBODY; kinds.as_slice().len()];
        let new = |numbers: Option<&[u32]>, old: u32| numbers.map_or(old, |numbers| numbers[old as usize]);
        let (mut kept, mut rows) = (0, Vec::new());
        for id in 0..self.cards.len() {
            let mut card = self.cards.as_slice()[id];
            let (visitor, kind) = (visitor_of(&card), kinds.as_slice()[card.kind as usize]);
            if !is_kept(visitor, kind) {
                self.sets.replace(&mut card.set, &[]);
                continue;
            }
            let number = &mut kind_numbers[card.kind as usize];
            if *number == NOBODY {
                *number = self.kinds.number(Kind { agent: new(numbers.agents, kind.agent), ..kind });
            }
            card.kind = *number;
            card.client = new(numbers.clients, card.client);
            if let Some(row) = numbers.row {
                rows.clear();
                let listed = card.rows.iter().take_while(|row| **row != 0);
                let known = listed.chain(self.sets.rows(card.set));
                rows.extend(known.map(|old| row(RowOf(*old)).0).filter(|row| *row != 0));
                rows.sort_unstable();
                rows.dedup();
                let (listed, rest) = rows.split_at(rows.len().min(ON_CARD));
                card.rows = [0; ON_CARD];
                card.rows[..listed.len()].copy_from_slice(listed);
                self.sets.replace(&mut card.set, rest);
            }
            self.cards.as_mut_slice()[kept] = card;
            kept += 1;
        }
        self.cards.truncate(kept);
        self.cards.shrink_to_fit();
        self.sets.compact(self.cards.as_mut_slice(), |card| &mut card.set);
        self.index.rebuild(kept, |id| visitor_of(&self.cards.as_slice()[id as usize]).hash());
    }
}

#[cfg(test)]
#[path = "sample_tests.rs"]
mod tests;
