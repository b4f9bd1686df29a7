//! Rules at work, case by case: lines in, alerts out, on a clock of numbers.

use super::*;
use crate::format::record::{Access, ErrorEntry, Level, Time};
use crate::oracle::alerts::Request;
use std::sync::Arc;

const SECOND: i64 = 1_000;

struct Run {
    plan: Arc<Plan>,
    worker: Counter,
    alerts: Alerts,
    told: Vec<Transition>,
}

fn plan(rules: &str) -> Arc<Plan> {
    let rules = rule::read("test.json", rules).unwrap_or_else(|errors| panic!("{errors:?}"));
    Arc::new(Plan::new(rules, SECOND).unwrap())
}

impl Run {
    fn new(rules: &str, is_replay: bool) -> Run {
        let plan = plan(rules);
        let settings = Settings { is_replay, ..Settings::default() };
        Run {
            worker: Counter::new(plan.clone()),
            alerts: Alerts::new(plan.clone(), settings, 0),
            plan,
            told: Vec::new(),
        }
    }

    /// So many requests of a client in a second.
    fn requests(&mut self, second: i64, client: &str, count: usize) {
        let request = Request {
            at: second * SECOND,
            vhost: "a.example".to_owned(),
            client: client.to_owned(),
            path: "/".to_owned(),
            status: 200,
            bytes: None,
            latency: None,
        };
        for _ in 0..count {
            self.worker.record(&request.access(), request.at, true, |_| false);
        }
    }

    fn entry(&mut self, second: i64, message: &str) {
        let time = Some(Time { wall_seconds: second, ..Time::default() });
        let (client, message) = (&b"192.0.2.7"[..], message.as_bytes());
        let entry = ErrorEntry { time, level: Level::Error, module: b"core", client, message };
        self.worker.record(&entry, second * SECOND, true, |_| false);
    }

    fn take(&mut self) {
        assert!(self.alerts.take(self.worker.hand_over()));
    }

    fn tick(&mut self, second: i64) {
        self.take();
        self.alerts.tick(second * SECOND, &mut self.told);
    }

    fn early(&mut self, second: i64) {
        self.take();
        self.alerts.early(second * SECOND, &mut self.told);
    }

    /// What was told since this was last asked: name, group, phase, second.
    fn told(&mut self) -> Vec<String> {
        let one = |told: Transition| {
            let group = told.labels.iter().filter(|(name, _)| !matches!(name.as_str(), "alertname" | "severity"));
            let group: Vec<&str> = group.map(|(_, value)| value.as_str()).collect();
            format!("{} {}{:?} {}", told.alert, group.join(","), told.to, told.at / SECOND)
        };
        self.told.drain(..).map(one).collect()
    }
}

#[test]
fn a_scanner_does_not_fill_the_slots_before_the_attacker_comes() {
    let mut run = Run::new(
        r#"{"alert": "Flood", "when": "count > 200", "by": "client", "window": "10s", "max_groups": 100}"#,
        true,
    );
    let mut held = 0;
    for second in 0..60 {
        // Every client of the scanner comes once.
        for number in 0..1_000 {
            run.requests(second, &format!("2001:db8::{second}:{number}"), 1);
        }
        if (20..40).contains(&second) {
            run.requests(second, "192.0.2.1", 50);
        }
        run.tick(second + 1);
        held = held.max(run.alerts.groups());
    }
    assert_eq!(run.told(), ["Flood 192.0.2.1Firing 25", "Flood 192.0.2.1Resolved 46"]);
    assert!(held <= 200 && run.alerts.dropped() > 40_000, "{held}, {}", run.alerts.dropped());
}

#[test]
fn up_to_max_groups_all_are_exact() {
    let rule = r#"{"alert": "Two", "when": "count >= 2", "by": "client", "window": "1m", "max_groups": 1000}"#;
    let mut run = Run::new(rule, true);
    for second in 0..2 {
        (0..1_000).for_each(|number| run.requests(second, &format!("c{number}"), 1));
        run.tick(second + 1);
    }
    assert_eq!((run.told.len(), run.alerts.dropped()), (1_000, 0));
}

#[test]
fn a_start_is_no_fall_of_traffic_and_a_fall_is() {
    let rules = r#"[{"alert": "Few", "when": "count < 5", "window": "10s"},
                    {"alert": "Half", "when": "count < 0.5 * previous(20s)", "window": "10s", "min_records": 50}]"#;
    let mut run = Run::new(rules, true);
    for second in 0..60 {
        run.requests(second, "c", if second < 40 { 10 } else { 0 });
        run.tick(second + 1);
    }
    // The tenth quiet second leaves none, and the fifth fewer than half.
    assert_eq!(run.told(), ["Half Firing 46", "Few Firing 50"]);
}

