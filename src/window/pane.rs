//! What a pane of event time holds: enough for every figure of a window, in memory that does not grow with the lines.
//!
//! Counts, sums and quantiles (to the histogram's bucket) are exact. Lists of keys are bounded, and distinct counts are
//! sketches; both say how far they may be off.

use super::keys::Keys;
use super::panes::Pane;
use super::sparse::Sparse;
use crate::format::record::Level;

/// The counts of a pane, or of a window, which is a sum of panes.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Records: requests, and entries of error logs.
    pub records: u64,
    /// Requests by status, ascending; 0 is no status.
    pub status: Vec<(u16, u64)>,
    /// Entries of error logs by level, gravest first.
    pub levels: [u64; 8],
    /// Bytes sent; it stops at 2^64 - 1.
    pub bytes_sent: u64,
    /// Bytes read, likewise.
    pub bytes_read: u64,
    /// Bytes sent by each request that says so.
    pub sizes: Sparse,
    /// Microseconds that each request took that says so.
    pub latencies: Sparse,
    /// Bounded lists of keys.
    pub lists: [Keys; List::ALL.len()],
}

/// The lists of a pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// Clients.
    Clients,
    /// Clients of requests answered with 5xx and of entries of level error or worse.
    ErrorClients,
    /// Paths.
    Paths,
    /// Paths answered with 5xx.
    ErrorPaths,
    /// Paths answered with 404.
    NotFound,
    /// Messages of error logs, masked.
    Messages,
}

impl List {
    /// Every list, by its number.
    pub const ALL: [List; 6] =
        [List::Clients, List::ErrorClients, List::Paths, List::ErrorPaths, List::NotFound, List::Messages];
}

impl Counts {
    /// Requests whose status lies between two, the second included.
    pub fn with_status(&self, from: u16, to: u16) -> u64 {
        self.status.iter().filter(|(status, _)| (from..=to).contains(status)).map(|(_, hits)| hits).sum()
    }

    /// Requests answered with 5xx and entries of level error or worse.
    pub fn errors(&self) -> u64 {
        let is_error = |(level, _): &(Level, u64)| level.is_error();
        self.with_status(500, 599)
            + Level::ALL.into_iter().zip(self.levels).filter(is_error).map(|(_, hits)| hits).sum::<u64>()
    }

    /// Adds what is no distribution and no list.
    fn add_plain(&mut self, other: &Counts) {
        self.records += other.records;
        merge_sorted(&mut self.status, &other.status);
        self.levels.iter_mut().zip(other.levels).for_each(|(own, other)| *own += other);
        self.bytes_sent = self.bytes_sent.saturating_add(other.bytes_sent);
        self.bytes_read = self.bytes_read.saturating_add(other.bytes_read);
    }

    /// A list.
    pub fn list(&self, list: List) -> &Keys {
        &self.lists[list as usize]
    }
}

impl Pane for Counts {
    fn sum(parts: &[&Counts]) -> Counts {
        if let [counts] = parts {
            return Counts::clone(counts);
        }
        let mut sum = Counts {
            sizes: Sparse::of_all(parts.iter().map(|part| &part.sizes)),
            latencies: Sparse::of_all(parts.iter().map(|part| &part.latencies)),
            lists: std::array::from_fn(|at| Keys::sum(&parts.iter().map(|part| &part.lists[at]).collect::<Vec<_>>())),
            ..Counts::default()
        };
        parts.iter().for_each(|part| sum.add_plain(part));
        sum
    }

    fn merge(&mut self, other: &Counts) {
        self.add_plain(other);
        self.sizes.merge(&other.sizes);
        self.latencies.merge(&other.latencies);
        self.lists.iter_mut().zip(&other.lists).for_each(|(own, other)| own.merge(other));
    }
}

/// Adds counts by key to others; both are sorted by key.
fn merge_sorted(own: &mut Vec<(u16, u64)>, other: &[(u16, u64)]) {
    for (key, count) in other {
        match own.binary_search_by_key(key, |(key, _)| *key) {
            Ok(at) => own[at].1 += count,
            Err(at) => own.insert(at, (*key, *count)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_what_its_panes_have_counted_together() {
        let mut first = Counts { records: 2, status: vec![(200, 1), (500, 1)], bytes_sent: 7, ..Counts::default() };
        first.lists[List::Clients as usize] = Keys::of(vec![(0, 2)], |_| b"a");
        let mut second =
            Counts { records: 3, status: vec![(200, 2), (404, 1)], bytes_sent: u64::MAX, ..Counts::default() };
        second.levels[3] = 4;
        second.lists[List::Clients as usize] = Keys::of(vec![(0, 3)], |_| b"b");
        first.merge(&second);
        assert_eq!((first.records, first.bytes_sent, first.levels[3]), (5, u64::MAX, 4));
        assert_eq!(first.status, [(200, 3), (404, 1), (500, 1)]);
        assert_eq!((first.with_status(400, 599), first.with_status(500, 599)), (2, 1));
        assert_eq!(first.list(List::Clients).top().top(1)[0].0, b"b");
        assert_eq!(first.list(List::Clients).distinct(), (2.0, true));
    }
}
