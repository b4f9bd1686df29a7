//! File -> tally: every number is held to what it may be before it is used.

use super::blocks::Reader;
use super::{Head, Input, LINES_MAX, Origin, Problem, difference};
use crate::aggregate::distinct::{Distinct, REGISTERS};
use crate::aggregate::histogram::Distribution;
use crate::aggregate::key::Key;
use crate::aggregate::messages::{Group, Messages};
use crate::aggregate::position::{Malformed, Position, SAMPLES_MAX, Samples, TEXT_CHARS_MAX};
use crate::aggregate::rows::Rows;
use crate::aggregate::rows::bounds::Bounds;
use crate::aggregate::snapshot;
use crate::aggregate::tally::{Lines, Offsets, Settings, Tally};
use crate::aggregate::timeline::{self, Counts};
use crate::aggregate::visitors::RowOf;
use crate::format::record::{Level, Time};
use std::io::Read;

/// Bytes of the head, at most: the names of a million inputs.
const HEAD_BYTES_MAX: u64 = 256 << 20;
/// Bytes of a key, at most: a line is no longer.
const KEY_BYTES_MAX: u64 = 1 << 30;
/// Bytes of a group of messages beside its key: an example is 200 characters.
const GROUP_BYTES_MAX: u64 = 4 << 10;
/// Seconds of a time, and numbers of a bucket, at most, so that sums of a few of them do not overflow.
const SECONDS_MAX: i64 = 1 << 60;
/// Seconds of an offset from UTC, at most: two digits of hours and of minutes.
const OFFSET_MAX: i32 = 100 * 3600 + 99 * 60;

impl Tally {
    /// The tally that [`Tally::write_to`] wrote, if it was counted with `settings`, and where its counts come from.
    ///
    /// It is read as input number `input` of a run: positions say the number of the original input as their `piece`, so
    /// that they are ordered as that run's inputs are.
    ///
    /// # Errors
    /// A [`Problem`] where the file cannot be read, is cut, damaged or contradicts itself, or was counted otherwise.
    pub fn read_from(from: impl Read, settings: &Settings, input: u32) -> Result<(Tally, Origin), Problem> {
        Tally::read_within(from, settings, input, usize::MAX)
    }

    /// The same for one that may hold at most `most` bytes of memory. Until all of it is there nothing can give way.
    ///
    /// # Errors
    /// As before, and [`Problem::Large`] where it would hold more.
    pub fn read_within(
        from: impl Read,
        settings: &Settings,
        input: u32,
        most: usize,
    ) -> Result<(Tally, Origin), Problem> {
        let mut from = Reader::new(from)?;
        let mut tally = Tally::new(settings);
        let mut text = Vec::new();
        from.text(&mut text, HEAD_BYTES_MAX, "length of the head")?;
        let head: Head = postcard::from_bytes(&text).map_err(|_| from.nonsense("head"))?;
        if let Some([theirs, ours]) = difference(&head, settings) {
            return Err(Problem::Settings { theirs, ours });
        }
        let origin = take_head(&mut tally, head, input).map_err(|what| from.nonsense(what))?;
        Filling { tally: &mut tally, from: &mut from, text, input, inputs: origin.inputs.len() as u64, most }.all()?;
        from.finish()?;
        Ok((tally, origin))
    }
}

fn take_head(tally: &mut Tally, head: Head, input: u32) -> Result<Origin, &'static str> {
    let [lines, blank, records, heartbeats, filtered, glued] = head.lines;
    let counts = || head.malformed.iter().chain(&head.lines);
    if counts().any(|count| *count > LINES_MAX) {
        return Err("more lines than any log has");
    }
    tally.lines = Lines { lines, blank, records, heartbeats, filtered, glued, ..Lines::default() };
    if head.malformed.len() > tally.lines.malformed.len() {
        return Err("reasons that are not known");
    }
    tally.lines.malformed.iter_mut().zip(&head.malformed).for_each(|(into, from)| *into = *from);
    if tally.lines.parts() != lines {
        return Err("lines are not the sum of their kinds");
    }
    let shown_input =
        |Input { name, bytes, lines, format, error }| snapshot::Input { name, bytes, lines, format, error };
    let inputs: Vec<_> = head.inputs.into_iter().map(shown_input).collect();
    if inputs.iter().any(|input| input.bytes > LINES_MAX || input.lines > lines) {
        return Err("an input larger than all");
    }
    if head.samples.len() > SAMPLES_MAX {
        return Err("number of samples");
    }
    let mut samples = Vec::with_capacity(head.samples.len());
    for sample in head.samples {
        let at = rebased(sample.at, input, inputs.len() as u64).ok_or("place of a sample")?;
        if !is_shown(&sample.text) {
            return Err("text of a sample");
        }
        samples.push(Malformed { at, ..sample });
    }
    samples.sort_by_key(|sample| sample.at);
    tally.samples = Samples::from(samples);
    Ok(Origin { inputs, partial: head.partial })
}

