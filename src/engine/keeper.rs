//! Which records are counted, and where the lines that are not understood go.

use crate::aggregate::agent::classify;
use crate::filter::Filter;
use crate::filter::time_range::TimeRange;
use crate::format::record::{Access, ErrorEntry, NONE};
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::sync::{Arc, Mutex};

/// Which records are counted.
#[derive(Clone, Debug)]
pub struct Keep {
    /// All conditions at once.
    pub filter: Filter,
    /// From when to when.
    pub range: TimeRange,
    /// Whether the records of known crawlers are left out.
    pub exclude_bots: bool,
    /// Where malformed lines go.
    pub invalid: Option<Arc<Invalid>>,
}

impl Default for Keep {
    fn default() -> Self {
        Keep { filter: Filter::all(Vec::new()), range: TimeRange::default(), exclude_bots: false, invalid: None }
    }
}

/// A file that takes the malformed lines as they are. Lines of one piece stay together; pieces come as they are done.
#[derive(Debug)]
pub struct Invalid(Mutex<(BufWriter<File>, io::Result<()>)>);

impl Invalid {
    /// Lines go to `file`.
    pub fn new(file: File) -> Invalid {
        Invalid(Mutex::new((BufWriter::new(file), Ok(()))))
    }

    fn write(&self, line: &[u8]) {
        if let Ok(mut guard) = self.0.lock() {
            let (file, result) = &mut *guard;
            if result.is_ok() {
                *result = file.write_all(line).and_then(|()| file.write_all(b"\n"));
            }
        }
    }

    /// Writes what is left, and from now on to another file: the one before was renamed, say.
    pub fn reopen(&self, file: File) -> io::Result<()> {
        let before = self.finish();
        let mut guard = self.0.lock().map_err(|_| io::Error::other("a writer panicked"))?;
        guard.0 = BufWriter::new(file);
        before
    }

    /// Writes what is left. The error is the first one that there was: a full disk, say.
    pub fn finish(&self) -> io::Result<()> {
        let mut guard = self.0.lock().map_err(|_| io::Error::other("a writer panicked"))?;
        let (file, result) = &mut *guard;
        std::mem::replace(result, Ok(())).and_then(|()| file.flush())
    }
}

/// Agents whose class is remembered, at most; beyond it the memory starts anew.
const AGENTS_MAX: usize = 1 << 16;

/// One worker's filter.
pub struct Keeper {
    keep: Keep,
    needed: bool,
    bots: Bots,
}

impl Keeper {
    /// The filter that the settings ask for; its caches belong to one thread.
    pub fn new(keep: &Keep) -> Keeper {
        let needed = !keep.filter.keeps_everything() || !keep.range.keeps_everything() || keep.exclude_bots;
        Keeper { keep: keep.clone(), needed, bots: Bots::default() }
    }

    /// Whether any record may be left out.
    #[inline(always)]
    pub fn is_needed(&self) -> bool {
        self.needed
    }

    /// Whether a request is counted.
    pub fn keeps(&mut self, access: &Access<'_>) -> bool {
        let bots = &mut self.bots;
        self.keep.range.keep_access(access)
            && !(self.keep.exclude_bots && access.agent != NONE && bots.has(access.agent))
            && self.keep.filter.keep_access(access, |agent| bots.has(agent))
    }

    /// Whether an entry is counted.
    pub fn keeps_error(&self, entry: &ErrorEntry<'_>) -> bool {
        self.keep.range.keep_error(entry) && self.keep.filter.keep_error(entry)
    }

    /// Writes a malformed line where the user wants them.
    pub fn keep_invalid(&self, line: &[u8]) {
        if let Some(invalid) = &self.keep.invalid {
            invalid.write(line);
        }
    }
}

/// Which agents are crawlers. To tell takes a while, so that it is remembered.
#[derive(Default)]
pub struct Bots(HashMap<Box<[u8]>, bool, RandomState>);

impl Bots {
    /// Whether an agent is one.
    pub fn has(&mut self, agent: &[u8]) -> bool {
        if let Some(bot) = self.0.get(agent) {
            return *bot;
        }
        if self.0.len() == AGENTS_MAX {
            self.0.clear();
        }
        let bot = classify(agent).bot;
        self.0.insert(agent.into(), bot);
        bot
    }
}
