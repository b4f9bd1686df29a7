//! What rules say of requests, found in the most obvious way: all requests in a list, and every figure of every group
//! counted anew at every tick.
//!
//! It shares with the program what a rule says (`alert::rule`) and whether a filter keeps a request, which has an oracle of
//! its own. It has no table, no pane that is kept, no running sum and no machine of states: an alert is what the looks at
//! its group since it began say. Fields that it knows: `vhost`, `client`, `path`, `status`.

use crate::alert::rule::{Amount, KeyField, Measure, NoData, Rule, Than, When};
use crate::format::record::Access;
use std::collections::{BTreeMap, BTreeSet};

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// When, in milliseconds.
    pub at: i64,
    /// Its virtual host.
    pub vhost: String,
    /// Its client.
    pub client: String,
    /// Its path.
    pub path: String,
    /// Its status.
    pub status: u16,
    /// Bytes sent.
    pub bytes: Option<u64>,
    /// Microseconds that it took.
    pub latency: Option<u64>,
}

impl Request {
    /// The same as a parser tells it.
    pub fn access(&self) -> Access<'_> {
        Access {
            time: crate::format::record::Time {
                wall_seconds: self.at.div_euclid(1000),
                offset_seconds: 0,
                nanos: self.at.rem_euclid(1000) as u32 * 1_000_000,
            },
            vhost: self.vhost.as_bytes(),
            client: self.client.as_bytes(),
            target: self.path.as_bytes(),
            status: self.status,
            bytes_sent: self.bytes,
            latency_micros: self.latency,
            ..Access::default()
        }
    }

    fn value(&self, field: KeyField) -> String {
        match field.name() {
            "vhost" => self.vhost.clone(),
            "client" => self.client.clone(),
            "path" => self.path.clone(),
            "status" => format!("{:03}", self.status),
            other => panic!("the oracle knows no {other}"),
        }
    }

    fn amount(&self, amount: Amount) -> Option<u64> {
        match amount {
            Amount::Bytes => self.bytes,
            Amount::BytesRead => None,
            Amount::Latency => self.latency,
        }
    }
}

/// How time is kept, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// A pane.
    pub pane: i64,
    /// How long a closed one may be revised.
    pub lateness: i64,
    /// How long `new` remembers.
    pub history: i64,
}

/// Something that changed: rule, group, phases, when, since when, value.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The rule's number.
    pub rule: usize,
    /// The values of its group.
    pub group: Vec<String>,
    /// `inactive`, `pending`, `firing` or `resolved`.
    pub from: &'static str,
    /// Likewise.
    pub to: &'static str,
    /// When.
    pub at: i64,
    /// Since when.
    pub since: i64,
    /// The last value.
    pub value: Option<f64>,
}

/// What is known of an alert.
#[derive(Clone, Debug)]
struct Alert {
    phase: &'static str,
    since: i64,
    value: Option<f64>,
    /// The first look that did not find it true while it fires.
    gap: Option<i64>,
    ended: i64,
    /// Looks at earlier ticks are skipped.
    early: i64,
}

/// Rules, and all requests so far.
pub struct Alerts {
    rules: Vec<Rule>,
    clock: Clock,
    requests: Vec<Request>,
    tick: Option<i64>,
    alerts: Vec<BTreeMap<Vec<String>, Alert>>,
    /// For each rule, the ticks at which its values were last seen and became new.
    seen: Vec<BTreeMap<String, (i64, Option<i64>)>>,
    /// For each rule, when its requests came, late ones too.
    came: Vec<Vec<i64>>,
    started: i64,
}

/// Of a group at a tick.
enum Finding {
    True(Option<f64>),
    False,
    Nothing,
}

impl Alerts {
    /// Nothing has come; signs of life are waited for from `started`.
    pub fn new(rules: Vec<Rule>, clock: Clock, started: i64) -> Alerts {
        let (alerts, seen) = (vec![BTreeMap::new(); rules.len()], vec![BTreeMap::new(); rules.len()]);
        let came = vec![Vec::new(); rules.len()];
        Alerts { rules, clock, requests: Vec::new(), tick: None, alerts, seen, came, started }
    }

