//! The first rows of a table: most hits first, then by key.

use super::rows::{RowView, Rows};

/// The numbers of the first `top` rows that `wanted` admits, sorted by hits, then by key.
pub fn top_rows(rows: &Rows, top: usize, wanted: impl Fn(&RowView<'_>) -> bool) -> Vec<u32> {
    let mut admitted: Vec<(u64, u32)> =
        rows.iter().zip(0..).filter(|(row, _)| row.hits > 0 && wanted(row)).map(|(row, id)| (row.hits, id)).collect();
    let by_hits = |left: &(u64, u32), right: &(u64, u32)| right.0.cmp(&left.0);
    let by_hits_and_key = |left: &(u64, u32), right: &(u64, u32)| {
        by_hits(left, right).then_with(|| rows.key_of(left.1).cmp(rows.key_of(right.1)))
    };
    if admitted.len() > top && top > 0 {
        // Hits alone decide who can be among the first; keys are read only for those, as each lies in another place.
        let (_, &mut (least, _), _) = admitted.select_nth_unstable_by(top - 1, by_hits);
        admitted.retain(|(hits, _)| *hits >= least);
        // Rows with as many hits as the last one may be a multitude: they are divided, and only the first are sorted.
        admitted.select_nth_unstable_by(top - 1, by_hits_and_key);
        admitted.truncate(top);
    }
    admitted.sort_unstable_by(by_hits_and_key);
    admitted.truncate(top);
    admitted.into_iter().map(|(_, id)| id).collect()
}

#[cfg(test)]
mod tests {
    use super::super::key::Key;
    use super::*;

    #[test]
    fn rows_are_sorted_by_hits_then_by_key() {
        let mut rows = Rows::default();
        for (key, hits) in [("d", 2), ("b", 5), ("a", 2), ("c", 2), ("e", 0), ("f", 1)] {
            let id = rows.intern(&Key::new(key.as_bytes()));
            rows.add(id, hits, 0);
        }
        let keys = |top, without: &str| -> Vec<String> {
            top_rows(&rows, top, |row| row.key != without.as_bytes())
                .into_iter()
                .map(|id| String::from_utf8_lossy(rows.get(id).key).into_owned())
                .collect()
        };
        assert_eq!(keys(10, ""), ["b", "a", "c", "d", "f"]);
        assert_eq!(keys(2, ""), ["b", "a"]);
        assert_eq!(keys(3, "a"), ["b", "c", "d"]);
        assert_eq!(keys(0, ""), [""; 0]);
    }
}
