//! What goes on after a restart, and when rules are exchanged.

use super::fresh::Fresh;
use super::groups::Groups;
use super::named::Named;
use super::plan::{Plan, Source};
use super::silence::Silence;
use super::state::{States, Terms};
use super::{Alerts, Settings, Transition};
use crate::window::watermark::NEVER;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// What goes on after a restart, beside the panes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Saved {
    /// The last tick that was looked at.
    pub tick: Option<i64>,
    /// By table.
    began: Vec<(u64, i64)>,
    /// By sign of life, when it came.
    signs: Vec<(String, Silence)>,
    /// By rule.
    states: Vec<(u64, States)>,
    fresh: Vec<(u64, Fresh)>,
}

impl Alerts {
    /// Goes on where an earlier run was: `panes` are those that [`take_changed`](Self::take_changed) gave, the last ones of
    /// each start and width, with the identity of their table. What is not of these rules is left out.
    pub fn restored(
        plan: Arc<Plan>,
        settings: Settings,
        now: i64,
        saved: Saved,
        panes: impl IntoIterator<Item = (u64, i64, i64, Vec<u8>)>,
    ) -> Alerts {
        let mut alerts = Alerts::new(plan, settings, now);
        let mut by_table: HashMap<u64, Vec<(i64, i64, Named)>> = HashMap::new();
        for (table, start, width, bytes) in panes {
            let known = alerts.plan.tables.iter().find(|known| known.identity() == table);
            if let Some(rows) = known.and_then(|known| Named::from_bytes(&bytes, known.shape())) {
                by_table.entry(table).or_default().push((start, width, rows));
            }
        }
        alerts.take_up(saved, by_table);
        alerts
    }

    fn take_up(&mut self, saved: Saved, mut panes: HashMap<u64, Vec<(i64, i64, Named)>>) {
        let tick = saved.tick.unwrap_or(NEVER);
        self.tick = tick;
        for ((table, groups), began) in self.plan.tables.iter().zip(&mut self.groups).zip(&mut self.began) {
            let identity = table.identity();
            groups.restore(tick, panes.remove(&identity).unwrap_or_default());
            *began = saved.began.iter().find(|(of, _)| *of == identity).map(|(_, began)| *began);
        }
        for (sign, last) in self.plan.signs.iter().zip(&mut self.signs) {
            let text = self.plan.sign_text(*sign);
            if let Some((_, known)) = saved.signs.iter().find(|(of, _)| *of == text) {
                *last = known.clone();
            }
        }
        let mut states: HashMap<u64, States> = saved.states.into_iter().collect();
        let mut fresh: HashMap<u64, Fresh> = saved.fresh.into_iter().collect();
        for (number, planned) in self.plan.rules.iter().enumerate() {
            let identity = planned.rule.identity();
            if let Some(known) = states.remove(&identity) {
                self.states[number] = known;
            }
            if let Some(known) = fresh.remove(&identity) {
                self.fresh[number] = known;
            }
        }
    }

    /// What is to be kept, beside the panes, to go on after a restart.
    pub fn saved(&self) -> Saved {
        let tables = self.plan.tables.iter().zip(&self.began);
        let identities = || self.plan.rules.iter().map(|planned| planned.rule.identity());
        let is_new = |number: usize| matches!(self.plan.rules[number].source, Source::New { .. });
        let fresh = identities().zip(&self.fresh).enumerate().filter(|(number, _)| is_new(*number));
        Saved {
            tick: self.ticked(),
            began: tables.filter_map(|(table, began)| Some((table.identity(), (*began)?))).collect(),
            signs: self
                .plan
                .signs
                .iter()
                .map(|sign| self.plan.sign_text(*sign))
                .zip(self.signs.iter().cloned())
                .collect(),
            states: identities().zip(&self.states).map(|(of, states)| (of, states.clone())).collect(),
            fresh: fresh.map(|(_, (of, fresh))| (of, fresh.clone())).collect(),
        }
    }

    /// The panes that have changed since this was last asked: table's identity, start, width, bytes.
    pub fn take_changed(&mut self) -> Vec<(u64, i64, i64, Vec<u8>)> {
        let mut changed = Vec::new();
        for (table, groups) in self.plan.tables.iter().zip(&mut self.groups) {
            let identity = table.identity();
            let panes = groups.take_changed().into_iter();
            changed.extend(panes.map(|(start, width, rows)| (identity, start, width, rows.to_bytes())));
        }
        changed
    }

    /// By table and width of panes: what starts before this instant is kept no more, or in coarser ones.
    pub fn edges(&self) -> Vec<(u64, i64, i64)> {
        let tables = self.plan.tables.iter().zip(&self.groups);
        tables.flat_map(|(table, groups)| groups.edges().map(|(width, from)| (table.identity(), width, from))).collect()
    }

    /// The same with other rules. States, windows and signs of life of what is the same go on; alerts that fired for rules
    /// that are gone are over. All panes count as changed.
    pub fn reloaded(mut self, plan: Arc<Plan>, now: i64, out: &mut Vec<Transition>) -> Alerts {
        let stays: Vec<u64> = plan.rules.iter().map(|planned| planned.rule.identity()).collect();
        let old = self.plan.clone();
        let at = self.ticked().unwrap_or(now);
        for (number, planned) in old.rules.iter().enumerate() {
            if !stays.contains(&planned.rule.identity()) {
                let over = Terms { hold: i64::MAX, ..Terms::default() };
                self.states[number].look(&over, at, [], &mut self.changes);
                self.tell(planned, number, out);
            }
        }
        let panes = old.tables.iter().zip(&self.groups).map(|(table, groups)| (table.identity(), groups.panes()));
        let mut alerts = Alerts::new(plan, self.settings, now);
        alerts.take_up(self.saved(), panes.collect());
        alerts.groups.iter_mut().for_each(Groups::mark_changed);
        alerts.dropped = self.dropped + self.groups.iter().map(Groups::dropped).sum::<u64>();
        alerts
    }
}
