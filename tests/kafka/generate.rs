//! The sink of the generator.

use crate::{ended, topic};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

fn start(folder: &TempDir, arguments: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_visor-fast"))
        .args(["generate", "access", "--seed", "1", "--truth", "t.json"])
        .args(arguments.split_whitespace())
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn truth(folder: &TempDir) -> serde_json::Value {
    serde_json::from_slice(&fs::read(folder.path().join("t.json")).unwrap()).unwrap()
}

/// How often each line is stored, how many messages and partitions there are.
fn stored(brokers: &str, topic: &str) -> (BTreeMap<Vec<u8>, u64>, u64, usize) {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "test")
        .set("enable.partition.eof", "true")
        .create()
        .unwrap();
    let metadata = consumer.fetch_metadata(Some(topic), Duration::from_secs(10)).unwrap();
    let partitions = metadata.topics()[0].partitions().len();
    let mut all = TopicPartitionList::new();
    let numbers = 0..partitions as i32;
    numbers.for_each(|partition| all.add_partition_offset(topic, partition, Offset::Beginning).unwrap());
    consumer.assign(&all).unwrap();
    let (mut lines, mut messages, mut ends) = (BTreeMap::new(), 0, 0);
    while ends < partitions {
        match consumer.poll(Duration::from_secs(20)).expect("a message or an end") {
            Ok(message) => {
                messages += 1;
                for line in message.payload().unwrap_or_default().split(|byte| *byte == b'\n') {
                    *lines.entry(line.to_vec()).or_insert(0) += 1;
                }
            }
            Err(KafkaError::PartitionEOF(_)) => ends += 1,
            Err(error) => panic!("{error}"),
        }
    }
    (lines, messages, partitions)
}

/// The lines that the seed makes.
fn made(lines: u64) -> BTreeMap<Vec<u8>, u64> {
    let folder = tempfile::tempdir().unwrap();
    let (output, _) = ended(start(&folder, &format!("--lines {lines}")));
    let mut made = BTreeMap::new();
    for line in output.stdout.strip_suffix(b"\n").unwrap().split(|byte| *byte == b'\n') {
        *made.entry(line.to_vec()).or_insert(0) += 1;
    }
    made
}

#[test]
fn every_line_is_stored_once_in_a_topic_that_was_created() {
    let Some((brokers, topic)) = topic() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (output, said) =
        ended(start(&folder, &format!("--lines 100000 --kafka {brokers}/{topic} --kafka-partitions 3")));
    assert!(output.status.success(), "{said}");
    let (lines, messages, partitions) = stored(&brokers, &topic);
    assert_eq!((messages, partitions), (100_000, 3));
    assert!(lines == made(100_000));
    let truth = truth(&folder);
    assert_eq!((truth["totals"]["lines"].as_u64(), truth.get("uncertain")), (Some(100_000), None));

    let (output, said) = ended(start(&folder, &format!("--lines 10 --kafka {brokers}/{topic} --kafka-partitions 4")));
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("has 3 partitions and not 4"), "{said}");
}

#[test]
fn every_compression_brings_the_same_lines_in_fewer_messages() {
    let expected = made(20_000);
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let Some((brokers, topic)) = topic() else { return };
        let folder = tempfile::tempdir().unwrap();
        let flags =
            format!("--kafka-compression {codec} --kafka-message-bytes 64k --kafka-partitions 2 --kafka-key word");
        let (output, said) = ended(start(&folder, &format!("--lines 20000 --kafka {brokers}/{topic} {flags}")));
        assert!(output.status.success(), "{codec}: {said}");
        let (lines, messages, _) = stored(&brokers, &topic);
        assert!(lines == expected, "{codec}");
        assert!(messages < 1000, "{codec}: {messages} messages");
    }
}

#[test]
fn an_interrupt_counts_what_was_acknowledged() {
    let Some((brokers, topic)) = topic() else { return };
    let folder = tempfile::tempdir().unwrap();
    let run = start(&folder, &format!("--rate 20000 --kafka {brokers}/{topic} --kafka-partitions 2"));
    thread::sleep(Duration::from_secs(2));
    kill_process(Pid::from_child(&run), Signal::INT).unwrap();
    let (output, said) = ended(run);
    assert_eq!(output.status.code(), Some(130), "{said}");
    let (_, messages, _) = stored(&brokers, &topic);
    let truth = truth(&folder);
    assert_eq!(truth["partial"], true);
    assert_eq!(truth.get("uncertain"), None);
    assert_eq!(truth["totals"]["lines"].as_u64(), Some(messages));
    assert!(messages > 0);
}
