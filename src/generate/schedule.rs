//! When lines are due, and what time they bear.
//!
//! Open loop: the schedule asks nobody whether the last line was taken. A line is due at an instant that follows from the
//! settings alone, so a slow receiver makes lines late and never makes them fewer.
//!
//! A rate that changes is pieces of time in which it is linear; how many lines are due by a time is then a square, and the
//! reverse its root, so any line's instant is computed without looking at those before it. Only Visor's schedule, several
//! streams with random intervals ([`super::streams`]), has to be followed from the start.
//!
//! Units: nanoseconds since the start of the run.

use super::streams::Stream;

const SECOND: f64 = 1e9;

/// Lines a second of event time where nothing is due.
pub const MAX_LINES_A_SECOND: u64 = 10_000;

/// How fast lines are asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Pace {
    /// As fast as it goes.
    Max,
    /// At a rate.
    Rate(Rate),
    /// As the world has it: Visor's intervals; as fast as it goes in a world that has none.
    World,
}

/// A rate, and how it changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Lines a second.
    pub lines: f64,
    /// At the start the rate rises from so many lines a second, in so many nanoseconds.
    pub ramp: Option<(f64, u64)>,
    /// The rate is so many times as high, for so long at the end of each period.
    pub burst: Option<Burst>,
}

/// Peaks at set intervals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burst {
    /// How many times as many lines.
    pub times: f64,
    /// Nanoseconds of the peak.
    pub length_nanos: u64,
    /// Nanoseconds from one peak to the next.
    pub period_nanos: u64,
}

/// A time in which the rate is linear.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Segment {
    nanos: f64,
    from: f64,
    to: f64,
}

impl Segment {
    fn lines(&self) -> f64 {
        (self.from + self.to) / 2.0 * self.nanos / SECOND
    }

    /// When so many lines of it are due.
    fn due(&self, lines: f64) -> f64 {
        let rise = (self.to - self.from) / (self.nanos / SECOND);
        // The root of from*t + rise/2*t^2 = lines, in the form that loses no digits where the rise is small.
        let root = (self.from * self.from + 2.0 * rise * lines).max(0.0).sqrt();
        match self.from + root {
            sum if sum > 0.0 => (2.0 * lines / sum * SECOND).min(self.nanos),
            _ => 0.0,
        }
    }

    /// How many lines of it are due by a time.
    fn lines_by(&self, nanos: f64) -> f64 {
        let share = (nanos / self.nanos).clamp(0.0, 1.0);
        (self.from + (self.to - self.from) * share / 2.0) * (share * self.nanos / SECOND)
    }
}

/// When lines are due.
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    /// Nothing is due: as fast as it goes.
    Max,
    /// By a rate.
    Curve(Curve),
    /// By several streams; only who follows them knows ([`super::block::Block::due`]).
    Streams(Vec<Stream>),
}

/// A rate over time: what comes once, and what repeats behind it.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    once: Option<Segment>,
    cycle: Vec<Segment>,
    cycle_lines: f64,
    cycle_nanos: f64,
}

impl Curve {
    fn new(rate: &Rate) -> Curve {
        let once = rate.ramp.map(|(from, nanos)| Segment { nanos: (nanos as f64).max(1.0), from, to: rate.lines });
        let level = |nanos: u64, lines: f64| Segment { nanos: nanos as f64, from: lines, to: lines };
        let cycle = match rate.burst {
            None => vec![level(1_000_000_000, rate.lines)],
            Some(burst) => {
                let quiet = burst.period_nanos.saturating_sub(burst.length_nanos);
                let both = [
                    level(quiet, rate.lines),
                    level(burst.length_nanos.min(burst.period_nanos), rate.lines * burst.times),
                ];
                both.into_iter().filter(|segment| segment.nanos > 0.0).collect()
            }
        };
        let cycle_lines = cycle.iter().map(Segment::lines).sum();
        let cycle_nanos = cycle.iter().map(|segment| segment.nanos).sum();
        Curve { once, cycle, cycle_lines, cycle_nanos }
    }

    fn due(&self, line: u64) -> u64 {
        let (mut line, mut start) = (line as f64, 0.0);
        if let Some(once) = self.once {
            if line < once.lines() {
                return once.due(line) as u64;
            }
            (line, start) = (line - once.lines(), once.nanos);
        }
        if let [steady] = self.cycle[..] {
            return (start + line / steady.from * SECOND) as u64;
        }
        let cycles = (line / self.cycle_lines).floor();
        line -= cycles * self.cycle_lines;
        start += cycles * self.cycle_nanos;
        for segment in &self.cycle {
            if line < segment.lines() {
                return (start + segment.due(line)) as u64;
            }
            line -= segment.lines();
            start += segment.nanos;
        }
        start as u64
    }

