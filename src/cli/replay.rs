//! `visor-fast analyze --rules`: what rules would have told of a log.

use super::analyze_flags::Flags;
use super::interrupt::interruptible;
use super::outputs::{Form, cannot_write};
use super::progress::watched;
use super::terminal::{columns, speaks_unicode};
use super::{Exit, Failure, outputs, tell};
use crate::alert::state::Phase;
use crate::alert::{self, Plan, Transition, fingerprint, rule};
use crate::engine::Progress;
use crate::engine::replay::{INPUTS_MAX, Told, replay};
use crate::engine::{self, Settings};
use crate::report::replay::{Event, Firing, Replay, write_csv, write_json};
use crate::report::text::{self, TextOptions};
use crate::source::Named;
use crate::window::freeze::instant;
use crate::window::{board, watermark};
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Alerts that are listed, and records that are told, at most.
const LISTED_MAX: usize = 100_000;

/// Rules of files, all their mistakes in one failure.
pub fn rules(paths: &[PathBuf]) -> Result<Vec<rule::Rule>, Failure> {
    let (mut rules, mut wrong) = (Vec::new(), Vec::new());
    for path in paths {
        let name = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => match rule::read(&name, &text) {
                Ok(read) => rules.extend(read),
                Err(errors) => wrong.extend(errors.iter().map(ToString::to_string)),
            },
            Err(error) => wrong.push(format!("--rules {name}: cannot be read: {error}")),
        }
    }
    if wrong.is_empty() { Ok(rules) } else { Err(Failure::usage(wrong.join("\n"))) }
}

/// Replays the rules that the flags name on the inputs.
pub fn run(flags: &Flags, settings: &Settings, inputs: &[Named]) -> Result<Exit, Failure> {
    let windows = board::Settings::default();
    let plan = Plan::new(rules(&flags.rules)?, windows.pane)
        .map_err(|errors| Failure::usage(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))?;
    if inputs.len() > INPUTS_MAX {
        return Err(Failure::usage(format!(
            "--rules: reads all inputs side by side, and {} are too many; name {INPUTS_MAX} at a time, the oldest first",
            inputs.len()
        )));
    }
    let files = files(&flags.o)?;
    let form = flags.output.or(flags.o.is_empty().then_some(Form::Text));
    let stop = Arc::new(AtomicBool::new(false));
    interruptible(&stop)?;
    let progress = Progress::new(stop);
    let shown = !flags.quiet && io::stderr().is_terminal();
    let plan = Arc::new(plan);
    let run = engine::replay::Replay {
        settings,
        plan: Arc::clone(&plan),
        alerts: alert::Settings {
            allowed_lateness: windows.allowed_lateness,
            history: windows.history,
            is_replay: true,
        },
        max_out_of_orderness: watermark::Settings::default().max_out_of_orderness,
        until: settings.arrival.unix_seconds().saturating_mul(1000).saturating_add(windows.max_future),
        progress: &progress,
    };
    let mut listed = Listed::default();
    let replayed = watched(&progress, shown, || replay(inputs, &run, &mut |told| listed.take(told)));
    replayed.troubles.iter().for_each(|trouble| tell(&trouble.to_string()));
    let failed = !replayed.troubles.is_empty();
    if failed && !flags.keep_going {
        return Ok(Exit::Failed);
    }
    let report = Replay {
        rules: plan.rules.len() as u64,
        lines: replayed.lines.lines,
        records: replayed.lines.records,
        partial: failed || replayed.stopped,
        late: replayed.late,
        future: replayed.future,
        groups_dropped: replayed.dropped,
        ..listed.report(replayed.newest)
    };
    for (path, form, file) in files {
        write(&report, form, flags, &mut &file)
            .and_then(|()| file.sync_data().or(Ok(())))
            .map_err(|error| cannot_write(&path, &error))?;
    }
    if let Some(form) = form {
        let mut text = Vec::new();
        write(&report, form, flags, &mut text).map_err(Failure::failed)?;
        outputs::to_stdout(&text)?;
    }
    Ok(match (replayed.stopped, failed) {
        (true, _) => Exit::Interrupted,
        (_, true) => Exit::Failed,
        _ => Exit::Done,
    })
}

