//! Drawing from a discrete distribution in constant time.
//!
//! The alias method: as many cells as there are outcomes, each holding one outcome and perhaps a second one. A draw takes a
//! cell by the upper half of a random number and one of its two outcomes by the lower half. Source: A. J. Walker, 1977;
//! built as in M. D. Vose, "A linear algorithm for generating random numbers with a given distribution", IEEE TSE 17(9),
//! 1991.
//!
//! Why not `rand_distr`'s: it draws two numbers and works on its own types; here one number of 64 bits does, and several
//! tables may lie one behind the other in one array ([`append`]).

use super::chance::scaled;

/// A cell: the outcome of its own number below the threshold, else the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cell {
    threshold: u32,
    other: u32,
}

impl Cell {
    /// The outcome that these bits choose, where `own` is the cell's own.
    #[inline]
    pub fn choose(self, own: u32, bits: u32) -> u32 {
        if bits >= self.threshold { self.other } else { own }
    }
}

/// A table of its own.
#[derive(Clone, Debug, Default)]
pub(super) struct Alias {
    cells: Vec<Cell>,
}

impl Alias {
    /// A table of outcomes 0, 1, ... with these weights, in proportion. Weights that are no positive number count as 0;
    /// where all are 0, all are alike.
    pub fn new(weights: &[f64]) -> Alias {
        let mut cells = Vec::with_capacity(weights.len());
        append(&mut cells, weights);
        Alias { cells }
    }

    /// Number of outcomes.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// An outcome; 0 where there is none.
    #[inline]
    pub fn draw(&self, bits: u64) -> u32 {
        draw(&self.cells, bits)
    }
}

/// An outcome of the table that these cells are, counted from its first.
#[inline]
pub(super) fn draw(cells: &[Cell], bits: u64) -> u32 {
    let at = scaled((bits >> 32) as u32, cells.len() as u32);
    cells.get(at as usize).map_or(at, |cell| cell.choose(at, bits as u32))
}

/// Appends the cells of a table to `cells`; outcomes are counted from its first.
pub(super) fn append(cells: &mut Vec<Cell>, weights: &[f64]) {
    let count = weights.len();
    let clean = |weight: &f64| if weight.is_finite() { weight.max(0.0) } else { 0.0 };
    let sum: f64 = weights.iter().map(clean).sum();
    let mut scaled: Vec<f64> = match sum > 0.0 {
        true => weights.iter().map(|weight| clean(weight) * count as f64 / sum).collect(),
        false => vec![1.0; count],
    };
    let first = cells.len();
    cells.extend((0..count as u32).map(|own| Cell { threshold: u32::MAX, other: own }));
    let Some(table) = cells.get_mut(first..) else { return };
    let (mut small, mut large): (Vec<usize>, Vec<usize>) = (0..count).partition(|at| scaled[*at] < 1.0);
    while let (Some(less), Some(more)) = (small.pop(), large.last().copied()) {
        table[less] = Cell { threshold: (scaled[less] * f64::from(u32::MAX)) as u32, other: more as u32 };
        scaled[more] -= 1.0 - scaled[less];
        if scaled[more] < 1.0 {
            small.extend(large.pop());
        }
    }
    // What is left of either is 1 up to rounding, and keeps its own outcome.
}

/// The weights of Zipf's law: the outcome of rank `i` (from 0) has `1 / (i + 1)^exponent`.
///
/// Source: G. K. Zipf, 1949; for requests of the web, Breslau et al., "Web caching and Zipf-like distributions", INFOCOM
/// 1999, who find exponents between 0.64 and 0.83.
pub(super) fn zipf(count: usize, exponent: f64) -> Vec<f64> {
    (1..=count).map(|rank| (rank as f64).powf(-exponent)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::chance::{Chance, Purpose};
    use super::super::chi_square::fits;
    use super::*;

    #[test]
    fn draws_have_their_weights() {
        let cases: [(&str, Vec<f64>); 6] = [
            ("one", vec![3.0]),
            ("two", vec![0.7, 0.3]),
            ("alike", vec![1.0; 10]),
            ("one that never comes", vec![1.0, 0.0, 2.0]),
            ("Zipf", zipf(100, 1.0)),
            ("steep", vec![1e6, 1.0, 1e3]),
        ];
        for (what, weights) in cases {
            let table = Alias::new(&weights);
            let mut chance = Chance::new(1, Purpose::Lines, 0);
            let mut counts = vec![0; weights.len()];
            (0..1_000_000).for_each(|_| counts[table.draw(chance.bits()) as usize] += 1);
            fits(what, &counts, &weights);
        }
    }

    #[test]
    fn wrong_weights_are_none() {
        assert_eq!(Alias::new(&[]).draw(u64::MAX), 0);
        let table = Alias::new(&[f64::NAN, -1.0, 1.0, f64::INFINITY]);
        assert!((0..100u64).all(|number| table.draw(number << 57 | number) == 2));
        assert_eq!(Alias::new(&[0.0, 0.0]).cells, Alias::new(&[1.0, 1.0]).cells);
    }
}
