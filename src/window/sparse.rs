//! A distribution of values in few bytes: the buckets that were hit, and no others.
//!
//! A pane holds some of these, and thousands of panes are kept, so a dense histogram would be too large. Buckets are
//! log-linear: 128 of width one, then for each power of two 64 more, twice as wide as those before; so a value is known
//! to within a sixty-fourth, which is more than a digit and less than two. Count, sum, least and greatest are exact.
//!
//! Source: HdrHistogram (Gil Tene), for two significant digits.

/// Bits of a value that its bucket keeps.
const KEPT_BITS: u32 = 7;
/// Buckets for each power of two.
const HALF: u64 = 1 << (KEPT_BITS - 1);

/// Buckets that there are.
pub const BUCKETS: usize = ((u64::BITS - KEPT_BITS) as u64 * HALF + 2 * HALF) as usize;

/// The bucket of a value.
#[inline(always)]
pub fn bucket_of(value: u64) -> u16 {
    let width_bits = (u64::BITS - KEPT_BITS).saturating_sub(value.leading_zeros());
    (u64::from(width_bits) * HALF + (value >> width_bits)) as u16
}

/// The greatest value of a bucket.
fn greatest_of(bucket: u16) -> u64 {
    let width_bits = (u64::from(bucket) / HALF).saturating_sub(1) as u32;
    let next = u128::from(u64::from(bucket) - u64::from(width_bits) * HALF + 1) << width_bits;
    (next - 1) as u64
}

/// Counts by value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sparse {
    /// Bucket and count, sorted.
    buckets: Vec<(u16, u64)>,
    sum: u128,
    least: u64,
    greatest: u64,
}

impl Default for Sparse {
    fn default() -> Self {
        Sparse { buckets: Vec::new(), sum: 0, least: u64::MAX, greatest: 0 }
    }
}

impl Sparse {
    /// The distribution of some values, counted by bucket: each bucket once, and none that was not hit.
    pub fn new(mut buckets: Vec<(u16, u64)>, sum: u128, least: u64, greatest: u64) -> Sparse {
        buckets.sort_unstable();
        Sparse { buckets, sum, least, greatest }
    }

    /// The distribution with these buckets and their counts; `None` where they cannot be: they must ascend and hold
    /// something, and the other figures lie where they allow.
    pub fn from_parts(buckets: Vec<(u16, u64)>, sum: u128, least: u64, greatest: u64) -> Option<Sparse> {
        let is_ascending = buckets.windows(2).all(|pair| pair[0].0 < pair[1].0);
        let holds = |(bucket, count): &(u16, u64)| *bucket <= bucket_of(u64::MAX) && *count > 0;
        if !is_ascending || !buckets.iter().all(holds) {
            return None;
        }
        let sound = match (buckets.first(), buckets.last()) {
            (Some((first, _)), Some((last, _))) => {
                let count: u128 = buckets.iter().map(|(_, count)| u128::from(*count)).sum();
                let between = |value: u64| count.saturating_mul(u128::from(value));
                bucket_of(least) == *first
                    && bucket_of(greatest) == *last
                    && (between(least)..=between(greatest)).contains(&sum)
            }
            _ => sum == 0 && least == u64::MAX && greatest == 0,
        };
        sound.then_some(Sparse { buckets, sum, least, greatest })
    }

    /// Buckets that were hit and how often, ascending.
    pub fn buckets(&self) -> &[(u16, u64)] {
        &self.buckets
    }

    /// Adds all values of another one.
    pub fn merge(&mut self, other: &Sparse) {
        if other.buckets.is_empty() {
            return;
        }
        let mut merged = Vec::with_capacity(self.buckets.len() + other.buckets.len());
        let mut own = self.buckets.iter().copied().peekable();
        for (bucket, count) in &other.buckets {
            while let Some(before) = own.next_if(|(own, _)| own < bucket) {
                merged.push(before);
            }
            let known = own.next_if(|(own, _)| own == bucket).map_or(0, |(_, count)| count);
            merged.push((*bucket, known + count));
        }
        merged.extend(own);
        self.buckets = merged;
        self.sum += other.sum;
        self.least = self.least.min(other.least);
        self.greatest = self.greatest.max(other.greatest);
    }

