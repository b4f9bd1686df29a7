//! What is told of an alert, and of a record: names, labels and texts, rendered.

use super::count::Line;
use super::key;
use super::rule::template::Facts;
use super::rule::{Rule, When};
use super::state::{Change, Phase};
use crate::aggregate::stable;
use std::collections::BTreeMap;

/// An alert that went from one phase to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// The rule, by its place in the plan.
    pub rule: usize,
    /// Its name.
    pub alert: String,
    /// Where the alert was.
    pub from: Phase,
    /// Where it is. What leaves [`Phase::Firing`] is over, wherever it goes.
    pub to: Phase,
    /// When: the end of the window that was looked at, in milliseconds.
    pub at: i64,
    /// Since when it is true.
    pub since: i64,
    /// When it fired.
    pub fired_at: Option<i64>,
    /// The last value; `None` where there was no data.
    pub value: Option<f64>,
    /// Its labels, `alertname` among them: they name the alert.
    pub labels: BTreeMap<String, String>,
    /// Texts for people, rendered.
    pub annotations: BTreeMap<String, String>,
    /// Who is told; everybody where nobody is named.
    pub notify: Vec<String>,
}

/// A record that `each` tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The rule, by its place in the plan.
    pub rule: usize,
    /// Its name.
    pub alert: String,
    /// The record's time, in milliseconds.
    pub at: i64,
    /// How many were left out since the last one of this rule.
    pub left_out: u64,
    /// Labels, `alertname` among them.
    pub labels: BTreeMap<String, String>,
    /// Texts for people, rendered.
    pub annotations: BTreeMap<String, String>,
    /// What the record says, by field.
    pub fields: BTreeMap<&'static str, String>,
    /// Who is told; everybody where nobody is named.
    pub notify: Vec<String>,
}

impl Transition {
    /// What a change of a rule's alert is told as.
    pub(super) fn of(rule: &Rule, number: usize, change: Change) -> Transition {
        let own = own_labels(rule, &change.key);
        let (labels, annotations) = texts(rule, change.alert.value, &own, &|name| own.get(name).cloned());
        Transition {
            rule: number,
            alert: rule.alert.clone(),
            from: change.from,
            to: change.to,
            at: change.at,
            since: change.alert.active_at,
            fired_at: change.alert.fired_at,
            value: change.alert.value,
            labels,
            annotations,
            notify: rule.notify.clone(),
        }
    }
}

impl Event {
    /// What a record is told as; so many were left out before it.
    pub(super) fn of(rule: &Rule, number: usize, line: Line, left_out: u64) -> Event {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let fields: BTreeMap<&'static str, String> =
            line.fields.iter().map(|(field, bytes)| (field.name(), text(bytes))).collect();
        let own = own_labels(rule, &line.key);
        let label = |name: &str| own.get(name).or_else(|| fields.get(name)).cloned();
        let (labels, annotations) = texts(rule, Some(1.0), &own, &label);
        Event {
            rule: number,
            alert: rule.alert.clone(),
            at: line.at,
            left_out,
            labels,
            annotations,
            fields,
            notify: rule.notify.clone(),
        }
    }
}

/// The labels that the key of a rule's group holds.
fn own_labels(rule: &Rule, key: &[u8]) -> BTreeMap<&'static str, String> {
    let names = match &rule.when {
        When::New(field) => vec![field.name()],
        _ => rule.by.iter().map(|field| field.name()).collect(),
    };
    let values = key::values(names.len(), key);
    names.into_iter().zip(values).collect()
}

/// Labels and annotations, rendered. `own` are the labels of the group, `label` those and what else has a name.
fn texts(
    rule: &Rule,
    value: Option<f64>,
    own: &BTreeMap<&'static str, String>,
    label: &dyn Fn(&str) -> Option<String>,
) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
    let unit = rule.when.unit();
    let facts = Facts { alert: &rule.alert, value, unit, label };
    let mut labels: BTreeMap<String, String> =
        own.iter().map(|(name, text)| ((*name).to_owned(), text.clone())).collect();
    labels.extend(rule.labels.iter().map(|(name, text)| (name.clone(), text.render(&facts))));
    labels.insert("alertname".to_owned(), rule.alert.clone());
    let all = |name: &str| labels.get(name).cloned().or_else(|| label(name));
    let facts = Facts { label: &all, ..facts };
    let annotations = rule.annotations.iter().map(|(name, text)| (name.clone(), text.render(&facts))).collect();
    (labels, annotations)
}

/// A number that names an alert by its labels, the same everywhere.
pub fn fingerprint(labels: &BTreeMap<String, String>) -> u64 {
    let mut bytes = Vec::new();
    for text in labels.iter().flat_map(|(name, value)| [name, value]) {
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.as_bytes());
    }
    stable::hash(&bytes)
}
