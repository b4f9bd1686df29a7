//! Rows by key, and who was seen in which.

use foldhash::fast::RandomState;
use std::collections::{HashMap, HashSet};

/// The sums of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Records.
    pub hits: u64,
    /// Bytes sent.
    pub bytes: u64,
    /// Time to serve them, in microseconds.
    pub micros: u64,
    /// The longest time to serve one.
    pub micros_max: u64,
}

impl Figures {
    /// Adds those of more records.
    pub fn add(&mut self, other: &Figures) {
        self.hits += other.hits;
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.micros = self.micros.saturating_add(other.micros);
        self.micros_max = self.micros_max.max(other.micros_max);
    }
}

#[derive(Clone, Copy, Debug)]
struct Row {
    figures: Figures,
    /// Bytes of the key that are shown; what is behind them tells alike names apart.
    name_bytes: u32,
}

/// A table of rows by key.
#[derive(Debug, Default)]
pub struct Table {
    numbers: HashMap<Box<[u8]>, u32, RandomState>,
    rows: Vec<Row>,
    /// Row and visitor, in the high and the low half.
    seen: HashSet<u64, RandomState>,
}

/// A row with its key.
#[derive(Clone, Copy, Debug)]
pub struct RowView<'table> {
    /// Its number.
    pub number: u32,
    /// The text that is shown.
    pub name: &'table [u8],
    /// What is behind it in the key.
    pub behind: &'table [u8],
    /// Its sums.
    pub figures: Figures,
}

impl Table {
    /// The row of a key, made if it is new.
    pub fn number(&mut self, key: &[u8]) -> u32 {
        self.number_of(key, key.len())
    }

    /// The same, for a key of which the first `name_bytes` are shown: of several the least, in whatever order they come.
    pub fn number_of(&mut self, key: &[u8], name_bytes: usize) -> u32 {
        let name_bytes = name_bytes as u32;
        if let Some(&number) = self.numbers.get(key) {
            if let Some(row) = self.rows.get_mut(number as usize) {
                row.name_bytes = row.name_bytes.min(name_bytes);
            }
            return number;
        }
        let number = self.rows.len() as u32;
        self.rows.push(Row { figures: Figures::default(), name_bytes });
        self.numbers.insert(key.into(), number);
        number
    }

    /// Adds to a row.
    pub fn add_to(&mut self, row: u32, figures: &Figures) {
        if let Some(row) = self.rows.get_mut(row as usize) {
            row.figures.add(figures);
        }
    }

    /// Notes that a visitor was seen in a row.
    pub fn see_in(&mut self, row: u32, visitor: Option<u32>) {
        self.seen.extend(visitor.map(|visitor| u64::from(row) << 32 | u64::from(visitor)));
    }

    /// Adds to the row of a key.
    pub fn add(&mut self, key: &[u8], figures: &Figures) -> u32 {
        let row = self.number(key);
        self.add_to(row, figures);
        row
    }

    /// Adds to the row of a key, and notes who was seen there.
    pub fn see(&mut self, key: &[u8], figures: &Figures, visitor: Option<u32>) {
        let row = self.add(key, figures);
        self.see_in(row, visitor);
    }

    /// Rows that have hits.
    pub fn len(&self) -> usize {
        self.rows.iter().filter(|row| row.figures.hits > 0).count()
    }

    /// Rows, those without hits too.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The rows that have hits, in no order.
    pub fn iter(&self) -> impl Iterator<Item = RowView<'_>> {
        self.numbers.iter().filter_map(|(key, &number)| {
            let row = self.rows.get(number as usize).filter(|row| row.figures.hits > 0)?;
            let (name, behind) = key.split_at_checked(row.name_bytes as usize)?;
            Some(RowView { number, name, behind, figures: row.figures })
        })
    }

    /// How many different visitors were seen in each row.
    pub fn visitors(&self) -> Vec<u64> {
        let mut visitors = vec![0; self.rows.len()];
        for pair in &self.seen {
            if let Some(count) = visitors.get_mut((pair >> 32) as usize) {
                *count += 1;
            }
        }
        visitors
    }

    /// Adds all rows of `other`; returns the numbers that they have here.
    pub fn merge_rows(&mut self, other: &Table) -> Vec<u32> {
        let mut numbers = vec![0; other.rows.len()];
        for (key, &theirs) in &other.numbers {
            let Some(row) = other.rows.get(theirs as usize) else { continue };
            let ours = self.number_of(key, row.name_bytes as usize);
            self.add_to(ours, &row.figures);
            if let Some(number) = numbers.get_mut(theirs as usize) {
                *number = ours;
            }
        }
        numbers
    }

    /// Adds all of `other`, whose visitors have these numbers here.
    pub fn merge(&mut self, other: &Table, visitors: &[u32]) {
        let rows = self.merge_rows(other);
        self.seen.reserve(other.seen.len());
        for pair in &other.seen {
            let visitor = visitors.get(*pair as u32 as usize).copied();
            if let Some(row) = rows.get((pair >> 32) as usize) {
                self.see_in(*row, visitor);
            }
        }
    }
}