/// A place in the original inputs as one in input number `input`.
fn rebased(at: Position, input: u32, inputs: u64) -> Option<Position> {
    let piece = u64::from(at.input);
    (piece < inputs && at.piece == 0 && at.line <= LINES_MAX).then_some(Position { input, piece, line: at.line })
}

/// A tally while it is filled.
pub(super) struct Filling<'run, R> {
    pub(super) tally: &'run mut Tally,
    pub(super) from: &'run mut Reader<R>,
    text: Vec<u8>,
    input: u32,
    inputs: u64,
    /// Bytes of memory that it may hold.
    most: usize,
}

/// Rows or visitors that are read before it is asked how much memory they hold.
const UNASKED: u32 = 1024;

impl<R: Read> Filling<'_, R> {
    fn all(mut self) -> Result<(), Problem> {
        self.sums()?;
        self.rows("methods", |tally| &mut tally.methods)?;
        self.rows("protocols", |tally| &mut tally.protocols)?;
        self.rows("virtual hosts", |tally| &mut tally.vhosts)?;
        self.rows("users", |tally| &mut tally.users)?;
        self.rows("modules", |tally| &mut tally.modules)?;
        self.rows("families of agents", |tally| &mut tally.past_browsers)?;
        self.rows("systems of agents", |tally| &mut tally.past_systems)?;
        self.tally.past_bots =
            (self.from.at_most(self.tally.lines.lines, "hits of bots")?, self.from.number("bytes of bots")?);
        self.rows("sites", |tally| &mut tally.sites)?;
        self.rows("agents", |tally| &mut tally.agents)?;
        self.rows("clients", |tally| &mut tally.clients)?;
        self.rows("referrers", |tally| &mut tally.referrers)?;
        self.site_of()?;
        self.rows("paths", |tally| &mut tally.paths)?;
        self.rows("paths not found", |tally| &mut tally.not_found)?;
        self.rows("paths with server errors", |tally| &mut tally.server_errors)?;
        self.timeline()?;
        self.visitors()?;
        self.messages()
    }

    fn sums(&mut self) -> Result<(), Problem> {
        if self.from.at_most(1, "period")? == 1 {
            let (first, last) = (self.time()?, self.time()?);
            self.tally.widen(&first);
            self.tally.widen(&last);
        }
        self.tally.offsets = match self.from.at_most(2, "offsets")? {
            0 => Offsets::None,
            1 => Offsets::One(self.offset()?),
            _ => Offsets::Many,
        };
        self.tally.bytes_sent = self.from.number("bytes sent")?;
        self.tally.bytes_read = self.from.number("bytes read")?;
        let mut left = self.tally.lines.lines;
        for _ in 0..self.from.at_most(self.tally.status.len() as u64, "number of statuses")? {
            let status = self.from.number("status")?;
            let (hits, bytes) = (self.share_of(&mut left, "hits of a status")?, self.from.number("bytes of a status")?);
            let place = self.tally.status.get_mut(status as usize).filter(|place| **place == (0, 0));
            *place.ok_or_else(|| self.from.nonsense("status"))? = (hits, bytes);
        }
        let mut left = self.tally.lines.lines;
        for level in 0..self.tally.levels.len() {
            self.tally.levels[level] = self.share_of(&mut left, "levels")?;
        }
        self.tally.sizes = self.distribution("sizes")?;
        self.tally.latency = self.distribution("latencies")?;
        Ok(())
    }

    /// Makes sure, once in a while as `number` goes up, that the tally does not hold too much memory.
    pub(super) fn within(&self, number: u32) -> Result<(), Problem> {
        if number.is_multiple_of(UNASKED) && self.tally.held_bytes() > self.most {
            return Err(Problem::Large { most: self.most });
        }
        Ok(())
    }

    /// A count of which there are `left`.
    fn share_of(&mut self, left: &mut u64, what: &'static str) -> Result<u64, Problem> {
        let count = self.from.at_most(*left, what)?;
        *left -= count;
        Ok(count)
    }

    fn offset(&mut self) -> Result<i32, Problem> {
        let offset = i32::try_from(self.from.signed("offset")?).ok();
        offset.filter(|offset| (-OFFSET_MAX..=OFFSET_MAX).contains(offset)).ok_or_else(|| self.from.nonsense("offset"))
    }

    fn time(&mut self) -> Result<Time, Problem> {
        let wall_seconds = self.from.signed("time")?;
        let offset_seconds = self.offset()?;
        let nanos = self.from.at_most(u32::MAX.into(), "nanoseconds")? as u32;
        Some(Time { wall_seconds, offset_seconds, nanos }).filter(is_sound).ok_or_else(|| self.from.nonsense("time"))
    }

    fn distribution(&mut self, what: &'static str) -> Result<Distribution, Problem> {
        let mut left = self.tally.lines.lines;
        let (mut value, mut buckets) = (0u64, Vec::new());
        for _ in 0..self.from.number(what)? {
            let next = value.checked_add(self.from.number(what)?);
            value = next.filter(|next| buckets.is_empty() || *next > value).ok_or_else(|| self.from.nonsense(what))?;
            buckets.push((value, self.share_of(&mut left, what)?));
        }
        let count: u64 = buckets.iter().map(|(_, count)| count).sum();
        if count == 0 {
            return if buckets.is_empty() { Ok(Distribution::default()) } else { Err(self.from.nonsense(what)) };
        }
        let sum = self.from.large(what)?;
        let (least, greatest) = (self.from.number(what)?, self.from.number(what)?);
        if least > greatest || sum > u128::from(count) * u128::from(greatest) {
            return Err(self.from.nonsense(what));
        }
        Ok(Distribution::from_parts(&buckets, sum, least, greatest))
    }

    fn rows(&mut self, what: &'static str, rows: impl Fn(&mut Tally) -> &mut Rows) -> Result<(), Problem> {
        let count = self.from.at_most(RowOf::LIMIT.into(), what)?;
        let lines = self.tally.lines.lines;
        let mut left = lines;
        for id in 0..count as u32 {
            self.within(id)?;
            let rows = rows(self.tally);
            self.from.text(&mut self.text, KEY_BYTES_MAX, what)?;
            let hits = self.from.at_most(left, what)?;
            left -= hits;
            // A key that was there before has another number.
            if rows.intern(&Key::new(&self.text)) != id {
                return Err(self.from.nonsense(what));
            }
            rows.add(id, hits, self.from.number(what)?);
        }
        let rows = rows(self.tally);
        // A new tally has a row for the referrer that is not there, and so has every file.
        if rows.len() as u64 != count {
            return Err(self.from.nonsense(what));
        }
        read_bounds(self.from, rows, lines, what)
    }

    fn site_of(&mut self) -> Result<(), Problem> {
        self.tally.site_of.clear();
        for _ in 0..self.tally.referrers.len() {
            let site = self.from.at_most(self.tally.sites.len() as u64, "site of a referrer")?;
            self.tally.site_of.push(site.checked_sub(1).map(|site| site as u32));
        }
        Ok(())
    }

    fn timeline(&mut self) -> Result<(), Problem> {
        const WHAT: &str = "timeline";
        let lines = self.tally.lines.lines;
        let (mut hits, mut errors, mut client_errors, mut number) = (lines, lines, lines, 0i64);
        for row in 0..self.from.at_most(RowOf::LIMIT.into(), WHAT)? {
            number = number.wrapping_add(self.from.signed(WHAT)?);
            let counts = Counts {
                hits: self.share_of(&mut hits, WHAT)?,
                bytes: self.from.number(WHAT)?,
                errors: self.share_of(&mut errors, WHAT)?,
                client_errors: self.share_of(&mut client_errors, WHAT)?,
            };
            if !(-SECONDS_MAX..=SECONDS_MAX).contains(&number) || u64::from(self.tally.timeline.find(number)) != row {
                return Err(self.from.nonsense(WHAT));
            }
            self.within(row as u32)?;
            *self.tally.timeline.at(row as u32) = counts;
        }
        let Some((floor, missed)) = read_missed(self.from, self.tally.timeline.count(), lines, WHAT)? else {
            return Ok(());
        };
        let taken = self.tally.timeline.set_bounds(timeline::bounds::Bounds { floor, missed });
        if taken { Ok(()) } else { Err(self.from.nonsense(WHAT)) }
    }

    fn messages(&mut self) -> Result<(), Problem> {
        const WHAT: &str = "messages";
        let mut left = self.tally.lines.lines;
        let mut messages = Messages::default();
        let mut packed = Vec::new();
        for row in 0..self.from.at_most(RowOf::LIMIT.into(), WHAT)? {
            self.from.text(&mut self.text, KEY_BYTES_MAX, WHAT)?;
            let hits = self.share_of(&mut left, WHAT)?;
            self.from.text(&mut packed, GROUP_BYTES_MAX, WHAT)?;
            let group = postcard::from_bytes(&packed).ok().and_then(|group| self.group(group));
            messages.add_group(&self.text, hits, group.ok_or_else(|| self.from.nonsense(WHAT))?);
            if messages.rows().len() as u64 != row + 1 {
                return Err(self.from.nonsense(WHAT));
            }
            if (row as u32).is_multiple_of(UNASKED) && messages.held_bytes() > self.most {
                return Err(Problem::Large { most: self.most });
            }
        }
        read_bounds(self.from, messages.rows_mut(), self.tally.lines.lines, WHAT)?;
        self.tally.messages = messages;
        Ok(())
    }

    /// A group as it may be, its place among this run's inputs.
    fn group(&self, group: Group) -> Option<Group> {
        let at = rebased(group.at, self.input, self.inputs)?;
        let sound = usize::from(group.level) < Level::ALL.len()
            && group.times().is_none_or(|times| times.iter().all(is_sound))
            && is_shown(&group.example);
        sound.then_some(Group { at, ..group })
    }
}

