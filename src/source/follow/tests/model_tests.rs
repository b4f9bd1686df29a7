//! Random operations on files, against a model that knows which lines have to arrive: those that were written, each
//! once, but for what was cut off a file before it was looked at.
//!
//! Between two looks at most one rotation happens to a name and the rotated file stays in the folder: more could not
//! be decided after a restart. What is deleted or cut was looked at before.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Operation {
    /// Some lines, or the part of one.
    Append {
        file: usize,
        lines: usize,
        part: bool,
    },
    /// To the next free number, and a new file at once or later.
    Rename {
        file: usize,
        anew: bool,
    },
    Cut {
        file: usize,
    },
    Delete {
        file: usize,
        anew: bool,
    },
    Look,
    Restart,
    /// Longer than the grace time.
    Wait,
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let file = 0..3usize;
    let operation = prop_oneof![
        6 => (file.clone(), 0..6usize, prop::bool::weighted(0.3))
            .prop_map(|(file, lines, part)| Operation::Append { file, lines, part }),
        2 => (file.clone(), any::<bool>()).prop_map(|(file, anew)| Operation::Rename { file, anew }),
        1 => file.clone().prop_map(|file| Operation::Cut { file }),
        1 => (file, any::<bool>()).prop_map(|(file, anew)| Operation::Delete { file, anew }),
        3 => Just(Operation::Look),
        1 => Just(Operation::Restart),
        1 => Just(Operation::Wait),
    ];
    prop::collection::vec(operation, 1..60)
}

/// What has to arrive of one name: its lines, and the part of one at the end of the file that has it now.
#[derive(Default)]
struct Expected {
    lines: Vec<String>,
    part: String,
    generations: usize,
}

fn run(operations: &[Operation], options: Options, pattern: &str, few: bool) -> Result<(), TestCaseError> {
    let mut trial = Trial::new(&[pattern], options);
    let mut expected: [Expected; 3] = Default::default();
    let mut next = 0;
    let name = |file: usize| format!("{file}.log");
    trial.settle();
    for operation in operations {
        match operation {
            Operation::Append { file, lines, part } => {
                let state = &mut expected[*file];
                let mut text = String::new();
                for _ in 0..*lines {
                    next += 1;
                    let line = format!("line {next} of {file}");
                    text += &format!("{line}\n");
                    let whole = std::mem::take(&mut state.part) + &line;
                    state.lines.push(whole);
                }
                if *part {
                    next += 1;
                    let part = format!("part {next} ");
                    text += &part;
                    state.part += &part;
                }
                trial.append(&name(*file), text);
            }
            Operation::Rename { file, anew } if trial.path(&name(*file)).exists() => {
                trial.settle();
                let state = &mut expected[*file];
                state.generations += 1;
                trial.rename(&name(*file), &format!("{file}.log.{}", state.generations));
                if !state.part.is_empty() {
                    let part = std::mem::take(&mut state.part);
                    state.lines.push(part);
                }
                if *anew {
                    trial.append(&name(*file), "");
                }
            }
            Operation::Cut { file } if trial.path(&name(*file)).exists() => {
                trial.settle();
                trial.cut(&name(*file), 0);
                // The beginning of a line is gone with the rest.
                expected[*file].part.clear();
            }
            Operation::Delete { file, anew } if trial.path(&name(*file)).exists() => {
                let part = std::mem::take(&mut expected[*file].part);
                if few && !part.is_empty() {
                    // Closed for want of room, nothing would hold what is unread.
                    trial.append(&name(*file), "\n");
                }
                trial.settle();
                trial.remove(&name(*file));
                if !part.is_empty() {
                    expected[*file].lines.push(part);
                }
                // Held by the follower alone; a restart would lose it, so it is finished first.
                trial.settle_for_good();
                if *anew {
                    trial.append(&name(*file), "");
                }
            }
            Operation::Look => trial.settle(),
            Operation::Restart => trial.restart(|_| ()),
            Operation::Wait => trial.settle_for_good(),
            Operation::Rename { .. } | Operation::Cut { .. } | Operation::Delete { .. } => {}
        }
    }
    trial.settle();
    trial.settle_for_good();
    for (file, state) in expected.iter().enumerate() {
        let mut got: Vec<String> = Vec::new();
        for one in trial.earlier.iter().chain(trial.got.values()).filter(|got| got.name.starts_with(&name(file))) {
            got.extend(String::from_utf8_lossy(&one.text).lines().map(str::to_owned));
        }
        got.sort();
        let mut wanted = state.lines.clone();
        wanted.sort();
        prop_assert_eq!(got, wanted, "{}: {:?}", file, trial.told);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: super::load_tests::trials() as u32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_line_arrives_once(operations in operations(), notices: bool, rotated: bool, few: bool) {
        let handles_max = if few { 1 } else { 100 };
        let pattern = if rotated { "*.log*" } else { "*.log" };
        run(&operations, Options { notices, handles_max, ..quick() }, pattern, few)?;
    }
}
