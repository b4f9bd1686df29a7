//! Where a partition begins.
//!
//! The larger of what the caller saved and what the group committed: whoever saved less had not heard of the others' work, and
//! whoever committed less was killed between the two. The place is compared with what the broker has, so that a loss is told
//! where it is found and not passed over.

use super::inbox::Inbox;
use super::settings::{Begin, Settings};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long a broker may take for one of the three answers; then it is asked again.
const ANSWER: Duration = Duration::from_secs(1);

/// Where a partition begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The partition.
    pub partition: i32,
    /// The offset of the first message that is read.
    pub from: i64,
    /// The offset behind the newest message.
    pub high: i64,
    /// What the group has committed of this topic.
    pub committed: Option<i64>,
    /// Offsets before it that were deleted before they were read.
    pub deleted: u64,
    /// Whether what was read of it before was of another topic of the same name.
    pub started_over: bool,
}

/// What a place is made of.
#[derive(Clone, Copy, Debug)]
struct Known {
    saved: Option<i64>,
    committed: Option<i64>,
    /// The broker's oldest message, and behind its newest.
    low: i64,
    high: i64,
    begin: Begin,
}

/// Where partitions begin. `saved` has what the caller saved; partitions from the number `later` on were added since the start.
///
/// # Errors
/// The group's coordinator or a partition's leader does not answer.
pub fn places(
    consumer: &BaseConsumer<Inbox>,
    settings: &Settings,
    partitions: &[i32],
    saved: &BTreeMap<i32, i64>,
    later: i32,
) -> KafkaResult<Vec<Place>> {
    if partitions.is_empty() {
        return Ok(Vec::new());
    }
    let list = |offset: Offset| -> KafkaResult<TopicPartitionList> {
        let mut list = TopicPartitionList::with_capacity(partitions.len());
        for partition in partitions {
            list.add_partition_offset(&settings.topic, *partition, offset)?;
        }
        Ok(list)
    };
    let committed = offsets(&consumer.committed_offsets(list(Offset::Invalid)?, ANSWER)?)?;
    let low = offsets(&consumer.offsets_for_times(list(Offset::Beginning)?, ANSWER)?)?;
    let high = offsets(&consumer.offsets_for_times(list(Offset::End)?, ANSWER)?)?;
    let place = |partition: &i32| -> KafkaResult<Place> {
        let missing = || KafkaError::OffsetFetch(rdkafka::types::RDKafkaErrorCode::NoOffset);
        let known = Known {
            saved: saved.get(partition).copied(),
            committed: committed.get(partition).copied(),
            low: low.get(partition).copied().ok_or_else(missing)?,
            high: high.get(partition).copied().ok_or_else(missing)?,
            begin: if *partition >= later { Begin::Beginning } else { settings.begin },
        };
        Ok(decide(*partition, known))
    };
    partitions.iter().map(place).collect()
}

/// The offsets of a list that are known.
fn offsets(list: &TopicPartitionList) -> KafkaResult<BTreeMap<i32, i64>> {
    let mut offsets = BTreeMap::new();
    for element in list.elements() {
        element.error()?;
        if let Offset::Offset(offset) = element.offset() {
            offsets.insert(element.partition(), offset);
        }
    }
    Ok(offsets)
}

fn decide(partition: i32, known: Known) -> Place {
    let Known { saved, committed, low, high, begin } = known;
    let place = Place { partition, from: low, high, committed, deleted: 0, started_over: false };
    match saved.max(committed) {
        None => Place { from: if begin == Begin::End { high } else { low }, ..place },
        Some(read) if read > high => Place { started_over: true, committed: None, ..place },
        Some(read) if read < low => Place { deleted: u64::try_from(low - read).unwrap_or(0), ..place },
        Some(read) => Place { from: read, ..place },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_partition_begins() {
        use Begin::{Beginning, End};
        let cases = [
            ("nobody has read it, from its end", (None, None, End), (90, 0, false)),
            ("nobody has read it, from its beginning", (None, None, Beginning), (10, 0, false)),
            ("the group has", (None, Some(50), End), (50, 0, false)),
            ("we have saved less: another member went on", (Some(40), Some(50), End), (50, 0, false)),
            ("we have saved more: killed before the commit", (Some(60), Some(50), End), (60, 0, false)),
            ("only we have", (Some(60), None, Beginning), (60, 0, false)),
            ("all was read", (None, Some(90), Beginning), (90, 0, false)),
            ("retention was faster", (None, Some(4), End), (10, 6, false)),
            ("nothing was read yet, and some is gone", (Some(0), None, End), (10, 10, false)),
            ("the topic was made anew", (Some(91), Some(50), End), (10, 0, true)),
        ];
        for (what, (saved, committed, begin), (from, deleted, started_over)) in cases {
            let place = decide(3, Known { saved, committed, low: 10, high: 90, begin });
            let committed = committed.filter(|_| !started_over);
            assert_eq!(place, Place { partition: 3, from, high: 90, committed, deleted, started_over }, "{what}");
        }
    }
}
