//! The next whole lines of a file that others write.
//!
//! One `pread` takes the bytes before the offset together with those behind it. If the former are not those that
//! stood there, the file was cut or written anew, and nothing of the latter is taken. (A length below the offset shows
//! as a read that ends before it.) A read of many pages is no single moment, though: the file may be cut and grow again
//! while they are copied. So the first bytes are fetched once more afterwards, and only if they are the same, all that
//! was read is of one content.
//!
//! What follows the last newline stays in the file and is read again once it is whole, so that a file that waits needs
//! no buffer: ten thousand of them cost what their [`Cursor`]s do. Of a line that grows slowly only the new bytes are
//! looked at. A line over the limit is not kept either: it is looked over to its newline, and then its beginning is
//! fetched, long enough to be known as too long.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use super::position::{MARK_BYTES, Mark};

/// How far a file is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor {
    /// Behind the last line that was handed over.
    pub handed: Mark,
    /// Behind what was looked at without finding a newline; equal to `handed` if that is nothing.
    pub seen: Mark,
}

impl Cursor {
    pub(super) fn at(mark: Mark) -> Cursor {
        Cursor { handed: mark, seen: mark }
    }
}

/// What one look at a file gave.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Lines; the cursor stands behind them.
    Lines {
        /// Where [`Reader::text`] has them.
        text: Range<usize>,
        from: u64,
        /// Bytes of a line over the limit that are not among them.
        skipped: u64,
    },
    /// A hole; the cursor stands behind it.
    Nuls(u64),
    /// No line that is whole.
    Nothing,
    /// Not the file that the cursor was made for.
    Changed,
}

/// A step, and what it learned about the file's length.
#[derive(Debug)]
pub(super) struct Look {
    pub step: Step,
    /// Behind the last byte that was looked at.
    pub end: u64,
    /// Whether there certainly is more to look at.
    pub more: bool,
}

/// Reads all files of a follower, one after the other, into one buffer.
#[derive(Debug)]
pub(super) struct Reader {
    buffer: Vec<u8>,
    block_bytes: usize,
    /// Bytes of a line over the limit that are handed over: the limit, one more, a CR and a NUL.
    kept_bytes: usize,
}

impl Reader {
    pub(super) fn new(block_bytes: usize, line_bytes_max: usize) -> Reader {
        Reader { buffer: Vec::new(), block_bytes: block_bytes.max(1), kept_bytes: line_bytes_max.min(1 << 40) + 3 }
    }

    /// The bytes that a step gave.
    pub(super) fn text(&self, range: Range<usize>) -> &[u8] {
        self.buffer.get(range).unwrap_or_default()
    }

    /// The next lines behind `cursor`, which moves.
    pub(super) fn step(&mut self, file: &File, cursor: &mut Cursor) -> io::Result<Look> {
        let mut wanted = self.block_bytes;
        loop {
            let (base, handed) = (cursor.seen, cursor.handed);
            let known = base.len();
            let filled = self.read(file, base.from(), known + wanted, known)?;
            let (before, fresh) = self.buffer.get(..filled).unwrap_or_default().split_at(known.min(filled));
            if !base.matches(before) {
                if base.at > handed.at {
                    // What is behind the last line was handed to nobody, so it may change.
                    cursor.seen = handed;
                    continue;
                }
                let end = base.from() + filled as u64;
                return Ok(Look { step: Step::Changed, end, more: true });
            }
            if !fresh.is_empty() && !self.still(file, base.from(), filled)? {
                return Ok(Look { step: Step::Nothing, end: base.at, more: true });
            }
            let fresh = self.text(known..filled);
            let (end, full) = (base.at + fresh.len() as u64, fresh.len() == wanted);
            let look = |step, more| Ok(Look { step, end, more });
            if fresh.is_empty() {
                // A device that fails shows first as a read that ends early. What came meanwhile is for the next turn.
                let grown = file.read_at(&mut [0], end)? > 0;
                return look(Step::Nothing, grown);
            }
            if base.at == handed.at {
                if let Some(newline) = memchr::memrchr(b'\n', fresh) {
                    let text = known..known + newline + 1;
                    let to = base.at + newline as u64 + 1;
                    *cursor = Cursor::at(Mark::new(to, self.text(0..text.end)));
                    return look(Step::Lines { text, from: base.at, skipped: 0 }, full);
                }
                let nuls = fresh.iter().take_while(|byte| **byte == 0).count();
                // NULs at the very end may be bytes that a network file system has not brought yet.
                if nuls > 0 && (nuls < fresh.len() || full) {
                    *cursor = Cursor::at(Mark::new(base.at + nuls as u64, self.text(0..known + nuls)));
                    return look(Step::Nuls(nuls as u64), true);
                }
            } else if let Some(newline) = memchr::memchr(b'\n', fresh) {
                let to = base.at + newline as u64 + 1;
                let line = to - handed.at;
                if line <= self.kept_bytes as u64 + 1 {
                    // Now that the line is whole it is read as one, with what follows.
                    cursor.seen = handed;
                    wanted = wanted.max(line as usize);
                    continue;
                }
                let behind = Mark::new(to, self.text(0..known + newline + 1));
                let Some(text) = self.beginning(file, &handed)? else {
                    cursor.seen = handed;
                    continue;
                };
                *cursor = Cursor::at(behind);
                let skipped = line - text.len() as u64;
                return look(Step::Lines { text, from: handed.at, skipped }, true);
            }
            cursor.seen = Mark::new(end, self.text(0..filled));
            return look(Step::Nothing, full);
        }
    }

