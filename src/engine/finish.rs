//! The end of a run: the workers' tallies become one, and places in pieces become lines of inputs.

use crate::aggregate::snapshot;
use crate::aggregate::tally::Tally;
use crate::parallel::both;

/// Merges tallies in pairs, the pairs in parallel; so that the result can be merged again if it is to be `mergeable`.
pub fn merge_all(mut tallies: Vec<Tally>, mergeable: bool) -> Tally {
    let right = tallies.split_off(tallies.len().div_ceil(2));
    let (left, right) = both(|| merge_half(tallies), || merge_half(right));
    match (left, right) {
        (Some(mut left), Some(right)) => {
            if mergeable {
                left.merge(right);
            } else {
                left.merge_last(right);
            }
            left
        }
        (one, other) => one.or(other).unwrap_or_else(|| Tally::new(&Default::default())),
    }
}

/// Merges tallies so that the result can be merged again.
fn merge_half(mut tallies: Vec<Tally>) -> Option<Tally> {
    if tallies.len() <= 1 {
        return tallies.pop();
    }
    let right = tallies.split_off(tallies.len() / 2);
    let (left, right) = both(|| merge_half(tallies), || merge_half(right));
    left.zip(right).map(|(mut left, right)| {
        left.merge(right);
        left
    })
}

/// Turns (piece, line in the piece) into line numbers, now that the lines of all pieces are known. `counted` is sorted.
pub fn resolve_positions(tally: &mut Tally, counted: &[(u32, u64, u64)]) {
    let mut before = Vec::with_capacity(counted.len());
    let (mut input_now, mut lines_now) = (u32::MAX, 0);
    for (input, _, lines) in counted {
        if *input != input_now {
            (input_now, lines_now) = (*input, 0);
        }
        before.push(lines_now);
        lines_now += lines;
    }
    tally.positions_mut().for_each(|at| {
        if let Ok(found) = counted.binary_search_by_key(&(at.input, at.piece), |(input, piece, _)| (*input, *piece)) {
            at.line += before[found];
        }
    });
}

/// Turns numbers of inputs into those of the report, which shows a tally as the inputs of the run that wrote it: there
/// the number of such an input stands in the place of a piece's.
pub fn number_inputs(tally: &mut Tally, reports: &[Vec<snapshot::Input>]) {
    let firsts: Vec<usize> =
        reports.iter().scan(0, |next, shown| Some(std::mem::replace(next, *next + shown.len()))).collect();
    tally.positions_mut().for_each(|at| {
        let input = at.input as usize;
        if let (Some(first), Some(shown)) = (firsts.get(input), reports.get(input)) {
            let within = if shown.len() > 1 { at.piece } else { 0 };
            at.input = u32::try_from(*first as u64 + within).unwrap_or(u32::MAX);
        }
        at.piece = 0;
    });
}
