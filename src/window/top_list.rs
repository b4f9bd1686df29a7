//! The keys with most hits, in bounded memory, and how much their hits may be short.
//!
//! A list keeps the greatest keys and drops the rest when it has twice as many as it shows. What was dropped is not
//! forgotten altogether: `floor` is at least the hits of every key that the list does not hold, so a key that comes
//! (again) may have had up to that many before. For every key the true hits lie between `hits` and `hits + error`, and
//! every key with more hits than the floor is in the list. Lists merge with the same guarantee.
//!
//! Source: Metwally, Agrawal, El Abbadi, "Efficient Computation of Frequent and Top-k Elements in Data Streams" (2005);
//! Agarwal et al., "Mergeable Summaries" (2012).

use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

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
    keys: HashMap<Box<[u8]>, Hits, RandomState>,
    floor: u64,
    capacity: usize,
}

impl TopList {
    /// An empty list that keeps at least the `capacity` greatest keys.
    pub fn new(capacity: usize) -> TopList {
        TopList { keys: HashMap::default(), floor: 0, capacity: capacity.max(1) }
    }

    /// A list of different keys whose hits are known, where no other key has more than `floor`.
    pub fn of<'key>(capacity: usize, floor: u64, keys: impl Iterator<Item = (&'key [u8], u64)>) -> TopList {
        let exactly = |(key, hits): (&[u8], u64)| (key.into(), Hits { hits, error: 0 });
        TopList { keys: keys.map(exactly).collect(), floor, ..TopList::new(capacity) }
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
            let is_known = list.keys.insert(key.into(), hits).is_some();
            if is_known || list.keys.len() > 2 * list.capacity {
                return None;
            }
        }
        Some(list)
    }

    /// Adds hits to a key.
    pub fn add(&mut self, key: &[u8], hits: u64) {
        self.put(key, Hits { hits, error: self.floor }, hits);
        self.prune();
    }

    /// A key that is known gets `more` hits, another one comes in with `new`.
    fn put(&mut self, key: &[u8], new: Hits, more: u64) {
        match self.keys.get_mut(key) {
            Some(known) => known.hits += more,
            None => {
                self.keys.insert(key.into(), new);
            }
        }
    }

    /// Adds all of another list.
    pub fn merge(&mut self, other: &TopList) {
        // Every key may have had up to the other's floor there, but for those that it holds.
        let floor = self.floor;
        if other.floor > 0 {
            self.keys.values_mut().for_each(|own| own.error += other.floor);
        }
        for (key, theirs) in &other.keys {
            match self.keys.entry(key.clone()) {
                Entry::Occupied(mut own) => {
                    let own = own.get_mut();
                    own.hits += theirs.hits;
                    own.error = own.error - other.floor + theirs.error;
                }
                Entry::Vacant(place) => {
                    place.insert(Hits { hits: theirs.hits, error: theirs.error + floor });
                }
            }
        }
        self.floor += other.floor;
        self.capacity = self.capacity.max(other.capacity);
        self.prune();
    }

    fn prune(&mut self) {
        if self.keys.len() <= 2 * self.capacity {
            return;
        }
        let mut counts: Vec<(u64, u64)> = self.keys.values().map(|hits| (hits.hits, hits.most())).collect();
        let (_, &mut (least, _), _) = counts.select_nth_unstable_by(self.capacity - 1, |left, right| right.cmp(left));
        // Keys with as many hits as the last one are all kept or all dropped, so that the order of lines decides nothing.
        let kept = counts.iter().filter(|(hits, _)| *hits >= least).count();
        let stays = |hits: u64| if kept <= 2 * self.capacity { hits >= least } else { hits > least };
        let dropped = counts.iter().filter(|(hits, _)| !stays(*hits)).map(|(_, most)| *most).max();
        self.floor = self.floor.max(dropped.unwrap_or(0));
        self.keys.retain(|_, hits| stays(hits.hits));
    }

    /// The most hits that a key which is not in the list may have.
    pub fn floor(&self) -> u64 {
        self.floor
    }

    /// The hits of a key: of one that is not in the list nothing is known but that they are at most the floor.
    pub fn get(&self, key: &[u8]) -> Hits {
        self.keys.get(key).copied().unwrap_or(Hits { hits: 0, error: self.floor })
    }

    /// The first `top` keys: most hits first, then by key.
    pub fn top(&self, top: usize) -> Vec<(&[u8], Hits)> {
        let mut rows: Vec<(&[u8], Hits)> = self.keys.iter().map(|(key, hits)| (&**key, *hits)).collect();
        rows.sort_unstable_by(|left, right| right.1.hits.cmp(&left.1.hits).then_with(|| left.0.cmp(right.0)));
        rows.truncate(top);
        rows
    }

    /// The keys in the list, in no order.
    pub fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.keys.keys().map(|key| &**key)
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

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
                prop_assert!(*hits <= first.floor() || first.keys.contains_key(&[*key][..]), "{key} is missing");
            }
        }
    }
}
