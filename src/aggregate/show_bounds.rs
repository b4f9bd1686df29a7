//! The bounds of a tally in its report: what may be missing from a figure stands beside it.

use super::distinct;
use super::rows::Rows;
use super::snapshot::{Bounded, Count, Kept, Snapshot};
use super::tally::Tally;
use super::timeline::Share;
use super::visitors::sample::{estimate, standard_error};

/// How many different keys a list has seen, but for `absent` rows that stand for none.
pub fn different(rows: &Rows, absent: u64) -> Count {
    let held = rows.len() as u64 - absent;
    match rows.bounds() {
        None => Count { value: held, exact: true, error: 0.0 },
        Some(bounds) => {
            let value = bounds.distinct().estimate() as u64;
            Count { value: value.saturating_sub(absent).max(held), exact: false, error: distinct::STANDARD_ERROR }
        }
    }
}

impl Tally {
    /// All visitors, of whom the sample has `seen`.
    pub(super) fn all_visitors(&self, seen: u64) -> Count {
        let level = self.visitors.level();
        Count { value: estimate(seen, level).0, exact: level == 0, error: standard_error(seen, level) }
    }

    /// Turns counts of visitors in the sample into estimates, and says which lists are bounded.
    pub(super) fn show_bounds(&self, snapshot: &mut Snapshot) {
        let level = self.visitors.level();
        let lists = [
            ("methods", &self.methods, &mut snapshot.methods),
            ("protocols", &self.protocols, &mut snapshot.protocols),
            ("vhosts", &self.vhosts, &mut snapshot.vhosts),
            ("users", &self.users, &mut snapshot.users),
            ("paths", &self.paths, &mut snapshot.paths),
            ("static_files", &self.paths, &mut snapshot.static_files),
            ("not_found", &self.not_found, &mut snapshot.not_found),
            ("server_errors", &self.server_errors, &mut snapshot.server_errors),
            ("clients", &self.clients, &mut snapshot.clients),
            ("referrers", &self.referrers, &mut snapshot.referrers),
            ("referring_sites", &self.sites, &mut snapshot.referring_sites),
            ("agents", &self.agents, &mut snapshot.agents),
            ("browsers", &self.past_browsers, &mut snapshot.browsers),
            ("systems", &self.past_systems, &mut snapshot.systems),
            ("modules", &self.modules, &mut snapshot.modules),
        ];
        // Cards know all visits of their clients and agents, but in other lists not those to a row before it came.
        let sees_all = ["clients", "agents", "browsers", "systems"];
        let mut kept = Vec::new();
        for (name, rows, shown) in lists {
            for row in shown.iter_mut() {
                let (missed, seen) = (row.hits_error.unwrap_or(0), row.visitors);
                let unseen = if sees_all.contains(&name) { 0 } else { missed };
                let estimated = seen.map(|seen| estimated(seen, level, row.hits.saturating_add(missed), unseen));
                (row.visitors, row.visitors_error) =
                    (estimated.map(|(visitors, _)| visitors), estimated.and_then(|(_, error)| error));
            }
            kept.extend(rows.bounds().map(|bounds| (name, rows.len(), bounds.floor())));
        }
        for bucket in &mut snapshot.time {
            let missed = bucket.hits_error.unwrap_or(0);
            let unseen = if self.timeline.share() == Share::Odd { missed } else { 0 };
            let hits_most = bucket.hits.saturating_add(missed);
            (bucket.visitors, bucket.visitors_error) = estimated(bucket.visitors, level, hits_most, unseen);
        }
        let bots = &mut snapshot.bots;
        (bots.visitors, bots.visitors_error) = estimated(bots.visitors, level, bots.hits, 0);
        let messages = self.messages.rows();
        kept.extend(messages.bounds().map(|bounds| ("messages", messages.len(), bounds.floor())));
        kept.extend(self.timeline.bounds().map(|bounds| ("time", self.timeline.count(), bounds.floor)));
        if level > 0 || !kept.is_empty() {
            let kept = kept.into_iter();
            let lists = kept.map(|(name, rows, floor)| (name.to_string(), Kept { rows: rows as u64, floor })).collect();
            snapshot.bounded = Some(Bounded { visitors_sampled: 0.5f64.powi(level as i32), lists });
        }
    }
}

/// Visitors of a row of whom the sample has `seen`, and how far that may be off. A row has no more visitors than hits,
/// of which there are at most `hits_most`; up to `unseen` visitors may have come before cards knew of the row.
fn estimated(seen: u64, level: u32, hits_most: u64, unseen: u64) -> (u64, Option<u64>) {
    let (visitors, error) = estimate(seen, level);
    if level == 0 && unseen == 0 {
        return (visitors, None);
    }
    let visitors = visitors.min(hits_most);
    (visitors, Some(error.saturating_add(unseen).min(visitors.max(hits_most - visitors))))
}
