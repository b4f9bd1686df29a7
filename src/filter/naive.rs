//! The slow truth: a filter of owned strings, evaluated in the most obvious way.
//!
//! It shares no code with the real one but the regex crate and the names of levels: values are read again from their text at every question.

use crate::format::record::{Access, ErrorEntry, Level, Time};
use std::net::IpAddr;

/// A filter.
#[derive(Clone, Debug)]
pub enum Model {
    /// `bot`.
    Bot,
    /// Field, operator, values.
    Test(&'static str, &'static str, Vec<String>),
    Not(Box<Model>),
    And(Vec<Model>),
    Or(Vec<Model>),
}

/// A record as text: field and value, absent ones left out.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    pub texts: Vec<(&'static str, String)>,
    pub bot: bool,
}

impl Fields {
    fn get(&self, field: &str) -> Option<&str> {
        self.texts.iter().find(|(name, _)| *name == field).map(|(_, text)| text.as_str()).filter(|text| *text != "-")
    }

    /// What a request says.
    pub fn of_access(access: &Access<'_>, bot: bool) -> Fields {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let target = text(access.target);
        let (path, query) = match target.find('?') {
            Some(0) | None => (target.clone(), "-".to_owned()),
            Some(at) => (target[..at].to_owned(), target[at + 1..].to_owned()),
        };
        let mut texts = vec![
            ("status", access.status.to_string()),
            ("method", text(access.method)),
            ("path", path),
            ("target", target),
            ("protocol", text(access.protocol)),
            ("client", text(access.client)),
            ("user", text(access.user)),
            ("vhost", text(access.vhost)),
            ("referrer", text(access.referrer)),
            ("agent", text(access.agent)),
        ];
        if !query.is_empty() {
            texts.push(("query", query));
        }
        texts.extend(access.bytes_sent.map(|bytes| ("bytes", bytes.to_string())));
        texts.extend(access.bytes_read.map(|bytes| ("bytes_read", bytes.to_string())));
        texts.extend(access.latency_micros.map(|micros| ("latency", format!("{micros}us"))));
        texts.extend(of_time(&access.time));
        Fields { texts, bot: bot && access.agent != b"-" }
    }

    /// What an entry of an error log says.
    pub fn of_error(entry: &ErrorEntry<'_>) -> Fields {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let mut texts = vec![
            ("level", entry.level.name().to_owned()),
            ("module", text(entry.module)),
            ("client", text(entry.client)),
            ("message", text(entry.message)),
        ];
        texts.extend(entry.time.iter().flat_map(of_time));
        Fields { texts, bot: false }
    }
}

fn of_time(time: &Time) -> Vec<(&'static str, String)> {
    let wall = jiff::Timestamp::from_second(time.wall_seconds).unwrap();
    let instant = jiff::Timestamp::new(time.wall_seconds - i64::from(time.offset_seconds), time.nanos as i32).unwrap();
    vec![
        ("time", instant.to_string()),
        ("hour", wall.strftime("%H").to_string()),
        ("weekday", wall.strftime("%A").to_string().to_lowercase()),
    ]
}

impl Model {
    /// Whether it is true of a record.
    pub fn holds(&self, record: &Fields) -> bool {
        match self {
            Model::Bot => record.bot,
            Model::Not(inner) => !inner.holds(record),
            Model::And(parts) => parts.iter().all(|part| part.holds(record)),
            Model::Or(parts) => parts.iter().any(|part| part.holds(record)),
            Model::Test(field, op, words) => test(field, op, words, record),
        }
    }

    /// Text that should parse to it. `style` picks one of the ways to write it.
    pub fn text(&self, style: usize) -> String {
        let joined = |parts: &[Model], joint: &str| {
            let parts = parts.iter().map(|part| match part {
                Model::And(_) | Model::Or(_) => format!("({})", part.text(style)),
                _ => part.text(style),
            });
            parts.collect::<Vec<_>>().join(joint)
        };
        match self {
            Model::Bot => "bot".to_owned(),
            Model::Not(inner) => format!("{}({})", ["not ", "!", "NOT"][style % 3], inner.text(style)),
            Model::And(parts) => joined(parts, [" and ", " && ", "\tAND\n"][style % 3]),
            Model::Or(parts) => joined(parts, [" or ", " || ", " Or "][style % 3]),
            Model::Test(field, op @ ("in" | "not in"), words) => {
                let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
                format!("{field} {op} {{{}}}", words.join([",", ", ", " , "][style % 3]))
            }
            Model::Test(field, op @ ("~" | "!~"), words) => format!("{field}{op}\"{}\"", words[0]),
            Model::Test(field, op, words) if style.is_multiple_of(2) => format!("{field} {op} {}", quoted(&words[0])),
            Model::Test(field, op, words) => format!("{field}{op}{}", quoted(&words[0])),
        }
    }
}

