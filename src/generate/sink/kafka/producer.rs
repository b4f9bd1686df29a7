//! Lines -> messages.

use super::super::super::book::Book;
use super::super::super::queue::Portion;
use super::super::{Sink, Trouble};
use super::reports::Reports;
use super::topic;
use super::{Key, Settings};
use crate::clock;
use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseRecord, Producer, PurgeConfig, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;
use std::ops::Range;
use std::thread;
use std::time::Duration;

/// What librdkafka is told unless the user says otherwise: batches as large as they may be, no more bytes under way than
/// stay in warm memory (measured: a sixth faster than with 64 MiB), and a broker that is away is given up after half a
/// minute. Meaning and ranges: librdkafka's CONFIGURATION.md.
const DEFAULTS: [(&str, &str); 6] = [
    ("linger.ms", "5"),
    ("batch.num.messages", "100000"),
    ("queue.buffering.max.messages", "1000000"),
    ("queue.buffering.max.kbytes", "16384"),
    ("message.timeout.ms", "30000"),
    ("client.id", "visor-fast"),
];

/// How long to wait when librdkafka's queue is full.
const FULL: Duration = Duration::from_millis(1);

/// A producer of one topic.
pub struct Kafka {
    producer: ThreadedProducer<Reports>,
    settings: Settings,
    /// Troubles that were told to the book.
    told_errors: u64,
}

impl Kafka {
    /// Connects, and makes sure of the topic; or says what is wrong and what to do.
    pub fn open(settings: &Settings) -> Result<Kafka, String> {
        let config = config(settings);
        let producer: ThreadedProducer<Reports> = config.create_with_context(Reports::default()).map_err(|error| {
            format!("{}: {}; see --kafka-set and librdkafka's CONFIGURATION.md", settings.name(), topic::reason(&error))
        })?;
        topic::prepare(settings, &config, producer.client()).map_err(|sentence| {
            match last_error(producer.context()) {
                Some(detail) => format!("{sentence} ({detail})"),
                None => sentence,
            }
        })?;
        Ok(Kafka { producer, settings: settings.clone(), told_errors: 0 })
    }

    fn reports(&self) -> &Reports {
        self.producer.context()
    }

    /// Counts what was acknowledged, and says so if a message was not delivered.
    fn settle(&mut self, book: &mut Book) -> Result<(), Trouble> {
        while let Some(settled) = self.reports().settled() {
            for lines in settled.arrived {
                book.deliver_at(&settled.portion, lines, settled.at);
            }
        }
        let (failure, errors) = {
            let inside = self.reports().lock();
            (inside.failure.clone(), inside.errors)
        };
        (self.told_errors..errors).for_each(|_| book.meter.add_error());
        self.told_errors = errors;
        let Some(failure) = failure else { return Ok(()) };
        book.doubt("messages that Kafka did not acknowledge may have been stored");
        let detail = last_error(self.reports()).map_or_else(String::new, |error| format!(" ({error})"));
        Err(Trouble::Failed(format!(
            "{}: messages were not delivered: {}{detail}; {}",
            self.settings.name(),
            topic::reason(&failure),
            cure(&failure)
        )))
    }

    /// Gives up what is under way, and counts what was acknowledged before.
    fn give_up(&mut self, book: &mut Book) {
        self.producer.purge(PurgeConfig::default().queue().inflight());
        // What was purged is reported as lost.
        let _ = self.producer.flush(Duration::from_millis(500));
        let _ = self.settle(book);
    }

