//! All rules together: takes what workers counted, looks when the watermark moves, and tells what changed.

use super::count::{Counted, Line};
use super::fresh::Fresh;
use super::groups::Groups;
use super::limit::Limit;
use super::look::Look;
use super::named::Named;
use super::plan::{Plan, Planned, Source};
use super::rule::Rule;
use super::silence::Silence;
use super::state::{Change, Found, Key, States, Terms};
use super::tell::{Event, Transition};
use crate::window::watermark::NEVER;
use std::cell::OnceCell;
use std::sync::Arc;

/// How time is kept. Milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long a closed pane may be revised: a multiple of the pane.
    pub allowed_lateness: i64,
    /// For how long `new` remembers.
    pub history: i64,
    /// There is no wall clock: records come at their own time.
    pub is_replay: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { allowed_lateness: 60_000, history: 3_600_000, is_replay: false }
    }
}

/// The rules, what was counted for them, and the states of their alerts.
pub struct Alerts {
    pub(super) plan: Arc<Plan>,
    pub(super) settings: Settings,
    pub(super) groups: Vec<Groups>,
    /// For each table the first pane in which it could count something.
    pub(super) began: Vec<Option<i64>>,
    /// For each table and window, whether it held all it could at the last look.
    pub(super) whole: Vec<Vec<bool>>,
    /// For each rule.
    pub(super) states: Vec<States>,
    pub(super) fresh: Vec<Fresh>,
    pub(super) limits: Vec<Limit>,
    /// When each sign of life came.
    pub(super) signs: Vec<Silence>,
    pub(super) lines: Vec<Line>,
    pub(super) tick: i64,
    pub(super) dropped: u64,
    pub(super) changes: Vec<Change>,
}

impl Alerts {
    /// Nothing seen yet; `now` is when signs of life are first waited for: the wall clock, in a replay the first record's
    /// time.
    pub fn new(plan: Arc<Plan>, settings: Settings, now: i64) -> Alerts {
        let rate = |rule: &usize| plan.rules.get(*rule).map_or_else(Default::default, |planned| planned.rule.max_rate);
        Alerts {
            settings,
            groups: plan.tables.iter().map(|table| Groups::new(table, plan.pane, settings.allowed_lateness)).collect(),
            began: vec![None; plan.tables.len()],
            whole: plan.tables.iter().map(|table| vec![false; table.spans.len()]).collect(),
            states: vec![States::default(); plan.rules.len()],
            fresh: vec![Fresh::default(); plan.rules.len()],
            limits: plan.each.iter().map(|(rule, _)| Limit::new(rate(rule))).collect(),
            signs: vec![Silence::new(now); plan.signs.len()],
            lines: Vec::new(),
            tick: NEVER,
            dropped: 0,
            changes: Vec::new(),
            plan,
        }
    }

    /// Nobody looked for a while: pending alerts do not grow older by the time up to the next tick. For a restart after
    /// which lines are missing; one that reads on where it was needs no such thing.
    pub fn resume(&mut self, next_tick: i64) {
        for states in &mut self.states {
            states.resume(next_tick, self.plan.pane);
        }
    }

    /// Takes what a worker counted; false if that was for other rules, and then nothing was taken.
    pub fn take(&mut self, mut counted: Counted) -> bool {
        if counted.plan != self.plan.identity() {
            return false;
        }
        self.dropped += counted.dropped;
        if let Some(earliest) = counted.earliest {
            for began in &mut self.began {
                *began = Some(began.map_or(earliest, |began| began.min(earliest)));
            }
        }
        for (silence, signs) in self.signs.iter_mut().zip(counted.signs) {
            signs.0.into_iter().for_each(|(pane, at)| silence.came(pane, at));
        }
        for (limit, left_out) in self.limits.iter_mut().zip(counted.left_out) {
            limit.leave_out(left_out);
        }
        self.lines.extend(counted.lines);
        // The first sight of a value is its earliest.
        counted.panes.sort_by_key(|(_, start, _)| *start);
        for (table, start, rows) in counted.panes {
            let Some(groups) = self.groups.get_mut(table) else { continue };
            if groups.take(start, &rows) {
                self.saw(table, start, &rows);
            }
        }
        true
    }

