//! Visitors, and the rows in which each was seen.
//!
//! A visitor is a distinct (client, agent, wall-clock day). The report also tells for each path, referrer, ... and each
//! bucket of time how many different visitors it had. A set of (row, visitor) pairs would answer that at the price of
//! one cache miss for each pair; but a visitor of a day is seen in few rows, so each visitor's card, one cache line,
//! lists them. What does not fit goes to one shared set of pairs. Either way the answer is exact.
//!
//! Buckets of time need no list: as a visitor belongs to one day, a mask of the buckets of that day does.

use super::huge::{Blocks, Huge};
use super::index::{Found, Index};
use super::prefetch::prefetch;

/// Rows that a card lists before it overflows.
const ON_CARD: usize = 12;

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
    /// Referring sites.
    Site = 5,
    /// Buckets of time that are no whole share of a day.
    Bucket = 6,
}

impl List {
    /// Every list.
    pub const ALL: [List; 6] =
        [List::Path, List::NotFound, List::ServerError, List::Referrer, List::Site, List::Bucket];
}

impl RowOf {
    /// Rows of a list that can be told apart.
    pub const LIMIT: u32 = 1 << 29;

    /// Row `row` of `list`.
    #[inline(always)]
    pub fn new(list: List, row: u32) -> RowOf {
        debug_assert!(row < RowOf::LIMIT);
        RowOf((list as u32) << 29 | row)
    }

    /// The list and the row's number.
    pub fn parts(self) -> (List, u32) {
        let list = match self.0 >> 29 {
            1 => List::Path,
            2 => List::NotFound,
            3 => List::ServerError,
            4 => List::Referrer,
            5 => List::Site,
            _ => List::Bucket,
        };
        (list, self.0 & (RowOf::LIMIT - 1))
    }
}

#[derive(Clone, Copy, bytemuck::Zeroable, bytemuck::Pod)]
#[repr(C, align(64))]
struct Card {
    client: u32,
    agent: u32,
    day: i32,
    buckets: u32,
    rows: [u32; ON_CARD],
}

/// All visitors.
#[derive(Default)]
pub struct Visitors {
    index: Index,
    cards: Blocks<Card>,
    overflow: PairSet,
}

/// One visitor: the numbers of its client and agent, and the day (days since 1970-01-01).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// Row of the client.
    pub client: u32,
    /// Row of the agent.
    pub agent: u32,
    /// Wall-clock day.
    pub day: i32,
}

/// What a visitor's card knows of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The visitor is new in the row.
    First,
    /// It was seen there before.
    Again,
    /// The card is full, the pair must be asked for.
    Ask(Pair),
}

/// A visitor and a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair(u64);

impl Pair {
    /// The visitor's number, and the row.
    pub fn parts(self) -> (u32, RowOf) {
        ((self.0 >> 32) as u32, RowOf(self.0 as u32))
    }
}

