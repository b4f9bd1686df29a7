//! Visor's schedule: several streams of lines, each with intervals of its own, normal and peak.
//!
//! Each stream waits a random time, evenly between two bounds, before its next line. Which bounds these are changes: a normal
//! phase takes one of the normal pairs, a peak one of the peak pairs. Visor's own source has the two lists and leaves the
//! switching to its reader; here a normal phase lasts 20 to 60 seconds and a peak 5 to 15.
//!
//! A sum of random times has to be followed from its start; that costs a few nanoseconds a line, so a maker that skips lines
//! just follows it. The numbers are of a stream of chance of their own, and depend on nothing else.

use super::chance::{Chance, Purpose};

const SECOND: f64 = 1e9;
const NORMAL_SECONDS: (f64, f64) = (20.0, 60.0);
const PEAK_SECONDS: (f64, f64) = (5.0, 15.0);
/// The shortest interval: a stream of nothing but zeros would have no end.
const NANOS_MIN: f64 = 1000.0;

/// Lines of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Stream {
    /// Who speaks: `None` is a sign of life.
    pub actor: Option<u32>,
    /// Seconds between lines in normal phases: the least and the most, several such pairs.
    pub normal: Vec<(f64, f64)>,
    /// The same in peaks; none where there are no peaks.
    pub peak: Vec<(f64, f64)>,
}

impl Stream {
    /// Lines a second, on the whole.
    pub fn lines_a_second(&self) -> f64 {
        let rate = |pairs: &[(f64, f64)]| {
            let rates = pairs.iter().map(|(least, most)| 2.0 / (least + most).max(2.0 * NANOS_MIN / SECOND));
            rates.sum::<f64>() / pairs.len().max(1) as f64
        };
        let middle = |(least, most): (f64, f64)| (least + most) / 2.0;
        match self.peak.is_empty() {
            true => rate(&self.normal),
            false => {
                let (normal, peak) = (middle(NORMAL_SECONDS), middle(PEAK_SECONDS));
                (rate(&self.normal) * normal + rate(&self.peak) * peak) / (normal + peak)
            }
        }
    }
}

/// Follows streams from their start.
#[derive(Clone, Debug)]
pub(super) struct Follower {
    streams: Vec<Followed>,
    /// The number of the line that comes next.
    line: u64,
}

#[derive(Clone, Debug)]
struct Followed {
    stream: Stream,
    chance: Chance,
    due: f64,
    is_peak: bool,
    phase_ends: f64,
    pair: (f64, f64),
}

impl Follower {
    /// At the start.
    pub fn new(streams: &[Stream], seed: u64) -> Follower {
        let follow = |(number, stream): (usize, &Stream)| {
            let mut followed = Followed {
                stream: stream.clone(),
                chance: Chance::new(seed, Purpose::Streams, number as u64),
                due: 0.0,
                // The first phase is a normal one.
                is_peak: true,
                phase_ends: 0.0,
                pair: (1.0, 1.0),
            };
            followed.change_phase();
            followed
        };
        Follower { streams: streams.iter().enumerate().map(follow).collect(), line: 0 }
    }

    /// The number of the line that comes next.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The next line: when it is due, in nanoseconds, and who speaks.
    pub fn next(&mut self) -> (u64, Option<u32>) {
        self.line += 1;
        let first = self.streams.iter_mut().min_by(|left, right| left.due.total_cmp(&right.due));
        let Some(first) = first else { return (0, None) };
        let due = first.due;
        first.advance();
        (due as u64, first.stream.actor)
    }
}

impl Followed {
    fn advance(&mut self) {
        while self.due >= self.phase_ends {
            self.change_phase();
        }
        self.due += (between(&mut self.chance, self.pair) * SECOND).max(NANOS_MIN);
    }

    fn change_phase(&mut self) {
        self.is_peak = !self.is_peak && !self.stream.peak.is_empty();
        let (pairs, seconds) = match self.is_peak {
            true => (&self.stream.peak, PEAK_SECONDS),
            false => (&self.stream.normal, NORMAL_SECONDS),
        };
        let at = self.chance.below(pairs.len() as u32) as usize;
        self.pair = pairs.get(at).copied().unwrap_or((1.0, 1.0));
        self.phase_ends += between(&mut self.chance, seconds) * SECOND;
    }
}

fn between(chance: &mut Chance, (least, most): (f64, f64)) -> f64 {
    least + (most - least) * chance.share()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn streams() -> Vec<Stream> {
        vec![
            Stream { actor: None, normal: vec![(1.0, 1.0)], peak: vec![] },
            Stream { actor: Some(0), normal: vec![(0.1, 0.3)], peak: vec![(0.01, 0.03)] },
        ]
    }

    #[test]
    fn a_beat_comes_at_each_interval() {
        let mut follower = Follower::new(&streams(), 1);
        let beats: Vec<u64> =
            (0..20_000).map(|_| follower.next()).filter(|(_, actor)| actor.is_none()).map(|(due, _)| due).collect();
        assert!(beats.iter().enumerate().all(|(at, due)| *due == at as u64 * 1_000_000_000));
    }

    #[test]
    fn intervals_are_those_of_the_phase() {
        let mut follower = Follower::new(&streams(), 1);
        let mut last = 0;
        let (mut normal, mut peak) = (0, 0);
        for _ in 0..20_000 {
            let (due, actor) = follower.next();
            if actor == Some(0) {
                match (due - last) as f64 / SECOND {
                    seconds if (0.1..=0.3001).contains(&seconds) => normal += 1,
                    seconds if (0.0099..=0.0301).contains(&seconds) => peak += 1,
                    seconds => assert!(last == 0, "{seconds}"),
                }
                last = due;
            }
        }
        // 40 seconds of 5 lines, 10 seconds of 50.
        assert!((2.0..3.2).contains(&(f64::from(peak) / f64::from(normal))), "{normal} {peak}");
    }
}
