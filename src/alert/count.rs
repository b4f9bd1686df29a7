//! What one worker counts for rules: record -> rows of groups, by pane.
//!
//! A record is asked each condition once, at most. For each table whose records it belongs to it is counted in the row of
//! its group (`book`). Records that `each` tells are copied, up to [`LINES_MAX`] between two hand-overs.

use super::book::Book;
use super::key::Keys;
use super::named::Named;
use super::plan::{Plan, Sign};
use crate::filter::record::Record;
use crate::filter::{Field, Filter, Number};
use crate::format::record::NONE;
use std::sync::Arc;

/// Records of `each` that a worker keeps between two hand-overs; of further ones it knows the number.
pub const LINES_MAX: usize = 1000;

/// What a worker hands over.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counted {
    /// The [identity](Plan::identity) of the plan that it was counted for.
    pub plan: u64,
    /// The rows of a table in the pane that starts at an instant: table, start, rows. A pane may come several times.
    pub panes: Vec<(usize, i64, Named)>,
    /// For each sign of life the panes in which it came, by arrival, and when it last did there, in milliseconds.
    pub signs: Vec<Signs>,
    /// The start of the earliest pane in which there was any record.
    pub earliest: Option<i64>,
    /// Records of `each`, in the order in which they came.
    pub lines: Vec<Line>,
    /// For each `each`, how many more there were.
    pub left_out: Vec<u64>,
    /// Groups that were dropped, since there were too many.
    pub dropped: u64,
}

impl Counted {
    /// Adds what another worker has counted.
    pub fn merge(&mut self, other: Counted) {
        self.panes.extend(other.panes);
        self.lines.extend(other.lines);
        self.dropped += other.dropped;
        self.earliest = self.earliest.into_iter().chain(other.earliest).min();
        let longer = |own: usize, other: usize| own.max(other);
        self.signs.resize(longer(self.signs.len(), other.signs.len()), Signs::default());
        self.signs.iter_mut().zip(other.signs).for_each(|(own, other)| own.0.extend(other.0));
        self.left_out.resize(longer(self.left_out.len(), other.left_out.len()), 0);
        self.left_out.iter_mut().zip(other.left_out).for_each(|(own, other)| *own += other);
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.panes.is_empty()
            && self.lines.is_empty()
            && self.earliest.is_none()
            && self.signs.iter().all(|signs| signs.0.is_empty())
    }
}

/// When a sign of life came: panes, and the last time in each. A pane may be there several times.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Signs(pub Vec<(i64, i64)>);

impl Signs {
    fn came(&mut self, at: i64, pane: i64) {
        let start = at.saturating_sub(at.rem_euclid(pane));
        match self.0.last_mut() {
            Some((last, newest)) if *last == start => *newest = at.max(*newest),
            _ => self.came_elsewhen(start, at),
        }
    }

    /// Lines that come now of one, now of another pane must not make the list long.
    #[inline(never)]
    fn came_elsewhen(&mut self, start: i64, at: i64) {
        match self.0.iter_mut().rev().find(|(known, _)| *known == start) {
            Some((_, newest)) => *newest = at.max(*newest),
            None => self.0.push((start, at)),
        }
    }
}

/// A record that `each` tells of: what it says, by field.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Which `each` of the plan.
    pub each: usize,
    /// Its own time, in milliseconds; when it came, where it has none.
    pub at: i64,
    /// The key of its group.
    pub key: Box<[u8]>,
    /// Fields that it has, and what they say: bytes as in the record, at most [`FIELD_BYTES_MAX`] of them.
    pub fields: Vec<(Field, Box<[u8]>)>,
}

/// Bytes of a field that `each` tells.
pub const FIELD_BYTES_MAX: usize = 4096;

/// The counts of a worker.
pub struct Counter {
    plan: Arc<Plan>,
    /// Filters of this thread.
    conditions: Vec<Filter>,
    answers: Vec<Answer>,
    books: Vec<Book>,
    keys: Keys,
    arrival: Option<i64>,
    signs: Vec<Signs>,
    earliest: Option<i64>,
    lines: Vec<Line>,
    left_out: Vec<u64>,
    records: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Answer {
    Unasked,
    Yes,
    No,
}

impl Counter {
    /// Nothing counted yet.
    pub fn new(plan: Arc<Plan>) -> Counter {
        Counter {
            conditions: plan.conditions.clone(),
            answers: vec![Answer::Unasked; plan.conditions.len()],
            books: plan.tables.iter().map(|table| Book::new(table.shape())).collect(),
            keys: Keys::default(),
            arrival: None,
            signs: vec![Signs::default(); plan.signs.len()],
            earliest: None,
            lines: Vec::new(),
            left_out: vec![0; plan.each.len()],
            records: 0,
            plan,
        }
    }

