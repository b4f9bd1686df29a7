//! How a bound of the whole program's memory is shared out.
//!
//! The bound is of anonymous memory: mapped files are the system's to give and to take back. Of it a fixed part is the
//! program's own and a part each thread's: stack, a piece of text that is read, marks, unescaped text. These were
//! measured, with small pages (`aggregate::use_small_pages`), which such a run should ask for first. The rest is for
//! counts. While workers count, each may use its share; a tally that gives way needs a sixth more for a moment, and two
//! tallies that are merged need up to half as much again as both, until the one that was merged is gone. So the shares add up to half of what is there, and the same reserve serves in turn for giving way,
//! for reading a tally from a file, for merging, for the report, and for what the allocator gives back late.
//!
//! What a decompressor needs (xz and zstd may ask for more than a few MiB) comes on top.

use crate::aggregate::tally::Tally;

/// Anonymous memory of the program on a log with few keys, its report made: 3.4 MiB, most of it patterns of agents; and
/// as much again for what the allocator gives back late.
const PROGRAM_BYTES: u64 = 7 << 20;
/// The same of each thread, but for a line that it holds: 0.7 MiB where files are mapped, 1.3 where they are read.
const THREAD_BYTES: u64 = 3 << 19;
/// The least share that is of use: a bounded list is some ten thousand rows long.
const SHARE_BYTES_MIN: u64 = 2 << 20;
/// Shares of what there is for counts, in eighths.
const SHARES_EIGHTHS: u64 = 4;

/// Bytes of a piece of text, where memory is bounded.
pub const PIECE_BYTES: usize = 512 << 10;

/// How much memory counts may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Bytes for all counts together, and for the report.
    pub counts_bytes: usize,
    /// Bytes that the tally of a worker may hold.
    pub share_bytes: usize,
    /// Bytes that a tally which is read may hold.
    pub part_bytes: usize,
}

impl Budget {
    /// The budget of a run in `bytes` of memory; `Err` holds the least that such a run needs.
    pub fn new(bytes: u64, threads: usize, line_bytes_max: usize) -> Result<Budget, u64> {
        let threads = threads.max(1) as u64;
        let fixed = PROGRAM_BYTES + threads * (THREAD_BYTES + line_bytes_max as u64);
        let least = fixed + (threads * SHARE_BYTES_MIN * 8).div_ceil(SHARES_EIGHTHS);
        if bytes < least {
            return Err(least);
        }
        let counts = usize::try_from(bytes - fixed).unwrap_or(usize::MAX);
        let shares = counts / 8 * SHARES_EIGHTHS as usize;
        Ok(Budget { counts_bytes: counts, share_bytes: shares / threads as usize, part_bytes: shares / 2 })
    }

    /// Makes the tally of a worker give way if it holds more than its share. It then gives a quarter more than it must,
    /// so that this is not asked of it again at once.
    #[inline]
    pub fn keep(&self, tally: &mut Tally) {
        if self.is_over(tally) {
            tally.tighten(self.share_bytes / 4 * 3);
        }
    }

    /// Whether the tally of a worker holds more than its share.
    #[inline]
    pub fn is_over(&self, tally: &Tally) -> bool {
        tally.held_bytes() > self.share_bytes
    }

    /// Merges a tally that was read into a worker's, so that the result does not hold more than its share.
    pub fn merge(&self, into: &mut Tally, mut other: Tally) {
        let share = self.share_bytes;
        other.tighten(share.saturating_sub(into.held_bytes()).max(share / 2));
        into.tighten(share.saturating_sub(other.held_bytes()));
        into.merge(other);
    }

    /// Makes a tally that will be written small enough to be read by a run with the same budget.
    pub fn keep_part(&self, tally: &mut Tally) {
        tally.tighten(self.part_bytes / 10 * 9);
    }