    /// Shows rows to the rules that look for new values.
    fn saw(&mut self, table: usize, start: i64, rows: &Named) {
        let pane = self.plan.pane;
        let end = start.saturating_add(pane);
        let next = if self.tick == NEVER { end } else { end.max(self.tick.saturating_add(pane)) };
        let began = self.began.get(table).copied().flatten().unwrap_or(start);
        for (planned, fresh) in self.plan.rules.iter().zip(&mut self.fresh) {
            if !matches!(planned.source, Source::New { table: of, .. } if of == table) {
                continue;
            }
            let learns = start < began.saturating_add(window(&planned.rule));
            rows.keys().for_each(|key| fresh.saw(key, end, next, learns, self.settings.history));
        }
    }

    /// The watermark has come to `watermark`: looks at each tick up to there.
    pub fn tick(&mut self, watermark: i64, out: &mut Vec<Transition>) {
        let pane = self.plan.pane;
        let goal = watermark.saturating_sub(watermark.rem_euclid(pane));
        if watermark == NEVER || goal <= self.tick {
            return;
        }
        let mut tick = if self.tick == NEVER { goal } else { self.tick.saturating_add(pane) };
        loop {
            self.look(tick, out);
            if tick >= goal {
                break;
            }
            tick = self.next(tick).min(goal);
        }
    }

    /// The last tick that was looked at.
    pub fn ticked(&self) -> Option<i64> {
        (self.tick != NEVER).then_some(self.tick)
    }

    /// The next tick at which a look may find something else than the one at `tick` did.
    fn next(&self, tick: i64) -> i64 {
        let pane = self.plan.pane;
        let following = tick.saturating_add(pane);
        let mut next = self.groups.iter().map(|groups| groups.next_change(pane)).min().unwrap_or(i64::MAX);
        if next <= following {
            return following;
        }
        for (number, planned) in self.plan.rules.iter().enumerate() {
            let terms = terms(&planned.rule);
            let states = self.states[number].deadline(&terms, tick);
            let other = match &planned.source {
                Source::Compare(compare) => {
                    // Windows become whole.
                    let table = &self.plan.tables[compare.table];
                    let began = self.began[compare.table];
                    let whole = |span: &super::plan::Span| {
                        Some(began?.saturating_add(span.length).saturating_add(span.ago)).filter(|whole| *whole > tick)
                    };
                    table.spans.iter().filter_map(whole).min()
                }
                Source::New { .. } => self.fresh[number].deadline(tick, window(&planned.rule)),
                Source::Absent(sign) if self.settings.is_replay => {
                    self.signs[*sign].deadline(tick, window(&planned.rule), pane)
                }
                Source::Absent(_) | Source::Each(_) => None,
            };
            next = states.into_iter().chain(other).min().map_or(next, |at| at.min(next));
        }
        // The look before it is made too: values that grow with time alone are then those of every look.
        let up = next.saturating_add((pane - next.rem_euclid(pane)) % pane);
        up.saturating_sub(pane).max(following)
    }

    fn look(&mut self, tick: i64, out: &mut Vec<Transition>) {
        self.groups.iter_mut().for_each(|groups| groups.advance(tick));
        let plan = self.plan.clone();
        let mut grown = vec![false; plan.tables.len()];
        for (number, table) in plan.tables.iter().enumerate() {
            for (span, whole) in table.spans.iter().zip(&mut self.whole[number]) {
                let is_whole = self.began[number].is_some_and(|began| began <= span.start(tick));
                grown[number] |= is_whole && !*whole;
                *whole = is_whole;
            }
        }
        for (number, planned) in plan.rules.iter().enumerate() {
            let terms = terms(&planned.rule);
            match &planned.source {
                Source::Compare(compare) => {
                    let active: Vec<Key> = self.states[number].active().cloned().collect();
                    let Some(look) = look_of(&plan, planned, &self.groups, &self.began, tick) else { continue };
                    let found = Look { all: grown[compare.table], ..look }.found(&active);
                    self.states[number].look(&terms, tick, found, &mut self.changes);
                }
                Source::New { table, span } => {
                    let groups = &self.groups[*table];
                    let count = |key: &Key| {
                        let counts = groups.id(key).map_or(&[][..], |id| groups.counts(*span, id));
                        Found::True(counts.first().copied().unwrap_or(0) as f64)
                    };
                    let found = self.fresh[number].at(tick, window(&planned.rule)).map(|key| (&**key, count(key)));
                    self.states[number].look(&terms, tick, found, &mut self.changes);
                }
                Source::Absent(sign) if self.settings.is_replay => self.look_for_sign(planned, number, *sign, tick),
                Source::Absent(_) | Source::Each(_) => {}
            }
            self.tell(planned, number, out);
        }
        self.groups.iter_mut().for_each(Groups::looked);
        self.tick = tick;
    }

