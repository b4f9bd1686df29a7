//! The outer shell: numbers and texts in blocks, each compressed and with a checksum.
//!
//! ```text
//! file  = MAGIC version block* end
//! block = raw stored crc bytes        raw: bytes once decompressed; stored: bytes that follow; raw = stored: as they are
//! end   = 0 0 crc
//! ```
//! Fixed numbers are 32 bits, little-endian. A `crc` (CRC-32, as in gzip) is of all bytes of the file before it, and a
//! block's of its bytes too, so that blocks that were lost, doubled or exchanged are found as well. Inside, numbers are
//! LEB128 varints; signed ones zigzag, as Protocol Buffers have it.
//!
//! A block decompresses to at most [`RATIO_MAX`] times its bytes (a writer stores it as it is where zstd does better):
//! that bounds what a small file can make of itself.

use super::{MAGIC, Problem, VERSION};
use crc32fast::Hasher;
use std::io::{self, Read, Write};
use zstd::bulk::{Compressor, Decompressor};

/// Bytes of a block before compression, at most.
const BLOCK_BYTES: usize = 1 << 20;
/// How many times its stored bytes a block may hold.
const RATIO_MAX: usize = 64;
/// zstd's level: the next ones save a few percent and take twice as long.
const LEVEL: i32 = 1;
/// Bytes of the longest varint, of 128 bits.
const VARINT_BYTES_MAX: usize = 19;

/// Writes numbers and texts as blocks.
pub struct Writer<W> {
    to: W,
    crc: Hasher,
    raw: Vec<u8>,
    stored: Vec<u8>,
    compressor: Compressor<'static>,
}

impl<W: Write> Writer<W> {
    /// Begins a file.
    pub fn new(mut to: W) -> io::Result<Writer<W>> {
        let mut crc = Hasher::new();
        for bytes in [&MAGIC[..], &VERSION.to_le_bytes()] {
            crc.update(bytes);
            to.write_all(bytes)?;
        }
        let (raw, stored) = (Vec::with_capacity(BLOCK_BYTES), vec![0; BLOCK_BYTES]);
        Ok(Writer { to, crc, raw, stored, compressor: Compressor::new(LEVEL)? })
    }

    /// Writes a number.
    #[inline]
    pub fn number(&mut self, number: impl Into<u128>) -> io::Result<()> {
        let mut number = number.into();
        if self.raw.len() + VARINT_BYTES_MAX > BLOCK_BYTES {
            self.flush()?;
        }
        while number >= 0x80 {
            self.raw.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.raw.push(number as u8);
        Ok(())
    }

    /// Writes a number that may be negative.
    pub fn signed(&mut self, number: i64) -> io::Result<()> {
        self.number((number << 1 ^ number >> 63) as u64)
    }

    /// Writes a text: its length and its bytes.
    pub fn text(&mut self, text: &[u8]) -> io::Result<()> {
        self.number(text.len() as u64)?;
        self.raw_bytes(text)
    }

    /// Writes bytes whose number the reader knows.
    pub fn raw_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.raw.len() == BLOCK_BYTES {
                self.flush()?;
            }
            let (some, more) = rest.split_at(rest.len().min(BLOCK_BYTES - self.raw.len()));
            self.raw.extend_from_slice(some);
            rest = more;
        }
        Ok(())
    }

    /// Ends the file; what it is written to may still hold bytes back.
    pub fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        self.sealed(0, 0, 0)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.raw.is_empty() {
            return Ok(());
        }
        // A block that does not get smaller does not fit, which zstd calls an error.
        let room = self.raw.len() - 1;
        let packed = self.compressor.compress_to_buffer(&self.raw, &mut self.stored[..room]).unwrap_or(0);
        let stored = if packed > 0 && self.raw.len() / RATIO_MAX < packed {
            packed
        } else {
            self.stored[..self.raw.len()].copy_from_slice(&self.raw);
            self.raw.len()
        };
        self.sealed(self.raw.len(), stored, stored)?;
        self.raw.clear();
        Ok(())
    }

    /// Writes a block's lengths, checksum and bytes.
    fn sealed(&mut self, raw: usize, stored: usize, bytes: usize) -> io::Result<()> {
        let lengths = [(raw as u32).to_le_bytes(), (stored as u32).to_le_bytes()].concat();
        let bytes = &self.stored[..bytes];
        let mut sum = self.crc.clone();
        sum.update(&lengths);
        sum.update(bytes);
        let sum = sum.finalize().to_le_bytes();
        for part in [&lengths[..], &sum, bytes] {
            self.crc.update(part);
            self.to.write_all(part)?;
        }
        Ok(())
    }
}

