//! The maker: line numbers -> text and facts.
//!
//! A pure function of the plan and the line number: the random numbers are seeded anew at each multiple of
//! [`BLOCK_LINES`], so any thread makes any part, and the bytes are the same at every thread count, pace and cut. A range
//! that goes on where the last one ended is made without looking back; any other begins at its block's first line and
//! throws away what comes before.

use super::block::{BLOCK_LINES, Block, Fact, Kind};
use super::chance::{Chance, Purpose};
use super::odd::{GARBAGE, Odd};
use super::pieces::Pen;
use super::plan::Plan;
use super::printer::Draw;
use super::scenario::{Effect, Scenario};
use super::schedule::Schedule;
use super::stamp::Stamp;
use super::streams::Follower;
use super::walk::{Request, Walk, answer};
use std::ops::Range;
use std::sync::Arc;

const SECOND: u64 = 1_000_000_000;

/// Lines that are decided before the first of them is printed: what a line needs is asked for from memory as soon as it is
/// decided, and has arrived when it is printed.
const BATCH: usize = 64;

/// What a line is, before it is printed.
#[derive(Clone, Copy, Debug, Default)]
struct Made {
    request: Request,
    draw: Draw,
    nanos: u64,
    due: u64,
    is_beat: bool,
    odd: Option<Odd>,
    shift_seconds: i32,
    kind: Kind,
}

/// Makes lines.
#[derive(Debug)]
pub struct Maker {
    plan: Arc<Plan>,
    keeps_facts: bool,
    /// The number of the line that comes next; nothing is prepared for another one.
    next: u64,
    walk: Walk,
    follower: Option<Follower>,
    /// Room for the lines that are made together.
    batch: Vec<Made>,
    clock: Clock,
    /// What happens to irregular lines.
    odd: Chance,
    /// The irregular lines of this block, and which of them comes next.
    places: Vec<(u32, Odd)>,
    next_place: usize,
    /// When the next sign of life is due, in nanoseconds of event time.
    next_beat: u64,
}

/// The second that the stamps show.
#[derive(Debug)]
struct Clock {
    /// Nanoseconds of the first second that had passed at the start.
    nanos_before: u64,
    unix_start: i64,
    offset_seconds: i32,
    /// Event time in which the stamps are right.
    valid: Range<u64>,
    second: i32,
    stamps: Vec<Stamp>,
    beat_stamps: Vec<Stamp>,
}

impl Clock {
    /// Sets the stamps to an event time; returns the nanoseconds of its second.
    #[inline]
    fn set(&mut self, nanos: u64) -> u32 {
        if !self.valid.contains(&nanos) {
            let second = (nanos + self.nanos_before) / SECOND;
            let start = (second * SECOND).saturating_sub(self.nanos_before);
            self.valid = start..(second + 1) * SECOND - self.nanos_before;
            self.stamp(i32::try_from(second).unwrap_or(i32::MAX));
        }
        ((nanos + self.nanos_before) % SECOND) as u32
    }

    fn stamp(&mut self, second: i32) {
        self.second = second;
        let unix = self.unix_start + i64::from(second);
        self.stamps.iter_mut().chain(&mut self.beat_stamps).for_each(|stamp| stamp.set(unix, self.offset_seconds));
    }

    /// Sets the stamps so many seconds off; they are set anew for the next line.
    fn shift(&mut self, seconds: i32) {
        self.stamp(self.second.saturating_add(seconds));
        self.valid = 0..0;
    }
}

impl Maker {
    /// A maker of the plan's lines; facts are for the truth and cost a little.
    pub fn new(plan: Arc<Plan>, keeps_facts: bool) -> Maker {
        let from = plan.settings.from;
        let chance = |purpose| Chance::new(plan.settings.seed, purpose, 0);
        let clock = Clock {
            nanos_before: from.unix_nanos.rem_euclid(SECOND as i64) as u64,
            unix_start: from.unix_nanos.div_euclid(SECOND as i64),
            offset_seconds: from.offset_seconds,
            valid: 0..0,
            second: 0,
            stamps: plan.printer.stamps(),
            beat_stamps: plan.heartbeat.as_ref().map(|(printer, _)| printer.stamps()).unwrap_or_default(),
        };
        Maker {
            walk: Walk::new(&plan, chance(Purpose::Lines)),
            odd: chance(Purpose::Odd),
            keeps_facts,
            // No run has this many lines.
            next: u64::MAX,
            follower: None,
            batch: Vec::new(),
            clock,
            places: Vec::new(),
            next_place: 0,
            next_beat: 0,
            plan,
        }
    }

