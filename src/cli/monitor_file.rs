//! Flags of `visor-fast monitor` together with its settings file.
//!
//! What the file says is put before what was typed, as arguments, but for flags that were typed: these win. So all that is
//! known of a flag (its type, what it goes with) is known of the file's key too. Afterwards an error that names a flag is
//! told by the file's line, where the setting came from there.

use super::monitor_flags::Flags;
use super::plan;
use super::{Exit, Failure, log, mini, monitor};
use crate::config::monitor::{BEGINNINGS, OF_KAFKA, SOURCES, lacking};
use crate::config::{self, Setting, Written};
use crate::json_file::{Problem, Problems};
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Where a settings file is looked for below `$VISORHOME`.
const FILE: &str = "config/monitor.json";
/// Bytes of a settings file, at most: whatever is named by mistake must not fill the memory.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// Runs the command with its settings file, if there is one; `typed` is what the command line says.
pub fn run(flags: Flags, typed: &ArgMatches) -> Result<Exit, Failure> {
    if let Some(log) = &flags.mini {
        return mini::run(&flags, log);
    }
    let is_typed = |flag: &str| is_typed(typed, flag);
    let (flags, written) = match path(&flags) {
        None => (flags, Written::default()),
        Some(path) => {
            let name = path.display().to_string();
            let text = read(&path, &format!("--config {name}"))?;
            let written = config::read_monitor(&name, &text).map_err(Failure::usage)?;
            let typed = std::env::args_os().skip(2).collect();
            (together(&written, is_typed, typed).map_err(Failure::usage)?, written)
        }
    };
    log::start(flags.log, flags.verbose)?;
    tell_what_runs(&flags, &written);
    monitor::run(&flags).map_err(|failure| Failure { message: origin(&written, is_typed, failure.message), ..failure })
}

/// The text of a settings file.
pub fn read(path: &Path, name: &str) -> Result<String, Failure> {
    let cannot = |why: String| Failure::failed(format!("{name}: cannot be read: {why}"));
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes));
    if read.map_err(|error| cannot(error.to_string()))? as u64 > FILE_BYTES_MAX {
        return Err(cannot(format!("it is larger than {} MiB, which no settings are", FILE_BYTES_MAX >> 20)));
    }
    String::from_utf8(bytes).map_err(|_| cannot("it is no UTF-8, which JSON is".to_owned()))
}

/// The flags that a file makes together with the arguments `typed`, of which `is_typed` tells by their names.
///
/// # Errors
/// Everything that does not go together.
pub fn together(written: &Written, is_typed: impl Fn(&str) -> bool, typed: Vec<OsString>) -> Result<Flags, Problems> {
    let command = command();
    let is_known = |flag: &str| command.get_arguments().any(|argument| argument.get_long() == Some(flag));
    let wanted: Vec<&Setting> = written.settings.iter().filter(|setting| is_wanted(setting.flag, &is_typed)).collect();
    let mut problems = lacking(&written.file, &wanted, &is_typed);
    let unknown = wanted.iter().filter(|setting| !is_known(setting.flag));
    problems.extend(unknown.map(|setting| of(written, setting, "this program reads no such source yet; leave it out")));
    if !problems.is_empty() {
        return Err(Problems(problems));
    }
    let arguments = wanted.into_iter().flat_map(Setting::arguments).map(OsString::from);
    let flags = command
        .try_get_matches_from(arguments.chain(typed))
        .and_then(|matches| Flags::from_arg_matches(&matches))
        .map_err(|error| {
            let sentence = error.to_string();
            let sentence = sentence.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
            Problems(vec![Problem { file: written.file.clone(), line: 1, key: String::new(), what: sentence }])
        })?;
    let failures = flags.problems().into_iter();
    let mut problems: Vec<_> = failures.map(|failure| placed(written, &is_typed, failure)).collect();
    problems.sort_by_key(|problem| problem.line);
    match problems.is_empty() {
        true => Ok(flags),
        false => Err(Problems(problems)),
    }
}

/// Whether what a file says still holds beside what was typed: a flag wins over the file, sources that are named over all of
/// the file's, and one of the ways to begin over the others.
fn is_wanted(flag: &str, is_typed: &impl Fn(&str) -> bool) -> bool {
    let any_typed = |flags: &[&str]| flags.iter().any(|flag| is_typed(flag));
    let names_other_sources = any_typed(&SOURCES) && (SOURCES.contains(&flag) || OF_KAFKA.contains(&flag));
    let is_of_typed_kafka = OF_KAFKA.contains(&flag) && is_typed("kafka");
    let begins_otherwise = BEGINNINGS.contains(&flag) && any_typed(&BEGINNINGS);
    !(is_typed(flag) || names_other_sources && !is_of_typed_kafka || begins_otherwise)
}

