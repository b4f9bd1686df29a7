//! Scripted sources on a clock that is set by hand.

use super::*;
use crate::clock::Manual;
use crate::engine::settings::Settings;
use crate::engine::{Budget, analyze_bytes};
use crate::scan::Kernel;
use crate::window::board;
use crate::window::watermark::Kind;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// What a scripted source does at one poll.
enum Act {
    Begin(u64),
    Lines(u64, String),
    /// Lets time pass on the manual clock.
    Pass(i64),
    End(u64),
    Fail,
    Panic,
}

struct Script<'clock> {
    acts: Vec<Act>,
    /// Handed on when it is drained.
    left: Option<String>,
    clock: &'clock Manual,
    /// Whether it goes on when its acts are over.
    endless: bool,
}

impl Source for Script<'_> {
    fn name(&self) -> String {
        "script".to_string()
    }

    fn poll(&mut self, _: Duration, tell: &mut dyn FnMut(Event<'_>)) -> Result<bool, String> {
        if self.acts.is_empty() {
            std::thread::sleep(Duration::from_millis(1));
            return Ok(self.endless);
        }
        match self.acts.remove(0) {
            Act::Begin(input) => tell(Event::Begin {
                input,
                name: "input",
                group: "inputs",
                kind: Kind::Sender,
                before: Before::default(),
            }),
            Act::Lines(input, text) => tell(Event::Lines { input, text: text.as_bytes() }),
            Act::Pass(milliseconds) => self.clock.pass(milliseconds),
            Act::End(input) => tell(Event::End { input }),
            Act::Fail => return Err("script: failed; mend it".to_string()),
            Act::Panic => panic!("a defect"),
        }
        Ok(true)
    }

    fn drain(&mut self, _: Duration, tell: &mut dyn FnMut(Event<'_>)) -> Result<(), String> {
        if let Some(text) = self.left.take() {
            tell(Event::Lines { input: 1, text: text.as_bytes() });
        }
        Ok(())
    }
}

/// Request lines from one second to another, the seconds counted from 13:00:00 on.
pub fn lines(from: u32, to: u32) -> String {
    let line = |second: u32| {
        format!(
            "192.0.2.{} - - [10/Oct/2025:13:{:02}:{:02} +0000] \"GET /{} HTTP/1.1\" {} 10 \"-\" \"x\"\n",
            second % 7,
            second / 60,
            second % 60,
            second % 5,
            if second.is_multiple_of(10) { 500 } else { 200 }
        )
    };
    (from..to).map(line).collect()
}

/// 13:00:00 in milliseconds.
pub const START: i64 = 1_760_101_200_000;

fn run(
    scripts: Vec<(Vec<Act>, Option<String>, bool)>,
    clock: &Manual,
    stop: &AtomicBool,
    settings: &Settings,
) -> (Ended, Vec<String>, Vec<(i64, i64)>) {
    let monitored = Monitor { settings, window: board::Settings::default(), duration: None, stop, clock };
    let (mut notes, mut closed) = (Vec::new(), Vec::new());
    let sources = scripts
        .into_iter()
        .map(|(acts, left, endless)| Box::new(Script { acts, left, clock, endless }) as Box<dyn Source + '_>)
        .collect();
    let show = |shown: &Shown<'_>| closed.extend(shown.closed);
    let ended = monitor(sources, &monitored, None, show, |note| notes.push(note.to_string())).unwrap();
    (ended, notes, closed)
}

pub fn settings() -> Settings {
    Settings::new(1, Kernel::choose(None).unwrap())
}

#[test]
fn what_sources_send_is_counted_as_a_file_of_the_same_lines_is() {
    let clock = Manual::default();
    clock.set_wall(START + 600_000);
    let (first, second) = (lines(0, 120), lines(60, 300));
    let acts = |text: &str| {
        let half = text[..text.len() / 2].rfind('\n').unwrap() + 1;
        let (one, two) = text.split_at(half);
        vec![
            Act::Begin(1),
            Act::Lines(1, one.to_string()),
            Act::Lines(1, two.to_string() + "\nbad line\n"),
            Act::End(1),
        ]
    };
    let stop = AtomicBool::new(false);
    let scripts = vec![(acts(&first), None, false), (acts(&second), None, false)];
    let (mut ended, notes, _) = run(scripts, &clock, &stop, &settings());
    assert_eq!(notes, [""; 0]);
    assert!(ended.account.balances(), "{:?}", ended.account);
    let live = ended.report(100, 0.0);
    let texts = [first + "\nbad line\n", second + "\nbad line\n"];
    let batch = analyze_bytes(&[("a", texts[0].as_bytes()), ("b", texts[1].as_bytes())], &settings(), 100);
    assert_eq!((live.totals.lines, live.totals.records, live.totals.blank), (364, 360, 2));
    assert_eq!(live.totals.windowed + live.totals.late, live.totals.records);
    assert_eq!(
        (live.paths, live.clients, live.status, live.time),
        (batch.paths, batch.clients, batch.status, batch.time)
    );
    assert_eq!(live.malformed_reasons, batch.malformed_reasons);
}

#[test]
fn windows_close_in_order_and_late_lines_and_those_of_the_future_are_told_apart() {
    let clock = Manual::default();
    clock.set_wall(START + 200_000);
    let acts = vec![
        Act::Begin(1),
        Act::Lines(1, lines(100, 200)),
        Act::Pass(200),
        // The hand-over comes with the next lines: 65 s and more behind the watermark of 194 s.
        Act::Lines(1, lines(0, 10)),
        Act::Pass(200),
        Act::Lines(1, lines(1000, 1010)),
        Act::Pass(200),
        Act::Lines(1, lines(150, 155)),
        Act::End(1),
    ];
    let stop = AtomicBool::new(false);
    let (ended, _, closed) = run(vec![(acts, None, false)], &clock, &stop, &settings());
    let account = &ended.account;
    assert!(account.balances(), "{account:?}");
    assert_eq!(account.lines.records, 125);
    assert_eq!(account.future, 10, "1,000 s are more than 10 min ahead");
    // When panes are handed over depends on the threads, but not by more than the first two texts.
    assert!(account.late <= 10 && account.windowed >= 105, "{account:?}");
    assert!(closed.windows(2).all(|pair| pair[0].1 < pair[1].0), "{closed:?}");
    assert!(closed.last().is_some_and(|(_, last)| *last >= START + 194_000), "{closed:?}");
}

#[test]
fn a_stop_takes_in_what_was_sent() {
    let clock = Manual::default();
    clock.set_wall(START);
    let stop = AtomicBool::new(true);
    let acts = vec![];
    let script = (acts, Some(lines(0, 3)), true);
    // Its input begins while it is drained.
    let (ended, ..) = run(vec![script], &clock, &stop, &settings());
    assert_eq!(ended.account.lines.lines, 0, "lines of an input that has not begun are not counted");
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(100));
            stop.store(true, std::sync::atomic::Ordering::SeqCst);
        });
        let script = (vec![Act::Begin(1)], Some(lines(0, 3)), true);
        let (ended, ..) = run(vec![script], &clock, &stop, &settings());
        assert_eq!(ended.account.lines.lines, 3);
        assert!(ended.account.balances());
    });
}

