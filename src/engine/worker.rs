//! Lines -> tally: what one thread does with a piece of log text.
//!
//! A piece is a run of whole lines. Lines are parsed into a batch of records that borrow from the piece, the batch is
//! filtered and counted, and the next one begins. Nothing is allocated per line.

use super::keeper::Keeper;
use super::settings::Settings;
use crate::aggregate::goaccess;
use crate::aggregate::position::Position;
use crate::aggregate::tally::{BATCH, Tally, Watch};
use crate::format::LineFormat;
use crate::format::fast::{Fast, ReadRegular};
use crate::format::record::{Access, Parsed, Reason, Time};
use crate::scan::Marks;
use arrayvec::ArrayVec;
use bumpalo::Bump;

/// Bytes scanned for marks at once: the text is still in the first cache when its fields are read.
const CHUNK_BYTES: usize = 16 << 10;

/// One thread's share of the work.
pub struct Worker<'run, W = ()> {
    settings: &'run Settings,
    /// Is told of each record.
    pub watch: W,
    /// When what is read came: the time of a request that has none of its own.
    pub arrival: Time,
    /// What it has counted.
    pub tally: Tally,
    /// Its records, where they are counted as GoAccess does; the tally then holds only lines by kind.
    pub goaccess: Option<Box<goaccess::Tally>>,
    keeper: Keeper,
    marks: Marks,
    scratch: Bump,
    /// The reader of regular lines for the format of the current piece, by the format's name.
    fast: Option<(String, Option<Fast>)>,
    /// Entries of error logs, which are counted one by one.
    entries: u32,
}

/// A run of whole lines, and where it stands.
#[derive(Clone, Copy)]
pub struct Piece<'text> {
    /// The lines; the last may lack its newline.
    pub text: &'text [u8],
    /// The format of its lines.
    pub format: &'text dyn LineFormat,
    /// The input's number.
    pub input: u32,
    /// The piece's number in the input.
    pub number: u64,
    /// Lines of the piece that were read before this run of it.
    pub lines_before: u64,
}

/// Whether the text of a piece can still be trusted; a mapped file may be cut short under us.
pub type Intact<'run> = &'run dyn Fn() -> bool;

/// The place in a piece up to which lines were read.
struct Cursor {
    at: usize,
    line: u64,
}

