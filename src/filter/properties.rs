//! On random filters and records: the compiled filter agrees with the naive one, prints what parses to the same, and no
//! text makes it panic.

use super::naive::{Fields, Model};
use super::*;
use crate::format::record::{Level, Time};
use proptest::prelude::*;
use proptest::sample::select;

/// Words that make sense for a field, by the operators that take them.
const WORDS: &[(&str, &[&str], &[&str])] = &[
    ("status", &["200", "404", "500", "0", "999"], &["2xx", "4xx", "400..404", "-"]),
    ("bytes", &["0", "1k", "1KiB", "1MiB"], &["0..1k", "-"]),
    ("bytes_read", &["0", "1000", "5MiB"], &["1k..1MiB", ""]),
    ("latency", &["0", "250ms", "2s", "1000us"], &["1ms..1s", "-"]),
    ("hour", &["0", "13", "23"], &["9..17", "22..5", "-"]),
    ("weekday", &["mon", "thu", "sun"], &["mon..fri", "sat..mon"]),
    ("time", &["2024-10-10T11:55:36Z", "1970-01-01T00:00:00Z"], &["1970-01-01T00:00:00Z..2024-10-10T11:55:36Z", "-"]),
    ("level", &["error", "debug", "emerg"], &["warn..crit", "-"]),
];

const TEXT_FIELDS: &[&str] = &[
    "method", "path", "query", "target", "protocol", "user", "vhost", "referrer", "agent", "module", "message",
    "client",
];

/// Values of text fields, and words to compare them with.
const TEXTS: &[&str] = &["-", "GET", "/a", "/a?b=c", "?b", "/a?", "a b", "a\\b", "\"", "and", "é", "a"];

const CLIENTS: &[&str] = &[
    "-",
    "10.1.2.3",
    "::ffff:10.1.2.3",
    "192.0.2.7",
    "::1",
    "0:0:0:0:0:0:0:1",
    "fe80::1%eth0",
    "host.example",
    "unix:/a",
];

const NETWORKS: &[&str] = &[
    "10.0.0.0/8",
    "10.1.2.3",
    "0.0.0.0/0",
    "::/0",
    "::1",
    "fe80::/10",
    "192.0.2.0/24",
    "host.example",
    "unix:/a",
    "-",
    "",
];

const PATTERNS: &[&str] = &["^/a", "a|b", "^-$", ".", "\\\"", "\\?", "(G|P)ET", "[^)]b", "^10\\.", ""];

const CHOICE: &[&str] = &["=", "!=", "in", "not in"];

fn model() -> impl Strategy<Value = Model> {
    let several = |op: &str| if op.ends_with("in") { 3 } else { 1 };
    let number = (select(WORDS), select(&["=", "!=", "<", "<=", ">", ">=", "in", "not in"][..])).prop_flat_map(
        move |((field, plain, ranges), op)| {
            let words = if op.starts_with(['<', '>']) { plain.to_vec() } else { [plain, ranges].concat() };
            prop::collection::vec(select(words), 1..=several(op)).prop_map(move |words| test(field, op, words))
        },
    );
    let text = (select(&TEXT_FIELDS[..11]), select(CHOICE)).prop_flat_map(move |(field, op)| {
        prop::collection::vec(select(TEXTS), 1..=several(op)).prop_map(move |words| test(field, op, words))
    });
    let client = select(CHOICE).prop_flat_map(move |op| {
        prop::collection::vec(select(NETWORKS), 1..=several(op)).prop_map(move |words| test("client", op, words))
    });
    let pattern = (select(TEXT_FIELDS), select(&["~", "!~"][..]), select(PATTERNS))
        .prop_map(|(field, op, pattern)| test(field, op, vec![pattern]));
    let leaf = prop_oneof![3 => number, 2 => text, 1 => client, 1 => pattern, 1 => Just(Model::Bot)];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let parts = prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            inner.prop_map(|inner| Model::Not(Box::new(inner))),
            parts.clone().prop_map(Model::And),
            parts.prop_map(Model::Or),
        ]
    })
}

fn test(field: &'static str, op: &'static str, words: Vec<&str>) -> Model {
    Model::Test(field, op, words.into_iter().map(str::to_owned).collect())
}

fn time() -> impl Strategy<Value = Time> {
    (select(&[0, 1_728_568_536, -1, 1_728_800_000][..]), select(&[0, 7200, -12_600][..]), select(&[0, 5][..]))
        .prop_map(|(wall_seconds, offset_seconds, nanos)| Time { wall_seconds, offset_seconds, nanos })
}

