//! Cuts: moments at which the counts, the windows and the places where inputs go on are of the same lines.
//!
//! Each hand cuts for itself, between two polls of its source, without waiting for anybody: it tells its part and goes on.
//! The board gathers the parts. What a hand tells behind its part is held back until all others have told theirs, so that
//! the board, at that moment, has taken in exactly the lines up to the cut of each (as the barriers of Chandy and Lamport,
//! "Distributed Snapshots", 1985, and of Flink's checkpoints). Only hand-overs are held back, a few for each hand.

use super::told::{Part, Told};
use crate::window::board::{Account, Board};
use crate::window::pane::Counts;
use crate::window::panes::Window;
use std::collections::VecDeque;

/// One cut through everything.
pub struct Cut {
    /// Its number, from 1.
    pub number: u64,
    /// The time of day, in milliseconds.
    pub wall: i64,
    /// The watermark, in milliseconds of event time; `watermark::NEVER` where there is none yet.
    pub watermark: i64,
    /// Where all lines went, since the very beginning.
    pub account: Account,
    /// What was counted since the cut before, and where inputs go on.
    pub parts: Vec<Part>,
    /// The panes that have changed since then: start, width, content.
    pub panes: Vec<(i64, i64, Counts)>,
    /// By width of panes: those that start earlier are kept no more.
    pub edges: Vec<(i64, i64)>,
    /// The windows that were closed, or have changed, since then; the last of one span is the right one.
    pub windows: Vec<Window<Counts>>,
}

/// The gathering of parts.
#[derive(Default)]
pub struct Gathering {
    number: u64,
    /// By hand: whether it still tells something, whether its part is here, what it told behind that.
    hands: Vec<Hand>,
    /// Parts of the next cut.
    parts: Vec<Part>,
    is_open: bool,
}

#[derive(Default)]
struct Hand {
    is_done: bool,
    has_cut: bool,
    behind: VecDeque<Told>,
}

impl Gathering {
    /// For so many hands.
    pub fn new(hands: usize) -> Gathering {
        Gathering { hands: (0..hands).map(|_| Hand::default()).collect(), ..Gathering::default() }
    }

    /// Asks for a cut, or says which one was asked for.
    pub fn begin(&mut self) -> u64 {
        if !self.is_open {
            self.is_open = true;
            self.number += 1;
        }
        self.number
    }

    /// The number of the cut that was begun last.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Whether parts are awaited.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Takes what a hand tells: what it says of a cut stays here, and what is to be heard only behind a cut. The rest comes
    /// back. A part that was not asked for begins a cut.
    pub fn pass(&mut self, hand: usize, told: Told) -> Option<Told> {
        let known = self.hands.get_mut(hand)?;
        if known.has_cut {
            known.behind.push_back(told);
            return None;
        }
        match told {
            Told::Cut(part) => {
                known.has_cut = true;
                self.parts.push(*part);
                self.begin();
                None
            }
            Told::Done => {
                known.is_done = true;
                None
            }
            other => Some(other),
        }
    }

    /// The parts, once those of all hands are here.
    pub fn take(&mut self) -> Option<Vec<Part>> {
        let is_whole = self.is_open && self.hands.iter().all(|hand| hand.is_done || hand.has_cut);
        is_whole.then(|| {
            self.is_open = false;
            std::mem::take(&mut self.parts)
        })
    }

    /// Whether all hands were heard to their end.
    pub fn is_done(&self) -> bool {
        self.hands.iter().all(|hand| hand.is_done)
    }

    /// What hands told behind the cut that was taken: to be passed again, in this order.
    pub fn behind(&mut self) -> Vec<(usize, Told)> {
        let hands = self.hands.iter_mut().enumerate();
        hands
            .flat_map(|(number, hand)| {
                hand.has_cut = false;
                std::mem::take(&mut hand.behind).into_iter().map(move |told| (number, told))
            })
            .collect()
    }
}

impl Cut {
    /// The cut of what the board has taken in, with the parts that belong to it.
    pub fn of(board: &mut Board, number: u64, wall: i64, parts: Vec<Part>) -> Cut {
        let windows = board.take_windows();
        Cut {
            number,
            wall,
            watermark: board.ring().watermark(),
            account: board.account().clone(),
            parts,
            edges: board.ring().edges().collect(),
            panes: board.take_changed().map(|(start, width, counts)| (start, width, counts.clone())).collect(),
            windows,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::counted::Counted;
    use super::*;

    fn part() -> Told {
        Told::Cut(Box::new(Part { hand: 0, counted: Counted::join(Vec::new()), places: Vec::new() }))
    }

    fn problem(bytes: u64) -> Told {
        Told::Problem { bytes, sentence: String::new() }
    }

    fn bytes(told: Option<Told>) -> Option<u64> {
        match told {
            Some(Told::Problem { bytes, .. }) => Some(bytes),
            _ => None,
        }
    }

    #[test]
    fn what_is_told_behind_a_cut_waits_for_the_others() {
        let mut gathering = Gathering::new(3);
        assert_eq!((gathering.begin(), gathering.begin()), (1, 1));
        assert_eq!(bytes(gathering.pass(0, problem(1))), Some(1));
        assert!(gathering.pass(0, part()).is_none());
        assert!(gathering.pass(0, problem(2)).is_none() && gathering.take().is_none());
        assert_eq!(bytes(gathering.pass(1, problem(3))), Some(3), "it has not cut");
        assert!(gathering.pass(1, part()).is_none() && gathering.take().is_none());
        assert!(gathering.pass(2, Told::Done).is_none());
        assert_eq!(gathering.take().map(|parts| parts.len()), Some(2), "one that is done is not waited for");
        let behind: Vec<_> = gathering.behind().into_iter().map(|(hand, told)| (hand, bytes(Some(told)))).collect();
        assert_eq!((behind, gathering.is_open()), (vec![(0, Some(2))], false));
        assert_eq!(bytes(gathering.pass(0, problem(4))), Some(4));
    }

    #[test]
    fn a_hand_may_begin_a_cut_and_its_last_part_waits_for_the_next() {
        let mut gathering = Gathering::new(2);
        assert!(gathering.pass(1, part()).is_none() && gathering.pass(1, Told::Done).is_none());
        assert!(gathering.is_open() && gathering.number() == 1);
        assert!(gathering.pass(0, part()).is_none());
        assert_eq!(gathering.take().map(|parts| parts.len()), Some(2));
        for (hand, told) in gathering.behind() {
            assert!(gathering.pass(hand, told).is_none());
        }
        assert_eq!(gathering.begin(), 2);
        assert!(gathering.take().is_none());
        assert!(gathering.pass(0, part()).is_none());
        assert_eq!(gathering.take().map(|parts| parts.len()), Some(1));
    }
}
