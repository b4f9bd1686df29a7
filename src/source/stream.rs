//! An input that is read once, from front to back: a pipe, a device, anything compressed.
//!
//! The caller's buffer is filled directly: plain bytes by the read itself, compressed ones by the decoder, whose memory
//! has a fixed bound, so that a file of any ratio streams through. Compressed inputs are sequences of members (gzip
//! members, zstd frames, bzip2 and xz streams); each is recognised anew, so that any mixture that `cat` can make is
//! read to its end. Zeros between and behind members are padding, as tapes and disk images leave it. Anything else
//! there is an error: it may be a log that someone appended, and its lines would be lost in silence.
//!
//! Invariant: an error is returned after every byte before it, and again at each later call.

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::compressed::{Codec, Damage, Decoder, Outcome, Recognised, recognise};
use super::error::{Operation, Problem, SourceError};

/// Compressed bytes read at one time.
const RAW_BYTES: usize = 256 << 10;

/// An input read from front to back by one reader.
#[derive(Debug)]
pub struct StreamSource {
    name: String,
    raw: Raw,
    raw_len: Option<u64>,
    phase: Phase,
    /// Kept between members, so that a file of many small ones (bgzf) does not allocate for each.
    decoder: Option<Box<Decoder>>,
    failed: Option<SourceError>,
}

/// What comes next in the raw bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The very first bytes, which say what all is.
    Start,
    /// Log text.
    Plain,
    /// A member of this codec; `more` says that its decoder may hold output it had no room for.
    Member { codec: Codec, more: bool },
    /// The end, padding, or the next member, after one of this codec.
    Between(Codec),
    /// Nothing.
    End,
}

impl StreamSource {
    /// The bytes of `reader`, decompressed if their start says so; `raw_len` is how many raw bytes are expected, for
    /// progress.
    pub fn new(name: impl Into<String>, reader: impl Read + Send + 'static, raw_len: Option<u64>) -> Self {
        StreamSource {
            name: name.into(),
            raw: Raw::new(Box::new(reader)),
            raw_len,
            phase: Phase::Start,
            decoder: None,
            failed: None,
        }
    }

    /// The name as given, `-` for stdin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Raw bytes taken so far: compressed ones, where the input is compressed.
    pub fn raw_position(&self) -> u64 {
        self.raw.position.load(Ordering::Relaxed)
    }

    /// [`StreamSource::raw_position`] for another thread that shows progress.
    pub fn progress(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.raw.position)
    }

    /// How many raw bytes there are, where that is known.
    pub fn raw_len(&self) -> Option<u64> {
        self.raw_len
    }

    /// Puts the next bytes of log text into `buffer` and returns how many; 0 is the end (or an empty buffer).
    ///
    /// Give it a megabyte or so. It may return with less, at a pipe with what is there, so that no line waits for the
    /// next one to be written.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, SourceError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let mut made = 0;
        if let Err(problem) = self.fill(buffer, &mut made) {
            let error = match problem {
                Failure::Raw(cause) => SourceError::io(self.name.as_str(), Operation::Read, cause),
                Failure::Content(problem) => SourceError::new(self.name.as_str(), problem),
            };
            self.failed = Some(error.clone());
            if made == 0 {
                return Err(error);
            }
        }
        Ok(made)
    }

    /// Fills `buffer` until it is full, or until the next bytes would have to be waited for and some were `made`.
    fn fill(&mut self, buffer: &mut [u8], made: &mut usize) -> Result<(), Failure> {
        while let Some(room) = buffer.get_mut(*made..).filter(|room| !room.is_empty()) {
            let wants_more = match self.phase {
                Phase::End => return Ok(()),
                Phase::Plain => {
                    *made += self.raw.read_through(room)?;
                    return Ok(());
                }
                Phase::Start | Phase::Between(_) => !self.next_member()?,
                Phase::Member { codec, more } => self.decode(codec, more, room, made)?,
            };
            if wants_more {
                if *made > 0 {
                    return Ok(());
                }
                self.raw.fill()?;
            }
        }
        Ok(())
    }

    /// Looks at what follows; false if the raw bytes at hand do not tell.
    fn next_member(&mut self) -> Result<bool, Failure> {
        let before = match self.phase {
            Phase::Between(codec) => {
                self.raw.skip_zeros();
                Some(codec)
            }
            _ => None,
        };
        if self.raw.pending().is_empty() {
            if self.raw.ended {
                self.phase = Phase::End;
            }
            return Ok(self.raw.ended);
        }
        match (recognise(self.raw.pending(), self.raw.ended), before) {
            (Recognised::TooShort, _) => return Ok(false),
            (Recognised::Compressed(codec), _) => {
                self.decoder = self.decoder.take().filter(|decoder| decoder.codec() == codec);
                if let Some(decoder) = &mut self.decoder {
                    decoder.restart().map_err(|damage| self.raw.failure(codec, damage))?;
                }
                self.phase = Phase::Member { codec, more: false };
            }
            (Recognised::Plain, None) => self.phase = Phase::Plain,
            (Recognised::Unsupported { kind, tool }, None) => {
                return Err(Failure::Content(Problem::Unsupported { kind, tool }));
            }
            (Recognised::Plain | Recognised::Unsupported { .. }, Some(codec)) => {
                return Err(Failure::Content(Problem::Garbage { codec: codec.name(), at: self.raw_position() }));
            }
        }
        Ok(true)
    }

    /// Decodes into `room`; true if it takes more raw bytes to go on.
    fn decode(&mut self, codec: Codec, more: bool, room: &mut [u8], made: &mut usize) -> Result<bool, Failure> {
        if self.raw.pending().is_empty() && !more {
            if self.raw.ended {
                return Err(Failure::Content(Problem::Cut { codec: codec.name(), at: self.raw_position() }));
            }
            return Ok(true);
        }
        let decoder = match &mut self.decoder {
            Some(decoder) => decoder,
            none => none.insert(Box::new(Decoder::new(codec).map_err(|damage| self.raw.failure(codec, damage))?)),
        };
        let step = decoder.decode(self.raw.pending(), room);
        self.raw.consume(step.consumed);
        *made += step.produced;
        match step.outcome {
            Outcome::Broken(damage) => Err(self.raw.failure(codec, damage)),
            Outcome::Ended => {
                self.phase = Phase::Between(codec);
                Ok(false)
            }
            Outcome::More if step.consumed == 0 && step.produced == 0 && !self.raw.pending().is_empty() => {
                Err(self.raw.failure(codec, Damage::Data("it makes no progress")))
            }
            Outcome::More => {
                self.phase = Phase::Member { codec, more: step.produced == room.len() };
                Ok(false)
            }
        }
    }
}