#[test]
fn a_rise_over_what_was_before_is_told() {
    let rule = r#"{"alert": "Rise", "when": "count > 3 * previous(10s)", "window": "10s", "min_records": 100}"#;
    let mut run = Run::new(rule, true);
    for second in 0..40 {
        run.requests(second, "c", if second < 20 { 2 } else { 20 });
        run.tick(second + 1);
    }
    assert_eq!(run.told(), ["Rise Firing 25", "Rise Resolved 33"]);
}

#[test]
fn a_flood_is_told_while_its_window_is_open() {
    let rule = r#"{"alert": "Flood", "when": "count > 100", "by": "client", "window": "10s"}"#;
    let mut run = Run::new(rule, false);
    run.requests(90, "a", 1);
    run.tick(95);
    run.requests(100, "a", 100);
    run.early(100);
    assert_eq!(run.told(), Vec::<String>::new());
    run.requests(100, "a", 1);
    run.early(100);
    run.early(101);
    assert_eq!(run.told(), ["Flood aFiring 101"], "once");
    // Closed looks at earlier windows, in which there is no flood yet, say nothing.
    run.tick(100);
    assert_eq!(run.told(), Vec::<String>::new());
    run.tick(112);
    assert_eq!(run.told(), ["Flood aResolved 111"]);
}

#[test]
fn silence_goes_by_arrival() {
    let rules = r#"[{"alert": "Lines", "when": "absent", "window": "30s"},
                    {"alert": "Beats", "when": "absent(heartbeat)", "window": "10s", "for": "5s"},
                    {"alert": "Api", "when": "absent", "where": "path ~ ^/api/", "window": "1m"}]"#;
    let mut run = Run::new(rules, false);
    run.worker.set_clock(Some(20 * SECOND));
    // Lines of an old time came just now.
    run.requests(1, "c", 3);
    run.worker.heartbeat(None);
    for second in 20..70 {
        if second == 40 {
            run.worker.set_clock(Some(40 * SECOND));
            run.worker.heartbeat(None);
        }
        run.early(second);
    }
    assert_eq!(
        run.told(),
        [
            "Beats Pending 30",
            "Beats Firing 35",
            "Beats Resolved 40",
            "Beats Pending 50",
            "Beats Firing 55",
            "Api Firing 60"
        ]
    );
    run.early(70);
    assert_eq!(run.told(), ["Lines Firing 70"], "a heartbeat is a sign of life, and came last at 40");
}

#[test]
fn in_a_replay_silence_goes_by_the_lines() {
    let mut run = Run::new(r#"{"alert": "Lines", "when": "absent", "window": "30s"}"#, true);
    run.requests(100, "c", 1);
    run.tick(101);
    run.requests(200, "c", 1);
    run.tick(201);
    // The next line was there already when the looks between were made, and changes none of them.
    assert_eq!(run.told(), ["Lines Firing 130", "Lines Resolved 201"]);
}

#[test]
fn a_message_that_was_never_seen_is_told_once() {
    let rule = r#"{"alert": "New", "when": "new(message)", "where": "level >= error", "window": "10s",
                   "annotations": {"summary": "{{message}} ({{value}} times)"}}"#;
    let mut run = Run::new(rule, true);
    for second in 0..60 {
        run.entry(second, &format!("child {second} died"));
        if second >= 30 {
            run.entry(second, "out of memory");
        }
        run.requests(second, "c", 1);
        run.tick(second + 1);
    }
    assert_eq!(run.told[0].annotations["summary"], "out of memory (1 times)");
    assert_eq!(run.told(), ["New out of memoryFiring 31", "New out of memoryResolved 41"]);
}

#[test]
fn each_line_is_told_within_its_rate_and_the_rest_is_counted() {
    let rule = r#"{"alert": "Error", "when": "each", "where": "level >= error", "by": ["module"], "max_rate": "2/10s",
                   "labels": {"severity": "warning"}, "annotations": {"summary": "{{level}} of {{client}}: {{message}}"},
                   "notify": "ops"}"#;
    let mut run = Run::new(rule, false);
    for number in 0..2_000 {
        run.entry(100, &format!("failure {number}"));
    }
    run.requests(100, "c", 10);
    assert!(run.worker.is_urgent());
    run.take();
    let mut events = Vec::new();
    run.alerts.events(Some(100 * SECOND), &mut events);
    let first = &events[0];
    assert_eq!(
        (events.len(), first.left_out, first.annotations["summary"].as_str()),
        (2, 1_000, "error of 192.0.2.7: failure 0")
    );
    let labels: Vec<_> = first.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(labels, ["alertname=Error", "module=core", "severity=warning"]);
    assert_eq!(
        (first.fields["message"].as_str(), first.fields["time"].as_str()),
        ("failure 0", "1970-01-01T00:01:40Z")
    );
    run.entry(111, "the last");
    run.take();
    events.clear();
    run.alerts.events(Some(111 * SECOND), &mut events);
    assert_eq!((events.len(), events[0].left_out), (1, 998), "those that were told late and those that were not kept");
}

