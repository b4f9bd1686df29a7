//! How many different keys were seen, in 16 KiB and to less than a percent.
//!
//! HyperLogLog (Flajolet, Fusy, Gandouet, Meunier, 2007) over a stable hash: the first 14 bits of a key's hash choose a
//! register, which keeps the greatest rank (leading zeros, plus one) of the other 50. Registers are maxima, so the order
//! of keys, their repetition and the order of merges do not matter, and equal sets of keys are equal bytes. The estimate
//! is Ertl's ("New cardinality estimation algorithms for HyperLogLog sketches", 2017, algorithm 6): unbiased over the
//! whole range without tables. Its standard error is 1.04 / sqrt(2^14).
//!
//! Why not a crate: those looked at either hash with what may change between their versions, or estimate by the order in
//! which keys came, or believe floats that a file says.

use super::stable;

/// Bits of a hash that choose the register.
const REGISTER_BITS: u32 = 14;
/// Registers of a sketch.
pub const REGISTERS: usize = 1 << REGISTER_BITS;
/// The greatest rank.
pub const RANK_MAX: u8 = (u64::BITS - REGISTER_BITS) as u8 + 1;
/// Standard error of the estimate, as a share of it.
pub const STANDARD_ERROR: f64 = 1.04 / 128.0;

/// A sketch of a set of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distinct {
    registers: Vec<u8>,
}

impl Default for Distinct {
    fn default() -> Self {
        Distinct { registers: vec![0; REGISTERS] }
    }
}

impl Distinct {
    /// The sketch with these registers; `None` if there are more or fewer, or one of them cannot be.
    pub fn from_registers(registers: Vec<u8>) -> Option<Distinct> {
        let sound = registers.len() == REGISTERS && registers.iter().all(|rank| *rank <= RANK_MAX);
        sound.then_some(Distinct { registers })
    }

    /// The registers.
    pub fn registers(&self) -> &[u8] {
        &self.registers
    }

    /// A key was seen.
    pub fn insert(&mut self, key: &[u8]) {
        self.insert_hash(stable::hash(key));
    }

    /// A key of this stable hash was seen.
    pub fn insert_hash(&mut self, hash: u64) {
        let rest = hash << REGISTER_BITS;
        let rank = (rest.leading_zeros() as u8 + 1).min(RANK_MAX);
        let register = &mut self.registers[(hash >> (u64::BITS - REGISTER_BITS)) as usize];
        *register = rank.max(*register);
    }

    /// All keys that another sketch has seen were seen.
    pub fn merge(&mut self, other: &Distinct) {
        self.registers.iter_mut().zip(&other.registers).for_each(|(own, other)| *own = (*own).max(*other));
    }

    /// About how many different keys were seen.
    pub fn estimate(&self) -> f64 {
        let mut counts = [0u32; RANK_MAX as usize + 1];
        self.registers.iter().for_each(|rank| counts[usize::from(*rank)] += 1);
        let all = REGISTERS as f64;
        let mut sum = all * tau((all - f64::from(counts[RANK_MAX as usize])) / all);
        for count in counts[1..RANK_MAX as usize].iter().rev() {
            sum = 0.5 * (sum + f64::from(*count));
        }
        sum += all * sigma(f64::from(counts[0]) / all);
        all / (2.0 * std::f64::consts::LN_2) * (all / sum)
    }
}

/// x + x^2 + 2 x^4 + 4 x^8 + ..., infinite at 1; as far as a float tells.
fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut power, mut sum) = (1.0, x);
    loop {
        x *= x;
        let before = sum;
        sum += x * power;
        power += power;
        if sum == before {
            return sum;
        }
    }
}

/// (1 - x - (1 - x^(1/2))^2 / 2 - (1 - x^(1/4))^2 / 4 - ...) / 3, as far as a float tells.
fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut power, mut sum) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = sum;
        power *= 0.5;
        sum -= (1.0 - x) * (1.0 - x) * power;
        if sum == before {
            return sum / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(numbers: impl Iterator<Item = u64>) -> Distinct {
        let mut sketch = Distinct::default();
        numbers.for_each(|number| sketch.insert(format!("key {number}").as_bytes()));
        sketch
    }

    #[test]
    fn the_estimate_is_within_four_standard_errors_at_every_size() {
        let mut sketch = Distinct::default();
        assert_eq!(sketch.estimate(), 0.0);
        for number in 1..=1_000_000u64 {
            sketch.insert(&number.to_le_bytes());
            if number.is_power_of_two() || number % 100_000 == 0 {
                let error = (sketch.estimate() - number as f64).abs() / number as f64;
                assert!(error <= 4.0 * STANDARD_ERROR, "{number} keys: {}", sketch.estimate());
            }
        }
    }

    #[test]
    fn merged_in_any_order_and_with_repetitions_it_is_the_sketch_of_all() {
        let whole = of(0..30_000);
        let parts = [of(0..20_000), of(10_000..25_000), of(24_000..30_000)];
        for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0]] {
            let mut merged = Distinct::default();
            order.iter().for_each(|part| merged.merge(&parts[*part]));
            assert_eq!(merged, whole);
        }
    }

    #[test]
    fn registers_that_cannot_be_are_refused() {
        assert_eq!(Distinct::from_registers(of(0..99).registers().to_vec()), Some(of(0..99)));
        for wrong in [vec![0; REGISTERS - 1], vec![0; REGISTERS + 1], vec![RANK_MAX + 1; REGISTERS]] {
            assert_eq!(Distinct::from_registers(wrong), None);
        }
        let full = Distinct::from_registers(vec![RANK_MAX; REGISTERS]).unwrap();
        assert!(full.estimate() > 1e18);
    }
}
