//! On random rules and streams, out of order, late, shared out over workers and with restarts in between, the rules tell
//! what the oracle tells.

use super::*;
use crate::oracle::alerts::{self as oracle, Clock, Request, Told};
use crate::window::watermark::NEVER;
use proptest::prelude::*;
use proptest::sample::select;
use rule::{Rule, read};
use state::Phase;
use std::collections::BTreeMap;
use std::sync::Arc;

const PANE: i64 = 1_000;
const LATENESS: i64 = 30_000;
const HISTORY: i64 = 200_000;
/// The first instant, a whole minute.
const START: i64 = 1_700_000_040_000;

/// What happens.
#[derive(Clone, Debug)]
enum Step {
    /// Requests come: seconds behind (or ahead of) the newest, in tenths, and what they say.
    Take(Vec<(i64, u8, u8, u8, u16, Option<u16>)>),
    /// The newest time moves on by so many tenths of a second, and the watermark behind it.
    Pass(i64),
    /// The wall clock ticks, so many tenths ahead of the watermark.
    Early(i64),
    /// A restart.
    Restart,
    /// Other rules are read, which are the same.
    Reload,
}

fn step() -> impl Strategy<Value = Step> {
    let request = (-450i64..30, 0u8..4, 0u8..4, 0u8..5, 0u16..3000, prop::option::of(0u16..2000));
    prop_oneof![
        6 => prop::collection::vec(request, 1..25).prop_map(Step::Take),
        4 => (1i64..80).prop_map(Step::Pass),
        1 => (80i64..1500).prop_map(Step::Pass),
        2 => (0i64..90).prop_map(Step::Early),
        1 => Just(Step::Restart),
        1 => Just(Step::Reload),
    ]
}

fn rule() -> impl Strategy<Value = String> {
    let measures = &[
        "count",
        "count",
        "count",
        "rate",
        "ratio(status >= 500)",
        "ratio(path = /b)",
        "sum(bytes)",
        "sum(latency)",
        "quantile(0.5, latency)",
        "quantile(0.99, bytes)",
        "distinct(client)",
        "distinct(path)",
    ];
    let when = (select(&measures[..]), select(&[">", ">=", "<", "<=", "=", "!="][..]), 0usize..4).prop_map(
        |(measure, op, size)| {
            let numbers = match measure {
                "count" | "distinct(client)" | "distinct(path)" => ["1", "3", "2", "6"],
                "rate" => ["0.1", "0.5", "0.25", "1"],
                "sum(bytes)" | "quantile(0.99, bytes)" => ["1k", "2k", "5k", "1400"],
                "sum(latency)" => ["1ms", "3ms", "10ms", "0s"],
                "quantile(0.5, latency)" => ["1ms", "500us", "1.5ms", "0s"],
                _ => ["0.5", "25%", "0%", "1"],
            };
            format!("{measure} {op} {}", numbers[size])
        },
    );
    let previous = (select(&measures[..]), select(&[">", "<"][..]), select(&["2 * ", "", "50% * "][..]), 1i64..200)
        .prop_map(|(measure, op, times, ago)| format!("{measure} {op} {times}previous({ago}s)"));
    let windows = select(&["1s", "3s", "10s", "45s", "110s", "150s", "\", \"30s", "10m"][..]);
    let compared = (
        prop_oneof![3 => when, 1 => previous],
        windows,
        select(&["", "", "\"vhost\"", "\"client\"", "\"vhost\", \"path\"", "\"status\""][..]),
        select(&["", "status >= 400", "vhost = a", "not path = /a"][..]),
        (select(&[0, 0, 3][..]), select(&["0s", "0s", "2s", "7s"][..]), select(&["0s", "0s", "3s", "20s"][..])),
        select(&["resolve", "resolve", "keep", "fire"][..]),
    )
        .prop_map(|(when, window, by, filter, (min_records, hold, keep), no_data)| {
            let window = if window.starts_with('"') { "[\"5s\", \"30s\"]".to_owned() } else { format!("{window:?}") };
            let filter = if filter.is_empty() { String::new() } else { format!("\"where\": {filter:?},") };
            format!(
                "\"when\": {when:?}, \"window\": {window}, \"by\": [{by}], {filter} \"min_records\": {min_records}, \
                 \"for\": {hold:?}, \"keep_firing_for\": {keep:?}, \"no_data\": {no_data:?}"
            )
        });
    let absent = (select(&["1s", "5s", "20s"][..]), select(&["0s", "4s"][..]))
        .prop_map(|(window, hold)| format!("\"when\": \"absent\", \"window\": {window:?}, \"for\": {hold:?}"));
    let new = (select(&["path", "client"][..]), select(&["5s", "20s", "130s"][..]), select(&["0s", "4s"][..]))
        .prop_map(|(field, window, keep)| {
            format!("\"when\": \"new({field})\", \"window\": {window:?}, \"keep_firing_for\": {keep:?}")
        });
    prop_oneof![8 => compared, 1 => absent, 1 => new]
}

fn rules(texts: &[String]) -> Vec<Rule> {
    let rule = |(number, text): (usize, &String)| format!("{{\"alert\": \"A{number}\", {text}}}");
    let text = format!("[{}]", texts.iter().enumerate().map(rule).collect::<Vec<_>>().join(",\n"));
    read("random.json", &text).unwrap_or_else(|errors| panic!("{text}: {errors:?}"))
}

