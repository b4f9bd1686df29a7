//! A topic of Kafka.
//!
//! The producer is idempotent: what it sends again after an error is stored once and in order ("Idempotent Producer",
//! KIP-98). A line is delivered when the broker has acknowledged its message, and only then it is in the truth. A message is
//! one line without its LF, or several whole lines with LFs between them.

#[cfg(feature = "kafka")]
mod producer; // lines -> messages
#[cfg(feature = "kafka")]
mod reports; // delivery reports -> which lines arrived
#[cfg(all(test, feature = "kafka"))]
mod tests;
#[cfg(feature = "kafka")]
mod topic; // is it there, with how many partitions

use super::Sink;

/// The topic of Visor's generator.
pub const TOPIC: &str = "Logs";

/// What is asked of the producer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `HOST:PORT`, several with commas between.
    pub brokers: String,
    /// The topic.
    pub topic: String,
    /// Partitions that the topic is created with if it is not there; `None` leaves creating to the broker.
    pub partitions: Option<u32>,
    /// What the partition of a line depends on.
    pub key: Key,
    /// Bytes of a message that are filled with whole lines; 0: one line in each.
    pub message_bytes: usize,
    /// `none`, `gzip`, `snappy`, `lz4` or `zstd`.
    pub compression: String,
    /// How many replicas acknowledge: `all`, `1` or `0`. With less than all the producer is not idempotent.
    pub acks: String,
    /// Further settings of librdkafka, which win over all others.
    pub set: Vec<(String, String)>,
}

/// What the partition of a line depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Key {
    /// Nothing: batches go to partitions at random.
    #[default]
    None,
    /// The first word of the line: in access logs the client, or the virtual host.
    Word,
}

impl Settings {
    /// `kafka://BROKERS/TOPIC`.
    pub fn name(&self) -> String {
        format!("kafka://{}/{}", self.brokers, self.topic)
    }

    /// Connects, and makes sure of the topic; or says what is wrong and what to do.
    #[cfg(feature = "kafka")]
    pub fn open(&self) -> Result<Box<dyn Sink>, String> {
        Ok(Box::new(producer::Kafka::open(self)?))
    }

    /// Says that this program was built without it.
    #[cfg(not(feature = "kafka"))]
    pub fn open(&self) -> Result<Box<dyn Sink>, String> {
        Err("--kafka: this program was built without Kafka; build it with the feature `kafka`, which is on by default"
            .to_string())
    }
}
