//! Visor's `kafka_monitor.json`, as its users have it.
//!
//! It says which topic is read, how often it is summed up, and who gets mail of that and of every error line. The rest was
//! for Spark: where its master is, what the job is called, and how long a micro-batch takes. Here lines are counted as they
//! come. Source: Visor's `src/kafka_monitor/kafka_monitor.py`, which reads these keys.

use super::setting::{Said, Setting};
use super::values::{Checked, Interval, Many, Text};
use crate::json_file::{JsonFile, Problems};
use serde::Deserialize;

/// Keys by which it is told from a file of this program's own.
pub const KEYS: [&str; 4] = ["master_url", "app_name", "batch_interval", "email"];

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    master_url: Option<String>,
    app_name: Option<String>,
    batch_interval: Option<Checked<Interval>>,
    kafka: Kafka,
    email: Option<Email>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kafka {
    addr: Many<Text>,
    topic: Checked<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Email {
    report: Option<Report>,
    alert: Option<Alert>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    on: bool,
    interval: Checked<Interval>,
    subject: Option<String>,
    receiver: Option<Many<Text>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Alert {
    on: bool,
    subject: Option<String>,
    receiver: Option<Many<Text>>,
}

/// What the file says, and a note on what of it is not done.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read(file: &mut JsonFile<'_>) -> Result<(Vec<Setting>, String), Problems> {
    let said: File = file.read()?;
    let note = note(file.name(), &said);
    let brokers: Vec<String> = said.kafka.addr.0.into_iter().map(|broker| broker.0).collect();
    let topic = format!("{}/{}", brokers.join(","), said.kafka.topic.0);
    let setting = |flag, keys: &[&'static str], text| Setting {
        flag,
        keys: keys.to_vec(),
        line: file.line(keys),
        said: Said::Texts(vec![text]),
    };
    let mut settings = vec![setting("kafka", &["kafka"], topic)];
    let report = said.email.and_then(|email| email.report).filter(|report| report.on);
    settings.extend(report.map(|report| setting("summary", &["email", "report", "interval"], report.interval.0)));
    Ok((settings, note))
}

/// What of the file is not done, and why.
fn note(name: &str, said: &File) -> String {
    let of_spark = [
        ("master_url", said.master_url.is_some()),
        ("app_name", said.app_name.is_some()),
        ("batch_interval", said.batch_interval.is_some()),
    ];
    let of_spark: Vec<&str> = of_spark.iter().filter(|(_, is_said)| *is_said).map(|(key, _)| *key).collect();
    let mut parts = vec![format!("{name}: is Visor's")];
    if !of_spark.is_empty() {
        parts.push(format!("{} had a meaning for Spark alone", of_spark.join(", ")));
    }
    let report = said.email.as_ref().and_then(|email| email.report.as_ref()).filter(|report| report.on);
    let alert = said.email.as_ref().and_then(|email| email.alert.as_ref()).filter(|alert| alert.on);
    let mails = [
        report.map(|report| mail("email.report", report.subject.as_deref(), report.receiver.as_ref())),
        alert.map(|alert| mail("email.alert", alert.subject.as_deref(), alert.receiver.as_ref())),
    ];
    let mails: Vec<String> = mails.into_iter().flatten().collect();
    if !mails.is_empty() {
        parts.push(format!("no mail is sent, since no SMTP account is configured: {}", mails.join(", ")));
    }
    if report.is_some() {
        parts
            .push("summaries go to standard output where that is no screen, and to the files of --summary-file".into());
    }
    parts.join("; ")
}

fn mail(key: &str, subject: Option<&str>, receiver: Option<&Many<Text>>) -> String {
    let mut text = key.to_owned();
    if let Some(subject) = subject {
        text.push_str(&format!(" {subject:?}"));
    }
    if let Some(Many(receivers)) = receiver {
        let receivers: Vec<&str> = receivers.iter().map(|receiver| receiver.0.as_str()).collect();
        text.push_str(&format!(" to {}", receivers.join(" and ")));
    }
    text
}
