//! What time a line bears: nanoseconds of event time since the first line, by the line's number.

use super::settings::Rhythm;
use std::f64::consts::TAU;

const DAY: f64 = 86_400.0;

/// Points of time that a rhythm is followed by; between two of them lines are spread evenly.
const POINTS: usize = 8192;

/// How event time advances.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// A line happens when it is due.
    Due,
    /// So many nanoseconds from line to line, with 20 binary digits behind the point.
    Step(u64),
    /// By the rhythm of the day: the times of so many points, and how many of them a line is.
    Rhythm { points: Vec<f64>, points_a_line: f64 },
}

/// Binary digits behind the point of a step.
const POINT: u32 = 20;

impl Event {
    /// Lines that follow each other at this distance, in nanoseconds.
    pub fn steps(nanos: f64) -> Event {
        Event::Step((nanos * f64::from(1u32 << POINT)) as u64)
    }

    /// Lines a second, where it is not the schedule that says it.
    pub fn lines_a_second(&self) -> Option<f64> {
        match self {
            Event::Due => None,
            Event::Step(step) => Some(1e9 * f64::from(1u32 << POINT) / (*step as f64).max(1.0)),
            Event::Rhythm { points, points_a_line } => {
                let seconds = points.last().copied().unwrap_or(1e9) / 1e9;
                Some((points.len() - 1) as f64 / points_a_line / seconds.max(1.0))
            }
        }
    }

    /// Lines spread over a time, in seconds, that begins at this second of the day.
    pub fn spread(lines: u64, seconds: f64, second_of_day: f64, rhythm: Option<Rhythm>) -> Event {
        let lines = lines.max(1) as f64;
        let Some(rhythm) = rhythm else { return Event::steps(seconds / lines * 1e9) };
        let low = rhythm.low.clamp(0.0, 1.0);
        let (middle, swing) = ((1.0 + low) / 2.0, (1.0 - low) / 2.0);
        let angle = |at: f64| TAU * (second_of_day + at - rhythm.peak_hour * 3600.0) / DAY;
        // The integral of middle + swing * cos(angle).
        let lines_by = |at: f64| middle * at + swing * DAY / TAU * (angle(at).sin() - angle(0.0).sin());
        let whole = lines_by(seconds);
        let time_of = |share: f64| {
            let (mut from, mut to) = (0.0, seconds);
            for _ in 0..60 {
                let at = (from + to) / 2.0;
                *if lines_by(at) < share * whole { &mut from } else { &mut to } = at;
            }
            from * 1e9
        };
        let points = (0..=POINTS).map(|point| time_of(point as f64 / POINTS as f64)).collect();
        Event::Rhythm { points, points_a_line: POINTS as f64 / lines }
    }

    /// The time of a line; `due` is when it is due.
    #[inline]
    pub fn at(&self, line: u64, due: u64) -> u64 {
        match self {
            Event::Due => due,
            Event::Step(step) => ((u128::from(line) * u128::from(*step)) >> POINT) as u64,
            Event::Rhythm { points, points_a_line } => {
                let place = line as f64 * points_a_line;
                let point = place as usize;
                match (points.get(point), points.get(point + 1)) {
                    (Some(from), Some(to)) => (from + (to - from) * (place - point as f64)) as u64,
                    _ => points.last().map_or(0, |last| *last as u64),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_has_its_rhythm() {
        let rhythm = Rhythm { peak_hour: 20.0, low: 0.25 };
        let event = Event::spread(240_000, DAY, 0.0, Some(rhythm));
        let mut hours = [0u32; 24];
        (0..240_000).for_each(|line| hours[(event.at(line, 0) / 3_600_000_000_000) as usize] += 1);
        assert_eq!(hours.iter().max(), hours.get(20).max(hours.get(19)));
        assert_eq!(hours.iter().min(), hours.get(8).min(hours.get(7)));
        let ratio = f64::from(hours[8]) / f64::from(hours[20]);
        assert!((0.24..0.28).contains(&ratio), "{hours:?}");
    }

    #[test]
    fn without_a_rhythm_lines_are_spread_evenly() {
        let event = Event::spread(86_400, DAY, 0.0, None);
        assert_eq!((event.at(0, 0), event.at(3600, 0)), (0, 3_600_000_000_000));
    }
}
