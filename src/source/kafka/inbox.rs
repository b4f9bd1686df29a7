//! What librdkafka says, put down until the caller's next `poll` reads it.
//!
//! librdkafka speaks through callbacks, in the middle of a call. Here nothing is done but noting it: also a rebalance is
//! answered only afterwards, by whoever holds the receiver. The protocol allows that: a member may take its time, up to
//! `max.poll.interval.ms`, until it calls assign or unassign (librdkafka's `rd_kafka_event_t`, RD_KAFKA_EVENT_REBALANCE).

use super::statistics::Statistics;
use crossbeam::channel::Sender;
use rdkafka::TopicPartitionList;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, RebalanceProtocol};
use rdkafka::error::KafkaError;
use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Errors that are kept until they are read.
const ERRORS_MAX: usize = 64;

/// The inbox.
#[derive(Default)]
pub struct Inbox {
    inside: Mutex<Inside>,
    /// Whether revoked partitions are let go at once: nobody will read the inbox any more.
    is_closing: AtomicBool,
    /// Rung when something came.
    pub bell: Option<Sender<()>>,
}

/// What lies in it.
#[derive(Default)]
pub struct Inside {
    /// Rebalances to be answered, in their order.
    pub rebalances: VecDeque<Rebalance>,
    /// Errors that were not read yet.
    pub errors: Vec<(RDKafkaErrorCode, String)>,
    /// The newest statistics.
    pub statistics: Option<Statistics>,
    /// Answers to commits.
    pub commits: Vec<Commit>,
}

/// Which partitions come or go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rebalance {
    /// These are ours.
    Assign(Vec<i32>),
    /// These are no longer.
    Revoke(Vec<i32>),
}

/// The answer to a commit.
#[derive(Clone, Debug, PartialEq)]
pub struct Commit {
    /// Offsets by partition that are committed now.
    pub done: Vec<(i32, i64)>,
    /// Why they are not.
    pub trouble: Option<RDKafkaErrorCode>,
    /// Whether it was the last one of its partitions, which are given away.
    pub is_last: bool,
}

impl Inbox {
    /// An empty one, that rings `bell` when something comes.
    pub fn with_bell(bell: Sender<()>) -> Inbox {
        Inbox { bell: Some(bell), ..Inbox::default() }
    }

    /// What lies in it.
    pub fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on revoked partitions are let go at once.
    pub fn close(&self) {
        self.is_closing.store(true, Ordering::SeqCst);
    }

    /// Puts the answer to a commit in.
    pub fn committed(&self, commit: Commit) {
        self.lock().commits.push(commit);
        self.ring();
    }

    fn ring(&self) {
        if let Some(bell) = &self.bell {
            // A full bell has been rung.
            let _ = bell.try_send(());
        }
    }
}

impl ClientContext for Inbox {
    /// librdkafka would write to stderr; what is worth saying is said by us.
    fn log(&self, _level: RDKafkaLogLevel, _facility: &str, _message: &str) {}

    fn stats_raw(&self, statistics: &[u8]) {
        if let Ok(statistics) = serde_json::from_slice(statistics) {
            self.lock().statistics = Some(statistics);
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let Some(code) = error.rdkafka_error_code() else { return };
        let mut inside = self.lock();
        if inside.errors.len() < ERRORS_MAX {
            inside.errors.push((code, reason.to_string()));
        }
    }
}

impl ConsumerContext for Inbox {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, which: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let is_assign = which == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        if self.is_closing.load(Ordering::SeqCst) {
            // An assignment is not taken any more; librdkafka, which is closing, sees to it.
            let _ = match consumer.rebalance_protocol() {
                RebalanceProtocol::Cooperative if !is_assign => consumer.incremental_unassign(list),
                _ => consumer.unassign(),
            };
            return;
        }
        let partitions = list.elements().iter().map(|element| element.partition()).collect();
        let rebalance = if is_assign { Rebalance::Assign(partitions) } else { Rebalance::Revoke(partitions) };
        self.lock().rebalances.push_back(rebalance);
        self.ring();
    }
}
