//! A distribution of sizes or latencies: quantiles to three digits, count, sum, least and greatest exact.
//!
//! Source: HdrHistogram (Gil Tene). Its buckets are log-linear: 2048 of width one, then for each power of two 1024 more,
//! twice as wide as those before. The bucket of a value is found here, in a few instructions, since it is asked for every
//! record; quantiles are the `hdrhistogram` crate's. Memory is fixed by the range, 440 KB at the most.

use super::snapshot::Quantiles;
use hdrhistogram::Histogram;

/// Greatest value the buckets tell apart; greater ones are counted in the last bucket, their sum and maximum exact.
const GREATEST: u64 = u64::MAX >> 2;

/// Bits of a value that its bucket keeps: 2048 is the first power of two above the 2000 that three digits ask for.
const KEPT_BITS: u32 = 11;
/// Buckets for each power of two.
const HALF: usize = 1 << (KEPT_BITS - 1);

/// Counts by value, in buckets a thousandth wide.
pub struct Distribution {
    buckets: Vec<u64>,
    sum: u128,
    least: u64,
    greatest: u64,
}

impl Default for Distribution {
    fn default() -> Self {
        Distribution { buckets: Vec::new(), sum: 0, least: u64::MAX, greatest: 0 }
    }
}

/// The bucket of a value.
#[inline(always)]
fn bucket_of(value: u64) -> usize {
    let width_bits = (u64::BITS - KEPT_BITS).saturating_sub(value.leading_zeros());
    width_bits as usize * HALF + (value >> width_bits) as usize
}

/// The least value of a bucket.
fn least_of(bucket: usize) -> u64 {
    let width_bits = (bucket / HALF).saturating_sub(1);
    ((bucket - width_bits * HALF) as u64) << width_bits
}

impl Distribution {
    /// Counts a value.
    #[inline]
    pub fn record(&mut self, value: u64) {
        self.record_n(value, 1);
    }

    /// Counts a value `n` times.
    #[inline(always)]
    pub fn record_n(&mut self, value: u64, n: u64) {
        let bucket = bucket_of(value.min(GREATEST));
        if bucket >= self.buckets.len() {
            self.grow(bucket);
        }
        self.buckets[bucket] += n;
        self.sum += u128::from(value) * u128::from(n);
        self.least = self.least.min(value);
        self.greatest = self.greatest.max(value);
    }

    #[cold]
    fn grow(&mut self, bucket: usize) {
        // Whole powers of two at a time.
        self.buckets.resize((bucket / HALF + 1) * HALF, 0);
    }

    fn histogram(&self) -> Histogram<u64> {
        // Three digits from 1 on are valid bounds, so this cannot fail.
        let mut histogram = Histogram::new(3).expect("three significant digits are allowed");
        for (bucket, &count) in self.buckets.iter().enumerate().filter(|(_, count)| **count > 0) {
            let counted = histogram.record_n(least_of(bucket), count);
            debug_assert!(counted.is_ok(), "the histogram grows up to GREATEST");
        }
        histogram
    }

    /// Values counted.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// Adds all values of another one.
    pub fn merge(&mut self, other: &Distribution) {
        if self.buckets.len() < other.buckets.len() {
            self.buckets.resize(other.buckets.len(), 0);
        }
        self.buckets.iter_mut().zip(&other.buckets).for_each(|(into, from)| *into += from);
        self.sum += other.sum;
        self.least = self.least.min(other.least);
        self.greatest = self.greatest.max(other.greatest);
    }

