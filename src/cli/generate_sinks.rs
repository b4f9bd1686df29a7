//! The flags of `generate` that say where lines go, and how they are sent.

use super::Failure;
use super::kafka_flags;
use crate::filter::units;
use crate::generate::sink::{Target, file, kafka, listen};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Where lines go. Every sink gets every line.
#[derive(Args, Debug)]
pub struct Sinks {
    /// Write to a file, emptied first; - is standard output [default: - if no other sink is given] (repeatable)
    #[arg(long, value_name = "PATH", help_heading = "Where to")]
    pub file: Vec<PathBuf>,

    /// Connect to a receiver by TCP (repeatable)
    #[arg(long, value_name = "HOST:PORT", help_heading = "Where to")]
    pub tcp: Vec<String>,

    /// Send to whoever connects by TCP, each from then on [host if none is given: 127.0.0.1, port: 5555] (repeatable)
    #[arg(long, value_name = "[HOST][:PORT]", help_heading = "Where to")]
    pub listen: Vec<String>,

    /// Send datagrams of UDP, one line in each (repeatable)
    #[arg(long, value_name = "HOST:PORT", help_heading = "Where to")]
    pub udp: Vec<String>,

    /// Connect to a unix socket, of streams or of datagrams (repeatable)
    #[arg(long, value_name = "PATH", help_heading = "Where to")]
    pub unix: Vec<PathBuf>,

    /// Send to a topic of Kafka; HOST:PORT,HOST:PORT/TOPIC [topic if none is given: Logs] (repeatable)
    #[arg(long, value_name = "BROKERS[/TOPIC]", help_heading = "Where to")]
    pub kafka: Vec<String>,

    /// Bytes of lines that may wait for a receiver at a set rate; lines beyond that are shed, and counted
    #[arg(long, value_name = "SIZE", default_value = "64MiB", help_heading = "Sending")]
    pub queue: String,

    /// With --listen: begin when so many clients are there
    #[arg(long, value_name = "N", default_value_t = 1, requires = "listen", help_heading = "Sending")]
    pub clients: usize,

    /// With --udp: fill a datagram up to this size with whole lines
    #[arg(long, value_name = "SIZE", requires = "udp", help_heading = "Sending")]
    pub datagram_bytes: Option<String>,

    /// With --file: write behind what the file holds
    #[arg(long, requires = "file", help_heading = "Files")]
    pub append: bool,

    /// Rotate a file before it has more bytes than this: access.log becomes access.log.1
    #[arg(long, value_name = "SIZE", requires = "file", help_heading = "Files")]
    pub rotate_size: Option<String>,

    /// Rotate a file as often as this
    #[arg(long, value_name = "TIME", requires = "file", help_heading = "Files")]
    pub rotate_every: Option<String>,

    /// How a file is rotated
    #[arg(long, value_name = "HOW", default_value = "rename", requires = "file", help_heading = "Files")]
    pub rotate_by: Rotate,

    /// Rotated files that are kept [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), requires = "file", help_heading = "Files")]
    pub rotate_keep: Option<u32>,

    /// Create the topic with so many partitions if it is not there, and fail if it has another number
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), requires = "kafka", help_heading = "Kafka")]
    pub kafka_partitions: Option<u32>,

    /// What the partition of a line depends on
    #[arg(long, value_name = "KEY", default_value = "none", requires = "kafka", help_heading = "Kafka")]
    pub kafka_key: Key,

    /// Fill a message up to this size with whole lines [default: one line in each]
    #[arg(long, value_name = "SIZE", requires = "kafka", help_heading = "Kafka")]
    pub kafka_message_bytes: Option<String>,

    /// Compression of batches
    #[arg(long, value_name = "CODEC", default_value = "none", requires = "kafka", help_heading = "Kafka")]
    pub kafka_compression: Compression,

    /// Replicas that acknowledge; with less than all, a message that is sent again may be stored twice
    #[arg(long, value_name = "ACKS", default_value = "all", requires = "kafka", help_heading = "Kafka")]
    pub kafka_acks: Acks,

    /// A setting of librdkafka, such as linger.ms=50 (repeatable)
    #[arg(long, value_name = "NAME=VALUE", requires = "kafka", help_heading = "Kafka")]
    pub kafka_set: Vec<String>,
}

/// How a file is rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Rotate {
    /// The file is renamed and a new one begun
    Rename,
    /// The file is copied and emptied
    Copytruncate,
}

