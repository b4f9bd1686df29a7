//! A member of the group: one call of `poll` answers what the group asks, and hands on what was fetched.
//!
//! Partitions take turns of at most [`TURN_BYTES`]. Small messages are put one behind the other into one buffer, so that a line
//! a message costs a copy of it and no call of the worker; a large one is handed on where it lies.

use super::config;
use super::event::{Event, Notice};
use super::inbox::Inbox;
use super::leave::Committer;
use super::look_up::{Found, words};
use super::partition::Progress;
use super::settings::Settings;
use crate::clock;
use crossbeam::channel::{Receiver, bounded};
use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Message, Offset};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Bytes that a partition hands on in one turn, and one message more.
const TURN_BYTES: usize = 128 << 10;
/// A message of so many bytes is handed on where it lies.
const DIRECT_BYTES: usize = 8 << 10;
/// A round ends after this time, and the next begins where it ended.
const ROUND: Duration = Duration::from_millis(50);
/// Whoever was not polled for so long is not to blame for standing still.
const UNASKED: Duration = Duration::from_secs(2);

/// A member of the group.
pub struct Reading {
    pub(super) consumer: Arc<BaseConsumer<Inbox>>,
    bell: Receiver<()>,
    /// In the order of their numbers.
    pub(super) partitions: Vec<Partition>,
    /// The small messages of a turn.
    buffer: Vec<u8>,
    pub(super) later: i32,
    /// The place in `partitions` that has the next turn.
    turn: usize,
    polled: Instant,
    /// When a failed assignment is tried again.
    pub(super) assign_again: Option<Instant>,
    pub(super) committer: Committer,
    pub(super) commits_sent: u64,
    pub(super) commits_answered: u64,
    /// Offsets behind what counts as read, by partition: what the caller saved, and what was handed on of partitions that were
    /// given back.
    pub(super) saved: BTreeMap<i32, i64>,
    /// Messages without a line, of partitions that were given back.
    pub(super) empty: u64,
    /// To be told at the next call.
    pub(super) notices: Vec<Notice>,
    /// Troubles that were told and are not over.
    pub(super) told: Vec<Notice>,
    /// Brokers that are not connected, and at how many looks they were not.
    pub(super) away: BTreeMap<String, u32>,
    /// Why the last connection failed.
    pub(super) reason: String,
}

/// A partition of ours.
pub struct Partition {
    /// Its number.
    pub number: i32,
    pub(super) queue: PartitionQueue<Inbox>,
    /// How far it is.
    pub progress: Progress,
}

impl Reading {
    /// Joins the group.
    ///
    /// # Errors
    /// A sentence.
    pub fn join(settings: &Settings, found: Found, saved: BTreeMap<i32, i64>) -> Result<Reading, String> {
        let (ring, bell) = bounded(1);
        let inbox = Inbox::with_bell(ring.clone());
        let mut consumer = config::create(settings, found.partitions, inbox)?;
        consumer.set_nonempty_callback(move || _ = ring.try_send(()));
        let consumer = Arc::new(consumer);
        consumer
            .subscribe(&[&settings.topic])
            .map_err(|error| format!("{}: cannot be subscribed to: {error}; correct its name", settings.name()))?;
        let committer = Committer::start()
            .map_err(|error| format!("{}: no thread can be started for its commits: {error}", settings.name()))?;
        Ok(Reading {
            consumer,
            bell,
            partitions: Vec::new(),
            buffer: Vec::with_capacity(TURN_BYTES + DIRECT_BYTES),
            later: found.later,
            turn: 0,
            polled: clock::monotonic(),
            assign_again: None,
            committer,
            commits_sent: 0,
            commits_answered: 0,
            saved,
            empty: 0,
            notices: Vec::new(),
            told: Vec::new(),
            away: BTreeMap::new(),
            reason: "it does not answer".to_string(),
        })
    }

