//! The groups of a table over time: their rows in a ring of panes, and running sums of each window that rules look at.
//!
//! A window moves on by adding the panes that it comes to hold and taking away those that it leaves, so a look costs what
//! the panes at its edges hold and not what the window holds; and only groups with rows there have other figures than
//! before, so only these need be looked at again ([`Groups::touched`]). Counts and sums are kept so; the distributions
//! and sets of a group, which cannot be taken away from, are put together from its panes when they are asked for.
//!
//! Panes become coarser with age, and the edges of a window are those of panes: with finest panes of a second the far edge
//! of a window lies at a whole second up to two minutes back, at whole ten seconds up to twenty minutes, and at whole
//! minutes beyond.
//!
//! Groups are bounded: those of all kept panes together are exact up to `max_groups`; at twice that those with the fewest
//! records are dropped, with all their rows, so that every sum stays the sum of its panes, and what is told of a group is
//! never more than was.
//!
//! Invariants: a window's sums are those of the panes in the ring between its edges; a group has a number while any kept
//! pane has a row of it.
//! Units: milliseconds since the Unix epoch; `tick` is the end of the last closed pane.
//! Source: dropping the rarest, as in Metwally, Agrawal, El Abbadi (2005) and Agarwal et al. (2012), see
//! `window::top_list`.

use super::cells::{Cells, Shape};
use super::named::Named;
use super::plan::Table;
use super::set::Set;
use super::slide::{Slide, edge, tiers};
use crate::window::panes::{Ring, Tier};
use crate::window::sparse::{BUCKETS, Sparse};
use crate::window::watermark::NEVER;
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::sync::Arc;

/// The groups of a table.
pub struct Groups {
    shape: Shape,
    max_groups: usize,
    reach: i64,
    tiers: Vec<Tier>,
    ids: HashMap<Arc<[u8]>, u32, RandomState>,
    /// By number.
    keys: Vec<Option<Arc<[u8]>>>,
    /// Records in all kept panes, by number.
    totals: Vec<u64>,
    free: Vec<u32>,
    /// Numbers whose last row may have gone.
    emptied: Vec<u32>,
    /// What starts before is kept no more.
    kept_from: i64,
    ring: Ring<Cells>,
    slides: Vec<Slide>,
    dropped: u64,
}

/// A group's figures in a window that is still open.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Open {
    /// Its counts.
    pub counts: Vec<u64>,
    /// Its sums.
    pub sums: Vec<u128>,
}

impl Groups {
    /// No groups; panes are of `pane` milliseconds and may be revised for `lateness`.
    pub fn new(table: &Table, pane: i64, lateness: i64) -> Groups {
        let tiers = tiers(pane, table.reach(), lateness);
        let shape = table.shape();
        Groups {
            shape,
            max_groups: table.max_groups.max(1),
            reach: table.reach(),
            ids: HashMap::default(),
            keys: Vec::new(),
            totals: Vec::new(),
            free: Vec::new(),
            emptied: Vec::new(),
            kept_from: NEVER,
            // They ascend, and the finest is kept as long as it may be revised.
            ring: Ring::new(&tiers, lateness.max(0)).expect("the tiers of a table ascend"),
            tiers,
            slides: table.spans.iter().copied().map(Slide::new).collect(),
            dropped: 0,
        }
    }

    /// Adds rows to the pane that starts at `start`; false if that is late, and then nothing was added.
    pub fn take(&mut self, start: i64, rows: &Named) -> bool {
        if self.ring.is_late(start) {
            return false;
        }
        self.put(start, rows);
        true
    }

    fn put(&mut self, start: i64, rows: &Named) {
        if start < self.kept_from || rows.is_empty() {
            return;
        }
        let numbers: Vec<u32> = rows.keys().map(|key| self.number(key)).collect();
        let cells = rows.cells().renumbered(|at| numbers.get(at as usize).copied().unwrap_or(0));
        for row in cells.rows() {
            self.totals[row.id as usize] += row.counts.first().copied().unwrap_or(0);
        }
        for slide in self.slides.iter_mut().filter(|slide| slide.from <= start && start < slide.to) {
            cells.rows().for_each(|row| slide.add(row, self.shape));
        }
        self.ring.add(start, cells);
        if self.ids.len() > 2 * self.max_groups {
            self.prune();
        }
    }