impl<'run, W: Watch> Worker<'run, W> {
    /// A worker that has counted nothing.
    pub fn new(settings: &'run Settings, watch: W) -> Worker<'run, W> {
        let mut tally = Tally::new(&settings.tally);
        if settings.budget.is_some() {
            tally.hurry();
        }
        Worker {
            settings,
            watch,
            arrival: settings.arrival,
            tally,
            goaccess: settings.goaccess.then(Box::default),
            keeper: Keeper::new(&settings.keep),
            marks: Marks::default(),
            scratch: Bump::new(),
            fast: None,
            entries: 0,
        }
    }

    /// Makes its tally give way where it takes more than its share of memory.
    #[inline(always)]
    fn keep_to_budget(&mut self) {
        if let Some(budget) = self.settings.budget.filter(|budget| budget.is_over(&self.tally)) {
            self.watch.before_rows_go(&self.tally);
            budget.keep(&mut self.tally);
        }
    }

    /// Counts the lines of a piece; returns how many. `intact` is asked before a batch is counted: once it says no, the
    /// batch and the rest of the piece are left out.
    pub fn piece(&mut self, piece: &Piece<'_>, intact: Intact<'_>) -> u64 {
        let mut fast = self.take_fast(piece.format);
        let mut cursor = Cursor { at: 0, line: piece.lines_before };
        match &mut fast {
            Some(fast) => self.regular_lines(piece, fast, &mut cursor, intact),
            None => self.any_lines(piece, &mut cursor, intact),
        }
        self.fast = Some((piece.format.name().to_string(), fast));
        let lines = cursor.line - piece.lines_before;
        self.tally.lines.lines += lines;
        lines
    }

    /// The longest line that is looked at, in bytes.
    pub fn max_line_bytes(&self) -> usize {
        self.settings.max_line_bytes
    }

    fn take_fast(&mut self, format: &dyn LineFormat) -> Option<Fast> {
        match self.fast.take() {
            Some((name, fast)) if name == format.name() => fast,
            _ => format.fast(),
        }
    }

    /// Lines of any format: newlines are found one by one.
    fn any_lines(&mut self, piece: &Piece<'_>, cursor: &mut Cursor, intact: Intact<'_>) {
        while cursor.at < piece.text.len() {
            let scratch = std::mem::take(&mut self.scratch);
            let mut batch = ArrayVec::<Access<'_>, BATCH>::new();
            while !batch.is_full() && cursor.at < piece.text.len() && scratch.allocated_bytes() < SCRATCH_BYTES_MAX {
                let rest = &piece.text[cursor.at..];
                let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                self.line(piece, &rest[..length], length < rest.len(), cursor, &scratch, &mut batch);
            }
            let whole = self.count(piece.text, &mut batch, cursor, intact);
            drop(batch);
            self.recycle(scratch);
            self.keep_to_budget();
            if !whole {
                return;
            }
        }
    }

    /// Lines of a format most of whose lines are regular: marks are found for a chunk at once.
    fn regular_lines(&mut self, piece: &Piece<'_>, fast: &mut Fast, cursor: &mut Cursor, intact: Intact<'_>) {
        let text = piece.text;
        let mut marks = std::mem::take(&mut self.marks);
        while cursor.at < text.len() {
            let start = cursor.at;
            let chunk = &text[start..text.len().min(start + CHUNK_BYTES)];
            self.keep_to_budget();
            self.settings.kernel.structure(chunk, &mut marks);
            let marked = marks.as_slice();
            let whole = match fast {
                Fast::Clf(fast) => self.chunk(piece, fast, chunk, marked, cursor, intact),
                Fast::Tailed(fast) => self.chunk(piece, &mut **fast, chunk, marked, cursor, intact),
                Fast::Json(json) => self.chunk(piece, &mut **json, chunk, marked, cursor, intact),
                Fast::Syslog(_) => self.chunk(piece, fast, chunk, marked, cursor, intact),
            };
            if !whole {
                break;
            }
            let is_last = start + chunk.len() == text.len() && cursor.at < text.len();
            if cursor.at == start || is_last {
                // A line that is longer than the chunk, or the last one, without a newline: marks would only cost memory.
                let scratch = std::mem::take(&mut self.scratch);
                let mut batch = ArrayVec::<Access<'_>, BATCH>::new();
                let rest = &text[cursor.at..];
                let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                self.line(piece, &rest[..length], length < rest.len(), cursor, &scratch, &mut batch);
                let whole = self.count(text, &mut batch, cursor, intact);
                drop(batch);
                self.recycle(scratch);
                if !whole {
                    break;
                }
            }
        }
        self.marks = marks;
    }

    /// The whole lines of a chunk. False if the text is no longer intact.
    #[inline(never)]
    fn chunk<'text>(
        &mut self,
        piece: &Piece<'text>,
        fast: &mut impl ReadRegular,
        chunk: &'text [u8],
        marks: &[u32],
        cursor: &mut Cursor,
        intact: Intact<'_>,
    ) -> bool {
        let base = cursor.at;
        let (mut start, mut next) = (0, 0);
        loop {
            let scratch = std::mem::take(&mut self.scratch);
            let mut batch = ArrayVec::<Access<'_>, BATCH>::new();
            let mut more = true;
            while !batch.is_full() && scratch.allocated_bytes() < SCRATCH_BYTES_MAX {
                let ahead = marks.get(next..).unwrap_or(&[]);
                if let Some(line) = fast.regular(chunk, start, ahead, &scratch)
                    && line.newline - start <= self.settings.max_line_bytes
                {
                    batch.push(line.access);
                    next += line.marks;
                    start = line.newline + 1;
                    cursor.line += 1;
                    continue;
                }
                let Some(skipped) = ahead.iter().position(|mark| chunk.get(*mark as usize) == Some(&b'\n')) else {
                    more = false;
                    break;
                };
                let newline = ahead[skipped] as usize;
                self.line(piece, &chunk[start..newline], true, cursor, &scratch, &mut batch);
                next += skipped + 1;
                start = newline + 1;
            }
            cursor.at = base + start;
            let whole = self.count(piece.text, &mut batch, cursor, intact);
            drop(batch);
            self.recycle(scratch);
            if !whole || !more {
                return whole;
            }
        }
    }

