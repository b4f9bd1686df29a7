//! A distribution of values, to three digits: the quantiles of the report.
//!
//! A bucket holds the values that agree in their first eleven binary digits; its top is what a quantile is.

/// Values below this have a bucket each.
const EXACT: u32 = 2048;
/// Buckets for each further binary digit.
const A_DIGIT: usize = 1024;
const BUCKETS: usize = EXACT as usize + 21 * A_DIGIT;

/// Counts of values.
#[derive(Clone, Debug, Default)]
pub(super) struct Spread {
    counts: Vec<u64>,
    count: u64,
    sum: u64,
    least: u32,
    most: u32,
}

/// What is told of a distribution.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Figures {
    pub count: u64,
    pub mean: f64,
    pub min: u32,
    /// The quantiles of [`QUANTILES`].
    pub quantiles: Vec<u32>,
    pub max: u32,
}

/// Names of quantiles, and of a thousand values how many are at most that.
pub(super) const QUANTILES: [(&str, u64); 5] = [("p50", 500), ("p90", 900), ("p95", 950), ("p99", 990), ("p999", 999)];

impl Spread {
    /// Adds a value.
    #[inline]
    pub fn add(&mut self, value: u32) {
        if self.counts.is_empty() {
            (self.counts, self.least) = (vec![0; BUCKETS], u32::MAX);
        }
        if let Some(count) = self.counts.get_mut(bucket(value)) {
            *count += 1;
        }
        self.count += 1;
        self.sum += u64::from(value);
        (self.least, self.most) = (self.least.min(value), self.most.max(value));
    }

    /// Adds the values of another.
    pub fn merge(&mut self, other: &Spread) {
        if self.count == 0 {
            *self = other.clone();
        } else if other.count > 0 {
            self.counts.iter_mut().zip(&other.counts).for_each(|(mine, theirs)| *mine += theirs);
            (self.count, self.sum) = (self.count + other.count, self.sum + other.sum);
            (self.least, self.most) = (self.least.min(other.least), self.most.max(other.most));
        }
    }

    /// What is told of it; `None` where there is no value.
    pub fn figures(&self) -> Option<Figures> {
        let quantile = |per_mille: u64| {
            let rank = (per_mille * self.count).div_ceil(1000).max(1);
            let mut below = 0;
            let found = self.counts.iter().position(|count| {
                below += count;
                below >= rank
            });
            found.map_or(0, top).min(self.most)
        };
        (self.count > 0).then(|| Figures {
            count: self.count,
            mean: self.sum as f64 / self.count as f64,
            min: self.least,
            quantiles: QUANTILES.iter().map(|(_, per_mille)| quantile(*per_mille)).collect(),
            max: self.most,
        })
    }
}

#[inline]
fn bucket(value: u32) -> usize {
    if value < EXACT {
        return value as usize;
    }
    let digits = value.ilog2() as usize;
    EXACT as usize + (digits - 11) * A_DIGIT + ((value >> (digits - 10)) as usize & (A_DIGIT - 1))
}

/// The greatest value of a bucket.
fn top(bucket: usize) -> u32 {
    if bucket < EXACT as usize {
        return bucket as u32;
    }
    let beyond = bucket - EXACT as usize;
    let (digits, place) = (beyond / A_DIGIT + 11, beyond % A_DIGIT);
    let step = 1u64 << (digits - 10);
    u32::try_from((A_DIGIT + place) as u64 * step + step - 1).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_in_the_bucket_that_ends_at_its_eleventh_digit() {
        for value in (0..70_000).chain((0..200).map(|at| u32::MAX - at * 12_345_678 / 2)) {
            let top = top(bucket(value));
            let step = 1u32 << (32 - value.leading_zeros()).saturating_sub(11);
            assert!(top >= value && top - value < step, "{value}: {top}");
        }
    }

    #[test]
    fn quantiles_are_ranks() {
        let mut spread = Spread::default();
        (1..=1000).for_each(|value| spread.add(value));
        let figures = spread.figures().unwrap();
        assert_eq!((figures.min, figures.max, figures.mean), (1, 1000, 500.5));
        assert_eq!(figures.quantiles, [500, 900, 950, 990, 999]);
        assert_eq!(Spread::default().figures(), None);
    }
}