    /// The number of a group, a new one if need be.
    fn number(&mut self, key: &[u8]) -> u32 {
        if let Some(id) = self.ids.get(key) {
            return *id;
        }
        let key: Arc<[u8]> = key.into();
        let id = self.free.pop().unwrap_or_else(|| {
            self.keys.push(None);
            self.totals.push(0);
            for slide in &mut self.slides {
                slide.counts.resize(slide.counts.len() + self.shape.counts, 0);
                slide.sums.resize(slide.sums.len() + self.shape.sums, 0);
                slide.is_touched.push(false);
            }
            self.keys.len() as u32 - 1
        });
        self.keys[id as usize] = Some(key.clone());
        self.ids.insert(key, id);
        id
    }

    /// Drops the groups with the fewest records, with all their rows.
    fn prune(&mut self) {
        let mut all: Vec<(u64, u32)> = self.ids.values().map(|id| (self.totals[*id as usize], *id)).collect();
        all.sort_unstable_by(|left, right| right.cmp(left));
        let gone = all.split_off(self.max_groups.min(all.len()));
        let mut goes = vec![false; self.keys.len()];
        gone.iter().for_each(|(_, id)| goes[*id as usize] = true);
        for pane in self.ring.panes_mut() {
            pane.retain(|id| !goes[id as usize]);
        }
        for slide in &mut self.slides {
            gone.iter().for_each(|(_, id)| slide.clear(*id, self.shape));
            slide.touched.retain(|id| slide.is_touched[*id as usize]);
        }
        for (_, id) in gone {
            self.totals[id as usize] = 0;
            self.release(id);
            self.dropped += 1;
        }
    }

    /// Takes the number of a group that has no rows.
    fn release(&mut self, id: u32) {
        if let Some(key) = self.keys[id as usize].take() {
            self.ids.remove(&key);
            self.free.push(id);
        }
    }

    /// Closes the panes up to `tick`, and moves the windows on.
    pub fn advance(&mut self, tick: i64) {
        if tick <= self.ring.watermark() {
            return;
        }
        for slide in &mut self.slides {
            let from = edge(&self.tiers, tick, slide.span.ago.saturating_add(slide.span.length));
            let to = edge(&self.tiers, tick, slide.span.ago);
            slide.advance(&self.ring, from, to, self.shape);
        }
        let kept_from = edge(&self.tiers, tick, self.reach);
        for (_, pane) in self.ring.range(self.kept_from, kept_from) {
            for row in pane.rows() {
                let total = &mut self.totals[row.id as usize];
                *total -= row.counts.first().copied().unwrap_or(0);
                if *total == 0 {
                    self.emptied.push(row.id);
                }
            }
        }
        self.kept_from = self.kept_from.max(kept_from);
        self.ring.advance(tick);
    }

    /// All looks at this tick are over: nothing is touched, and groups that have no rows any more are forgotten.
    pub fn looked(&mut self) {
        for slide in &mut self.slides {
            for id in slide.touched.drain(..) {
                slide.is_touched[id as usize] = false;
            }
        }
        for id in std::mem::take(&mut self.emptied) {
            if self.totals[id as usize] == 0 {
                self.release(id);
            }
        }
    }

    /// Groups whose figures in a window may have changed since the last look.
    pub fn touched(&self, span: usize) -> &[u32] {
        &self.slides[span].touched
    }

    /// The numbers of all groups.
    pub fn ids(&self) -> impl Iterator<Item = u32> {
        self.ids.values().copied()
    }

    /// The number of a group that has rows.
    pub fn id(&self, key: &[u8]) -> Option<u32> {
        self.ids.get(key).copied()
    }

    /// The key of a group.
    pub fn key(&self, id: u32) -> &[u8] {
        self.keys.get(id as usize).and_then(Option::as_deref).unwrap_or(&[])
    }

