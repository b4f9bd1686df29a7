//! Runs that are kept, ended anywhere, and taken up again.

use super::tests::{START, lines, settings};
use super::*;
use crate::clock::Manual;
use crate::source::follow::Position;
use crate::window::board::{self, Account};
use crate::window::pane::Counts;
use crate::window::watermark::{InputId, Kind, NEVER};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Reads a text a few lines at a time, from where it was saved.
struct Reader<'text> {
    input: InputId,
    text: &'text str,
    at: usize,
    before: Before,
    has_begun: bool,
    clock: &'text Manual,
    kept: usize,
}

impl<'text> Reader<'text> {
    fn new(input: InputId, text: &'text str, (at, before): (usize, Before), clock: &'text Manual) -> Reader<'text> {
        Reader { input, text, at, before, has_begun: false, clock, kept: 0 }
    }
}

impl Source for Reader<'_> {
    fn name(&self) -> String {
        "reader".to_string()
    }

    fn poll(&mut self, _: Duration, tell: &mut dyn FnMut(Event<'_>)) -> Result<bool, String> {
        let input = self.input;
        if !self.has_begun {
            self.has_begun = true;
            tell(Event::Begin {
                input,
                name: "reader",
                group: &format!("input {input}"),
                kind: Kind::Waiting,
                before: self.before,
            });
        }
        let rest = &self.text[self.at..];
        let block: usize = rest.split_inclusive('\n').take(7).map(str::len).sum();
        self.at += block;
        tell(Event::Lines { input, text: &rest.as_bytes()[..block] });
        tell(Event::Backlog { input, backlog: Backlog::Bytes((rest.len() - block) as u64) });
        self.clock.pass(5);
        // So that there is time for a few cuts.
        std::thread::sleep(Duration::from_micros(500));
        Ok(!rest.is_empty())
    }

    fn drain(&mut self, _: Duration, _: &mut dyn FnMut(Event<'_>)) -> Result<(), String> {
        Ok(())
    }

    fn saved(&mut self) -> Vec<(InputId, Saved)> {
        vec![(self.input, Saved::File(position(self.at)))]
    }

    fn kept(&mut self, saved: &[(InputId, Saved)]) {
        let at = offset(&saved[0].1);
        assert!(at >= self.kept && at <= self.at);
        self.kept = at;
    }
}

fn position(at: usize) -> Position {
    let name = std::ffi::OsString::new();
    Position { name: name.clone(), path: name, device: 0, inode: 0, offset: at as u64, mark_bytes: 0, mark: 0 }
}

fn offset(saved: &Saved) -> usize {
    match saved {
        Saved::File(position) => position.offset as usize,
        Saved::Partition { .. } => unreachable!("no test saves one"),
    }
}

/// What a store would hold.
#[derive(Clone, Default)]
struct Stored {
    watermark: i64,
    account: Account,
    tallies: Vec<Vec<u8>>,
    places: BTreeMap<usize, (usize, Before)>,
    panes: BTreeMap<(i64, i64), Counts>,
    windows: BTreeMap<i64, u64>,
}

/// Keeps every state in which the store has ever been.
#[derive(Default)]
struct Memory<'run> {
    now: Stored,
    states: Option<&'run std::sync::Mutex<Vec<Stored>>>,
    /// How often it is to fail.
    failures: u32,
}

impl Keep for Memory<'_> {
    fn keep(&mut self, cut: &Cut, counted: &mut Counted, places: &[(usize, Vec<Place>)]) -> Result<(), String> {
        if self.failures > 0 {
            self.failures -= 1;
            return Err("the store: is full; make room".to_string());
        }
        let now = &mut self.now;
        (now.watermark, now.account) = (cut.watermark, cut.account.clone());
        let mut bytes = Vec::new();
        counted.write_to(None, &mut bytes).unwrap();
        now.tallies.push(bytes);
        let last = places.iter().filter_map(|(hand, of)| Some((*hand, of.last()?)));
        now.places.extend(last.map(|(hand, place)| (hand, (offset(&place.saved), place.before))));
        now.panes.extend(cut.panes.iter().map(|(start, width, counts)| ((*width, *start), counts.clone())));
        for (width, from) in &cut.edges {
            now.panes.retain(|(of, start), _| of != width || start >= from);
        }
        now.windows.extend(cut.windows.iter().map(|window| (window.to, window.sum.records)));
        if let Some(states) = self.states {
            states.lock().unwrap().push(now.clone());
        }
        Ok(())
    }

    fn gather(&mut self, total: &mut Counted) -> Result<(), String> {
        if self.now.tallies.len() > 3 {
            let mut bytes = Vec::new();
            total.write_to(None, &mut bytes).unwrap();
            self.now.tallies = vec![bytes];
        }
        Ok(())
    }
}

