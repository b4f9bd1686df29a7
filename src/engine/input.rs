//! An input, opened: its bytes, its format, and what became of it.

use super::changes;
use super::counted::{self, Counted, FileBytes, StreamBytes};
use super::pump::Pump;
use super::settings::Settings;
use super::text::Text;
use crate::aggregate::vtally::Problem;
use crate::format::LineFormat;
use crate::format::detect::{HEAD_BYTES, detect};
use crate::format::goaccess;
use crate::source::{self, FileSource, Named, OpenOptions, Opened, SourceError};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex};

/// Why an input, or a part of it, was not counted.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// It could not be found, opened or read.
    Source(SourceError),
    /// No known format understands its first lines.
    Format {
        /// The input.
        name: String,
        /// Its first line, fit to be shown.
        line: String,
    },
    /// It is a serialised tally that cannot be taken in.
    Tally {
        /// The input.
        name: String,
        /// Why not.
        problem: Arc<Problem>,
    },
    /// It is a serialised tally, and records are asked for.
    Counted {
        /// The input.
        name: String,
        /// The flag that asks for them.
        flag: &'static str,
    },
    /// A defect of this program.
    Defect {
        /// The input.
        name: String,
        /// What the panic said.
        message: String,
    },
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Source(error) => error.fmt(f),
            Trouble::Format { name, line } => write!(
                f,
                "{name}: no known format fits its first lines, of which the first is {line:?}; name one with --format \
                 (`visor-fast formats` lists them)"
            ),
            Trouble::Tally { name, problem } => write!(f, "{name}: {problem}"),
            Trouble::Counted { name, flag } => write!(
                f,
                "{name}: is a tally, whose records are counted already, so {flag} cannot be applied to it; apply it where \
                 the tally is written, or name the logs themselves"
            ),
            Trouble::Defect { name, message } => {
                write!(
                    f,
                    "{name}: a part was not counted, because of a defect in visor-fast: {message}; please report it"
                )
            }
        }
    }
}

impl Trouble {
    /// The same without the input's name, for where that stands already.
    pub fn without_name(&self) -> String {
        let (text, name) = match self {
            Trouble::Source(error) => (error.problem.to_string(), ""),
            Trouble::Format { name, .. }
            | Trouble::Tally { name, .. }
            | Trouble::Counted { name, .. }
            | Trouble::Defect { name, .. } => (self.to_string(), name.as_str()),
        };
        text.strip_prefix(name).and_then(|text| text.strip_prefix(": ")).unwrap_or(&text).to_string()
    }

    /// The trouble that the tally `name` makes.
    pub(super) fn of_tally(name: &str, problem: Problem) -> Trouble {
        match counted::source_error(problem) {
            Ok(error) => Trouble::Source(error),
            Err(problem) => Trouble::Tally { name: name.to_string(), problem: Arc::new(problem) },
        }
    }
}

/// An opened input.
pub struct Input<'bytes> {
    /// The name as given.
    pub name: String,
    /// The format of its first line.
    pub format: Arc<dyn LineFormat>,
    /// The format of each piece's first line, where it changes.
    pub formats: Vec<Arc<dyn LineFormat>>,
    /// Whether it has a line that says what its format is.
    pub has_lines: bool,
    /// Its bytes.
    pub body: Body<'bytes>,
    /// Set once it failed or ended, so that nobody asks it again.
    pub closed: AtomicBool,
    /// Text bytes counted.
    pub bytes: AtomicU64,
    /// Lines counted.
    pub lines: AtomicU64,
}

