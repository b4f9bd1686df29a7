//! `visor-fast check`: settings files, before anything runs with them.

use super::monitor_file::{read, together};
use super::outputs::to_stdout;
use super::{Exit, Failure, plan};
use crate::config::{self, Config, Kind, Written};
use clap::Args;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  visor-fast check config/monitor.json                  what is wrong with it, or what would run
  visor-fast check config/*.json                        the generator's too, and Visor's own

Which kind of file it is, is told from its keys. Everything that is wrong is listed at once, each with its file, line and key.";

/// Flags of `visor-fast check`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Flags {
    /// Settings of monitor or generate, Visor's kafka_monitor.json, Visor's fake_log_gen.json
    #[arg(value_name = "CONFIG", required = true)]
    files: Vec<PathBuf>,
}

/// Runs the command.
pub fn run(flags: &Flags) -> Result<Exit, Failure> {
    let checked: Vec<_> = flags.files.iter().map(|path| checked(path)).collect();
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
    match config::read(&name, &text).map_err(|problems| problems.to_string())? {
        Config::Monitor(written) => of_monitor(&written).map_err(|problems| problems.to_string()),
        Config::Generator(Kind::VisorsGenerator) => {
            Ok(format!("{name}: right; Visor's settings, for visor-fast generate access|error --config\n"))
        }
        Config::Generator(_) => Ok(format!("{name}: right, for visor-fast generate access|error --config\n")),
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
