//! Flags, commands, exit codes.
//!
//! A command takes its checked flags, runs, and says how it ended ([`Exit`]). What went wrong is told on stderr in one
//! sentence that names the file, flag or place, the reason and the cure.

mod analyze;
mod analyze_flags;
mod check;
mod count_flags;
mod formats;
mod generate;
mod generate_flags;
mod generate_send;
mod generate_sinks;
mod history;
mod interrupt;
mod kafka_flags;
mod log;
mod mini;
mod monitor;
mod monitor_file;
mod monitor_flags;
mod outputs;
mod own_files;
mod plan;
mod printer;
mod progress;
mod replaced;
mod replay;
mod service;
mod store_flags;
mod summary;
mod terminal;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use std::io::{self, Write};
use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It did what was asked.
    Done = 0,
    /// It failed, and said why on stderr.
    Failed = 1,
    /// It was asked something that makes no sense.
    Usage = 2,
    /// It did what was asked, and a threshold that the user set was crossed.
    Threshold = 3,
    /// It was interrupted, and printed what it had.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// Web-server logs to answers and alerts, near the speed of counting their lines.
#[derive(Debug, Parser)]
#[command(
    name = "visor-fast",
    version,
    arg_required_else_help = true,
    after_help = "Exit status: 0 done, 1 failed, 2 wrong usage, 3 a threshold you set was crossed, 130 interrupted \
                  after printing what there was."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Report on log files, plain or compressed (gzip, zstd, bzip2, xz)
    Analyze(Box<analyze_flags::Flags>),
    /// Write realistic logs, with a known truth, at a set rate or as fast as it goes
    Generate(Box<generate_flags::Flags>),
    /// Watch live files, sockets and standard input, in windows of event time
    Monitor(Box<monitor_flags::Flags>),
    /// Show what a monitor's store kept
    History(history::Flags),
    /// Check settings files: everything that is wrong with them, or what would run
    Check(check::Flags),
    /// List the known formats, their fields and an example line of each
    Formats,
    /// Write completions for a shell to stdout
    #[command(
        after_help = "Example: visor-fast completions bash > ~/.local/share/bash-completion/completions/visor-fast"
    )]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the manual page to stdout
    #[command(after_help = "Example: visor-fast man | man -l -")]
    Man,
}

/// Runs the command line.
pub fn run() -> ExitCode {
    let parsed = Cli::command().try_get_matches();
    let (cli, matches) = match parsed.and_then(|matches| Cli::from_arg_matches(&matches).map(|cli| (cli, matches))) {
        Ok(parsed) => parsed,
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            // A closed stdout or stderr leaves nobody to tell.
            let _ = error.print();
            return exit.into();
        }
    };
    let result = match cli.command {
        Command::Analyze(flags) => analyze::run(*flags),
        Command::Generate(flags) => generate::run(*flags),
        Command::Monitor(flags) => match matches.subcommand_matches("monitor") {
            Some(typed) => monitor_file::run(*flags, typed),
            None => monitor::run(&flags),
        },
        Command::History(flags) => history::run(&flags),
        Command::Check(flags) => check::run(&flags),
        Command::Formats => written(formats::write),
        Command::Completions { shell } => written(|out| {
            clap_complete::generate(shell, &mut Cli::command(), "visor-fast", out);
            Ok(())
        }),
        Command::Man => written(|out| man(out)),
    };
    result
        .unwrap_or_else(|Failure { exit, message }| {
            tell(&message);
            exit
        })
        .into()
}

/// Why a command did not do what was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    fn usage(message: impl ToString) -> Failure {
        Failure { exit: Exit::Usage, message: message.to_string() }
    }

    fn failed(message: impl ToString) -> Failure {
        Failure { exit: Exit::Failed, message: message.to_string() }
    }
}

/// A sentence on stderr.
fn tell(message: &str) {
    // A closed stderr leaves nobody to tell.
    let _ = writeln!(io::stderr(), "visor-fast: {message}");
}

/// What `write` writes goes to stdout.
fn written(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<Exit, Failure> {
    let mut text = Vec::new();
    write(&mut text).map_err(Failure::failed)?;
    outputs::to_stdout(&text)
}

/// One page for the program and all its commands.
fn man(out: &mut dyn Write) -> io::Result<()> {
    let command = Cli::command();
    clap_mangen::Man::new(command.clone()).render(out)?;
    sections(&command, "visor-fast", out)
}

/// The sections of a command's own commands, `name` being what is typed for it.
fn sections(command: &clap::Command, name: &str, out: &mut dyn Write) -> io::Result<()> {
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        let name = format!("{name} {}", sub.get_name());
        let page = clap_mangen::Man::new(sub.clone().display_name(&name));
        page.render_synopsis_section(out)?;
        page.render_description_section(out)?;
        page.render_options_section(out)?;
        page.render_extra_section(out)?;
        sections(sub, &name, out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_are_well_formed() {
        Cli::command().debug_assert();
    }
}
