//! The lines of one piece of a file: those that begin in it, whole.
//!
//! A piece begins and ends anywhere. Its first line is the one after the first newline at or behind the byte before
//! the piece; its last line ends where it ends, in a later piece. A line over the limit is cut right behind the limit,
//! so that a file without any newline costs no memory, but the NULs that a copytruncate leaves before a line (they may
//! be gigabytes) do not count to its length.

use crate::source::{FileSource, SourceError};
use std::ops::Range;

/// A file whose bytes can be asked for in any order, or bytes in memory.
pub enum Text<'bytes> {
    /// A file.
    File(FileSource),
    /// Bytes.
    Memory(&'bytes [u8]),
}

/// The lines of a piece: `lines` and then `last`, which is a single line.
#[derive(Debug, PartialEq, Eq)]
pub struct PieceLines<'text> {
    /// Lines, whole, each with its newline but for the last one of the text.
    pub lines: &'text [u8],
    /// The last line if it had to be cut behind the limit, or began with NULs.
    pub last: Option<&'text [u8]>,
}

/// Bytes by which a line that goes on behind its piece is read further.
const STEP_BYTES: usize = 64 << 10;

impl Text<'_> {
    /// Bytes of text.
    pub fn len(&self) -> u64 {
        match self {
            Text::File(file) => file.len(),
            Text::Memory(bytes) => bytes.len() as u64,
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The lines that begin in `piece`, from `buffer` where the text is no memory already.
    pub fn lines<'text>(
        &'text self,
        piece: Range<u64>,
        line_bytes_max: usize,
        buffer: &'text mut Vec<u8>,
    ) -> Result<PieceLines<'text>, SourceError> {
        match self {
            Text::Memory(bytes) => Ok(lines_in_memory(bytes, piece, line_bytes_max)),
            Text::File(file) => match file.bytes() {
                Some(bytes) => Ok(lines_in_memory(bytes, piece, line_bytes_max)),
                None => read_lines(file, piece, line_bytes_max, buffer),
            },
        }
    }

    /// The reason why the text can no longer be trusted, if there is one.
    pub fn fault(&self) -> Option<SourceError> {
        match self {
            Text::File(file) => file.fault(),
            Text::Memory(_) => None,
        }
    }
}

fn lines_in_memory(bytes: &[u8], piece: Range<u64>, line_bytes_max: usize) -> PieceLines<'_> {
    let (from, to) = (piece.start as usize, (piece.end as usize).min(bytes.len()));
    let Some(start) = first_line(bytes, from, to) else { return PieceLines { lines: &[], last: None } };
    // The piece's last line begins behind the last newline of the piece, unless that is the piece's last byte.
    let last = memchr::memrchr(b'\n', &bytes[start..to]).map_or(start, |at| start + at + 1);
    if last == to {
        return PieceLines { lines: &bytes[start..to], last: None };
    }
    let limit = (to + line_bytes_max + 2).min(bytes.len());
    if let Some(newline) = memchr::memchr(b'\n', &bytes[to..limit]) {
        return PieceLines { lines: &bytes[start..to + newline + 1], last: None };
    }
    if limit == bytes.len() && bytes[last] != 0 {
        return PieceLines { lines: &bytes[start..], last: None };
    }
    let text = bytes[last..].iter().position(|byte| *byte != 0).map_or(bytes.len(), |nuls| last + nuls);
    let lines = &bytes[start..last];
    if text == bytes.len() {
        // Nothing but NULs to the end: a blank line, of which one byte is shown.
        return PieceLines { lines, last: Some(&bytes[last..last + 1]) };
    }
    let limit = (text + line_bytes_max + 2).min(bytes.len());
    let end = memchr::memchr(b'\n', &bytes[text..limit]).map_or(limit, |newline| text + newline + 1);
    PieceLines { lines, last: Some(&bytes[text..end]) }
}

/// Where the first line of `from..to` begins.
fn first_line(bytes: &[u8], from: usize, to: usize) -> Option<usize> {
    if from == 0 {
        return (to > 0).then_some(0);
    }
    let newline = memchr::memchr(b'\n', bytes.get(from - 1..to)?)?;
    Some(from + newline).filter(|start| *start < to)
}

