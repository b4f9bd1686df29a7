//! So many in a span, the rest counted: a bucket of tokens.
//!
//! It holds as many tokens as may be told in a span and gains them evenly; who finds it empty is left out and counted, and
//! the next that is told says how many those were.

use super::rule::Rate;

/// The bucket of a rule.
#[derive(Clone, Debug)]
pub struct Limit {
    rate: Rate,
    tokens: f64,
    at: Option<i64>,
    left_out: u64,
}

impl Limit {
    /// A full bucket.
    pub fn new(rate: Rate) -> Limit {
        Limit { rate, tokens: f64::from(rate.count), at: None, left_out: 0 }
    }

    /// Whether one may be told at this instant and, if so, how many were left out since the last that was. An instant before
    /// the last one brings no tokens.
    pub fn take(&mut self, at: i64) -> Option<u64> {
        let passed = self.at.map_or(0, |last| at.saturating_sub(last).max(0));
        self.at = self.at.max(Some(at));
        let most = f64::from(self.rate.count);
        self.tokens = (self.tokens + passed as f64 * most / self.rate.span.max(1) as f64).min(most);
        if self.tokens < 1.0 {
            self.left_out += 1;
            return None;
        }
        self.tokens -= 1.0;
        Some(std::mem::take(&mut self.left_out))
    }

    /// So many more were left out, that nobody asked for.
    pub fn leave_out(&mut self, count: u64) {
        self.left_out += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_are_told_and_the_rest_is_counted() {
        let mut limit = Limit::new(Rate { count: 2, span: 1000 });
        let told: Vec<_> = [0, 1, 2, 3, 502, 503, 10, 5000, 5000, 5000].map(|at| limit.take(at)).into();
        assert_eq!(told, [Some(0), Some(0), None, None, Some(2), None, None, Some(2), Some(0), None]);
        limit.leave_out(7);
        assert_eq!(limit.take(9000), Some(8));
    }
}
