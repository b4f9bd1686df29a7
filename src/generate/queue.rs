//! A bounded queue of lines for one receiver.
//!
//! Why one queue a receiver: a slow one fills its own, and the others do not notice. Lines are not copied: what waits is a
//! [`Portion`], some lines of a shared block. What is pushed behind lines of the same block is joined to them, so that a
//! receiver that fell behind is sent large pieces and the queue stays short.
//!
//! At a set rate the schedule must go on: what does not fit is *shed*, whole lines, and counted ([`Queue::shed_into`]). At
//! full speed there is no schedule, and whoever makes the lines waits ([`Queue::wait_into`]).
//!
//! Units: the limit is in bytes of text. One line always fits into an empty queue, or it could never be sent.

use super::block::Block;
use super::stop::Stop;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How often one who waits looks whether the run was stopped.
const LOOK: Duration = Duration::from_millis(50);

/// Some lines of a block, counted within it.
#[derive(Clone, Debug)]
pub struct Portion {
    /// The block.
    pub block: Arc<Block>,
    /// Its lines that are meant.
    pub lines: Range<usize>,
}

impl Portion {
    /// All lines of a block.
    pub fn whole(block: Arc<Block>) -> Portion {
        let lines = 0..block.lines();
        Portion { block, lines }
    }

    /// The lines, each ended by LF.
    pub fn text(&self) -> &[u8] {
        self.block.text_of(self.lines.clone())
    }

    /// Where the lines stand in the text, one after the other, each with its LF.
    pub fn spans(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        let start = self.block.span(self.lines.clone()).start;
        self.lines.clone().map(move |line| {
            let span = self.block.span(line..line + 1);
            span.start - start..span.end - start
        })
    }

    /// How many of the lines are whole in the first `bytes` of the text.
    pub fn lines_within(&self, bytes: usize) -> usize {
        let end = self.block.span(self.lines.clone()).start + bytes;
        let ends = self.block.ends().get(self.lines.clone()).unwrap_or_default();
        ends.partition_point(|line_end| *line_end as usize <= end)
    }

    /// The first `count` lines.
    pub fn head(&self, count: usize) -> Range<usize> {
        self.lines.start..(self.lines.start + count).min(self.lines.end)
    }

    fn bytes(&self) -> u64 {
        self.block.span(self.lines.clone()).len() as u64
    }
}

/// Lines that wait for one receiver.
#[derive(Debug)]
pub struct Queue {
    limit_bytes: u64,
    inside: Mutex<Inside>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Inside {
    waiting: VecDeque<Portion>,
    bytes: u64,
    /// Nothing more will come.
    closed: bool,
    /// Nobody takes any more.
    abandoned: bool,
}

impl Queue {
    /// An empty queue that holds so many bytes of lines.
    pub fn new(limit_bytes: u64) -> Queue {
        Queue { limit_bytes, inside: Mutex::default(), changed: Condvar::new() }
    }

    /// Puts in what fits, and says how many lines did not.
    pub fn shed_into(&self, portion: Portion) -> u64 {
        let mut inside = self.lock();
        let lines = portion.lines.len();
        if inside.closed || inside.abandoned {
            return lines as u64;
        }
        let room = self.limit_bytes.saturating_sub(inside.bytes);
        let mut fitting = if portion.bytes() <= room {
            lines
        } else {
            portion.lines_within(usize::try_from(room).unwrap_or(usize::MAX))
        };
        if fitting == 0 && inside.bytes == 0 {
            fitting = lines.min(1);
        }
        if fitting > 0 {
            inside.push(Portion { lines: portion.head(fitting), block: portion.block });
            self.changed.notify_all();
        }
        (lines - fitting) as u64
    }

    /// Puts all of it in as soon as there is room. Says whether it is in: not if nobody takes any more, or the run was
    /// interrupted meanwhile.
    pub fn wait_into(&self, portion: Portion, stop: &Stop) -> bool {
        let bytes = portion.bytes();
        let mut inside = self.lock();
        while inside.bytes > 0 && inside.bytes + bytes > self.limit_bytes {
            if inside.closed || inside.abandoned || stop.is_interrupted() {
                return false;
            }
            inside = self.wait(inside);
        }
        if inside.closed || inside.abandoned {
            return false;
        }
        inside.push(portion);
        self.changed.notify_all();
        true
    }

