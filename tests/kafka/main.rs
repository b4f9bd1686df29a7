//! Kafka at both ends: the generator's sink, and the monitor's source.
//!
//! What needs a real Apache Kafka runs where `KAFKA_BOOTSTRAP` names one; `tests/kafka/with_broker` starts one. The rest runs
//! against librdkafka's mock cluster, which speaks the protocol on loopback.

#![cfg(feature = "kafka")]

mod generate;
mod monitor;
mod restart;
mod topics;

use std::process::{Child, Output};
use std::sync::atomic::{AtomicU32, Ordering};

/// A broker and a topic that no other test has; `None` where there is no broker.
fn topic() -> Option<(String, String)> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let Ok(brokers) = std::env::var("KAFKA_BOOTSTRAP") else {
        eprintln!("skipped: KAFKA_BOOTSTRAP names no broker");
        return None;
    };
    Some((brokers, format!("visor-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))))
}

fn ended(child: Child) -> (Output, String) {
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, said)
}