    fn send_one(&mut self, topic: &str, payload: &[u8], number: usize, book: &mut Book) -> Result<(), Trouble> {
        let mut record = BaseRecord::with_opaque_to(topic, number).payload(payload);
        if self.settings.key == Key::Word {
            record = record.key(first_word(payload));
        }
        let mut still_since = None;
        loop {
            match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), again)) => {
                    record = again;
                    if book.gives_up(*still_since.get_or_insert_with(clock::monotonic)) {
                        return Err(book.given_up());
                    }
                    self.settle(book)?;
                    thread::sleep(FULL);
                }
                Err((error, _)) => {
                    self.reports().report(number, Some(error));
                    return Ok(());
                }
            }
        }
    }

    fn send_all(&mut self, portion: &Portion, book: &mut Book) -> Result<(), Trouble> {
        let messages = messages(portion, self.settings.message_bytes);
        let topic = self.settings.topic.clone();
        let first = self.reports().begin(portion, messages.iter().map(|lines| lines.end as u32).collect());
        for (index, lines) in messages.into_iter().enumerate() {
            let text = portion.block.text_of(lines);
            let payload = text.strip_suffix(b"\n").unwrap_or(text);
            self.send_one(&topic, payload, first.wrapping_add(index), book)?;
        }
        self.settle(book)
    }
}

impl Sink for Kafka {
    fn send(&mut self, portion: &Portion, book: &mut Book) -> Result<(), Trouble> {
        self.send_all(portion, book).inspect_err(|_| self.give_up(book))
    }

    /// Waits until all messages are reported: delivered, or given up by librdkafka after its `message.timeout.ms`.
    fn finish(&mut self, book: &mut Book) -> Result<(), Trouble> {
        let mut under_way = self.producer.in_flight_count();
        let mut still_since = clock::monotonic();
        while self.producer.flush(Duration::from_millis(50)).is_err() {
            self.settle(book).inspect_err(|_| self.give_up(book))?;
            let now_under_way = self.producer.in_flight_count();
            if now_under_way != under_way {
                (under_way, still_since) = (now_under_way, clock::monotonic());
            }
            if book.is_interrupted() && book.gives_up(still_since) {
                self.give_up(book);
                return Err(book.given_up());
            }
        }
        self.settle(book)
    }
}

/// The settings of librdkafka; those of `--kafka-set` win.
fn config(settings: &Settings) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &settings.brokers);
    DEFAULTS.iter().for_each(|(key, value)| _ = config.set(*key, *value));
    config.set("compression.type", &settings.compression);
    config.set("acks", &settings.acks);
    // The protocol of idempotence needs the acknowledgement of all replicas.
    config.set("enable.idempotence", if matches!(settings.acks.as_str(), "all" | "-1") { "true" } else { "false" });
    settings.set.iter().for_each(|(key, value)| _ = config.set(key, value));
    config.set_log_level(RDKafkaLogLevel::Emerg);
    config
}

/// The lines of each message: one, or as many whole ones as fit.
fn messages(portion: &Portion, most_bytes: usize) -> Vec<Range<usize>> {
    let mut messages = Vec::with_capacity(if most_bytes == 0 { portion.lines.len() } else { 16 });
    let mut first = portion.lines.start;
    while first < portion.lines.end {
        let mut end = first + 1;
        while end < portion.lines.end && portion.block.span(first..end + 1).len() <= most_bytes {
            end += 1;
        }
        messages.push(first..end);
        first = end;
    }
    messages
}

/// The first word of a line.
fn first_word(line: &[u8]) -> &[u8] {
    let end = memchr::memchr2(b' ', b'\n', line).unwrap_or(line.len());
    line.get(..end).unwrap_or_default()
}

/// What librdkafka said last of a trouble, without the broker's internal name.
fn last_error(reports: &Reports) -> Option<String> {
    let inside = reports.lock();
    inside.last_error.as_deref().map(|text| text.split_once("/bootstrap: ").map_or(text, |(_, text)| text).to_string())
}

fn cure(error: &KafkaError) -> &'static str {
    match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::UnknownTopic | RDKafkaErrorCode::UnknownTopicOrPartition) => {
            "create the topic, or have it created with --kafka-partitions"
        }
        Some(RDKafkaErrorCode::MessageSizeTooLarge) => "make messages smaller with --kafka-message-bytes",
        _ => "see that the brokers run and have room",
    }
}