    /// The figures of the report, each value divided by `unit`; `None` without a value.
    pub fn quantiles(&self, unit: f64) -> Option<Quantiles> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        let histogram = self.histogram();
        let at = |per_mille: u128| {
            // ceil(q * n) in whole numbers: a float would be off by one for large n.
            let rank = (u128::from(count) * per_mille).div_ceil(1000).max(1);
            let mut seen = 0u128;
            for bucket in histogram.iter_recorded() {
                seen += u128::from(bucket.count_at_value());
                if seen >= rank {
                    if histogram.equivalent(bucket.value_iterated_to(), GREATEST) {
                        break;
                    }
                    let top = histogram.highest_equivalent(bucket.value_iterated_to());
                    return top.min(self.greatest) as f64 / unit;
                }
            }
            self.greatest as f64 / unit
        };
        Some(Quantiles {
            count,
            mean: self.sum as f64 / count as f64 / unit,
            min: self.least as f64 / unit,
            p50: at(500),
            p90: at(900),
            p95: at(950),
            p99: at(990),
            p999: at(999),
            max: self.greatest as f64 / unit,
        })
    }

    /// The sum of all values.
    pub fn sum(&self) -> u128 {
        self.sum
    }

    /// Buckets that hold something, least first: a value of the bucket and its count; and the exact sum, least and
    /// greatest. With [`Distribution::from_parts`] it crosses a file.
    pub fn parts(&self) -> (Vec<(u64, u64)>, u128, u64, u64) {
        let counted = self.buckets.iter().enumerate().filter(|(_, count)| **count > 0);
        let buckets = counted.map(|(bucket, count)| (least_of(bucket), *count)).collect();
        (buckets, self.sum, self.least, self.greatest)
    }

    /// The distribution that [`Distribution::parts`] took apart.
    pub fn from_parts(buckets: &[(u64, u64)], sum: u128, least: u64, greatest: u64) -> Distribution {
        let mut whole = Distribution::default();
        for &(value, count) in buckets {
            whole.record_n(value, count);
        }
        Distribution { sum, least, greatest, ..whole }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_the_tops_of_their_buckets_and_the_rest_is_exact() {
        let mut values = Distribution::default();
        (1..=1000).for_each(|value| values.record(value));
        let figures = values.quantiles(1.0).unwrap();
        assert_eq!((figures.p50, figures.p99, figures.p999, figures.max), (500.0, 990.0, 999.0, 1000.0));
        assert_eq!((figures.count, figures.mean, figures.min), (1000, 500.5, 1.0));
        // 5000 shares a bucket of four with 5001 to 5003, but no quantile is above the maximum.
        values.record(5000);
        assert_eq!(values.quantiles(1.0).unwrap().p999, 1000.0);
        assert_eq!(values.quantiles(1.0).unwrap().max, 5000.0);
    }

    #[test]
    fn a_bucket_is_the_histograms_bucket() {
        let histogram = Histogram::<u64>::new(3).unwrap();
        let near = |power: u32| (0..64).map(move |step| (1u64 << power).wrapping_add(step * 37).wrapping_sub(1000));
        for value in (0..5000).chain((11..62).flat_map(near)).chain([GREATEST]).map(|value| value.min(GREATEST)) {
            assert!(histogram.equivalent(least_of(bucket_of(value)), value), "{value}");
            assert_eq!(histogram.lowest_equivalent(value), least_of(bucket_of(value)), "{value}");
        }
    }

    #[test]
    fn nothing_has_no_quantiles_and_huge_values_are_counted() {
        assert_eq!(Distribution::default().quantiles(1.0), None);
        let mut values = Distribution::default();
        values.record(u64::MAX);
        values.record(0);
        assert_eq!((values.count(), values.sum()), (2, u128::from(u64::MAX)));
        assert_eq!(values.quantiles(1.0).unwrap().max, u64::MAX as f64);
    }

    #[test]
    fn merged_and_taken_apart_it_says_the_same() {
        let (mut one, mut two, mut both) = (Distribution::default(), Distribution::default(), Distribution::default());
        for value in [3, 70_000, 12, 1 << 40, 12] {
            one.record(value);
            both.record(value);
        }
        for value in [0, 9, 1 << 20] {
            two.record(value);
            both.record(value);
        }
        one.merge(&two);
        assert_eq!(one.quantiles(1.0), both.quantiles(1.0));
        let (buckets, sum, least, greatest) = one.parts();
        assert_eq!(Distribution::from_parts(&buckets, sum, least, greatest).quantiles(1.0), both.quantiles(1.0));
    }
}
