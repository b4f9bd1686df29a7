//! The source against librdkafka's mock cluster, which speaks the real protocol on loopback.
//!
//! Not there: transactions, retention, rights by rule, topics that are deleted; tests/kafka has those that need a real broker.

mod group_tests;
mod reading_tests;
mod trouble_tests;

use super::{Begin, Event, Kafka, Notice, Settings};
use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};
use std::collections::BTreeMap;
use std::time::Duration;

type Cluster = MockCluster<'static, DefaultProducerContext>;

const TOPIC: &str = "Logs";

fn cluster(partitions: i32) -> Cluster {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic(TOPIC, partitions, 1).unwrap();
    cluster
}

fn settings(cluster: &Cluster) -> Settings {
    settings_at(&cluster.bootstrap_servers())
}

fn settings_at(brokers: &str) -> Settings {
    // So that the test of a member that is gone need not wait for three quarters of a minute.
    let set = [("session.timeout.ms", "10000"), ("heartbeat.interval.ms", "500"), ("statistics.interval.ms", "200")];
    let set = set.map(|(name, value)| (name.to_string(), value.to_string())).to_vec();
    Settings { begin: Begin::Beginning, set, ..Settings::new(brokers, TOPIC) }
}

/// Puts messages into the topic.
struct Writer(BaseProducer);

impl Writer {
    fn new(cluster: &Cluster) -> Writer {
        Writer::at(&cluster.bootstrap_servers())
    }

    fn at(brokers: &str) -> Writer {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", brokers).set("enable.idempotence", "true");
        Writer(config.create().unwrap())
    }

    fn put(&self, partition: i32, payload: Option<&[u8]>) {
        let mut record = BaseRecord::<[u8], [u8]>::to(TOPIC).partition(partition);
        record.payload = payload;
        self.0.send(record).map_err(|(error, _)| error).unwrap();
    }

    /// Numbered lines, one a message, in turn into so many partitions.
    fn put_numbers(&self, partitions: i32, numbers: std::ops::Range<u32>) {
        for number in numbers {
            self.put(number as i32 % partitions, Some(format!("line {number}").as_bytes()));
        }
        self.done();
    }

    fn done(&self) {
        self.0.flush(Duration::from_secs(20)).unwrap();
    }
}

/// A source, and what it told.
struct Reader {
    kafka: Kafka,
    heard: Heard,
}

#[derive(Default)]
struct Heard {
    /// By partition.
    text: BTreeMap<i32, Vec<u8>>,
    next: BTreeMap<i32, i64>,
    lag: BTreeMap<i32, u64>,
    /// Partitions that are ours, and where they began.
    ours: BTreeMap<i32, i64>,
    lost: Vec<i32>,
    notices: Vec<Notice>,
}

impl Heard {
    fn hear(&mut self, event: Event<'_>) {
        match event {
            Event::Assigned { partition, from } => assert!(self.ours.insert(partition, from).is_none()),
            Event::Lines { partition, text, next } => {
                assert!(self.ours.contains_key(&partition), "{partition} is not ours");
                let all = self.text.entry(partition).or_default();
                all.extend_from_slice(text);
                if !text.ends_with(b"\n") {
                    all.push(b'\n');
                }
                self.next.insert(partition, next);
            }
            Event::Lag { partition, messages } => _ = self.lag.insert(partition, messages),
            Event::Revoking { partitions } => {
                partitions.iter().for_each(|partition| assert!(self.ours.remove(partition).is_some()));
            }
            Event::Lost { partitions } => {
                partitions.iter().for_each(|partition| _ = self.ours.remove(partition));
                self.lost.extend_from_slice(partitions);
            }
            Event::Notice(notice) => self.notices.push(notice),
        }
    }

    fn lines(&self) -> usize {
        self.text.values().map(|text| memchr::memchr_iter(b'\n', text).count()).sum()
    }

    /// How often each line came.
    fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for text in self.text.values() {
            for line in std::str::from_utf8(text).unwrap().lines() {
                *counts.entry(line.to_string()).or_default() += 1;
            }
        }
        counts
    }
}

impl Reader {
    fn new(settings: Settings) -> Reader {
        Reader { kafka: Kafka::new(settings).unwrap(), heard: Heard::default() }
    }

    fn poll(&mut self) {
        let heard = &mut self.heard;
        self.kafka.poll(Duration::from_millis(20), &mut |event| heard.hear(event)).unwrap();
    }

    /// Polls until it is so, for three minutes at the most: on a busy machine joining a group alone may take one.
    fn until(&mut self, what: &str, is_so: impl Fn(&Heard) -> bool) {
        let begin = crate::clock::monotonic();
        while !is_so(&self.heard) {
            self.poll();
            assert!(
                begin.elapsed() < Duration::from_secs(180),
                "{what}: not within three minutes; {:?}",
                self.heard.notices
            );
        }
    }

    /// Polls for so long.
    fn for_a_while(&mut self, time: Duration) {
        let begin = crate::clock::monotonic();
        while begin.elapsed() < time {
            self.poll();
        }
    }

    fn leave(&mut self) {
        let heard = &mut self.heard;
        self.kafka.leave(Duration::from_secs(10), &mut |event| heard.hear(event));
        assert!(self.heard.ours.is_empty());
    }
}

/// That each of the numbered lines came once in all.
fn assert_once(counts: impl IntoIterator<Item = BTreeMap<String, usize>>, numbers: std::ops::Range<u32>) {
    let mut all = BTreeMap::new();
    for (line, count) in counts.into_iter().flatten() {
        *all.entry(line).or_insert(0) += count;
    }
    let wrong: Vec<_> = numbers
        .clone()
        .map(|number| format!("line {number}"))
        .filter_map(|line| (all.get(&line) != Some(&1)).then(|| (all.get(&line).copied(), line)))
        .collect();
    assert!(wrong.is_empty(), "{} of {} are wrong: {:?}...", wrong.len(), numbers.len(), &wrong[..wrong.len().min(5)]);
    assert_eq!(all.len(), numbers.len());
}
