//! The producer against librdkafka's mock cluster, whose messages a consumer of ours reads back.

use super::{Key, Settings};
use crate::generate::book::Account;
use crate::generate::plan::Plan;
use crate::generate::run::{Options, Progress, Ready, run};
use crate::generate::settings::Settings as PlanSettings;
use crate::generate::sink::Target;
use crate::generate::stop::Stop;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

type Cluster = MockCluster<'static, DefaultProducerContext>;

const PARTITIONS: i32 = 4;

fn cluster() -> Cluster {
    let cluster = MockCluster::new(2).unwrap();
    cluster.create_topic("Logs", PARTITIONS, 1).unwrap();
    cluster
}

fn settings(cluster: &Cluster) -> Settings {
    Settings {
        brokers: cluster.bootstrap_servers(),
        topic: "Logs".to_string(),
        partitions: Some(PARTITIONS as u32),
        key: Key::None,
        message_bytes: 0,
        compression: "none".to_string(),
        acks: "all".to_string(),
        set: Vec::new(),
    }
}

fn send(settings: Settings, lines: u64) -> Account {
    let plan = Plan::new(PlanSettings { lines: Some(lines), ..PlanSettings::default() }).unwrap();
    let stop = Arc::new(Stop::new());
    let ready = Ready::new(vec![Target::Kafka(settings).open().unwrap()], &stop, |_| {});
    let options = Options { queue_bytes: 1 << 20, threads: 1, truth: true };
    run(ready, Arc::new(plan), options, stop, &Progress::default()).remove(0)
}

/// How often each line was stored, and in which partition it was last; and the number of messages.
fn stored(cluster: &Cluster) -> (BTreeMap<Vec<u8>, (u64, i32)>, u64) {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", cluster.bootstrap_servers())
        .set("group.id", "test")
        .set("enable.partition.eof", "true")
        .create()
        .unwrap();
    let mut all = TopicPartitionList::new();
    (0..PARTITIONS).for_each(|partition| all.add_partition_offset("Logs", partition, Offset::Beginning).unwrap());
    consumer.assign(&all).unwrap();
    let (mut lines, mut messages, mut ended) = (BTreeMap::new(), 0, 0);
    while ended < PARTITIONS {
        match consumer.poll(Duration::from_secs(10)).expect("a message or an end") {
            Ok(message) => {
                messages += 1;
                for line in message.payload().unwrap_or_default().split(|byte| *byte == b'\n') {
                    let (count, partition) = lines.entry(line.to_vec()).or_insert((0, 0));
                    (*count, *partition) = (*count + 1, message.partition());
                }
            }
            Err(rdkafka::error::KafkaError::PartitionEOF(_)) => ended += 1,
            Err(error) => panic!("{error}"),
        }
    }
    (lines, messages)
}

fn count(lines: &BTreeMap<Vec<u8>, (u64, i32)>) -> u64 {
    lines.values().map(|(count, _)| count).sum()
}

/// The lines that the plan makes, with how often each is made.
fn made(lines: u64) -> BTreeMap<Vec<u8>, u64> {
    use crate::generate::{block::Block, maker::Maker};
    let plan = Plan::new(PlanSettings { lines: Some(lines), ..PlanSettings::default() }).unwrap();
    let mut block = Block::new();
    let mut made = BTreeMap::new();
    let mut maker = Maker::new(Arc::new(plan), false);
    for start in (0..lines).step_by(4096) {
        maker.fill(start..(start + 4096).min(lines), &mut block);
        for line in block.text().strip_suffix(b"\n").unwrap().split(|byte| *byte == b'\n') {
            *made.entry(line.to_vec()).or_insert(0) += 1;
        }
    }
    made
}

#[test]
fn every_line_is_stored_once_and_counted_once() {
    let cluster = cluster();
    let account = send(settings(&cluster), 10_000);
    let (lines, messages) = stored(&cluster);
    assert_eq!((account.failure, account.lines, account.shed), (None, 10_000, 0));
    assert_eq!(account.truth.map(|truth| truth.lines()), Some(10_000));
    assert_eq!((messages, count(&lines)), (10_000, 10_000));
    let counts: BTreeMap<_, _> = lines.into_iter().map(|(line, (count, _))| (line, count)).collect();
    assert!(counts == made(10_000));
}

#[test]
fn many_lines_in_a_message_are_whole_lines() {
    let cluster = cluster();
    let account =
        send(Settings { message_bytes: 10_000, compression: "lz4".to_string(), ..settings(&cluster) }, 10_000);
    let (lines, messages) = stored(&cluster);
    assert_eq!((account.failure, account.lines, count(&lines)), (None, 10_000, 10_000));
    assert!((80..1000).contains(&messages), "{messages}");
    assert!(lines.len() == made(10_000).len());
}

#[test]
fn equal_keys_go_to_one_partition() {
    let cluster = cluster();
    let account = send(Settings { key: Key::Word, ..settings(&cluster) }, 10_000);
    let (lines, _) = stored(&cluster);
    assert_eq!((account.failure, account.lines), (None, 10_000));
    let mut partitions: BTreeMap<&[u8], i32> = BTreeMap::new();
    for (line, (_, partition)) in &lines {
        let word = line.split(|byte| *byte == b' ').next().unwrap();
        assert_eq!(partitions.entry(word).or_insert(*partition), partition, "{}", String::from_utf8_lossy(word));
    }
    assert!(partitions.len() > 4);
}

#[test]
fn what_is_sent_again_is_stored_once() {
    let cluster = cluster();
    let again = [
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
    ];
    // Not a broken connection: the mock cluster would store again what it had stored, where a broker looks at numbers.
    let opened = settings(&cluster);
    cluster.request_errors(RDKafkaApiKey::Produce, &again);
    let account = send(opened, 10_000);
    assert_eq!((account.failure, account.lines), (None, 10_000));
    assert_eq!(count(&stored(&cluster).0), 10_000);
}

#[test]
fn what_is_refused_is_not_in_the_truth() {
    let cluster = cluster();
    let opened = Settings { set: vec![("batch.num.messages".to_string(), "500".to_string())], ..settings(&cluster) };
    cluster.request_errors(RDKafkaApiKey::Produce, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED]);
    let account = send(opened, 10_000);
    let failure = account.failure.expect("a failure");
    assert!(failure.starts_with("kafka://") && failure.contains("were not delivered"), "{failure}");
    assert!(account.lines < 10_000, "{} lines", account.lines);
    assert!(account.uncertain.is_some());
    assert_eq!(account.truth.map(|truth| truth.lines()), Some(account.lines));
    // What the broker stored and did not acknowledge in time is the uncertainty.
    assert!(count(&stored(&cluster).0) >= account.lines);
}

#[test]
fn a_topic_with_other_partitions_is_not_taken() {
    let cluster = cluster();
    let wanted = Settings { partitions: Some(7), ..settings(&cluster) };
    let Err(sentence) = Target::Kafka(wanted).open() else { panic!("opened") };
    assert!(sentence.contains("has 4 partitions and not 7"), "{sentence}");
}
