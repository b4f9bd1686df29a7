//! librdkafka's statistics, as far as they are asked for: how much is left to read, and which brokers are there.
//!
//! librdkafka hands them over each `statistics.interval.ms` as JSON (its STATISTICS.md), so that asking costs no call that
//! waits for a broker.

use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;

/// What is read of them.
#[derive(Debug, Default, Deserialize)]
pub struct Statistics {
    /// Brokers by name, `HOST:PORT/ID`.
    #[serde(default)]
    brokers: BTreeMap<String, Broker>,
    /// Topics by name.
    #[serde(default)]
    topics: BTreeMap<String, Topic>,
}

/// A broker.
#[derive(Debug, Deserialize)]
struct Broker {
    /// -1: an address of the bootstrap list.
    nodeid: i32,
    state: String,
    /// Partitions that it leads, of those that are read.
    #[serde(default)]
    toppars: BTreeMap<String, IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct Topic {
    partitions: BTreeMap<i32, Offsets>,
}

/// Offsets of a partition; negative where they are not known.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub struct Offsets {
    /// The broker that leads it; -1: none does.
    pub leader: i32,
    /// Of its oldest message.
    pub lo_offset: i64,
    /// Behind its newest message that may be read: of an open transaction none may.
    pub ls_offset: i64,
    /// Of the next message that is fetched.
    pub next_offset: i64,
    /// Messages that were fetched and wait in the queue.
    pub fetchq_cnt: i64,
}

impl Offsets {
    /// Messages that were not handed on, where `next` comes next; `None` where it is not known.
    ///
    /// When nothing waits in the queue, what counts is how far was fetched and not `next`: marks of transactions take offsets too,
    /// and are never handed on.
    pub fn lag(&self, next: i64) -> Option<u64> {
        let from = if self.fetchq_cnt == 0 { self.next_offset.max(next) } else { next };
        (self.ls_offset >= 0).then(|| u64::try_from(self.ls_offset.saturating_sub(from)).unwrap_or(0))
    }
}

impl Statistics {
    /// Offsets of the topic's partitions.
    pub fn offsets(&self, topic: &str) -> impl Iterator<Item = (i32, Offsets)> + '_ {
        let topic = self.topics.get(topic).into_iter();
        topic.flat_map(|topic| topic.partitions.iter().map(|(partition, offsets)| (*partition, *offsets)))
    }

    /// Brokers, and whether they lead partitions that are read and are connected.
    pub fn brokers(&self) -> impl Iterator<Item = Seen<'_>> {
        let brokers = self.brokers.iter().filter(|(_, broker)| broker.nodeid >= 0);
        brokers.map(|(name, broker)| Seen {
            address: name.rsplit_once('/').map_or(name.as_str(), |(address, _)| address),
            leads: !broker.toppars.is_empty(),
            is_up: broker.state == "UP",
        })
    }

    /// Whether the leader of a partition is connected.
    pub fn is_reachable(&self, offsets: &Offsets) -> bool {
        offsets.leader >= 0
            && self.brokers.values().any(|broker| broker.nodeid == offsets.leader && broker.state == "UP")
    }
}

/// A broker, as it is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen<'s> {
    /// `HOST:PORT`.
    pub address: &'s str,
    /// Whether it leads partitions that are read.
    pub leads: bool,
    /// Whether it is connected.
    pub is_up: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_to_read() {
        let cases = [
            ("nothing was fetched yet", (100, 0, 0), 0, Some(100)),
            ("some waits in the queue", (100, 100, 40), 60, Some(40)),
            ("all was read", (100, 100, 0), 100, Some(0)),
            ("the last offset is a mark of a transaction", (101, 101, 0), 100, Some(0)),
            ("a transaction is open: what is behind it cannot be read", (50, 50, 0), 50, Some(0)),
            ("the broker has not said", (-1001, 0, 0), 0, None),
            ("read further than it last said", (100, 120, 0), 120, Some(0)),
        ];
        for (what, (ls_offset, next_offset, fetchq_cnt), next, expected) in cases {
            let offsets = Offsets { leader: 1, lo_offset: 0, ls_offset, next_offset, fetchq_cnt };
            assert_eq!(offsets.lag(next), expected, "{what}");
        }
    }

    #[test]
    fn statistics_are_read_as_librdkafka_writes_them() {
        let text = r#"{"name": "visor-fast#consumer-1", "type": "consumer", "brokers": {
            "127.0.0.1:9092/bootstrap": {"nodeid": -1, "state": "UP", "toppars": {}},
            "127.0.0.1:9092/1": {"nodeid": 1, "state": "UP", "toppars": {"T-0": {"topic": "T", "partition": 0}}},
            "127.0.0.1:9093/2": {"nodeid": 2, "state": "TRY_CONNECT", "toppars": {"T-1": {}}},
            "127.0.0.1:9094/3": {"nodeid": 3, "state": "INIT", "toppars": {}}},
            "topics": {"T": {"topic": "T", "partitions": {
                "0": {"partition": 0, "leader": 1, "lo_offset": 3, "ls_offset": 9, "hi_offset": 9, "next_offset": 5, "fetchq_cnt": 2},
                "-1": {"partition": -1, "leader": -1, "lo_offset": -1001, "ls_offset": -1001, "next_offset": 0, "fetchq_cnt": 0}}}}}"#;
        let statistics: Statistics = serde_json::from_str(text).unwrap();
        let brokers: Vec<_> = statistics.brokers().map(|broker| (broker.address, broker.leads, broker.is_up)).collect();
        assert_eq!(
            brokers,
            [("127.0.0.1:9092", true, true), ("127.0.0.1:9093", true, false), ("127.0.0.1:9094", false, false)]
        );
        let is_reachable =
            |leader| statistics.is_reachable(&Offsets { leader, ..statistics.offsets("T").next().unwrap().1 });
        assert_eq!([1, 2, 3, -1].map(is_reachable), [true, false, false, false]);
        let offsets: Vec<_> = statistics.offsets("T").collect();
        assert_eq!(offsets[1], (0, Offsets { leader: 1, lo_offset: 3, ls_offset: 9, next_offset: 5, fetchq_cnt: 2 }));
        assert_eq!(statistics.offsets("other").count(), 0);
    }
}
