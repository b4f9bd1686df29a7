//! Settings -> librdkafka's.

use super::inbox::Inbox;
use super::settings::Settings;
use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::BaseConsumer;
use rdkafka::error::KafkaError;

/// What librdkafka is told unless the user says otherwise. Meaning and ranges: librdkafka's CONFIGURATION.md.
///
/// - `cooperative-sticky`: when members come and go, only partitions that move are given away, and all others are read on. The
///   default, `range`, takes everything from everybody each time, so that every window has a gap to catch up.
/// - `auto.offset.reset`: where a partition begins is decided by us; this is only for messages that were deleted under us, and
///   then the oldest there is loses least.
/// - `fetch.wait.max.ms`, `fetch.queue.backoff.ms`: a queue that was full is filled again before it is empty; with the defaults
///   (500 and 1000) a fast reader stands still each time (measured).
/// - `topic.metadata.refresh.interval.ms`, `reconnect.backoff.max.ms`: new partitions and brokers that are back are found soon.
const DEFAULTS: [(&str, &str); 10] = [
    ("client.id", "visor-fast"),
    ("isolation.level", "read_committed"),
    ("partition.assignment.strategy", "cooperative-sticky"),
    ("auto.offset.reset", "earliest"),
    ("allow.auto.create.topics", "false"),
    ("statistics.interval.ms", "1000"),
    ("fetch.wait.max.ms", "100"),
    ("fetch.queue.backoff.ms", "20"),
    ("topic.metadata.refresh.interval.ms", "30000"),
    ("reconnect.backoff.max.ms", "2000"),
];

/// Settings that are not the user's, and what to do instead.
const OURS: [(&str, &str); 6] = [
    ("bootstrap.servers", "name the brokers in --kafka BROKERS/TOPIC"),
    ("metadata.broker.list", "name the brokers in --kafka BROKERS/TOPIC"),
    ("group.id", "name the group with --kafka-group"),
    ("enable.auto.commit", "leave it out: offsets are committed when their lines are counted, and not before"),
    ("enable.auto.offset.store", "leave it out: offsets are committed when their lines are counted, and not before"),
    ("test.mock.num.brokers", "leave it out"),
];

/// The least that a partition's queue may hold.
const AHEAD_BYTES_MIN: usize = 64 << 10;
/// The most: more only grows cold in memory.
const AHEAD_BYTES_MAX: usize = 16 << 20;
/// The most that is fetched of a partition at a time (librdkafka's default).
const FETCH_BYTES_MAX: usize = 1 << 20;

/// The settings of librdkafka for a topic of so many partitions.
pub fn client(settings: &Settings, partitions: usize) -> ClientConfig {
    let mut config = ClientConfig::new();
    DEFAULTS.iter().for_each(|(name, value)| _ = config.set(*name, *value));
    let ahead = (settings.ahead_bytes / partitions.max(1)).clamp(AHEAD_BYTES_MIN, AHEAD_BYTES_MAX);
    config.set("queued.max.messages.kbytes", (ahead >> 10).to_string());
    config.set("fetch.message.max.bytes", ahead.min(FETCH_BYTES_MAX).to_string());
    // With the protocol of KIP-848 brokers assign partitions, and librdkafka refuses the setting.
    if settings.set.iter().any(|(name, value)| name == "group.protocol" && value.eq_ignore_ascii_case("consumer")) {
        config.remove("partition.assignment.strategy");
    }
    settings.set.iter().for_each(|(name, value)| _ = config.set(name, value));
    config.set("bootstrap.servers", &settings.brokers);
    config.set("group.id", &settings.group);
    config.set("enable.auto.commit", "false");
    config.set("enable.auto.offset.store", "false");
    config.set_log_level(RDKafkaLogLevel::Emerg);
    config
}

/// Whether librdkafka takes the settings. Nobody is asked for that but librdkafka.
///
/// # Errors
/// A sentence: which setting is wrong, why, and the cure.
pub fn check(settings: &Settings) -> Result<(), String> {
    for (name, _) in &settings.set {
        if let Some((_, cure)) = OURS.iter().find(|(ours, _)| name == ours) {
            return Err(format!("--kafka-set: {name} cannot be set; {cure}"));
        }
    }
    client(settings, 1).create_native_config().map(drop).map_err(|error| wrong(settings, &error))
}