/// Goes on from a state to the end.
fn go_on<'run>(from: Stored, texts: [&'run str; 2], keep: Memory<'run>, clock: &Manual) -> (Ended, Vec<String>) {
    let (settings, stop) = (settings(), AtomicBool::new(false));
    let monitored =
        Monitor { settings: &settings, window: board::Settings::default(), duration: None, stop: &stop, clock };
    let mut total = Counted::nothing(&settings);
    for tally in &from.tallies {
        total.absorb(Counted::read(&tally[..], &settings).unwrap(), None);
    }
    let readers = (0u64..).zip(texts).map(|(input, text)| {
        let at = from.places.get(&(input as usize)).copied().unwrap_or_default();
        Box::new(Reader::new(input, text, at, clock)) as Box<dyn Source + '_>
    });
    let panes = from.panes.iter().map(|((width, start), counts)| (*start, *width, counts.clone())).collect();
    let mut account = from.account.clone();
    account.lines = total.tally.lines.clone();
    let kept = Kept {
        keep: Box::new(keep),
        every: 0,
        total,
        board: board::Restored { watermark: from.watermark, account, panes },
    };
    let mut notes = Vec::new();
    let ended =
        monitor(readers.collect(), &monitored, Some(kept), |_| {}, |note| notes.push(note.to_string())).unwrap();
    (ended, notes)
}

fn new() -> Stored {
    Stored { watermark: NEVER, ..Stored::default() }
}

#[test]
fn from_whatever_was_kept_a_run_goes_on_as_if_it_had_never_ended() {
    let clock = Manual::default();
    clock.set_wall(START + 2_000_000);
    let texts = [lines(0, 900) + "no line\n", lines(30, 700) + "\n"];
    let texts = [texts[0].as_str(), texts[1].as_str()];
    let states = std::sync::Mutex::new(Vec::new());
    let first = Memory { now: new(), states: Some(&states), failures: 0 };
    let (mut whole, notes) = go_on(new(), texts, first, &clock);
    assert_eq!(notes, [""; 0]);
    assert!(whole.account.balances(), "{:?}", whole.account);
    let expected = whole.report(1000, 0.0);
    assert_eq!((expected.totals.lines, expected.totals.windowed), (900 + 670 + 2, 900 + 670));
    let states = states.into_inner().unwrap();
    assert!(states.len() > 5, "{}", states.len());
    let naive = |end: i64| -> u64 {
        let of =
            |from: i64, to: i64| (0..60).filter(|s| (from..to).contains(&(end / 1000 - START / 1000 - 60 + s))).count();
        (of(0, 900) + of(30, 700)) as u64
    };
    let windows = |stored: &Stored| {
        stored.windows.iter().all(|(end, records)| *end > stored.watermark || *records == naive(*end))
    };
    assert!(states.iter().all(windows));
    assert_eq!(states.last().unwrap().windows.values().sum::<u64>(), 1570);
    for (number, state) in states.iter().enumerate().step_by(states.len() / 5) {
        let again = std::sync::Mutex::new(Vec::new());
        let keep = Memory { now: state.clone(), states: Some(&again), failures: 0 };
        let (mut ended, notes) = go_on(state.clone(), texts, keep, &clock);
        assert_eq!((notes, &ended.account), (vec![], &whole.account), "from cut {number}");
        assert_eq!(ended.report(1000, 0.0), expected, "from cut {number}");
        let last = again.into_inner().unwrap().pop().unwrap();
        assert_eq!(last.windows, states.last().unwrap().windows, "from cut {number}");
    }
}

#[test]
fn a_store_that_cannot_be_written_for_a_while_loses_nothing_and_says_so() {
    let clock = Manual::default();
    clock.set_wall(START + 2_000_000);
    let text = lines(0, 300);
    let states = std::sync::Mutex::new(Vec::new());
    let keep = Memory { now: new(), states: Some(&states), failures: 2 };
    let (mut ended, notes) = go_on(new(), [&text, ""], keep, &clock);
    assert_eq!(ended.report(10, 0.0).totals.records, 300);
    assert_eq!(states.into_inner().unwrap().last().unwrap().account, ended.account);
    assert_eq!(
        notes,
        ["the store: is full; make room; it is tried again, and counting goes on", "the store is written again"]
    );
}