    /// What is left of a finished file that has no whole line any more: a last line without its newline. The cursor
    /// moves behind it, to `length`.
    pub(super) fn last(&mut self, file: &File, cursor: &mut Cursor, length: u64) -> io::Result<Step> {
        let handed = cursor.handed;
        let left = length.saturating_sub(handed.at);
        if left == 0 {
            return Ok(Step::Nothing);
        }
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(self.kept_bytes);
        let known = handed.len();
        let filled = self.fill(file, handed.from(), known + wanted)?;
        if filled <= known || !handed.matches(self.text(0..known)) {
            return Ok(Step::Nothing);
        }
        let nuls = self.text(known..filled).iter().take_while(|byte| **byte == 0).count();
        if nuls > 0 {
            *cursor = Cursor::at(Mark::new(handed.at + nuls as u64, self.text(0..known + nuls)));
            return Ok(Step::Nuls(nuls as u64));
        }
        let text = known..filled;
        if text.len() as u64 == left || filled < known + wanted {
            *cursor = Cursor::at(Mark::new(handed.at + text.len() as u64, self.text(0..filled)));
            return Ok(Step::Lines { text, from: handed.at, skipped: 0 });
        }
        *cursor = Cursor::at(self.mark(file, length)?);
        // Looking at the end took the room of the beginning.
        self.fill(file, handed.from(), filled)?;
        Ok(Step::Lines { from: handed.at, skipped: left - text.len() as u64, text })
    }

    /// The first bytes of a file, `wanted` at most.
    pub(super) fn start(&mut self, file: &File, wanted: usize) -> io::Result<&[u8]> {
        let filled = self.fill(file, 0, wanted)?;
        Ok(self.text(0..filled))
    }

    /// The mark of an offset, from the file itself.
    pub(super) fn mark(&mut self, file: &File, at: u64) -> io::Result<Mark> {
        let bytes = MARK_BYTES.min(usize::try_from(at).unwrap_or(MARK_BYTES));
        let filled = self.fill(file, at - bytes as u64, bytes)?;
        Ok(Mark::new(at - (bytes - filled) as u64, self.text(0..filled)))
    }

    /// Whether the bytes before `mark` are those that stood there.
    pub(super) fn has(&mut self, file: &File, mark: &Mark) -> io::Result<bool> {
        let filled = self.fill(file, mark.from(), mark.len())?;
        Ok(mark.matches(self.text(0..filled)))
    }

    /// The end of a file of `length` bytes: where its last line begins if that has no newline yet.
    pub(super) fn end(&mut self, file: &File, length: u64) -> io::Result<Mark> {
        let looked = usize::try_from(length).unwrap_or(usize::MAX).min(self.kept_bytes);
        let start = length - looked as u64;
        let filled = self.fill(file, start, looked)?;
        let at = match memchr::memrchr(b'\n', self.text(0..filled)) {
            Some(newline) => start + newline as u64 + 1,
            // The one line is not whole; a longer one than is looked over has begun before and is left out.
            None if start == 0 => 0,
            None => start + filled as u64,
        };
        self.mark(file, at)
    }

    /// Bytes of memory that the buffer takes.
    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.buffer.capacity()
    }

    /// Puts the beginning of an over-long line behind `handed` into the buffer, with a newline.
    fn beginning(&mut self, file: &File, handed: &Mark) -> io::Result<Option<Range<usize>>> {
        let (known, wanted) = (handed.len(), handed.len() + self.kept_bytes);
        let filled = self.fill(file, handed.from(), wanted)?;
        if filled < wanted || !handed.matches(self.text(0..known)) {
            return Ok(None);
        }
        self.buffer.truncate(wanted);
        self.buffer.push(b'\n');
        Ok(Some(known..wanted + 1))
    }

    /// Whether the first of the `filled` bytes in the buffer, which stood at `from`, still stand there.
    fn still(&self, file: &File, from: u64, filled: usize) -> io::Result<bool> {
        let mut again = [0; MARK_BYTES];
        let again = again.get_mut(..filled.min(MARK_BYTES)).unwrap_or_default();
        match file.read_exact_at(again, from) {
            Ok(()) => Ok(again == self.text(0..again.len())),
            Err(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(cause) => Err(cause),
        }
    }

    /// Fills the front of the buffer with `wanted` bytes from `from`; less is the end, as it is now.
    fn fill(&mut self, file: &File, from: u64, wanted: usize) -> io::Result<usize> {
        self.read(file, from, wanted, wanted)
    }

    /// As [`Reader::fill`], but after `least` bytes a read that brings less than there was room for is the end: what
    /// another one would bring may be of other content.
    fn read(&mut self, file: &File, from: u64, wanted: usize, least: usize) -> io::Result<usize> {
        // Kept at the size it usually has; an over-long line's room is given back.
        let usual = self.block_bytes.max(self.kept_bytes).saturating_add(2 * MARK_BYTES);
        if self.buffer.len() < wanted || self.buffer.len() > usual.saturating_mul(2) {
            self.buffer.resize(wanted.max(self.block_bytes + MARK_BYTES), 0);
            self.buffer.shrink_to(usual.saturating_mul(2));
        }
        let mut filled = 0;
        while let Some(room) = self.buffer.get_mut(filled..wanted).filter(|room| !room.is_empty()) {
            match file.read_at(room, from.saturating_add(filled as u64)) {
                Ok(0) => break,
                Ok(count) => {
                    filled += count;
                    if filled >= least {
                        break;
                    }
                }
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => return Err(cause),
            }
        }
        Ok(filled)
    }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