    /// Answers what the group asks, hands on what was fetched, and waits for some if there is none, at most `timeout`.
    ///
    /// # Errors
    /// What librdkafka does not go on after.
    pub fn poll(
        &mut self,
        settings: &Settings,
        timeout: Duration,
        receive: &mut dyn FnMut(Event<'_>),
    ) -> Result<(), String> {
        let now = clock::monotonic();
        if now.saturating_duration_since(self.polled) > UNASKED {
            self.partitions.iter_mut().for_each(|partition| partition.progress.rest(now));
        }
        self.serve(settings, receive)?;
        if !self.round(now, receive) {
            // Rung by librdkafka's threads; a ring that is lost costs the timeout and no message.
            let _ = self.bell.recv_timeout(timeout);
            self.serve(settings, receive)?;
            self.round(clock::monotonic(), receive);
        }
        self.polled = clock::monotonic();
        Ok(())
    }

    /// A partition is to wait, or no longer: its queue is not asked, and librdkafka stops fetching when that is full.
    pub fn pause(&mut self, number: i32, is_paused: bool) {
        if let Some(partition) = self.partition(number) {
            partition.progress.is_paused = is_paused;
        }
    }

    /// Messages without a line: tombstones, and empty ones.
    pub fn empty(&self) -> u64 {
        self.empty + self.partitions.iter().map(|partition| partition.progress.empty).sum::<u64>()
    }

    pub(super) fn partition(&mut self, number: i32) -> Option<&mut Partition> {
        let at = self.partitions.binary_search_by_key(&number, |partition| partition.number).ok()?;
        self.partitions.get_mut(at)
    }

    /// Gives each partition a turn; whether messages came.
    fn round(&mut self, now: Instant, receive: &mut dyn FnMut(Event<'_>)) -> bool {
        let count = self.partitions.len();
        let mut any = false;
        for _ in 0..count {
            self.turn = (self.turn + 1) % count;
            let Some(partition) = self.partitions.get_mut(self.turn) else { continue };
            if partition.progress.is_paused {
                continue;
            }
            if partition.take(&mut self.buffer, receive) {
                any = true;
                partition.progress.rest(now);
                if clock::monotonic().saturating_duration_since(now) > ROUND {
                    break;
                }
            }
        }
        if any && !self.told.is_empty() {
            let is_found = |told: &Notice| matches!(told, Notice::UnknownTopic | Notice::Forbidden { .. });
            if self.told.drain(..).any(|told| is_found(&told)) {
                receive(Event::Notice(Notice::Found));
            }
        }
        any
    }

    /// Reads what librdkafka and the group say.
    fn serve(&mut self, settings: &Settings, receive: &mut dyn FnMut(Event<'_>)) -> Result<(), String> {
        self.hear(Duration::ZERO)?;
        let (errors, statistics) = {
            let mut inside = self.consumer.context().lock();
            (std::mem::take(&mut inside.errors), inside.statistics.take())
        };
        errors.into_iter().for_each(|(code, text)| self.trouble(code, &text));
        if let Some(statistics) = statistics {
            self.look(settings, &statistics, receive);
        }
        self.answer(settings, receive);
        self.notices.drain(..).for_each(|notice| receive(Event::Notice(notice)));
        Ok(())
    }

    /// Lets librdkafka speak, for so long, and notes which offsets were committed.
    pub(super) fn hear(&mut self, time: Duration) -> Result<(), String> {
        match self.consumer.poll(time) {
            Some(Err(KafkaError::MessageConsumptionFatal(code))) => {
                let said = self.consumer.context().lock().errors.pop();
                let reason = said.map_or_else(|| code.to_string(), |(_, text)| words(&text));
                return Err(format!("Kafka does not let us go on: {reason}; start again"));
            }
            Some(Ok(message)) => {
                // Each partition has a queue of its own; should a message come beside it, it is fetched again in its order.
                let (topic, number) = (message.topic().to_string(), message.partition());
                drop(message);
                if let Some(next) = self.partition(number).map(|partition| partition.progress.next) {
                    let _ = self.consumer.seek(&topic, number, Offset::Offset(next), Duration::ZERO);
                }
            }
            Some(Err(_)) | None => {}
        }
        let commits = std::mem::take(&mut self.consumer.context().lock().commits);
        for commit in commits {
            self.commits_answered += 1;
            for (number, offset) in commit.done {
                if let Some(partition) = self.partition(number) {
                    partition.progress.committed = Some(offset);
                }
            }
            // While members come and go the group may take no offsets, or none of the round before. Those of partitions that
            // stay are committed again.
            let is_usual = |code: &RDKafkaErrorCode| match code {
                RDKafkaErrorCode::NoOffset => true,
                RDKafkaErrorCode::RebalanceInProgress | RDKafkaErrorCode::IllegalGeneration => !commit.is_last,
                _ => false,
            };
            match commit.trouble.filter(|code| !is_usual(code)) {
                Some(code) => self.tell_once(Notice::NotCommitted { reason: words(&code.to_string()) }),
                None => self.told.retain(|told| !matches!(told, Notice::NotCommitted { .. })),
            }
        }
        Ok(())
    }
}

impl Partition {
    /// Hands on what was fetched, a turn of it; whether messages came.
    fn take(&mut self, buffer: &mut Vec<u8>, receive: &mut dyn FnMut(Event<'_>)) -> bool {
        let Partition { number, queue, progress } = self;
        let partition = *number;
        let (mut bytes, mut any) = (0, false);
        while bytes < TURN_BYTES {
            let message = match queue.poll(Duration::ZERO) {
                None => break,
                // The inbox has it.
                Some(Err(_)) => continue,
                Some(Ok(message)) => message,
            };
            any = true;
            let before = progress.next;
            if progress.came(message.offset()) {
                // What was committed was of the other topic.
                progress.committed = None;
                receive(Event::Notice(Notice::StartedOver { partition }));
            }
            let text = message.payload().unwrap_or_default();
            bytes += text.len().max(1);
            if text.is_empty() {
                progress.empty += 1;
            } else if text.len() < DIRECT_BYTES {
                buffer.extend_from_slice(text);
                if !text.ends_with(b"\n") {
                    buffer.push(b'\n');
                }
            } else {
                if !buffer.is_empty() {
                    receive(Event::Lines { partition, text: buffer, next: before });
                    buffer.clear();
                }
                receive(Event::Lines { partition, text, next: progress.next });
            }
        }
        if !buffer.is_empty() {
            receive(Event::Lines { partition, text: buffer, next: progress.next });
            buffer.clear();
        }
        if any && progress.comes_to_its_end() {
            receive(Event::Lag { partition, messages: 0 });
        }
        any
    }
}
