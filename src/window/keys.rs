//! The keys of a pane: the greatest by name, of all how many different ones.
//!
//! Few keys are all kept, and then both are exact. Where they are more than a list holds, a sketch counts them.

use super::top_list::{Hits, TopList};
use crate::aggregate::distinct::Distinct;

/// Keys that are kept at least.
pub const KEYS: usize = 128;

/// A bounded list of keys.
#[derive(Clone, Debug)]
pub struct Keys {
    top: TopList,
    /// Of all keys, once the list has not held them all. Without it the list does.
    sketch: Option<Box<Distinct>>,
}

impl Default for Keys {
    fn default() -> Self {
        Keys { top: TopList::new(KEYS), sketch: None }
    }
}

impl Keys {
    /// The list of some numbered keys and their hits, each once; `key` is the key of a number.
    pub fn of<'key>(mut hits: impl AsMut<[(u32, u64)]>, key: impl Fn(u32) -> &'key [u8]) -> Keys {
        let (mut hits, mut sketch, mut floor) = (hits.as_mut(), None, 0);
        if hits.len() > KEYS {
            let mut all = Box::<Distinct>::default();
            hits.iter().for_each(|(number, _)| all.insert(key(*number)));
            sketch = Some(all);
            let (greatest, next, _) = hits.select_nth_unstable_by(KEYS, |left, right| right.1.cmp(&left.1));
            (hits, floor) = (greatest, next.1);
        }
        // Keys lie all over the memory. Asking for their lengths first lets the processor wait for many at once.
        let bytes = hits.iter().map(|(number, _)| key(*number).len()).sum();
        let keys = hits.iter().map(|(number, hits)| (key(*number), *hits));
        Keys { top: TopList::of(KEYS, floor, keys, bytes), sketch }
    }

    /// The list of these keys, with what is known of all others; `None` if a key comes twice or there are more than a list
    /// holds. Without a sketch, where keys are missing, nobody knows how many there were.
    pub fn from_parts<'key>(
        floor: u64,
        keys: impl Iterator<Item = (&'key [u8], Hits)>,
        sketch: Option<Distinct>,
    ) -> Option<Keys> {
        Some(Keys { top: TopList::from_parts(KEYS, floor, keys)?, sketch: sketch.map(Box::new) })
    }

    /// The sketch of all keys, if there is one.
    pub fn sketch(&self) -> Option<&Distinct> {
        self.sketch.as_deref()
    }

    /// Adds all keys of another list.
    pub fn merge(&mut self, other: &Keys) {
        *self = Keys::sum(&[&*self, other]);
    }

    /// All keys of some lists.
    pub fn sum(lists: &[&Keys]) -> Keys {
        let top = TopList::sum(&lists.iter().map(|list| &list.top).collect::<Vec<_>>());
        let sketch = (top.floor() > 0).then(|| {
            let mut all = Box::<Distinct>::default();
            for list in lists {
                match &list.sketch {
                    Some(sketch) => all.merge(sketch),
                    None => list.top.hashes().for_each(|hash| all.insert_hash(hash)),
                }
            }
            all
        });
        Keys { top, sketch }
    }

    /// The greatest keys.
    pub fn top(&self) -> &TopList {
        &self.top
    }

    /// About how many different keys there were, and whether that is exact.
    pub fn distinct(&self) -> (f64, bool) {
        let known = || (self.top.len() as f64, self.top.floor() == 0);
        self.sketch.as_ref().map_or_else(known, |sketch| (sketch.estimate(), false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys from one number to another, with one hit each.
    fn keys(from: u32, to: u32) -> (Vec<[u8; 4]>, Vec<(u32, u64)>) {
        ((0..to).map(u32::to_le_bytes).collect(), (from..to).map(|number| (number, 1)).collect())
    }

    fn list(from: u32, to: u32) -> Keys {
        let (names, hits) = keys(from, to);
        Keys::of(hits, |number| &names[number as usize])
    }

    #[test]
    fn few_keys_are_all_kept() {
        let mut few = list(0, 60);
        few.merge(&list(30, 90));
        assert_eq!(few.distinct(), (90.0, true));
        assert_eq!(few.top().get(&40u32.to_le_bytes()).hits, 2);
    }

    #[test]
    fn many_keys_are_counted_by_a_sketch_however_they_come_together() {
        for parts in [[(0, 5_000), (2_500, 5_000)], [(0, 100), (50, 5_000)], [(0, 5_000), (0, 100)]] {
            let mut all = Keys::default();
            parts.iter().for_each(|(from, to)| all.merge(&list(*from, *to)));
            let (found, is_exact) = all.distinct();
            assert!((4_800.0..5_200.0).contains(&found) && !is_exact, "{parts:?}: {found}");
        }
        let mut all = Keys::default();
        (0..50).for_each(|part| all.merge(&list(part * 100, part * 100 + 100)));
        assert!((4_800.0..5_200.0).contains(&all.distinct().0), "{:?}", all.distinct());
    }
}
