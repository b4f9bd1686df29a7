//! What is told of a topic.

use std::fmt;

/// What happened. Partitions are numbered as Kafka does, offsets too: `next` is the offset behind the last message.
#[derive(Debug)]
pub enum Event<'b> {
    /// A partition is ours to read.
    Assigned {
        /// The partition.
        partition: i32,
        /// The offset of the first message that will be read.
        from: i64,
    },
    /// Whole lines of one message or many.
    Lines {
        /// The partition.
        partition: i32,
        /// The lines; the last may lack its LF where the message does.
        text: &'b [u8],
        /// The offset behind them.
        next: i64,
    },
    /// How much of a partition was not read yet: when it is assigned, about once a second, and when it comes to its end.
    Lag {
        /// The partition.
        partition: i32,
        /// Messages.
        messages: u64,
    },
    /// Partitions are about to be given away. What was handed on of them is safe when the receiver returns; its offsets are
    /// committed then.
    Revoking {
        /// The partitions.
        partitions: &'b [i32],
    },
    /// Partitions were taken without asking, since the group missed us for too long. Whoever has them begins at the last
    /// committed offset: lines behind it are counted by both.
    Lost {
        /// The partitions.
        partitions: &'b [i32],
    },
    /// Something that a person would want to know, told when it changes and not each time it happens again.
    Notice(Notice),
}

/// A state that has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// No broker answers.
    Unreachable {
        /// What librdkafka says of it.
        reason: String,
    },
    /// A broker that has partitions of ours is away.
    BrokerAway {
        /// Its address.
        broker: String,
        /// What librdkafka says of it.
        reason: String,
    },
    /// It is there again.
    BrokerBack {
        /// Its address.
        broker: String,
    },
    /// The topic is not there.
    UnknownTopic,
    /// Kafka's rules forbid it.
    Forbidden {
        /// What librdkafka says of it.
        reason: String,
    },
    /// The topic is read, after one of the above.
    Found,
    /// A partition has messages, but none come; it is fetched anew.
    Stalled {
        /// The partition.
        partition: i32,
        /// For so long.
        seconds: u64,
    },
    /// A stalled partition moves again.
    Moves {
        /// The partition.
        partition: i32,
    },
    /// The broker deleted messages before they were read.
    Deleted {
        /// The partition.
        partition: i32,
        /// Offsets that were passed over; of a compacted topic not all of them were messages.
        messages: u64,
    },
    /// The offsets of a partition begin anew: its topic was deleted and created again.
    StartedOver {
        /// The partition.
        partition: i32,
    },
    /// Offsets could not be committed.
    NotCommitted {
        /// What librdkafka says of it.
        reason: String,
    },
    /// Something else, that librdkafka goes on after.
    Other {
        /// What librdkafka says of it.
        reason: String,
    },
}

impl Notice {
    /// A sentence about the topic called `name`: what, why, and the cure.
    pub fn sentence(&self, name: &str) -> String {
        format!("{name}: {self}")
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::Unreachable { reason } => write!(
                f,
                "no broker answers: {reason}; see that Kafka runs there and that its advertised listeners can be reached \
                 from here; it is tried again without end"
            ),
            Notice::BrokerAway { broker, reason } => {
                write!(f, "the broker {broker} is away: {reason}; it is tried again without end")
            }
            Notice::BrokerBack { broker } => write!(f, "the broker {broker} is back"),
            Notice::UnknownTopic => {
                f.write_str("there is no such topic; create it, or correct its name; it is looked for without end")
            }
            Notice::Forbidden { reason } => write!(
                f,
                "may not be read: {reason}; let the user read the topic and the group (kafka-acls --add --operation Read \
                 --topic ... --group ...), or name another user with --kafka-set; it is tried again without end"
            ),
            Notice::Found => f.write_str("is read now"),
            Notice::Stalled { partition, seconds } => write!(
                f,
                "partition {partition} has messages, but none came for {seconds} s; it is fetched anew; if that does not \
                 help, see that its leader is in sync"
            ),
            Notice::Moves { partition } => write!(f, "partition {partition} moves again"),
            Notice::Deleted { partition, messages } => write!(
                f,
                "partition {partition}: {messages} messages were deleted before they were read; let the topic keep them \
                 longer (retention.ms, retention.bytes)"
            ),
            Notice::StartedOver { partition } => {
                write!(f, "partition {partition} starts over at its beginning: its topic was deleted and created again")
            }
            Notice::NotCommitted { reason } => write!(
                f,
                "offsets were not committed: {reason}; it is tried again; whoever reads on before that counts lines again"
            ),
            Notice::Other { reason } => f.write_str(reason),
        }
    }
}