/// A consumer that is told of nothing yet.
///
/// # Errors
/// As [`check`].
pub fn create(settings: &Settings, partitions: usize, inbox: Inbox) -> Result<BaseConsumer<Inbox>, String> {
    check(settings)?;
    client(settings, partitions).create_with_context(inbox).map_err(|error| wrong(settings, &error))
}

/// Which setting librdkafka refuses, and why. A secret may stand in what it says, so that of such a setting only the name is told.
fn wrong(settings: &Settings, error: &KafkaError) -> String {
    let cure = "see librdkafka's CONFIGURATION.md";
    match error {
        KafkaError::ClientConfig(_, _, name, _) if is_secret(name) => {
            format!("--kafka-set: {name}: its value is not taken; {cure}")
        }
        KafkaError::ClientConfig(_, reason, name, _) if reason.contains("not available at build time") => {
            format!("--kafka-set: {name}: {reason}; build with `--features kafka-tls`")
        }
        KafkaError::ClientConfig(_, reason, name, _) => format!("--kafka-set: {name}: {reason}; {cure}"),
        KafkaError::ClientCreation(reason) => {
            let values = settings.set.iter().filter(|(name, value)| is_secret(name) && !value.is_empty());
            let reason = values.fold(reason.clone(), |reason, (_, value)| reason.replace(value, "..."));
            format!("{}: {reason}; see --kafka-set, and librdkafka's CONFIGURATION.md", settings.name())
        }
        error => format!("{}: {error}", settings.name()),
    }
}

/// Whether a setting's value is not to be seen.
fn is_secret(name: &str) -> bool {
    ["password", "secret", "key", "token", "jaas", "pem", "oauthbearer.config"].iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn created(set: &[(&str, &str)]) -> Result<(), String> {
        let set = set.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let settings = Settings { set, ..Settings::new("127.0.0.1:1", "Logs") };
        create(&settings, 1, Inbox::default()).map(drop)
    }

    #[test]
    fn a_wrong_setting_is_named_with_its_cure() {
        let cases = [
            ("an unknown one", [("fetch.speed", "9")], "--kafka-set: fetch.speed: No such configuration property"),
            ("a wrong value", [("fetch.wait.max.ms", "soon")], "--kafka-set: fetch.wait.max.ms: Invalid value"),
            ("one of ours", [("enable.auto.commit", "true")], "enable.auto.commit cannot be set; leave it out"),
            ("the group", [("group.id", "x")], "--kafka-group"),
            ("what was not built in", [("security.protocol", "ssl")], "security.protocol"),
        ];
        for (what, set, expected) in cases {
            let error = created(&set).unwrap_err();
            assert!(error.contains(expected), "{what}: {error}");
        }
        assert_eq!(created(&[("fetch.wait.max.ms", "7")]), Ok(()));
        assert_eq!(created(&[("group.protocol", "consumer")]), Ok(()));
    }

    #[test]
    fn secrets_are_never_told() {
        let secret = "hunter2";
        for name in
            ["ssl.key.password", "sasl.password", "sasl.oauthbearer.client.secret", "ssl.key.pem", "no.such.password"]
        {
            // Most are wrong here, as no TLS is built in; the others are taken.
            if let Err(error) = created(&[(name, secret)]) {
                assert!(!error.contains(secret) && error.contains(name), "{error}");
            }
        }
        let set = vec![("sasl.password".to_string(), secret.to_string())];
        let settings = Settings { set, ..Settings::new("127.0.0.1:1", "Logs") };
        assert!(!format!("{settings:?}").contains(secret));
        let told = wrong(&settings, &KafkaError::ClientCreation(format!("cannot use {secret}")));
        assert!(!told.contains(secret), "{told}");
    }

    #[test]
    fn what_is_fetched_ahead_is_shared_among_partitions() {
        let settings = Settings::new("127.0.0.1:1", "Logs");
        let cases = [(1, "16384", "1048576"), (4, "16384", "1048576"), (64, "1024", "1048576"), (1000, "65", "67108")];
        for (partitions, kbytes, fetch) in cases {
            let config = client(&settings, partitions);
            assert_eq!(config.get("queued.max.messages.kbytes"), Some(kbytes), "{partitions}");
            assert_eq!(config.get("fetch.message.max.bytes"), Some(fetch), "{partitions}");
        }
    }
}