    /// Whether nothing came for as long as the window; the value is for how many seconds.
    fn look_for_sign(&mut self, planned: &Planned, number: usize, sign: usize, now: i64) {
        // A look at a tick is before what begins at it; at an instant of the wall clock what came then has come.
        let before = if self.settings.is_replay { now } else { now.saturating_add(1) };
        let silent = now.saturating_sub(self.signs[sign].last(before));
        let is_silent = silent >= window(&planned.rule);
        let found = if is_silent { Found::True(silent as f64 / 1000.0) } else { Found::False };
        self.states[number].look(&terms(&planned.rule), now, [(&[][..], found)], &mut self.changes);
    }

    /// The wall clock is at `now`: looks at windows that are still open, where more records can only make them true, and at
    /// what waits for signs of life. Not in a replay.
    pub fn early(&mut self, now: i64, out: &mut Vec<Transition>) {
        let pane = self.plan.pane;
        let at = now.saturating_sub(now.rem_euclid(pane)).saturating_add(pane);
        let plan = self.plan.clone();
        let opens: Vec<Vec<OnceCell<_>>> =
            plan.tables.iter().map(|table| table.spans.iter().map(|_| OnceCell::new()).collect()).collect();
        for (number, planned) in plan.rules.iter().enumerate() {
            match &planned.source {
                Source::Compare(compare) if compare.may_be_early && self.tick != NEVER && at > self.tick => {
                    let groups = &self.groups[compare.table];
                    let open = |span: usize| opens[compare.table][span].get_or_init(|| groups.open(span, at));
                    let Some(look) = look_of(&plan, planned, &self.groups, &self.began, at) else { continue };
                    for (key, value) in look.early(at, &self.states[number], &open) {
                        self.states[number].fire_early(&terms(&planned.rule), at, key, value, &mut self.changes);
                    }
                }
                Source::Absent(sign) if !self.settings.is_replay => self.look_for_sign(planned, number, *sign, now),
                _ => {}
            }
            self.tell(planned, number, out);
        }
    }

    /// Makes transitions of changes.
    pub(super) fn tell(&mut self, planned: &Planned, number: usize, out: &mut Vec<Transition>) {
        out.extend(self.changes.drain(..).map(|change| Transition::of(&planned.rule, number, change)));
    }

    /// Records that `each` tells and that are not told yet, as many as the rules' rates allow; `now` is the wall clock,
    /// and in a replay `None`.
    pub fn events(&mut self, now: Option<i64>, out: &mut Vec<Event>) {
        for line in self.lines.drain(..) {
            let Some((number, _)) = self.plan.each.get(line.each) else { continue };
            let (planned, limit) = (self.plan.rules.get(*number), self.limits.get_mut(line.each));
            let (Some(planned), Some(limit)) = (planned, limit) else { continue };
            if let Some(left_out) = limit.take(now.unwrap_or(line.at)) {
                out.push(Event::of(&planned.rule, *number, line, left_out));
            }
        }
    }

    /// The states of a rule's alerts.
    pub fn states(&self, rule: usize) -> Option<&States> {
        self.states.get(rule)
    }

    /// Groups that were dropped since there were too many: their figures may be too low.
    pub fn dropped(&self) -> u64 {
        self.dropped + self.groups.iter().map(Groups::dropped).sum::<u64>()
    }

    /// Groups that are kept.
    pub fn groups(&self) -> usize {
        self.groups.iter().map(Groups::len).sum()
    }

    /// Bytes that it takes, about.
    pub fn held_bytes(&self) -> usize {
        self.groups.iter().map(Groups::held_bytes).sum()
    }
}

/// A look at the figures of a rule that compares.
fn look_of<'a>(
    plan: &'a Plan,
    planned: &'a Planned,
    groups: &'a [Groups],
    began: &[Option<i64>],
    tick: i64,
) -> Option<Look<'a>> {
    let Source::Compare(compare) = &planned.source else { return None };
    let (table, groups) = (plan.tables.get(compare.table)?, groups.get(compare.table)?);
    Some(Look { planned, compare, table, groups, tick, began: began.get(compare.table).copied().flatten(), all: false })
}

fn terms(rule: &Rule) -> Terms {
    Terms { hold: rule.hold, keep_firing: rule.keep_firing, no_data: rule.no_data }
}

/// The first window of a rule.
fn window(rule: &Rule) -> i64 {
    rule.windows.first().copied().unwrap_or(0)
}
