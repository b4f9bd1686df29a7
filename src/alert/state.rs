//! The states of one rule's alerts: inactive, pending, firing, resolved, as Prometheus has them.
//!
//! A pure function: what a look found for each group, and when, makes transitions. Nothing here asks the time, and time
//! is that of events.
//!
//! - A group of which `when` is true becomes pending, and fires in the same look if `for` is nothing; otherwise in the
//!   first look at least `for` later, if it was true in every look between. One look in which it is not, and it begins
//!   anew.
//! - A firing one of which it is true no longer is resolved, at once or, with `keep_firing_for`, in the first look at
//!   least that long after the first that did not find it true.
//! - A resolved one is remembered for [`RESOLVED_FOR`], so that its end can be told again, and then forgotten.
//! - A look that failed changes nothing.
//!
//! What differs from Prometheus, on purpose: a firing alert that is taken up after a restart is resolved by the next look
//! (Prometheus forgets it, and leaves it to Alertmanager to notice); no grace of ten minutes is given to pending ones,
//! since windows are kept over a restart too and the first look sees them whole.
//!
//! Units: milliseconds since the Unix epoch.
//! Source: Prometheus 3, `rules/alerting.go` (`AlertingRule.Eval`), `rules/group.go` (`RestoreForState`),
//! docs/configuration/alerting_rules.md.

use super::rule::NoData;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How long a resolved alert is remembered: Prometheus' `resolvedRetention`, 15 minutes.
pub const RESOLVED_FOR: i64 = 15 * 60_000;

/// The longest time between two looks over which a pending alert is taken up again: Prometheus'
/// `--rules.alert.for-outage-tolerance`, an hour.
pub const OUTAGE_TOLERATED: i64 = 3_600_000;

/// The key of a group: see [`super::key`].
pub type Key = Box<[u8]>;

/// What of a rule decides about states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// `for`.
    pub hold: i64,
    /// `keep_firing_for`.
    pub keep_firing: i64,
    /// What a group without data is.
    pub no_data: NoData,
}

/// What a look found for a group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Found {
    /// `when` is true of this value.
    True(f64),
    /// It is not.
    False,
    /// There is nothing to tell from.
    NoData,
}

/// Where an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Not there.
    Inactive,
    /// True, not for long enough yet.
    Pending,
    /// True for long enough.
    Firing,
    /// It fired and is true no longer.
    Resolved,
}

/// An alert that is not inactive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Where it is.
    pub phase: Phase,
    /// The first look of those without a break that found it true.
    pub active_at: i64,
    /// When it fired.
    pub fired_at: Option<i64>,
    /// When it was resolved.
    pub resolved_at: Option<i64>,
    /// The first look of those without a break that did not find it true while it fires.
    pub keep_since: Option<i64>,
    /// The last value; `None` where there was no data.
    pub value: Option<f64>,
    /// It fired in an early look at the window that ends then: looks at earlier ones say nothing about it.
    pub early: Option<i64>,
}

/// A change of phase.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Of which group.
    pub key: Key,
    /// Where it was.
    pub from: Phase,
    /// Where it is.
    pub to: Phase,
    /// When: the end of the window that was looked at.
    pub at: i64,
    /// The alert as it is now; as it was, where it is inactive now.
    pub alert: Alert,
}

/// All alerts of a rule that are not inactive.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct States {
    alerts: BTreeMap<Key, Alert>,
    /// The last look.
    looked: Option<i64>,
}

impl States {
    /// The alerts, by key.
    pub fn alerts(&self) -> impl Iterator<Item = (&Key, &Alert)> {
        self.alerts.iter()
    }

    /// Groups that are pending or fire: a look has to say something about each of them.
    pub fn active(&self) -> impl Iterator<Item = &Key> {
        self.alerts.iter().filter(|(_, alert)| alert.phase != Phase::Resolved).map(|(key, _)| key)
    }

    /// Whether a group is pending or fires.
    pub fn is_active(&self, key: &[u8]) -> bool {
        self.alerts.get(key).is_some_and(|alert| alert.phase != Phase::Resolved)
    }

    /// Whether nothing is active or remembered.
    pub fn is_empty(&self) -> bool {
        self.alerts.is_empty()
    }

    /// The next instant from which a look may change something though it finds the same as the one at `tick`.
    pub fn deadline(&self, terms: &Terms, tick: i64) -> Option<i64> {
        let of = |alert: &Alert| match alert.phase {
            Phase::Pending => Some(alert.active_at.saturating_add(terms.hold)),
            Phase::Firing => {
                let kept = alert.keep_since.map(|since| since.saturating_add(terms.keep_firing));
                kept.into_iter().chain(alert.early).filter(|at| *at > tick).min()
            }
            // It is forgotten when more than the retention is over.
            Phase::Resolved => alert.resolved_at.map(|at| at.saturating_add(RESOLVED_FOR).saturating_add(1)),
            Phase::Inactive => None,
        };
        self.alerts.values().filter_map(of).filter(|at| *at > tick).min()
    }

