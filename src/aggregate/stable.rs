//! Hashes that are the same on every machine and in every run, for what tallies of different machines must agree on.
//!
//! Which visitors a sample keeps and what a sketch has seen cross files, so no seed of the process can be in them. The
//! seed is part of version 1 of the tally's format; another one would make another version. Tables never use these
//! hashes: their seed is secret and fresh. Who writes a log can choose keys against a known seed, so the errors that are
//! printed for samples and sketches hold for keys that were not chosen to deceive them; hits and their errors hold for
//! any.
//!
//! Source: XXH3, 64 bits, of the xxHash specification (Yann Collet).

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The seed of version 1: `visor-1` as bytes.
const SEED: u64 = 0x0031_2d72_6f73_6976;

/// The hash of a key.
pub fn hash(key: &[u8]) -> u64 {
    xxh3_64_with_seed(key, SEED)
}

/// The rank of a visitor in the sample: one of 2^n visitors has rank n or more. It is the number of leading zeros of the
/// hash of 24 bytes: the hash of the client, the hash of the agent and the day since 1970-01-01, each 64 bits,
/// little-endian.
pub fn rank(client: &[u8], agent: &[u8], day: i32) -> u32 {
    let parts = [hash(client), hash(agent), i64::from(day) as u64];
    let mut bytes = [0; 24];
    for (into, part) in bytes.chunks_exact_mut(8).zip(parts) {
        into.copy_from_slice(&part.to_le_bytes());
    }
    hash(&bytes).leading_zeros()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_version_1() {
        // Changed figures here would make old tallies wrong without a word.
        assert_eq!([hash(b""), hash(b"192.0.2.1")], EXPECTED);
        let ranks: Vec<u32> = (0..16).map(|day| rank(b"192.0.2.1", b"curl/8.5.0", day - 8)).collect();
        assert_eq!(ranks, EXPECTED_RANKS);
    }

    /// As another implementation of XXH3 has them.
    const EXPECTED: [u64; 2] = [11_581_577_866_664_070_669, 4_028_433_820_051_103_478];
    const EXPECTED_RANKS: [u32; 16] = [2, 1, 0, 5, 0, 4, 0, 0, 2, 0, 1, 1, 1, 1, 3, 0];

    #[test]
    fn half_of_the_visitors_of_a_rank_have_the_next() {
        let ranks: Vec<u32> =
            (0..1u32 << 16).map(|number| rank(&number.to_le_bytes(), b"a", (number % 3) as i32)).collect();
        for level in 0..8 {
            let (kept, expected) =
                (ranks.iter().filter(|rank| **rank >= level).count() as f64, 65_536.0 / 2f64.powi(level as i32));
            assert!((kept - expected).abs() <= 4.0 * expected.sqrt(), "level {level}: {kept}, expected {expected}");
        }
    }
}