/// The command alone, without the program's name before it.
fn command() -> Command {
    Flags::augment_args(Command::new("monitor").no_binary_name(true))
}

fn is_typed(typed: &ArgMatches, flag: &str) -> bool {
    let command = command();
    let argument = command.get_arguments().find(|argument| argument.get_long() == Some(flag));
    argument.is_some_and(|argument| typed.value_source(argument.get_id().as_str()) == Some(ValueSource::CommandLine))
}

/// The file that is named, or that of `$VISORHOME`.
fn path(flags: &Flags) -> Option<PathBuf> {
    flags.config.clone().or_else(|| home().filter(|path| path.is_file()))
}

/// Where a file would be that nobody names.
fn home() -> Option<PathBuf> {
    let home = std::env::var_os("VISORHOME").filter(|home| !home.is_empty())?;
    Some(Path::new(&home).join(FILE))
}

fn tell_what_runs(flags: &Flags, written: &Written) {
    if let Some(note) = &written.note {
        tracing::warn!("{note}");
    }
    let keys: Vec<String> = written.settings.iter().map(Setting::key).collect();
    match (written.file.is_empty(), home()) {
        (false, _) => tracing::info!("{}: settings {}", written.file, keys.join(", ")),
        (true, Some(path)) => tracing::info!("VISORHOME has no {}; all settings are flags", path.display()),
        (true, None) => {}
    }
    plan::of_monitor(flags).iter().for_each(|(what, text)| tracing::info!("{what}: {text}"));
}

fn of(written: &Written, setting: &Setting, what: &str) -> Problem {
    Problem { file: written.file.clone(), line: setting.line, key: setting.key(), what: what.to_owned() }
}

/// The setting that a sentence begins with (`--window: ...`, `--store a.db: ...`), and what it says of it.
fn about<'w>(written: &'w Written, is_typed: impl Fn(&str) -> bool, sentence: &str) -> Option<(&'w Setting, String)> {
    let (head, rest) = sentence.split_once(": ")?;
    // Of several flags the first that the file has.
    let names = head.split(", ").map(|name| name.strip_prefix("--").unwrap_or(name));
    let names = names.map(|name| name.split_once(' ').unwrap_or((name, "")));
    for (name, value) in names {
        let found = written.settings.iter().find(|setting| setting.flag == name && !is_typed(name));
        if let Some(setting) = found {
            return Some((setting, if value.is_empty() { rest.to_owned() } else { format!("{value}: {rest}") }));
        }
    }
    None
}

fn placed(written: &Written, is_typed: impl Fn(&str) -> bool, failure: Failure) -> Problem {
    match about(written, is_typed, &failure.message) {
        Some((setting, what)) => of(written, setting, &what),
        None => Problem { file: written.file.clone(), line: 1, key: String::new(), what: failure.message },
    }
}

/// The sentence, told by the file's line where it begins with a flag that the file says.
fn origin(written: &Written, is_typed: impl Fn(&str) -> bool, sentence: String) -> String {
    match about(written, is_typed, &sentence) {
        Some((setting, what)) => of(written, setting, &what).to_string(),
        None => sentence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::monitor;
    use crate::json_file::keys;

    /// Flags that are for one run, and no settings.
    const NO_SETTINGS: [&str; 4] = ["config", "mini", "reset", "help"];

    #[test]
    fn whatever_a_flag_says_a_file_can_say_too() {
        let command = command();
        let flags = command.get_arguments().filter_map(clap::Arg::get_long);
        let mut flags: Vec<String> =
            flags.filter(|flag| !NO_SETTINGS.contains(flag)).map(|flag| flag.replace('-', "_")).collect();
        // Its parts are keys below it.
        flags.retain(|flag| !flag.starts_with("kafka_"));
        let mut keys: Vec<String> = keys::<monitor::File>().iter().map(|key| (*key).to_owned()).collect();
        keys.retain(|key| key != "kafka" || flags.contains(key));
        flags.sort();
        keys.sort();
        assert_eq!(flags, keys, "a new flag of monitor needs its key in src/config/monitor.rs and docs/MONITOR.md");
    }
}