#[test]
fn a_source_that_fails_or_panics_leaves_the_others_to_go_on() {
    let clock = Manual::default();
    clock.set_wall(START);
    let stop = AtomicBool::new(false);
    let good = (vec![Act::Begin(1), Act::Lines(1, lines(0, 50)), Act::End(1)], None, false);
    let fails = (vec![Act::Begin(2), Act::Lines(2, lines(0, 20)), Act::Fail], None, false);
    let panics = (vec![Act::Begin(3), Act::Lines(3, lines(0, 10)), Act::Panic], None, false);
    let (mut ended, notes, _) = run(vec![fails, good, panics], &clock, &stop, &settings());
    assert_eq!((ended.account.lines.lines, ended.failures.len(), notes.len()), (80, 2, 2), "{notes:?}");
    assert!(ended.account.balances());
    assert!(notes.iter().any(|note| note == "script: failed; mend it"), "{notes:?}");
    let report = ended.report(10, 0.0);
    assert!(report.partial && report.totals.records == 80);
}

#[test]
fn a_format_is_told_from_the_first_lines_that_tell_one() {
    let clock = Manual::default();
    clock.set_wall(START);
    let stop = AtomicBool::new(false);
    let acts = vec![
        Act::Begin(1),
        Act::Lines(1, "\n".to_string()),
        Act::Lines(1, "what is this\n".to_string()),
        Act::Lines(1, lines(0, 5)),
        Act::Lines(1, "what is this\n".to_string()),
    ];
    let (ended, notes, _) = run(vec![(acts, None, false)], &clock, &stop, &settings());
    let lines = &ended.account.lines;
    assert_eq!((lines.lines, lines.records, lines.blank, lines.malformed.iter().sum::<u64>()), (8, 5, 1, 2));
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].contains("no known format fits") && notes[0].contains("what is this"), "{notes:?}");
}

#[test]
fn memory_is_bounded_and_windows_stay_right() {
    let clock = Manual::default();
    clock.set_wall(START + 300_000);
    let stop = AtomicBool::new(false);
    let budget = Budget::new(40 << 20, 1, 1 << 20).unwrap();
    let settings = Settings { budget: Some(budget), ..settings() };
    // Clients that never come again, so that the tally has to give way in the middle of panes.
    let many = |from: u32| -> String {
        let line = |n: u32| {
            format!(
                "10.{}.{}.{} - - [10/Oct/2025:13:00:{:02} +0000] \"GET /{n} HTTP/1.1\" 200 10 \"-\" \"x\"\n",
                n >> 16,
                n >> 8 & 255,
                n & 255,
                n % 60
            )
        };
        (from..from + 50_000).map(line).collect()
    };
    let mut acts = vec![Act::Begin(1)];
    acts.extend((0..6).map(|part| Act::Lines(1, many(part * 50_000))));
    acts.push(Act::End(1));
    let (mut ended, ..) = run(vec![(acts, None, false)], &clock, &stop, &settings);
    assert!(ended.account.balances());
    assert_eq!(ended.account.windowed, 300_000);
    let report = ended.report(10, 0.0);
    assert!(report.bounded.is_some() && report.totals.records == 300_000);
}