/// Why filling stopped.
enum Failure {
    Raw(io::Error),
    Content(Problem),
}

impl From<io::Error> for Failure {
    fn from(cause: io::Error) -> Self {
        Failure::Raw(cause)
    }
}

/// The raw bytes and a window ahead.
struct Raw {
    reader: Box<dyn Read + Send>,
    window: Box<[u8]>,
    start: usize,
    end: usize,
    ended: bool,
    position: Arc<AtomicU64>,
}

impl Raw {
    fn new(reader: Box<dyn Read + Send>) -> Self {
        let window = vec![0; RAW_BYTES].into_boxed_slice();
        Raw { reader, window, start: 0, end: 0, ended: false, position: Arc::default() }
    }

    /// The bytes at hand.
    fn pending(&self) -> &[u8] {
        self.window.get(self.start..self.end).unwrap_or_default()
    }

    fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
        self.position.fetch_add(count as u64, Ordering::Relaxed);
    }

    fn skip_zeros(&mut self) {
        let zeros = self.pending().iter().take_while(|b| **b == 0).count();
        self.consume(zeros);
    }

    /// Reads once, behind the bytes at hand.
    fn fill(&mut self) -> io::Result<()> {
        self.window.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let count = read_once(&mut *self.reader, self.window.get_mut(self.end..).unwrap_or_default())?;
        self.ended = count == 0;
        self.end += count;
        Ok(())
    }

    /// Hands plain bytes over: those at hand first, then straight from the reader.
    fn read_through(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let count = match self.pending() {
            [] if self.ended => 0,
            [] => {
                let count = read_once(&mut *self.reader, room)?;
                self.ended = count == 0;
                self.position.fetch_add(count as u64, Ordering::Relaxed);
                return Ok(count);
            }
            pending => {
                let count = pending.len().min(room.len());
                if let (Some(room), Some(bytes)) = (room.get_mut(..count), pending.get(..count)) {
                    room.copy_from_slice(bytes);
                }
                count
            }
        };
        self.consume(count);
        Ok(count)
    }

    fn failure(&self, codec: Codec, damage: Damage) -> Failure {
        let (codec, at) = (codec.name(), self.position.load(Ordering::Relaxed));
        Failure::Content(match damage {
            Damage::Data(detail) => Problem::Damaged { codec, at, detail },
            Damage::Memory(limit) => Problem::Memory { codec, limit },
        })
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Raw")
            .field("pending", &self.pending().len())
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

fn read_once(reader: &mut dyn Read, room: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(room) {
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
