//! The known word that a mistyped one is most like.

/// Longest mistyped word that is looked at, in characters; names are shorter.
const WORD_CHARS_MAX: usize = 32;

/// The first of `known` with the fewest slips from `word`, if they are at most a third of its length.
pub fn nearest(word: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let word: Vec<char> = word.chars().take(WORD_CHARS_MAX + 1).collect();
    if word.len() > WORD_CHARS_MAX {
        return None;
    }
    let (slips, name) = known.map(|name| (slips(&word, name), name)).min_by_key(|(slips, _)| *slips)?;
    (slips * 3 <= word.len()).then_some(name)
}

/// Letters added, left out, exchanged for others or with their neighbour: the optimal string alignment distance.
fn slips(word: &[char], name: &str) -> usize {
    let name: Vec<char> = name.chars().collect();
    let width = name.len() + 1;
    // Row r, column c: the distance of the first r letters of one from the first c letters of the other.
    let mut cells = vec![0usize; (word.len() + 1) * width];
    for row in 0..=word.len() {
        for column in 0..width {
            let cell = |up: usize, left: usize| cells[(row - up) * width + column - left];
            let best = match (row, column) {
                (0, other) | (other, 0) => other,
                _ => {
                    let differ = usize::from(word[row - 1] != name[column - 1]);
                    let mut best = (cell(1, 0) + 1).min(cell(0, 1) + 1).min(cell(1, 1) + differ);
                    if row > 1 && column > 1 && word[row - 1] == name[column - 2] && word[row - 2] == name[column - 1] {
                        best = best.min(cell(2, 2) + 1);
                    }
                    best
                }
            };
            cells[row * width + column] = best;
        }
    }
    cells.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_counted() {
        let cases =
            [("", "abc", 3), ("abc", "", 3), ("abc", "abc", 0), ("abd", "abc", 1), ("acb", "abc", 1), ("ac", "abc", 1)];
        for (word, name, expected) in cases {
            assert_eq!(slips(&word.chars().collect::<Vec<_>>(), name), expected, "{word} {name}");
        }
    }

    #[test]
    fn a_word_unlike_all_has_no_nearest() {
        assert_eq!(nearest("stat", ["status", "path"].into_iter()), None);
        assert_eq!(nearest("statis", ["path", "status"].into_iter()), Some("status"));
        assert_eq!(nearest(&"s".repeat(1000), ["status"].into_iter()), None);
        assert_eq!(nearest("status", [].into_iter()), None);
    }
}
