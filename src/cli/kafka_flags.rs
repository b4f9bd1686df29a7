//! What the flags of Kafka have in common, whoever reads or writes.

use super::Failure;
use crate::generate::sink::kafka::TOPIC;

/// `BROKERS/TOPIC`, or `BROKERS` for the topic that Visor's generator writes to.
pub fn brokers_and_topic(text: &str) -> Result<(&str, &str), Failure> {
    let (brokers, topic) = text.split_once('/').unwrap_or((text, TOPIC));
    if brokers.is_empty() || topic.is_empty() {
        return Err(Failure::usage(format!("--kafka: {text:?} is not BROKERS/TOPIC, as in 127.0.0.1:9092/Logs")));
    }
    // What Kafka allows (its `Topic.validate`); to librdkafka a name that begins with ^ would be a pattern.
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if !topic.bytes().all(is_legal) || topic.len() > 249 {
        return Err(Failure::usage(format!(
            "--kafka: {topic:?} is not the name of a topic: those have letters, digits, '.', '_' and '-', 249 at most"
        )));
    }
    Ok((brokers, topic))
}

/// `NAME=VALUE`; the value of `NAME=@FILE` is read from a file, so that a secret stands in no list of processes.
pub fn setting(text: &str) -> Result<(String, String), Failure> {
    let Some((name, value)) = text.split_once('=').filter(|(name, _)| !name.is_empty()) else {
        // What has no name may be a secret that was meant to have one.
        return Err(Failure::usage("--kafka-set: a setting is NAME=VALUE or NAME=@FILE, as in fetch.wait.max.ms=50"));
    };
    let value = match value.strip_prefix('@') {
        None => value.to_string(),
        Some(file) => std::fs::read_to_string(file)
            .map_err(|error| {
                Failure::usage(format!("--kafka-set: {name}: the file {file:?} with its value cannot be read: {error}"))
            })?
            .trim_end_matches(['\r', '\n'])
            .to_string(),
    };
    Ok((name.to_string(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_named_with_its_brokers() {
        let cases = [
            ("a:1", Some(("a:1", "Logs"))),
            ("a:1,b:2/access-log_1.x", Some(("a:1,b:2", "access-log_1.x"))),
            ("/Logs", None),
            ("a:1/", None),
            ("a:1/^Logs", None),
            ("a:1/a/b", None),
        ];
        for (text, expected) in cases {
            assert_eq!(brokers_and_topic(text).ok(), expected, "{text}");
        }
        assert!(brokers_and_topic(&format!("a:1/{}", "x".repeat(250))).is_err());
    }

    #[test]
    fn a_setting_may_lie_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, "hunter2\n").unwrap();
        let pair = |text: String| setting(&text).ok();
        let expected = |value: &str| Some(("sasl.password".to_string(), value.to_string()));
        assert_eq!(pair(format!("sasl.password=@{}", path.display())), expected("hunter2"));
        assert_eq!(pair("sasl.password=a=b".to_string()), expected("a=b"));
        assert_eq!(pair("hunter2".to_string()), None);
        assert_eq!(pair("sasl.password=@/no/such/file".to_string()), None);
    }
}
