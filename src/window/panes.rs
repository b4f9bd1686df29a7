//! A ring of panes: what was counted in each second of event time, coarser the longer ago.
//!
//! A window is a sum of panes, so one set of panes answers for windows of every length, tumbling or sliding. Memory is
//! fixed by how long panes are kept, not by how many lines come: a fine pane is merged into a coarser one once it is old
//! enough, and the coarsest are dropped.
//!
//! A pane is closed when the watermark has passed its end; it may still be revised by lines up to `allowed_lateness`
//! later. After that it never changes, and what comes for it is late: told to the caller, who counts it.
//!
//! Invariants: tiers do not overlap: each starts where the next coarser one ends, at a multiple of the coarser width. No
//! pane is in two of them. A pane that may still be revised is in the finest.
//! Units: milliseconds since the Unix epoch, UTC; a pane is named by its start, a multiple of its width.

use super::watermark::NEVER;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

/// What is counted in a pane.
pub trait Pane: Clone + Default {
    /// Adds what another one has counted.
    fn merge(&mut self, other: &Self);

    /// What all of these have counted.
    fn sum(parts: &[&Self]) -> Self {
        parts.iter().fold(Self::default(), |mut sum, part| {
            sum.merge(part);
            sum
        })
    }
}

/// Panes of one width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    /// Milliseconds that a pane spans.
    pub width: i64,
    /// Milliseconds behind the watermark for which panes of this width are kept at least.
    pub keep: i64,
}

/// Why a ring cannot be as asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// No tier, or a width of nothing.
    Empty,
    /// A tier is not wider than the one before it by a whole factor, or is not kept longer.
    Order,
    /// The finest panes are not kept as long as they may be revised.
    Lateness,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Wrong::Empty => "a pane must span some time",
            Wrong::Order => "coarser panes must span a multiple of finer ones and be kept longer",
            Wrong::Lateness => {
                "panes must be kept as long as they may be revised; keep them longer, or allow less lateness"
            }
        })
    }
}

#[derive(Clone, Debug)]
struct Panes<P> {
    tier: Tier,
    /// Everything before this instant is in the next tier. A multiple of that tier's width.
    from: i64,
    panes: BTreeMap<i64, Kept<P>>,
}

/// A pane, and whether it has changed since that was last asked.
#[derive(Clone, Debug, Default)]
struct Kept<P> {
    pane: P,
    has_changed: bool,
}

impl<P: Pane> Kept<P> {
    /// Adds a pane to the one that starts at `start`; the first is moved, not merged.
    fn add_to(panes: &mut BTreeMap<i64, Kept<P>>, start: i64, pane: P) {
        match panes.entry(start) {
            Entry::Vacant(place) => {
                place.insert(Kept { pane, has_changed: true });
            }
            Entry::Occupied(mut place) => {
                let kept = place.get_mut();
                kept.pane.merge(&pane);
                kept.has_changed = true;
            }
        }
    }
}

impl<P: Pane> Panes<P> {
    /// Adds panes to the one that starts at `start`; a single one is moved.
    fn add(&mut self, start: i64, mut parts: Vec<P>) {
        if let Some(known) = self.panes.remove(&start) {
            parts.insert(0, known.pane);
        }
        let pane = match parts.len() {
            1 => parts.pop(),
            _ => Some(P::sum(&parts.iter().collect::<Vec<_>>())),
        };
        if let Some(pane) = pane {
            self.panes.insert(start, Kept { pane, has_changed: true });
        }
    }
}

/// The ring.
#[derive(Clone, Debug)]
pub struct Ring<P> {
    /// Finest first.
    tiers: Vec<Panes<P>>,
    allowed_lateness: i64,
    watermark: i64,
}

/// The sum of a window's panes, and the span that they cover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window<P> {
    /// What was counted.
    pub sum: P,
    /// Its first instant: as asked, or earlier where only coarser panes are left.
    pub from: i64,
    /// The first instant behind it, likewise.
    pub to: i64,
}