/// Where an input's bytes are.
pub enum Body<'bytes> {
    /// Readable at any place.
    Text(Text<'bytes>),
    /// Readable from front to back, by one worker at a time.
    Stream(Box<Mutex<Stream>>),
    /// No lines, but what was counted of some.
    Counted(Counted<'bytes>),
}

/// A stream between two blocks.
pub struct Stream {
    /// The blocks to come.
    pub pump: Pump,
    /// The first block, which was read to know the format, and the error that came with it.
    pub first: Option<Vec<u8>>,
    /// The format of the next block's first line, once it is another than the input's.
    pub format: Option<Arc<dyn LineFormat>>,
    /// Number of the next block.
    pub number: u64,
    /// The raw position that was told to the progress.
    pub raw_told: u64,
}

impl<'bytes> Input<'bytes> {
    /// Bytes in memory.
    pub fn from_bytes(name: &str, bytes: &'bytes [u8], settings: &Settings) -> Result<Input<'bytes>, Trouble> {
        if is_tally(name, bytes)? {
            return Input::counted(name.to_string(), Counted::new(bytes, Some(bytes.len() as u64)), settings);
        }
        Input::new(name.to_string(), &bytes[..bytes.len().min(HEAD_BYTES)], Body::Text(Text::Memory(bytes)), settings)
    }

    /// Opens an input and finds out its format.
    pub fn open(named: &Named, options: &OpenOptions, settings: &Settings) -> Result<Input<'static>, Trouble> {
        match source::open(named, options).map_err(Trouble::Source)? {
            Opened::File(file) => {
                let head = head_of(&file).map_err(Trouble::Source)?;
                if is_tally(file.name(), &head)? {
                    let (name, len) = (file.name().to_string(), file.len());
                    return Input::counted(name, Counted::new(FileBytes::new(file), Some(len)), settings);
                }
                Input::new(file.name().to_string(), &head, Body::Text(Text::File(file)), settings)
            }
            Opened::Stream(stream) => {
                let (name, raw_len) = (stream.name().to_string(), stream.raw_len());
                let bytes = StreamBytes::new(stream);
                if is_tally(&name, bytes.start())? {
                    return Input::counted(name, Counted::new(bytes, raw_len), settings);
                }
                let (start, stream) = bytes.into_parts();
                let mut pump = Pump::new(stream, settings.max_line_bytes, options.stop.clone()).with_start(start);
                let mut first = Vec::new();
                pump.next(&mut first, HEAD_BYTES).map_err(Trouble::Source)?;
                let head = first.clone();
                let stream = Stream { pump, first: Some(first), format: None, number: 0, raw_told: 0 };
                Input::new(name, &head, Body::Stream(Box::new(Mutex::new(stream))), settings)
            }
        }
    }

    /// A tally: the format of its lines is of no matter.
    fn counted<'b>(name: String, counted: Counted<'b>, settings: &Settings) -> Result<Input<'b>, Trouble> {
        match counted::refused(settings) {
            Some(flag) => Err(Trouble::Counted { name, flag }),
            None => Input::new(name, &[], Body::Counted(counted), settings),
        }
    }

    fn new<'b>(name: String, head: &[u8], body: Body<'b>, settings: &Settings) -> Result<Input<'b>, Trouble> {
        let format = match &settings.format {
            Some(format) => Arc::clone(format),
            None => detect(head, &settings.formats).map_err(|line| Trouble::Format {
                name: name.clone(),
                line: crate::aggregate::position::shown(&line),
            })?,
        };
        let format = if settings.goaccess { goaccess::reader(format) } else { format };
        let formats = match &body {
            Body::Text(text) => changes::by_piece(text, &format, settings).map_err(Trouble::Source)?,
            Body::Stream(_) | Body::Counted(_) => Vec::new(),
        };
        let has_lines = head.iter().any(|byte| !byte.is_ascii_whitespace() && *byte != 0);
        Ok(Input {
            name,
            format,
            formats,
            has_lines,
            body,
            closed: AtomicBool::new(false),
            bytes: AtomicU64::new(0),
            lines: AtomicU64::new(0),
        })
    }

    /// Bytes that its medium holds, where that is known.
    pub fn raw_len(&self) -> Option<u64> {
        match &self.body {
            Body::Text(text) => Some(text.len()),
            Body::Stream(stream) => stream.lock().ok().and_then(|stream| stream.pump.raw_len()),
            Body::Counted(counted) => counted.raw_len,
        }
    }
}

fn is_tally(name: &str, head: &[u8]) -> Result<bool, Trouble> {
    counted::is_tally(name, head).map_err(|problem| Trouble::of_tally(name, problem))
}

fn head_of(file: &FileSource) -> Result<Vec<u8>, SourceError> {
    let mut head = vec![0; usize::try_from(file.len()).map_or(HEAD_BYTES, |len| len.min(HEAD_BYTES))];
    let count = file.read_at(&mut head, 0)?;
    head.truncate(count);
    Ok(head)
}
