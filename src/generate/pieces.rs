//! Texts that are copied whole: written once at the start, and from then on only moved.
//!
//! A line is five or six such pieces. Copying one costs little more than its cache line: it is moved in chunks of a fixed
//! size, which compile to a few vector moves, and what is moved beyond the piece's end is overwritten by the next piece.
//! A call of `memcpy` for each piece, with its length to be branched on, takes several times as long.

/// Bytes that are moved at once: most pieces in one chunk, since how many it takes is a branch that cannot be foreseen.
const CHUNK: usize = 128;

/// Where a piece is.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    start: u32,
    bytes: u32,
}

/// Pieces by number.
#[derive(Clone, Debug, Default)]
pub(super) struct Pieces {
    text: Vec<u8>,
    spans: Vec<Span>,
}

impl Pieces {
    /// Adds a piece, and gives its number. Beyond 4 GiB of text a piece is empty; plans are far smaller.
    pub fn push(&mut self, piece: &[u8]) -> u32 {
        let number = self.spans.len() as u32;
        // The padding behind the last piece, which makes a whole chunk of its end.
        self.text.truncate(self.text.len().saturating_sub(if self.spans.is_empty() { 0 } else { CHUNK }));
        match (u32::try_from(self.text.len()), u32::try_from(piece.len())) {
            (Ok(start), Ok(bytes)) if u32::try_from(self.text.len() + piece.len() + CHUNK).is_ok() => {
                self.text.extend_from_slice(piece);
                self.spans.push(Span { start, bytes });
            }
            _ => self.spans.push(Span::default()),
        }
        self.text.extend_from_slice(&[0; CHUNK]);
        number
    }

    /// Bytes of the longest piece.
    pub fn longest(&self) -> usize {
        self.spans.iter().map(|span| span.bytes as usize).max().unwrap_or(0)
    }
}

/// Bytes of a cell, a line of the cache.
const CELL: usize = 64;

/// A piece with its length behind it, in one line of the cache.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Cell([u8; CELL]);

/// Many pieces, most of them short: to look at one is to load one line of the cache. Longer ones are where they have room.
#[derive(Clone, Debug, Default)]
pub(super) struct Cells {
    cells: Vec<Cell>,
    long: Pieces,
}

/// In place of a length: the piece is a long one, whose number is in the first four bytes.
const IS_LONG: u8 = u8::MAX;

impl Cells {
    /// Adds a piece.
    pub fn push(&mut self, piece: &[u8]) {
        let mut cell = [0; CELL];
        match cell.get_mut(..piece.len()).filter(|_| piece.len() < CELL) {
            Some(start) => {
                start.copy_from_slice(piece);
                cell[CELL - 1] = piece.len() as u8;
            }
            None => {
                cell[..4].copy_from_slice(&self.long.push(piece).to_le_bytes());
                cell[CELL - 1] = IS_LONG;
            }
        }
        self.cells.push(Cell(cell));
    }

    /// Bytes of the longest piece.
    pub fn longest(&self) -> usize {
        self.long.longest().max(CELL)
    }

    /// Looks at a piece, so that it is at hand when it is put.
    #[inline]
    pub fn touch(&self, number: u32) -> u8 {
        self.cells.get(number as usize).map_or(0, |Cell(cell)| cell[CELL - 1])
    }
}

/// Where pieces are put: a text that is full at first and shrinks to what was put, so that room is not zeroed twice.
#[derive(Debug)]
pub(super) struct Pen<'text> {
    text: &'text mut Vec<u8>,
    at: usize,
}

impl<'text> Pen<'text> {
    /// Writes from `at` on.
    pub fn new(text: &'text mut Vec<u8>, at: usize) -> Pen<'text> {
        Pen { text, at }
    }

    /// Bytes written.
    #[inline]
    pub fn at(&self) -> usize {
        self.at
    }

    /// What was written from `start` on.
    pub fn since(&self, start: usize) -> &[u8] {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Goes back to `at`.
    pub fn back_to(&mut self, at: usize) {
        self.at = self.at.min(at);
    }

    /// Makes sure that so many bytes can be put without a further look, and a chunk behind them.
    #[inline]
    pub fn reserve(&mut self, bytes: usize) {
        if self.text.len() < self.at + bytes + CHUNK {
            self.grow(bytes);
        }
    }

    /// The room behind what was written, to be given back with [`Pen::wrote_up_to`].
    #[inline]
    pub fn room(&mut self) -> Room<'_> {
        Room { at: self.at, text: self.text }
    }

    /// So much of the room is written.
    #[inline]
    pub fn wrote_up_to(&mut self, at: usize) {
        self.at = at.min(self.text.len());
    }

    #[cold]
    fn grow(&mut self, bytes: usize) {
        let wanted = (self.at + bytes + CHUNK).max(self.text.len() * 2).max(1 << 16);
        self.text.resize(wanted, 0);
    }

    /// Puts any text, making room.
    pub fn text(&mut self, text: &[u8]) {
        self.reserve(text.len());
        if let Some(target) = self.text.get_mut(self.at..self.at + text.len()) {
            target.copy_from_slice(text);
            self.at += text.len();
        }
    }
}

/// Room for a line. It is a place and a number and no more, so that both stay in registers from piece to piece.
#[derive(Debug)]
pub(super) struct Room<'text> {
    text: &'text mut [u8],
    at: usize,
}

