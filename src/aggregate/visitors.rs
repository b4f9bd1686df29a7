//! Visitors, and the rows in which each was seen.
//!
//! A visitor is a distinct (client, agent, wall-clock day). The report also tells for each path, referrer, ... and each
//! bucket of time how many different visitors it had. A set of (row, visitor) pairs would answer that at the price of
//! one cache miss for each pair; but a visitor of a day is seen in few rows, so each visitor's card, half a cache line,
//! lists four, and what does not fit goes to a set of the visitor's own. Nothing is counted here: a card remembers, and
//! `visits` counts all cards once, at the end. Either way the answer is exact.
//!
//! Buckets of time need no list: as a visitor belongs to one day, a mask of the buckets of that day does.
//!
//! Where memory is bounded only a sample of the visitors has cards: see [`sample`].

pub mod sample;

use super::huge::Growing;
use super::index::{Found, Index, NOBODY};
use super::kinds::{Kind, Kinds};
use super::row_sets::{Handle, RowSets};
use crate::scan::lanes;

/// Rows that a card lists.
const ON_CARD: usize = 4;
/// The bit of the place behind the last.
const FULL: u32 = 1 << ON_CARD;

/// A list whose rows count visitors, with the row's number in it.
///
/// Packed into 32 bits, the list in the top three, so that no row is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowOf(u32);

/// The lists that count visitors by card. (Clients, agents and the like need none: the visitor itself says them.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum List {
    /// Paths.
    Path = 1,
    /// Paths answered with 404.
    NotFound = 2,
    /// Paths answered with 5xx.
    ServerError = 3,
    /// Referrers.
    Referrer = 4,
    /// Buckets of time that are no whole share of a day.
    Bucket = 5,
    /// Referring sites, in the place of referrers that have no row any more.
    Site = 6,
}

impl List {
    /// Every list, by its number.
    pub const ALL: [List; 6] =
        [List::Path, List::NotFound, List::ServerError, List::Referrer, List::Bucket, List::Site];

    /// Its place among all.
    #[inline(always)]
    pub fn number(self) -> usize {
        self as usize - 1
    }
}

impl RowOf {
    /// No row of any list.
    pub const NONE: RowOf = RowOf(0);
    /// Rows of a list that can be told apart.
    pub const LIMIT: u32 = 1 << 29;

    /// Row `row` of `list`.
    #[inline(always)]
    pub fn new(list: List, row: u32) -> RowOf {
        debug_assert!(row < RowOf::LIMIT);
        RowOf((list as u32) << 29 | row)
    }

    /// The list and the row's number.
    #[inline(always)]
    pub fn parts(self) -> (List, u32) {
        let list = match self.0 >> 29 {
            1 => List::Path,
            2 => List::NotFound,
            3 => List::ServerError,
            4 => List::Referrer,
            5 => List::Bucket,
            _ => List::Site,
        };
        (list, self.0 & (RowOf::LIMIT - 1))
    }
}

#[derive(Clone, Copy, bytemuck::Zeroable, bytemuck::Pod)]
#[repr(C, align(32))]
struct Card {
    client: u32,
    kind: u32,
    buckets: u32,
    set: Handle,
    rows: [u32; ON_CARD],
}

/// All visitors.
#[derive(Default)]
pub struct Visitors {
    /// What agent and day a visitor is of.
    pub kinds: Kinds,
    index: Index,
    cards: Growing<Card>,
    sets: RowSets,
    /// Only visitors of this rank or more have cards.
    level: u32,
}

/// One visitor: the numbers of its client and of its kind (agent and day).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// Row of the client.
    pub client: u32,
    /// Number of the kind.
    pub kind: u32,
}

impl Visitor {
    /// Its hash. It needs no seed: its parts are numbers given by us, which a client cannot choose.
    #[inline(always)]
    pub fn hash(self) -> u32 {
        let word = u64::from(self.client) << 32 | u64::from(self.kind);
        let product = u128::from(word ^ 0x9E37_79B9_7F4A_7C15) * u128::from(0xD6E8_FEB8_6659_FD93_u64);
        (((product >> 64) as u64 ^ product as u64).wrapping_mul(0xA076_1D64_78BD_642F) >> 32) as u32
    }
}

impl Visitors {
    /// First step of a look-up in batches.
    #[inline(always)]
    pub fn prefetch_slot(&self, hash: u32) {
        self.index.prefetch(hash);
    }