    /// The next lines, as soon as there are some; `None` once the queue is closed and empty.
    pub fn take(&self) -> Option<Portion> {
        let mut inside = self.lock();
        loop {
            if let Some(portion) = inside.waiting.pop_front() {
                inside.bytes -= portion.bytes();
                self.changed.notify_all();
                return Some(portion);
            }
            if inside.closed {
                return None;
            }
            inside = self.changed.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until there is something to take, or nothing will come.
    pub fn wait_for_first(&self) {
        let mut inside = self.lock();
        while inside.waiting.is_empty() && !inside.closed {
            inside = self.wait(inside);
        }
    }

    /// Nothing more will be put in; what waits can still be taken.
    pub fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Whether nothing more will be put in.
    pub fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Whether nobody takes any more.
    pub fn is_abandoned(&self) -> bool {
        self.lock().abandoned
    }

    /// Nobody will take any more. Says how many lines were waiting.
    pub fn abandon(&self) -> u64 {
        let mut inside = self.lock();
        (inside.abandoned, inside.bytes) = (true, 0);
        let left = inside.waiting.drain(..).map(|portion| portion.lines.len() as u64).sum();
        self.changed.notify_all();
        left
    }

    /// When the first line that waits was due, in nanoseconds since the start; `None` where nothing waits or is paced.
    pub fn first_due(&self) -> Option<u64> {
        let inside = self.lock();
        let first = inside.waiting.front()?;
        first.block.due().get(first.lines.start).copied()
    }

    fn wait<'a>(&self, inside: MutexGuard<'a, Inside>) -> MutexGuard<'a, Inside> {
        self.changed.wait_timeout(inside, LOOK).unwrap_or_else(PoisonError::into_inner).0
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        // A panic elsewhere leaves the queue as it was: each change is complete before the lock is given back.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    fn push(&mut self, portion: Portion) {
        self.bytes += portion.bytes();
        match self.waiting.back_mut() {
            Some(last) if Arc::ptr_eq(&last.block, &portion.block) && last.lines.end == portion.lines.start => {
                last.lines.end = portion.lines.end;
            }
            _ => self.waiting.push_back(portion),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests_support::block_of;
    use super::*;
    use std::thread;

    fn portion(block: &Arc<Block>, lines: Range<usize>) -> Portion {
        Portion { block: Arc::clone(block), lines }
    }

    #[test]
    fn a_portion_knows_its_lines() {
        let block = block_of(&["a", "bb", "ccc", "dddd"]);
        let middle = portion(&block, 1..3);
        assert_eq!(middle.text(), b"bb\nccc\n");
        assert_eq!(middle.spans().collect::<Vec<_>>(), [0..3, 3..7]);
        let cases = [(0, 0), (2, 0), (3, 1), (6, 1), (7, 2), (100, 2)];
        for (bytes, lines) in cases {
            assert_eq!(middle.lines_within(bytes), lines, "{bytes} bytes");
        }
    }

    #[test]
    fn what_does_not_fit_is_shed_in_whole_lines() {
        let block = block_of(&["0123456"; 10]); // 8 bytes each
        let cases = [
            ("all of it fits", 80, 0..10, 0),
            ("a part of it", 79, 0..10, 1),
            ("a line is never cut", 15, 0..10, 9),
            ("one line fits into nothing", 1, 0..10, 9),
            ("no line at all", 100, 4..4, 0),
        ];
        for (what, limit, lines, shed) in cases {
            let queue = Queue::new(limit);
            assert_eq!(queue.shed_into(portion(&block, lines.clone())), shed, "{what}");
            queue.close();
            let taken: usize = std::iter::from_fn(|| queue.take()).map(|portion| portion.lines.len()).sum();
            assert_eq!(taken as u64 + shed, lines.len() as u64, "{what}");
        }
    }

    #[test]
    fn a_full_queue_sheds_until_something_is_taken() {
        let block = block_of(&["0123456"; 10]);
        let queue = Queue::new(16);
        let shed: Vec<u64> = (0..4).map(|line| queue.shed_into(portion(&block, line..line + 1))).collect();
        assert_eq!(shed, [0, 0, 1, 1]);
        // Neighbours are joined: both lines come at once.
        assert_eq!(queue.take().map(|portion| portion.lines), Some(0..2));
        assert_eq!(queue.shed_into(portion(&block, 4..5)), 0);
        assert_eq!(queue.shed_into(portion(&block, 5..6)), 0);
        assert_eq!(queue.abandon(), 2);
        assert_eq!(queue.shed_into(portion(&block, 6..9)), 3);
    }

    #[test]
    fn who_waits_goes_on_when_there_is_room() {
        let block = block_of(&["0123456"; 100]);
        let (queue, stop) = (Queue::new(24), Stop::new());
        thread::scope(|scope| {
            scope.spawn(|| {
                for line in 0..100 {
                    assert!(queue.wait_into(portion(&block, line..line + 1), &stop));
                }
                queue.close();
            });
            let lines: Vec<usize> = std::iter::from_fn(|| queue.take()).flat_map(|portion| portion.lines).collect();
            assert_eq!(lines, (0..100).collect::<Vec<_>>());
        });
    }

    #[test]
    fn nobody_waits_for_one_who_has_gone() {
        let block = block_of(&["0123456"; 2]);
        let (queue, stop) = (Queue::new(8), Stop::new());
        assert!(queue.wait_into(portion(&block, 0..1), &stop));
        thread::scope(|scope| {
            let waiting = scope.spawn(|| queue.wait_into(portion(&block, 1..2), &stop));
            assert_eq!(queue.abandon(), 1);
            assert!(!waiting.join().unwrap());
        });
    }
}