impl<P: Pane> Ring<P> {
    /// An empty ring. `tiers` are from the finest to the coarsest, each width a multiple of the one before.
    pub fn new(tiers: &[Tier], allowed_lateness: i64) -> Result<Ring<P>, Wrong> {
        let finest = tiers.first().filter(|tier| tier.width > 0).ok_or(Wrong::Empty)?;
        let in_order = |pair: &[Tier]| {
            pair[1].width > pair[0].width && pair[1].width % pair[0].width == 0 && pair[1].keep > pair[0].keep
        };
        if !tiers.windows(2).all(in_order) {
            return Err(Wrong::Order);
        }
        if allowed_lateness < 0 || finest.keep < allowed_lateness {
            return Err(Wrong::Lateness);
        }
        let tiers = tiers.iter().map(|tier| Panes { tier: *tier, from: NEVER, panes: BTreeMap::new() }).collect();
        Ok(Ring { tiers, allowed_lateness, watermark: NEVER })
    }

    /// Milliseconds that the finest panes span.
    pub fn width(&self) -> i64 {
        self.tiers[0].tier.width
    }

    /// The start of the finest pane that holds an instant.
    pub fn pane_of(&self, instant: i64) -> i64 {
        floor(instant, self.width())
    }

    /// Whether what comes for a pane is late by now.
    pub fn is_late(&self, start: i64) -> bool {
        self.watermark != NEVER
            && start.saturating_add(self.width()).saturating_add(self.allowed_lateness) <= self.watermark
    }

    /// Adds to the finest pane that starts at `start`; false if that is late, and then nothing was added.
    pub fn add(&mut self, start: i64, pane: P) -> bool {
        let start = self.pane_of(start);
        if self.is_late(start) {
            return false;
        }
        Kept::add_to(&mut self.tiers[0].panes, start, pane);
        true
    }

    /// Moves the watermark on, never back: older panes are merged into coarser ones or dropped.
    pub fn advance(&mut self, watermark: i64) {
        if watermark <= self.watermark {
            return;
        }
        self.watermark = watermark;
        for finer in 0..self.tiers.len() {
            let (tiers, coarser) = self.tiers.split_at_mut(finer + 1);
            let own = &mut tiers[finer];
            let old = watermark.saturating_sub(own.tier.keep);
            // Only whole coarser panes move, so that none is in two tiers.
            let from = floor(old, coarser.first().map_or(own.tier.width, |coarser| coarser.tier.width)).max(own.from);
            own.from = from;
            let kept = own.panes.split_off(&from);
            let moved = std::mem::replace(&mut own.panes, kept);
            if let Some(coarser) = coarser.first_mut() {
                let width = coarser.tier.width;
                let mut moved = moved.into_iter().map(|(start, kept)| (floor(start, width), kept.pane));
                let mut next = moved.next();
                while let Some((start, first)) = next.take() {
                    // All that become one pane are added up at once.
                    let mut parts = vec![first];
                    next = moved.by_ref().find_map(|(of, pane)| {
                        if of == start {
                            parts.push(pane);
                            return None;
                        }
                        Some((of, pane))
                    });
                    coarser.add(start, parts);
                }
            }
        }
    }

    /// The watermark that it was moved to; [`NEVER`] at first.
    pub fn watermark(&self) -> i64 {
        self.watermark
    }

    /// The window of `length` milliseconds that ends at `end`. Where only coarser panes are left, its edges are those of
    /// the panes that hold them: a window that ended long ago begins and ends up to such a pane's width earlier.
    pub fn window(&self, end: i64, length: i64) -> Window<P> {
        let (from, to) = (self.edge(end.saturating_sub(length)), self.edge(end));
        let mut parts = Vec::new();
        for tier in self.tiers.iter().rev() {
            let from = from.max(tier.from);
            if from < to {
                parts.extend(tier.panes.range(from..to).map(|(_, kept)| &kept.pane));
            }
        }
        Window { sum: P::sum(&parts), from, to }
    }

