//! Everything that is decided before the first line: what can be said, how often, and in which pieces.

use super::alias::{Alias, Cell};
use super::chance::{Chance, Purpose};
use super::event::Event;
use super::layout::{Layout, Log, Part};
use super::odd::OddPlan;
use super::printer::{NO_BODY, Printer};
use super::scenario::{self, Scenario};
use super::schedule::Schedule;
use super::settings::Settings;
use super::world::{Size, World};
use super::{layout, messages, site, visor};
use rand_distr::{Distribution, LogNormal};
use std::time::Duration;

/// Entries of a table of spreads; a power of two.
pub(super) const SPREADS: usize = 4096;

/// How far a page's size is spread around its median: what differs is a name, a number, an advertisement.
const PAGE_SIGMA: f64 = 0.05;

/// Lines a second up to which a client who goes on does so within the same block.
const SLOW: f64 = 200.0;

/// An exchange, in the form that is looked at for each line: two of them are a line of the cache.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(32))]
pub(super) struct Card {
    /// Its cell in the table of its resource's outcomes.
    pub cell: Cell,
    /// Bytes: all, the median, or the least.
    pub bytes: u32,
    /// How `bytes` is meant: 0 all, 1 the median, else it goes so far minus one above the least.
    pub spread: u32,
    /// Microseconds in the middle.
    pub latency_micros: u32,
    /// The exchange when the server fails.
    pub failed: u32,
    /// The line has no client.
    pub is_alone: bool,
}

/// A request of a page view, in the same form.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct HotStep {
    /// The first exchange of its resource.
    pub first: u32,
    /// How many there are.
    pub count: u32,
    /// From where, or [`super::world::AS_PAGE`].
    pub referrer: u32,
}

/// The same of an actor.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    /// Its page views that go on at the same time: the first, and how many.
    pub first_slot: u32,
    pub slots: u32,
    /// Of 2^32, how often it goes on with another page.
    pub goes_on: u32,
    /// Of 2^32, how often a visit begins with the opening.
    pub opens: u32,
    pub opening: u32,
    /// Whether who goes on is the same client.
    pub keeps_client: bool,
}

/// Everything that is decided before the first line. Makers and truths share it.
#[derive(Debug)]
pub struct Plan {
    pub(super) settings: Settings,
    pub(super) world: World,
    pub(super) layout: Layout,
    pub(super) printer: Printer,
    /// How signs of life are written, and nanoseconds from one to the next; 0 where they are a stream.
    pub(super) heartbeat: Option<(Printer, u64)>,
    pub(super) who: Alias,
    pub(super) places: Vec<Place>,
    pub(super) slots: u32,
    pub(super) cards: Vec<Card>,
    pub(super) steps: Vec<HotStep>,
    /// Factors of sizes and of latencies, with 16 binary digits behind the point.
    pub(super) size_spread: Vec<u32>,
    pub(super) latency_spread: Vec<u32>,
    pub(super) event: Event,
    pub(super) odd: OddPlan,
    pub(super) scenarios: Vec<Scenario>,
    /// Nanoseconds up to which a line's decimals of the second are made uneven, less than from line to line.
    jitter_nanos: u32,
    schedule: Schedule,
    lines: Option<u64>,
    duration: Option<Duration>,
}

impl Plan {
    /// The plan that the settings mean, or a sentence that says what is wrong with them.
    pub fn new(settings: Settings) -> Result<Plan, String> {
        let layout = Layout::parse(&settings.format, settings.log)?;
        let wanted = &settings.world;
        let (mut world, streams, beat) = match (&wanted.visor, settings.log) {
            (Some(visor), log) => {
                let (world, streams) = visor::build(visor, log, settings.seed)?;
                (world, streams, visor.heartbeat.clone())
            }
            (None, Log::Access) => (site::build(wanted, settings.seed), Vec::new(), wanted.heartbeat.clone()),
            (None, Log::Error) => {
                let world = messages::build(wanted, &layout.name, settings.seed);
                (world, Vec::new(), wanted.heartbeat.clone())
            }
        };
        if world.actors.iter().all(|actor| actor.share <= 0.0 || actor.clients.len() == 0) {
            return Err("nobody has a share of the lines; give one of \"traffic\" more than 0".to_owned());
        }
        let scenarios = scenario::plan(&wanted.scenarios, settings.log, &mut world)?;
        let odd = odd_plan(&settings, &layout, &mut world)?;
        let schedule = Schedule::new(&settings.pace, &streams);
        let (event, lines, duration) = times(&settings, &schedule);
        let heartbeat = match beat {
            Some(beat) => {
                let Some(parts) = &layout.heartbeat else {
                    return Err(format!(
                        "{}: a sign of life has no place in this format; leave out \"heartbeat\"",
                        layout.name
                    ));
                };
                let text = |part: &Part| match part {
                    Part::Field(layout::Field::Message) => Part::Text(beat.message.clone().into_bytes()),
                    Part::Field(layout::Field::Host) => Part::Text(wanted.host.clone().into_bytes()),
                    part => part.clone(),
                };
                let parts: Vec<Part> = parts.iter().map(text).collect();
                let interval = if matches!(schedule, Schedule::Streams(_)) { 0 } else { beat.interval_nanos };
                Some((Printer::new(&layout, &parts, &World::default()), interval))
            }
            None => None,
        };
        let rate = event.lines_a_second().unwrap_or_else(|| schedule.lines_a_second());
        let (places, slots) = places(&world, rate);
        let mut chance = Chance::new(settings.seed, Purpose::Spread, 0);
        Ok(Plan {
            printer: Printer::new(&layout, &layout.parts, &world),
            heartbeat,
            who: Alias::new(&world.actors.iter().map(|actor| actor.share).collect::<Vec<_>>()),
            places,
            slots,
            cards: cards(&world),
            steps: steps(&world),
            jitter_nanos: (1e9 / rate.max(1.0)).min(100_000.0) as u32,
            size_spread: spreads(PAGE_SIGMA, &mut chance),
            latency_spread: spreads(wanted.latency_sigma, &mut chance),
            event,
            odd,
            scenarios,
            schedule,
            lines,
            duration,
            world,
            layout,
            settings,
        })
    }

