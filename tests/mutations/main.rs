//! Seeds, changed at random, through the properties that hold of any bytes.
//!
//! Always a few hundred, the same ones each time. `VISOR_MUTATIONS=1000000 VISOR_SEED=7 cargo test --release --test
//! mutations` runs more and other ones; `tests/fuzz` looks for new ones by coverage. A finding becomes a line of
//! `tests/traps.log` or a test of its own.

mod properties;

use std::panic::{AssertUnwindSafe, catch_unwind};
use visor_fast::format::catalogue::ENTRIES;

/// Mutations of each property in an ordinary run.
const FEW: u64 = 400;

/// SplitMix64: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    fn of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }
}

/// What parsers look for, and what stands at the edges of their rules.
const PIECES: &[&[u8]] = &[
    b"\"",
    b"\\",
    b"\\\"",
    b"\"\"",
    b"\n",
    b"\r\n",
    b"\r",
    b"\0",
    b" ",
    b"\t",
    b"-",
    b"[",
    b"]",
    b",",
    b"?",
    b"#",
    b"'",
    b"0",
    b"9",
    b"60",
    b"18446744073709551615",
    b"18446744073709551616",
    b"-1",
    b"1.5",
    b"1e400",
    b"0.001",
    b"9999",
    b"\xff",
    b"\xc3\xa9",
    b"\xe2\x80\xae",
    b"\x1b[2J",
    b"\xef\xbb\xbf",
    b"\xc2\x9b",
    b"\xf0\x9f\x98\x80",
    b"\" \"",
    b"] \"",
    b" - - [",
    b"HEARTBEAT",
    b"HTTP/1.1",
    b"GET ",
    b"::1",
    b"%eth0",
    b"10.0.0.1, ",
    b"{",
    b"}",
    b":",
    b"\\u0000",
    b"\\ud800",
    b"null",
    b"#Fields: ",
    b"<34>1 ",
    b"31/Feb/2025",
    b"29/Feb/2024",
    b" +1400] ",
    b"=1+1",
];

const FILTERS: &[&str] = &[
    "status >= 500 and path ~ ^/api/",
    "client in 10.0.0.0/8 or not bot",
    "latency > 250ms and bytes < 1MiB",
    "status in {404, 410} and method = GET",
    "agent ~ \"(?i)curl|wget\" or referrer != -",
    "(hour in 9..17) and weekday in {sat, sun}",
    "level >= error or module = core or message ~ x",
    "time >= 2025-10-10T13:55:36Z and vhost = www.example.org",
    "client = 2001:db8::/32 and query ~ id=[0-9]+",
];

fn seeds() -> Vec<Vec<u8>> {
    let traps = include_str!("../traps.log").lines().filter(|line| !line.starts_with("# "));
    traps.chain(ENTRIES.iter().map(|entry| entry.example)).map(|line| line.as_bytes().to_vec()).collect()
}

/// A seed or several, changed in up to eight places.
fn mutant(random: &mut Random, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut text = random.of(seeds).clone();
    // Most logs are of one kind; some lines come again, so that keys meet.
    for _ in 0..random.below(6) {
        text.extend_from_slice(random.of::<&[u8]>(&[b"\n", b"\n", b"\n", b"\r\n", b"\n\n", b""]));
        let next = if random.below(3) == 0 { random.of(seeds) } else { &seeds[0] };
        text.extend_from_slice(next);
    }
    for _ in 0..random.below(9) {
        let (at, end) = (random.below(text.len() + 1), random.below(text.len() + 1));
        let (from, to) = (at.min(end), at.max(end));
        match random.below(8) {
            0 if at < text.len() => text[at] = random.next() as u8,
            1 if at < text.len() => text[at] ^= 1 << random.below(8),
            2 => drop(text.splice(at..at, random.of(PIECES).iter().copied())),
            3 => drop(text.splice(at..(at + 1).min(text.len()), random.of(PIECES).iter().copied())),
            4 => drop(text.drain(from..to.min(from + 1 + random.below(20)))),
            5 => {
                let copied = text[from..to.min(from + 60)].to_vec();
                drop(text.splice(at..at, copied));
            }
            6 => text.truncate(text.len() - random.below(text.len().min(40) + 1)),
            _ => {
                let piece = random.of(PIECES).repeat(1 + random.below(400));
                drop(text.splice(at..at, piece));
            }
        }
    }
    text
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text}: no number")))
}

/// Runs a property on mutants of seeds; what fails is shown as it is to be written down.
fn hold(property: impl Fn(&[u8]), seeds: &[Vec<u8>], share: u64) {
    let mut random = Random(number("VISOR_SEED").unwrap_or(1));
    for round in 0..number("VISOR_MUTATIONS").unwrap_or(FEW) / share {
        let text = mutant(&mut random, seeds);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| property(&text))) {
            eprintln!("mutant {round}: b\"{}\"", text.escape_ascii());
            std::panic::resume_unwind(panic);
        }
    }
}

#[test]
fn every_way_to_count_says_the_same() {
    let seeds = seeds();
    // The two bytes that choose format and pieces are before the text: any, but mostly of the format that was meant.
    let choose = std::cell::RefCell::new(Random(number("VISOR_SEED").unwrap_or(1)));
    hold(
        |text| {
            let mut choose = choose.borrow_mut();
            let choice = [*choose.of(&[2, 2, 4, choose_any(text)]), choose.next() as u8];
            properties::lines(&[&choice, text].concat());
        },
        &seeds,
        1,
    );
}

/// Any format, by a sum of the text.
fn choose_any(text: &[u8]) -> u8 {
    text.iter().fold(0, |sum: u8, byte| sum.wrapping_mul(31).wrapping_add(*byte))
}

#[test]
fn every_report_is_valid_and_moves_no_cursor() {
    hold(properties::reports, &seeds(), 1);
}

#[test]
fn every_source_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    hold(|text| properties::sources(text, folder.path()), &seeds(), 5);
}

#[test]
fn every_filter_parses_or_says_why() {
    let seeds: Vec<_> = FILTERS.iter().map(|text| text.as_bytes().to_vec()).collect();
    hold(properties::filter, &seeds, 1);
}
