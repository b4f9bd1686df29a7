//! Which worker reads which piece, and where a piece's lines begin and end.
//!
//! All pieces of all files are numbered in order. Each worker owns a contiguous span and takes pieces from its front;
//! one that has finished takes from the back of the longest span left. Contiguous spans make merging cheap (a day of
//! the log is then in one or two tallies, not in all); taking the rest evens out workers of different speed.
//!
//! A line belongs to the piece in which it begins, whatever its length, so that each line is read once.

use std::sync::atomic::{AtomicU64, Ordering};

/// Pieces handed out to workers: a span of piece numbers each, as (front, back) in one atomic word.
pub struct Spans {
    spans: Vec<AtomicU64>,
}

fn pack(front: u32, back: u32) -> u64 {
    u64::from(front) << 32 | u64::from(back)
}

fn unpack(span: u64) -> (u32, u32) {
    ((span >> 32) as u32, span as u32)
}

impl Spans {
    /// Pieces 0 to `pieces` for `workers` workers.
    pub fn new(pieces: u32, workers: usize) -> Spans {
        let edge = |worker: usize| (u64::from(pieces) * worker as u64 / workers.max(1) as u64) as u32;
        let spans = (0..workers).map(|worker| AtomicU64::new(pack(edge(worker), edge(worker + 1)))).collect();
        Spans { spans }
    }

    /// The next piece for a worker: from the front of its own span, else from the back of the longest other one.
    pub fn take(&self, worker: usize) -> Option<u32> {
        let front = |(front, back)| (front < back).then_some((front, (front + 1, back)));
        let back = |(front, back)| (front < back).then(|| (back - 1, (front, back - 1)));
        if let Some(piece) = self.spans.get(worker).and_then(|own| take(own, front)) {
            return Some(piece);
        }
        loop {
            let left = |span: &&AtomicU64| {
                let (front, back) = unpack(span.load(Ordering::Relaxed));
                back.saturating_sub(front)
            };
            let longest = self.spans.iter().max_by_key(left).filter(|span| left(span) > 0)?;
            // Another worker may have taken the last one meanwhile; then look again.
            if let Some(piece) = take(longest, back) {
                return Some(piece);
            }
        }
    }
}

fn take(span: &AtomicU64, rule: impl Fn((u32, u32)) -> Option<(u32, (u32, u32))>) -> Option<u32> {
    let mut seen = span.load(Ordering::Relaxed);
    loop {
        let (piece, (front, back)) = rule(unpack(seen))?;
        // Relaxed is enough: the word is the whole state, and the files' bytes do not change hands through it.
        match span.compare_exchange_weak(seen, pack(front, back), Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => return Some(piece),
            Err(now) => seen = now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_is_taken_once() {
        for (pieces, workers) in [(0, 1), (1, 4), (7, 2), (1000, 3)] {
            let spans = Spans::new(pieces, workers);
            let taken: Vec<u32> = std::thread::scope(|scope| {
                let handles: Vec<_> = (0..workers)
                    .map(|worker| {
                        let spans = &spans;
                        scope.spawn(move || std::iter::from_fn(|| spans.take(worker)).collect::<Vec<_>>())
                    })
                    .collect();
                handles.into_iter().flat_map(|handle| handle.join().unwrap()).collect()
            });
            let mut sorted = taken.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..pieces).collect::<Vec<_>>(), "{pieces} pieces, {workers} workers");
        }
    }

    #[test]
    fn a_worker_takes_its_own_span_in_order_and_then_the_back_of_the_longest() {
        let spans = Spans::new(10, 2);
        assert_eq!((spans.take(0), spans.take(0), spans.take(1)), (Some(0), Some(1), Some(5)));
        for expected in [2, 3, 4, 9, 8, 7, 6] {
            assert_eq!(spans.take(0), Some(expected));
        }
        assert_eq!((spans.take(0), spans.take(1)), (None, None));
    }
}