    /// Second step: guess the visitor and bring its card near.
    #[inline(always)]
    pub fn prefetch_card(&self, hash: u32) -> u32 {
        let guess = self.index.guess(hash);
        self.cards.prefetch(guess);
        guess
    }

    /// Third step: the number of a visitor, `NOBODY` for one who is not in the sample. `guess` is the second step's;
    /// `rank` is asked for the rank of a visitor without a card, while only a sample has cards.
    #[inline(always)]
    pub fn intern_guessed(&mut self, guess: u32, hash: u32, visitor: Visitor, rank: impl FnOnce(Kind) -> u32) -> u32 {
        if self.is_at(guess, visitor) { guess } else { self.intern_hashed(hash, visitor, rank) }
    }

    #[inline(always)]
    fn is_at(&self, id: u32, visitor: Visitor) -> bool {
        self.cards.get(id).is_some_and(|card| visitor_of(card) == visitor)
    }

    #[inline(never)]
    fn intern_hashed(&mut self, hash: u32, visitor: Visitor, rank: impl FnOnce(Kind) -> u32) -> u32 {
        match self.index.find(hash, |id| self.is_at(id, visitor)) {
            Found::Id(id) => id,
            Found::Vacant(_) if self.level > 0 && rank(self.kinds.as_slice()[visitor.kind as usize]) < self.level => {
                NOBODY
            }
            Found::Vacant(slot) => {
                let Visitor { client, kind } = visitor;
                let id = self.cards.push(Card { client, kind, buckets: 0, set: 0, rows: [0; ON_CARD] }) as u32;
                self.index.insert(slot, hash, id, |id| visitor_of(&self.cards.as_slice()[id as usize]).hash());
                id
            }
        }
    }

    /// The number of a visitor that was seen.
    pub fn lookup(&self, visitor: Visitor) -> Option<u32> {
        match self.index.find(visitor.hash(), |id| self.is_at(id, visitor)) {
            Found::Id(id) => Some(id),
            Found::Vacant(_) => None,
        }
    }

    /// Notes that a visitor was seen in some buckets of its day (a mask) and in two rows, of different lists or
    /// [`RowOf::NONE`]. Of `NOBODY` nothing is noted.
    #[inline(always)]
    pub fn note(&mut self, visitor: u32, buckets: u32, rows: [RowOf; 2]) {
        let Some(card) = self.cards.get_mut(visitor) else { return };
        card.buckets |= buckets;
        // The first place that has the row or is free gets it. Without a branch, as no branch could be foretold.
        let [RowOf(one), RowOf(two)] = rows;
        let listed = card.rows;
        let place_of = |mask: u32| (mask | FULL).trailing_zeros() as usize;
        let place = place_of(lanes::equal_or_zero(listed, one));
        let place_two = place_of(lanes::equal_or_zero(listed, two) & !(1 << place));
        for (place, row) in [(place, one), (place_two, two)] {
            let fits = place < ON_CARD;
            let at = place.min(ON_CARD - 1);
            card.rows[at] = if fits { row } else { card.rows[at] };
            self.sets.note_if(!fits & (row != 0), visitor, row);
        }
    }

    /// Puts the rows that wait for their sets into them, once they are many. Between two calls rows may wait, so
    /// [`for_each_row`](Self::for_each_row) and [`was_in_row`](Self::was_in_row) are asked after [`settle_all`](Self::settle_all).
    #[inline(always)]
    pub fn settle(&mut self) {
        if self.sets.are_many_waiting() {
            self.settle_all();
        }
    }

    /// Puts all rows that wait for their sets into them.
    #[inline(never)]
    pub fn settle_all(&mut self) {
        self.sets.settle(self.cards.as_mut_slice(), |card| &mut card.set);
    }

    /// Whether a visitor was seen in a row.
    pub fn was_in_row(&self, visitor: u32, row: RowOf) -> bool {
        let card = &self.cards.as_slice()[visitor as usize];
        card.rows.contains(&row.0) || self.sets.contains(card.set, row.0)
    }

    /// The mask of the buckets in which a visitor was seen.
    pub fn buckets(&self, visitor: u32) -> u32 {
        self.cards.as_slice()[visitor as usize].buckets
    }

    /// Brings the set of a visitor near, for a walk over all of them; any number will do.
    #[inline(always)]
    pub fn prefetch_set(&self, visitor: u32) {
        if let Some(card) = self.cards.as_slice().get(visitor as usize) {
            self.sets.prefetch(card.set);
        }
    }