fn quoted(word: &str) -> String {
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
}

fn test(field: &str, op: &str, words: &[String], record: &Fields) -> bool {
    let value = record.get(field);
    match op {
        "=" | "in" => words.iter().any(|word| equals(field, value, word)),
        "!=" | "not in" => !words.iter().any(|word| equals(field, value, word)),
        "~" => value.is_some_and(|value| regex::Regex::new(&words[0]).unwrap().is_match(value)),
        "!~" => !value.is_some_and(|value| regex::Regex::new(&words[0]).unwrap().is_match(value)),
        _ => {
            let Some(value) = value else { return false };
            let (value, word) = (number(field, value), number(field, &words[0]));
            match op {
                "<" => value < word,
                "<=" => value <= word,
                ">" => value > word,
                ">=" => value >= word,
                _ => unreachable!("{op}"),
            }
        }
    }
}

fn equals(field: &str, value: Option<&str>, word: &str) -> bool {
    let Some(value) = value else { return word == "-" || word.is_empty() };
    if word == "-" || word.is_empty() {
        return false;
    }
    match field {
        "client" => same_client(value, word),
        "status" if word.ends_with("xx") => value.parse::<u32>().unwrap() / 100 == word[..1].parse::<u32>().unwrap(),
        "status" | "bytes" | "bytes_read" | "latency" | "hour" | "weekday" | "time" | "level" => {
            let value = number(field, value);
            match word.split_once("..") {
                Some((low, high)) => {
                    let (low, high) = (number(field, low), number(field, high));
                    let within = low <= value && value <= high;
                    let around = low > high && (value >= low || value <= high);
                    within || around
                }
                None => value == number(field, word),
            }
        }
        _ => value == word,
    }
}

fn number(field: &str, text: &str) -> i128 {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    let scaled = |units: &[(&str, i128)]| {
        let unit = &text[digits.len()..];
        digits.parse::<i128>().unwrap() * units.iter().find(|(name, _)| *name == unit).unwrap().1
    };
    match field {
        "status" | "hour" => digits.parse().unwrap(),
        "bytes" | "bytes_read" => scaled(&[("", 1), ("k", 1000), ("KiB", 1024), ("MiB", 1024 * 1024)]),
        "latency" => scaled(&[("us", 1), ("ms", 1000), ("s", 1_000_000), ("", 1_000_000)]),
        "weekday" => {
            let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
            days.iter().position(|day| text.starts_with(day)).unwrap() as i128
        }
        "time" => text.parse::<jiff::Timestamp>().unwrap().as_nanosecond(),
        "level" => Level::ALL.iter().rev().position(|level| level.name() == text).unwrap() as i128,
        _ => unreachable!("{field}"),
    }
}

/// The bits of an address as text of zeros and ones, so that a network is a beginning of it.
fn bits(text: &str) -> Option<String> {
    match text.split('%').next()?.parse::<IpAddr>().ok()?.to_canonical() {
        IpAddr::V4(address) => Some(format!("4:{:032b}", u32::from(address))),
        IpAddr::V6(address) => Some(format!("6:{:0128b}", u128::from(address))),
    }
}

fn same_client(client: &str, word: &str) -> bool {
    let (network, prefix) = match word.split_once('/').map(|(network, prefix)| (network, prefix.parse::<usize>())) {
        Some((network, Ok(prefix))) => (network, prefix),
        _ => (word, 128),
    };
    match (bits(client), bits(network)) {
        (Some(client), Some(network)) => client.starts_with(network.get(..prefix + 2).unwrap_or(&network)),
        _ => client == word,
    }
}
