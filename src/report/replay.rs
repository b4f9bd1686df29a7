//! What rules would have told of a log: each alert that fired, when and for how long, and each record that was told.
//!
//! As CSV, a row each:
//!
//! | column | |
//! | --- | --- |
//! | `what` | `alert`, or `event` for a record that was told |
//! | `alert`, `labels` | the name; the labels as `name=value`, the name left out |
//! | `since` | RFC 3339 in UTC; since when it was true |
//! | `fired_at`, `resolved_at` | the second is empty where it still fired at the end |
//! | `seconds` | how long it fired, up to the end of the log |
//! | `value`, `summary` | of the moment at which it fired; the annotation `summary` |

use super::csv::text;
use serde::Serialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// The report.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Replay {
    /// Rules that looked.
    pub rules: u64,
    /// Lines that were read, and records in them.
    pub lines: u64,
    /// Records.
    pub records: u64,
    /// The newest event time, RFC 3339 in UTC: the end of the log.
    pub end: Option<String>,
    /// Whether not all lines were read.
    pub partial: bool,
    /// Alerts in the order in which they fired.
    pub alerts: Vec<Firing>,
    /// Further ones.
    pub alerts_left_out: u64,
    /// Records that were told, in their order.
    pub events: Vec<Event>,
    /// Further ones: by the rules' rates, or by the bound of this list.
    pub events_left_out: u64,
    /// Records that came too late for their second.
    pub late: u64,
    /// Records of the future. Rules looked at neither.
    pub future: u64,
    /// Groups that were dropped since there were too many (`max_groups`); figures of others may then be too small.
    pub groups_dropped: u64,
}

/// An alert that fired.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Firing {
    /// Its name.
    pub alert: String,
    /// Its labels, without the name.
    pub labels: BTreeMap<String, String>,
    /// Since when it was true, RFC 3339 in UTC.
    pub since: String,
    /// When it fired.
    pub fired_at: String,
    /// When it was over; none where it fires at the end of the log.
    pub resolved_at: Option<String>,
    /// How long it fired.
    pub seconds: f64,
    /// Its value when it fired.
    pub value: Option<f64>,
    /// Texts for people.
    pub annotations: BTreeMap<String, String>,
    /// Who would have been told; everybody where nobody is named.
    pub notify: Vec<String>,
}

/// A record that was told.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Event {
    /// The rule's name.
    pub alert: String,
    /// Labels, without the name.
    pub labels: BTreeMap<String, String>,
    /// The record's time, RFC 3339 in UTC.
    pub at: String,
    /// What it says, by field.
    pub fields: BTreeMap<&'static str, String>,
    /// Texts for people.
    pub annotations: BTreeMap<String, String>,
}

/// Writes the report as JSON, an alert a line. Fails as `out` fails.
pub fn write_json(replay: &Replay, out: &mut dyn Write) -> io::Result<()> {
    super::json::write_lines(replay, 2, out)
}

/// A row; the names of its fields are the header.
#[derive(Default, Serialize)]
struct Cells<'a> {
    what: &'static str,
    alert: Cow<'a, str>,
    labels: String,
    since: &'a str,
    fired_at: &'a str,
    resolved_at: &'a str,
    seconds: Option<f64>,
    value: Option<f64>,
    summary: Cow<'a, str>,
}

/// Writes the report as CSV. Fails as `out` fails.
pub fn write_csv(replay: &Replay, out: &mut dyn Write) -> io::Result<()> {
    let mut table = csv::WriterBuilder::new().has_headers(false).from_writer(out);
    let names = ["what", "alert", "labels", "since", "fired_at", "resolved_at", "seconds", "value", "summary"];
    table.write_record(names).map_err(io::Error::other)?;
    let mut row = |cells: Cells<'_>| table.serialize(&cells).map_err(io::Error::other);
    for firing in &replay.alerts {
        row(Cells {
            what: "alert",
            alert: text(&firing.alert),
            labels: text(&labels(&firing.labels)).into_owned(),
            since: &firing.since,
            fired_at: &firing.fired_at,
            resolved_at: firing.resolved_at.as_deref().unwrap_or_default(),
            seconds: Some(firing.seconds),
            value: firing.value,
            summary: summary(&firing.annotations),
        })?;
    }
    for event in &replay.events {
        row(Cells {
            what: "event",
            alert: text(&event.alert),
            labels: text(&labels(&event.labels)).into_owned(),
            fired_at: &event.at,
            summary: summary(&event.annotations),
            ..Cells::default()
        })?;
    }
    table.flush()
}

fn summary(annotations: &BTreeMap<String, String>) -> Cow<'_, str> {
    annotations.get("summary").map_or(Cow::Borrowed(""), |summary| text(summary))
}

/// Labels in a line.
pub(super) fn labels(labels: &BTreeMap<String, String>) -> String {
    labels.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An alert that is over, one that is not, and a record, with hostile text.
    pub fn example() -> Replay {
        let map = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect::<BTreeMap<_, _>>()
        };
        let firing = Firing {
            alert: "HighErrorRatio".to_string(),
            labels: map(&[("severity", "critical"), ("vhost", "=cmd()\u{1b}[2J")]),
            since: "2025-10-10T13:00:00Z".to_string(),
            fired_at: "2025-10-10T13:02:00Z".to_string(),
            resolved_at: Some("2025-10-10T13:05:30Z".to_string()),
            seconds: 210.0,
            value: Some(0.25),
            annotations: map(&[("summary", "a quarter fails")]),
            notify: Vec::new(),
        };
        let open = Firing { resolved_at: None, labels: map(&[]), annotations: map(&[]), ..firing.clone() };
        let event = Event {
            alert: "Error".to_string(),
            labels: map(&[]),
            at: "2025-10-10T13:00:01Z".to_string(),
            fields: BTreeMap::from([("message", "no such file".to_string())]),
            annotations: map(&[("summary", "-1+1")]),
        };
        Replay {
            rules: 2,
            lines: 1000,
            records: 990,
            end: Some("2025-10-10T14:00:00Z".to_string()),
            alerts: vec![firing, open],
            events: vec![event],
            events_left_out: 3,
            ..Replay::default()
        }
    }

    #[test]
    fn an_alert_is_a_row_and_no_cell_is_a_formula() {
        let mut out = Vec::new();
        write_csv(&example(), &mut out).unwrap();
        let out = String::from_utf8(out).unwrap();
        let rows: Vec<&str> = out.lines().collect();
        assert_eq!(rows.len(), 4);
        assert!(rows[1].starts_with("alert,HighErrorRatio,"), "{out}");
        assert!(rows[1].ends_with("2025-10-10T13:05:30Z,210.0,0.25,a quarter fails"), "{out}");
        assert!(rows[2].contains(",2025-10-10T13:02:00Z,,210.0,"), "it still fires: {out}");
        assert!(rows[3].ends_with(",'-1+1"), "{out}");
    }

    #[test]
    fn json_has_an_alert_a_line() {
        let mut out = Vec::new();
        write_json(&example(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.contains('\u{1b}'));
        assert_eq!(text.lines().filter(|line| line.contains("\"HighErrorRatio\"")).count(), 2);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (&value["alerts"][1]["resolved_at"], &value["events_left_out"]),
            (&serde_json::Value::Null, &3.into())
        );
    }
}
