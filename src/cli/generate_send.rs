//! `generate`, from a plan to its end: sinks are opened, lines sent, truths written.

use super::interrupt::interruptible;
use super::{Exit, Failure, tell};
use crate::clock;
use crate::generate::book::Account;
use crate::generate::feedback;
use crate::generate::plan::Plan;
use crate::generate::run::{Options, Progress, Reached, Ready, run};
use crate::generate::sink::Target;
use crate::generate::stop::Stop;
use crate::generate::truth::Delivery;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

/// Time between two lines of feedback.
const PERIOD: Duration = Duration::from_secs(1);

/// How the end of a run is looked for.
const LOOK: Duration = Duration::from_millis(10);

/// What a run is told beside its plan.
#[derive(Debug)]
pub struct Sending {
    /// Where lines go.
    pub targets: Vec<Target>,
    /// Queues and threads.
    pub options: Options,
    /// Where the truth is written.
    pub truth: Option<PathBuf>,
    /// Nothing on stderr but errors.
    pub quiet: bool,
    /// Feedback once a second though stderr is no terminal.
    pub verbose: bool,
}

/// Sends the lines of a plan. It is made when the sinks are open and the first clients there, since its wall clock starts with
/// the first line.
pub fn send(sending: &Sending, plan: impl FnOnce() -> Result<Plan, Failure>) -> Result<Exit, Failure> {
    let signal = Arc::new(AtomicBool::new(false));
    interruptible(&signal)?;
    let stop = Arc::new(Stop::on(signal));
    let opened: Result<Vec<_>, String> = sending.targets.iter().map(Target::open).collect();
    let ready = Ready::new(opened.map_err(Failure::failed)?, &stop, |server| {
        if !sending.quiet {
            let clients = match server.clients() {
                0 => String::new(),
                1 => ", begins when a client is there".to_string(),
                many => format!(", begins when {many} clients are there"),
            };
            tell(&format!("listens at {}{clients}", server.name()));
        }
    });
    let plan = Arc::new(plan()?);
    let is_paced = plan.schedule().is_paced();
    let progress = Progress::default();
    let accounts = thread::scope(|scope| {
        let shown = !sending.quiet && (sending.verbose || io::stderr().is_terminal());
        if shown {
            scope.spawn(|| show(&progress));
        }
        run(ready, plan, sending.options, Arc::clone(&stop), &progress)
    });
    accounts.iter().filter_map(|account| account.failure.as_deref()).for_each(tell);
    if !sending.quiet {
        accounts.iter().for_each(|account| tell(&feedback::summary(account, is_paced)));
    }
    if let Some(path) = &sending.truth {
        write_truths(path, &accounts, stop.is_interrupted())?;
    }
    let has_failed = accounts.iter().any(|account| account.failure.is_some());
    Ok(match (stop.is_interrupted(), has_failed) {
        (true, _) => Exit::Interrupted,
        (_, true) => Exit::Failed,
        _ => Exit::Done,
    })
}

/// Once a second a line: on a terminal over the last one, else under it.
fn show(progress: &Progress) {
    let start = clock::monotonic();
    let (mut before, mut last) = (Reached::default(), start);
    let over_the_last = io::stderr().is_terminal();
    while !progress.is_over() {
        let now = clock::monotonic();
        if now - last < PERIOD {
            thread::sleep(LOOK);
            continue;
        }
        let reached = progress.reached();
        let line = feedback::line(&before, &reached, now - start, now - last);
        (before, last) = (reached, now);
        // A terminal that went away is no reason to stop.
        let _ = match over_the_last {
            true => write!(io::stderr(), "\r\x1b[K{line}"),
            false => writeln!(io::stderr(), "visor-fast: {line}"),
        };
    }
    if over_the_last {
        let _ = write!(io::stderr(), "\r\x1b[K");
    }
}

fn write_truths(path: &Path, accounts: &[Account], interrupted: bool) -> Result<(), Failure> {
    for account in accounts {
        let Some(truth) = &account.truth else { continue };
        let path = truth_path(path, account.receiver.sink, account.receiver.client);
        let delivery = Delivery {
            name: account.receiver.name.clone(),
            elapsed_seconds: account.elapsed.as_secs_f64(),
            partial: interrupted || account.failure.is_some(),
            uncertain: account.uncertain.clone(),
        };
        let write = || {
            let mut file = BufWriter::new(File::create(&path)?);
            truth.write(&delivery, &mut file)?;
            file.flush()
        };
        write().map_err(|error: io::Error| {
            Failure::failed(format!("--truth {}: cannot be written: {error}", path.display()))
        })?;
    }
    Ok(())
}

/// The truth of the first sink, or of the first client of a server, is the file that was named; of the second sink
/// `truth.2.json`, of its third client `truth.2-3.json`, of the third client of a server that is the first sink
/// `truth.1-3.json`.
fn truth_path(path: &Path, sink: usize, client: usize) -> PathBuf {
    let number = match (sink, client) {
        (1, 1) => return path.to_path_buf(),
        (sink, 1) => format!(".{sink}"),
        (sink, client) => format!(".{sink}-{client}"),
    };
    let mut name = OsString::from(path.file_stem().unwrap_or_default());
    name.push(number);
    if let Some(ending) = path.extension() {
        name.push(".");
        name.push(ending);
    }
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_truth_has_a_name() {
        let cases = [
            ("truth.json", 1, 1, "truth.json"),
            ("truth.json", 2, 1, "truth.2.json"),
            ("a.b/truth.json", 1, 3, "a.b/truth.1-3.json"),
            ("a.b/truth", 2, 3, "a.b/truth.2-3"),
        ];
        for (path, sink, client, name) in cases {
            assert_eq!(truth_path(Path::new(path), sink, client), Path::new(name));
        }
    }
}