    /// Requests came, all at once; what is too late for its pane is not taken.
    pub fn take(&mut self, mut batch: Vec<Request>) {
        batch.sort_by_key(|request| request.at);
        for request in &batch {
            for number in 0..self.rules.len() {
                if self.rules[number].filter.keep_access(&request.access(), |_| false) {
                    self.came[number].push(request.at);
                }
            }
        }
        batch.retain(|request| !self.is_late(request.at));
        self.requests.extend(batch.iter().cloned());
        for request in &batch {
            for number in 0..self.rules.len() {
                self.see(number, request);
            }
        }
    }

    /// Whether what came at an instant is too late for its pane.
    pub fn is_late(&self, at: i64) -> bool {
        let end = self.floor(at, 1) + self.clock.pane;
        self.tick.is_some_and(|tick| end + self.clock.lateness <= tick)
    }

    /// Whether a value is new.
    fn see(&mut self, number: usize, request: &Request) {
        let rule = &self.rules[number];
        let When::New(field) = rule.when else { return };
        if !rule.filter.keep_access(&request.access(), |_| false) || request.value(field) == "-" {
            return;
        }
        let end = self.floor(request.at, 1) + self.clock.pane;
        let learnt = self.began() + rule.windows[0];
        let seen = self.seen[number].entry(request.value(field)).or_insert((i64::MIN, None));
        let is_new = seen.0 == i64::MIN || end - seen.0 > self.clock.history;
        if is_new && end - self.clock.pane >= learnt {
            seen.1 = Some(self.tick.map_or(end, |tick| end.max(tick + self.clock.pane)));
        }
        seen.0 = seen.0.max(end);
    }

    fn floor(&self, at: i64, panes: i64) -> i64 {
        let width = self.clock.pane * panes;
        at.div_euclid(width) * width
    }

    fn began(&self) -> i64 {
        let first = self.requests.iter().map(|request| request.at).min();
        first.map_or(i64::MAX, |first| self.floor(first, 1))
    }

    /// The watermark has come so far: a look at each tick up to there.
    pub fn tick(&mut self, watermark: i64) -> Vec<Told> {
        let goal = self.floor(watermark, 1);
        let mut told = Vec::new();
        let mut next = self.tick.map_or(goal, |tick| tick + self.clock.pane);
        while next <= goal {
            for number in 0..self.rules.len() {
                self.look(number, next, &mut told);
            }
            self.tick = Some(next);
            next += self.clock.pane;
        }
        told
    }

    /// The wall clock is so far: windows that are open, for rules that more requests can but make true.
    pub fn early(&mut self, now: i64) -> Vec<Told> {
        let at = self.floor(now, 1) + self.clock.pane;
        let (mut told, Some(tick)) = (Vec::new(), self.tick) else { return Vec::new() };
        for number in 0..self.rules.len() {
            let rule = &self.rules[number];
            let When::Compare { measure, comparison, than: Than::Number(_) } = &rule.when else { continue };
            if rule.hold > 0 || at <= tick || !measure.grows() || !comparison.grows() {
                continue;
            }
            for group in self.groups(number, tick, at) {
                let is_active = self.alerts[number].get(&group).is_some_and(|alert| alert.phase == "firing");
                if let (false, Finding::True(value)) = (is_active, self.finding(number, &group, at)) {
                    self.change(number, group, at, Finding::True(value), &mut told);
                    let alert = told.last().and_then(|last| self.alerts[number].get_mut(&last.group));
                    if let Some(alert) = alert {
                        alert.early = at;
                    }
                }
            }
        }
        told
    }

    /// The groups of a rule with requests between two instants.
    fn groups(&self, number: usize, from: i64, to: i64) -> BTreeSet<Vec<String>> {
        let rule = &self.rules[number];
        let kept = self.requests.iter().filter(|request| {
            (from..to).contains(&request.at) && rule.filter.keep_access(&request.access(), |_| false)
        });
        kept.map(|request| rule.by.iter().map(|field| request.value(*field)).collect()).collect()
    }