    /// The decimals of a second, uneven as those of real lines, and not those of a schedule.
    #[inline]
    pub(super) fn jittered(&self, nanos: u32, bits: u64) -> u32 {
        (nanos + super::chance::scaled((bits >> 20) as u32, self.jitter_nanos)).min(999_999_999)
    }

    /// What was asked for.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// When lines are due.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// Lines after which the run ends (`--lines`, `--to`); `None` where it does not end by itself.
    pub fn lines(&self) -> Option<u64> {
        self.lines
    }

    /// How long the run goes on: lines that are due at this time or later are not sent. `None` where it does not end so.
    pub fn duration(&self) -> Option<Duration> {
        self.duration
    }

    /// The format's name, or the format string.
    pub fn format(&self) -> &str {
        &self.layout.name
    }
}

fn odd_plan(settings: &Settings, layout: &Layout, world: &mut World) -> Result<OddPlan, String> {
    let mut kinds = settings.world.odd.clone();
    for (odd, share) in &mut kinds {
        if *share > 0.0 && !odd.is_known(layout) {
            let is_said = !super::odd::Odd::everyday().contains(&(*odd, *share));
            if is_said {
                return Err(format!(
                    "odd_lines: in {} it is not known what a line of kind {:?} is",
                    layout.name,
                    odd.name()
                ));
            }
            *share = 0.0;
        }
    }
    let mut chance = Chance::new(settings.seed, Purpose::Odd, u64::MAX);
    Ok(OddPlan::new(&kinds, layout.style, world, &mut chance))
}

/// How event time advances, how many lines there are, and how long it takes.
fn times(settings: &Settings, schedule: &Schedule) -> (Event, Option<u64>, Option<Duration>) {
    let span = settings.to.map(|to| to.unix_nanos.saturating_sub(settings.from.unix_nanos).max(0) as u64);
    let step = 1_000_000_000 / super::schedule::MAX_LINES_A_SECOND;
    let wall = settings.from.unix_nanos.div_euclid(1_000_000_000) + i64::from(settings.from.offset_seconds);
    let second_of_day = wall.rem_euclid(86_400) as f64;
    let spread = |lines: u64, span: u64| Event::spread(lines, span as f64 / 1e9, second_of_day, settings.world.rhythm);
    match (schedule, span) {
        (Schedule::Max, Some(span)) => {
            let lines = settings.lines.unwrap_or(span.div_ceil(step));
            (spread(lines, span), Some(lines), settings.duration)
        }
        (Schedule::Max, None) => (Event::steps(step as f64), settings.lines, settings.duration),
        (_, span) => {
            let end = span.map(Duration::from_nanos);
            let duration = settings.duration.into_iter().chain(end).min();
            (Event::Due, settings.lines, duration)
        }
    }
}

/// Where the page views of each actor are. As many go on at once as begin while one is loaded, some 0.3 seconds.
fn places(world: &World, rate: f64) -> (Vec<Place>, u32) {
    let shares: f64 = world.actors.iter().map(|actor| actor.share.max(0.0)).sum();
    let at_once = (rate * 0.3).clamp(2.0, 256.0);
    let mut first_slot = 0;
    let of_32 = |share: f64| (share.clamp(0.0, 1.0) * f64::from(u32::MAX)) as u32;
    let place = |actor: &super::world::Actor| {
        let slots = (at_once * actor.share / shares).ceil().max(1.0) as u32;
        let (opening, opens) = actor.opening.unwrap_or_default();
        let place = Place {
            first_slot,
            slots,
            goes_on: of_32(actor.goes_on),
            opens: of_32(opens),
            opening,
            keeps_client: actor.is_hasty || rate <= SLOW,
        };
        first_slot += slots;
        place
    };
    let places: Vec<Place> = world.actors.iter().map(place).collect();
    let slots = places.iter().map(|place| place.slots).sum();
    (places, slots)
}

fn cards(world: &World) -> Vec<Card> {
    let card = |(exchange, cell): (&super::world::Exchange, &Cell)| {
        let (bytes, spread) = match exchange.size {
            Size::None => (NO_BODY, 0),
            Size::Fixed(bytes) => (bytes, 0),
            Size::Around(bytes) => (bytes, 1),
            Size::Between(least, most) => (least, most.saturating_sub(least).saturating_add(2)),
        };
        Card {
            cell: *cell,
            bytes,
            spread,
            latency_micros: exchange.latency_micros,
            failed: exchange.failed,
            is_alone: exchange.is_alone,
        }
    };
    world.exchanges.iter().zip(&world.outcomes).map(card).collect()
}

fn steps(world: &World) -> Vec<HotStep> {
    let step = |step: &super::world::Step| {
        let exchanges = world.resources.get(step.resource as usize).cloned().unwrap_or_default();
        HotStep { first: exchanges.start, count: exchanges.end - exchanges.start, referrer: step.referrer }
    };
    world.steps.iter().map(step).collect()
}

/// Factors of a log-normal distribution around 1.
fn spreads(sigma: f64, chance: &mut Chance) -> Vec<u32> {
    let Ok(spread) = LogNormal::new(0.0, sigma.max(0.0)) else { return vec![1 << 16; SPREADS] };
    (0..SPREADS).map(|_| (spread.sample(chance.generator()) * 65_536.0) as u32).collect()
}