    /// The panes that start at `from` or later and before `to`, in the order of time: start, content.
    pub fn range(&self, from: i64, to: i64) -> impl Iterator<Item = (i64, &P)> {
        let of_tier = move |tier: &'_ Panes<P>| (from.max(tier.from), to);
        self.tiers.iter().rev().filter(move |tier| of_tier(tier).0 < to).flat_map(move |tier| {
            let (from, to) = of_tier(tier);
            tier.panes.range(from..to).map(|(start, kept)| (*start, &kept.pane))
        })
    }

    /// All panes, to be changed by whoever knows that no window is held that they are in.
    pub fn panes_mut(&mut self) -> impl Iterator<Item = &mut P> {
        self.tiers.iter_mut().flat_map(|tier| tier.panes.values_mut()).map(|kept| {
            kept.has_changed = true;
            &mut kept.pane
        })
    }

    /// An instant as the edge of a pane: the start of the pane that holds it, of those that are kept there.
    fn edge(&self, instant: i64) -> i64 {
        let tier = self.tiers.iter().find(|tier| instant >= tier.from).or(self.tiers.last());
        floor(instant, tier.map_or(1, |tier| tier.tier.width))
    }

    /// The start of the first of the finest panes that start at an instant or later.
    pub fn first_from(&self, instant: i64) -> Option<i64> {
        self.tiers[0].panes.range(instant..).next().map(|(start, _)| *start)
    }

    /// Whether no pane is kept that starts before an instant.
    pub fn holds_none_before(&self, instant: i64) -> bool {
        self.tiers.iter().all(|tier| tier.panes.range(..instant).next().is_none())
    }

    /// The start of the finest pane behind which `count` of the finest panes lie, if there are so many.
    pub fn start_before_last(&self, count: usize) -> Option<i64> {
        let finest = &self.tiers[0].panes;
        finest.len().checked_sub(count).and_then(|at| finest.keys().nth(at)).copied()
    }

    /// All panes, of whatever width, in the order of time: start, width, content.
    pub fn iter(&self) -> impl Iterator<Item = (i64, i64, &P)> {
        let of_tier = |tier: &'_ Panes<P>| tier.tier.width;
        self.tiers
            .iter()
            .rev()
            .flat_map(move |tier| tier.panes.iter().map(move |(start, kept)| (*start, of_tier(tier), &kept.pane)))
    }

    /// The panes that have changed since this was last asked: start, width, content.
    pub fn take_changed(&mut self) -> impl Iterator<Item = (i64, i64, &P)> {
        self.tiers.iter_mut().flat_map(|tier| {
            let width = tier.tier.width;
            tier.panes.iter_mut().filter_map(move |(start, kept)| {
                std::mem::take(&mut kept.has_changed).then_some((*start, width, &kept.pane))
            })
        })
    }

    /// By width of panes: what starts before this instant is kept no more, or in coarser ones.
    pub fn edges(&self) -> impl Iterator<Item = (i64, i64)> {
        self.tiers.iter().map(|tier| (tier.tier.width, tier.from))
    }

    /// Goes on where an earlier ring was: with its watermark, and its panes (start, width, content). Panes of a width that
    /// this one does not have, or that it would have dropped, are left out.
    pub fn restore(&mut self, watermark: i64, panes: impl IntoIterator<Item = (i64, i64, P)>) {
        self.advance(watermark);
        for (start, width, pane) in panes {
            let tier = self.tiers.iter_mut().find(|tier| tier.tier.width == width);
            if let Some(tier) = tier.filter(|tier| start >= tier.from && start == floor(start, width)) {
                tier.panes.entry(start).or_default().pane.merge(&pane);
            }
        }
    }

    /// Panes kept.
    pub fn len(&self) -> usize {
        self.tiers.iter().map(|tier| tier.panes.len()).sum()
    }

