//! A topic of Kafka as a live source: each partition is an input.
//!
//! Offsets are committed to the group once what lies before them is kept. A partition that is given away is kept before it
//! goes, so that whoever gets it begins behind the last line that is counted here.

use super::source::{Backlog, Before, Event, Problem, Saved, Source};
use crate::source::kafka::{self, Kafka};
use crate::window::watermark::{InputId, Kind};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// A topic.
pub struct Topic {
    kafka: Kafka,
    partitions: Partitions,
}

/// Its partitions, as they were told.
struct Partitions {
    name: String,
    topic: String,
    /// The number of partition 0.
    first: InputId,
    /// Those that are ours.
    ours: BTreeMap<i32, Part>,
    /// What an earlier run has seen of partitions, by the offset behind that.
    before: HashMap<(i32, i64), Before>,
}

/// A part of a partition.
struct Part {
    /// The offset of its first message.
    from: i64,
    /// The offset behind the last message that was told.
    next: i64,
}

impl Topic {
    /// The partitions of a topic, as inputs from the number `first` on. Those that `places` names go on there, or where the
    /// group says, whichever is later.
    pub fn new(mut kafka: Kafka, places: &[(Saved, Before)], first: InputId) -> Topic {
        let (name, topic) = (kafka.settings().name(), kafka.settings().topic.clone());
        let mut before = HashMap::new();
        for (saved, seen) in places {
            if let Saved::Partition { topic, partition, next, .. } = saved
                && *topic == name
            {
                kafka.start_at(*partition, *next);
                before.insert((*partition, *next), *seen);
            }
        }
        Topic { kafka, partitions: Partitions { name, topic, first, ours: BTreeMap::new(), before } }
    }
}

impl Partitions {
    fn input(&self, partition: i32) -> InputId {
        self.first + u64::from(partition.unsigned_abs())
    }

    fn saved(&self) -> Vec<(InputId, Saved)> {
        let saved = |(&partition, &Part { from, next }): (&i32, &Part)| {
            (self.input(partition), Saved::Partition { topic: self.name.clone(), partition, from, next })
        };
        self.ours.iter().map(saved).collect()
    }

    /// Tells the engine of an event.
    fn pass_on(&mut self, event: kafka::Event<'_>, tell: &mut dyn FnMut(Event<'_>)) {
        match event {
            kafka::Event::Assigned { partition, from } => {
                let input = self.input(partition);
                let before = self.before.remove(&(partition, from)).unwrap_or_default();
                let name = format!("{}/{partition}", self.topic);
                self.ours.insert(partition, Part { from, next: from });
                tell(Event::Begin { input, name: &name, group: &name, kind: Kind::Waiting, before });
            }
            kafka::Event::Lines { partition, text, next } => {
                tell(Event::Lines { input: self.input(partition), text });
                if let Some(part) = self.ours.get_mut(&partition) {
                    // Offsets that go back have begun anew.
                    let from = if next < part.next { 0 } else { part.from };
                    *part = Part { from, next };
                }
            }
            kafka::Event::Lag { partition, messages } => {
                tell(Event::Backlog { input: self.input(partition), backlog: Backlog::Messages(messages) });
            }
            kafka::Event::Revoking { partitions } => {
                if !self.leave(partitions, tell) {
                    self.problem(
                        &format!(
                            "{} partitions were given away before their counts were kept; a kill before they are would \
                             lose these",
                            partitions.len()
                        ),
                        tell,
                    );
                }
            }
            kafka::Event::Lost { partitions } => {
                // What was counted of them is kept all the same, so that it can be seen what others count again.
                self.leave(partitions, tell);
                self.problem(
                    &format!(
                        "the group took {} partitions away, as it had missed us for too long; lines that were counted here \
                         since the last commit are counted again by whoever has them now; raise session.timeout.ms or \
                         max.poll.interval.ms with --kafka-set",
                        partitions.len()
                    ),
                    tell,
                );
            }
            kafka::Event::Notice(notice) => self.problem(&notice.to_string(), tell),
        }
    }

    fn problem(&self, what: &str, tell: &mut dyn FnMut(Event<'_>)) {
        tell(Event::Problem(Problem { bytes: 0, sentence: &format!("{}: {what}", self.name) }));
    }

    /// Partitions go; whether what was counted of them is kept. When they come back, others may have read on.
    fn leave(&mut self, partitions: &[i32], tell: &mut dyn FnMut(Event<'_>)) -> bool {
        let mut kept = false;
        tell(Event::Leaving { saved: self.saved(), kept: &mut kept });
        for partition in partitions {
            self.ours.remove(partition);
            tell(Event::End { input: self.input(*partition) });
        }
        kept
    }
}

impl Source for Topic {
    fn name(&self) -> String {
        self.partitions.name.clone()
    }

    fn poll(&mut self, timeout: Duration, tell: &mut dyn FnMut(Event<'_>)) -> Result<bool, String> {
        let Topic { kafka, partitions } = self;
        let polled = kafka.poll(timeout, &mut |event| partitions.pass_on(event, tell));
        polled.map(|()| true).map_err(|error| error.to_string())
    }

    /// What was fetched and not handed on stays where it is: the group goes on there.
    fn drain(&mut self, time: Duration, tell: &mut dyn FnMut(Event<'_>)) -> Result<(), String> {
        let Topic { kafka, partitions } = self;
        let empty = kafka.empty_messages();
        kafka.leave(time, &mut |event| partitions.pass_on(event, tell));
        if empty > 0 {
            partitions.problem(&format!("{empty} messages had no line: tombstones, or empty ones"), tell);
        }
        Ok(())
    }

    fn saved(&mut self) -> Vec<(InputId, Saved)> {
        self.partitions.saved()
    }

    fn kept(&mut self, saved: &[(InputId, Saved)]) {
        let offset = |(_, saved): &(InputId, Saved)| match saved {
            Saved::Partition { partition, next, .. } => Some((*partition, *next)),
            Saved::File(_) => None,
        };
        let offsets: Vec<(i32, i64)> = saved.iter().filter_map(offset).collect();
        self.kafka.commit(&offsets);
    }

    fn pause(&mut self, input: InputId, paused: bool) {
        let number = input.checked_sub(self.partitions.first).and_then(|number| i32::try_from(number).ok());
        let Some(partition) = number else { return };
        if paused {
            self.kafka.pause(partition);
        } else {
            self.kafka.resume(partition);
        }
    }
}
