//! Clocks that are wrong: the machine's, and those of senders.

use super::tests::{START, lines, settings};
use super::*;
use crate::clock::Manual;
use crate::window::board;
use crate::window::watermark::Kind;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

const HOUR: i64 = 3_600_000;

/// What happens next.
enum Act<'text> {
    Lines(u64, &'text str),
    /// Somebody sets the clock.
    Set(i64),
    /// Waits until panes are closed up to an instant.
    Closed(i64),
}

/// One source with three inputs.
struct Script<'run> {
    acts: Vec<Act<'run>>,
    has_begun: bool,
    clock: &'run Manual,
    closed: &'run AtomicI64,
}

impl Source for Script<'_> {
    fn name(&self) -> String {
        "script".to_string()
    }

    fn poll(&mut self, _: Duration, tell: &mut dyn FnMut(Event<'_>)) -> Result<bool, String> {
        if !std::mem::replace(&mut self.has_begun, true) {
            for (input, name) in (1..).zip(["one", "two", "three"]) {
                tell(Event::Begin { input, name, group: "inputs", kind: Kind::Sender, before: Before::default() });
            }
        }
        match self.acts.first() {
            None => return Ok(false),
            Some(Act::Lines(input, text)) => tell(Event::Lines { input: *input, text: text.as_bytes() }),
            Some(Act::Set(wall)) => self.clock.set_wall(*wall),
            Some(Act::Closed(instant)) if self.closed.load(Ordering::SeqCst) < *instant => {
                // Its lines are handed over as time goes by; no faster than it does, or a busy machine makes inputs idle.
                self.clock.pass(1);
                std::thread::sleep(Duration::from_millis(1));
                return Ok(true);
            }
            Some(Act::Closed(_)) => {}
        }
        self.acts.remove(0);
        Ok(true)
    }

    fn drain(&mut self, _: Duration, _: &mut dyn FnMut(Event<'_>)) -> Result<(), String> {
        Ok(())
    }
}

/// Windowed, late, future; and each step in which panes were closed.
fn run(acts: Vec<Act<'_>>) -> ([u64; 3], Vec<(i64, i64)>) {
    let (clock, closed, stop) = (Manual::default(), AtomicI64::new(i64::MIN), AtomicBool::new(false));
    clock.set_wall(START + 60_000);
    let (settings, mut steps) = (settings(), Vec::new());
    let monitored =
        Monitor { settings: &settings, window: board::Settings::default(), duration: None, stop: &stop, clock: &clock };
    let show = |shown: &Shown<'_>| {
        if let Some((first, last)) = shown.closed {
            steps.push((first, last));
            closed.store(last, Ordering::SeqCst);
        }
    };
    let script = Script { acts, has_begun: false, clock: &clock, closed: &closed };
    let ended = monitor(vec![Box::new(script)], &monitored, None, show, |note| panic!("{note}")).unwrap();
    assert!(ended.account.balances(), "{:?}", ended.account);
    let account = ended.account;
    ([account.windowed, account.late, account.future], steps)
}

#[test]
fn a_clock_that_is_set_moves_no_window_and_loses_no_line() {
    let [first, second, third] = [lines(0, 100), lines(100, 200), lines(200, 300)];
    let acts = vec![
        Act::Lines(1, &first),
        Act::Closed(START + 94_000),
        // An hour back: what comes now seems to be of the future, and moves nothing.
        Act::Set(START - HOUR),
        Act::Lines(1, &second),
        Act::Set(START + 200_000 + HOUR),
        Act::Lines(1, &third),
        Act::Closed(START + 294_000),
    ];
    let (split, steps) = run(acts);
    assert_eq!(split, [200, 0, 100]);
    assert!(steps.windows(2).all(|pair| pair[0].1 < pair[1].0), "{steps:?}");
}

#[test]
fn senders_whose_clocks_are_wrong_do_not_touch_the_lines_of_others() {
    let hour = |hour: &str| lines(0, 50).replace("2025:13:", &format!("2025:{hour}:"));
    let (behind, ahead) = (hour("12"), hour("14"));
    let [first, second, third] = [lines(0, 100), lines(100, 200), lines(200, 300)];
    let acts = vec![
        Act::Lines(1, &first),
        Act::Closed(START + 94_000),
        Act::Lines(2, &behind),
        Act::Lines(3, &ahead),
        Act::Lines(1, &second),
        Act::Closed(START + 194_000),
        Act::Lines(3, &ahead),
        Act::Lines(2, &behind),
        Act::Lines(1, &third),
        Act::Closed(START + 294_000),
    ];
    let (split, steps) = run(acts);
    assert_eq!(split, [300, 100, 100]);
    assert!(steps.last().is_some_and(|(_, last)| *last < START + HOUR), "{steps:?}");
}