fn access() -> impl Strategy<Value = Access<'static>> {
    let text = || select(TEXTS).prop_map(str::as_bytes);
    let texts = (text(), text(), text(), text(), text(), text(), text(), select(CLIENTS));
    let number = |values: &'static [Option<u64>]| select(values);
    let numbers = (
        select(&[0, 200, 400, 404, 500, 999][..]),
        number(&[None, Some(0), Some(1000), Some(1024), Some(u64::MAX)]),
        number(&[None, Some(1000), Some(5 << 20)]),
        number(&[None, Some(0), Some(1000), Some(250_000), Some(2_000_000), Some(u64::MAX)]),
    );
    (time(), texts, numbers).prop_map(|(time, texts, (status, bytes_sent, bytes_read, latency_micros))| {
        let (user, vhost, method, target, protocol, referrer, agent, client) = texts;
        let client = client.as_bytes();
        Access {
            time,
            client,
            user,
            vhost,
            method,
            target,
            protocol,
            referrer,
            agent,
            status,
            bytes_sent,
            bytes_read,
            latency_micros,
        }
    })
}

fn error_entry() -> impl Strategy<Value = ErrorEntry<'static>> {
    (prop::option::of(time()), select(&Level::ALL[..]), select(TEXTS), select(CLIENTS), select(TEXTS)).prop_map(
        |(time, level, module, client, message)| ErrorEntry {
            time,
            level,
            module: module.as_bytes(),
            client: client.as_bytes(),
            message: message.as_bytes(),
        },
    )
}

/// Pieces of filters, to be strung together.
const PIECES: &[&str] = &[
    "status",
    "path",
    "client",
    "bytes",
    "latency",
    "hour",
    "bot",
    "agent",
    " ",
    " ",
    "=",
    "!=",
    "<",
    ">=",
    "~",
    "!~",
    "in",
    "not",
    "and",
    "or",
    "&&",
    "||",
    "!",
    "(",
    ")",
    "{",
    "}",
    ",",
    "\"",
    "\\",
    "..",
    "5xx",
    "500",
    "10.0.0.0/8",
    "^/a",
    "[",
    "]",
    "é",
    "-",
    "1k",
    "250ms",
    "\t",
    "\0",
    "*",
    "+",
    "a",
    "\"a b\"",
    " and ",
    " or ",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn the_compiled_filter_agrees_with_the_naive_one(
        model in model(), style in 0usize..6, access in access(), entry in error_entry(), bot: bool,
    ) {
        let text = model.text(style);
        let filter = Filter::parse(&text).map_err(|error| TestCaseError::fail(format!("{error}")))?;
        let of_access = Fields::of_access(&access, bot);
        prop_assert_eq!(filter.keep_access(&access, |_| bot), model.holds(&of_access), "{} on {:?}", text, of_access);
        let of_error = Fields::of_error(&entry);
        prop_assert_eq!(filter.keep_error(&entry), model.holds(&of_error), "{} on {:?}", text, of_error);
    }

    #[test]
    fn what_a_filter_prints_parses_to_the_same(model in model(), style in 0usize..6) {
        let filter = Filter::parse(&model.text(style)).map_err(|error| TestCaseError::fail(format!("{error}")))?;
        let printed = filter.to_string();
        let again = Filter::parse(&printed).map_err(|error| TestCaseError::fail(format!("{error}")))?;
        prop_assert_eq!(filter.expr(), again.expr());
        prop_assert_eq!(printed, again.to_string());
    }

    #[test]
    fn no_text_panics_and_what_parses_prints(
        pieces in prop::collection::vec(select(PIECES), 0..16), text in "\\PC{0,40}", word in "\\PC{1,8}",
    ) {
        for text in [pieces.concat(), text, format!("path~{word}"), format!("user = {word}"), format!("user=\"{word}\"")] {
            match Filter::parse(&text) {
                Ok(filter) => {
                    let again = Filter::parse(&filter.to_string()).map_err(|error| TestCaseError::fail(format!("{error}")))?;
                    prop_assert_eq!(filter.expr(), again.expr(), "{:?}", text);
                }
                Err(error) => {
                    prop_assert!(text.get(error.at()).is_some(), "{:?}: {:?}", text, error.at());
                    prop_assert_eq!(error.to_string().lines().count(), 4, "{:?}: {}", text, error);
                }
            }
        }
    }
}
