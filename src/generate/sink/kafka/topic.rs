//! The topic before the first message: is a broker there, and does the topic have the partitions that are asked for?

use super::Settings;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::{Client, ClientContext};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

/// How long a broker may take to answer.
const ANSWER: Duration = Duration::from_secs(5);

/// Makes sure that a broker answers, and that the topic is there where partitions are asked for.
pub fn prepare<C: ClientContext>(settings: &Settings, config: &ClientConfig, client: &Client<C>) -> Result<(), String> {
    let name = settings.name();
    let metadata = client.fetch_metadata(None, ANSWER).map_err(|error| {
        format!(
            "{name}: no broker answers: {}; see that Kafka runs at {} and that its advertised listeners can be reached",
            reason(&error),
            settings.brokers
        )
    })?;
    let Some(wanted) = settings.partitions else { return Ok(()) };
    let found =
        metadata.topics().iter().find(|topic| topic.name() == settings.topic).map(|topic| topic.partitions().len());
    match found {
        Some(there) if there == wanted as usize => Ok(()),
        Some(there) => Err(format!(
            "{name}: the topic has {there} partitions and not {wanted}; leave out --kafka-partitions, or choose another topic"
        )),
        None => create(settings, config, wanted).map_err(|why| format!("{name}: the topic cannot be created: {why}")),
    }
}

fn create(settings: &Settings, config: &ClientConfig, partitions: u32) -> Result<(), String> {
    let mut config = config.clone();
    // Settings of a producer mean nothing to whoever creates a topic.
    for of_producers in ["enable.idempotence", "acks", "linger.ms", "compression.type", "message.timeout.ms"] {
        config.remove(of_producers);
    }
    let admin: AdminClient<_> = config.create().map_err(|error| reason(&error))?;
    let partitions = i32::try_from(partitions).map_err(|_| "too many partitions".to_string())?;
    // One replica: a topic for tests must be possible with one broker.
    let topic = NewTopic::new(&settings.topic, partitions, TopicReplication::Fixed(1));
    let options = AdminOptions::new().operation_timeout(Some(ANSWER)).request_timeout(Some(ANSWER));
    let results = wait_for(admin.create_topics([&topic], &options)).map_err(|error| reason(&error))?;
    match results.into_iter().next() {
        Some(Err((_, code))) if code != RDKafkaErrorCode::TopicAlreadyExists => Err(code.to_string()),
        _ => Ok(()),
    }
}

/// What a librdkafka error means, in words.
pub fn reason(error: &KafkaError) -> String {
    match error {
        KafkaError::ClientConfig(_, reason, name, value) => format!("{name}={value}: {reason}"),
        error => {
            error.rdkafka_error_code().map_or_else(|| error.to_string(), |code| words(&code.to_string()).to_string())
        }
    }
}

/// "Local: Broker transport failure" without the name of the variant that stands before it.
fn words(text: &str) -> &str {
    text.split_once(" (").map_or(text, |(_, words)| words.trim_end_matches(')'))
}

/// Waits for a future on this thread. Another thread of the admin client works on it.
fn wait_for<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
