//! What hands have counted, and of which inputs.
//!
//! Connections come and go by the thousand, so the report names not each of them but what they came through: a file, a
//! listener, a topic. Hands know these by numbers of their own; where their counts meet, they are told apart by name.

use crate::aggregate::snapshot::{Input, Snapshot};
use crate::aggregate::tally::{Lines, Tally};
use crate::aggregate::vtally::{Origin, Problem};
use crate::engine::budget::Budget;
use crate::engine::finish::merge_all;
use crate::engine::settings::Settings;
use std::collections::HashMap;
use std::io::{Read, Write};

/// Counts, and the inputs that they are of: what the numbers in positions of lines stand for.
pub struct Counted {
    /// The counts.
    pub tally: Tally,
    /// The inputs, each named once.
    pub inputs: Vec<Input>,
}

impl Counted {
    /// Nothing.
    pub fn nothing(settings: &Settings) -> Counted {
        Counted { tally: Tally::new(&settings.tally), inputs: Vec::new() }
    }

    /// All counts together, so that the result can be joined again.
    pub fn join(parts: Vec<Counted>) -> Counted {
        let mut inputs = Vec::new();
        let tallies = parts.into_iter().map(|part| part.renumbered(&mut inputs)).collect();
        Counted { tally: merge_all(tallies, true), inputs }
    }

    /// Takes in others, within its share of memory.
    pub fn absorb(&mut self, other: Counted, budget: Option<Budget>) {
        let tally = other.renumbered(&mut self.inputs);
        if self.tally.lines == Lines::default() {
            self.tally = tally;
        } else if let Some(budget) = budget {
            budget.merge(&mut self.tally, tally);
        } else {
            self.tally.merge(tally);
        }
        if let Some(budget) = budget {
            self.tally.hurry();
            budget.keep(&mut self.tally);
        }
    }

    /// The tally, its positions by the numbers of `inputs`, which those of this join.
    fn renumbered(mut self, inputs: &mut Vec<Input>) -> Tally {
        let mut known: HashMap<String, usize> =
            inputs.iter().enumerate().map(|(at, input)| (input.name.clone(), at)).collect();
        let numbers: Vec<u32> = self.inputs.into_iter().map(|input| number_of(input, &mut known, inputs)).collect();
        self.tally.positions_mut().for_each(|at| {
            at.input = numbers.get(at.input as usize).copied().unwrap_or(at.input);
        });
        self.tally
    }

    /// Serialises it, as `analyze -o x.vtally` does, so that a run with the same budget can read it.
    pub fn write_to(&mut self, budget: Option<Budget>, to: impl Write) -> std::io::Result<()> {
        if let Some(budget) = budget {
            budget.keep_part(&mut self.tally);
        }
        self.tally.write_to(&Origin { inputs: self.inputs.clone(), partial: false }, to)
    }

    /// Reads what was written.
    pub fn read(from: impl Read, settings: &Settings) -> Result<Counted, Problem> {
        let most = settings.budget.map_or(usize::MAX, |budget| budget.part_bytes);
        let (mut tally, origin) = Tally::read_within(from, &settings.tally, 0, most)?;
        // The number of an input stands in the place of a piece's.
        tally.positions_mut().for_each(|at| {
            (at.input, at.piece) = (u32::try_from(at.piece).unwrap_or(u32::MAX), 0);
        });
        Ok(Counted { tally, inputs: origin.inputs })
    }

    /// The report.
    pub fn report(&mut self, top: usize) -> Snapshot {
        let names: Vec<String> = self.inputs.iter().map(|input| input.name.clone()).collect();
        let report = self.tally.snapshot(top, &names);
        Snapshot { inputs: self.inputs.clone(), ..report }
    }
}

/// The number of an input among all, `known` by name, which it joins.
fn number_of(input: Input, known: &mut HashMap<String, usize>, all: &mut Vec<Input>) -> u32 {
    let at = match known.get(&input.name).copied() {
        Some(at) => at,
        None => {
            known.insert(input.name.clone(), all.len());
            all.push(Input { bytes: 0, lines: 0, ..input.clone() });
            all.len() - 1
        }
    };
    let joined = &mut all[at];
    joined.bytes += input.bytes;
    joined.lines += input.lines;
    if joined.format == UNKNOWN {
        joined.format = input.format;
    }
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// The format of an input that has shown none.
pub const UNKNOWN: &str = "-";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::position::Position;
    use crate::format::record::Reason;

    fn counted(names: &[&str], malformed_of: u32) -> Counted {
        let mut tally = Tally::new(&Default::default());
        tally.add_malformed(Reason::Cut, b"x", Position { input: malformed_of, piece: 0, line: 1 });
        let input = |name: &&str| Input { name: name.to_string(), lines: 1, bytes: 2, format: "-".into(), error: None };
        Counted { tally, inputs: names.iter().map(input).collect() }
    }

    #[test]
    fn inputs_of_one_name_are_one_and_lines_keep_theirs() {
        let mut all = Counted::join(vec![counted(&["a", "b"], 1), counted(&["c", "a"], 1), counted(&["b"], 0)]);
        let report = all.report(10);
        let inputs: Vec<_> =
            report.inputs.iter().map(|input| (input.name.as_str(), input.lines, input.bytes)).collect();
        assert_eq!(inputs, [("a", 2, 4), ("b", 2, 4), ("c", 1, 2)]);
        let samples: Vec<_> = report.malformed_samples.iter().map(|sample| sample.input.as_str()).collect();
        assert_eq!(samples, ["a", "b", "b"]);
    }

    #[test]
    fn nothing_counted_is_an_empty_report() {
        assert_eq!(Counted::join(Vec::new()).report(10).totals.lines, 0);
    }
}
