//! A window that moves over a ring of panes, and the sums of what it holds.
//!
//! It moves on by adding the panes that it comes to hold and taking away those that it leaves.
//!
//! Panes become coarser with age, and the edges of a window are those of panes: so the width of panes at an edge is decided
//! by its age alone, and an edge never goes back.

use super::cells::{Cells, Row, Shape};
use super::plan::Span;
use crate::window::panes::{Ring, Tier};
use crate::window::watermark::NEVER;

/// A window that moves, and its sums.
pub struct Slide {
    /// Which one.
    pub span: Span,
    /// Its edges.
    pub from: i64,
    /// Likewise.
    pub to: i64,
    /// Counts of groups, by number.
    pub counts: Vec<u64>,
    /// Likewise.
    pub sums: Vec<u128>,
    /// Groups whose figures may have changed since the last look.
    pub touched: Vec<u32>,
    /// The same by number.
    pub is_touched: Vec<bool>,
}

impl Slide {
    /// A window that was nowhere yet.
    pub fn new(span: Span) -> Slide {
        Slide {
            span,
            from: NEVER,
            to: NEVER,
            counts: Vec::new(),
            sums: Vec::new(),
            touched: Vec::new(),
            is_touched: Vec::new(),
        }
    }

    fn touch(&mut self, id: u32) {
        if !std::mem::replace(&mut self.is_touched[id as usize], true) {
            self.touched.push(id);
        }
    }

    /// Adds a row of a pane.
    pub fn add(&mut self, row: Row<'_>, shape: Shape) {
        self.touch(row.id);
        let id = row.id as usize;
        let counts = self.counts.iter_mut().skip(id * shape.counts);
        counts.zip(row.counts).for_each(|(own, other)| *own += other);
        let sums = self.sums.iter_mut().skip(id * shape.sums);
        sums.zip(row.sums).for_each(|(own, other)| *own += other);
    }

    fn subtract(&mut self, row: Row<'_>, shape: Shape) {
        self.touch(row.id);
        let id = row.id as usize;
        let counts = self.counts.iter_mut().skip(id * shape.counts);
        counts.zip(row.counts).for_each(|(own, other)| *own -= other);
        let sums = self.sums.iter_mut().skip(id * shape.sums);
        sums.zip(row.sums).for_each(|(own, other)| *own -= other);
    }

    /// Forgets the figures of a group; it stays in the list of those that are touched.
    pub fn clear(&mut self, id: u32, shape: Shape) {
        let at = id as usize;
        self.counts.iter_mut().skip(at * shape.counts).take(shape.counts).for_each(|count| *count = 0);
        self.sums.iter_mut().skip(at * shape.sums).take(shape.sums).for_each(|sum| *sum = 0);
        self.is_touched[at] = false;
    }

    /// Moves the edges on, never back.
    pub fn advance(&mut self, ring: &Ring<Cells>, from: i64, to: i64, shape: Shape) {
        let (from, to) = (from.max(self.from), to.max(self.to));
        for (_, pane) in ring.range(self.from, from.min(self.to)) {
            pane.rows().for_each(|row| self.subtract(row, shape));
        }
        for (_, pane) in ring.range(self.to.max(from), to) {
            pane.rows().for_each(|row| self.add(row, shape));
        }
        (self.from, self.to) = (from, to);
    }
}

/// The tiers that hold windows that reach so far back: as those of the board, no longer than is looked back.
pub fn tiers(pane: i64, reach: i64, lateness: i64) -> Vec<Tier> {
    let steps = [(1, 120), (10, 1_200), (60, i64::MAX)];
    let mut tiers: Vec<Tier> = Vec::new();
    for (factor, panes) in steps {
        let width = pane.saturating_mul(factor);
        // Edges are rounded down: the last tier reaches a pane further.
        let last = reach.saturating_add(width).saturating_add(pane);
        let keep = if factor == 1 { last.max(lateness) } else { last };
        let most = panes.saturating_mul(pane).max(if factor == 1 { lateness } else { 0 });
        if tiers.last().is_some_and(|finer| finer.keep >= most) {
            continue;
        }
        tiers.push(Tier { width, keep: keep.min(most) });
        if keep <= most {
            break;
        }
    }
    tiers
}

/// The instant so long before a tick, as the edge of a pane of the width that panes have at that age.
pub fn edge(tiers: &[Tier], tick: i64, age: i64) -> i64 {
    let tier = tiers.iter().find(|tier| age <= tier.keep).or(tiers.last());
    let instant = tick.saturating_sub(age);
    tier.map_or(instant, |tier| instant.saturating_sub(instant.rem_euclid(tier.width)))
}
