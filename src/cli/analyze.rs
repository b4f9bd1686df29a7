//! `visor-fast analyze`: from flags to a report.

use super::analyze_flags::Flags;
use super::outputs::Outputs;
use super::progress::watched;
use super::{Exit, Failure, tell};
use crate::aggregate::snapshot::Snapshot;
use crate::engine::{Outcome, Progress, Settings, analyze};
use crate::source::{Expansion, Named, expand_all};
use jiff::Timestamp;
use signal_hook::consts::{SIGINT, SIGTERM};
use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// Runs the command.
pub fn run(flags: Flags) -> Result<Exit, Failure> {
    let start = Instant::now();
    let settings = flags.settings(Timestamp::now())?;
    let most_malformed = flags.malformed_share()?;
    let Expansion { inputs, errors } = inputs(&flags)?;
    if let (Some(error), false) = (errors.first(), flags.keep_going) {
        return Err(Failure::failed(error));
    }
    let outputs = Outputs::open(&flags.o, flags.output, flags.top.map(|top| top as usize), flags.color)?;
    errors.iter().for_each(|error| tell(&error.to_string()));

    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // The first asks for the report, the second ends the program at once.
        signal_hook::flag::register_conditional_shutdown(signal, Exit::Interrupted as i32, Arc::clone(&stop))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&stop)))
            .map_err(|error| Failure::failed(format!("cannot listen for signals: {error}")))?;
    }
    let progress = Progress::new(stop);
    let shown = !flags.quiet && io::stderr().is_terminal();
    let mut outcome = watched(&progress, shown, || analyze(&inputs, &settings, &progress));

    outcome.troubles.iter().for_each(|trouble| tell(&trouble.to_string()));
    let failed = !outcome.troubles.is_empty() || !errors.is_empty();
    if failed && !flags.keep_going && !outcome.stopped {
        return Ok(Exit::Failed);
    }
    let counted = start.elapsed().as_secs_f64();
    let report = outcome.report(outputs.top(), counted);
    if flags.verbose {
        tell_what_ran(&settings, &outcome, &report, start.elapsed().as_secs_f64() - counted);
    }
    outputs.write(&report)?;
    if let (Some(invalid), Some(path)) = (&settings.keep.invalid, &flags.invalid) {
        let wrong = |error| Failure::failed(format!("--invalid {}: cannot be written: {error}", path.display()));
        invalid.finish().map_err(wrong)?;
    }
    if outcome.stopped {
        return Ok(Exit::Interrupted);
    }
    if failed {
        return Ok(Exit::Failed);
    }
    Ok(most_malformed.map_or(Exit::Done, |most| judge(&report, most, flags.quiet)))
}

/// The inputs that are named; standard input if none is and something is piped in.
fn inputs(flags: &Flags) -> Result<Expansion, Failure> {
    if !flags.inputs.is_empty() {
        return Ok(expand_all(&flags.inputs));
    }
    if io::stdin().is_terminal() {
        return Err(Failure::usage("no input: name files, folders or patterns, or `-` for standard input"));
    }
    Ok(Expansion { inputs: vec![Named::Stdin], errors: Vec::new() })
}

/// Whether too many lines are malformed, of those that are not blank.
fn judge(report: &Snapshot, most: f64, quiet: bool) -> Exit {
    let (malformed, lines) = (report.totals.malformed, report.totals.lines - report.totals.blank);
    let share = if lines == 0 { 0.0 } else { malformed as f64 / lines as f64 };
    if share <= most {
        return Exit::Done;
    }
    if !quiet {
        tell(&format!(
            "--max-malformed: {:.3} % of the lines are malformed ({malformed} of {lines}), more than {:.3} %",
            share * 100.0,
            most * 100.0
        ));
    }
    Exit::Threshold
}

fn tell_what_ran(settings: &Settings, outcome: &Outcome, report: &Snapshot, freezing_seconds: f64) {
    tell(&format!(
        "{} threads, {} kernel, files {}",
        settings.threads,
        settings.kernel,
        if settings.mmap { "mapped" } else { "read" }
    ));
    for input in &report.inputs {
        tell(&format!("{}: {}, {} lines, {} bytes", input.name, input.format, input.lines, input.bytes));
    }
    tell(&format!(
        "counted in {:.3} s, {} MiB of tables, report made in {freezing_seconds:.3} s",
        report.elapsed_seconds,
        outcome.tally.memory_bytes() >> 20
    ));
}
