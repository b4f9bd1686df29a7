//! The calls.

use super::event::Event;
use super::leave::close;
use super::look_up::LookUp;
use super::reading::Reading;
use super::settings::Settings;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How long closing may take where nobody says.
const CLOSE: Duration = Duration::from_secs(1);

/// A topic, read as a member of a consumer group.
pub struct Kafka {
    settings: Settings,
    stage: Stage,
    /// Where the caller wants partitions to begin, until they are read.
    saved: BTreeMap<i32, i64>,
}

enum Stage {
    /// The topic was not found yet.
    Looking(Box<LookUp>),
    /// It is read.
    Reading(Box<Reading>),
    /// It is read no more.
    Left,
}

/// Kafka does not let us go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed(String);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failed {}

impl Kafka {
    /// Checks the settings; whether there is a broker shows at the first calls of [`poll`](Self::poll).
    ///
    /// # Errors
    /// A sentence: which setting is wrong, why, and the cure.
    pub fn new(settings: Settings) -> Result<Kafka, String> {
        let stage = Stage::Looking(Box::new(LookUp::new(&settings)?));
        Ok(Kafka { settings, stage, saved: BTreeMap::new() })
    }

    /// What it reads.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Lets a partition begin at the offset `next`, when it is assigned; or at the one that the group committed, where that is
    /// larger.
    pub fn start_at(&mut self, partition: i32, next: i64) {
        match &mut self.stage {
            Stage::Reading(reading) => _ = reading.saved.insert(partition, next),
            _ => _ = self.saved.insert(partition, next),
        }
    }

    /// Waits for something to happen, at most `timeout`, and tells `receive` of it. A broker that is away may make it wait some
    /// seconds longer.
    ///
    /// # Errors
    /// A sentence; it will not be better. What may be is an [`Event::Notice`].
    pub fn poll(&mut self, timeout: Duration, receive: &mut dyn FnMut(Event<'_>)) -> Result<(), Failed> {
        let settings = &self.settings;
        let failed = |reason: String| Failed(format!("{}: {reason}", settings.name()));
        match &mut self.stage {
            Stage::Looking(look_up) => {
                if let Some(found) = look_up.poll(settings, timeout, receive) {
                    let saved = std::mem::take(&mut self.saved);
                    let reading = Reading::join(settings, found, saved).map_err(Failed)?;
                    let before = std::mem::replace(&mut self.stage, Stage::Reading(Box::new(reading)));
                    before.close(CLOSE);
                }
                Ok(())
            }
            Stage::Reading(reading) => reading.poll(settings, timeout, receive).map_err(failed),
            Stage::Left => Ok(()),
        }
    }

    /// Lets a partition wait. What was fetched of it stays.
    pub fn pause(&mut self, partition: i32) {
        if let Stage::Reading(reading) = &mut self.stage {
            reading.pause(partition, true);
        }
    }

    /// Reads a partition again.
    pub fn resume(&mut self, partition: i32) {
        if let Stage::Reading(reading) = &mut self.stage {
            reading.pause(partition, false);
        }
    }

    /// Tells the group that lines before these offsets are safe; of partitions that are no longer ours, or were committed further, it
    /// says nothing. It does not wait; what fails is told, and what is not committed is to be committed again.
    pub fn commit(&mut self, offsets: &[(i32, i64)]) {
        if let Stage::Reading(reading) = &mut self.stage {
            // One behind what was handed on is of a topic that was made anew since.
            let is_new = |(number, next): &&(i32, i64)| {
                let progress = reading.partitions.iter().find(|partition| partition.number == *number);
                let progress = progress.map(|partition| &partition.progress);
                progress
                    .is_some_and(|progress| *next <= progress.next && progress.committed.is_none_or(|it| *next > it))
            };
            let new: Vec<(i32, i64)> = offsets.iter().filter(is_new).copied().collect();
            reading.commit(&self.settings, &new, false);
        }
    }

    /// Messages without a line: tombstones, and empty ones.
    pub fn empty_messages(&self) -> u64 {
        match &self.stage {
            Stage::Reading(reading) => reading.empty(),
            _ => 0,
        }
    }

    /// Gives everything back ([`Event::Revoking`]), commits it and leaves the group, within `time`. What was fetched and not
    /// handed on is left to whoever comes next.
    pub fn leave(&mut self, time: Duration, receive: &mut dyn FnMut(Event<'_>)) {
        match std::mem::replace(&mut self.stage, Stage::Left) {
            Stage::Reading(reading) => reading.leave(&self.settings, time, receive),
            before => before.close(time),
        }
    }
}

impl Stage {
    fn close(self, time: Duration) {
        match self {
            Stage::Looking(look_up) => close(Arc::new(look_up.into_consumer()), time),
            Stage::Reading(mut reading) => {
                reading.partitions.clear();
                close(reading.consumer, time);
            }
            Stage::Left => {}
        }
    }
}

impl Drop for Kafka {
    /// Whoever did not leave lets go, and commits nothing.
    fn drop(&mut self) {
        std::mem::replace(&mut self.stage, Stage::Left).close(CLOSE);
    }
}