fn read_lines<'text>(
    file: &FileSource,
    piece: Range<u64>,
    line_bytes_max: usize,
    buffer: &'text mut Vec<u8>,
) -> Result<PieceLines<'text>, SourceError> {
    let before = piece.start.min(1);
    let mut end = piece.end.min(file.len());
    buffer.resize((end - piece.start + before) as usize, 0);
    read_exactly(file, buffer, piece.start - before)?;
    let Some(start) = first_line(buffer, before as usize, buffer.len()) else {
        return Ok(PieceLines { lines: &[], last: None });
    };
    let mut last = memchr::memrchr(b'\n', &buffer[start..]).map_or(start, |at| start + at + 1);
    let mut holed = false;
    // The last line goes on behind the piece: read until it ends, is over the limit, or the file ends.
    while last < buffer.len() && end < file.len() && !buffer[last..].contains(&b'\n') {
        if buffer[last..].iter().all(|byte| *byte == 0) {
            // A hole is dropped as it is read, but for one byte.
            buffer.truncate(last + 1);
            holed = true;
        } else if buffer.len() - last > line_bytes_max + 1 {
            break;
        }
        let (known, step) = (buffer.len(), STEP_BYTES.min((file.len() - end) as usize));
        buffer.resize(known + step, 0);
        read_exactly(file, &mut buffer[known..], end)?;
        end += step as u64;
        if holed && let Some(text) = buffer[last..].iter().position(|byte| *byte != 0) {
            last += text;
            holed = false;
        }
    }
    let end = memchr::memchr(b'\n', &buffer[last..]).map_or(buffer.len(), |newline| last + newline + 1);
    let lines_end = memchr::memrchr(b'\n', &buffer[start..last]).map_or(start, |at| start + at + 1);
    Ok(PieceLines { lines: &buffer[start..lines_end], last: (last < end).then_some(&buffer[last..end]) })
}

fn read_exactly(file: &FileSource, buffer: &mut [u8], offset: u64) -> Result<(), SourceError> {
    let mut filled = 0;
    while filled < buffer.len() {
        filled += file.read_at(&mut buffer[filled..], offset + filled as u64)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines that all pieces of a text give, one behind the other.
    fn all_lines(text: &[u8], piece_bytes: usize, line_bytes_max: usize) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        for start in (0..text.len()).step_by(piece_bytes) {
            let piece = start as u64..(start + piece_bytes) as u64;
            let found = lines_in_memory(text, piece, line_bytes_max);
            lines.extend(found.lines.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec));
            lines.extend(found.last.map(<[u8]>::to_vec));
        }
        lines
    }

    #[test]
    fn any_cut_into_pieces_gives_each_line_once() {
        let text = b"first\nsecond line\n\n\nfifth, and a long one that spans pieces\r\nx\nno newline at the end";
        let expected: Vec<_> = text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        for piece_bytes in 1..text.len() + 3 {
            assert_eq!(all_lines(text, piece_bytes, 1000), expected, "pieces of {piece_bytes}");
        }
    }

    #[test]
    fn a_line_over_the_limit_is_cut_behind_it_and_the_next_line_is_whole() {
        let text = [b"a\n".as_slice(), &[b'x'; 5000], b"\nb\n"].concat();
        for piece_bytes in [7, 100, 1000] {
            let lines = all_lines(&text, piece_bytes, 50);
            assert_eq!((lines[0].as_slice(), lines[2].as_slice(), lines.len()), (&b"a\n"[..], &b"b\n"[..], 3));
            assert!(lines[1].len() > 51 && lines[1].len() <= piece_bytes + 52, "pieces of {piece_bytes}");
        }
    }

    #[test]
    fn a_hole_of_nuls_does_not_count_to_the_length_of_the_line_behind_it() {
        let text = [b"a\n".as_slice(), &[0; 5000], b"after the hole\nb\n"].concat();
        for piece_bytes in [3, 100, 10_000] {
            let lines = all_lines(&text, piece_bytes, 50);
            assert_eq!(lines.len(), 3, "pieces of {piece_bytes}");
            let trimmed: Vec<u8> = lines[1].iter().copied().filter(|byte| *byte != 0).collect();
            assert_eq!(trimmed, b"after the hole\n", "pieces of {piece_bytes}");
        }
        assert_eq!(all_lines(&[0; 500], 7, 50), [vec![0]]);
    }
}