    /// What is seen from now on came at this instant of the wall clock; in a replay, which has none (`None`), a record
    /// comes at its own time.
    pub fn set_clock(&mut self, arrival: Option<i64>) {
        self.arrival = arrival;
    }

    /// Whether what was counted is to be handed over at once: there are records of `each`.
    pub fn is_urgent(&self) -> bool {
        !self.lines.is_empty()
    }

    /// Records counted since the last hand-over.
    pub fn len(&self) -> usize {
        self.records
    }

    /// Whether none was.
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// A heartbeat came, of this time if it says so.
    pub fn heartbeat(&mut self, at: Option<i64>) {
        let Some(now) = self.arrival.or(at) else { return };
        for (sign, signs) in self.plan.signs.iter().zip(&mut self.signs) {
            if matches!(sign, Sign::Heartbeat | Sign::Any) {
                signs.came(now, self.plan.pane);
            }
        }
    }

    /// A record. `at` is its time in milliseconds, its own or that of its arrival; `in_pane`: it is neither late nor of
    /// the future. `is_bot` classes an agent, as in [`Filter::keep_access`].
    pub fn record(&mut self, record: &impl Record, at: i64, in_pane: bool, mut is_bot: impl FnMut(&[u8]) -> bool) {
        let Counter { plan, conditions, answers, books, keys, .. } = self;
        answers.fill(Answer::Unasked);
        let mut holds = |condition: Option<usize>| {
            let Some(condition) = condition else { return true };
            let (Some(answer), Some(filter)) = (answers.get_mut(condition), conditions.get(condition)) else {
                return false;
            };
            if *answer == Answer::Unasked {
                *answer = if filter.keep(record, &mut is_bot) { Answer::Yes } else { Answer::No };
            }
            *answer == Answer::Yes
        };
        self.records += 1;
        if in_pane {
            let start = at.saturating_sub(at.rem_euclid(plan.pane));
            self.earliest = Some(self.earliest.map_or(start, |earliest| earliest.min(start)));
            for (table, book) in plan.tables.iter().zip(books) {
                if holds(table.condition) {
                    book.count(table, start, record, keys, &mut holds);
                }
            }
        }
        let now = self.arrival.unwrap_or(at);
        for (sign, signs) in plan.signs.iter().zip(&mut self.signs) {
            let is_one = match sign {
                Sign::Heartbeat => false,
                Sign::Any => true,
                Sign::Record(condition) => holds(Some(*condition)),
            };
            if is_one {
                signs.came(now, plan.pane);
            }
        }
        for (each, (rule, condition)) in plan.each.iter().enumerate() {
            if !holds(*condition) {
                continue;
            }
            if self.lines.len() >= LINES_MAX {
                if let Some(left_out) = self.left_out.get_mut(each) {
                    *left_out += 1;
                }
                continue;
            }
            let by = plan.rules.get(*rule).map_or(&[][..], |planned| &planned.rule.by);
            let key = keys.of(by, record).into();
            self.lines.push(Line { each, at, key, fields: fields(record) });
        }
    }

    /// Hands over what was counted, and begins anew.
    pub fn hand_over(&mut self) -> Counted {
        self.records = 0;
        let (mut panes, mut dropped) = (Vec::new(), 0);
        for (number, (table, book)) in self.plan.tables.iter().zip(&mut self.books).enumerate() {
            dropped += book.hand_over(table, |start, named| panes.push((number, start, named)));
        }
        Counted {
            plan: self.plan.identity(),
            panes,
            signs: self.signs.iter_mut().map(std::mem::take).collect(),
            earliest: self.earliest.take(),
            lines: std::mem::take(&mut self.lines),
            left_out: self.left_out.iter_mut().map(std::mem::take).collect(),
            dropped,
        }
    }
}

/// What a record says, but for what it has not.
fn fields(record: &impl Record) -> Vec<(Field, Box<[u8]>)> {
    let number = |field: Number, number: i128| match field {
        Number::Latency => format!("{}s", number as f64 / 1e9),
        Number::Time => {
            let instant = jiff::Timestamp::from_nanosecond(number);
            instant.map_or_else(|_| String::new(), |instant| format!("{instant}"))
        }
        Number::Level | Number::Weekday => {
            let mut keys = Vec::new();
            super::key::write_number(field, Some(number), &mut keys);
            String::from_utf8_lossy(&keys).into_owned()
        }
        _ => number.to_string(),
    };
    let said = |field: Field| match field {
        Field::Number(field) => record.number(field).map(|value| number(field, value).into_bytes().into()),
        Field::Text(text) => {
            let text = record.text(text);
            (text != NONE).then(|| text.get(..FIELD_BYTES_MAX).unwrap_or(text).into())
        }
        Field::Bot => None,
    };
    Field::ALL.into_iter().filter_map(|field| Some((field, said(field)?))).collect()
}