/// What the partition of a line depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Key {
    /// Nothing
    None,
    /// The first word of the line: in access logs the client
    Word,
}

/// Compression of batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Compression {
    /// None
    None,
    /// gzip
    Gzip,
    /// Snappy
    Snappy,
    /// LZ4
    Lz4,
    /// Zstandard
    Zstd,
}

/// Replicas that acknowledge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Acks {
    /// All
    All,
    /// The leader
    #[value(name = "1")]
    One,
    /// None
    #[value(name = "0")]
    Zero,
}

impl Sinks {
    /// What the flags mean, in the order of this page: files, TCP, servers, UDP, unix sockets, Kafka.
    pub fn targets(&self) -> Result<Vec<Target>, Failure> {
        let mut targets = Vec::new();
        let rotation = self.rotation()?;
        for path in &self.file {
            targets.push(match path.as_os_str() == "-" {
                true => Target::Stdout,
                false => {
                    Target::File(file::Settings { path: path.clone(), append: self.append, rotation: rotation.clone() })
                }
            });
        }
        targets.extend(self.tcp.iter().cloned().map(Target::Tcp));
        targets.extend(self.listen.iter().map(|address| {
            Target::Listen(listen::Settings { address: with_port(address, listen::PORT), clients: self.clients })
        }));
        let most_bytes = size_below_2_gib("--datagram-bytes", self.datagram_bytes.as_deref())?;
        targets.extend(self.udp.iter().map(|address| Target::Udp { address: address.clone(), most_bytes }));
        targets.extend(self.unix.iter().cloned().map(Target::Unix));
        for kafka in &self.kafka {
            targets.push(Target::Kafka(self.kafka(kafka)?));
        }
        if targets.is_empty() {
            targets.push(Target::Stdout);
        }
        if targets.iter().filter(|target| **target == Target::Stdout).count() > 1 {
            return Err(Failure::usage("--file -: standard output is one sink; give it once"));
        }
        Ok(targets)
    }

    /// Bytes of lines that may wait for a receiver.
    pub fn queue_bytes(&self) -> Result<u64, Failure> {
        size("--queue", &self.queue)
    }

    fn rotation(&self) -> Result<file::Rotation, Failure> {
        let bytes = self.rotate_size.as_ref().map(|text| size("--rotate-size", text)).transpose()?;
        let every = self.rotate_every.as_ref().map(|text| {
            let wrong = |error: String| Failure::usage(format!("--rotate-every: {error}"));
            match units::duration_or_seconds(text) {
                Ok(Duration::ZERO) => {
                    Err(wrong("a file cannot be rotated all the time; give a time such as 1h".to_string()))
                }
                Ok(every) => Ok(every),
                Err(error) => Err(wrong(error.to_string())),
            }
        });
        if bytes == Some(0) {
            return Err(Failure::usage("--rotate-size: a file of 0 bytes holds no line; give a size such as 100MB"));
        }
        Ok(file::Rotation {
            bytes,
            every: every.transpose()?,
            copytruncate: self.rotate_by == Rotate::Copytruncate,
            keep: self.rotate_keep,
        })
    }

    fn kafka(&self, text: &str) -> Result<kafka::Settings, Failure> {
        let (brokers, topic) = kafka_flags::brokers_and_topic(text)?;
        let name = |value: &dyn Fn() -> Option<clap::builder::PossibleValue>| {
            value().map_or_else(String::new, |value| value.get_name().to_string())
        };
        Ok(kafka::Settings {
            brokers: brokers.to_string(),
            topic: topic.to_string(),
            partitions: self.kafka_partitions,
            key: match self.kafka_key {
                Key::None => kafka::Key::None,
                Key::Word => kafka::Key::Word,
            },
            message_bytes: size_below_2_gib("--kafka-message-bytes", self.kafka_message_bytes.as_deref())?,
            compression: name(&|| self.kafka_compression.to_possible_value()),
            acks: name(&|| self.kafka_acks.to_possible_value()),
            set: self.kafka_set.iter().map(|text| kafka_flags::setting(text)).collect::<Result<_, _>>()?,
        })
    }
}

