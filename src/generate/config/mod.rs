//! The configuration of the generator: a JSON file, to the world that it describes.
//!
//! Two kinds are told by their keys: the generator's own (`own`, documented in `docs/GENERATE.md`), and the one that Visor's
//! users have (`visor`). What is wrong is told with the file, the line, the key and what was expected; an unknown key is
//! wrong, since it is a mistyped one.

mod own;
mod values;
mod visor;

use super::settings::World;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The world that a configuration describes; `name` is the file's, for errors.
pub fn read(name: &str, text: &str) -> Result<World, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let is_visor = match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(members)) => visor::KEYS.iter().any(|key| members.contains_key(*key)),
        Ok(_) => return Err(format!("{name}:1: an object is expected, {{\"key\": value, ...}}")),
        // What is wrong is told below.
        _ => false,
    };
    match is_visor {
        true => Ok(parsed::<visor::File>(name, text)?.world()),
        false => Ok(parsed::<own::File>(name, text)?.world()),
    }
}

fn parsed<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, String> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let file = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.inner();
        let key = if matches!(path.as_str(), "." | "?") { String::new() } else { format!("{path}: ") };
        format!("{name}:{}: {key}{}", inner.line(), without_place(inner))
    })?;
    match reader.end() {
        Ok(()) => Ok(file),
        Err(error) => Err(format!("{name}:{}: {}", error.line(), without_place(&error))),
    }
}

/// What is wrong, without the place that is told before it.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(what, _)| what.to_owned())
}

#[cfg(test)]
mod tests;