/// What a list knows of keys that it does not hold, if there can be any.
fn read_bounds(from: &mut Reader<impl Read>, rows: &mut Rows, lines: u64, what: &'static str) -> Result<(), Problem> {
    let Some((floor, missed)) = read_missed(from, rows.len(), lines, what)? else { return Ok(()) };
    let mut registers = Vec::with_capacity(REGISTERS);
    for _ in 0..REGISTERS {
        registers.push(from.byte(what)?);
    }
    let bounds = Distinct::from_registers(registers).and_then(|distinct| Bounds::new(floor, &missed, distinct));
    let taken = bounds.is_some_and(|bounds| rows.set_bounds(bounds));
    if taken { Ok(()) } else { Err(from.nonsense(what)) }
}

/// The floor of a list and what each of its rows missed, if it is bounded.
fn read_missed(
    from: &mut Reader<impl Read>,
    rows: usize,
    lines: u64,
    what: &'static str,
) -> Result<Option<(u64, Vec<u64>)>, Problem> {
    if from.at_most(1, what)? == 0 {
        return Ok(None);
    }
    let floor = from.at_most(lines, what)?;
    // As many as there are rows, which are there already.
    let missed: Result<Vec<u64>, Problem> = (0..rows).map(|_| from.at_most(floor, what)).collect();
    Ok(Some((floor, missed?)))
}

/// Whether a text is as `position::shown` makes it: it moves no cursor, and each of its characters stands for at most
/// four.
fn is_shown(text: &str) -> bool {
    text.chars().count() <= 4 * TEXT_CHARS_MAX + 1 && !text.chars().any(char::is_control)
}

fn is_sound(time: &Time) -> bool {
    (-SECONDS_MAX..=SECONDS_MAX).contains(&time.wall_seconds)
        && (-OFFSET_MAX..=OFFSET_MAX).contains(&time.offset_seconds)
        && time.nanos < 2_000_000_000
}
