//! A set of values as sorted ranges that do not overlap.

/// Values from a low end to a high end, both included, any number of times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranges<T>(Box<[(T, T)]>);

impl<T: Ord + Copy> Ranges<T> {
    /// The union of some ranges. One whose low end is above its high end holds nothing.
    pub fn new(mut ranges: Vec<(T, T)>) -> Ranges<T> {
        ranges.retain(|(low, high)| low <= high);
        ranges.sort_unstable();
        ranges.dedup_by(|next, last| {
            let overlap = next.0 <= last.1;
            if overlap {
                last.1 = last.1.max(next.1);
            }
            overlap
        });
        Ranges(ranges.into())
    }

    /// Whether a value is in one of the ranges.
    #[inline]
    pub fn contain(&self, value: T) -> bool {
        match &*self.0 {
            [(low, high)] => *low <= value && value <= *high,
            ranges => {
                let at = ranges.partition_point(|(_, high)| *high < value);
                ranges.get(at).is_some_and(|(low, _)| *low <= value)
            }
        }
    }

    /// Whether there is no range.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_value_is_contained_where_one_of_the_ranges_holds_it(ranges: Vec<(u8, u8)>, value: u8) {
            let expected = ranges.iter().any(|(low, high)| (*low..=*high).contains(&value));
            prop_assert_eq!(Ranges::new(ranges).contain(value), expected);
        }
    }

    #[test]
    fn overlapping_ranges_become_one() {
        assert_eq!(Ranges::new(vec![(5, 9), (1, 3), (3, 6), (8, 7)]), Ranges(Box::new([(1, 9)])));
        assert!(Ranges::new(vec![(2, 1)]).is_empty());
    }
}
