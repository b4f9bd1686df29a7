//! The keys with most hits, in bounded memory, and how much their hits may be short.
//!
//! A list keeps the greatest keys and drops the rest when it has twice as many as it shows. What was dropped is not
//! forgotten altogether: `floor` is at least the hits of every key that the list does not hold, so a key that comes
//! (again) may have had up to that many before. For every key the true hits lie between `hits` and `hits + error`, and
//! every key with more hits than the floor is in the list. Lists merge with the same guarantee.
//!
//! Thousands of panes have some of these, most of them short, and are merged when they get old. So a list is two flat
//! pieces of memory, and its keys are ordered by their hashes: lists are
//! added up by sorting all their keys once.
//!
//! Source: Metwally, Agrawal, El Abbadi, "Efficient Computation of Frequent and Top-k Elements in Data Streams" (2005);
//! Agarwal et al., "Mergeable Summaries" (2012).

use crate::aggregate::stable;

/// Hits of a key: at least `hits`, at most `hits + error`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hits {
    /// Hits that were counted.
    pub hits: u64,
    /// Hits that may have been missed.
    pub error: u64,
}

impl Hits {
    /// The most that it may be.
    pub fn most(self) -> u64 {
        self.hits.saturating_add(self.error)
    }
}

/// A bounded list.
#[derive(Clone, Debug)]
pub struct TopList {
    /// In the order of their hashes, and of the keys where these are the same.
    keys: Vec<Entry>,
    /// The texts of all keys, and perhaps of some that were dropped.
    text: Vec<u8>,
    floor: u64,
    capacity: usize,
}

/// A key in a list.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// Its stable hash. It orders keys, so who chooses keys to clash gains nothing.
    hash: u64,
    hits: Hits,
    /// Where its text begins, and how many bytes it has.
    start: usize,
    length: usize,
}

impl Entry {
    fn key<'text>(&self, text: &'text [u8]) -> &'text [u8] {
        text.get(self.start..self.start + self.length).unwrap_or_default()
    }
}

impl TopList {
    /// An empty list that keeps at least the `capacity` greatest keys.
    pub fn new(capacity: usize) -> TopList {
        TopList { keys: Vec::new(), text: Vec::new(), floor: 0, capacity: capacity.max(1) }
    }

    /// A list of different keys of `bytes` together whose hits are known, where no other key has more than `floor`.
    pub fn of<'key>(
        capacity: usize,
        floor: u64,
        keys: impl Iterator<Item = (&'key [u8], u64)>,
        bytes: usize,
    ) -> TopList {
        let mut list = TopList { floor, text: Vec::with_capacity(bytes), ..TopList::new(capacity) };
        list.keys.reserve_exact(keys.size_hint().0);
        keys.for_each(|(key, hits)| list.push(stable::hash(key), key, Hits { hits, error: 0 }));
        list.sort();
        list
    }

    /// The list of these keys, where no other one has more than `floor` hits; `None` if a key comes twice or there are more
    /// than a list holds.
    pub fn from_parts<'key>(
        capacity: usize,
        floor: u64,
        keys: impl Iterator<Item = (&'key [u8], Hits)>,
    ) -> Option<TopList> {
        let mut list = TopList { floor, ..TopList::new(capacity) };
        for (key, hits) in keys {
            list.push(stable::hash(key), key, hits);
            if list.keys.len() > list.len_max() {
                return None;
            }
        }
        list.sort();
        let is_twice = |pair: &[Entry]| pair[0].hash == pair[1].hash && list.key(&pair[0]) == list.key(&pair[1]);
        (!list.keys.windows(2).any(is_twice)).then_some(list)
    }

    fn push(&mut self, hash: u64, key: &[u8], hits: Hits) {
        self.keys.push(Entry { hash, hits, start: self.text.len(), length: key.len() });
        self.text.extend_from_slice(key);
    }

    fn sort(&mut self) {
        let text = &self.text;
        self.keys.sort_unstable_by(|left, right| {
            left.hash.cmp(&right.hash).then_with(|| left.key(text).cmp(right.key(text)))
        });
    }

    fn key(&self, entry: &Entry) -> &[u8] {
        entry.key(&self.text)
    }

    /// Adds all of another list.
    pub fn merge(&mut self, other: &TopList) {
        *self = TopList::sum(&[&*self, other]);
    }

    /// All of some lists.
    pub fn sum(lists: &[&TopList]) -> TopList {
        let capacity = lists.iter().map(|list| list.capacity).max().unwrap_or(1);
        if let [list] = lists {
            return TopList::clone(list);
        }
        let floor: u64 = lists.iter().map(|list| list.floor).sum();
        // A key may have had up to the floor in each list that does not hold it: in all but one, and one less for each more.
        let mut rows: Vec<Row<'_>> = Vec::with_capacity(lists.iter().map(|list| list.keys.len()).sum());
        for list in lists {
            rows.extend(list.keys.iter().map(|own| Row {
                hash: own.hash,
                key: own.key(&list.text),
                hits: Hits { error: own.hits.error + (floor - list.floor), ..own.hits },
            }));
        }
        rows.sort_unstable_by(|left, right| left.hash.cmp(&right.hash).then_with(|| left.key.cmp(right.key)));
        rows.dedup_by(|next, row| {
            let is_same = next.hash == row.hash && next.key == row.key;
            if is_same {
                row.hits.hits += next.hits.hits;
                row.hits.error = row.hits.error + next.hits.error - floor;
            }
            is_same
        });
        let mut list = TopList { floor, ..TopList::new(capacity) };
        if rows.len() > list.len_max() {
            list.floor = list.floor.max(prune(&mut rows, capacity));
        }
        list.text.reserve_exact(rows.iter().map(|row| row.key.len()).sum());
        list.keys.reserve_exact(rows.len());
        rows.iter().for_each(|row| list.push(row.hash, row.key, row.hits));
        list
    }

