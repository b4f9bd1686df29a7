//! What is wrong is told once, with the cure, and when it is over.

use super::*;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use std::net::TcpListener;

/// The kinds of notices, in their order.
fn kinds(reader: &Reader) -> Vec<String> {
    let kind = |notice: &Notice| format!("{notice:?}").split([' ', '{']).next().unwrap_or_default().to_string();
    reader.heard.notices.iter().map(kind).collect()
}

#[test]
fn a_broker_that_is_away_at_the_start_is_told_once_and_tried_without_end() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let mut reader = Reader::new(Settings::new(&free, TOPIC));
    reader.for_a_while(Duration::from_secs(5));
    assert_eq!(kinds(&reader), ["Unreachable"]);
    let sentence = reader.heard.notices[0].sentence(&reader.kafka.settings().name());
    let begin = format!("kafka://{free}/Logs: no broker answers: ");
    assert!(sentence.starts_with(&begin) && sentence.contains("Connection refused"), "{sentence}");
    assert!(sentence.contains("see that Kafka runs there"), "{sentence}");
    let begin = crate::clock::monotonic();
    reader.leave();
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
}

#[test]
fn a_topic_that_is_not_there_is_looked_for_and_read_from_its_beginning() {
    let cluster: Cluster = MockCluster::new(1).unwrap();
    let mut reader = Reader::new(Settings { begin: Begin::End, ..settings(&cluster) });
    reader.until("it is told", |heard| !heard.notices.is_empty());
    reader.for_a_while(Duration::from_secs(2));
    assert_eq!(kinds(&reader), ["UnknownTopic"]);
    cluster.create_topic(TOPIC, 2, 1).unwrap();
    Writer::new(&cluster).put_numbers(2, 0..100);
    reader.until("all is read", |heard| heard.lines() == 100);
    assert_eq!(kinds(&reader), ["UnknownTopic", "Found"]);
}

#[test]
fn a_topic_that_may_not_be_read_is_told_with_the_cure() {
    let cluster = cluster(1);
    cluster.topic_error(TOPIC, RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED).unwrap();
    let mut reader = Reader::new(settings(&cluster));
    reader.until("it is told", |heard| !heard.notices.is_empty());
    let sentence = reader.heard.notices[0].sentence("kafka://b/Logs");
    assert!(
        sentence.starts_with("kafka://b/Logs: may not be read: Topic authorization failed; let the user"),
        "{sentence}"
    );
    cluster.topic_error(TOPIC, RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR).unwrap();
    Writer::new(&cluster).put_numbers(1, 0..10);
    reader.until("it is read", |heard| heard.lines() == 10);
    assert_eq!(kinds(&reader), ["Forbidden", "Found"]);
}

#[test]
fn a_broker_that_goes_and_comes_back_costs_no_line() {
    let cluster = cluster(2);
    let writer = Writer::new(&cluster);
    writer.put_numbers(2, 0..1000);
    let mut reader = Reader::new(settings(&cluster));
    reader.until("some are read", |heard| heard.lines() == 1000);
    cluster.broker_down(1).unwrap();
    reader.until("it is away", |heard| heard.notices.iter().any(|notice| matches!(notice, Notice::BrokerAway { .. })));
    reader.for_a_while(Duration::from_secs(2));
    cluster.broker_up(1).unwrap();
    writer.put_numbers(2, 1000..2000);
    reader.until("all are read", |heard| heard.lines() >= 2000);
    reader.until("it is back", |heard| heard.notices.iter().any(|notice| matches!(notice, Notice::BrokerBack { .. })));
    assert_eq!(kinds(&reader), ["BrokerAway", "BrokerBack"], "{:?}", reader.heard.notices);
    assert_once([reader.heard.counts()], 0..2000);
}

