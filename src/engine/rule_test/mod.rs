//! Tests for rules: records at set times in, alerts expected at set times out. Nothing waits: time is that of the records.

mod file;
mod record;
#[cfg(test)]
mod tests;

use super::replay::{Rules, Told};
use super::settings::Settings;
use super::worker::{Piece, Worker};
use crate::alert::state::Phase;
use crate::alert::{self, Plan, Transition, fingerprint, rule};
use crate::format::LineFormat;
use crate::format::catalogue::by_name;
use crate::format::detect::detect;
use crate::json_file::{JsonFile, Problem, Problems};
use crate::window::{board, watermark};
use file::{Alert, Expect, File, Series, Test};
use record::Made;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// Records of one test, at most.
const RECORDS_MAX: u64 = 10_000_000;
/// When a test begins that does not say.
const START: i64 = 1_735_689_600_000;

/// A file of tests that was run.
#[derive(Debug, Default)]
pub struct Tested {
    /// How many tests there are.
    pub tests: usize,
    /// What was not as expected.
    pub failures: Vec<Failure>,
}

/// What was not as expected at an instant of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The test's name.
    pub test: String,
    /// The instant, after its start.
    pub at: String,
    /// What is missing, begun with `-`; what is there and should not be, begun with `+`.
    pub differences: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, at {}:", self.test, self.at)?;
        self.differences.iter().try_for_each(|difference| write!(f, "\n  {difference}"))
    }
}

/// Runs the tests of the file `name`; `open` reads a file whose name stands in it.
///
/// # Errors
/// Everything that is wrong with the file, or with the rules that it names.
pub fn run(
    name: &str,
    text: &str,
    settings: &Settings,
    open: &dyn Fn(&str) -> Result<(String, String), String>,
) -> Result<Tested, Problems> {
    let mut json = JsonFile::new(name, text)?;
    let File { rules: names, tests } = json.read()?;
    let mut problems = Vec::new();
    let mut rules = Vec::new();
    for named in names.as_slice() {
        match open(named).map(|(name, text)| rule::read(&name, &text)) {
            Err(reason) => problems.push(json.problem(&["rules"], format!("{named}: cannot be read: {reason}"))),
            Ok(Err(errors)) => problems.extend(errors.iter().map(of_rule)),
            Ok(Ok(read)) => rules.extend(read),
        }
    }
    let plan = Plan::new(rules, board::Settings::default().pane).map(Arc::new).map_err(|errors| {
        problems.extend(errors.iter().map(of_rule));
    });
    let mut tested = Tested { tests: tests.len(), failures: Vec::new() };
    for test in &tests {
        let Ok(plan) = &plan else { break };
        match told(test, plan, settings, open) {
            Err(what) => problems.push(json.problem(&["tests"], format!("{}: {what}", test.name))),
            Ok((start, told)) => {
                let failures = test.expect.iter().map(|expect| Failure {
                    test: test.name.clone(),
                    at: expect.at.text.clone(),
                    differences: differences(expect, start, &told),
                });
                tested.failures.extend(failures.filter(|failure| !failure.differences.is_empty()));
            }
        }
    }
    if problems.is_empty() { Ok(tested) } else { Err(Problems(problems)) }
}

/// A mistake in a file of rules.
fn of_rule(error: &rule::RuleError) -> Problem {
    let (text, place) = (error.to_string(), format!("{}:{}: ", error.file, error.line));
    let what = text.strip_prefix(&place).unwrap_or(&text).to_string();
    Problem { file: error.file.clone(), line: error.line, key: String::new(), what }
}

/// Lets the records of a test pass; when it began, and what was told.
fn told(
    test: &Test,
    plan: &Arc<Plan>,
    settings: &Settings,
    open: &dyn Fn(&str) -> Result<(String, String), String>,
) -> Result<(i64, Vec<Told>), String> {
    let windows = board::Settings::default();
    let kept =
        alert::Settings { allowed_lateness: windows.allowed_lateness, history: windows.history, is_replay: true };
    let rules = Rules::new(Arc::clone(plan), kept, watermark::Settings::default().max_out_of_orderness);
    let start = match &test.start {
        None => START,
        Some(text) => text
            .parse::<jiff::Timestamp>()
            .map_err(|error| format!("start: {text:?} is no time as in 2025-01-01T00:00:00Z: {error}"))?
            .as_millisecond(),
    };
    let mut rules = match (&test.log, test.lines.is_empty(), test.records.is_empty()) {
        (None, true, _) => of_records(&test.records, start, rules)?,
        (Some(log), true, true) => of_lines(&open(log)?.1, test.format.as_deref(), settings, rules)?,
        (None, false, true) => of_lines(&test.lines.join("\n"), test.format.as_deref(), settings, rules)?,
        _ => return Err("has more than one of records, lines and log; leave one".to_string()),
    };
    let last = test.expect.iter().map(|expect| expect.at.milliseconds).max().unwrap_or(0);
    rules.finish(start.saturating_add(last));
    Ok((start, rules.told))
}