impl Room<'_> {
    /// Bytes written, with all that was written before.
    #[inline]
    pub fn at(&self) -> usize {
        self.at
    }

    /// The same room, to be lent.
    #[inline]
    pub fn lent(&mut self) -> Room<'_> {
        Room { text: self.text, at: self.at }
    }

    /// So much is written.
    #[inline]
    pub fn wrote_up_to(&mut self, at: usize) {
        self.at = at;
    }

    /// Puts a piece, for which there is room.
    #[inline(always)]
    pub fn piece(&mut self, pieces: &Pieces, number: u32) {
        if let Some(span) = pieces.spans.get(number as usize) {
            self.chunks(&pieces.text, span.start as usize, span.bytes as usize);
        }
    }

    /// Puts a piece of a table of many, for which there is room.
    #[inline(always)]
    pub fn cell(&mut self, cells: &Cells, number: u32) {
        let Some(Cell(cell)) = cells.cells.get(number as usize) else { return };
        let bytes = cell[CELL - 1];
        if bytes == IS_LONG {
            let [a, b, c, d, ..] = *cell;
            return self.piece(&cells.long, u32::from_le_bytes([a, b, c, d]));
        }
        self.fixed(cell, usize::from(bytes));
    }

    /// Puts the first `bytes` of a text that is followed by a chunk of anything; there is room.
    #[inline(always)]
    fn chunks(&mut self, from: &[u8], start: usize, bytes: usize) {
        let mut done = 0;
        loop {
            let source = from.get(start + done..).and_then(|rest| rest.first_chunk::<CHUNK>());
            let target = self.text.get_mut(self.at + done..).and_then(|rest| rest.first_chunk_mut::<CHUNK>());
            if let (Some(source), Some(target)) = (source, target) {
                *target = *source;
            }
            done += CHUNK;
            if done >= bytes {
                break;
            }
        }
        self.at += bytes;
    }

    /// Puts a text of fixed width, for which there is room.
    #[inline(always)]
    pub fn fixed<const BYTES: usize>(&mut self, text: &[u8; BYTES], bytes: usize) {
        if let Some(target) = self.text.get_mut(self.at..).and_then(|rest| rest.first_chunk_mut::<BYTES>()) {
            *target = *text;
            self.at += bytes;
        }
    }

    /// Puts a number in decimal, for which there is room.
    #[inline(always)]
    pub fn number(&mut self, number: u32) {
        let (digits, text) = decimal(number);
        self.fixed(&text, digits);
    }

    /// Puts a number in decimal, in `width` digits with zeros before it, at most nine.
    pub fn padded(&mut self, number: u32, width: usize) {
        let mut text = [b'0'; 12];
        let mut rest = number;
        for at in (0..width.min(12)).rev() {
            text[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        self.fixed(&text, width.min(12));
    }
}

/// How many digits a number has, and the digits at the front of twelve bytes.
#[inline]
fn decimal(number: u32) -> (usize, [u8; 12]) {
    let mut text = [0; 12];
    if number < 100_000_000 {
        let digits = eight_digits(number);
        let zeros = (digits.trailing_zeros() / 8).min(7);
        text[..8].copy_from_slice(&((digits | ZEROS) >> (8 * zeros)).to_le_bytes());
        return (8 - zeros as usize, text);
    }
    let (upper, lower) = (number / 100_000_000, number % 100_000_000);
    let (digits, front) = decimal(upper);
    text[..4].copy_from_slice(&front[..4]);
    text[digits..digits + 8].copy_from_slice(&(eight_digits(lower) | ZEROS).to_le_bytes());
    (digits + 8, text)
}

/// The digit 0 eight times.
const ZEROS: u64 = u64::from_le_bytes(*b"00000000");

/// The eight digits of a number, one a byte, the first in the lowest: halves are split side by side, with a multiplication
/// and a shift for each division, so that no table is read.
#[inline]
fn eight_digits(number: u32) -> u64 {
    let fours = u64::from(number / 10_000) | u64::from(number % 10_000) << 32;
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let twos = hundreds | (fours - hundreds * 100) << 16;
    let tens = ((twos * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | (twos - tens * 10) << 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_put_one_behind_the_other() {
        let mut pieces = Pieces::default();
        let texts: Vec<Vec<u8>> = (0..200).map(|length| vec![b'a' + (length % 26) as u8; length]).collect();
        texts.iter().enumerate().for_each(|(at, text)| assert_eq!(pieces.push(text), at as u32));
        let mut text = Vec::new();
        let mut pen = Pen::new(&mut text, 0);
        for number in 0..200 {
            pen.reserve(pieces.longest());
            let mut room = pen.room();
            room.piece(&pieces, number);
            let at = room.at();
            pen.wrote_up_to(at);
        }
        assert_eq!(pen.since(0), texts.concat());
    }

    #[test]
    fn numbers_are_decimal() {
        let odd = (0..100_000).map(|at: u32| at.wrapping_mul(2_654_435_761) >> (at % 30));
        for number in
            (0..20_000).chain([99_999_999, 100_000_000, 100_000_001, 999_999_999, 1_000_000_000, u32::MAX]).chain(odd)
        {
            let (digits, text) = decimal(number);
            assert_eq!(text[..digits], *number.to_string().as_bytes());
        }
        let mut text = Vec::new();
        let mut pen = Pen::new(&mut text, 0);
        pen.reserve(20);
        let mut room = pen.room();
        room.padded(42, 6);
        assert_eq!((room.at(), &text[..6]), (6, &b"000042"[..]));
    }
}
