//! Kinds of visitors: an agent on a day of the wall clock, as one small number.
//!
//! A visitor is a client of a kind. There are few agents and days, so a visitor takes two numbers instead of three, and
//! the kind of a record is found without a hash: each agent remembers its last day.

use super::index::NOBODY;
use foldhash::fast::RandomState;
use std::collections::{HashMap, HashSet};

/// The kinds seen.
#[derive(Default)]
pub struct Kinds {
    list: Vec<Kind>,
    numbers: HashMap<Kind, u32, RandomState>,
    /// By agent: its last day, and the kind of both.
    last: Vec<(i32, u32)>,
    days: HashSet<i32, RandomState>,
}

/// An agent on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Kind {
    /// Row of the agent.
    pub agent: u32,
    /// Days since 1970-01-01 on the wall clock.
    pub day: i32,
}

impl Kinds {
    /// The number of a kind.
    #[inline(always)]
    pub fn number(&mut self, kind: Kind) -> u32 {
        match self.last.get(kind.agent as usize) {
            Some(&(day, number)) if day == kind.day && number != NOBODY => number,
            _ => self.look_up(kind),
        }
    }

    #[inline(never)]
    fn look_up(&mut self, kind: Kind) -> u32 {
        let number = *self.numbers.entry(kind).or_insert_with(|| {
            self.list.push(kind);
            self.days.insert(kind.day);
            self.list.len() as u32 - 1
        });
        let agent = kind.agent as usize;
        if self.last.len() <= agent {
            self.last.resize(agent + 1, (0, NOBODY));
        }
        self.last[agent] = (kind.day, number);
        number
    }

    /// All kinds, by number.
    pub fn as_slice(&self) -> &[Kind] {
        &self.list
    }

    /// Bytes it takes, about.
    pub fn bytes(&self) -> usize {
        self.list.len() * (2 * size_of::<Kind>() + 8) + self.last.len() * 8
    }

    /// Bytes of memory that it keeps from others, about, with those that counting by day will take at the end. What is
    /// the allocator's counts twice: while it grows the old is there too, and goes back to the system late.
    pub fn held_bytes(&self) -> usize {
        const DAY_BYTES: usize = 4 * 32 + 64;
        let list = self.list.capacity() * size_of::<Kind>() + self.last.capacity() * size_of::<(i32, u32)>();
        // A map has a byte of its own for each place, and a place more for every seven.
        let map = self.numbers.capacity() * (size_of::<(Kind, u32)>() + 1) * 8 / 7;
        let days = self.days.capacity() * (size_of::<i32>() + 1) * 8 / 7;
        2 * (list + map + days) + self.days.len() * DAY_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_has_one_number_in_whatever_order_days_come() {
        let mut kinds = Kinds::default();
        let mut number = |agent, day| kinds.number(Kind { agent, day });
        let cases = [(5, 1, 0), (5, 2, 1), (5, 1, 0), (0, 0, 2), (5, 2, 1), (0, 0, 2), (6, i32::MIN, 3)];
        for (agent, day, expected) in cases {
            assert_eq!(number(agent, day), expected, "agent {agent} on day {day}");
        }
        assert_eq!(kinds.as_slice()[2], Kind { agent: 0, day: 0 });
    }
}