    /// Replaces what the block holds with these lines. A range may span several blocks' worth and begin anywhere; it is
    /// cheapest from a multiple of [`BLOCK_LINES`], or where the last range ended.
    pub fn fill(&mut self, lines: Range<u64>, block: &mut Block) {
        let plan = Arc::clone(&self.plan);
        block.clear(lines.start);
        let mut line = lines.start;
        if self.next != line {
            line -= line % BLOCK_LINES;
        }
        let is_paced = plan.schedule().is_paced();
        let Block { text, bytes, ends, due, facts, .. } = block;
        let mut pen = Pen::new(text, 0);
        let mut batch_of = std::mem::take(&mut self.batch);
        batch_of.resize(BATCH, Made::default());
        while line < lines.end {
            if line.is_multiple_of(BLOCK_LINES) {
                self.begin(&plan, line);
            }
            let block_end = line - line % BLOCK_LINES + BLOCK_LINES;
            let batch = line..lines.end.min(block_end).min(line + BATCH as u64);
            let count = (batch.end - batch.start) as usize;
            let made = batch_of.get_mut(..count).unwrap_or_default();
            for (made, line) in made.iter_mut().zip(batch.clone()) {
                *made = self.decide(&plan, line);
            }
            for made in made.iter_mut() {
                made.draw = Draw { line: made.draw.line, ..made.request.answered(&plan) };
            }
            made.iter_mut().for_each(|made| self.make_irregular(&plan, made));
            for made in made.iter() {
                plan.printer.touch(&made.draw);
            }
            for (made, line) in made.iter().zip(batch.clone()) {
                if line < lines.start {
                    continue;
                }
                let second = self.print(&plan, made, &mut pen);
                ends.push(u32::try_from(pen.at()).unwrap_or(u32::MAX));
                if is_paced {
                    due.push(made.due);
                }
                if self.keeps_facts {
                    facts.push(fact_of(made, second));
                }
            }
            line = batch.end;
            self.next = line;
        }
        *bytes = pen.at();
        self.batch = batch_of;
    }

    /// Prepares for the block that begins with this line.
    fn begin(&mut self, plan: &Plan, line: u64) {
        let (seed, number) = (plan.settings.seed, line / BLOCK_LINES);
        self.walk.begin(plan, Chance::new(seed, Purpose::Lines, number));
        self.odd = Chance::new(seed, Purpose::Odd, number);
        plan.odd.places(BLOCK_LINES as u32, &mut self.odd, &mut self.places);
        self.next_place = 0;
        if let Schedule::Streams(streams) = plan.schedule() {
            let follower = match self.follower.take() {
                Some(follower) if follower.line() <= line => follower,
                _ => Follower::new(streams, seed),
            };
            let follower = self.follower.insert(follower);
            while follower.line() < line {
                follower.next();
            }
        }
        if let Some((_, interval @ 1..)) = plan.heartbeat {
            self.next_beat = match line.checked_sub(1) {
                None => 0,
                Some(before) => {
                    let nanos = plan.event.at(before, plan.schedule().due(before).unwrap_or(0));
                    (nanos / interval + 1) * interval
                }
            };
        }
    }

    /// Decides what the next line is.
    #[inline]
    fn decide(&mut self, plan: &Plan, line: u64) -> Made {
        let (due, speaker) = match &mut self.follower {
            None => (plan.schedule().due(line).unwrap_or(0), None),
            Some(follower) => {
                let (due, actor) = follower.next();
                (due, Some(actor))
            }
        };
        let nanos = plan.event.at(line, due);
        let is_beat = match speaker {
            Some(actor) => actor.is_none(),
            None => self.is_beat(plan, nanos),
        };
        let is_odd = self.places.get(self.next_place).is_some_and(|(at, _)| u64::from(*at) == line % BLOCK_LINES);
        let is_odd = is_odd.then(|| self.next_odd()).flatten();
        let request = self.walk.next(plan, speaker.flatten());
        let draw = Draw { line, ..Draw::default() };
        Made { request, draw, nanos, due, is_beat, odd: is_odd, shift_seconds: 0, kind: Kind::Record }
    }

    fn next_odd(&mut self) -> Option<Odd> {
        self.next_place += 1;
        self.places.get(self.next_place - 1).map(|(_, odd)| *odd)
    }

    /// Writes a line; returns the second that it bears.
    #[inline]
    fn print(&mut self, plan: &Plan, made: &Made, pen: &mut Pen<'_>) -> i32 {
        let Made { draw, nanos, shift_seconds, kind, .. } = made;
        let of_second = plan.jittered(self.clock.set(*nanos), draw.bits);
        if *shift_seconds != 0 {
            self.clock.shift(*shift_seconds);
        }
        match (kind, &plan.heartbeat) {
            (Kind::Odd(odd), _) => self.print_odd(plan, draw, *odd, of_second, pen),
            (Kind::Heartbeat, Some((printer, _))) => printer.print(draw, &self.clock.beat_stamps, of_second, pen),
            _ => plan.printer.print(draw, &self.clock.stamps, of_second, pen),
        }
        self.clock.second
    }

    /// Whether a sign of life is due by event time.
    #[inline]
    fn is_beat(&mut self, plan: &Plan, nanos: u64) -> bool {
        match &plan.heartbeat {
            Some((_, interval @ 1..)) if nanos >= self.next_beat => {
                self.next_beat = (nanos / interval + 1) * interval;
                true
            }
            _ => false,
        }
    }

