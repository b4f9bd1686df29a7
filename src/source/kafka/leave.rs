//! Commits, and the end.
//!
//! A commit is waited for by a thread of its own ([`Committer`]), as librdkafka's synchronous commit waits as long as the group's
//! coordinator is away, and of its asynchronous one the crate's consumers hear no answer (rdkafka 0.39 asks for events, and librdkafka
//! answers such a commit through a callback alone: `rd_kafka_cgrp_propagate_commit_result`). Where the answer must be waited for,
//! before a partition is given away, that is done with a bound.

use super::event::{Event, Notice};
use super::inbox::{Commit, Inbox};
use super::reading::Reading;
use super::settings::Settings;
use crate::clock;
use crossbeam::channel::{Sender, bounded, unbounded};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::{Offset, TopicPartitionList};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Commits offsets one list after the other, and puts the answers into the inbox.
pub struct Committer {
    jobs: Sender<Job>,
}

/// Offsets to commit.
struct Job {
    consumer: Arc<BaseConsumer<Inbox>>,
    topic: String,
    offsets: Vec<(i32, i64)>,
    is_last: bool,
}

impl Committer {
    /// Starts the thread. It ends with this value, when it has done what it was sent.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn start() -> std::io::Result<Committer> {
        let (jobs, received) = unbounded::<Job>();
        let serve = move || received.iter().for_each(Job::run);
        std::thread::Builder::new().name("kafka-commit".to_string()).spawn(serve)?;
        Ok(Committer { jobs })
    }

    /// Whether there will be an answer.
    fn send(&self, job: Job) -> bool {
        self.jobs.send(job).is_ok()
    }
}

impl Job {
    fn run(self) {
        let Job { consumer, topic, offsets, is_last } = self;
        let mut list = TopicPartitionList::with_capacity(offsets.len());
        for (number, next) in &offsets {
            let _ = list.add_partition_offset(&topic, *number, Offset::Offset(*next));
        }
        let trouble = consumer.commit(&list, CommitMode::Sync).err().and_then(|error| error.rdkafka_error_code());
        let done = if trouble.is_none() { offsets } else { Vec::new() };
        consumer.context().committed(Commit { done, trouble, is_last });
    }
}

impl Reading {
    /// Sends offsets to the group; the answer comes later. `is_last`: what is not committed now will not be.
    pub fn commit(&mut self, settings: &Settings, offsets: &[(i32, i64)], is_last: bool) {
        // Only what is ours: the group refuses the rest, and all with it.
        let is_ours = |number: i32| self.partitions.iter().any(|partition| partition.number == number);
        let offsets: Vec<(i32, i64)> = offsets.iter().filter(|(number, _)| is_ours(*number)).copied().collect();
        let (consumer, topic) = (Arc::clone(&self.consumer), settings.topic.clone());
        if !offsets.is_empty() && self.committer.send(Job { consumer, topic, offsets, is_last }) {
            self.commits_sent += 1;
        }
    }

    /// Offsets that are not committed, of all partitions or of some.
    fn open(&self, numbers: &[i32]) -> Vec<(i32, i64)> {
        let some = self.partitions.iter().filter(|partition| numbers.contains(&partition.number));
        some.filter_map(|partition| Some((partition.number, partition.progress.to_commit()?))).collect()
    }

    /// Commits what was handed on of partitions, and waits for the answer until `deadline`.
    pub(super) fn commit_now(&mut self, settings: &Settings, numbers: &[i32], deadline: Instant) {
        let open = self.open(numbers);
        if open.is_empty() && self.commits_answered >= self.commits_sent {
            return;
        }
        self.commit(settings, &open, true);
        let pause = Duration::from_millis(10);
        while self.commits_answered < self.commits_sent && clock::monotonic() < deadline {
            if self.hear(pause).is_err() {
                break;
            }
        }
        if self.commits_answered < self.commits_sent {
            self.notices.push(Notice::NotCommitted { reason: "the group's coordinator does not answer".to_string() });
        }
    }

    /// Commits what was handed on and leaves the group, within `time`. What was fetched and not handed on is left to whoever comes
    /// next.
    pub fn leave(mut self, settings: &Settings, time: Duration, receive: &mut dyn FnMut(Event<'_>)) {
        let deadline = clock::monotonic() + time;
        let numbers: Vec<i32> = self.partitions.iter().map(|partition| partition.number).collect();
        if !numbers.is_empty() {
            receive(Event::Revoking { partitions: &numbers });
            self.commit_now(settings, &numbers, clock::monotonic() + time / 2);
            self.notices.drain(..).for_each(|notice| receive(Event::Notice(notice)));
        }
        self.consumer.context().close();
        // An assignment that was not answered yet is not taken; librdkafka waits for an answer.
        if !self.consumer.context().lock().rebalances.is_empty() {
            let _ = self.consumer.unassign();
        }
        self.partitions.clear();
        close(self.consumer, deadline.saturating_duration_since(clock::monotonic()));
    }
}

/// Closes a consumer, within `time`: librdkafka tells the group, and may wait for a broker that is away. Then a thread of its own
/// goes on waiting; the end of the program ends it.
pub fn close(consumer: Arc<BaseConsumer<Inbox>>, time: Duration) {
    consumer.context().close();
    let (to, closed) = bounded(1);
    let close = move || {
        drop(consumer);
        let _ = to.send(());
    };
    if std::thread::Builder::new().name("kafka-leave".to_string()).spawn(close).is_ok() {
        let _ = closed.recv_timeout(time);
    }
}
