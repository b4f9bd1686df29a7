//! What one worker has counted by pane since it last handed over.
//!
//! The worker's tally knows clients and paths by numbers, so a request adds sixteen bytes to the log of its pane and
//! touches nothing else: no table, no key, no sketch. When the log is handed over it is counted, all of a pane at once, in
//! dense arrays that are used again for the next: that is cheap, as a pane has few different statuses and sizes, and of
//! its keys only the greatest are written out.
//!
//! Numbers of rows hold until the tally drops rows to save memory, so a log is handed over before that.

use super::keys::Keys;
use super::pane::Counts;
#[cfg(test)]
use super::pane::List;
use super::sparse::{Sparse, bucket_of};
use crate::aggregate::tally::{Tally, Watch};
use crate::format::record::{Access, ErrorEntry, Level, NO_STATUS, Time};
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;

/// Records for which emptied logs keep their room, all together.
const ROOM_KEPT: usize = 1 << 18;

/// No bucket: the record does not say.
const UNTOLD: u16 = u16::MAX;

/// A request, as a pane's log has it.
#[derive(Clone, Copy)]
struct Request {
    client: u32,
    path: u32,
    status: u16,
    size: u16,
    latency: u16,
}

/// An entry of an error log.
#[derive(Clone, Copy)]
struct Entry {
    client: Option<u32>,
    message: u32,
    level: u8,
}

/// The log of one pane.
#[derive(Default)]
struct Log {
    requests: Vec<Request>,
    entries: Vec<Entry>,
    bytes_sent: u64,
    bytes_read: u64,
    sizes: Range,
    latencies: Range,
}

/// Sum, least and greatest of some values.
struct Range {
    sum: u128,
    least: u64,
    greatest: u64,
}

impl Default for Range {
    fn default() -> Self {
        Range { sum: 0, least: u64::MAX, greatest: 0 }
    }
}

impl Range {
    fn add(&mut self, value: u64) {
        self.sum += u128::from(value);
        self.least = self.least.min(value);
        self.greatest = self.greatest.max(value);
    }
}

/// The logs of a worker.
pub struct Gather {
    width: i64,
    /// When what is seen came: the time of an entry that has none of its own.
    arrival: Time,
    /// Lines of an earlier time than this are late for certain, lines of a later time than that are of the future.
    from: i64,
    until: i64,
    /// Logs, of which some are in use; the others are empty, and keep their room for the panes to come.
    logs: Vec<Log>,
    /// The log of each pane, by its start.
    in_use: HashMap<i64, usize, RandomState>,
    /// The pane of the last line, which the next most often shares, and its log.
    open: i64,
    open_log: usize,
    /// What the open pane spans: nothing where none is open.
    open_width: u64,
    records: usize,
    /// The newest event time seen since it was last asked for.
    newest: Option<i64>,
    /// Records that were late for certain, and of the future.
    late: u64,
    future: u64,
    /// Panes whose logs had to be counted before they were asked for.
    counted: Vec<(i64, Counts)>,
    scratch: Scratch,
}

/// What a worker hands over.
#[derive(Default)]
pub struct Gathered {
    /// Panes by their start, in milliseconds; a pane may come several times.
    pub panes: Vec<(i64, Counts)>,
    /// Records that came too late for any pane.
    pub late: u64,
    /// Records of the future, which are in no pane either.
    pub future: u64,
}

/// Milliseconds since the Unix epoch.
fn milliseconds(time: &Time) -> i64 {
    time.unix_seconds().saturating_mul(1000).saturating_add(i64::from(time.nanos / 1_000_000))
}

impl Gather {
    /// Logs for panes of `width` milliseconds.
    pub fn new(width: i64) -> Gather {
        Gather {
            width: width.max(1),
            arrival: Time::default(),
            from: i64::MIN,
            until: i64::MAX,
            logs: vec![Log::default()],
            in_use: HashMap::default(),
            open: 0,
            open_log: 0,
            open_width: 0,
            records: 0,
            newest: None,
            late: 0,
            future: 0,
            counted: Vec::new(),
            scratch: Scratch::default(),
        }
    }

