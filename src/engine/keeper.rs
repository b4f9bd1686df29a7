//! Which records are counted, and where the lines that are not understood go.

use super::settings::Settings;
use crate::format::record::{Access, ErrorEntry};
use std::io::Write;
use std::sync::{Arc, Mutex};

/// Which records are counted.
#[derive(Clone, Default)]
pub struct Keep {
    /// Takes the malformed lines as they are.
    pub invalid: Option<Arc<Mutex<dyn Write + Send>>>,
}

impl std::fmt::Debug for Keep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keep").field("invalid", &self.invalid.is_some()).finish()
    }
}

/// One worker's filter.
pub struct Keeper {
    keep: Keep,
}

impl Keeper {
    /// The filter that the settings ask for.
    pub fn new(settings: &Settings) -> Keeper {
        Keeper { keep: settings.keep.clone() }
    }

    /// Whether any record may be left out.
    #[inline(always)]
    pub fn is_needed(&self) -> bool {
        false
    }

    /// Whether a request is counted.
    pub fn keeps(&mut self, _access: &Access<'_>) -> bool {
        true
    }

    /// Whether an entry is counted.
    pub fn keeps_error(&mut self, _entry: &ErrorEntry<'_>) -> bool {
        true
    }

    /// Writes a malformed line where the user wants them. A line lost to a full disk is told at the end, when the file
    /// is flushed.
    pub fn keep_invalid(&mut self, line: &[u8]) {
        if let Some(file) = &self.keep.invalid
            && let Ok(mut file) = file.lock()
        {
            let _ = file.write_all(line).and_then(|()| file.write_all(b"\n"));
        }
    }
}