    /// A group's counts in a window.
    pub fn counts(&self, span: usize, id: u32) -> &[u64] {
        let at = id as usize * self.shape.counts;
        self.slides[span].counts.get(at..at + self.shape.counts).unwrap_or(&[])
    }

    /// A group's sums in a window.
    pub fn sums(&self, span: usize, id: u32) -> &[u128] {
        let at = id as usize * self.shape.sums;
        self.slides[span].sums.get(at..at + self.shape.sums).unwrap_or(&[])
    }

    /// A group's distribution in a window.
    pub fn values(&self, span: usize, id: u32, column: usize) -> Sparse {
        let slide = &self.slides[span];
        // There are few different buckets and many panes: counting them is a fifth of the time of sorting.
        let mut hits = [0u64; BUCKETS];
        let (mut sum, mut least, mut greatest) = (0, u64::MAX, 0);
        for (_, pane) in self.ring.range(slide.from, slide.to) {
            let Some(values) = pane.row(id).and_then(|row| row.values.get(column)) else { continue };
            for (bucket, count) in values.buckets() {
                if let Some(hits) = hits.get_mut(usize::from(*bucket)) {
                    *hits += count;
                }
            }
            sum += values.sum();
            if let Some((low, high)) = values.range() {
                (least, greatest) = (least.min(low), greatest.max(high));
            }
        }
        let buckets = hits.iter().enumerate().filter(|(_, count)| **count > 0);
        Sparse::new(buckets.map(|(bucket, count)| (bucket as u16, *count)).collect(), sum, least, greatest)
    }

    /// How many different values of a group a window holds, about.
    pub fn distinct(&self, span: usize, id: u32, column: usize) -> f64 {
        let slide = &self.slides[span];
        self.distinct_between(slide.from, slide.to, id, column)
    }

    fn distinct_between(&self, from: i64, to: i64, id: u32, column: usize) -> f64 {
        let panes = self.ring.range(from, to);
        Set::union(panes.filter_map(|(_, pane)| pane.row(id)?.sets.get(column))).estimate()
    }

    /// The figures of a window that ends at `at`, behind the last closed pane, as far as it has come: of the groups that
    /// have rows in panes that are open.
    pub fn open(&self, span: usize, at: i64) -> HashMap<u32, Open> {
        let slide = &self.slides[span];
        let closed = self.ring.watermark();
        let mut open: HashMap<u32, Open> = HashMap::new();
        if closed == NEVER || slide.to != closed {
            return open;
        }
        for (_, pane) in self.ring.range(closed, at) {
            for row in pane.rows() {
                let open = open.entry(row.id).or_insert_with(|| Open {
                    counts: self.counts(span, row.id).to_vec(),
                    sums: self.sums(span, row.id).to_vec(),
                });
                open.counts.iter_mut().zip(row.counts).for_each(|(own, other)| *own += other);
                open.sums.iter_mut().zip(row.sums).for_each(|(own, other)| *own += other);
            }
        }
        let from = edge(&self.tiers, at, slide.span.length);
        // What the window has left by then: panes before the last closed one are in its sums, others were added above.
        for (_, pane) in self.ring.range(slide.from, from) {
            for row in pane.rows() {
                if let Some(open) = open.get_mut(&row.id) {
                    open.counts.iter_mut().zip(row.counts).for_each(|(own, other)| *own -= other);
                    open.sums.iter_mut().zip(row.sums).for_each(|(own, other)| *own -= other);
                }
            }
        }
        open.retain(|_, open| open.counts.first().is_some_and(|count| *count > 0));
        open
    }

    /// The same of a set.
    pub fn open_distinct(&self, span: usize, at: i64, id: u32, column: usize) -> f64 {
        self.distinct_between(edge(&self.tiers, at, self.slides[span].span.length), at, id, column)
    }

