//! The configuration of the generator: a JSON file, to the world that it describes.
//!
//! Two kinds are told by their keys: the generator's own (`own`, documented in `docs/GENERATE.md`), and the one that Visor's
//! users have (`visor`). Everything that is wrong is told at once, each with the file, the line, the key and what was expected; an
//! unknown key is wrong, since it is a mistyped one.

mod own;
mod values;
mod visor;

use super::settings::World;
use crate::json_file::{JsonFile, Problems, keys};

/// The world that a configuration describes; `name` is the file's, for errors.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read(name: &str, text: &str) -> Result<World, Problems> {
    world(&mut JsonFile::new(name, text)?)
}

/// The world that a file describes.
///
/// # Errors
/// Everything that is wrong with it.
pub fn world(file: &mut JsonFile<'_>) -> Result<World, Problems> {
    match is_visors(file) {
        true => Ok(file.read::<visor::File>()?.world()),
        false => Ok(file.read::<own::File>()?.world()),
    }
}

/// Whether a file is Visor's `fake_log_gen.json`.
pub fn is_visors(file: &JsonFile<'_>) -> bool {
    file.keys().any(|key| visor::KEYS.contains(&key))
}

/// The keys of the generator's own configuration.
pub fn own_keys() -> &'static [&'static str] {
    keys::<own::File>()
}

#[cfg(test)]
mod tests;