/// Reads what [`Writer`] wrote.
pub struct Reader<R> {
    from: R,
    crc: Hasher,
    /// Bytes of the file read.
    offset: u64,
    /// Where the block of the moment begins in the file.
    block: u64,
    raw: Vec<u8>,
    at: usize,
    stored: Vec<u8>,
    decompressor: Decompressor<'static>,
}

impl<R: Read> Reader<R> {
    /// Looks at the beginning of a file.
    pub fn new(from: R) -> Result<Reader<R>, Problem> {
        let mut reader = Reader {
            from,
            crc: Hasher::new(),
            offset: 0,
            block: 0,
            raw: Vec::new(),
            at: 0,
            stored: Vec::new(),
            decompressor: Decompressor::new()?,
        };
        match reader.fixed::<8>() {
            Ok(magic) if magic == *MAGIC => {}
            Ok(_) | Err(Problem::Cut { .. }) => return Err(Problem::NoTally),
            Err(problem) => return Err(problem),
        }
        match u32::from_le_bytes(reader.fixed()?) {
            VERSION => Ok(reader),
            version => Err(Problem::Version(version)),
        }
    }

    /// The error that something makes no sense.
    pub fn nonsense(&self, what: &'static str) -> Problem {
        Problem::Nonsense { what, at: self.block }
    }

    /// The next number.
    #[inline]
    pub fn number(&mut self, what: &'static str) -> Result<u64, Problem> {
        match self.raw.get(self.at) {
            Some(&byte) if byte < 0x80 => {
                self.at += 1;
                Ok(byte.into())
            }
            _ => u64::try_from(self.large(what)?).map_err(|_| self.nonsense(what)),
        }
    }