    /// All values of some.
    pub fn of_all<'a>(parts: impl Iterator<Item = &'a Sparse> + Clone) -> Sparse {
        let mut sum = Sparse::default();
        sum.buckets.reserve(parts.clone().map(|part| part.buckets.len()).sum());
        for part in parts {
            sum.buckets.extend_from_slice(&part.buckets);
            sum.sum += part.sum;
            sum.least = sum.least.min(part.least);
            sum.greatest = sum.greatest.max(part.greatest);
        }
        sum.buckets.sort_unstable_by_key(|(bucket, _)| *bucket);
        sum.buckets.dedup_by(|(bucket, count), (before, sum)| {
            let is_same = bucket == before;
            *sum += if is_same { *count } else { 0 };
            is_same
        });
        sum.buckets.shrink_to_fit();
        sum
    }

    /// Values counted.
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|(_, count)| count).sum()
    }

    /// Their sum.
    pub fn sum(&self) -> u128 {
        self.sum
    }

    /// The least and the greatest, `None` without a value.
    pub fn range(&self) -> Option<(u64, u64)> {
        (!self.buckets.is_empty()).then_some((self.least, self.greatest))
    }

    /// The quantile `q`, 0 to 1: the top of the bucket that holds the ceil(q * n)-th value, at most the greatest value.
    /// `None` without a value.
    pub fn quantile(&self, q: f64) -> Option<u64> {
        let rank = ((self.count() as f64 * q).ceil() as u64).max(1);
        let mut seen = 0;
        let reached = |(_, count): &&(u16, u64)| {
            seen += count;
            seen >= rank
        };
        let (bucket, _) = self.buckets.iter().find(reached).or(self.buckets.last())?;
        Some(greatest_of(*bucket).min(self.greatest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[u64]) -> Sparse {
        let mut counts = std::collections::HashMap::new();
        values.iter().for_each(|value| *counts.entry(bucket_of(*value)).or_insert(0) += 1);
        let (least, greatest) = (values.iter().min(), values.iter().max());
        let sum = values.iter().map(|value| u128::from(*value)).sum();
        let (least, greatest) = (least.copied().unwrap_or(u64::MAX), greatest.copied().unwrap_or(0));
        Sparse::new(counts.into_iter().collect(), sum, least, greatest)
    }

    #[test]
    fn buckets_follow_each_other_and_are_a_sixty_fourth_wide() {
        for shift in 0..64 {
            for value in [1u64 << shift, (1 << shift) + 1, u64::MAX >> shift] {
                let bucket = bucket_of(value);
                let (greatest, below) = (greatest_of(bucket), bucket.checked_sub(1).map(greatest_of));
                assert!(greatest >= value && below.is_none_or(|below| below < value), "{value}");
                assert!(greatest - value <= value / 64, "{value}: {greatest}");
            }
        }
        assert_eq!(greatest_of(bucket_of(u64::MAX)), u64::MAX);
    }

    #[test]
    fn few_values_are_told_exactly() {
        let sparse = of(&[5, 1, 9, 9]);
        assert_eq!((sparse.count(), sparse.sum(), sparse.range()), (4, 24, Some((1, 9))));
        let at = |q| sparse.quantile(q).unwrap();
        assert_eq!([at(0.0), at(0.25), at(0.5), at(0.51), at(1.0)], [1, 1, 5, 9, 9]);
        assert_eq!((of(&[]).quantile(0.5), of(&[]).range(), of(&[]).count()), (None, None, 0));
        assert_eq!(of(&[1000, 1001]).quantile(1.0), Some(1001), "not above the greatest value");
    }

    proptest! {
        #[test]
        fn merging_is_counting_all(left in prop::collection::vec(any::<u64>(), 0..50), right in prop::collection::vec(0u64..500, 0..50)) {
            let mut merged = of(&left);
            merged.merge(&of(&right));
            prop_assert_eq!(merged, of(&[left, right].concat()));
        }

        #[test]
        fn a_quantile_is_a_value_to_within_a_sixty_fourth(mut values in prop::collection::vec(any::<u64>(), 1..200), q in 0.0f64..=1.0) {
            let found = of(&values).quantile(q).unwrap();
            values.sort_unstable();
            let exact = values[((values.len() as f64 * q).ceil() as usize).max(1) - 1];
            prop_assert!(found >= exact && found - exact <= exact / 64, "{found} for {exact}");
        }
    }
}
