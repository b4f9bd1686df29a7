//! `visor-fast check`: settings and rules, before anything runs with them; and tests of rules.

use super::monitor_file::{read, together};
use super::outputs::to_stdout;
use super::{Exit, Failure, plan};
use crate::alert::{Plan, rule};
use crate::config::{self, Config, Kind, Written};
use crate::engine::Settings;
use crate::engine::rule_test::{self, Tested};
use crate::scan::Kernel;
use crate::window::board;
use clap::Args;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  visor-fast check config/monitor.json                  what is wrong with it, or what would run
  visor-fast check config/*.json                        the generator's too, and Visor's own
  visor-fast check alerts.json                          a file of rules
  visor-fast check --test alerts.test.json              records in, alerts out: what rules do, without waiting

Which kind of file it is, is told from its keys. Everything that is wrong is listed at once, each with its file, line and key.";

/// Flags of `visor-fast check`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Flags {
    /// Settings of monitor or generate, Visor's kafka_monitor.json, Visor's fake_log_gen.json, rules
    #[arg(value_name = "CONFIG", required_unless_present = "test")]
    files: Vec<PathBuf>,

    /// Run the tests of rules in FILE (docs/ALERTS.md has their form)
    #[arg(long, value_name = "FILE", num_args = 1..)]
    test: Vec<PathBuf>,
}

/// Runs the command.
pub fn run(flags: &Flags) -> Result<Exit, Failure> {
    let checked = flags.files.iter().map(|path| checked(path));
    let checked: Vec<_> = checked.chain(flags.test.iter().map(|path| tested(path))).collect();
    let (mut right, mut wrong) = (String::new(), String::new());
    for checked in &checked {
        match checked {
            Ok(text) => right.push_str(text),
            Err(text) => wrong.extend([text, "\n"]),
        }
    }
    to_stdout(right.as_bytes())?;
    if wrong.is_empty() {
        return Ok(Exit::Done);
    }
    // A line for each, as compilers have them; a closed stderr leaves nobody to tell.
    let _ = io::stderr().write_all(wrong.as_bytes());
    Ok(Exit::Failed)
}

/// What a file would do; `Err` is all that is wrong with it.
fn checked(path: &Path) -> Result<String, String> {
    let name = path.display().to_string();
    let text = read(path, &name).map_err(|failure| failure.message)?;
    if is_rules(&text) {
        return of_rules(&name, &text);
    }
    match config::read(&name, &text).map_err(|problems| problems.to_string())? {
        Config::Monitor(written) => of_monitor(&written).map_err(|problems| problems.to_string()),
        Config::Generator(Kind::VisorsGenerator) => {
            Ok(format!("{name}: right; Visor's settings, for visor-fast generate access|error --config\n"))
        }
        Config::Generator(_) => Ok(format!("{name}: right, for visor-fast generate access|error --config\n")),
    }
}

/// Whether it is a file of rules: a list, or an object with one of their keys.
fn is_rules(text: &str) -> bool {
    match serde_json::from_str(text.trim_start_matches('\u{feff}')) {
        Ok(serde_json::Value::Array(_)) => true,
        Ok(serde_json::Value::Object(object)) => {
            (object.contains_key("alert") || object.contains_key("rules")) && !object.contains_key("tests")
        }
        _ => text.trim_start().starts_with('['),
    }
}

fn of_rules(name: &str, text: &str) -> Result<String, String> {
    let all = |errors: Vec<rule::RuleError>| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    let plan =
        rule::read(name, text).and_then(|rules| Plan::new(rules, board::Settings::default().pane)).map_err(all)?;
    let mut said = format!("{name}: right, for visor-fast analyze --rules\n");
    for planned in &plan.rules {
        let by: Vec<&str> = planned.rule.by.iter().map(|field| field.name()).collect();
        let by = if by.is_empty() { String::new() } else { format!("  by {}", by.join(", ")) };
        said.push_str(&format!("  {}{by}\n", planned.rule.alert));
        if let Some(doubt) = planned.rule.doubt() {
            said.push_str(&format!("    {doubt}\n"));
        }
    }
    Ok(said)
}

/// Runs tests of rules.
fn tested(path: &Path) -> Result<String, String> {
    let name = path.display().to_string();
    let text = read(path, &name).map_err(|failure| failure.message)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let open = |named: &str| {
        let path = folder.join(named);
        let name = path.display().to_string();
        std::fs::read_to_string(&path).map(|text| (name, text)).map_err(|error| error.to_string())
    };
    let settings = Settings::new(1, Kernel::choose(None)?);
    let Tested { tests, failures } =
        rule_test::run(&name, &text, &settings, &open).map_err(|problems| problems.to_string())?;
    let failed: std::collections::BTreeSet<&str> = failures.iter().map(|failure| failure.test.as_str()).collect();
    match failures.is_empty() {
        true => Ok(format!("{name}: {tests} tests passed\n")),
        false => {
            let told: Vec<String> = failures.iter().map(|failure| format!("{name}: {failure}")).collect();
            Err(format!("{}\n{name}: {} of {tests} tests failed", told.join("\n"), failed.len()))
        }
    }
}

fn of_monitor(written: &Written) -> Result<String, crate::json_file::Problems> {
    let flags = together(written, |_| false, Vec::new())?;
    let mut text = format!("{}: right, for visor-fast monitor --config\n", written.file);
    for (what, said) in plan::of_monitor(&flags) {
        text.push_str(&format!("  {what:<9}  {said}\n"));
    }
    if let Some(note) = &written.note {
        text.push_str(&format!("  note       {}\n", note.split_once(": ").map_or(note.as_str(), |(_, said)| said)));
    }
    Ok(text)
}
