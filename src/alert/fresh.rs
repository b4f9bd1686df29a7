//! Values that were not seen before: what `new(field)` tells.
//!
//! A value is new when it was not seen within the kept history. For as long as the rule's window after anything was seen at
//! all, values are learnt and not told, since at first everything is new.
//!
//! Values are known by their stable hashes, with the pane in which they were last seen.

use super::state::Key;
use crate::aggregate::stable;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// Values that are remembered; of more the half that was not seen for longest is forgotten, and would be new again.
pub const KNOWN_MAX: usize = 200_000;

/// The values of a rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Fresh {
    known: HashMap<u64, i64>,
    /// New ones, and the tick at which they are told first.
    fresh: BTreeMap<Key, i64>,
}

impl Fresh {
    /// A value was seen in the pane that ends at `end`; it would be told from the tick `from` on. `learns`: everything is new
    /// yet.
    pub fn saw(&mut self, key: &[u8], end: i64, from: i64, learns: bool, history: i64) {
        let last = self.known.entry(stable::hash(key)).or_insert(i64::MIN);
        let is_new = end.saturating_sub(*last) > history;
        *last = end.max(*last);
        if is_new && !learns {
            self.fresh.insert(key.into(), from);
        }
        if self.known.len() > KNOWN_MAX {
            self.forget();
        }
    }

    #[inline(never)]
    fn forget(&mut self) {
        let mut ends: Vec<i64> = self.known.values().copied().collect();
        let middle = ends.len() / 2;
        let (_, &mut end, _) = ends.select_nth_unstable(middle);
        // Where all were seen in one pane, all are kept or none: half of a pane's values would be an accident.
        self.known.retain(|_, last| *last > end);
    }

    /// The values that are new at a tick.
    pub fn at(&mut self, tick: i64, window: i64) -> impl Iterator<Item = &Key> {
        self.fresh.retain(|_, from| tick < from.saturating_add(window));
        self.fresh.iter().filter(move |(_, from)| **from <= tick).map(|(key, _)| key)
    }

    /// The next instant at which a value begins or ends to be new.
    pub fn deadline(&self, tick: i64, window: i64) -> Option<i64> {
        self.fresh.values().map(|from| if *from > tick { *from } else { from.saturating_add(window) }).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_new_once_within_the_history() {
        let mut fresh = Fresh::default();
        let new = |fresh: &mut Fresh, tick: i64| fresh.at(tick, 10).map(|key| key.to_vec()).collect::<Vec<_>>();
        fresh.saw(b"learnt", 1, 1, true, 100);
        fresh.saw(b"learnt", 5, 5, false, 100);
        fresh.saw(b"a", 5, 5, false, 100);
        assert_eq!(new(&mut fresh, 4), Vec::<Vec<u8>>::new());
        assert_eq!(new(&mut fresh, 5), [b"a"]);
        fresh.saw(b"a", 9, 9, false, 100);
        assert_eq!((fresh.deadline(9, 10), new(&mut fresh, 14)), (Some(15), vec![b"a".to_vec()]));
        assert!(new(&mut fresh, 15).is_empty() && fresh.deadline(15, 10).is_none());
        fresh.saw(b"a", 109, 109, false, 100);
        assert!(new(&mut fresh, 109).is_empty());
        fresh.saw(b"a", 210, 210, false, 100);
        assert_eq!(new(&mut fresh, 210), [b"a"], "not seen for longer than the history");
    }

    #[test]
    fn values_that_never_end_fill_no_memory() {
        let mut fresh = Fresh::default();
        for number in 0..3 * KNOWN_MAX as u64 {
            fresh.saw(&number.to_le_bytes(), number as i64, number as i64, true, 1 << 40);
        }
        assert!(fresh.known.len() <= KNOWN_MAX, "{}", fresh.known.len());
    }
}