    fn look(&mut self, number: usize, tick: i64, told: &mut Vec<Told>) {
        let mut groups: BTreeSet<Vec<String>> = self.alerts[number].keys().cloned().collect();
        match &self.rules[number].when {
            When::Compare { .. } if !self.rules[number].by.is_empty() => {
                let (from, to) = self.window(tick, self.rules[number].windows[0], 0);
                groups.extend(self.groups(number, from, to));
            }
            When::Compare { .. } | When::Absent { .. } => drop(groups.insert(Vec::new())),
            When::New(_) => groups.extend(self.seen[number].keys().map(|value| vec![value.clone()])),
            When::Each => return,
        }
        for group in groups {
            let is_over = self.alerts[number].get(&group).is_some_and(|alert| alert.phase == "resolved");
            let finding = match self.finding(number, &group, tick) {
                // A group that is gone, of which nothing is told any more.
                Finding::Nothing if is_over && !self.is_there(number, &group, tick) => Finding::False,
                finding => finding,
            };
            self.change(number, group, tick, finding, told);
        }
    }

    /// Whether a group has requests in the first window, or needs none.
    fn is_there(&self, number: usize, group: &[String], tick: i64) -> bool {
        let rule = &self.rules[number];
        let (from, to) = self.window(tick, rule.windows.first().copied().unwrap_or(0), 0);
        rule.by.is_empty() || self.groups(number, from, to).contains(group)
    }

    /// What a look finds of a group.
    fn finding(&self, number: usize, group: &[String], tick: i64) -> Finding {
        let rule = &self.rules[number];
        match &rule.when {
            When::Compare { .. } => {
                let windows: Vec<Finding> =
                    rule.windows.iter().map(|window| self.compared(rule, group, tick, *window)).collect();
                if windows.iter().any(|finding| matches!(finding, Finding::False)) {
                    return Finding::False;
                }
                if windows.iter().any(|finding| matches!(finding, Finding::Nothing)) {
                    return Finding::Nothing;
                }
                windows.into_iter().next().unwrap_or(Finding::Nothing)
            }
            When::Absent { heartbeat } => {
                let before = self.came[number].iter().filter(|at| !*heartbeat && **at < tick);
                let silent = tick - before.max().copied().unwrap_or(i64::MIN).max(self.started);
                if silent >= rule.windows[0] { Finding::True(Some(silent as f64 / 1000.0)) } else { Finding::False }
            }
            When::New(field) => match self.seen[number].get(&group[0]) {
                Some((_, Some(from))) if *from <= tick && tick < from + rule.windows[0] => {
                    let (from, to) = self.window(tick, rule.windows[0], 0);
                    let is_one = |request: &&Request| {
                        (from..to).contains(&request.at)
                            && rule.filter.keep_access(&request.access(), |_| false)
                            && request.value(*field) == group[0]
                    };
                    Finding::True(Some(self.requests.iter().filter(is_one).count() as f64))
                }
                _ => Finding::Nothing,
            },
            When::Each => Finding::Nothing,
        }
    }

    /// The edges of a window: panes are ten times as wide beyond two minutes of panes, sixty times beyond twenty.
    fn window(&self, tick: i64, length: i64, ago: i64) -> (i64, i64) {
        let edge = |age: i64| {
            let panes = if age <= 120 * self.clock.pane {
                1
            } else if age <= 1200 * self.clock.pane {
                10
            } else {
                60
            };
            self.floor(tick - age, panes)
        };
        (edge(ago + length), edge(ago))
    }

    fn compared(&self, rule: &Rule, group: &[String], tick: i64, length: i64) -> Finding {
        let When::Compare { measure, comparison, than } = &rule.when else { return Finding::Nothing };
        let (value, records) = self.figure(rule, group, self.window(tick, length, 0), measure, length);
        let Some(value) = value else { return Finding::Nothing };
        let is_whole = |ago: i64| self.began() <= tick - ago - length;
        let than = match than {
            Than::Number(number) => {
                let needs_whole = measure.grows() && !comparison.grows();
                if records < rule.min_records || (needs_whole && !is_whole(0)) {
                    return Finding::Nothing;
                }
                *number
            }
            Than::Previous { times, ago } => {
                let (than, before) = self.figure(rule, group, self.window(tick, length, *ago), measure, length);
                let enough = if measure.grows() { records.max(before) } else { records.min(before) };
                match than {
                    Some(than) if enough >= rule.min_records && is_whole(*ago) => times * than,
                    _ => return Finding::Nothing,
                }
            }
        };
        if comparison.holds(value, than) { Finding::True(Some(value)) } else { Finding::False }
    }

