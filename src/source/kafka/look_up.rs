//! Before the group: is the topic there, and how many partitions has it?
//!
//! A member of a group that subscribes to what is not there hears little of why; asked for its metadata, a broker says it
//! plainly. And the number of partitions decides how much may be fetched ahead of each.

use super::config;
use super::event::{Event, Notice};
use super::inbox::Inbox;
use super::settings::Settings;
use crate::clock;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::types::RDKafkaErrorCode;
use std::time::{Duration, Instant};

/// How long a broker may take to answer.
const ANSWER: Duration = Duration::from_secs(1);
/// How long to listen for the reason.
const LATE: Duration = Duration::from_millis(500);
/// How long to wait before asking again.
const AGAIN: Duration = Duration::from_secs(1);

/// Asks for a topic until it is there.
pub struct LookUp {
    consumer: BaseConsumer<Inbox>,
    due: Instant,
    told: Option<Notice>,
    /// Whether the topic was not there at first: all of its partitions are later ones.
    was_missing: bool,
    /// What librdkafka said last.
    last_error: Option<(RDKafkaErrorCode, String)>,
}

/// The topic is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its partitions.
    pub partitions: usize,
    /// Partitions from this number on were added since the start.
    pub later: i32,
}

impl LookUp {
    /// Connects in the background.
    ///
    /// # Errors
    /// A sentence about a wrong setting.
    pub fn new(settings: &Settings) -> Result<LookUp, String> {
        let consumer = config::create(settings, 1, Inbox::default())?;
        Ok(LookUp { consumer, due: clock::monotonic(), told: None, was_missing: false, last_error: None })
    }

    /// Asks, where it is time to; waits `timeout` otherwise. A broker that does not answer takes a second.
    pub fn poll(
        &mut self,
        settings: &Settings,
        timeout: Duration,
        receive: &mut dyn FnMut(Event<'_>),
    ) -> Option<Found> {
        let now = clock::monotonic();
        if now < self.due {
            self.hear(timeout.min(self.due - now));
            return None;
        }
        let answer = self.consumer.fetch_metadata(Some(&settings.topic), ANSWER);
        self.hear(Duration::ZERO);
        // Why there is no answer comes from another thread, and may come a little later.
        let late = clock::monotonic() + LATE;
        while answer.is_err() && self.last_error.is_none() && clock::monotonic() < late {
            self.hear(LATE / 10);
        }
        self.due = clock::monotonic() + AGAIN;
        let trouble = match &answer {
            Err(error) => {
                let reason =
                    self.last_error.as_ref().map_or_else(|| words(&error.to_string()), |(_, reason)| reason.clone());
                match &self.last_error {
                    Some((RDKafkaErrorCode::Authentication, _)) => Notice::Forbidden { reason },
                    _ => Notice::Unreachable { reason },
                }
            }
            Ok(metadata) => {
                let topic = metadata.topics().iter().find(|topic| topic.name() == settings.topic);
                let partitions = topic.map_or(0, |topic| topic.partitions().len());
                match topic.and_then(|topic| topic.error()).map(RDKafkaErrorCode::from) {
                    None if partitions > 0 => {
                        if self.told.is_some() {
                            receive(Event::Notice(Notice::Found));
                        }
                        let later = if self.was_missing { 0 } else { i32::try_from(partitions).unwrap_or(i32::MAX) };
                        return Some(Found { partitions, later });
                    }
                    None | Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => {
                        self.was_missing = true;
                        Notice::UnknownTopic
                    }
                    Some(code @ RDKafkaErrorCode::TopicAuthorizationFailed) => {
                        Notice::Forbidden { reason: words(&code.to_string()) }
                    }
                    Some(code) => Notice::Other { reason: words(&code.to_string()) },
                }
            }
        };
        let is_new =
            self.told.as_ref().is_none_or(|told| std::mem::discriminant(told) != std::mem::discriminant(&trouble));
        if is_new {
            self.told = Some(trouble.clone());
            receive(Event::Notice(trouble));
        }
        None
    }

    /// Lets librdkafka speak, for so long.
    fn hear(&mut self, time: Duration) {
        let _ = self.consumer.poll(time);
        let mut inside = self.consumer.context().lock();
        // Which of several addresses failed is worth more than that all did.
        let errors = std::mem::take(&mut inside.errors);
        let mut telling = errors.into_iter().filter(|(code, _)| *code != RDKafkaErrorCode::AllBrokersDown);
        if let Some((code, text)) = telling.next_back() {
            self.last_error = Some((code, words(&text)));
        }
    }

    /// The consumer, to be closed.
    pub fn into_consumer(self) -> BaseConsumer<Inbox> {
        self.consumer
    }
}

/// What librdkafka says, without names that are its own: "127.0.0.1:9092/bootstrap: Connect to ipv4#127.0.0.1:9092 failed: Connection
/// refused (after 0ms in state CONNECT)".
pub fn words(text: &str) -> String {
    let text = text.split_once("/bootstrap: ").map_or(text, |(_, text)| text);
    let text = text.split_once(" (after ").map_or(text, |(text, _)| text);
    // "UnknownTopicOrPartition (Broker: Unknown topic or partition)"
    let inner = text.strip_suffix(')');
    let inner = inner.and_then(|text| text.split_once(" (Broker: ").or_else(|| text.split_once(" (Local: ")));
    inner.map_or(text, |(_, words)| words).trim().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_librdkafka_says_in_plain_words() {
        let cases = [
            (
                "127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in state CONNECT)",
                "Connect to ipv4#127.0.0.1:1 failed: Connection refused",
            ),
            ("TopicAuthorizationFailed (Broker: Topic authorization failed)", "Topic authorization failed"),
            (
                "Meta data fetch error: BrokerTransportFailure (Local: Broker transport failure)",
                "Broker transport failure",
            ),
            ("plain", "plain"),
            ("", ""),
        ];
        for (said, expected) in cases {
            assert_eq!(words(said), expected);
        }
    }
}