    /// No window holds anything else before this instant than it does now, but for what will be taken.
    pub fn next_change(&self, pane: i64) -> i64 {
        let of = |slide: &Slide| {
            // Edges are rounded down, so this may be too early and is never too late.
            let passes = |start: i64, age: i64| start.saturating_add(pane).saturating_add(age);
            let span = slide.span;
            let leaves = self.ring.range(slide.from, slide.to).next();
            let leaves = leaves.map(|(start, _)| passes(start, span.ago.saturating_add(span.length)));
            let comes = self.ring.range(slide.to, i64::MAX).next().map(|(start, _)| passes(start, span.ago));
            leaves.into_iter().chain(comes).min()
        };
        self.slides.iter().filter_map(of).min().unwrap_or(i64::MAX)
    }

    /// Groups that have rows.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Groups that were dropped since there were too many.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The panes that have changed since this was last asked: start, width, rows.
    pub fn take_changed(&mut self) -> Vec<(i64, i64, Named)> {
        let Groups { ring, keys, shape, .. } = self;
        ring.take_changed().map(|(start, width, cells)| (start, width, named(*shape, keys, cells))).collect()
    }

    fn named(&self, cells: &Cells) -> Named {
        named(self.shape, &self.keys, cells)
    }

    /// All panes count as changed.
    pub fn mark_changed(&mut self) {
        self.ring.panes_mut().for_each(drop);
    }

    /// By width of panes: what starts before this instant is kept no more, or in coarser ones.
    pub fn edges(&self) -> impl Iterator<Item = (i64, i64)> {
        self.ring.edges()
    }

    /// Goes on where earlier groups were, in an empty table: with the last tick ([`NEVER`] without one) and what was kept.
    /// All windows are touched.
    pub fn restore(&mut self, tick: i64, panes: impl IntoIterator<Item = (i64, i64, Named)>) {
        let mut cells = Vec::new();
        let kept_from = if tick == NEVER { NEVER } else { edge(&self.tiers, tick, self.reach) };
        for (start, width, rows) in panes {
            if start < kept_from {
                continue;
            }
            let numbers: Vec<u32> = rows.keys().map(|key| self.number(key)).collect();
            let of = rows.cells().renumbered(|at| numbers.get(at as usize).copied().unwrap_or(0));
            cells.push((start, width, of));
        }
        self.ring.restore(tick, cells);
        self.kept_from = kept_from;
        let Groups { ring, totals, slides, tiers, shape, .. } = self;
        for (_, _, pane) in ring.iter() {
            for row in pane.rows() {
                totals[row.id as usize] += row.counts.first().copied().unwrap_or(0);
            }
        }
        for slide in slides.iter_mut().filter(|_| tick != NEVER) {
            let from = edge(tiers, tick, slide.span.ago.saturating_add(slide.span.length));
            slide.advance(ring, from, edge(tiers, tick, slide.span.ago), *shape);
        }
        let unused: Vec<u32> = self.ids.values().copied().filter(|id| self.totals[*id as usize] == 0).collect();
        unused.into_iter().for_each(|id| self.release(id));
        if self.ids.len() > 2 * self.max_groups {
            self.prune();
        }
    }

    /// All panes: start, width, rows.
    pub fn panes(&self) -> Vec<(i64, i64, Named)> {
        self.ring.iter().map(|(start, width, cells)| (start, width, self.named(cells))).collect()
    }

    /// Bytes that it takes, about.
    pub fn held_bytes(&self) -> usize {
        let panes: usize = self.ring.iter().map(|(_, _, pane)| pane.held_bytes()).sum();
        let keys: usize = self.ids.keys().map(|key| key.len() + 64).sum();
        let slides: usize = self.slides.iter().map(|slide| 8 * slide.counts.len() + 16 * slide.sums.len()).sum();
        panes + keys + slides
    }
}

/// Rows with the keys of their groups, which are given by number.
fn named(shape: Shape, keys: &[Option<Arc<[u8]>>], cells: &Cells) -> Named {
    let mut named = Named::new(shape);
    for row in cells.rows() {
        if let Some(key) = keys.get(row.id as usize).and_then(Option::as_deref) {
            named.push(key, row);
        }
    }
    named
}
