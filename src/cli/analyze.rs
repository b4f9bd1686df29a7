//! `visor-fast analyze`: from flags to a report.

use super::analyze_flags::Flags;
use super::interrupt::interruptible;
use super::outputs::{Form, Outputs};
use super::progress::watched;
use super::{Exit, Failure, replay, tell};
use crate::aggregate::goaccess::General;
use crate::aggregate::snapshot::Snapshot;
use crate::aggregate::use_small_pages;
use crate::clock;
use crate::engine::{Outcome, Progress, Settings, analyze};
use crate::source::{Expansion, Named, expand_all};
use std::io::{self, IsTerminal};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Runs the command.
pub fn run(flags: Flags) -> Result<Exit, Failure> {
    let start = clock::monotonic();
    let settings = flags.settings(&clock::now())?;
    if settings.budget.is_some() {
        use_small_pages();
    }
    let most_malformed = flags.malformed_share()?;
    let Expansion { inputs, errors } = inputs(&flags)?;
    if let (Some(error), false) = (errors.first(), flags.keep_going) {
        return Err(Failure::failed(error));
    }
    if let Some(path) = overwritten(&flags.o, &inputs) {
        let path = path.display();
        return Err(Failure::usage(format!(
            "-o {path}: is an input of this run too, so its lines would be in it twice; write to another folder, or remove \
             it first"
        )));
    }
    if !flags.rules.is_empty() {
        errors.iter().for_each(|error| tell(&error.to_string()));
        return replay::run(&flags, &settings, &inputs);
    }
    let outputs = Outputs::open(&flags.o, flags.output, flags.top.map(|top| top as usize), flags.color)?;
    errors.iter().for_each(|error| tell(&error.to_string()));

    let stop = Arc::new(AtomicBool::new(false));
    interruptible(&stop)?;
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
    let goaccess = outcome.goaccess.as_ref().map(|tally| {
        let mut report = tally.report(&outcome.tally.lines, outputs.top());
        describe(&mut report.general, &inputs, counted);
        report
    });
    if flags.verbose {
        tell_what_ran(&settings, &outcome, &report, start.elapsed().as_secs_f64() - counted);
    }
    outputs.write(&mut outcome, &report, goaccess.as_ref())?;
    flags.counting.finish_invalid(&settings.keep)?;
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

/// A tally that would be written over one of the inputs: a folder's tally in that folder, at the second run.
fn overwritten<'a>(outputs: &'a [PathBuf], inputs: &[Named]) -> Option<&'a PathBuf> {
    let identity = |path: &Path| std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()));
    outputs.iter().filter(|path| matches!(Form::of(path), Ok(Form::Tally))).find(|path| {
        let output = identity(path);
        let is_it = |input: &Named| matches!(input, Named::Path(path) if identity(path) == output);
        output.is_some() && inputs.iter().any(is_it)
    })
}

/// What GoAccess says of a run beside the counts: when, how long, of which inputs and how much on disk.
fn describe(general: &mut General, inputs: &[Named], seconds: f64) {
    general.date_time = clock::now().strftime("%Y-%m-%d %H:%M:%S %z").to_string();
    general.generation_time = (seconds as u64).max(1);
    let size = |input: &Named| match input {
        Named::Stdin => 0,
        Named::Path(path) => std::fs::metadata(path).map_or(0, |metadata| metadata.len()),
    };
    let name = |input: &Named| match input {
        Named::Stdin => "STDIN".to_string(),
        Named::Path(path) => path.display().to_string(),
    };
    general.log_size = inputs.iter().map(size).sum();
    general.log_path = inputs.iter().map(name).collect();
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
