//! Error-log messages, like ones together.
//!
//! A message is grouped by its masked text (`message::mask`), so that a thousand files that do not exist are one row.
//! The memory is bounded by the messages that differ in their wording.

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
    /// Counts the message of an entry that stands at `at`.
    pub fn add(&mut self, entry: &ErrorEntry<'_>, at: Position) {
        let mut masked = std::mem::take(&mut self.masked);
        mask(entry.message, &mut masked);
        let row = self.rows.intern(&Key::new(&masked));
        self.masked = masked;
        self.rows.add(row, 1, 0);
        if self.groups.len() == row as usize {
            let level = entry.level as u8;
            self.groups.push(Group { level, period: None, example: shown(entry.message), at });
        }
        let group = &mut self.groups[row as usize];
        group.level = group.level.min(entry.level as u8);
        if let Some(time) = entry.time {
            group.widen((time.wall_seconds, time.offset_seconds, time.nanos));
        }
        if at < group.at {
            (group.at, group.example) = (at, shown(entry.message));
        }
    }

    /// Adds a group that another tally has counted.
    pub fn add_group(&mut self, key: &[u8], hits: u64, group: Group) {
        let row = self.rows.intern(&Key::new(key));
        self.rows.add(row, hits, 0);
        match self.groups.get_mut(row as usize) {
            Some(known) => known.merge(group),
            None => self.groups.push(group),
        }
    }

    /// Adds all of another's.
    pub fn merge(&mut self, other: Messages) {
        for (row, group) in other.rows.iter().zip(other.groups) {
            self.add_group(row.key, row.hits, group);
        }
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