    /// Calls `with` for each row in which a visitor was seen.
    #[inline(always)]
    pub fn for_each_row(&self, visitor: u32, mut with: impl FnMut(RowOf)) {
        let card = &self.cards.as_slice()[visitor as usize];
        for row in card.rows {
            if row == 0 {
                return;
            }
            with(RowOf(row));
        }
        for row in self.sets.rows(card.set) {
            with(RowOf(*row));
        }
    }

    /// A visitor by its number.
    #[inline(always)]
    pub fn get(&self, visitor: u32) -> Visitor {
        visitor_of(&self.cards.as_slice()[visitor as usize])
    }

    /// Visitors.
    pub fn len(&self) -> usize {
        self.cards.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.cards.is_empty()
    }

    /// Makes room, so that as many further visitors grow no index.
    pub fn reserve(&mut self, more: usize) {
        self.index.reserve(more, |id| visitor_of(&self.cards.as_slice()[id as usize]).hash());
    }

    /// Bytes it takes.
    pub fn memory_bytes(&self) -> usize {
        self.index.bytes() + self.cards.bytes() + self.sets.bytes() + self.kinds.bytes()
    }
}

#[inline(always)]
fn visitor_of(card: &Card) -> Visitor {
    Visitor { client: card.client, kind: card.kind }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn intern(visitors: &mut Visitors, client: u32, kind: u32) -> u32 {
        let visitor = Visitor { client, kind };
        while visitors.kinds.as_slice().len() <= kind as usize {
            let agent = visitors.kinds.as_slice().len() as u32;
            visitors.kinds.number(Kind { agent, day: 0 });
        }
        let guess = visitors.prefetch_card(visitor.hash());
        visitors.intern_guessed(guess, visitor.hash(), visitor, |_| 0)
    }

    fn rows_of(visitors: &Visitors, id: u32) -> Vec<u32> {
        let mut rows = Vec::new();
        visitors.for_each_row(id, |row| rows.push(row.0));
        rows
    }

    #[test]
    fn a_visitor_has_one_number() {
        let mut visitors = Visitors::default();
        for round in 0..2 {
            for client in 0..3000 {
                for kind in 0..3 {
                    assert_eq!(intern(&mut visitors, client, kind), client * 3 + kind, "round {round}");
                }
            }
        }
        assert_eq!((visitors.len(), visitors.get(7)), (9000, Visitor { client: 2, kind: 1 }));
        assert_eq!(visitors.lookup(Visitor { client: 5, kind: 3 }), None);
    }

    #[test]
    fn a_visitor_remembers_its_rows_on_the_card_and_beyond_it() {
        let mut visitors = Visitors::default();
        let ids = [intern(&mut visitors, 1, 0), intern(&mut visitors, 2, 0)];
        let mut model = HashSet::new();
        for step in 0..3000u32 {
            let (id, list) = (ids[usize::from(step % 3 == 0)], List::ALL[step as usize % List::ALL.len()]);
            let row = RowOf::new(list, step.wrapping_mul(2_654_435_761) % 40);
            visitors.note(id, 0, [row, RowOf::NONE]);
            visitors.settle();
            model.insert((id, row.0));
            if step % 500 == 499 {
                visitors.settle_all();
                assert!(visitors.was_in_row(id, row));
            }
        }
        for id in ids {
            let rows = rows_of(&visitors, id);
            let expected: HashSet<u32> = model.iter().filter(|(of, _)| *of == id).map(|(_, row)| *row).collect();
            assert_eq!(rows.len(), expected.len(), "no row twice");
            assert_eq!(rows.into_iter().collect::<HashSet<_>>(), expected);
        }
        assert!(!visitors.was_in_row(ids[0], RowOf::new(List::Path, 41)));
    }

    #[test]
    fn many_rows_may_wait_for_one_visitor() {
        let mut visitors = Visitors::default();
        let id = intern(&mut visitors, 1, 0);
        for row in 0..60 {
            let rows = [RowOf::new(List::Path, row), RowOf::new(List::Referrer, row)];
            visitors.note(id, 1 << (row % 24), rows);
        }
        visitors.settle_all();
        assert_eq!(rows_of(&visitors, id).len(), 120);
        assert_eq!(visitors.buckets(id), (1 << 24) - 1);
    }

    #[test]
    fn a_row_keeps_its_list_and_number() {
        for list in List::ALL {
            for row in [0, 1, RowOf::LIMIT - 1] {
                assert_eq!(RowOf::new(list, row).parts(), (list, row));
            }
        }
    }
}
