//! Cuts in a store (`crate::store`), and a run that goes on from one.
//!
//! The store holds the tallies of cuts as they came, and now and then the whole in their place: once they are larger
//! together than the whole was. So what is written grows with what comes, not with what there is.

use super::counted::Counted;
use super::cut::Cut;
use super::keeper::Keep;
use super::source::{Before, Saved};
use super::told::Place;
use crate::engine::budget::Budget;
use crate::engine::settings::Settings;
use crate::store::{Checkpoint, ClosedWindow, Range, Restored, SavedPosition, Split, Store};
use crate::window::board::{self, Account};
use crate::window::pane::Counts;
use crate::window::watermark::NEVER;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// Tallies that may lie beside the whole, at least, before it is written again.
const BESIDE_BYTES_MIN: u64 = 1 << 20;

/// A store that cuts are kept in.
pub struct Stored {
    store: Store,
    budget: Option<Budget>,
    /// Where records went, as it was written last.
    split: Split,
    /// Positions that are in the store: by hand, kind and key, as they stand there.
    positions: HashMap<usize, HashMap<Key, Place>>,
    /// Those of earlier runs that no hand has taken up. They stay, as a later run may read their inputs again, until another
    /// input has the name.
    old: HashMap<Key, Place>,
}

/// The kind of a source, and which of its inputs.
type Key = (&'static str, String);

/// What has changed of the positions since the cut before.
#[derive(Default)]
struct Changed {
    positions: Vec<SavedPosition>,
    gone: Vec<Key>,
    ranges: Vec<Range>,
    /// By hand, as they stand then.
    now: Vec<(usize, HashMap<Key, Place>)>,
}

/// The state of a position, as JSON.
#[derive(Serialize, Deserialize)]
struct State {
    #[serde(flatten)]
    saved: Saved,
    /// Lines before it.
    #[serde(default)]
    lines: u64,
}

/// What a store held.
pub struct Earlier {
    /// All that was counted.
    pub total: Counted,
    /// The windows.
    pub board: board::Restored,
    /// Where inputs go on.
    pub places: Vec<(Saved, Before)>,
}

impl Stored {
    /// What `store` holds, and the store to keep on.
    ///
    /// # Errors
    /// A sentence with the cure, where what it holds cannot be taken up by a run with these settings.
    pub fn open(store: Store, settings: &Settings) -> Result<(Stored, Earlier), String> {
        let name = store.name();
        let wrong = |what: &dyn std::fmt::Display| {
            format!("{name}: {what}; count as the run before did, or move the file away to begin anew")
        };
        let Restored { watermark, account: split, tallies, positions, panes, .. } =
            store.restored().map_err(|error| error.to_string())?;
        let mut total = Counted::nothing(settings);
        for tally in &tallies {
            total.absorb(Counted::read(&tally[..], settings).map_err(|error| wrong(&error))?, settings.budget);
        }
        let mut places = Vec::new();
        let mut old = HashMap::new();
        for SavedPosition { source, key, state, newest } in positions {
            let State { saved, lines } = serde_json::from_str(&state)
                .map_err(|error| wrong(&format_args!("the position of {source} {key} cannot be read: {error}")))?;
            let before = Before { lines, newest };
            old.insert((saved.kind(), key), Place { saved: saved.clone(), before });
            places.push((saved, before));
        }
        let counts =
            |(start, width, bytes): (i64, i64, Vec<u8>)| Counts::from_bytes(&bytes).map(|it| (start, width, it));
        let panes: Result<Vec<_>, _> = panes.into_iter().map(counts).collect();
        let Split { windowed, late, future } = split;
        let board = board::Restored {
            watermark: watermark.unwrap_or(NEVER),
            account: Account { lines: total.tally.lines.clone(), windowed, late, future },
            panes: panes.map_err(|error| wrong(&error))?,
        };
        Ok((
            Stored { store, budget: settings.budget, split, positions: HashMap::new(), old },
            Earlier { total, board, places },
        ))
    }

    /// What has changed of the positions.
    fn changed(&self, places: &[(usize, Vec<Place>)]) -> Changed {
        let mut changed = Changed::default();
        for (hand, places) in places {
            let before = self.positions.get(hand);
            let mut own = HashMap::with_capacity(places.len());
            let mut names = HashSet::new();
            for place in places {
                let key = (place.saved.kind(), place.saved.key());
                let known = before.and_then(|before| before.get(&key)).or_else(|| self.old.get(&key));
                if known != Some(place) {
                    changed.ranges.extend(range(&key, known, place));
                    changed.positions.push(position(&key, place));
                }
                if !self.old.is_empty() {
                    names.insert(place.saved.name());
                }
                own.insert(key, place.clone());
            }
            let known = before.into_iter().flat_map(HashMap::keys);
            let old = self.old.iter().filter(|(_, place)| names.contains(&place.saved.name())).map(|(key, _)| key);
            // A partition that was given away may come back, and the group may not know how far we had read it.
            let is_gone = |key: &&Key| key.0 == "file" && !own.contains_key(*key);
            changed.gone.extend(known.chain(old).filter(is_gone).cloned());
            changed.now.push((*hand, own));
        }
        changed
    }
}

/// A position as the store has it.
fn position((source, key): &Key, place: &Place) -> SavedPosition {
    let state = State { saved: place.saved.clone(), lines: place.before.lines };
    SavedPosition {
        source: source.to_string(),
        key: key.clone(),
        // It is a name, some numbers and no map: it can be written.
        state: serde_json::to_string(&state).unwrap_or_default(),
        newest: place.before.newest,
    }
}

/// What was counted of a partition since it was last known.
fn range((source, key): &Key, known: Option<&Place>, place: &Place) -> Option<Range> {
    let Saved::Partition { from, next, .. } = place.saved else { return None };
    let from = match known.map(|known| &known.saved) {
        Some(Saved::Partition { from: known, next: counted, .. }) if *known == from && *counted <= next => *counted,
        _ => from,
    };
    (from < next).then(|| Range { source: source.to_string(), key: key.clone(), from, to: next })
}

impl Keep for Stored {
    fn keep(&mut self, cut: &Cut, counted: &mut Counted, places: &[(usize, Vec<Place>)]) -> Result<(), String> {
        let mut tally = Vec::new();
        if counted.tally.lines.lines > 0 {
            counted.write_to(self.budget, &mut tally).map_err(|error| format!("{}: {error}", self.store.name()))?;
        }
        let Account { windowed, late, future, .. } = cut.account;
        let Changed { positions, gone, ranges, now } = self.changed(places);
        let window = |window: &crate::window::panes::Window<Counts>| ClosedWindow {
            start: window.from,
            width: window.to - window.from,
            counts: window.sum.clone(),
        };
        let checkpoint = Checkpoint {
            wall: cut.wall,
            watermark: (cut.watermark != NEVER).then_some(cut.watermark),
            account: Split {
                windowed: windowed - self.split.windowed,
                late: late - self.split.late,
                future: future - self.split.future,
            },
            tally,
            positions,
            positions_gone: gone.iter().map(|(kind, key)| (kind.to_string(), key.clone())).collect(),
            ranges,
            panes: cut.panes.iter().map(|(start, width, counts)| (*start, *width, counts.to_bytes())).collect(),
            panes_gone_before: cut.edges.iter().filter(|(_, from)| *from != NEVER).copied().collect(),
            windows: cut.windows.iter().map(window).collect(),
        };
        self.store.save(&checkpoint).map_err(|error| error.to_string())?;
        self.split = Split { windowed, late, future };
        for (hand, own) in now {
            own.keys().for_each(|key| {
                self.old.remove(key);
            });
            self.positions.insert(hand, own);
        }
        gone.iter().for_each(|key| {
            self.old.remove(key);
        });
        Ok(())
    }

    fn gather(&mut self, total: &mut Counted) -> Result<(), String> {
        let (whole, beside) = self.store.tally_bytes().map_err(|error| error.to_string())?;
        if beside > whole.max(BESIDE_BYTES_MIN) {
            let mut bytes = Vec::new();
            total.write_to(self.budget, &mut bytes).map_err(|error| format!("{}: {error}", self.store.name()))?;
            self.store.replace_tallies(&bytes).map_err(|error| error.to_string())?;
        }
        self.store.tidy().map_err(|error| error.to_string())?;
        Ok(())
    }
}