    /// A figure of a group between two instants, and its requests.
    fn figure(
        &self,
        rule: &Rule,
        group: &[String],
        (from, to): (i64, i64),
        measure: &Measure,
        length: i64,
    ) -> (Option<f64>, u64) {
        let is_one = |request: &&Request| {
            (from..to).contains(&request.at)
                && rule.filter.keep_access(&request.access(), |_| false)
                && rule.by.iter().zip(group).all(|(field, value)| request.value(*field) == *value)
        };
        let all: Vec<&Request> = self.requests.iter().filter(is_one).collect();
        let count = all.len() as f64;
        if all.is_empty() && (!rule.by.is_empty() || !measure.grows()) {
            return (None, 0);
        }
        let figure = match measure {
            Measure::Count => Some(count),
            Measure::Rate => Some(count / (length as f64 / 1000.0)),
            Measure::Ratio(filter) => {
                let part = all.iter().filter(|request| filter.keep_access(&request.access(), |_| false)).count();
                Some(part as f64 / count)
            }
            Measure::Sum(amount) => {
                let sum: u128 = all.iter().filter_map(|request| request.amount(*amount)).map(u128::from).sum();
                Some(sum as f64 / unit(*amount))
            }
            Measure::Quantile(q, amount) => {
                let mut values: Vec<u64> = all.iter().filter_map(|request| request.amount(*amount)).collect();
                values.sort_unstable();
                let rank = ((values.len() as f64 * q).ceil() as usize).max(1);
                let value = values.get(rank - 1).map(|value| top(*value).min(*values.last().unwrap_or(value)));
                value.map(|value| value as f64 / unit(*amount))
            }
            Measure::Distinct(field) => {
                let values: BTreeSet<String> = all.iter().map(|request| request.value(*field)).collect();
                Some(values.iter().filter(|value| *value != "-").count() as f64)
            }
        };
        (figure, all.len() as u64)
    }

    /// What a finding makes of an alert, told in the words of Prometheus' documentation.
    fn change(&mut self, number: usize, group: Vec<String>, at: i64, finding: Finding, told: &mut Vec<Told>) {
        let rule = &self.rules[number];
        let alerts = &mut self.alerts[number];
        let before = alerts.get(&group).cloned();
        let phase = before.as_ref().map_or("inactive", |alert| alert.phase);
        let is_active = phase == "pending" || phase == "firing";
        if before.as_ref().is_some_and(|alert| is_active && at < alert.early) {
            return;
        }
        let value = match (finding, rule.no_data) {
            (Finding::True(value), _) => Some(value),
            (Finding::Nothing, NoData::Keep) if is_active => return,
            (Finding::Nothing, NoData::Fire) => Some(None),
            _ => None,
        };
        let mut tell = |from, to, since, value| {
            told.push(Told { rule: number, group: group.clone(), from, to, at, since, value });
        };
        match (before, value) {
            (Some(alert), Some(value)) if is_active => {
                let to = if at - alert.since >= rule.hold { "firing" } else { "pending" };
                if to != phase {
                    tell(phase, to, alert.since, value);
                }
                alerts.insert(group, Alert { phase: to, value, gap: None, ..alert });
            }
            (_, Some(value)) => {
                let to = if rule.hold == 0 { "firing" } else { "pending" };
                tell(phase, to, at, value);
                alerts.insert(group, Alert { phase: to, since: at, value, gap: None, ended: 0, early: i64::MIN });
            }
            (Some(alert), None) if phase == "firing" => {
                let gap = alert.gap.unwrap_or(at);
                if rule.keep_firing > 0 && at - gap < rule.keep_firing {
                    alerts.insert(group, Alert { gap: Some(gap), ..alert });
                    return;
                }
                tell(phase, "resolved", alert.since, alert.value);
                alerts.insert(group, Alert { phase: "resolved", ended: at, ..alert });
            }
            (Some(alert), None) if phase == "pending" => {
                tell(phase, "inactive", alert.since, alert.value);
                alerts.remove(&group);
            }
            (Some(alert), None) if at - alert.ended > 15 * 60_000 => drop(alerts.remove(&group)),
            _ => {}
        }
    }
}

fn unit(amount: Amount) -> f64 {
    if amount == Amount::Latency { 1e6 } else { 1.0 }
}

/// The greatest value of a histogram's bucket: 128 of width one, then 64 for each power of two.
fn top(value: u64) -> u64 {
    let mut width = 1u64;
    while value / width >= 128 {
        width *= 2;
    }
    (value / width) * width + (width - 1)
}