    /// What is seen from now on came at `arrival`; lines of a time before `from` (in milliseconds) are late for certain, lines
    /// of a time later than `until` are of the future.
    pub fn set_clock(&mut self, arrival: Time, from: i64, until: i64) {
        (self.arrival, self.from, self.until) = (arrival, from, until);
    }

    /// The newest event time since this was last asked.
    pub fn take_newest(&mut self) -> Option<i64> {
        self.newest.take()
    }

    /// Panes that have logs.
    pub fn panes(&self) -> usize {
        self.in_use.len() + self.counted.len()
    }

    /// Records in the logs.
    pub fn len(&self) -> usize {
        self.records
    }

    /// Whether there is nothing to hand over.
    pub fn is_empty(&self) -> bool {
        self.records == 0 && self.late == 0 && self.future == 0
    }

    /// The log of the pane of a record; `None` for one that no pane is for.
    #[inline(always)]
    fn log(&mut self, time: &Time) -> Option<&mut Log> {
        let at = milliseconds(time);
        if at > self.until {
            self.future += 1;
            return None;
        }
        if at < self.from {
            self.late += 1;
            return None;
        }
        self.newest = self.newest.max(Some(at));
        self.records += 1;
        // The open pane is known by a subtraction; `open` is a multiple of the width.
        if at.wrapping_sub(self.open) as u64 >= self.open_width {
            self.turn_to(at);
        }
        self.logs.get_mut(self.open_log)
    }

    #[inline(never)]
    fn turn_to(&mut self, at: i64) {
        self.open = at.saturating_sub(at.rem_euclid(self.width));
        self.open_width = self.width as u64;
        let next = self.in_use.len();
        self.open_log = match self.in_use.entry(self.open) {
            Slot::Occupied(known) => *known.get(),
            Slot::Vacant(new) => *new.insert(next),
        };
        if self.open_log == self.logs.len() {
            self.logs.push(Log::default());
        }
    }

    /// Counts the logs and empties them. `tally` is the one whose rows they speak of.
    pub fn hand_over(&mut self, tally: &Tally) -> Gathered {
        self.count(tally);
        Gathered {
            panes: std::mem::take(&mut self.counted),
            late: std::mem::take(&mut self.late),
            future: std::mem::take(&mut self.future),
        }
    }

    fn count(&mut self, tally: &Tally) {
        let mut panes: Vec<(i64, usize)> = self.in_use.drain().collect();
        panes.sort_unstable();
        self.counted.reserve(panes.len());
        let mut room = ROOM_KEPT;
        for (start, at) in panes {
            let Some(log) = self.logs.get_mut(at) else { continue };
            self.counted.push((start, self.scratch.count(log, tally)));
            room = log.empty(room);
        }
        (self.open_width, self.records) = (0, 0);
    }
}

impl Log {
    /// Empties it for another pane. It keeps its room where that is no more than `room` records; returns what is left.
    fn empty(&mut self, room: usize) -> usize {
        let (mut requests, mut entries) = (std::mem::take(&mut self.requests), std::mem::take(&mut self.entries));
        *self = Log::default();
        let held = requests.capacity() + entries.capacity();
        if held > room {
            return room;
        }
        requests.clear();
        entries.clear();
        (self.requests, self.entries) = (requests, entries);
        room - held
    }
}

impl Watch for Gather {
    #[inline(always)]
    fn request(&mut self, record: &Access<'_>, client: u32, path: u32) {
        let Some(log) = self.log(&record.time) else { return };
        let bucket = |value: Option<u64>, range: &mut Range| match value {
            None => UNTOLD,
            Some(value) => {
                range.add(value);
                bucket_of(value)
            }
        };
        log.requests.push(Request {
            client,
            path,
            status: record.status,
            size: bucket(record.bytes_sent, &mut log.sizes),
            latency: bucket(record.latency_micros, &mut log.latencies),
        });
        log.bytes_sent = log.bytes_sent.saturating_add(record.bytes_sent.unwrap_or(0));
        log.bytes_read = log.bytes_read.saturating_add(record.bytes_read.unwrap_or(0));
    }