    /// One line, as it stands between two newlines: parsed into the batch or counted at once.
    #[inline(never)]
    fn line<'text>(
        &mut self,
        piece: &Piece<'text>,
        line: &'text [u8],
        ended: bool,
        cursor: &mut Cursor,
        scratch: &'text Bump,
        batch: &mut ArrayVec<Access<'text>, BATCH>,
    ) {
        cursor.at += line.len() + usize::from(ended);
        cursor.line += 1;
        let at = Position { input: piece.input, piece: piece.number, line: cursor.line };
        let raw = line;
        let line = if ended { line.strip_suffix(b"\r").unwrap_or(line) } else { line };
        let line = &line[line.iter().position(|byte| *byte != 0).unwrap_or(line.len())..];
        if line.len() > self.settings.max_line_bytes {
            return self.malformed(Reason::TooLong, raw, at);
        }
        if line.iter().all(|byte| matches!(byte, b' ' | b'\t')) {
            self.tally.lines.blank += 1;
            if let Some(goaccess) = &mut self.goaccess {
                goaccess.add_blank(raw);
            }
            return;
        }
        match piece.format.parse(line, scratch).timed(self.arrival) {
            Parsed::Access(access, glued) | Parsed::Untimed(access, glued) => {
                self.tally.lines.glued += u64::from(glued);
                batch.push(access);
            }
            Parsed::Error(entry) => {
                if !W::COUNTS && self.keeper.keeps_error(&entry) {
                    self.watch.entry(&entry, None, 0);
                    self.tally.lines.records += 1;
                } else if self.keeper.keeps_error(&entry) {
                    self.tally.add_error(&entry, at, &mut self.watch);
                    self.entries = self.entries.wrapping_add(1);
                    if self.entries.is_multiple_of(BATCH as u32) {
                        self.keep_to_budget();
                    }
                } else {
                    self.tally.lines.filtered += 1;
                }
            }
            Parsed::Heartbeat(time) => {
                self.watch.heartbeat(time);
                self.tally.lines.heartbeats += 1;
            }
            Parsed::Directive => self.tally.lines.blank += 1,
            Parsed::Malformed(reason) => self.malformed(reason, raw, at),
        }
    }

    fn malformed(&mut self, reason: Reason, line: &[u8], at: Position) {
        self.tally.add_malformed(reason, line, at);
        self.keeper.keep_invalid(line);
    }

    /// Filters and counts a batch; false if the text is no longer intact, and then its lines were never read.
    #[inline]
    fn count(
        &mut self,
        text: &[u8],
        batch: &mut ArrayVec<Access<'_>, BATCH>,
        cursor: &mut Cursor,
        intact: Intact<'_>,
    ) -> bool {
        if !intact() {
            cursor.line -= batch.len() as u64;
            return false;
        }
        if self.keeper.is_needed() {
            let before = batch.len();
            batch.retain(|access| self.keeper.keeps(access));
            self.tally.lines.filtered += (before - batch.len()) as u64;
        }
        match &mut self.goaccess {
            Some(goaccess) => {
                goaccess.add(batch);
                self.tally.lines.records += batch.len() as u64;
            }
            None if !W::COUNTS => {
                batch.iter().for_each(|access| self.watch.request(access, 0, 0));
                self.tally.lines.records += batch.len() as u64;
            }
            None if !batch.is_empty() => self.tally.add(text, batch, &mut self.watch),
            None => {}
        }
        true
    }

    /// Keeps the memory for the next batch, but not what one of huge lines took: it would count as full from the start.
    fn recycle(&mut self, mut scratch: Bump) {
        scratch.reset();
        self.scratch = if scratch.allocated_bytes() < SCRATCH_BYTES_MAX / 2 { scratch } else { Bump::new() };
    }
}

/// Unescaped text of one batch, at most; a batch is counted early where its lines need more.
const SCRATCH_BYTES_MAX: usize = 8 << 20;