    /// A look at the windows that end at `at`. `found` speaks of every group that is active and of all others of which
    /// `when` is true, or that are there and have no data. An active one that it does not speak of has no data.
    pub fn look<'key>(
        &mut self,
        terms: &Terms,
        at: i64,
        found: impl IntoIterator<Item = (&'key [u8], Found)>,
        changes: &mut Vec<Change>,
    ) {
        self.looked = Some(at);
        let mut seen: BTreeMap<&[u8], Found> = BTreeMap::new();
        for (key, found) in found {
            seen.insert(key, found);
        }
        let keys: Vec<Key> = self.alerts.keys().cloned().collect();
        for key in keys {
            let unsaid = if self.is_active(&key) { Found::NoData } else { Found::False };
            let found = seen.remove(&*key).unwrap_or(unsaid);
            self.look_at(terms, at, key, found, changes);
        }
        for (key, found) in seen {
            if found != Found::False {
                self.look_at(terms, at, key.into(), found, changes);
            }
        }
    }

    fn look_at(&mut self, terms: &Terms, at: i64, key: Key, found: Found, changes: &mut Vec<Change>) {
        let value = match (found, terms.no_data) {
            (Found::True(value), _) => Some(Some(value)),
            (Found::False, _) | (Found::NoData, NoData::Resolve) => None,
            (Found::NoData, NoData::Fire) => Some(None),
            (Found::NoData, NoData::Keep) => match self.alerts.get(&key).map(|alert| alert.phase) {
                // As it is: but what is remembered is forgotten in time.
                Some(Phase::Pending | Phase::Firing) => return,
                _ => None,
            },
        };
        let known = self.alerts.get_mut(&key).filter(|alert| alert.phase != Phase::Resolved);
        match (known, value) {
            (Some(alert), _) if alert.early.is_some_and(|early| at < early) => {}
            (Some(alert), Some(value)) => {
                alert.value = value;
                alert.keep_since = None;
                alert.early = None;
                let is_over = at.saturating_sub(alert.active_at) >= terms.hold;
                let to = match alert.phase {
                    Phase::Pending if is_over => Phase::Firing,
                    // `for` is longer than it was.
                    Phase::Firing if !is_over => Phase::Pending,
                    _ => return,
                };
                let from = std::mem::replace(&mut alert.phase, to);
                alert.fired_at = (to == Phase::Firing).then_some(at);
                changes.push(Change { key, from, to, at, alert: alert.clone() });
            }
            (Some(alert), None) => {
                alert.early = None;
                if alert.phase == Phase::Firing && terms.keep_firing > 0 {
                    let since = *alert.keep_since.get_or_insert(at);
                    if at.saturating_sub(since) < terms.keep_firing {
                        return;
                    }
                }
                let from = alert.phase;
                let to = if from == Phase::Firing { Phase::Resolved } else { Phase::Inactive };
                if to == Phase::Resolved {
                    (alert.phase, alert.resolved_at, alert.keep_since) = (to, Some(at), None);
                    changes.push(Change { key, from, to, at, alert: alert.clone() });
                } else if let Some(alert) = self.alerts.remove(&key) {
                    changes.push(Change { key, from, to, at, alert });
                }
            }
            (None, Some(value)) => self.begin(terms, at, key, value, None, changes),
            (None, None) => {
                let is_over =
                    |alert: &Alert| alert.resolved_at.is_none_or(|ended| at.saturating_sub(ended) > RESOLVED_FOR);
                if self.alerts.get(&key).is_some_and(is_over) {
                    self.alerts.remove(&key);
                }
            }
        }
    }

    fn begin(
        &mut self,
        terms: &Terms,
        at: i64,
        key: Key,
        value: Option<f64>,
        early: Option<i64>,
        changes: &mut Vec<Change>,
    ) {
        let from = self.alerts.get(&key).map_or(Phase::Inactive, |alert| alert.phase);
        let to = if terms.hold == 0 { Phase::Firing } else { Phase::Pending };
        let alert = Alert {
            phase: to,
            active_at: at,
            fired_at: (to == Phase::Firing).then_some(at),
            resolved_at: None,
            keep_since: None,
            value,
            early,
        };
        self.alerts.insert(key.clone(), alert.clone());
        changes.push(Change { key, from, to, at, alert });
    }

    /// An early look found that `when` is true of the window that ends at `at`, which is not closed yet, and will stay
    /// true: a group that is not active fires. Only for rules without `for`.
    pub fn fire_early(&mut self, terms: &Terms, at: i64, key: &[u8], value: f64, changes: &mut Vec<Change>) {
        if terms.hold == 0 && !self.is_active(key) {
            self.begin(terms, at, key.into(), Some(value), Some(at), changes);
        }
    }

    /// Goes on after a restart; the next look will be at `at`. A pending alert does not grow older by the time that nobody
    /// looked, beyond the `usual` one between two looks; after more than [`OUTAGE_TOLERATED`] it begins anew.
    pub fn resume(&mut self, at: i64, usual: i64) {
        let Some(looked) = self.looked else { return };
        let gap = at.saturating_sub(looked).saturating_sub(usual);
        if gap <= 0 {
            return;
        }
        self.alerts.retain(|_, alert| alert.phase != Phase::Pending || gap <= OUTAGE_TOLERATED);
        for alert in self.alerts.values_mut().filter(|alert| alert.phase == Phase::Pending) {
            alert.active_at = alert.active_at.saturating_add(gap);
        }
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
