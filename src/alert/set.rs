//! How many different values there were: exactly while they are few, then by a sketch.

use crate::aggregate::distinct::Distinct;

/// Hashes that are kept one by one; two of 64 bits are the same by chance once in ten million million such sets.
pub const EXACT_MAX: usize = 1024;

/// A set of values, known by their stable hashes. A value that was seen twice is in it once, so merging is in any order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Set {
    /// All hashes, ascending.
    Few(Vec<u64>),
    /// A sketch of more.
    Many(Box<Distinct>),
}

impl Default for Set {
    fn default() -> Self {
        Set::Few(Vec::new())
    }
}

impl Set {
    /// The set of some hashes, in any order and repeated at will.
    pub fn of(mut hashes: Vec<u64>) -> Set {
        hashes.sort_unstable();
        hashes.dedup();
        if hashes.len() <= EXACT_MAX {
            hashes.shrink_to_fit();
            return Set::Few(hashes);
        }
        let mut sketch = Box::<Distinct>::default();
        hashes.iter().for_each(|hash| sketch.insert_hash(*hash));
        Set::Many(sketch)
    }

    /// The union of some sets.
    pub fn union<'set>(sets: impl Iterator<Item = &'set Set>) -> Set {
        let (mut hashes, mut sketch) = (Vec::new(), None::<Box<Distinct>>);
        for set in sets {
            match (set, &mut sketch) {
                (Set::Few(few), None) => {
                    hashes.extend(few);
                    if hashes.len() > 4 * EXACT_MAX {
                        match Set::of(std::mem::take(&mut hashes)) {
                            Set::Few(few) => hashes = few,
                            Set::Many(many) => sketch = Some(many),
                        }
                    }
                }
                (Set::Few(few), Some(all)) => few.iter().for_each(|hash| all.insert_hash(*hash)),
                (Set::Many(many), Some(all)) => all.merge(many),
                (Set::Many(many), None) => {
                    let mut all = many.clone();
                    hashes.drain(..).for_each(|hash| all.insert_hash(hash));
                    sketch = Some(all);
                }
            }
        }
        sketch.map_or_else(|| Set::of(hashes), Set::Many)
    }

    /// Adds all values of another one.
    pub fn merge(&mut self, other: &Set) {
        *self = Set::union([&*self, other].into_iter());
    }

    /// How many different values, about; exactly up to [`EXACT_MAX`].
    pub fn estimate(&self) -> f64 {
        match self {
            Set::Few(few) => few.len() as f64,
            Set::Many(many) => many.estimate(),
        }
    }

    /// Bytes that it takes, about.
    pub fn held_bytes(&self) -> usize {
        size_of::<Set>()
            + match self {
                Set::Few(few) => 8 * few.capacity(),
                Set::Many(many) => many.registers().len(),
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::stable;

    fn hashes(from: u32, to: u32) -> Vec<u64> {
        (from..to).map(|number| stable::hash(&number.to_le_bytes())).collect()
    }

    #[test]
    fn few_are_counted_exactly_and_many_nearly_however_they_are_shared_out() {
        for (total, step, error) in
            [(0, 1, 0.0), (1000, 7, 0.0), (1024, 1024, 0.0), (20_000, 130, 0.04), (20_000, 5_000, 0.04)]
        {
            let parts: Vec<Set> = (0..total)
                .step_by(step)
                .map(|from| {
                    let from = from as u32;
                    Set::of(hashes(from.saturating_sub(50), (from + step as u32).min(total as u32)))
                })
                .collect();
            let mut one_by_one = Set::default();
            parts.iter().rev().for_each(|part| one_by_one.merge(part));
            let together = Set::union(parts.iter());
            for set in [&one_by_one, &together] {
                let off = (set.estimate() - total as f64).abs();
                assert!(off <= error * total as f64, "{total} in steps of {step}: {}", set.estimate());
            }
            assert_eq!(one_by_one, together, "{total} in steps of {step}");
        }
    }
}
