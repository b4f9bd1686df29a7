//! The generator: its shares, its repeatability, and its truth against what the program and the slow truth find in its lines.

#[path = "../../src/generate/chi_square.rs"]
mod chi_square;
mod cli;
mod shares;
mod truths;

use std::sync::Arc;
use visor_fast::generate::block::{BLOCK_LINES, Block, Fact};
use visor_fast::generate::config;
use visor_fast::generate::maker::Maker;
use visor_fast::generate::plan::Plan;
use visor_fast::generate::schedule::{Burst, Pace, Rate};
use visor_fast::generate::settings::{Settings, World};
use visor_fast::generate::truth::{Delivery, Truth};
use visor_fast::generate::{Log, settings};

/// The world of a configuration.
fn world(config: &str) -> World {
    config::read("test.json", config).unwrap()
}

/// Settings of a log in a format.
fn settings(log: Log, format: &str, config: &str) -> Settings {
    Settings { seed: 7, log, format: format.to_owned(), world: world(config), ..Settings::default() }
}

/// The first lines, their facts, and the truth of them.
fn made(settings: Settings, lines: u64) -> (Vec<u8>, Vec<Fact>, serde_json::Value) {
    let plan = Arc::new(Plan::new(settings).unwrap());
    let mut maker = Maker::new(Arc::clone(&plan), true);
    let mut truth = Truth::new(Arc::clone(&plan));
    let (mut block, mut text, mut facts) = (Block::new(), Vec::new(), Vec::new());
    for first in (0..lines).step_by(BLOCK_LINES as usize) {
        maker.fill(first..lines.min(first + BLOCK_LINES), &mut block);
        truth.add(&block, 0..block.lines());
        text.extend_from_slice(block.text());
        facts.extend_from_slice(block.facts());
    }
    let mut report = Vec::new();
    truth.write(&Delivery::default(), &mut report).unwrap();
    (text, facts, serde_json::from_slice(&report).unwrap())
}

/// A pace with everything in it.
fn uneven() -> Pace {
    let burst = Burst { times: 5.0, length_nanos: 2_000_000_000, period_nanos: 7_000_000_000 };
    Pace::Rate(Rate { lines: 500.0, ramp: Some((10.0, 3_000_000_000)), burst: Some(burst) })
}

/// Everything that can be irregular in a log of requests.
const IRREGULAR: &str = r#"{
    "heartbeat": {"interval_seconds": 0.1, "message": "HEARTBEAT"},
    "odd_lines": {"tls": 0.002, "empty_request": 0.002, "quotes": 0.002, "control": 0.002, "no_utf8": 0.002,
        "spaces": 0.002, "long_url": 0.001, "http09": 0.002, "cut": 0.002, "garbage": 0.002, "binary": 0.002,
        "blank": 0.002, "nul_hole": 0.001, "crlf": 0.002},
    "scenarios": [
        {"error_burst": {"at_seconds": 1, "for_seconds": 0.5, "share": 0.4}},
        {"flood": {"at_seconds": 2, "for_seconds": 0.5, "share": 0.3, "client": "192.0.2.66", "path": "/login"}},
        {"latency_rise": {"at_seconds": 2.2, "for_seconds": 0.5, "times": 20}},
        {"heartbeat_loss": {"at_seconds": 3, "for_seconds": 0.4}},
        {"clock_skew": {"at_seconds": 3.5, "for_seconds": 0.1, "seconds": 7200}},
        {"late_lines": {"at_seconds": 4, "for_seconds": 0.5, "share": 0.2, "seconds": 90}}
    ]
}"#;

#[test]
fn lines_are_the_same_at_every_cut() {
    let config = r#"{"heartbeat": {"interval_seconds": 0.05, "message": "HEARTBEAT"}, "odd_lines": {"cut": 0.01, "garbage": 0.01}}"#;
    let visor = shares::VISOR;
    let cases = [
        ("flat out", settings(Log::Access, "combined", config)),
        ("at a pace", Settings { pace: uneven(), ..settings(Log::Access, "caddy", config) }),
        ("with all that is irregular", settings(Log::Access, "combined", IRREGULAR)),
        ("an error log", settings(Log::Error, "nginx-error", "{}")),
        ("Visor's intervals", Settings { pace: Pace::World, ..settings(Log::Error, "visor-error", visor) }),
    ];
    for (what, settings) in cases {
        let lines = 2 * BLOCK_LINES + 1000;
        let (whole, whole_facts, _) = made(settings.clone(), lines);
        let plan = Arc::new(Plan::new(settings).unwrap());
        // Three makers in turn, each of which sees a part, as threads do; pieces begin and end anywhere.
        let mut makers = [(); 3].map(|()| Maker::new(Arc::clone(&plan), true));
        let (mut block, mut text, mut facts, mut due) = (Block::new(), Vec::new(), Vec::new(), Vec::new());
        let (mut first, mut turn) = (0, 0);
        while first < lines {
            let length = [1, 4096, 77, 5000, 64, 4095][turn % 6];
            makers[turn % 3].fill(first..lines.min(first + length), &mut block);
            text.extend_from_slice(block.text());
            facts.extend_from_slice(block.facts());
            due.extend_from_slice(block.due());
            assert_eq!(block.lines(), block.facts().len());
            (first, turn) = (first + length, turn + 1);
        }
        assert!(text == whole, "{what}: the text differs");
        assert!(facts == whole_facts, "{what}: the facts differ");
        assert!(due.is_sorted() && due.len() == if plan.schedule().is_paced() { lines as usize } else { 0 }, "{what}");
        assert_eq!(text.iter().filter(|byte| **byte == b'\n').count() as u64, lines, "{what}");
    }
}