/// Lets records pass in the order of their times.
fn of_records(all: &[Series], start: i64, mut rules: Rules) -> Result<Rules, String> {
    let mut due = Vec::new();
    let mut records = 0u64;
    for (number, series) in all.iter().enumerate() {
        let made = Made::new(series)?;
        let (from, every) = (series.from.milliseconds, series.every.as_ref().map_or(0, |every| every.milliseconds));
        let to = match (&series.to, every) {
            (Some(to), 1..) => to.milliseconds,
            (None, 0) => from + 1,
            _ => {
                return Err(format!(
                    "records[{number}]: \"to\" and \"every\" go together, and every is more than none"
                ));
            }
        };
        let times = (to - from).max(0) as u64;
        records = records.saturating_add(times.div_ceil(every.max(1) as u64).saturating_mul(u64::from(series.count)));
        if records > RECORDS_MAX {
            return Err(format!(
                "records[{number}]: with it there are more than {RECORDS_MAX} records; make it shorter"
            ));
        }
        due.push((from, every, to, series.count, made));
    }
    let next = |due: &[(i64, i64, i64, u32, Made)]| {
        let left = due.iter().enumerate().filter(|(_, (at, _, to, ..))| at < to);
        left.min_by_key(|(number, (at, ..))| (*at, *number)).map(|(number, _)| number)
    };
    while let Some(number) = next(&due) {
        let (at, every, _, count, made) = &mut due[number];
        (0..*count).for_each(|_| made.pass(start.saturating_add(*at), &mut rules));
        *at = at.saturating_add((*every).max(1));
    }
    Ok(rules)
}

/// Lets lines of a log pass.
fn of_lines(text: &str, format: Option<&str>, settings: &Settings, rules: Rules) -> Result<Rules, String> {
    let format: Arc<dyn LineFormat> = match format {
        Some(name) => by_name(name, &settings.formats).map_err(|error| format!("format: {error}"))?,
        None => detect(text.as_bytes(), &settings.formats)
            .map_err(|_| "no known format fits its lines; name one with \"format\"".to_string())?,
    };
    let mut worker = Worker::new(settings, rules);
    let piece = Piece { text: text.as_bytes(), format: &*format, input: 0, number: 0, lines_before: 0 };
    worker.piece(&piece, &|| true);
    match worker.tally.lines.malformed.iter().sum::<u64>() {
        0 => Ok(worker.watch),
        malformed => Err(format!(
            "{malformed} of its lines are malformed as {}; correct them, or name another format",
            format.name()
        )),
    }
}

/// Where alerts are at an instant, by rule and labels.
type Phases<'told> = BTreeMap<(usize, u64), &'told Transition>;

/// What is not as expected.
fn differences(expect: &Expect, start: i64, told: &[Told]) -> Vec<String> {
    let until = start.saturating_add(expect.at.milliseconds);
    let mut last: Phases<'_> = BTreeMap::new();
    let mut events: BTreeMap<&str, u64> = BTreeMap::new();
    for told in told {
        match told {
            Told::Transition(transition) if transition.at <= until => {
                last.insert((transition.rule, fingerprint(&transition.labels)), transition);
            }
            Told::Event(event) if event.at < until => *events.entry(&event.alert).or_default() += 1,
            _ => {}
        }
    }
    let mut differences = of_phase(&last, Phase::Firing, "firing", &expect.firing);
    if let Some(pending) = &expect.pending {
        differences.extend(of_phase(&last, Phase::Pending, "pending", pending));
    }
    for (alert, expected) in &expect.told {
        let found = events.get(alert.as_str()).copied().unwrap_or(0);
        if found != *expected {
            differences.push(format!("- {alert} has told {expected}"));
            differences.push(format!("+ {alert} has told {found}"));
        }
    }
    differences
}

fn of_phase(last: &Phases<'_>, phase: Phase, what: &str, expected: &[Alert]) -> Vec<String> {
    let mut there: Vec<&Transition> = last.values().filter(|told| told.to == phase).copied().collect();
    let mut differences = Vec::new();
    for alert in expected {
        match there.iter().position(|told| is_it(told, alert)) {
            Some(at) => {
                there.remove(at);
            }
            None => differences.push(format!("- {what}: {}", expected_alert(alert))),
        }
    }
    let named: BTreeSet<&str> =
        expected.iter().flat_map(|alert| alert.annotations.keys().map(String::as_str)).collect();
    differences.extend(there.into_iter().map(|told| format!("+ {what}: {}", found_alert(told, &named))));
    differences
}

fn is_it(told: &Transition, alert: &Alert) -> bool {
    let own = told.labels.iter().filter(|(name, _)| *name != "alertname");
    let is_value = |expected: f64| {
        told.value.is_some_and(|value| (value - expected).abs() <= 1e-6 * value.abs().max(expected.abs()).max(1e-9))
    };
    told.alert == alert.alert
        && own.eq(alert.labels.iter())
        && alert.value.is_none_or(is_value)
        && alert.annotations.iter().all(|(name, text)| told.annotations.get(name) == Some(text))
}

fn expected_alert(alert: &Alert) -> String {
    shown(&alert.alert, alert.labels.iter(), alert.value, alert.annotations.iter())
}

fn found_alert(told: &Transition, annotations: &BTreeSet<&str>) -> String {
    let labels = told.labels.iter().filter(|(name, _)| *name != "alertname");
    let annotations = told.annotations.iter().filter(|(name, _)| annotations.contains(name.as_str()));
    shown(&told.alert, labels, told.value, annotations)
}

fn shown<'a>(
    alert: &str,
    labels: impl Iterator<Item = (&'a String, &'a String)>,
    value: Option<f64>,
    annotations: impl Iterator<Item = (&'a String, &'a String)>,
) -> String {
    let mut text = alert.to_string();
    labels.for_each(|(name, label)| text += &format!(" {name}={label:?}"));
    value.iter().for_each(|value| text += &format!(", value {value}"));
    annotations.for_each(|(name, annotation)| text += &format!(", {name} {annotation:?}"));
    text
}