/// The program, driven as an engine would.
struct Driven {
    plan: Arc<Plan>,
    alerts: Alerts,
    settings: Settings,
    /// What a store would hold.
    stored: BTreeMap<(u64, i64, i64), Vec<u8>>,
}

impl Driven {
    fn new(texts: &[String]) -> Driven {
        let plan = Arc::new(Plan::new(rules(texts), PANE).unwrap());
        let settings = Settings { allowed_lateness: LATENESS, history: HISTORY, is_replay: true };
        Driven { alerts: Alerts::new(plan.clone(), settings, START), plan, settings, stored: BTreeMap::new() }
    }

    fn take(&mut self, requests: &[Request], is_late: impl Fn(i64) -> bool) {
        let mut workers: Vec<Counter> = (0..3).map(|_| Counter::new(self.plan.clone())).collect();
        for (number, request) in requests.iter().enumerate() {
            workers[number % 3].record(&request.access(), request.at, !is_late(request.at), |_| false);
        }
        let mut counted = workers.iter_mut().map(Counter::hand_over);
        let mut all = counted.next().unwrap();
        counted.for_each(|other| all.merge(other));
        assert!(self.alerts.take(all));
    }

    fn restart(&mut self) {
        for (table, start, width, bytes) in self.alerts.take_changed() {
            self.stored.insert((table, start, width), bytes);
        }
        let edges = self.alerts.edges();
        self.stored.retain(|(of, start, of_width), _| {
            edges.iter().any(|(table, width, from)| table == of && width == of_width && start >= from)
        });
        let saved = postcard::to_stdvec(&self.alerts.saved()).unwrap();
        let saved = postcard::from_bytes(&saved).unwrap();
        let panes = self.stored.iter().map(|((table, start, width), bytes)| (*table, *start, *width, bytes.clone()));
        self.alerts = Alerts::restored(self.plan.clone(), self.settings, START, saved, panes);
    }

    /// Transitions in the oracle's words.
    fn told(&self, transitions: Vec<Transition>) -> Vec<Told> {
        let phase = |phase| match phase {
            Phase::Inactive => "inactive",
            Phase::Pending => "pending",
            Phase::Firing => "firing",
            Phase::Resolved => "resolved",
        };
        let mut told: Vec<Told> = transitions
            .into_iter()
            .map(|told| {
                let rule = &self.plan.rules[told.rule].rule;
                let by = match &rule.when {
                    rule::When::New(field) => vec![*field],
                    _ => rule.by.clone(),
                };
                let group = by.iter().map(|field| told.labels[field.name()].clone()).collect();
                let (from, to) = (phase(told.from), phase(told.to));
                Told { rule: told.rule, group, from, to, at: told.at, since: told.since, value: told.value }
            })
            .collect();
        sort(&mut told);
        told
    }
}

fn sort(told: &mut [Told]) {
    told.sort_by(|left, right| (left.at, left.rule, &left.group).cmp(&(right.at, right.rule, &right.group)));
}

fn run(texts: &[String], steps: &[Step]) -> Result<usize, TestCaseError> {
    let mut driven = Driven::new(texts);
    let clock = Clock { pane: PANE, lateness: LATENESS, history: HISTORY };
    let mut naive = oracle::Alerts::new(rules(texts), clock, START);
    let (mut newest, mut watermark, mut count) = (START, NEVER, 0);
    for (number, step) in steps.iter().enumerate() {
        let (mut found, mut expected) = (Vec::new(), Vec::new());
        match step {
            Step::Take(batch) => {
                let request =
                    |(tenths, vhost, client, path, status, bytes): &(i64, u8, u8, u8, u16, Option<u16>)| Request {
                        at: newest + tenths * 100,
                        vhost: ["a", "b", "-", "c.example"][usize::from(*vhost)].to_owned(),
                        client: format!("10.0.0.{client}"),
                        path: ["/a", "/b", "-", "/c/d", "/e"][usize::from(*path)].to_owned(),
                        status: [200, 404, 500, 503, 301][usize::from(*status) % 5],
                        bytes: bytes.map(u64::from),
                        latency: status.is_multiple_of(3).then_some(u64::from(*status)),
                    };
                let requests: Vec<Request> = batch.iter().map(request).collect();
                driven.take(&requests, |at| naive.is_late(at));
                naive.take(requests);
            }
            Step::Pass(tenths) => {
                newest += tenths * 100;
                watermark = newest - 5_000;
                driven.alerts.tick(watermark, &mut found);
                expected = naive.tick(watermark);
            }
            Step::Early(tenths) if watermark != NEVER => {
                driven.alerts.early(watermark + tenths * 100, &mut found);
                expected = naive.early(watermark + tenths * 100);
            }
            Step::Early(_) => {}
            Step::Restart => driven.restart(),
            Step::Reload => {
                let (plan, settings) = (driven.plan.clone(), driven.settings);
                let old = std::mem::replace(&mut driven.alerts, Alerts::new(plan.clone(), settings, START));
                driven.alerts = old.reloaded(plan, START, &mut found);
                driven.stored.clear();
            }
        }
        let found = driven.told(found);
        sort(&mut expected);
        count += found.len();
        prop_assert_eq!(found, expected, "in step {}: {:?}", number, step);
    }
    Ok(count)
}

proptest! {
    #[test]
    fn what_is_told_is_what_the_oracle_tells(
        texts in prop::collection::vec(rule(), 1..5),
        steps in prop::collection::vec(step(), 1..60),
    ) {
        run(&texts, &steps)?;
    }
}