#[test]
fn seeds_differ() {
    let text = |seed| made(Settings { seed, ..Settings::default() }, 100).0;
    assert!(text(1) == text(1) && text(1) != text(2));
}

#[test]
fn truths_are_merged() {
    let plan = Arc::new(Plan::new(settings(Log::Access, "combined", IRREGULAR)).unwrap());
    let mut maker = Maker::new(Arc::clone(&plan), true);
    let mut block = Block::new();
    let mut truths = [(); 3].map(|()| Truth::new(Arc::clone(&plan)));
    for number in 0..12 {
        maker.fill(number * BLOCK_LINES..(number + 1) * BLOCK_LINES, &mut block);
        truths[0].add(&block, 0..block.lines());
        // The others have some lines each.
        truths[1].add(&block, 0..1000);
        truths[2].add(&block, 1000..block.lines());
    }
    let [whole, mut left, right] = truths;
    left.merge(&right);
    let said = |truth: &Truth| {
        let mut out = Vec::new();
        truth.write(&Delivery::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    assert_eq!(said(&left), said(&whole));
    assert_eq!((left.lines(), left.bytes()), (whole.lines(), whole.bytes()));
}

#[test]
fn event_time_is_as_it_is_asked_for() {
    use settings::{Moment, START};
    let second_of = |settings: Settings, line: u64| {
        let plan = Arc::new(Plan::new(settings).unwrap());
        let mut block = Block::new();
        Maker::new(plan, true).fill(line..line + 1, &mut block);
        block.facts()[0].second
    };
    let base = Settings::default();
    let to = Moment { unix_nanos: START.unix_nanos + 86_400_000_000_000, ..START };
    let day = Settings { to: Some(to), lines: Some(86_400 * 2), ..base.clone() };
    let paced = Settings { pace: Pace::Rate(Rate { lines: 4.0, ramp: None, burst: None }), ..base.clone() };
    assert_eq!(second_of(base.clone(), 9_999), 0, "ten thousand lines a second flat out");
    assert_eq!(second_of(base.clone(), 10_000), 1);
    assert_eq!(second_of(day.clone(), 86_400), 43_200, "a day evenly");
    assert_eq!(second_of(paced, 40), 10, "by the schedule");
    let until = Settings { to: Some(to), ..base };
    assert_eq!(Plan::new(until).unwrap().lines(), Some(864_000_000), "up to the end at ten thousand a second");
}

#[test]
fn what_makes_no_sense_is_told() {
    let error = |settings| Plan::new(settings).unwrap_err();
    let cases = [
        (settings(Log::Access, "combind", "{}"), "\"combind\""),
        (settings(Log::Access, "%h %Q", "{}"), "this directive is not known"),
        (settings(Log::Access, "$remote_adr", "{}"), "this variable is not known"),
        (settings(Log::Access, "%{Referer", "{}"), "a brace is not closed"),
        (settings(Log::Access, "log_format x escape=xml '$status';", "{}"), "escape=json"),
        (settings(Log::Error, "combined", "{}"), "apache-error"),
        (settings(Log::Access, "$status", r#"{"odd_lines": {"cut": 0.1}}"#), "\"cut\""),
        (settings(Log::Access, "caddy", r#"{"odd_lines": {"tls": 0.1}}"#), "\"tls\""),
        (
            settings(Log::Access, "$status", r#"{"heartbeat": {"interval_seconds": 1, "message": "x"}}"#),
            "a sign of life",
        ),
        (settings(Log::Access, "combined", r#"{"traffic": {"people": 0}, "users": {"share": 0}}"#), "\"traffic\""),
        (
            settings(
                Log::Access,
                "combined",
                r#"{"scenarios": [{"new_message": {"at_seconds": 0, "for_seconds": 1, "share": 1,
            "message": {"level": "error", "message": "x"}}}]}"#,
            ),
            "new_message is of an error log",
        ),
        (
            settings(Log::Access, "common", r#"{"error": {"interval": {"normal": [[1, 2]]}, "message": ["x"]}}"#),
            "no requests",
        ),
    ];
    for (settings, expected) in cases {
        let told = error(settings);
        assert!(told.contains(expected), "{expected}: {told}");
    }
}
