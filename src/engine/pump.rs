//! A stream as blocks of whole lines.
//!
//! Whoever has nothing to count takes the stream, reads one block and gives the stream back: while one worker counts
//! its block another already reads (and decompresses) the next. No queue, no thread of its own, and no more memory than
//! a block for each worker.

use crate::source::{SourceError, StreamSource};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A stream, and the beginning of the line that the last block cut.
#[derive(Debug)]
pub struct Pump {
    source: StreamSource,
    /// Bytes that were taken from the source before, to know what it is.
    start: Vec<u8>,
    line_bytes_max: usize,
    /// Set by whoever wants no more of it.
    stop: Option<Arc<AtomicBool>>,
    /// The line that is not whole yet; of a line over the limit its beginning.
    cut: Vec<u8>,
    /// Whether the rest of the cut line is looked over.
    skipping: bool,
    ended: bool,
    /// Bytes of text read.
    bytes: u64,
}

impl Pump {
    /// Blocks of `source`. Of a line that is longer than `line_bytes_max` a little more than that is handed on, so
    /// that it is known to be too long. Once `stop` is set, a line that does not end is waited for no longer.
    pub fn new(source: StreamSource, line_bytes_max: usize, stop: Option<Arc<AtomicBool>>) -> Pump {
        Pump {
            source,
            start: Vec::new(),
            line_bytes_max,
            stop,
            cut: Vec::new(),
            skipping: false,
            ended: false,
            bytes: 0,
        }
    }

    /// The same with bytes before those that the source still has.
    pub fn with_start(self, start: Vec<u8>) -> Pump {
        Pump { start, ..self }
    }

    /// Bytes of text read so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Raw bytes that there are, where that is known.
    pub fn raw_len(&self) -> Option<u64> {
        self.source.raw_len()
    }

    /// Raw bytes read so far.
    pub fn raw_position(&self) -> u64 {
        self.source.raw_position()
    }

