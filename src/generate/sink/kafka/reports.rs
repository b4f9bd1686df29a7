//! Delivery reports -> which lines arrived.
//!
//! Each message carries its number, and the producer says of each number whether it was stored. A [`Sending`] is the messages
//! of one portion; when the last of them is reported, its lines are settled together, so that the truth is counted in long
//! runs of lines and not line by line. Reports of one partition come in order, those of several do not.

use super::super::super::queue::Portion;
use crate::clock;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::ProducerContext;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// What the producer reported.
#[derive(Debug, Default)]
pub struct Reports {
    inside: Mutex<Inside>,
}

/// The reports behind their lock.
#[derive(Debug, Default)]
pub struct Inside {
    /// Portions whose messages are under way, in the order of their numbers.
    sendings: VecDeque<Sending>,
    /// The number of the next message.
    next: usize,
    /// Why a message was not delivered; the first reason.
    pub failure: Option<KafkaError>,
    /// Troubles that the producer told of and went on: a broker out of reach.
    pub errors: u64,
    /// What it said of the last.
    pub last_error: Option<String>,
}

/// The messages of one portion.
#[derive(Debug)]
struct Sending {
    portion: Portion,
    /// The number of its first message.
    first: usize,
    /// Where each message ends, in lines of the block.
    ends: Vec<u32>,
    /// Messages not reported yet.
    pending: usize,
    /// Messages that were not delivered, counted within the sending.
    lost: Vec<usize>,
    /// When the last report came.
    last: Option<Instant>,
}

/// Lines of one portion that arrived.
#[derive(Debug)]
pub struct Settled {
    /// The portion.
    pub portion: Portion,
    /// Its lines that arrived, counted within the block.
    pub arrived: Vec<Range<usize>>,
    /// When the last was acknowledged.
    pub at: Instant,
}

impl Reports {
    /// Notes a portion that is about to be sent in messages that end before these lines of its block. Returns the number of
    /// its first message.
    pub fn begin(&self, portion: &Portion, ends: Vec<u32>) -> usize {
        let mut inside = self.lock();
        let first = inside.next;
        inside.next = first.wrapping_add(ends.len());
        let pending = ends.len();
        inside.sendings.push_back(Sending {
            portion: portion.clone(),
            first,
            ends,
            pending,
            lost: Vec::new(),
            last: None,
        });
        first
    }

    /// Notes what became of a message.
    pub fn report(&self, number: usize, error: Option<KafkaError>) {
        let mut inside = self.lock();
        let Some(base) = inside.sendings.front().map(|sending| sending.first) else { return };
        // Numbers may wrap around; differences do not.
        let at = number.wrapping_sub(base);
        let index = inside.sendings.partition_point(|sending| sending.first.wrapping_sub(base) <= at);
        let Some(sending) = index.checked_sub(1).and_then(|index| inside.sendings.get_mut(index)) else { return };
        sending.pending = sending.pending.saturating_sub(1);
        if error.is_some() {
            sending.lost.push(number.wrapping_sub(sending.first));
        }
        if sending.pending == 0 {
            sending.last = Some(clock::monotonic());
        }
        if let Some(error) = error {
            inside.failure.get_or_insert(error);
        }
    }

    /// The next portion all of whose messages are reported.
    pub fn settled(&self) -> Option<Settled> {
        let sending = {
            let mut inside = self.lock();
            if inside.sendings.front()?.pending > 0 {
                return None;
            }
            inside.sendings.pop_front()?
        };
        let at = sending.last.unwrap_or_else(clock::monotonic);
        Some(Settled { arrived: sending.arrived(), portion: sending.portion, at })
    }

    /// The reports.
    pub fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sending {
    fn arrived(&self) -> Vec<Range<usize>> {
        let mut lost = self.lost.clone();
        lost.sort_unstable();
        let start_of = |message: usize| match message {
            0 => self.portion.lines.start,
            message => self.ends.get(message - 1).map_or(self.portion.lines.end, |end| *end as usize),
        };
        let mut from = self.portion.lines.start;
        let mut arrived = Vec::new();
        for message in lost {
            arrived.push(from..start_of(message));
            from = start_of(message + 1);
        }
        arrived.push(from..self.portion.lines.end);
        arrived.retain(|lines| !lines.is_empty());
        arrived
    }
}

impl ClientContext for Reports {
    /// librdkafka would write to stderr; what is worth saying is said by us.
    fn log(&self, _level: RDKafkaLogLevel, _facility: &str, _message: &str) {}

    fn error(&self, _error: KafkaError, reason: &str) {
        let mut inside = self.lock();
        inside.errors += 1;
        inside.last_error = Some(reason.to_string());
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, number: usize) {
        self.report(number, result.as_ref().err().map(|(error, _)| error.clone()));
    }
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init, reason = "lists of ranges, some of them short")]
mod tests {
    use super::super::super::super::tests_support::block_of;
    use super::*;
    use rdkafka::types::RDKafkaErrorCode;
    use std::sync::Arc;

    #[test]
    fn lines_are_settled_by_the_numbers_of_their_messages() {
        let block = block_of(&["a"; 10]);
        let lost = || Some(KafkaError::MessageProduction(RDKafkaErrorCode::MessageTimedOut));
        let cases: [(&str, &[u32], &[usize], &[Range<usize>]); 5] = [
            ("one line each, all arrive", &[3, 4, 5, 6], &[], &[2..6]),
            ("one is lost", &[3, 4, 5, 6], &[1], &[2..3, 4..6]),
            ("first and last, out of order", &[3, 4, 5, 6], &[3, 0], &[3..5]),
            ("several lines in a message", &[4, 6], &[0], &[4..6]),
            ("all", &[6], &[0], &[]),
        ];
        for (what, ends, lost_ones, arrived) in cases {
            let reports = Reports::default();
            reports.lock().next = usize::MAX; // numbers wrap around here
            let earlier = reports.begin(&Portion { block: Arc::clone(&block), lines: 0..2 }, vec![1, 2]);
            let first = reports.begin(&Portion { block: Arc::clone(&block), lines: 2..6 }, ends.to_vec());
            for message in (0..ends.len()).rev() {
                assert!(reports.settled().is_none(), "{what}");
                reports.report(first.wrapping_add(message), lost_ones.contains(&message).then(lost).flatten());
            }
            assert!(reports.settled().is_none(), "{what}: the earlier one is still under way");
            reports.report(earlier, None);
            reports.report(earlier.wrapping_add(1), None);
            assert_eq!(reports.settled().map(|settled| settled.arrived), Some(vec![0..2]), "{what}");
            assert_eq!(reports.settled().map(|settled| settled.arrived), Some(arrived.to_vec()), "{what}");
            assert_eq!(reports.lock().failure.is_some(), !lost_ones.is_empty(), "{what}");
        }
    }
}