impl Visitors {
    /// The hash of a visitor. It needs no seed: its parts are numbers given by us, which a client cannot choose.
    #[inline(always)]
    pub fn hash(visitor: Visitor) -> u32 {
        let word = u64::from(visitor.client) << 32 | u64::from(visitor.agent);
        let product = u128::from(word ^ 0x9E37_79B9_7F4A_7C15)
            * u128::from((visitor.day as u32 as u64).wrapping_mul(0xD6E8_FEB8_6659_FD93) ^ 0xA076_1D64_78BD_642F);
        ((product >> 64) as u64 ^ product as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_shr(32) as u32
    }

    /// First step of a look-up in batches.
    #[inline(always)]
    pub fn prefetch_slot(&self, hash: u32) {
        self.index.prefetch(hash);
    }

    /// Second step.
    #[inline(always)]
    pub fn prefetch_card(&self, hash: u32) {
        if let Some(id) = self.index.guess(hash) {
            prefetch(self.cards.get(id as usize));
        }
    }

    /// The number of a visitor, and whether it is seen for the first time.
    #[inline(always)]
    pub fn intern(&mut self, hash: u32, visitor: Visitor) -> (u32, bool) {
        let found = self.index.find(hash, |id| {
            let card = self.cards.get(id as usize);
            (card.client, card.agent, card.day) == (visitor.client, visitor.agent, visitor.day)
        });
        match found {
            Found::Id(id) => (id, false),
            Found::Vacant(slot) => (self.add(slot, hash, visitor), true),
        }
    }

    #[inline(never)]
    fn add(&mut self, slot: usize, hash: u32, visitor: Visitor) -> u32 {
        let Visitor { client, agent, day } = visitor;
        let id = self.cards.push(Card { client, agent, day, buckets: 0, rows: [0; ON_CARD] }) as u32;
        self.index.insert(slot, hash, id);
        id
    }

    /// The number of a visitor that was seen.
    pub fn lookup(&self, hash: u32, visitor: Visitor) -> Option<u32> {
        let same = |id: u32| {
            let card = self.cards.get(id as usize);
            (card.client, card.agent, card.day) == (visitor.client, visitor.agent, visitor.day)
        };
        match self.index.find(hash, same) {
            Found::Id(id) => Some(id),
            Found::Vacant(_) => None,
        }
    }

    /// The mask of the buckets in which the visitor was seen.
    pub fn buckets(&self, visitor: u32) -> u32 {
        self.cards.get(visitor as usize).buckets
    }

    /// Whether the visitor was seen in a row.
    pub fn was_in_row(&self, visitor: u32, row: RowOf) -> bool {
        let rows = &self.cards.get(visitor as usize).rows;
        let full = rows[ON_CARD - 1] != 0;
        rows.contains(&row.0) || (full && self.overflow.contains(u64::from(visitor) << 32 | u64::from(row.0)))
    }

    /// Marks bucket `bit` (0..32) of the visitor's day; true the first time.
    #[inline(always)]
    pub fn first_in_bucket(&mut self, visitor: u32, bit: u32) -> bool {
        let card = self.cards.get_mut(visitor as usize);
        let first = card.buckets >> bit & 1 == 0;
        card.buckets |= 1 << bit;
        first
    }

    /// Marks that the visitor was seen in a row; true the first time.
    #[inline(always)]
    pub fn first_in_row(&mut self, visitor: u32, row: RowOf) -> bool {
        match self.look(visitor, row) {
            Seen::First => true,
            Seen::Again => false,
            Seen::Ask(pair) => self.first_of_pair(pair),
        }
    }

    /// Marks that the visitor was seen in a row, as far as its card can tell. A visitor whose card is full has its pairs
    /// elsewhere: they are brought near, for [`first_of_pair`](Self::first_of_pair) to be asked a little later.
    #[inline(always)]
    pub fn look(&mut self, visitor: u32, row: RowOf) -> Seen {
        let card = self.cards.get_mut(visitor as usize);
        // Compared as a whole: twelve comparisons in three vectors cost less than a branch that guesses wrong.
        let listed = card.rows.iter().fold(false, |listed, &other| listed | (other == row.0));
        if listed {
            return Seen::Again;
        }
        if card.rows[ON_CARD - 1] == 0 {
            let free = card.rows.iter().map(|&other| usize::from(other != 0)).sum::<usize>();
            card.rows[free] = row.0;
            return Seen::First;
        }
        let pair = Pair(u64::from(visitor) << 32 | u64::from(row.0));
        self.overflow.prefetch(pair.0);
        Seen::Ask(pair)
    }

    /// Marks a pair that the card could not tell about; true the first time.
    #[inline(always)]
    pub fn first_of_pair(&mut self, pair: Pair) -> bool {
        self.overflow.insert(pair.0)
    }

    /// Visitors.
    pub fn len(&self) -> usize {
        self.cards.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.cards.is_empty()
    }

    /// Every visitor in the order of its number, with its mask of buckets and the rows on its card.
    pub fn iter(&self) -> impl Iterator<Item = (Visitor, u32, impl Iterator<Item = RowOf>)> {
        self.cards.iter().map(|card| {
            let visitor = Visitor { client: card.client, agent: card.agent, day: card.day };
            (visitor, card.buckets, card.rows.iter().take_while(|row| **row != 0).map(|row| RowOf(*row)))
        })
    }

    /// The (visitor, row) pairs that did not fit on cards.
    pub fn overflow(&self) -> impl Iterator<Item = (u32, RowOf)> {
        self.overflow.iter().map(|pair| Pair(pair).parts())
    }

    /// Makes room, so that as many further visitors grow no index.
    pub fn reserve(&mut self, more: usize) {
        self.index.reserve(more);
    }

    /// Bytes it takes.
    pub fn memory_bytes(&self) -> usize {
        self.index.bytes() + self.cards.bytes() + self.overflow.slots.bytes()
    }
}

/// A set of non-zero 64-bit values: open addressing, linear probing, at most 5 of 8 slots taken.
struct PairSet {
    slots: Huge<u64>,
    bits: u32,
    taken: usize,
}

impl Default for PairSet {
    fn default() -> Self {
        PairSet { slots: Huge::zeroed(1 << 8), bits: 8, taken: 0 }
    }
}

impl PairSet {
    #[inline(always)]
    fn home(pair: u64, bits: u32) -> usize {
        // Two rounds: rows and visitors are small numbers, and one product would leave their low bits in line.
        let mixed = (pair ^ pair >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        ((mixed ^ mixed >> 32).wrapping_mul(0x94D0_49BB_1331_11EB) >> (64 - bits)) as usize
    }

    #[inline(always)]
    fn prefetch(&self, pair: u64) {
        if let Some(slot) = self.slots.as_slice().get(PairSet::home(pair, self.bits)) {
            prefetch(slot);
        }
    }

    fn contains(&self, pair: u64) -> bool {
        let slots = self.slots.as_slice();
        let mask = slots.len() - 1;
        let from = PairSet::home(pair, self.bits);
        // At most 5 of 8 slots are taken, so the probe ends.
        (from..).map(|at| slots[at & mask]).take_while(|slot| *slot != 0).any(|slot| slot == pair)
    }

    /// Adds a pair; true if it was not there.
    #[inline(never)]
    fn insert(&mut self, pair: u64) -> bool {
        let slots = self.slots.as_mut_slice();
        let mask = slots.len() - 1;
        let mut at = PairSet::home(pair, self.bits);
        loop {
            let slot = &mut slots[at & mask];
            if *slot == pair {
                return false;
            }
            if *slot == 0 {
                *slot = pair;
                break;
            }
            at += 1;
        }
        self.taken += 1;
        if self.taken * 8 > (mask + 1) * 5 {
            self.grow();
        }
        true
    }

    #[cold]
    fn grow(&mut self) {
        let bits = self.bits + 1;
        let mut slots = Huge::zeroed(1 << bits);
        let target = slots.as_mut_slice();
        let mask = target.len() - 1;
        for pair in self.iter() {
            let mut at = PairSet::home(pair, bits);
            while target[at & mask] != 0 {
                at += 1;
            }
            target[at & mask] = pair;
        }
        (self.slots, self.bits) = (slots, bits);
    }

    fn iter(&self) -> impl Iterator<Item = u64> {
        self.slots.as_slice().iter().copied().filter(|pair| *pair != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn one_visitor(visitors: &mut Visitors, client: u32) -> u32 {
        let visitor = Visitor { client, agent: 0, day: 3 };
        visitors.intern(Visitors::hash(visitor), visitor).0
    }

    #[test]
    fn a_visitor_is_new_once() {
        let mut visitors = Visitors::default();
        for (visitor, new) in [((1, 2, 3), true), ((1, 2, 3), false), ((1, 2, 4), true), ((2, 1, 3), true)] {
            let visitor = Visitor { client: visitor.0, agent: visitor.1, day: visitor.2 };
            assert_eq!(visitors.intern(Visitors::hash(visitor), visitor).1, new, "{visitor:?}");
        }
        assert_eq!(visitors.len(), 3);
    }

    #[test]
    fn a_row_is_first_once_on_the_card_and_beyond_it() {
        let mut visitors = Visitors::default();
        let (one, two) = (one_visitor(&mut visitors, 1), one_visitor(&mut visitors, 2));
        let mut model = HashSet::new();
        for step in 0..3000u32 {
            let (visitor, list) = (if step % 3 == 0 { one } else { two }, List::ALL[step as usize % 6]);
            let row = step.wrapping_mul(2_654_435_761) % 40;
            let first = visitors.first_in_row(visitor, RowOf::new(list, row));
            assert_eq!(first, model.insert((visitor, list as u32, row)), "visitor {visitor} {list:?} {row}");
        }
        let listed = visitors.iter().map(|(_, _, rows)| rows.count()).sum::<usize>();
        assert_eq!(listed + visitors.overflow().count(), model.len());
    }

    #[test]
    fn a_row_keeps_its_list_and_number() {
        for list in List::ALL {
            for row in [0, 1, RowOf::LIMIT - 1] {
                assert_eq!(RowOf::new(list, row).parts(), (list, row));
            }
        }
    }

    #[test]
    fn a_bucket_is_first_once() {
        let mut visitors = Visitors::default();
        let visitor = one_visitor(&mut visitors, 1);
        assert!(visitors.first_in_bucket(visitor, 0));
        assert!(visitors.first_in_bucket(visitor, 31));
        assert!(!visitors.first_in_bucket(visitor, 31));
    }
}
