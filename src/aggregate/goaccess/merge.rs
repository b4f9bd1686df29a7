//! Two tallies become one, as if one worker had read both shares of the input.

use super::{Tally, Visitor};

impl Tally {
    /// Adds all that `other` has counted.
    pub fn merge(&mut self, other: &Tally) {
        let clients = self.clients.merge_rows(&other.clients);
        let agents = self.agents.merge_rows(&other.agents);
        let days = self.days.merge_rows(&other.days);
        let mut visitors = vec![0; other.has_agent.len()];
        for (visitor, &theirs) in &other.visitors {
            let theirs = theirs as usize;
            let number = |numbers: &[u32], row: u32| numbers.get(row as usize).copied().unwrap_or(0);
            let ours = self.visitor(
                Visitor {
                    client: number(&clients, visitor.client),
                    agent: number(&agents, visitor.agent),
                    day: number(&days, visitor.day),
                },
                other.has_agent.get(theirs).copied().unwrap_or(false),
            );
            if let Some(number) = visitors.get_mut(theirs) {
                *number = ours;
            }
        }
        for (into, from) in [
            (&mut self.requests, &other.requests),
            (&mut self.static_requests, &other.static_requests),
            (&mut self.not_found, &other.not_found),
            (&mut self.hours, &other.hours),
            (&mut self.vhosts, &other.vhosts),
            (&mut self.referrers, &other.referrers),
            (&mut self.sites, &other.sites),
            (&mut self.keyphrases, &other.keyphrases),
            (&mut self.statuses, &other.statuses),
            (&mut self.users, &other.users),
        ] {
            into.merge(from, &visitors);
        }
        self.all.add(&other.all);
        self.has_sizes |= other.has_sizes;
        self.has_latencies |= other.has_latencies;
        self.odd_blanks += other.odd_blanks;
    }
}