    /// The next number, of up to 128 bits.
    pub fn large(&mut self, what: &'static str) -> Result<u128, Problem> {
        let mut number = 0u128;
        for place in 0..VARINT_BYTES_MAX {
            if self.at == self.raw.len() {
                self.refill(what)?;
            }
            let byte = self.raw[self.at];
            self.at += 1;
            let part = u128::from(byte & 0x7F);
            let shifted = part << (7 * place);
            if shifted >> (7 * place) != part {
                break;
            }
            number |= shifted;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(self.nonsense(what))
    }

    /// The next number, which may be negative.
    pub fn signed(&mut self, what: &'static str) -> Result<i64, Problem> {
        let number = self.number(what)?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// The next number, at most `most`.
    #[inline]
    pub fn at_most(&mut self, most: u64, what: &'static str) -> Result<u64, Problem> {
        let number = self.number(what)?;
        if number <= most { Ok(number) } else { Err(self.nonsense(what)) }
    }

    /// The next byte.
    pub fn byte(&mut self, what: &'static str) -> Result<u8, Problem> {
        if self.at == self.raw.len() {
            self.refill(what)?;
        }
        self.at += 1;
        Ok(self.raw[self.at - 1])
    }

    /// The next text, of at most `most` bytes, in place of what `text` held. Memory grows with the bytes that are
    /// really there.
    pub fn text(&mut self, text: &mut Vec<u8>, most: u64, what: &'static str) -> Result<(), Problem> {
        text.clear();
        let mut left = self.at_most(most, what)? as usize;
        while left > 0 {
            if self.at == self.raw.len() {
                self.refill(what)?;
            }
            let rest = &self.raw[self.at..];
            let some = &rest[..rest.len().min(left)];
            text.extend_from_slice(some);
            self.at += some.len();
            left -= some.len();
        }
        Ok(())
    }

    /// Makes sure that the file ends here.
    pub fn finish(mut self) -> Result<(), Problem> {
        if self.at < self.raw.len() || self.next_block()? {
            return Err(self.nonsense("more than a tally has"));
        }
        match self.fill(&mut [0])? {
            0 => Ok(()),
            _ => Err(Problem::Trailing { at: self.offset - 1 }),
        }
    }

    #[cold]
    fn refill(&mut self, what: &'static str) -> Result<(), Problem> {
        if self.next_block()? { Ok(()) } else { Err(self.nonsense(what)) }
    }

    /// Reads the next block; false at the end of the file. A block that is there is not empty.
    fn next_block(&mut self) -> Result<bool, Problem> {
        self.block = self.offset;
        let [raw, stored] = [self.fixed()?, self.fixed()?].map(|bytes| u32::from_le_bytes(bytes) as usize);
        let mut sum = self.crc.clone();
        let told = u32::from_le_bytes(self.fixed()?);
        // Lengths that no writer makes; with the checksum unread they are damage, whatever else they may be.
        let end = raw == 0 && stored == 0;
        let sound = raw <= BLOCK_BYTES && stored <= raw && raw / RATIO_MAX < stored;
        if !end && !sound {
            return Err(self.damaged());
        }
        self.stored.resize(stored, 0);
        let mut bytes = std::mem::take(&mut self.stored);
        let read = self.exact(&mut bytes);
        self.stored = bytes;
        read?;
        sum.update(&self.stored);
        if sum.finalize() != told {
            return Err(self.damaged());
        }
        self.at = 0;
        self.raw.resize(raw, 0);
        if stored == raw {
            self.raw.copy_from_slice(&self.stored);
        } else if self.decompressor.decompress_to_buffer(&self.stored, &mut self.raw[..]).ok() != Some(raw) {
            return Err(self.damaged());
        }
        Ok(!end)
    }

    fn damaged(&self) -> Problem {
        Problem::Damaged { at: self.block }
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Problem> {
        let mut bytes = [0; N];
        self.exact(&mut bytes)?;
        Ok(bytes)
    }

    /// Fills `buffer` with the file's next bytes.
    fn exact(&mut self, buffer: &mut [u8]) -> Result<(), Problem> {
        if self.fill(buffer)? < buffer.len() {
            return Err(Problem::Cut { at: self.offset });
        }
        self.crc.update(buffer);
        Ok(())
    }

    /// Fills `buffer` as far as there are bytes.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Problem> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.from.read(rest) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.offset += filled as u64;
        Ok(filled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_come_back_across_blocks() {
        let numbers = [0, 1, 127, 128, 300, u64::MAX, 1 << 63, 12_345_678];
        let long: Vec<u8> =
            (0..3 * BLOCK_BYTES as u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let mut file = Vec::new();
        let mut writer = Writer::new(&mut file).unwrap();
        for round in 0..100_000u64 {
            writer.number(numbers[round as usize % numbers.len()]).unwrap();
            writer.signed(round as i64 - 50_000).unwrap();
        }
        for text in [&long[..], b"", b"x", &vec![b'a'; 2 * BLOCK_BYTES]] {
            writer.text(text).unwrap();
        }
        writer.number(u128::MAX).unwrap();
        writer.signed(i64::MIN).unwrap();
        writer.finish().unwrap();

        let mut reader = Reader::new(&file[..]).unwrap();
        for round in 0..100_000u64 {
            assert_eq!(reader.number("").unwrap(), numbers[round as usize % numbers.len()]);
            assert_eq!(reader.signed("").unwrap(), round as i64 - 50_000);
        }
        let mut found = Vec::new();
        for text in [&long[..], b"", b"x", &vec![b'a'; 2 * BLOCK_BYTES]] {
            reader.text(&mut found, u64::MAX, "").unwrap();
            assert!(found == text);
        }
        assert_eq!(reader.large("").unwrap(), u128::MAX);
        assert_eq!(reader.signed("").unwrap(), i64::MIN);
        reader.finish().unwrap();
    }

    #[test]
    fn what_is_read_beyond_the_end_or_left_over_makes_no_sense() {
        let mut file = Vec::new();
        let mut writer = Writer::new(&mut file).unwrap();
        writer.number(300u64).unwrap();
        writer.finish().unwrap();
        let reader = || Reader::new(&file[..]).unwrap();
        assert!(matches!(reader().finish(), Err(Problem::Nonsense { .. })));
        assert!(matches!(reader().at_most(299, "x"), Err(Problem::Nonsense { what: "x", at: 12 })));
        let mut read = reader();
        assert_eq!(read.number("").unwrap(), 300);
        assert!(matches!(read.number("y"), Err(Problem::Nonsense { what: "y", .. })));
        let longer = [&file[..], b"\n"].concat();
        let mut read = Reader::new(&longer[..]).unwrap();
        read.number("").unwrap();
        assert!(matches!(read.finish(), Err(Problem::Trailing { at }) if at == file.len() as u64));
    }
    #[test]
    fn a_small_file_cannot_make_much_of_itself() {
        let zeros = vec![0; BLOCK_BYTES];
        let mut file = Vec::new();
        let mut writer = Writer::new(&mut file).unwrap();
        writer.raw_bytes(&zeros).unwrap();
        // What zstd would make smaller than is allowed is kept as it is.
        writer.finish().unwrap();
        assert!(file.len() > BLOCK_BYTES);
        // A block that keeps all rules but this one.
        let packed = zstd::bulk::compress(&zeros, LEVEL).unwrap();
        let mut file = [&MAGIC[..], &VERSION.to_le_bytes()].concat();
        file.extend([zeros.len(), packed.len()].map(|bytes| (bytes as u32).to_le_bytes()).concat());
        let sum = crc32fast::hash(&[&file[..], &packed].concat());
        file.extend([&sum.to_le_bytes()[..], &packed].concat());
        let read = Reader::new(&file[..]).unwrap().number("");
        assert!(matches!(read, Err(Problem::Damaged { at: 12 })));
    }
}
