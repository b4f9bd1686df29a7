//! Rows whose groups have names: what crosses threads, files and machines. A group's number is its place here, and means
//! nothing elsewhere.
//!
//! ```text
//! bytes = version postcard(Form)
//! ```
//! What is read is taken for hostile: no memory is reserved because a number says so, and rows that are not of the table's
//! shape, keys that come twice, and figures that cannot be are refused as a whole.

use super::cells::{Cells, Row, Shape};
use super::set::{EXACT_MAX, Set};
use crate::aggregate::distinct::Distinct;
use crate::window::sparse::Sparse;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// The form that is written, and read.
const VERSION: u8 = 1;
/// The most that a count may be: sums of 65,536 fit.
const COUNT_MAX: u64 = 1 << 48;
/// The longest key, in bytes: sixteen fields of the longest values.
const KEY_BYTES_MAX: usize = 16 * 258;

/// Rows and the keys of their groups.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Named {
    /// All keys, one behind the other.
    keys: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
    cells: Cells,
}

impl Named {
    /// No rows of a shape.
    pub fn new(shape: Shape) -> Named {
        Named { cells: Cells::new(shape), ..Named::default() }
    }

    /// Adds a row; `key` is its group's.
    pub fn push(&mut self, key: &[u8], row: Row<'_>) {
        self.keys.extend(key);
        self.ends.push(self.keys.len());
        self.cells.push(Row { id: self.cells.len() as u32, ..row });
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The keys, in the order of the rows.
    pub fn keys(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| self.keys.get(start..*end).unwrap_or(&[]))
    }

    /// The rows; their numbers are places in [`keys`](Self::keys).
    pub fn cells(&self) -> &Cells {
        &self.cells
    }

    /// As bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let row = |row: Row<'_>| {
            let values = row.values.iter().map(|values| {
                let (least, greatest) = values.range().unwrap_or((u64::MAX, 0));
                (values.buckets().to_vec(), values.sum(), least, greatest)
            });
            let sets = row.sets.iter().map(|set| match set {
                Set::Few(few) => (few.clone(), Vec::new()),
                Set::Many(many) => (Vec::new(), many.registers().to_vec()),
            });
            (row.counts.to_vec(), row.sums.to_vec(), values.collect(), sets.collect())
        };
        let rows = self.keys().zip(self.cells.rows()).map(|(key, of)| (key.to_vec(), row(of)));
        let mut bytes = vec![VERSION];
        // This cannot fail: there is nothing in it that has no form.
        bytes.extend(postcard::to_stdvec(&Form { rows: rows.collect() }).unwrap_or_default());
        bytes
    }

    /// The rows that were written; `None` where bytes are anything but rows of this shape.
    pub fn from_bytes(bytes: &[u8], shape: Shape) -> Option<Named> {
        let (VERSION, stored) = bytes.split_first().map(|(version, stored)| (*version, stored))? else { return None };
        let Ok((form, [])) = postcard::take_from_bytes::<Form>(stored) else { return None };
        let (mut named, mut seen) = (Named::new(shape), HashSet::new());
        for (key, (counts, sums, values, sets)) in form.rows {
            let values: Option<Vec<Sparse>> = values.into_iter().map(sparse).collect();
            let sets: Option<Vec<Set>> = sets.into_iter().map(set).collect();
            let (values, sets) = (values?, sets?);
            let lengths = (counts.len(), sums.len(), values.len(), sets.len());
            let fits = lengths == (shape.counts, shape.sums, shape.values, shape.sets);
            let all = *counts.first()?;
            let sound = all > 0 && all <= COUNT_MAX && counts.iter().all(|count| *count <= all);
            let sums_are_sound = sums.iter().all(|sum| *sum <= u128::from(u64::MAX) * u128::from(all));
            if !fits || !sound || !sums_are_sound || key.len() > KEY_BYTES_MAX || !seen.insert(key.clone()) {
                return None;
            }
            named.push(&key, Row { id: 0, counts: &counts, sums: &sums, values: &values, sets: &sets });
        }
        Some(named)
    }
}

type Values = (Vec<(u16, u64)>, u128, u64, u64);
type Figures = (Vec<u64>, Vec<u128>, Vec<Values>, Vec<(Vec<u64>, Vec<u8>)>);

/// [`Named`], as it is written: key, counts, sums, distributions, sets (hashes, or the registers of a sketch).
#[derive(Serialize, Deserialize)]
struct Form {
    rows: Vec<(Vec<u8>, Figures)>,
}

fn sparse((buckets, sum, least, greatest): Values) -> Option<Sparse> {
    let sound = buckets.iter().all(|(_, count)| *count <= COUNT_MAX);
    sound.then(|| Sparse::from_parts(buckets, sum, least, greatest)).flatten()
}

fn set((hashes, registers): (Vec<u64>, Vec<u8>)) -> Option<Set> {
    if !registers.is_empty() {
        return hashes
            .is_empty()
            .then(|| Distinct::from_registers(registers))
            .flatten()
            .map(|all| Set::Many(all.into()));
    }
    let ascend = hashes.windows(2).all(|pair| pair[0] < pair[1]);
    (ascend && hashes.len() <= EXACT_MAX).then_some(Set::Few(hashes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn named() -> (Named, Shape) {
        let shape = Shape { counts: 2, sums: 1, values: 1, sets: 2 };
        let mut named = Named::new(shape);
        let many: Vec<u64> = (0..5_000u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
        for (key, count) in [(&b"a.example"[..], 3), (b"", 1)] {
            let values = [Sparse::new(vec![(5, count)], 5 * u128::from(count), 5, 5)];
            let sets = [Set::of(vec![1, 2, count]), Set::of(many.clone())];
            named.push(key, Row { id: 9, counts: &[count, 1], sums: &[7], values: &values, sets: &sets });
        }
        (named, shape)
    }

    #[test]
    fn what_is_written_is_read() {
        let (named, shape) = named();
        let bytes = named.to_bytes();
        assert_eq!(Named::from_bytes(&bytes, shape), Some(named));
        assert_eq!(Named::from_bytes(&bytes, Shape { counts: 1, ..shape }), None, "another table's");
        assert_eq!(Named::from_bytes(&[], shape), None);
        assert_eq!(Named::from_bytes(&[9, 0], shape), None, "another version");
    }

    proptest! {
        #[test]
        fn damaged_bytes_are_refused_or_read_and_never_panic(at in 0usize..40_000, byte in any::<u8>(), cut in 0usize..40_000) {
            let (named, shape) = named();
            let mut bytes = named.to_bytes();
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            let _ = Named::from_bytes(&bytes, shape);
            bytes.truncate(cut);
            let _ = Named::from_bytes(&bytes, shape);
        }
    }
}