    /// The most hits that a key which is not in the list may have.
    pub fn floor(&self) -> u64 {
        self.floor
    }

    /// The hits of a key: of one that is not in the list nothing is known but that they are at most the floor.
    pub fn get(&self, key: &[u8]) -> Hits {
        let hash = stable::hash(key);
        let at = self.keys.binary_search_by(|own| own.hash.cmp(&hash).then_with(|| self.key(own).cmp(key)));
        let known = at.ok().and_then(|at| self.keys.get(at));
        known.map_or(Hits { hits: 0, error: self.floor }, |known| known.hits)
    }

    /// The first `top` keys: most hits first, then by key.
    pub fn top(&self, top: usize) -> Vec<(&[u8], Hits)> {
        let mut rows: Vec<(&[u8], Hits)> = self.keys.iter().map(|key| (self.key(key), key.hits)).collect();
        rows.sort_unstable_by(|left, right| right.1.hits.cmp(&left.1.hits).then_with(|| left.0.cmp(right.0)));
        rows.truncate(top);
        rows
    }

    /// The stable hashes of the keys in the list, in no order.
    pub fn hashes(&self) -> impl Iterator<Item = u64> {
        self.keys.iter().map(|key| key.hash)
    }

    /// The most keys that it ever holds, which is when it drops the least of them.
    pub fn len_max(&self) -> usize {
        2 * self.capacity
    }

    /// Keys in the list.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether it holds no key.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

/// A key of several lists.
struct Row<'text> {
    hash: u64,
    key: &'text [u8],
    hits: Hits,
}

/// Keeps the greatest rows, at least `capacity` and at most twice as many; returns the most hits of one that was dropped.
fn prune(rows: &mut Vec<Row<'_>>, capacity: usize) -> u64 {
    let mut hits: Vec<u64> = rows.iter().map(|row| row.hits.hits).collect();
    let (_, &mut least, _) = hits.select_nth_unstable_by(capacity - 1, |left, right| right.cmp(left));
    // Keys with as many hits as the last one are all kept or all dropped, so that the order of lines decides nothing.
    let fits = hits.iter().filter(|hits| **hits >= least).count() <= 2 * capacity;
    let mut dropped = 0;
    rows.retain(|row| {
        let stays = row.hits.hits > least || (fits && row.hits.hits == least);
        dropped = if stays { dropped } else { row.hits.most().max(dropped) };
        stays
    });
    dropped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    impl TopList {
        fn add(&mut self, key: &[u8], hits: u64) {
            self.merge(&TopList::of(self.capacity, 0, [(key, hits)].into_iter(), key.len()));
        }
    }

    #[test]
    fn a_list_that_was_never_full_is_exact() {
        let mut list = TopList::new(3);
        for (key, hits) in [("a", 1), ("b", 5), ("a", 2), ("c", 3), ("d", 1)] {
            list.add(key.as_bytes(), hits);
        }
        let rows: Vec<_> = list.top(3).into_iter().map(|(key, hits)| (key, hits.hits, hits.error)).collect();
        assert_eq!(rows, [(&b"b"[..], 5, 0), (b"a", 3, 0), (b"c", 3, 0)]);
        assert_eq!((list.floor(), list.get(b"x")), (0, Hits::default()));
    }

    #[test]
    fn a_multitude_of_equals_takes_no_memory() {
        let mut list = TopList::new(10);
        list.add(b"great", 7);
        (0..10_000u32).for_each(|key| list.add(&key.to_le_bytes(), 1));
        assert!(list.len() <= 21, "{}", list.len());
        assert_eq!(list.top(1), [(&b"great"[..], Hits { hits: 7, error: 0 })]);
    }

    proptest! {
        /// However hits are shared out over lists and in whatever order these are merged.
        #[test]
        fn true_hits_lie_between_the_bounds(
            hits in prop::collection::vec((0u8..60, 0u8..60, 1u64..50, 0usize..4), 1..400),
            capacity in 1usize..20,
        ) {
            let mut lists = vec![TopList::new(capacity); 4];
            let mut truth = BTreeMap::<u8, u64>::new();
            for (left, right, count, list) in hits {
                // Low keys are common.
                let key = left.min(right);
                lists[list].add(&[key], count);
                *truth.entry(key).or_default() += count;
            }
            let [mut first, second, mut third, fourth]: [TopList; 4] = lists.try_into().unwrap();
            third.merge(&fourth);
            first.merge(&second);
            first.merge(&third);
            prop_assert!(first.len() <= 2 * capacity);
            for (key, hits) in &truth {
                let known = first.get(&[*key]);
                prop_assert!((known.hits..=known.most()).contains(hits), "{key}: {hits} not in {known:?}");
                prop_assert!(*hits <= first.floor() || known.hits > 0, "{key} is missing");
            }
        }
    }
}
