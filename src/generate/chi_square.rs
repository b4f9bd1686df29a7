//! Pearson's test of goodness of fit, for tests.

/// Panics unless the counts could well be drawn from these weights: the statistic is held to four standard deviations
/// above its mean (Wilson and Hilferty's approximation), so that a right generator fails once in some 30,000 seeds, and
/// with a fixed seed never. Outcomes that are expected fewer than five times are taken together.
pub fn fits(what: &str, counts: &[u64], weights: &[f64]) {
    assert_eq!(counts.len(), weights.len(), "{what}");
    let (drawn, sum) = (counts.iter().sum::<u64>() as f64, weights.iter().sum::<f64>());
    let (mut statistic, mut cells, mut rest) = (0.0, 0.0, (0.0, 0.0));
    for (count, weight) in counts.iter().zip(weights) {
        let expected = weight / sum * drawn;
        if *weight == 0.0 {
            assert_eq!(*count, 0, "{what}: an outcome that never comes came");
        } else if expected < 5.0 {
            rest = (rest.0 + *count as f64, rest.1 + expected);
        } else {
            statistic += (*count as f64 - expected).powi(2) / expected;
            cells += 1.0;
        }
    }
    if rest.1 >= 5.0 {
        statistic += (rest.0 - rest.1).powi(2) / rest.1;
        cells += 1.0;
    }
    let freedom: f64 = cells - 1.0;
    if freedom > 0.0 {
        let spread = 2.0 / (9.0 * freedom);
        let limit = freedom * (1.0 - spread + 4.0 * spread.sqrt()).powi(3);
        assert!(
            statistic < limit,
            "{what}: chi-square {statistic:.1} of {freedom} degrees, limit {limit:.1}: {counts:?}"
        );
    }
}
