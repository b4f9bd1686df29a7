//! Inputs that were counted already: serialised tallies (`aggregate::vtally`), each read whole by one worker.
//!
//! They are known by their first bytes and never by their name, wherever they come from: a file, a pipe, compressed or
//! not. Only a name that promises a tally which is none, such as one cut to nothing, is an error.

use super::keeper::Keep;
use super::settings::Settings;
use crate::aggregate::tally::Tally;
use crate::aggregate::vtally::{MAGIC, Origin, Problem};
use crate::source::{FileSource, SourceError, StreamSource};
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Mutex, OnceLock};

/// A tally to be read.
pub struct Counted<'bytes> {
    bytes: Mutex<Option<Box<dyn Read + Send + 'bytes>>>,
    /// Bytes that its medium holds, where that is known.
    pub raw_len: Option<u64>,
    /// Where its counts come from, once they are taken in.
    pub origin: OnceLock<Origin>,
}

/// Whether an input that begins with `head` is a tally; an error if only its name says so.
pub fn is_tally(name: &str, head: &[u8]) -> Result<bool, Problem> {
    let named = Path::new(name).extension().is_some_and(|ending| ending == "vtally");
    match head.starts_with(MAGIC) {
        false if named => Err(Problem::NoTally),
        is_tally => Ok(is_tally),
    }
}

/// The flag that cannot be obeyed for a tally, if there is one: its records can be told apart no more.
pub fn refused(settings: &Settings) -> Option<&'static str> {
    let Keep { filter, range, exclude_bots, .. } = &settings.keep;
    [
        (!filter.keeps_everything(), "--where"),
        (!range.keeps_everything(), "--since or --until"),
        (*exclude_bots, "--exclude-bots"),
        (settings.goaccess, "--output goaccess-json"),
    ]
    .into_iter()
    .find_map(|(is_asked, flag)| is_asked.then_some(flag))
}

impl<'bytes> Counted<'bytes> {
    /// A tally in `bytes`.
    pub fn new(bytes: impl Read + Send + 'bytes, raw_len: Option<u64>) -> Counted<'bytes> {
        Counted { bytes: Mutex::new(Some(Box::new(bytes))), raw_len, origin: OnceLock::new() }
    }

    /// Reads it, as input number `input`; `None` if that was done before.
    pub fn take(&self, settings: &Settings, input: u32) -> Option<Result<(Tally, Origin), Problem>> {
        let bytes = self.bytes.lock().ok()?.take()?;
        let most = settings.budget.map_or(usize::MAX, |budget| budget.part_bytes);
        Some(Tally::read_within(bytes, &settings.tally, input, most))
    }
}

/// A file from front to back. It is read even where it is mapped: a cut is then an error by itself.
pub struct FileBytes {
    file: FileSource,
    at: u64,
}

impl FileBytes {
    /// The bytes of a file.
    pub fn new(file: FileSource) -> FileBytes {
        FileBytes { file, at: 0 }
    }
}

impl Read for FileBytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.at).map_err(io::Error::other)?;
        self.at += count as u64;
        Ok(count)
    }
}

/// A stream, and the bytes that were taken from it to know what it is.
pub struct StreamBytes {
    start: Vec<u8>,
    stream: StreamSource,
}

impl StreamBytes {
    /// Looks at the beginning of a stream, no further than a tally could begin there. An error waits for the next
    /// reader.
    pub fn new(mut stream: StreamSource) -> StreamBytes {
        let (mut start, mut buffer) = (Vec::new(), [0; MAGIC.len()]);
        while start.len() < MAGIC.len() && MAGIC.starts_with(&start) {
            match stream.read(&mut buffer[start.len()..]) {
                Ok(0) | Err(_) => break,
                Ok(count) => start.extend_from_slice(&buffer[start.len()..start.len() + count]),
            }
        }
        StreamBytes { start, stream }
    }

    /// What was looked at.
    pub fn start(&self) -> &[u8] {
        &self.start
    }

    /// What was looked at, and the stream behind it.
    pub fn into_parts(self) -> (Vec<u8>, StreamSource) {
        (self.start, self.stream)
    }
}

impl Read for StreamBytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.start.is_empty() {
            return self.stream.read(buffer).map_err(io::Error::other);
        }
        let count = self.start.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.start[..count]);
        self.start.drain(..count);
        Ok(count)
    }
}

/// The error of a source that was met while a tally was read, or the tally's own.
pub fn source_error(problem: Problem) -> Result<SourceError, Problem> {
    match problem {
        Problem::Io(error) => error.downcast::<SourceError>().map_err(Problem::Io),
        problem => Err(problem),
    }
}