#[test]
fn a_slow_disk_holds_up_no_source_and_makes_the_next_cut_a_greater_one() {
    /// Says when all is read.
    struct Watched<'run>(Reader<'run>, &'run AtomicBool);
    impl Source for Watched<'_> {
        fn name(&self) -> String {
            self.0.name()
        }
        fn poll(&mut self, wait: Duration, tell: &mut dyn FnMut(Event<'_>)) -> Result<bool, String> {
            let goes_on = self.0.poll(wait, tell)?;
            self.1.fetch_or(!goes_on, Ordering::SeqCst);
            Ok(goes_on)
        }
        fn drain(&mut self, _: Duration, _: &mut dyn FnMut(Event<'_>)) -> Result<(), String> {
            Ok(())
        }
        fn saved(&mut self) -> Vec<(InputId, Saved)> {
            self.0.saved()
        }
    }
    /// Writes the first cut until all is read.
    struct Slow<'run>(Memory<'run>, &'run AtomicBool);
    impl Keep for Slow<'_> {
        fn keep(&mut self, cut: &Cut, counted: &mut Counted, places: &[(usize, Vec<Place>)]) -> Result<(), String> {
            (0..60_000).take_while(|_| !self.1.load(Ordering::SeqCst)).for_each(|_| {
                std::thread::sleep(Duration::from_millis(1));
            });
            assert!(self.1.load(Ordering::SeqCst), "the source waits for the disk");
            self.0.keep(cut, counted, places)
        }
        fn gather(&mut self, total: &mut Counted) -> Result<(), String> {
            self.0.gather(total)
        }
    }
    let clock = Manual::default();
    clock.set_wall(START + 2_000_000);
    let (settings, stop, is_read) = (settings(), AtomicBool::new(false), AtomicBool::new(false));
    let monitored =
        Monitor { settings: &settings, window: board::Settings::default(), duration: None, stop: &stop, clock: &clock };
    let states = std::sync::Mutex::new(Vec::new());
    let memory = Memory { now: new(), states: Some(&states), failures: 0 };
    let kept = Kept {
        keep: Box::new(Slow(memory, &is_read)),
        every: 0,
        total: Counted::nothing(&settings),
        board: board::Restored { watermark: NEVER, ..board::Restored::default() },
    };
    let text = lines(0, 900);
    let reader = Watched(Reader::new(0, &text, (0, Before::default()), &clock), &is_read);
    let ended = monitor(vec![Box::new(reader)], &monitored, Some(kept), |_| {}, |note| panic!("{note}")).unwrap();
    let states = states.into_inner().unwrap();
    assert!((2..=3).contains(&states.len()), "{}", states.len());
    assert_eq!((ended.account.lines.records, states.last().unwrap().account.lines.records), (900, 900));
}

#[test]
fn inputs_that_leave_are_kept_before() {
    /// Gives its input away in the middle.
    struct Leaves<'run>(u32, &'run AtomicBool);
    impl Source for Leaves<'_> {
        fn name(&self) -> String {
            "leaves".to_string()
        }
        fn poll(&mut self, _: Duration, tell: &mut dyn FnMut(Event<'_>)) -> Result<bool, String> {
            self.0 += 1;
            match self.0 {
                1 => tell(Event::Begin {
                    input: 1,
                    name: "a",
                    group: "a",
                    kind: Kind::Waiting,
                    before: Before::default(),
                }),
                2 => tell(Event::Lines { input: 1, text: lines(0, 5).as_bytes() }),
                3 => {
                    let mut kept = false;
                    tell(Event::Leaving { saved: vec![(1, Saved::File(position(5)))], kept: &mut kept });
                    self.1.store(kept, Ordering::SeqCst);
                    tell(Event::End { input: 1 });
                }
                _ => return Ok(false),
            }
            Ok(true)
        }
        fn drain(&mut self, _: Duration, _: &mut dyn FnMut(Event<'_>)) -> Result<(), String> {
            Ok(())
        }
    }
    let clock = Manual::default();
    clock.set_wall(START);
    let (settings, stop, was_kept) = (settings(), AtomicBool::new(false), AtomicBool::new(false));
    let monitored =
        Monitor { settings: &settings, window: board::Settings::default(), duration: None, stop: &stop, clock: &clock };
    let states = std::sync::Mutex::new(Vec::new());
    let kept = Kept {
        keep: Box::new(Memory { now: new(), states: Some(&states), failures: 0 }),
        every: i64::MAX,
        total: Counted::nothing(&settings),
        board: board::Restored { watermark: NEVER, ..board::Restored::default() },
    };
    let text = lines(0, 40);
    let sources: Vec<Box<dyn Source>> =
        vec![Box::new(Leaves(0, &was_kept)), Box::new(Reader::new(2, &text, (0, Before::default()), &clock))];
    monitor(sources, &monitored, Some(kept), |_| {}, |note| panic!("{note}")).unwrap();
    assert!(was_kept.load(Ordering::SeqCst));
    let states = states.into_inner().unwrap();
    let place = (5, Before { lines: 5, newest: Some(START + 4_000) });
    let left = states.iter().find(|state| state.places.get(&0) == Some(&place)).unwrap();
    assert!(left.account.lines.records >= 5);
    assert_eq!(states.last().unwrap().account.lines.records, 45);
}
