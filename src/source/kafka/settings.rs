//! What the user says of a topic.

use std::time::Duration;

/// The group of whoever names none.
pub const GROUP: &str = "visor-fast";

/// What to read, and how.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// `HOST:PORT`, several with commas between.
    pub brokers: String,
    /// The topic.
    pub topic: String,
    /// The consumer group that shares its partitions.
    pub group: String,
    /// Where partitions begin that nobody has read.
    pub begin: Begin,
    /// Further settings of librdkafka, which win over ours; the values may be secrets.
    pub set: Vec<(String, String)>,
    /// How long a partition may stand still, though it has messages, before it is fetched anew.
    pub stalled_after: Duration,
    /// Bytes that librdkafka may fetch ahead, of all partitions.
    pub ahead_bytes: usize,
}

/// Where a partition begins that nobody has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// At its oldest message.
    Beginning,
    /// Behind its newest message; a partition that is added later at its oldest.
    End,
}

impl Settings {
    /// All but what must be said.
    pub fn new(brokers: &str, topic: &str) -> Settings {
        Settings {
            brokers: brokers.to_string(),
            topic: topic.to_string(),
            group: GROUP.to_string(),
            begin: Begin::End,
            set: Vec::new(),
            stalled_after: Duration::from_secs(30),
            ahead_bytes: 64 << 20,
        }
    }

    /// `kafka://BROKERS/TOPIC`.
    pub fn name(&self) -> String {
        format!("kafka://{}/{}", self.brokers, self.topic)
    }
}

impl std::fmt::Debug for Settings {
    /// Without the values of `set`, which may be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let set: Vec<&str> = self.set.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Settings").field("name", &self.name()).field("group", &self.group).field("set", &set).finish()
    }
}