/// Opens the files now, so that a wrong name is told before the work.
fn files(paths: &[PathBuf]) -> Result<Vec<(PathBuf, Form, File)>, Failure> {
    let open = |path: &PathBuf| {
        let form = Form::of(path)?;
        if !matches!(form, Form::Text | Form::Json | Form::Csv) {
            return Err(no_form(path));
        }
        Ok((path.clone(), form, File::create(path).map_err(|error| cannot_write(path, &error))?))
    };
    paths.iter().map(open).collect()
}

fn no_form(path: &Path) -> Failure {
    Failure::usage(format!("-o {}: alerts are written as .txt, .json or .csv", path.display()))
}

fn write(report: &Replay, form: Form, flags: &Flags, out: &mut dyn Write) -> io::Result<()> {
    match form {
        Form::Json => write_json(report, out),
        Form::Csv => write_csv(report, out),
        _ => {
            let options =
                TextOptions { columns: columns(), color: flags.color.on_stdout(), top: 0, unicode: speaks_unicode() };
            text::replay::write(report, &options, out)
        }
    }
}

/// What was told so far.
#[derive(Default)]
struct Listed {
    firings: Vec<Open>,
    firings_left_out: u64,
    /// By rule and labels, the place in `firings` of what fires now.
    open: HashMap<(usize, u64), Option<usize>>,
    events: Vec<Event>,
    events_left_out: u64,
}

/// An alert that fired at an instant.
struct Open {
    fired_at: i64,
    firing: Firing,
}

impl Listed {
    fn take(&mut self, told: Told) {
        match told {
            Told::Transition(transition) => self.transition(transition),
            Told::Event(event) => {
                self.events_left_out += event.left_out;
                if self.events.len() >= LISTED_MAX {
                    self.events_left_out += 1;
                    return;
                }
                let alert::Event { alert, at, labels, annotations, fields, .. } = event;
                self.events.push(Event { alert, labels: own(labels), at: instant(at), fields, annotations });
            }
        }
    }

    fn transition(&mut self, transition: Transition) {
        let key = (transition.rule, fingerprint(&transition.labels));
        if transition.from == Phase::Firing
            && let Some(Some(at)) = self.open.remove(&key)
            && let Some(Open { fired_at, firing }) = self.firings.get_mut(at)
        {
            firing.resolved_at = Some(instant(transition.at));
            firing.seconds = (transition.at - *fired_at) as f64 / 1000.0;
        }
        if transition.to == Phase::Firing {
            let Transition { alert, at, since, value, labels, annotations, notify, .. } = transition;
            if self.firings.len() >= LISTED_MAX {
                self.firings_left_out += 1;
                self.open.insert(key, None);
                return;
            }
            self.open.insert(key, Some(self.firings.len()));
            let firing = Firing {
                alert,
                labels: own(labels),
                since: instant(since),
                fired_at: instant(at),
                value,
                annotations,
                notify,
                ..Firing::default()
            };
            self.firings.push(Open { fired_at: at, firing });
        }
    }

    /// The lists; the log ends at `end`.
    fn report(self, end: Option<i64>) -> Replay {
        let firing = |Open { fired_at, firing }: Open| match (&firing.resolved_at, end) {
            // Its last look may be at the end of a pane that the log does not fill.
            (None, Some(end)) => Firing { seconds: (end - fired_at).max(0) as f64 / 1000.0, ..firing },
            _ => firing,
        };
        Replay {
            end: end.map(instant),
            alerts: self.firings.into_iter().map(firing).collect(),
            alerts_left_out: self.firings_left_out,
            events: self.events,
            events_left_out: self.events_left_out,
            ..Replay::default()
        }
    }
}

/// Labels without the alert's name, which stands beside them.
fn own(mut labels: BTreeMap<String, String>) -> BTreeMap<String, String> {
    labels.remove("alertname");
    labels
}