    /// What becomes of a line at set times, and of a sign of life and a line that is not regular.
    #[inline]
    fn make_irregular(&mut self, plan: &Plan, made: &mut Made) {
        if made.is_beat || made.odd.is_some() || !plan.scenarios.is_empty() {
            self.change(plan, made);
        }
    }

    #[cold]
    fn change(&mut self, plan: &Plan, made: &mut Made) {
        let now = |scenario: &&Scenario| (scenario.from_nanos..scenario.to_nanos).contains(&made.nanos);
        let (mut draw, mut is_silent, mut shift_seconds) = (made.draw, false, 0);
        for Scenario { what, .. } in plan.scenarios.iter().filter(now) {
            match *what {
                Effect::Fails(share) if self.odd.happens(share) => {
                    let failed = plan.cards.get(draw.exchange as usize).map_or(draw.exchange, |card| card.failed);
                    draw = answer(plan, draw.client, failed, draw.referrer, self.odd.bits());
                }
                Effect::Is(share, client, exchange) if self.odd.happens(share) => {
                    draw = answer(plan, client, exchange, 0, self.odd.bits());
                }
                Effect::Says(share, exchange) if self.odd.happens(share) => {
                    draw = answer(plan, draw.client, exchange, 0, self.odd.bits());
                }
                Effect::Takes(times) => {
                    draw.latency_micros = (f64::from(draw.latency_micros) * times).min(4e9) as u32;
                }
                Effect::NoHeartbeat => is_silent = true,
                Effect::Skew(seconds) => shift_seconds = seconds,
                Effect::Late(share, seconds) if self.odd.happens(share) => shift_seconds = -seconds,
                _ => {}
            }
        }
        if made.is_beat && !is_silent {
            made.kind = Kind::Heartbeat;
        }
        if let (Some(odd), Kind::Record) = (made.odd, made.kind) {
            made.kind = Kind::Odd(odd);
            if let Some((client, exchange)) = plan.odd.exchange(odd, &mut self.odd) {
                draw = answer(plan, client, exchange, 0, self.odd.bits());
            }
        }
        made.draw = Draw { line: made.draw.line, ..draw };
        made.shift_seconds = shift_seconds;
    }

    #[cold]
    fn print_odd(&self, plan: &Plan, draw: &Draw, odd: Odd, of_second: u32, pen: &mut Pen<'_>) {
        let start = pen.at();
        // Of the line alone: what is printed together is not the same at every cut.
        let mut chance = Chance::new(draw.bits, Purpose::Odd, draw.line);
        match odd {
            Odd::Blank => return pen.text(b"\n"),
            Odd::Garbage => {
                let text = chance.one_of(&GARBAGE);
                pen.text(text.as_bytes());
                return pen.text(b"\n");
            }
            Odd::Binary => {
                // Neither a newline nor what a log could begin with.
                let byte = |chance: &mut Chance| chance.bits() as u8 | 0x80;
                for _ in 0..20 + chance.below(180) {
                    pen.text(&[byte(&mut chance)]);
                }
                return pen.text(b"\n");
            }
            Odd::Hole => {
                for _ in 0..64 + chance.below(64) * 16 {
                    pen.text(&[0]);
                }
            }
            _ => {}
        }
        plan.printer.print(draw, &self.clock.stamps, of_second, pen);
        match odd {
            Odd::Cut => {
                let length = cut_at(pen.since(start), plan, &mut chance);
                pen.back_to(start + length);
                pen.text(b"\n");
            }
            Odd::Glued => {
                pen.back_to(pen.at() - 1);
                plan.printer.print(draw, &self.clock.stamps, of_second, pen);
            }
            Odd::Crlf => {
                pen.back_to(pen.at() - 1);
                pen.text(b"\r\n");
            }
            _ => {}
        }
    }
}

/// How much of a line is left of it: never so much that it could be read as whole.
fn cut_at(line: &[u8], plan: &Plan, chance: &mut Chance) -> usize {
    let most = match (plan.settings.log, plan.layout.style) {
        (_, super::layout::Style::Json) => line.len().saturating_sub(3),
        // Within the time, which is first.
        (super::layout::Log::Error, _) => 18,
        // Within the request.
        _ => line.iter().position(|byte| *byte == b'"').map_or(20, |quote| quote + 5),
    };
    let most = most.clamp(2, line.len().max(3) - 1) as u32;
    // Mostly long pieces: it is a buffer that was not written to its end.
    (most - chance.below(most / 2 + 1)).max(1) as usize
}

#[inline]
fn fact_of(made: &Made, second: i32) -> Fact {
    let Draw { client, exchange, referrer, bytes, latency_micros, .. } = made.draw;
    Fact { client, exchange, referrer, bytes, latency_micros, second, kind: made.kind }
}