#[test]
fn a_group_that_leaves_while_its_broker_is_away_does_not_wait_for_it() {
    let cluster = cluster(2);
    Writer::new(&cluster).put_numbers(2, 0..100);
    let mut reader = Reader::new(settings(&cluster));
    reader.until("all are read", |heard| heard.lines() == 100);
    cluster.broker_down(1).unwrap();
    reader.for_a_while(Duration::from_secs(1));
    let begin = crate::clock::monotonic();
    let heard = &mut reader.heard;
    reader.kafka.leave(Duration::from_secs(2), &mut |event| heard.hear(event));
    assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
    assert!(kinds(&reader).contains(&"NotCommitted".to_string()), "{:?}", reader.heard.notices);
}

#[test]
fn fetches_that_fail_are_tried_again_and_cost_no_line() {
    let cluster = cluster(2);
    let writer = Writer::new(&cluster);
    let mut reader = Reader::new(settings(&cluster));
    reader.until("both are ours", |heard| heard.ours.len() == 2);
    let errors = [
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN,
        RDKafkaRespErr::RD_KAFKA_RESP_ERR__TRANSPORT,
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
    ];
    for (part, error) in (0u32..).zip(errors) {
        cluster.request_errors(RDKafkaApiKey::Fetch, &[error; 3]);
        writer.put_numbers(2, part * 200..(part + 1) * 200);
        reader.until("all are read", |heard| heard.lines() >= (part as usize + 1) * 200);
    }
    assert_once([reader.heard.counts()], 0..1000);
}

#[test]
fn a_leader_that_changes_costs_no_line() {
    let cluster: Cluster = MockCluster::new(2).unwrap();
    cluster.create_topic(TOPIC, 2, 2).unwrap();
    let writer = Writer::new(&cluster);
    let mut reader = Reader::new(settings(&cluster));
    for part in 0..4u32 {
        cluster.partition_leader(TOPIC, 0, Some(1 + (part as i32) % 2)).unwrap();
        cluster.partition_leader(TOPIC, 1, Some(2 - (part as i32) % 2)).unwrap();
        writer.put_numbers(2, part * 200..(part + 1) * 200);
        reader.until("all are read", |heard| heard.lines() >= (part as usize + 1) * 200);
    }
    assert_once([reader.heard.counts()], 0..800);
}

#[test]
fn a_partition_that_stands_still_is_told_and_fetched_anew() {
    let cluster = cluster(1);
    let writer = Writer::new(&cluster);
    let mut reader = Reader::new(Settings { stalled_after: Duration::from_secs(2), ..settings(&cluster) });
    writer.put_numbers(1, 0..10);
    reader.until("some are read", |heard| heard.lines() == 10);
    cluster.request_errors(RDKafkaApiKey::Fetch, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN; 1000]);
    writer.put_numbers(1, 10..20);
    let is = |heard: &Heard, of: fn(&Notice) -> bool| heard.notices.iter().any(of);
    reader.until("it stands still", |heard| is(heard, |notice| matches!(notice, Notice::Stalled { partition: 0, .. })));
    cluster.clear_request_errors(RDKafkaApiKey::Fetch);
    reader.until("it moves", |heard| is(heard, |notice| matches!(notice, Notice::Moves { partition: 0 })));
    assert_once([reader.heard.counts()], 0..20);
}

#[test]
fn a_commit_that_is_refused_is_told_once_and_made_good() {
    let cluster = cluster(1);
    Writer::new(&cluster).put_numbers(1, 0..10);
    let mut reader = Reader::new(settings(&cluster));
    reader.until("all are read", |heard| heard.lines() == 10);
    cluster.request_errors(
        RDKafkaApiKey::OffsetCommit,
        &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED; 2],
    );
    for _ in 0..2 {
        reader.kafka.commit(&[(0, 10)]);
        reader.for_a_while(Duration::from_millis(500));
    }
    assert_eq!(kinds(&reader), ["NotCommitted"], "{:?}", reader.heard.notices);
    reader.leave();
    let mut next = Reader::new(settings(&cluster));
    next.until("it is its", |heard| heard.ours.len() == 1);
    assert_eq!(next.heard.ours[&0], 10);
}
