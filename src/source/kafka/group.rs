//! Rebalances: partitions that the group gives us, and those that it asks for.

use super::assign;
use super::event::{Event, Notice};
use super::inbox::Rebalance;
use super::partition::Progress;
use super::reading::{Partition, Reading};
use super::settings::Settings;
use crate::clock;
use rdkafka::consumer::{Consumer, RebalanceProtocol};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};
use std::time::Duration;

/// How long to wait before an assignment is tried again.
const AGAIN: Duration = Duration::from_millis(500);
/// How long a partition that is to be given away may wait for its commit.
const COMMIT: Duration = Duration::from_secs(5);

impl Reading {
    /// Answers the group: takes the partitions that it gives, gives back those that it asks for.
    pub(super) fn answer(&mut self, settings: &Settings, receive: &mut dyn FnMut(Event<'_>)) {
        if self.assign_again.is_some_and(|again| clock::monotonic() < again) {
            return;
        }
        self.assign_again = None;
        loop {
            let front = self.consumer.context().lock().rebalances.front().cloned();
            match front {
                None => return,
                Some(Rebalance::Revoke(numbers)) => self.give_back(settings, &numbers, receive),
                Some(Rebalance::Assign(numbers)) => {
                    if let Err(error) = self.accept(settings, &numbers, receive) {
                        if let Some(code) = error.rdkafka_error_code() {
                            self.trouble(code, &code.to_string());
                        }
                        self.assign_again = Some(clock::monotonic() + AGAIN);
                        return;
                    }
                }
            }
            self.consumer.context().lock().rebalances.pop_front();
        }
    }

    fn accept(
        &mut self,
        settings: &Settings,
        numbers: &[i32],
        receive: &mut dyn FnMut(Event<'_>),
    ) -> Result<(), KafkaError> {
        let places = assign::places(&self.consumer, settings, numbers, &self.saved, self.later)?;
        let now = clock::monotonic();
        let mut list = TopicPartitionList::with_capacity(places.len());
        for place in &places {
            list.add_partition_offset(&settings.topic, place.partition, Offset::Offset(place.from))?;
            // An old queue would take the bell along when it goes (Vector's #26438).
            self.partitions.retain(|partition| partition.number != place.partition);
            // A queue of its own before the first message comes, so that none lies elsewhere.
            let queue = self.consumer.split_partition_queue(&settings.topic, place.partition);
            let Some(mut queue) = queue else { continue };
            if let Some(ring) = self.consumer.context().bell.clone() {
                queue.set_nonempty_callback(move || _ = ring.try_send(()));
            }
            let progress = Progress::new(place.from, place.high, place.committed, now);
            self.partitions.push(Partition { number: place.partition, queue, progress });
        }
        self.partitions.sort_unstable_by_key(|partition| partition.number);
        let taken = match self.consumer.rebalance_protocol() {
            RebalanceProtocol::Cooperative => self.consumer.incremental_assign(&list),
            _ => self.consumer.assign(&list),
        };
        if let Err(error) = taken {
            // The group has changed its mind meanwhile, and asks again.
            self.partitions.retain(|partition| !numbers.contains(&partition.number));
            self.tell_once(Notice::Other { reason: format!("partitions were not taken: {error}; it is tried again") });
            return Ok(());
        }
        for place in places {
            let partition = place.partition;
            receive(Event::Assigned { partition, from: place.from });
            let messages = u64::try_from(place.high.saturating_sub(place.from)).unwrap_or(0);
            receive(Event::Lag { partition, messages });
            if place.deleted > 0 {
                receive(Event::Notice(Notice::Deleted { partition, messages: place.deleted }));
            }
            if place.started_over {
                receive(Event::Notice(Notice::StartedOver { partition }));
            }
        }
        Ok(())
    }

    /// Lets partitions go.
    fn let_go(&mut self, settings: &Settings, numbers: &[i32]) {
        for partition in self.partitions.iter().filter(|partition| numbers.contains(&partition.number)) {
            self.empty += partition.progress.empty;
            // Should it come back though the group has not heard of it, we go on where we were.
            self.saved.insert(partition.number, partition.progress.next);
        }
        self.partitions.retain(|partition| !numbers.contains(&partition.number));
        let mut list = TopicPartitionList::with_capacity(numbers.len());
        for number in numbers {
            list.add_partition(&settings.topic, *number);
        }
        let gone = match self.consumer.rebalance_protocol() {
            RebalanceProtocol::Cooperative => self.consumer.incremental_unassign(&list),
            _ => self.consumer.unassign(),
        };
        if let Err(error) = gone {
            self.tell_once(Notice::Other { reason: format!("partitions were not given back: {error}") });
        }
    }

    /// Gives partitions back that the group asks for, or has taken.
    fn give_back(&mut self, settings: &Settings, numbers: &[i32], receive: &mut dyn FnMut(Event<'_>)) {
        if self.consumer.assignment_lost() {
            receive(Event::Lost { partitions: numbers });
        } else {
            receive(Event::Revoking { partitions: numbers });
            self.commit_now(settings, numbers, clock::monotonic() + COMMIT);
        }
        self.let_go(settings, numbers);
    }
}