    /// Fills `block` with the next lines, about `block_bytes`; the last line of the stream may lack its newline. An
    /// empty block is the end. An error comes after all lines before it, and again at each later call.
    pub fn next(&mut self, block: &mut Vec<u8>, block_bytes: usize) -> Result<(), SourceError> {
        block.clear();
        let stop = self.stop.clone();
        let is_stopped = || stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed));
        while !self.ended && !is_stopped() {
            // What is already there is not looked at again.
            let known = self.cut.len();
            block.append(&mut self.cut);
            let failed = self.fill(block, known + block_bytes.max(1)).err();
            self.ended |= failed.is_some();
            self.skip(block, known);
            let newline = memchr::memrchr(b'\n', &block[known..]).map(|at| known + at);
            if self.ended {
                // Whatever is left is the last line, but not where the rest of it could not be read.
                if failed.is_some() {
                    block.truncate(newline.map_or(0, |newline| newline + 1));
                }
                return match failed {
                    // The source repeats its error, and so does this: whoever asks next must not take it for the end.
                    Some(error) => {
                        self.ended = false;
                        if block.is_empty() { Err(error) } else { Ok(()) }
                    }
                    None => Ok(()),
                };
            }
            if let Some(newline) = newline {
                self.cut.extend_from_slice(&block[newline + 1..]);
                block.truncate(newline + 1);
                self.shorten();
                return Ok(());
            }
            self.cut.append(block);
            self.shorten();
        }
        Ok(())
    }

    /// Reads up to `wanted` bytes of block; notes the end.
    fn fill(&mut self, block: &mut Vec<u8>, wanted: usize) -> Result<(), SourceError> {
        let mut filled = block.len();
        block.resize(wanted, 0);
        let result = loop {
            if filled == wanted {
                break Ok(());
            }
            if !self.start.is_empty() {
                let count = self.start.len().min(wanted - filled);
                block[filled..filled + count].copy_from_slice(&self.start[..count]);
                self.start.drain(..count);
                filled += count;
                self.bytes += count as u64;
                continue;
            }
            match self.source.read(&mut block[filled..]) {
                Ok(0) => {
                    self.ended = true;
                    break Ok(());
                }
                Ok(count) => {
                    filled += count;
                    self.bytes += count as u64;
                }
                Err(error) => break Err(error),
            }
        };
        block.truncate(filled);
        result
    }

    /// Takes the rest of a line over the limit out of what was read behind `known`.
    fn skip(&mut self, block: &mut Vec<u8>, known: usize) {
        if !self.skipping {
            return;
        }
        match memchr::memchr(b'\n', &block[known..]) {
            Some(newline) => {
                block.drain(known..known + newline);
                self.skipping = false;
            }
            None => block.truncate(known),
        }
    }

    /// Keeps the cut line small: the NULs that a copytruncate left before it become one, and what is over the limit
    /// goes.
    fn shorten(&mut self) {
        let nuls = self.cut.iter().take_while(|byte| **byte == 0).count();
        self.cut.drain(..nuls.saturating_sub(1));
        // One byte more than the limit, a CR and a NUL.
        let most = self.line_bytes_max.saturating_add(3);
        if self.cut.len() > most {
            self.cut.truncate(most);
            self.skipping = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{self, Read};

    /// Hands out its bytes a few at a time, then ends or fails.
    struct Slow {
        text: Vec<u8>,
        at: usize,
        step: usize,
        fails: bool,
    }

    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.step.min(buffer.len()).min(self.text.len() - self.at);
            buffer[..count].copy_from_slice(&self.text[self.at..self.at + count]);
            self.at += count;
            if count == 0 && self.fails { Err(io::Error::other("the cable was cut")) } else { Ok(count) }
        }
    }

    fn pump(text: &[u8], step: usize, limit: usize, fails: bool) -> Pump {
        Pump::new(StreamSource::new("s", Slow { text: text.to_vec(), at: 0, step, fails }, None), limit, None)
    }

    fn all_lines(mut pump: Pump, block_bytes: usize) -> (Vec<Vec<u8>>, Option<SourceError>) {
        let (mut lines, mut block) = (Vec::new(), Vec::new());
        loop {
            match pump.next(&mut block, block_bytes) {
                Ok(()) if block.is_empty() => return (lines, None),
                Ok(()) => lines.extend(block.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec)),
                Err(error) => return (lines, Some(error)),
            }
        }
    }

    #[test]
    fn any_cut_gives_each_line_once() {
        let text = b"first\nsecond line\n\n\nfifth, and a long one that spans blocks\r\nx\nno newline at the end";
        let expected: Vec<_> = text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        for block_bytes in 1..text.len() + 3 {
            for step in [1, 7, 1000] {
                let (lines, error) = all_lines(pump(text, step, 1000, false), block_bytes);
                assert_eq!(lines, expected, "blocks of {block_bytes}, reads of {step}");
                assert!(error.is_none());
            }
        }
    }

    #[test]
    fn a_line_over_the_limit_costs_no_memory_and_the_next_line_is_whole() {
        let text = [b"a\n".as_slice(), &[b'x'; 5000], b"\nb\n", &[b'y'; 5000]].concat();
        for block_bytes in [1, 7, 100] {
            let (lines, _) = all_lines(pump(&text, 64, 50, false), block_bytes);
            assert_eq!(lines.len(), 4, "blocks of {block_bytes}");
            assert_eq!((lines[0].as_slice(), lines[2].as_slice()), (&b"a\n"[..], &b"b\n"[..]));
            for long in [&lines[1], &lines[3]] {
                assert!(long.len() > 51 && long.len() < 160, "{} bytes", long.len());
            }
        }
    }

    #[test]
    fn a_hole_of_nuls_costs_no_memory_and_does_not_count_to_the_line() {
        let text = [b"a\n".as_slice(), &[0; 5000], b"after the hole\nb\n", &[0; 5000]].concat();
        for block_bytes in [1, 7, 100] {
            let (lines, _) = all_lines(pump(&text, 64, 50, false), block_bytes);
            let trimmed: Vec<u8> = lines[1].iter().copied().filter(|byte| *byte != 0).collect();
            assert_eq!((trimmed.as_slice(), lines.len()), (&b"after the hole\n"[..], 4), "blocks of {block_bytes}");
            assert!(lines[1].len() < 130 && lines[3].len() < 130);
        }
    }

    #[test]
    fn a_line_that_never_ends_is_waited_for_until_the_stop() {
        let stop = Arc::new(AtomicBool::new(false));
        let mut pump = Pump::new(StreamSource::new("s", io::repeat(b'x'), None), 50, Some(Arc::clone(&stop)));
        let stopper = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(20));
            stop.store(true, Ordering::Relaxed);
        });
        let mut block = Vec::new();
        pump.next(&mut block, 100).unwrap();
        assert!(block.is_empty());
        stopper.join().unwrap();
    }

    #[test]
    fn an_error_comes_after_the_whole_lines_before_it() {
        let (lines, error) = all_lines(pump(b"a\nb\ncut he", 3, 50, true), 4);
        assert_eq!(lines, [b"a\n", b"b\n"]);
        assert!(error.unwrap().to_string().contains("the cable was cut"));
    }

    #[test]
    fn an_error_is_no_end_for_whoever_asks_next() {
        let mut pump = pump(b"a\ncut he", 3, 50, true);
        let mut block = Vec::new();
        pump.next(&mut block, 100).unwrap();
        assert_eq!(block, b"a\n");
        for _ in 0..3 {
            assert!(pump.next(&mut block, 100).is_err());
        }
    }
}
