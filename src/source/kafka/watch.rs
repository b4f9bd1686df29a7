//! What is wrong, and what the statistics show: who stands still, which brokers are away, how much is left.

use super::event::{Event, Notice};
use super::look_up::words;
use super::reading::Reading;
use super::settings::Settings;
use super::statistics::Statistics;
use crate::clock;
use rdkafka::Offset;
use rdkafka::consumer::Consumer;
use rdkafka::types::RDKafkaErrorCode;
use std::time::Duration;

/// Connections come and go; a broker that is not connected at so many looks is away.
const AWAY: u32 = 2;

impl Reading {
    /// What an error means.
    pub(super) fn trouble(&mut self, code: RDKafkaErrorCode, text: &str) {
        use RDKafkaErrorCode as Code;
        let reason = words(text);
        match code {
            Code::AllBrokersDown | Code::PartitionEOF => {}
            Code::BrokerTransportFailure | Code::Resolve | Code::OperationTimedOut => self.reason = reason,
            Code::Authentication
            | Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::ClusterAuthorizationFailed => self.tell_once(Notice::Forbidden { reason }),
            Code::UnknownTopic | Code::UnknownTopicOrPartition | Code::UnknownPartition => {
                // Another topic of this name would begin anew.
                self.saved.clear();
                self.tell_once(Notice::UnknownTopic);
            }
            _ => self.tell_once(Notice::Other { reason }),
        }
    }

    /// Tells of a trouble that was not told yet.
    pub(super) fn tell_once(&mut self, notice: Notice) {
        let is_told = self.told.iter().any(|told| std::mem::discriminant(told) == std::mem::discriminant(&notice));
        if !is_told {
            self.told.push(notice.clone());
            self.notices.push(notice);
        }
    }

    /// What the statistics show: how much is left, who stands still, which brokers are away.
    pub(super) fn look(&mut self, settings: &Settings, statistics: &Statistics, receive: &mut dyn FnMut(Event<'_>)) {
        let now = clock::monotonic();
        let mut all_reachable = true;
        for (number, offsets) in statistics.offsets(&settings.topic) {
            let Some(partition) = self.partition(number) else { continue };
            let is_reachable = statistics.is_reachable(&offsets);
            all_reachable &= is_reachable;
            let seen = partition.progress.see(&offsets, is_reachable, settings.stalled_after, now);
            let next = partition.progress.next;
            if let Some(messages) = seen.lag {
                receive(Event::Lag { partition: number, messages });
            }
            if seen.deleted > 0 {
                receive(Event::Notice(Notice::Deleted { partition: number, messages: seen.deleted }));
            }
            if let Some(still) = seen.stalled {
                let _ = self.consumer.seek(&settings.topic, number, Offset::Offset(next), Duration::ZERO);
                receive(Event::Notice(Notice::Stalled { partition: number, seconds: still.as_secs() }));
            }
            if seen.moves {
                receive(Event::Notice(Notice::Moves { partition: number }));
            }
        }
        for broker in statistics.brokers() {
            let address = broker.address;
            // Known once it was connected: when it goes, librdkafka may forget at once what it led.
            if broker.leads || broker.is_up {
                self.away.entry(address.to_string()).or_default();
            }
            let Some(looks) = self.away.get_mut(address) else { continue };
            if broker.is_up {
                if std::mem::take(looks) >= AWAY {
                    receive(Event::Notice(Notice::BrokerBack { broker: address.to_string() }));
                }
            } else if broker.leads || !all_reachable {
                *looks = looks.saturating_add(1);
                if *looks == AWAY {
                    let (broker, reason) = (address.to_string(), self.reason.clone());
                    receive(Event::Notice(Notice::BrokerAway { broker, reason }));
                }
            } else {
                // Others have taken over what it led.
                self.away.remove(address);
            }
        }
    }
}
