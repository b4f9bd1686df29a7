//! How long nothing has come: what `absent` asks.
//!
//! A look may be made when what came later is known already: in a replay, many seconds come at once. So all panes in which
//! a sign of life came are kept that a look has not passed yet, and each look finds what it would have found in its time.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// When a sign of life came.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Silence {
    /// Since when it is waited for.
    since: i64,
    /// Panes in which it came, by arrival, and the last time in each.
    panes: BTreeMap<i64, i64>,
}

impl Silence {
    /// It is waited for from now on.
    pub fn new(now: i64) -> Silence {
        Silence { since: now, panes: BTreeMap::new() }
    }

    /// It came in a pane, for the last time at `at`.
    pub fn came(&mut self, pane: i64, at: i64) {
        let last = self.panes.entry(pane).or_insert(at);
        *last = at.max(*last);
    }

    /// When it came last in a pane that begins before an instant. What came before that is forgotten: looks go forward.
    pub fn last(&mut self, before: i64) -> i64 {
        let Some((pane, last)) = self.panes.range(..before).next_back().map(|(pane, last)| (*pane, *last)) else {
            return self.since;
        };
        self.since = self.since.max(last);
        self.panes = self.panes.split_off(&pane);
        self.since
    }

    /// The next instant at which a look may find something else than the one at `tick`.
    pub fn deadline(&self, tick: i64, window: i64, pane: i64) -> Option<i64> {
        let silent = Some(self.since.saturating_add(window)).filter(|due| *due > tick);
        let comes = self.panes.range(tick..).next().map(|(start, _)| start.saturating_add(pane));
        silent.into_iter().chain(comes).min()
    }
}
