//! Settings files: what was written, each value checked, and everything that is wrong told at once.
//!
//! Four kinds are told from each other by their keys: the monitor's own (`monitor`), Visor's for its monitor (`visor`), and
//! the two of the generator, its own and Visor's, which the generator reads itself. Further kinds are further rows of
//! [`Kind::of`].
//!
//! **Invariant:** nothing here opens a file, a socket or a store. What is read becomes settings as flags have them, and
//! what will run is made and checked where flags are.

pub mod monitor;
mod setting;
mod values;
mod visor;

pub use setting::{Said, Setting};

use crate::generate::config as generator;
use crate::json_file::{JsonFile, Problem, Problems, keys};

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `visor-fast monitor`.
    Monitor,
    /// The same, as Visor had it.
    VisorsMonitor,
    /// `visor-fast generate`.
    Generator,
    /// The same, as Visor had it.
    VisorsGenerator,
}

impl Kind {
    /// The kind that most of a file's keys are of; the monitor's, where none is known.
    pub fn of(file: &JsonFile<'_>) -> Kind {
        if generator::is_visors(file) {
            return Kind::VisorsGenerator;
        }
        let known = |names: &[&str]| file.keys().filter(|key| names.contains(key)).count();
        let (monitor, generator) = (known(keys::<monitor::File>()), known(generator::own_keys()));
        match known(&visor::KEYS) {
            visors if visors > 0 && visors + 1 >= monitor => Kind::VisorsMonitor,
            _ if generator > monitor => Kind::Generator,
            _ => Kind::Monitor,
        }
    }
}

/// What a file says.
#[derive(Debug)]
pub enum Config {
    /// Settings of the monitor.
    Monitor(Written),
    /// Settings of the generator.
    Generator(Kind),
}

/// Settings of the monitor, as they were written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The file.
    pub file: String,
    /// What it says.
    pub settings: Vec<Setting>,
    /// What of it is not done, if anything.
    pub note: Option<String>,
}

/// Reads a file of any kind; `name` is for errors.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read(name: &str, text: &str) -> Result<Config, Problems> {
    let mut file = JsonFile::new(name, text)?;
    let kind = Kind::of(&file);
    let written = |settings, note| Config::Monitor(Written { file: name.to_owned(), settings, note });
    match kind {
        Kind::Monitor => monitor::read(&mut file).map(|settings| written(settings, None)),
        Kind::VisorsMonitor => visor::read(&mut file).map(|(settings, note)| written(settings, Some(note))),
        Kind::Generator | Kind::VisorsGenerator => generator::world(&mut file).map(|_| Config::Generator(kind)),
    }
}

/// Reads a file of the monitor.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_monitor(name: &str, text: &str) -> Result<Written, Problems> {
    match read(name, text)? {
        Config::Monitor(written) => Ok(written),
        Config::Generator(_) => {
            let what = "these are settings of the generator; give them to `visor-fast generate --config`";
            Err(Problems(vec![Problem { file: name.to_owned(), line: 1, key: String::new(), what: what.to_owned() }]))
        }
    }
}

#[cfg(test)]
mod tests;