/// `HOST` with a port, if it has none; `:PORT` of this machine alone. An IPv6 address with a port stands in brackets.
fn with_port(address: &str, port: u16) -> String {
    if let Some(port) = address.strip_prefix(':').filter(|port| port.bytes().all(|byte| byte.is_ascii_digit())) {
        return format!("127.0.0.1:{port}");
    }
    let has_port = address.rsplit_once(':').is_some_and(|(host, _)| !host.contains(':') || host.ends_with(']'));
    match has_port {
        true => address.to_string(),
        false if address.contains(':') && !address.starts_with('[') => format!("[{address}]:{port}"),
        false => format!("{address}:{port}"),
    }
}

fn size(flag: &str, text: &str) -> Result<u64, Failure> {
    units::size(text).map_err(|error| Failure::usage(format!("{flag}: {error}")))
}

/// A size that something in memory may have; 0 if none is given.
fn size_below_2_gib(flag: &str, text: Option<&str>) -> Result<usize, Failure> {
    let Some(text) = text else { return Ok(0) };
    match size(flag, text)? {
        bytes @ 0..=0x7fff_ffff => Ok(bytes as usize),
        _ => Err(Failure::usage(format!("{flag}: {text:?} is more than 2GiB"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        sinks: Sinks,
    }

    fn targets(line: &str) -> Result<Vec<Target>, String> {
        let words = std::iter::once("generate").chain(line.split_whitespace());
        let line = Line::try_parse_from(words).map_err(|error| error.to_string())?;
        line.sinks.targets().map_err(|failure| failure.message)
    }

    #[test]
    fn flags_name_sinks() {
        let file =
            |path: &str| file::Settings { path: path.into(), append: false, rotation: file::Rotation::default() };
        let server = |address: &str| Target::Listen(listen::Settings { address: address.to_string(), clients: 1 });
        let cases = [
            ("", vec![Target::Stdout]),
            ("--file -", vec![Target::Stdout]),
            ("--file a --file b", vec![Target::File(file("a")), Target::File(file("b"))]),
            ("--tcp h:1 --file -", vec![Target::Stdout, Target::Tcp("h:1".to_string())]),
            ("--listen 127.0.0.1", vec![server("127.0.0.1:5555")]),
            ("--listen 127.0.0.1:0", vec![server("127.0.0.1:0")]),
            ("--listen :7", vec![server("127.0.0.1:7")]),
            ("--listen ::1", vec![server("[::1]:5555")]),
            ("--listen [::1]:77", vec![server("[::1]:77")]),
            ("--listen [::1]", vec![server("[::1]:5555")]),
            ("--udp h:1 --datagram-bytes 1400", vec![Target::Udp { address: "h:1".to_string(), most_bytes: 1400 }]),
            ("--unix /dev/log", vec![Target::Unix("/dev/log".into())]),
        ];
        for (line, expected) in cases {
            assert_eq!(targets(line), Ok(expected), "{line}");
        }
    }

    #[test]
    fn kafka_has_brokers_a_topic_and_settings() {
        let settings = |line: &str| match targets(line).unwrap().remove(0) {
            Target::Kafka(settings) => settings,
            other => panic!("{other:?}"),
        };
        let plain = settings("--kafka a:1,b:2");
        assert_eq!(
            (plain.name().as_str(), plain.acks.as_str(), plain.message_bytes),
            ("kafka://a:1,b:2/Logs", "all", 0)
        );
        let full = settings(
            "--kafka a:1/T --kafka-partitions 4 --kafka-key word --kafka-compression lz4 --kafka-acks 1 \
             --kafka-message-bytes 64k --kafka-set linger.ms=7",
        );
        assert_eq!((full.topic.as_str(), full.partitions, full.key), ("T", Some(4), kafka::Key::Word));
        assert_eq!((full.compression.as_str(), full.acks.as_str(), full.message_bytes), ("lz4", "1", 64_000));
        assert_eq!(full.set, [("linger.ms".to_string(), "7".to_string())]);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let cases = [
            ("--file - --file -", "give it once"),
            ("--rotate-size 1k", "--file"),
            ("--file a --rotate-size 0", "--rotate-size"),
            ("--file a --rotate-every 0s", "--rotate-every"),
            ("--file a --rotate-keep 0", "--rotate-keep"),
            ("--kafka /Logs", "BROKERS/TOPIC"),
            ("--kafka a:1/T --kafka-set linger", "NAME=VALUE"),
            ("--udp a:1 --datagram-bytes 3GiB", "2GiB"),
            ("--clients 2", "--listen"),
        ];
        for (line, part) in cases {
            let message = targets(line).expect_err(line);
            assert!(message.contains(part), "{line}: {message}");
        }
    }
}