    /// Whether nothing was counted, or nothing kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The greatest multiple of `width` that is not above `instant`.
fn floor(instant: i64, width: i64) -> i64 {
    instant.saturating_sub(instant.rem_euclid(width))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Remembers what was added: the naive pane.
    impl Pane for Vec<i64> {
        fn merge(&mut self, other: &Self) {
            self.extend(other);
        }
    }

    const TIERS: [Tier; 3] = [
        Tier { width: 1_000, keep: 120_000 },
        Tier { width: 10_000, keep: 1_200_000 },
        Tier { width: 60_000, keep: 3_600_000 },
    ];

    fn ring() -> Ring<Vec<i64>> {
        Ring::new(&TIERS, 60_000).unwrap()
    }

    #[test]
    fn a_window_is_the_sum_of_its_panes() {
        let mut ring = ring();
        for instant in [999, 1_000, 1_999, 5_500] {
            assert!(ring.add(instant, vec![instant]));
        }
        let at = |end, length| ring.window(end, length).sum;
        assert_eq!(at(2_000, 1_000), [1_000, 1_999]);
        assert_eq!(at(2_000, 2_000), [999, 1_000, 1_999]);
        assert_eq!(at(6_000, 4_000), [5_500]);
        assert_eq!(at(5_000, 3_000), [0; 0]);
        assert_eq!(
            ring.window(6_000, 60_000),
            Window { sum: vec![999, 1_000, 1_999, 5_500], from: -54_000, to: 6_000 }
        );
    }

    #[test]
    fn a_pane_may_be_revised_until_the_allowed_lateness_is_over() {
        let mut ring = ring();
        ring.advance(61_999 + 60_000);
        assert!(ring.add(61_000, vec![1]), "its last millisecond");
        assert!(!ring.add(60_999, vec![2]));
        ring.advance(61_999);
        assert!(!ring.add(60_999, vec![3]), "the watermark does not go back");
        ring.advance(62_000 + 60_000);
        assert!(ring.is_late(61_000) && !ring.is_late(62_000));
        assert_eq!(ring.window(62_000, 1_000).sum, [1]);
    }

    #[test]
    fn older_panes_are_coarser_and_the_oldest_are_dropped() {
        let mut ring = ring();
        for second in 0..100 {
            ring.add(second * 1_000, vec![second]);
            ring.advance(second * 1_000);
        }
        assert_eq!(ring.len(), 100);
        // The first 10 s and the next are whole once everything in them is older than 2 min.
        ring.advance(120_000 + 29_000);
        assert_eq!(
            ring.iter().map(|(start, width, _)| (start, width)).take(3).collect::<Vec<_>>(),
            [(0, 10_000), (10_000, 10_000), (20_000, 1_000)]
        );
        let window = ring.window(25_000, 8_000);
        assert_eq!((window.from, window.to), (10_000, 25_000), "its far edge is that of a pane");
        assert_eq!(window.sum, (10..25).collect::<Vec<_>>());
        ring.advance(1_260_000 + 59_999);
        let all = ring.window(1_300_000, 1_300_000);
        assert_eq!((all.sum.len(), ring.len()), (100, 5));
        ring.advance(3_600_000 + 59_999);
        assert_eq!(ring.len(), 2);
        ring.advance(3_600_000 + 120_000);
        assert!(ring.is_empty());
    }

    #[test]
    fn a_ring_goes_on_from_the_changes_that_were_written_down() {
        let mut ring = ring();
        // What a store would hold.
        let mut stored: BTreeMap<(i64, i64), Vec<i64>> = BTreeMap::new();
        for second in 0..4_000 {
            ring.add(second * 1_000, vec![second]);
            ring.advance(second * 1_000);
            if second % 7 == 0 {
                stored.extend(ring.take_changed().map(|(start, width, pane)| ((width, start), pane.clone())));
                for (width, from) in ring.edges() {
                    stored.retain(|(of, start), _| *of != width || *start >= from);
                }
            }
            if second % 777 == 0 {
                let mut again = super::Ring::new(&TIERS, 60_000).unwrap();
                again.restore(
                    ring.watermark(),
                    stored.iter().map(|((width, start), pane)| (*start, *width, pane.clone())),
                );
                let all = |ring: &Ring<Vec<i64>>| {
                    ring.iter().map(|(start, width, pane)| (start, width, pane.clone())).collect::<Vec<_>>()
                };
                assert_eq!(all(&again), all(&ring), "{second}");
                assert_eq!(again.take_changed().count(), 0, "what is stored is not stored again");
            }
        }
    }

    #[test]
    fn a_ring_that_could_not_keep_its_word_is_refused() {
        let tiers = |tiers: &[(i64, i64)]| -> Vec<Tier> {
            tiers.iter().map(|(width, keep)| Tier { width: *width, keep: *keep }).collect()
        };
        for (what, given, lateness, expected) in [
            ("none", tiers(&[]), 0, Wrong::Empty),
            ("no width", tiers(&[(0, 10)]), 0, Wrong::Empty),
            ("no whole factor", tiers(&[(10, 100), (15, 200)]), 0, Wrong::Order),
            ("not wider", tiers(&[(10, 100), (10, 200)]), 0, Wrong::Order),
            ("not longer", tiers(&[(10, 100), (20, 100)]), 0, Wrong::Order),
            ("shorter than the lateness", tiers(&[(10, 100)]), 101, Wrong::Lateness),
        ] {
            assert_eq!(Ring::<Vec<i64>>::new(&given, lateness).err(), Some(expected), "{what}");
        }
    }

    #[test]
    fn extreme_instants_overflow_nothing() {
        let mut ring = ring();
        for instant in [i64::MIN, -1, i64::MAX] {
            ring.add(instant, vec![instant]);
            ring.window(instant, i64::MAX);
            ring.window(instant, -1);
        }
        ring.advance(i64::MAX);
        ring.window(i64::MAX, i64::MAX);
    }

    proptest! {
        /// Against a list of all that was accepted: a window over fine panes is exact, one over coarser panes is exact for
        /// the span that it says it covers.
        #[test]
        fn it_is_what_a_list_of_all_lines_would_say(
            steps in prop::collection::vec((-70_000i64..5_000, 0i64..40_000), 1..300),
            windows in prop::collection::vec((0i64..4_000_000, 1i64..3_600), 1..20),
        ) {
            let (mut ring, mut accepted, mut late, mut watermark) = (ring(), Vec::new(), 0, 0);
            for (disorder, forward) in &steps {
                watermark += forward;
                ring.advance(watermark);
                let instant = watermark + disorder;
                let is_late = floor(instant, 1_000) + 61_000 <= watermark;
                prop_assert_eq!(ring.add(instant, vec![instant]), !is_late);
                if is_late { late += 1 } else { accepted.push(instant) }
            }
            prop_assert_eq!(accepted.len() + late, steps.len());
            for (ago, seconds) in windows {
                let end = floor(watermark - ago.min(watermark), 1_000);
                let window = ring.window(end, seconds * 1_000);
                let expected = |from, to| {
                    let mut all: Vec<i64> = accepted.iter().copied().filter(|at| (from..to).contains(at)).collect();
                    all.sort_unstable();
                    all
                };
                let mut sum = window.sum;
                sum.sort_unstable();
                // What is older than the history is gone.
                let oldest = ring.tiers[2].from.max(window.from);
                prop_assert_eq!(sum, expected(oldest, window.to));
                prop_assert!(window.from <= end - seconds * 1_000 && end - seconds * 1_000 - window.from < 60_000);
                if end - seconds * 1_000 >= watermark - 120_000 {
                    prop_assert_eq!((window.from, window.to), (end - seconds * 1_000, end));
                }
            }
        }
    }
}
