//! Who asks for what next: page views that go on at the same time.
//!
//! A line belongs to an actor, drawn by its share, and to one of the page views that this actor has going on: the next of
//! its requests. When a view is through, its client goes on to another page, or somebody else comes. So files follow their
//! page with the page as referrer, a crawler's requests have its address, and yet every draw is independent: which page,
//! which client, how it is answered. The shares of a million lines are those of the tables.
//!
//! At the start of a block views are half-way through pages that were asked for before it, so that a block does not begin
//! with a rush of pages.

use super::chance::{Chance, scaled};
use super::plan::{Place, Plan, SPREADS};
use super::printer::{Draw, NO_BODY};
use super::world::{ABSENT, AS_PAGE, Actor, NOBODY, Page};

/// A page view.
#[derive(Clone, Copy, Debug, Default)]
struct View {
    client: u32,
    /// The referrer of who goes on from here.
    url: u32,
    /// What led here.
    referrer: u32,
    step: u32,
    end: u32,
}

/// A request before it is answered. Answers are looked up for many requests at once, since each look is into memory that is
/// far away, and many looks take as long as one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Request {
    client: u32,
    referrer: u32,
    /// The first exchange of the resource.
    first: u32,
    /// Which of its exchanges it is, or the other one of that cell.
    own: u32,
    choice: u32,
    bits: u64,
}

impl Request {
    /// The request with its answer.
    #[inline]
    pub fn answered(&self, plan: &Plan) -> Draw {
        let card = plan.cards.get((self.first + self.own) as usize).copied().unwrap_or_default();
        let exchange = self.first + card.cell.choose(self.own, self.choice);
        answer(plan, self.client, exchange, self.referrer, self.bits)
    }
}

/// An exchange with its size and its latency, by these bits.
#[inline]
pub(super) fn answer(plan: &Plan, client: u32, exchange: u32, referrer: u32, bits: u64) -> Draw {
    let card = plan.cards.get(exchange as usize).copied().unwrap_or_default();
    let factor = |spread: &[u32], bits: u64| spread.get(bits as usize % SPREADS).copied().unwrap_or(1 << 16);
    let times =
        |value: u32, factor: u32| ((u64::from(value) * u64::from(factor)) >> 16).min(u64::from(NO_BODY - 1)) as u32;
    // All are computed, and one is chosen: which one it is cannot be foreseen.
    let around = times(card.bytes, factor(&plan.size_spread, bits));
    let between = card.bytes.wrapping_add(scaled((bits >> 32) as u32, card.spread.wrapping_sub(1)));
    let spread = if card.spread == 1 { around } else { between };
    let bytes = if card.spread == 0 { card.bytes } else { spread };
    let latency_micros = times(card.latency_micros, factor(&plan.latency_spread, bits >> 12));
    let client = if card.is_alone { NOBODY } else { client };
    Draw { client, exchange, referrer, bytes, latency_micros, bits, line: 0 }
}

/// Page views, and the chance that drives them.
#[derive(Debug)]
pub(super) struct Walk {
    chance: Chance,
    views: Vec<View>,
}

impl Walk {
    /// Nothing yet.
    pub fn new(plan: &Plan, chance: Chance) -> Walk {
        Walk { chance, views: vec![View::default(); plan.slots as usize] }
    }

    /// Begins anew, half-way through views.
    pub fn begin(&mut self, plan: &Plan, chance: Chance) {
        self.chance = chance;
        for (place, actor) in plan.places.iter().zip(&plan.world.actors) {
            for slot in place.first_slot..place.first_slot + place.slots {
                let mut view = View { end: 1, ..View::default() };
                self.next_view(plan, place, actor, &mut view);
                // What is left of it, never the page itself: pages that are asked for stay independent draws.
                let steps = view.end - view.step;
                view.step += 1 + scaled(self.chance.bits() as u32, steps);
                if let Some(kept) = self.views.get_mut(slot as usize) {
                    *kept = View { step: view.step.min(view.end), ..view };
                }
            }
        }
    }

    /// The next request, of a given actor or by the shares.
    #[inline]
    pub fn next(&mut self, plan: &Plan, actor: Option<u32>) -> Request {
        let number = actor.unwrap_or_else(|| plan.who.draw(self.chance.bits())) as usize;
        let (Some(place), Some(actor)) = (plan.places.get(number), plan.world.actors.get(number)) else {
            return Request::default();
        };
        let bits = self.chance.bits();
        let slot = (place.first_slot + scaled(bits as u32, place.slots)) as usize;
        let Some(mut view) = self.views.get(slot).copied() else { return Request::default() };
        if view.step >= view.end {
            self.next_view(plan, place, actor, &mut view);
        }
        let step = plan.steps.get(view.step as usize).copied();
        view.step += 1;
        if let Some(kept) = self.views.get_mut(slot) {
            *kept = view;
        }
        let Some(step) = step else { return Request::default() };
        let referrer = if step.referrer == AS_PAGE { view.referrer } else { step.referrer };
        let bits = self.chance.bits();
        Request {
            client: view.client,
            referrer,
            first: step.first,
            own: scaled((bits >> 32) as u32, step.count),
            choice: bits as u32,
            bits: self.chance.bits(),
        }
    }

    /// Another page of the same client, or a new one.
    fn next_view(&mut self, plan: &Plan, place: &Place, actor: &Actor, view: &mut View) {
        let bits = self.chance.bits();
        let is_new = view.client == NOBODY || (bits as u32) >= place.goes_on;
        let page = match is_new && (bits >> 32) as u32 <= place.opens && place.opens > 0 {
            true => place.opening,
            false => actor.first_page + actor.pages.draw(self.chance.bits()),
        };
        let page = plan.world.pages.get(page as usize).copied().unwrap_or_default();
        if is_new || !place.keeps_client {
            view.client = actor.first_client + actor.clients.draw(self.chance.bits());
        }
        view.referrer = match (is_new, actor.refers) {
            (true, _) => {
                let entry = actor.entry.draw(self.chance.bits());
                actor.entries.get(entry as usize).copied().unwrap_or(ABSENT)
            }
            (false, true) => view.url,
            (false, false) => ABSENT,
        };
        let Page { first, steps, first_again, steps_again, url } = page;
        (view.step, view.end) = match is_new {
            true => (first, first + steps),
            false => (first_again, first_again + steps_again),
        };
        view.url = url;
    }
}
