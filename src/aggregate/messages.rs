//! Error-log messages, like ones together.
//!
//! A message is grouped by its masked text (`message::mask`), so that a thousand files that do not exist are one row.
//! The memory is bounded by the messages that differ in their wording, and where that is not enough, the most frequent
//! are kept.

use super::huge::Growing;
use super::index::NOBODY;
use super::key::Key;
use super::message::mask;
use super::position::{Position, shown};
use super::rows::Rows;
use crate::format::record::{ErrorEntry, Level, Time};
use serde::{Deserialize, Serialize};

/// What a group of messages has beside its hits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The gravest level, as a number.
    pub level: u8,
    /// First and last time, where the lines have one: wall seconds, offset, nanoseconds.
    pub period: Option<[(i64, i32, u32); 2]>,
    /// The first message as written, fit to be shown.
    pub example: String,
    /// Where the example stands.
    pub at: Position,
}

/// Groups of messages.
#[derive(Default)]
pub struct Messages {
    rows: Rows,
    groups: Vec<Group>,
    masked: Vec<u8>,
    /// Bytes of all examples.
    example_bytes: usize,
}

/// A time as one comparable value, its instant first.
fn instant(time: &(i64, i32, u32)) -> (i64, u32, i32) {
    (time.0 - i64::from(time.1), time.2, time.1)
}

impl Group {
    fn merge(&mut self, other: Group) {
        self.level = self.level.min(other.level);
        if let Some([first, last]) = other.period {
            self.widen(first);
            self.widen(last);
        }
        if other.at < self.at {
            (self.at, self.example) = (other.at, other.example);
        }
    }

    fn widen(&mut self, time: (i64, i32, u32)) {
        match &mut self.period {
            None => self.period = Some([time, time]),
            Some([first, last]) => {
                if instant(&time) < instant(first) {
                    *first = time;
                }
                if instant(&time) > instant(last) {
                    *last = time;
                }
            }
        }
    }

    /// The gravest level.
    pub fn level(&self) -> Level {
        Level::ALL[usize::from(self.level).min(Level::ALL.len() - 1)]
    }

    /// First and last time.
    pub fn times(&self) -> Option<[Time; 2]> {
        let time = |(wall_seconds, offset_seconds, nanos)| Time { wall_seconds, offset_seconds, nanos };
        self.period.map(|period| period.map(time))
    }
}

impl Messages {
    /// Counts the message of an entry that stands at `at`; returns its row.
    pub fn add(&mut self, entry: &ErrorEntry<'_>, at: Position) -> u32 {
        let mut masked = std::mem::take(&mut self.masked);
        mask(entry.message, &mut masked);
        let row = self.rows.intern(&Key::new(&masked));
        self.masked = masked;
        self.rows.add(row, 1, 0);
        if self.groups.len() == row as usize {
            let level = entry.level as u8;
            self.push(Group { level, period: None, example: shown(entry.message), at });
        }
        let group = &mut self.groups[row as usize];
        group.level = group.level.min(entry.level as u8);
        if let Some(time) = entry.time {
            group.widen((time.wall_seconds, time.offset_seconds, time.nanos));
        }
        if at < group.at {
            self.example_bytes -= group.example.capacity();
            (group.at, group.example) = (at, shown(entry.message));
            self.example_bytes += group.example.capacity();
        }
        row
    }

    fn push(&mut self, group: Group) {
        self.example_bytes += group.example.capacity();
        self.groups.push(group);
    }

    /// Adds a group that another tally has counted.
    pub fn add_group(&mut self, key: &[u8], hits: u64, group: Group) {
        let row = self.rows.intern(&Key::new(key));
        self.rows.add(row, hits, 0);
        self.join(row, group);
    }

    fn join(&mut self, row: u32, group: Group) {
        match self.groups.get_mut(row as usize) {
            Some(known) => {
                self.example_bytes -= known.example.capacity();
                known.merge(group);
                self.example_bytes += known.example.capacity();
            }
            None => self.push(group),
        }
    }

    /// Adds all of another's.
    pub fn merge(&mut self, other: Messages) {
        let numbers = self.rows.merge(&other.rows);
        for (row, group) in numbers.into_iter().zip(other.groups) {
            self.join(row, group);
        }
    }

    /// Drops the less frequent half of the groups. Returns the new number of each, `NOBODY` for those that are gone.
    pub fn prune(&mut self) -> Growing<u32> {
        let numbers = self.rows.prune(|_| false, |_, _| ());
        let mut rows = numbers.as_slice().iter();
        self.groups.retain(|_| rows.next().is_some_and(|row| *row != NOBODY));
        self.groups.shrink_to_fit();
        self.example_bytes = self.groups.iter().map(|group| group.example.capacity()).sum();
        numbers
    }

    /// Bytes of memory that it keeps from others, about: what the allocator adds to each example is its own affair.
    pub fn held_bytes(&self) -> usize {
        const ROUNDED: usize = 16;
        let examples = self.example_bytes + self.groups.len() * ROUNDED;
        self.rows.held_bytes() + 2 * self.groups.capacity() * size_of::<Group>() + examples + self.masked.capacity()
    }

    /// The rows, to take over their bounds.
    pub fn rows_mut(&mut self) -> &mut Rows {
        &mut self.rows
    }

    /// The rows, keyed by masked message.
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// The group of a row.
    pub fn group(&self, row: u32) -> &Group {
        &self.groups[row as usize]
    }

    /// The groups, to resolve their positions.
    pub fn groups_mut(&mut self) -> &mut [Group] {
        &mut self.groups
    }
}