#[test]
fn labels_and_annotations_are_rendered() {
    let rule = r#"{"alert": "Slow", "when": "quantile(0.5, latency) >= 250ms", "by": ["vhost", "status"], "window": "1m",
                   "labels": {"severity": "page", "site": "www.{{vhost}}"},
                   "annotations": {"summary": "{{alert}}: {{value}} at {{site}} ({{status}}), {{severity}}"}}"#;
    let mut run = Run::new(rule, true);
    let access = Access { vhost: b"a\xff{{value}}", status: 503, latency_micros: Some(250_000), ..Access::default() };
    run.worker.record(&access, 0, true, |_| false);
    run.tick(1);
    let told = &run.told[0];
    let labels: Vec<_> = told.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(
        labels,
        ["alertname=Slow", "severity=page", "site=www.a\u{FFFD}{{value}}", "status=503", "vhost=a\u{FFFD}{{value}}"]
    );
    assert_eq!(told.annotations["summary"], "Slow: 250ms at www.a\u{FFFD}{{value}} (503), page");
    assert_eq!(fingerprint(&told.labels), fingerprint(&told.labels.clone()));
}

#[test]
fn other_rules_leave_what_is_the_same_and_end_what_is_gone() {
    let stays = r#"{"alert": "Stays", "when": "count > 5", "window": "10s""#;
    let goes = r#"{"alert": "Goes", "when": "count > 6", "window": "10s"}"#;
    let mut run = Run::new(&format!("[{stays}}}, {goes}]"), true);
    run.requests(0, "c", 10);
    run.tick(1);
    assert_eq!(run.told(), ["Stays Firing 1", "Goes Firing 1"]);
    let other =
        plan(&format!(r#"[{{"alert": "Comes", "when": "rate > 0.5", "window": "10s"}}, {stays}, "for": "3s"}}]"#));
    let alerts = std::mem::replace(&mut run.alerts, Alerts::new(other.clone(), Settings::default(), 0));
    run.alerts = alerts.reloaded(other.clone(), 0, &mut run.told);
    assert_eq!(run.told(), ["Goes Resolved 1"]);
    // What a worker still counted for the old rules is not taken.
    run.requests(1, "c", 100);
    assert!(!run.alerts.take(run.worker.hand_over()));
    run.worker = Counter::new(other.clone());
    run.plan = other;
    run.tick(2);
    assert_eq!(run.told(), ["Comes Firing 2", "Stays Pending 2"], "with a longer for");
    run.tick(5);
    assert_eq!(run.told(), ["Stays Firing 4"]);
    assert_eq!(run.plan.tables.len(), 1);
}

#[test]
fn a_year_of_nothing_takes_no_time() {
    let rules = r#"[{"alert": "Few", "when": "count < 5", "window": "1h", "for": "2h", "keep_firing_for": "1h"},
                    {"alert": "Ratio", "when": "ratio(status = 200) > 0.5", "window": "3d", "by": "vhost", "no_data": "keep"},
                    {"alert": "Lines", "when": "absent", "window": "1d"}, {"alert": "New", "when": "new(path)"}]"#;
    let mut run = Run::new(rules, true);
    run.requests(0, "c", 3);
    run.tick(1);
    let year = 365 * 86_400;
    run.tick(year);
    assert_eq!(run.told(), ["Ratio a.exampleFiring 1", "Few Pending 3600", "Few Firing 10800", "Lines Firing 86400"]);
    run.requests(year, "c", 10);
    run.tick(year + 1);
    assert_eq!(run.told(), [format!("Lines Resolved {}", year + 1), format!("New /Firing {}", year + 1)]);
    run.tick(year + 5_000);
    let expected = [("New /Resolved", 601), ("Few Resolved", 3_601), ("Few Pending", 3_660)];
    assert_eq!(run.told(), expected.map(|(what, after)| format!("{what} {}", year + after)));
}

#[test]
fn stored_panes_that_are_damaged_are_left_out() {
    let mut run = Run::new(r#"{"alert": "Many", "when": "count > 5", "window": "1m"}"#, true);
    run.requests(0, "c", 4);
    run.requests(1, "c", 4);
    run.tick(1);
    let mut panes = run.alerts.take_changed();
    assert_eq!(panes.len(), 2);
    panes[1].3.truncate(3);
    let settings = Settings { is_replay: true, ..Settings::default() };
    run.alerts = Alerts::restored(run.plan.clone(), settings, 0, run.alerts.saved(), panes);
    run.requests(1, "c", 1);
    run.tick(2);
    assert_eq!(run.told(), Vec::<String>::new());
    run.requests(1, "c", 1);
    run.tick(3);
    assert_eq!(run.told(), ["Many Firing 3"]);
}