    /// Makes room for a report whose lists have at most `top` rows.
    pub fn make_room(&self, tally: &mut Tally, top: usize) {
        while tally.held_bytes().saturating_add(tally.report_bytes(top)) > self.counts_bytes {
            let held = tally.held_bytes();
            tally.tighten(held / 8 * 7);
            if tally.held_bytes() >= held {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::bound::tests::holds;
    use crate::aggregate::snapshot::Snapshot;
    use crate::engine::{Settings, analyze_bytes, count_bytes};
    use crate::scan::Kernel;
    use proptest::prelude::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn shares_and_what_is_fixed_add_up_to_the_bound() {
        for (bytes, threads) in [(64 * MIB, 1), (64 * MIB, 2), (1 << 30, 8), (1 << 40, 64)] {
            let budget = Budget::new(bytes, threads, 1 << 20).unwrap();
            let fixed = PROGRAM_BYTES + threads as u64 * (THREAD_BYTES + MIB);
            assert_eq!(budget.counts_bytes as u64 + fixed, bytes);
            // Two tallies that are merged, for each pair of threads, or a tally that is read beside all workers'.
            assert!(budget.share_bytes * threads * 3 / 2 <= budget.counts_bytes);
            assert!(budget.share_bytes * threads + budget.part_bytes <= budget.counts_bytes);
        }
    }

    #[test]
    fn a_bound_that_is_too_small_is_told_the_least() {
        for threads in [1, 2, 16] {
            let least = Budget::new(0, threads, 1 << 20).unwrap_err();
            assert_eq!(Budget::new(least - 1, threads, 1 << 20), Err(least));
            let budget = Budget::new(least, threads, 1 << 20).unwrap();
            assert!(budget.share_bytes as u64 >= SHARE_BYTES_MIN - 16, "{budget:?}");
        }
    }

    /// A log drawn from a seed: some keys come often, most once or twice.
    fn log(seed: u32, lines: u32) -> String {
        let mut state = u64::from(seed) << 1 | 1;
        let mut draw = move |most: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let draw = state >> 33;
            if draw % 3 == 0 { draw / 3 % 4 } else { draw / 3 % most }
        };
        let line = |_| {
            let [client, path, agent, referrer, day, hour] = [4000, 3000, 400, 2000, 3, 24].map(&mut draw);
            format!(
                "10.0.{client} - u{} [1{day}/Oct/2025:{hour:02}:00:00 +0000] \"GET /p{path} HTTP/1.1\" {} {path} \
                 \"https://s{}.example/{referrer}\" \"Mozilla/5.0 (X11; Linux x86_64) Firefox/{agent}.0\"\n",
                client % 300,
                [200, 404, 500][path as usize % 3],
                referrer / 4,
            )
        };
        (0..lines).map(line).collect()
    }

    fn settings(threads: usize, budget: Option<Budget>) -> Settings {
        let plain = Settings::new(threads, Kernel::choose(None).unwrap());
        Settings { budget, piece_bytes: 100_000, ..plain }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn every_error_that_is_printed_holds_however_the_work_is_shared_out(
            seeds in proptest::collection::vec(0u32..3, 1..4),
            lines in 3000u32..9000,
            threads in 1usize..4,
            share_kib in 700usize..2500,
            bucket_seconds in prop_oneof![Just(3600u64), Just(86_400), Just(7000)],
            as_parts: bool,
        ) {
            let logs: Vec<String> = seeds.iter().map(|seed| log(*seed, lines)).collect();
            let share_bytes = share_kib << 10;
            let budget = Budget { counts_bytes: 3 * share_bytes, share_bytes, part_bytes: share_bytes };
            let with = |threads, budget| {
                let mut settings = settings(threads, budget);
                settings.tally.bucket_seconds = bucket_seconds;
                settings
            };
            let texts: Vec<(&str, &[u8])> = logs.iter().map(|log| ("log", log.as_bytes())).collect();
            let truth = analyze_bytes(&texts, &with(1, None), usize::MAX);
            let parts: Vec<Vec<u8>> = texts
                .iter()
                .map(|text| {
                    let mut file = Vec::new();
                    let settings = Settings { mergeable: true, ..with(threads, Some(budget)) };
                    count_bytes(&[*text], &settings).write_tally(&mut file).unwrap();
                    file
                })
                .collect();
            let parts: Vec<(&str, &[u8])> = parts.iter().map(|part| ("part", &part[..])).collect();
            let inputs = if as_parts { &parts } else { &texts };
            let mut outcome = count_bytes(inputs, &with(threads, Some(budget)));
            prop_assert!(outcome.troubles.is_empty(), "{:?}", outcome.troubles);
            let found = outcome.report(usize::MAX, 0.0);
            prop_assert!(outcome.tally.held_bytes() <= budget.counts_bytes);
            holds(&found, &truth, &format!("{threads} threads, {budget:?}"));
        }
    }

    #[test]
    fn below_the_bound_the_report_is_the_exact_one() {
        let log = log(1, 3000);
        let report = |threads, budget| {
            let found = analyze_bytes(&[("log", log.as_bytes())], &settings(threads, budget), 1000);
            Snapshot { elapsed_seconds: 0.0, ..found }
        };
        let budget = Budget::new(256 * MIB, 3, 1 << 20).unwrap();
        for threads in [1, 3] {
            assert_eq!(report(threads, Some(budget)), report(1, None));
        }
    }

    #[test]
    fn a_tally_that_does_not_fit_is_refused_with_the_cure() {
        let log = log(1, 9000);
        let mut file = Vec::new();
        let all = Settings { mergeable: true, ..settings(1, None) };
        count_bytes(&[("log", log.as_bytes())], &all).write_tally(&mut file).unwrap();
        let small = Budget { counts_bytes: 1 << 20, share_bytes: 600 << 10, part_bytes: 300 << 10 };
        let outcome = count_bytes(&[("part", &file)], &settings(2, Some(small)));
        let told = outcome.troubles[0].to_string();
        assert!(
            told.contains("part: is a tally that takes more than the 0 MiB of memory that --max-memory leaves"),
            "{told}"
        );
        assert_eq!(outcome.tally.lines.lines, 0);
    }
}
