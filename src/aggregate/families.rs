//! Agents by family, by operating system, and bots.
//!
//! Sums are gathered in a table like any other, for a log whose agents all differ may have as many families as agents.

use super::agent::classify;
use super::freeze::share;
use super::huge::Growing;
use super::key::Key;
use super::rows::Rows;
use super::snapshot::{Bots, Row};
use super::tally::Tally;
use super::top::top_rows;
use crate::format::record::NONE;

/// What the report says of agents beside their list.
pub struct Families {
    /// By family.
    pub browsers: Vec<Row>,
    /// By operating system.
    pub systems: Vec<Row>,
    /// Of bots.
    pub bots: Bots,
}

/// Bytes that one family takes for a moment, about.
pub const FAMILY_BYTES: usize = 100;

impl Tally {
    /// The first `top` families and systems; `visitors` are those of each agent.
    pub(super) fn families(&self, top: usize, visitors: &[u32]) -> Families {
        let (mut browsers, mut systems, mut bots) = (Sums::default(), Sums::default(), Bots::default());
        for (agent, &visitors) in self.agents.iter().zip(visitors).filter(|(agent, _)| agent.key != NONE) {
            let class = classify(agent.key);
            for (sums, name) in [(&mut browsers, &class.browser), (&mut systems, &class.system)] {
                sums.add(name.as_bytes(), agent.hits, agent.bytes, visitors);
            }
            if class.bot {
                bots.hits += agent.hits;
                bots.bytes = bots.bytes.saturating_add(agent.bytes);
                bots.visitors += u64::from(visitors);
            }
        }
        // All visitors of the sample have their agents, so those that went have none.
        for (sums, past) in [(&mut browsers, &self.past_browsers), (&mut systems, &self.past_systems)] {
            past.iter().for_each(|past| sums.add(past.key, past.hits, past.bytes, 0));
        }
        bots.hits += self.past_bots.0;
        bots.bytes = bots.bytes.saturating_add(self.past_bots.1);
        let rows = |sums: Sums, past| sums.rows(top, self.lines.records, past);
        Families { browsers: rows(browsers, &self.past_browsers), systems: rows(systems, &self.past_systems), bots }
    }
}

/// Sums by name.
#[derive(Default)]
struct Sums {
    rows: Rows,
    visitors: Growing<u64>,
}

impl Sums {
    fn add(&mut self, name: &[u8], hits: u64, bytes: u64, visitors: u32) {
        let row = self.rows.intern(&Key::new(name));
        self.rows.add(row, hits, bytes);
        if self.visitors.len() < self.rows.len() {
            self.visitors.push(0);
        }
        self.visitors.as_mut_slice()[row as usize] += u64::from(visitors);
    }

    /// The first rows; what they may have missed is known by `past`, which holds the sums of agents that went.
    fn rows(&self, top: usize, records: u64, past: &Rows) -> Vec<Row> {
        let row = |id: u32| {
            let row = self.rows.get(id);
            let missed = |id| past.missed(id).unwrap_or(past.floor());
            Row {
                key: String::from_utf8_lossy(row.key).into_owned(),
                hits: row.hits,
                bytes: Some(row.bytes),
                share: share(row.hits, records),
                visitors: Some(self.visitors.as_slice()[id as usize]),
                hits_error: past.bounds().map(|bounds| past.lookup(row.key).map_or(bounds.floor(), missed)),
                ..Row::default()
            }
        };
        top_rows(&self.rows, top, |_| true).into_iter().map(row).collect()
    }
}