    fn entry(&mut self, entry: &ErrorEntry<'_>, client: Option<u32>, message: u32) {
        let arrival = self.arrival;
        if let Some(log) = self.log(entry.time.as_ref().unwrap_or(&arrival)) {
            log.entries.push(Entry { client, message, level: entry.level as u8 });
        }
    }

    fn before_rows_go(&mut self, tally: &Tally) {
        self.count(tally);
    }
}

/// Arrays that are used again for each log.
#[derive(Default)]
struct Scratch {
    /// Hits by number, all zeros between two counts, and the numbers that have some.
    hits: Vec<u32>,
    rows: Vec<u32>,
    /// Numbers and their hits, as they were counted last.
    counted: Vec<(u32, u64)>,
}

impl Scratch {
    fn count(&mut self, log: &Log, tally: &Tally) -> Counts {
        let Log { requests, entries, bytes_sent, bytes_read, sizes, latencies } = log;
        let mut counts = Counts {
            records: (requests.len() + entries.len()) as u64,
            bytes_sent: *bytes_sent,
            bytes_read: *bytes_read,
            sizes: self.distribution(requests.iter().map(|request| request.size), sizes),
            latencies: self.distribution(requests.iter().map(|request| request.latency), latencies),
            ..Counts::default()
        };
        let status = |request: &Request| if request.status == NO_STATUS { 0 } else { request.status };
        self.hits(requests.iter().map(|request| u32::from(status(request))), true);
        counts.status = self.counted.iter().map(|(status, hits)| (*status as u16, *hits)).collect();
        for entry in entries {
            if let Some(level) = counts.levels.get_mut(usize::from(entry.level)) {
                *level += 1;
            }
        }
        let is_error = |request: &&Request| (500..600).contains(&request.status);
        let is_grave = |entry: &&Entry| Level::ALL.get(usize::from(entry.level)).is_some_and(|level| level.is_error());
        let clients = entries.iter().filter_map(|entry| entry.client);
        let grave_clients = entries.iter().filter(is_grave).filter_map(|entry| entry.client);
        let client = |row| tally.client_of(row);
        let path = |row| tally.path_of(row);
        let all_clients = requests.iter().map(|request| request.client).chain(clients);
        let of_errors = requests.iter().filter(is_error);
        let error_clients = of_errors.clone().map(|request| request.client).chain(grave_clients);
        let not_found = requests.iter().filter(|request| request.status == 404);
        counts.lists = [
            Keys::of(self.hits(all_clients, false), client),
            Keys::of(self.hits(error_clients, false), client),
            Keys::of(self.hits(requests.iter().map(|request| request.path), false), path),
            Keys::of(self.hits(of_errors.map(|request| request.path), false), path),
            Keys::of(self.hits(not_found.map(|request| request.path), false), path),
            Keys::of(self.hits(entries.iter().map(|entry| entry.message), false), |row| tally.message_of(row)),
        ];
        counts
    }

    fn distribution(&mut self, buckets: impl Iterator<Item = u16>, range: &Range) -> Sparse {
        let told = buckets.filter(|bucket| *bucket != UNTOLD).map(u32::from);
        let counts = self.hits(told, true).iter().map(|(bucket, count)| (*bucket as u16, *count)).collect();
        Sparse::new(counts, range.sum, range.least, range.greatest)
    }

    /// Hits by number, for all numbers that have some; in their order where that is asked for.
    fn hits(&mut self, numbers: impl Iterator<Item = u32>, ascending: bool) -> &mut [(u32, u64)] {
        for number in numbers {
            let at = number as usize;
            if at >= self.hits.len() {
                self.hits.resize(at + 1, 0);
            }
            if self.hits[at] == 0 {
                self.rows.push(number);
            }
            self.hits[at] += 1;
        }
        if ascending {
            self.rows.sort_unstable();
        }
        self.counted.clear();
        let hits = &mut self.hits;
        self.counted.extend(self.rows.drain(..).map(|row| (row, u64::from(std::mem::take(&mut hits[row as usize])))));
        &mut self.counted
    }
}

#[cfg(test)]
#[path = "gather_tests.rs"]
mod tests;
