//! File -> visitors: who was seen on which day, in which buckets and rows.

use super::Problem;
use super::read::Filling;
use crate::aggregate::bound::rank_of;
use crate::aggregate::kinds::Kind;
use crate::aggregate::tally::Tally;
use crate::aggregate::timeline::{DAY_SECONDS, Share};
use crate::aggregate::visitors::sample::LEVEL_MAX;
use crate::aggregate::visitors::{List, RowOf, Visitor};
use arrayvec::ArrayVec;
use std::io::Read;

/// Visitors that are looked for together, so that memory is asked for ahead.
const AHEAD: usize = 32;

impl<R: Read> Filling<'_, R> {
    /// Reads kinds and visitors, once all lists that they point into are there.
    pub(super) fn visitors(&mut self) -> Result<(), Problem> {
        let level = self.from.at_most(LEVEL_MAX.into(), "level of the sample")? as u32;
        self.tally.visitors.raise(level, |_, _| 0);
        self.kinds()?;
        let lengths = list_lengths(self.tally);
        let masks = mask_of(self.tally.timeline.share());
        let (clients, kinds) = (self.tally.clients.len(), self.tally.visitors.kinds.as_slice().len());
        let count = self.from.at_most(u64::from(u32::MAX / 2), "number of visitors")?;
        let (mut client, mut kind) = (0, 0);
        let mut batch = ArrayVec::<(Visitor, u32, usize), AHEAD>::new();
        let mut rows = Vec::new();
        for id in 0..count as u32 {
            self.within(id)?;
            client = self.moved(client, clients, "client of a visitor")?;
            kind = self.moved(kind, kinds, "kind of a visitor")?;
            let mask = self.from.at_most(masks, "buckets of a visitor")? as u32;
            let mut code = 0;
            for _ in 0..self.from.number("rows of a visitor")? {
                rows.push(self.row(&mut code, &lengths)?);
            }
            let visitor = Visitor { client, kind };
            self.tally.visitors.prefetch_slot(visitor.hash());
            batch.push((visitor, mask, rows.len()));
            if batch.is_full() || u64::from(id) + 1 == count {
                let first = id + 1 - batch.len() as u32;
                self.note(first, &batch, &rows)?;
                batch.clear();
                rows.clear();
            }
        }
        Ok(())
    }

    fn kinds(&mut self) -> Result<(), Problem> {
        let (agents, mut day) = (self.tally.agents.len(), 0i64);
        for number in 0..self.from.at_most(u32::MAX.into(), "number of kinds")? {
            let agent = self.from.number("agent of a kind")?;
            day = day.wrapping_add(self.from.signed("day of a kind")?);
            match i32::try_from(day) {
                Ok(day) if agent < agents as u64 => {
                    let kind = Kind { agent: agent as u32, day };
                    self.within(number as u32)?;
                    if u64::from(self.tally.visitors.kinds.number(kind)) != number {
                        return Err(self.from.nonsense("a kind that comes twice"));
                    }
                }
                _ => return Err(self.from.nonsense("agent or day of a kind")),
            }
        }
        Ok(())
    }

    /// The next place in a list of `length`, told as the difference from the last.
    fn moved(&mut self, from: u32, length: usize, what: &'static str) -> Result<u32, Problem> {
        let place = i64::from(from).checked_add(self.from.signed(what)?);
        let place = place.and_then(|place| u32::try_from(place).ok()).filter(|place| (*place as usize) < length);
        place.ok_or_else(|| self.from.nonsense(what))
    }

    /// The next row of a visitor, whose last one had the `code`.
    fn row(&mut self, code: &mut u64, lengths: &[u64; List::ALL.len()]) -> Result<RowOf, Problem> {
        const WHAT: &str = "row of a visitor";
        let more = self.from.number(WHAT)?;
        *code = code.checked_add(more).filter(|_| more > 0).ok_or_else(|| self.from.nonsense(WHAT))?;
        let list = (*code as usize & 7).wrapping_sub(1);
        match (List::ALL.get(list), lengths.get(list)) {
            (Some(list), Some(length)) if *code >> 3 < *length => Ok(RowOf::new(*list, (*code >> 3) as u32)),
            _ => Err(self.from.nonsense(WHAT)),
        }
    }

    /// Notes some visitors, the first of which has number `first`; each says where its rows end.
    fn note(&mut self, first: u32, batch: &[(Visitor, u32, usize)], rows: &[RowOf]) -> Result<(), Problem> {
        let mut from = 0;
        for (id, (visitor, mask, to)) in (first..).zip(batch) {
            let Tally { visitors, clients, agents, .. } = &mut *self.tally;
            let rank = |kind| rank_of(clients, agents, *visitor, kind);
            if visitors.intern_guessed(u32::MAX, visitor.hash(), *visitor, rank) != id {
                return Err(self.from.nonsense("a visitor that comes twice or is not in the sample"));
            }
            visitors.note(id, *mask, [RowOf::NONE; 2]);
            for row in &rows[std::mem::replace(&mut from, *to)..*to] {
                visitors.note(id, 0, [*row, RowOf::NONE]);
                visitors.settle();
            }
        }
        Ok(())
    }
}

/// The bits that a visitor's mask of buckets may have.
fn mask_of(share: Share) -> u64 {
    match share {
        Share::OfDay(seconds) => (1 << (DAY_SECONDS / seconds)) - 1,
        Share::Days | Share::Odd => 0,
    }
}

/// The rows of each list that a visitor's rows may name, in the order of [`List::ALL`].
fn list_lengths(tally: &Tally) -> [u64; List::ALL.len()] {
    let buckets = if tally.timeline.share() == Share::Odd { tally.timeline.count() } else { 0 };
    let (errors, sites) = (tally.server_errors.len(), tally.sites.len());
    [tally.paths.len(), tally.not_found.len(), errors, tally.referrers.len(), buckets, sites]
        .map(|length| length as u64)
}