    fn lines_by(&self, nanos: u64) -> u64 {
        let (mut nanos, mut lines) = (nanos as f64, 0.0);
        if let Some(once) = self.once {
            lines += once.lines_by(nanos);
            nanos = (nanos - once.nanos).max(0.0);
        }
        let cycles = (nanos / self.cycle_nanos).floor();
        lines += cycles * self.cycle_lines;
        nanos -= cycles * self.cycle_nanos;
        for segment in &self.cycle {
            lines += segment.lines_by(nanos);
            nanos = (nanos - segment.nanos).max(0.0);
        }
        lines as u64
    }
}

impl Schedule {
    /// The schedule of a pace; `streams` are those of the world.
    pub(super) fn new(pace: &Pace, streams: &[Stream]) -> Schedule {
        match pace {
            Pace::Rate(rate) => Schedule::Curve(Curve::new(rate)),
            Pace::World if !streams.is_empty() => Schedule::Streams(streams.to_vec()),
            Pace::Max | Pace::World => Schedule::Max,
        }
    }

    /// Whether lines have a time at which they are due.
    pub fn is_paced(&self) -> bool {
        *self != Schedule::Max
    }

    /// When a line is due, in nanoseconds since the start. `None` where nothing is due, or where only the maker knows.
    #[inline]
    pub fn due(&self, line: u64) -> Option<u64> {
        match self {
            Schedule::Curve(curve) => Some(curve.due(line)),
            Schedule::Max | Schedule::Streams(_) => None,
        }
    }

    /// The number of the first line that is due at this time or later, by arithmetic; `None` as for [`Schedule::due`].
    pub fn first_line_due(&self, nanos: u64) -> Option<u64> {
        let Schedule::Curve(curve) = self else { return None };
        let mut line = curve.lines_by(nanos);
        // Rounding may be off by a line or two.
        while line > 0 && curve.due(line - 1) >= nanos {
            line -= 1;
        }
        while curve.due(line) < nanos {
            line += 1;
        }
        Some(line)
    }

    /// Lines a second, on the whole.
    pub(super) fn lines_a_second(&self) -> f64 {
        match self {
            Schedule::Max => MAX_LINES_A_SECOND as f64,
            Schedule::Curve(curve) => curve.cycle_lines / curve.cycle_nanos * SECOND,
            Schedule::Streams(streams) => streams.iter().map(Stream::lines_a_second).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000_000_000;

    fn schedule(lines: f64, ramp: Option<(f64, u64)>, burst: Option<Burst>) -> Schedule {
        Schedule::new(&Pace::Rate(Rate { lines, ramp, burst }), &[])
    }

    #[test]
    fn lines_are_due_by_the_rate() {
        let burst = Burst { times: 10.0, length_nanos: 5_000_000_000, period_nanos: MINUTE };
        let (steady, ramped) = (schedule(1000.0, None, None), schedule(100.0, Some((0.0, 10_000_000_000)), None));
        let peaks = schedule(100.0, None, Some(burst));
        let cases = [
            ("the first at once", &steady, 0, 0.0),
            ("a thousand a second", &steady, 1000, 1.0),
            ("far behind", &steady, 86_400_000, 86_400.0),
            ("half the lines of a ramp in 0.7 of its time", &ramped, 250, 50f64.sqrt()),
            ("the end of the ramp", &ramped, 500, 10.0),
            ("behind the ramp", &ramped, 600, 11.0),
            ("before the peak", &peaks, 5499, 54.99),
            ("in the peak", &peaks, 5500 + 2500, 57.5),
            ("behind the peak", &peaks, 10_500, 60.0),
            ("in the second peak", &peaks, 10_500 + 5500 + 1000, 116.0),
        ];
        for (what, schedule, line, seconds) in cases {
            let due = schedule.due(line).unwrap() as f64 / SECOND;
            assert!((due - seconds).abs() < 1e-6, "{what}: {due} and not {seconds}");
        }
    }

    #[test]
    fn the_reverse_agrees() {
        let burst = Burst { times: 3.0, length_nanos: 700_000_000, period_nanos: 1_900_000_000 };
        for schedule in [
            schedule(1000.0, None, None),
            schedule(0.3, None, None),
            schedule(977.7, Some((3.0, 4_000_000_000)), Some(burst)),
        ] {
            let mut last = 0;
            for line in (0..50_000).step_by(37) {
                let due = schedule.due(line).unwrap();
                assert!(due >= last);
                last = due;
                let first = schedule.first_line_due(due).unwrap();
                assert!(first <= line && schedule.due(first).unwrap() == due, "{line}: {first}");
                assert_eq!(schedule.first_line_due(due + 1).unwrap(), line + 1);
            }
        }
    }
}
