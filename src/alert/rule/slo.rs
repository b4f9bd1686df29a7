//! A service level objective as rules: how fast the error budget burns.
//!
//! A service that promises 99.9% has a budget of 0.1% errors for thirty days. A burn rate of 1 spends it in thirty days, one
//! of 14.4 two percent of it in an hour. A rule looks at a long window, so that a short burst wakes nobody, and at a
//! twelfth of it, so that it ends soon after the errors do; both must burn.
//!
//! Source: Beyer et al. (ed.), "The Site Reliability Workbook", chapter 5, table 5-8: recommended parameters for an SLO of
//! 99.9%, budget of thirty days.

use super::error::Wrong;

/// A pair of windows and how fast the budget must burn in both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burn {
    /// Milliseconds of the longer window.
    pub long: i64,
    /// Milliseconds of the shorter.
    pub short: i64,
    /// The burn rate.
    pub factor: f64,
    /// What the workbook would do: `page` or `ticket`.
    pub severity: &'static str,
}

impl Burn {
    /// The share of failures at which a budget burns so fast; rounded where floats end.
    pub fn threshold(&self, budget: f64) -> f64 {
        (self.factor * budget * 1e12).round() / 1e12
    }
}

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// 2% of the budget in an hour, 5% in six, 10% in three days.
pub const BURNS: [Burn; 3] = [
    Burn { long: HOUR, short: 5 * MINUTE, factor: 14.4, severity: "page" },
    Burn { long: 6 * HOUR, short: 30 * MINUTE, factor: 6.0, severity: "page" },
    Burn { long: 72 * HOUR, short: 6 * HOUR, factor: 1.0, severity: "ticket" },
];

/// The share of records that may fail, of an objective such as `99.9%`.
///
/// # Errors
/// What is no objective, or so low that the fastest burn would be more than all records.
pub fn budget(text: &str) -> Result<f64, Wrong> {
    const CURE: &str = "an objective is written \"99.9%\"";
    let text = text.trim();
    let percent = text.strip_suffix('%').map(str::trim_end).filter(|digits| !digits.starts_with(['+', '-']));
    let percent: f64 = percent
        .and_then(|digits| digits.parse().ok())
        .filter(|percent: &f64| percent.is_finite())
        .ok_or_else(|| Wrong::value(format!("{:?} is no objective", crate::filter::parse::clipped(text)), CURE))?;
    if !(95.0..100.0).contains(&percent) {
        let what = format!("an objective of {percent}% has no burn rate to watch");
        return Err(Wrong::value(what, "it is at least 95% and below 100%, for example \"99.9%\""));
    }
    // The budget of 99.9 is 0.1, not 0.0999...: rounded where floats end.
    Ok(((100.0 - percent) * 1e9).round() / 1e11)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_is_what_the_objective_leaves() {
        for (text, expected) in [("99.9%", 0.001), ("99.99%", 0.0001), ("95 %", 0.05), ("99.5%", 0.005)] {
            assert_eq!(budget(text).unwrap(), expected, "{text}");
        }
        for text in ["", "99.9", "100%", "90%", "nan%", "-99%", "+99%", "infinity%"] {
            assert!(budget(text).is_err(), "{text}");
        }
    }

    #[test]
    fn windows_and_factors_are_those_of_the_workbook() {
        // The share of the budget that is spent in the long window: 2%, 5%, 10%.
        let spent = BURNS.map(|burn| (burn.factor * burn.long as f64 / (30.0 * 24.0 * HOUR as f64) * 1000.0).round());
        assert_eq!(spent, [20.0, 50.0, 100.0]);
        assert!(BURNS.iter().all(|burn| burn.long == 12 * burn.short));
    }
}
