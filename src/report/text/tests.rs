//! The report as it stands on the screen.

use super::*;
use crate::report::example::example;
use proptest::prelude::*;

fn text(snapshot: &Snapshot, columns: usize, color: bool, unicode: bool) -> String {
    let mut bytes = Vec::new();
    write(snapshot, &TextOptions { columns, color, top: 10, unicode }, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn the_report_at_80_and_200_columns() {
    for (columns, expected) in [(80, include_str!("golden_80.txt")), (200, include_str!("golden_200.txt"))] {
        let text = text(&example(), columns, false, true);
        assert_eq!(text, expected, "the report at {columns} columns is now:\n{text}");
    }
}

#[test]
fn colours_repeat_what_the_text_says() {
    let colored = text(&example(), 80, true, true);
    assert!(colored.contains('\x1b'));
    let mut plain = colored;
    for code in ["0", "1", "2", "31", "32", "33"] {
        plain = plain.replace(&format!("\x1b[{code}m"), "");
    }
    assert_eq!(plain, text(&example(), 80, false, true));
}

#[test]
fn ascii_is_enough() {
    assert!(text(&example(), 80, false, false).is_ascii());
}

#[test]
fn a_failed_input_and_a_partial_report_are_told() {
    let mut snapshot = example();
    snapshot.partial = true;
    snapshot.inputs[0].error = Some("was truncated".to_string());
    let text = text(&snapshot, 80, false, true);
    assert!(text.contains("failed: access.log: was truncated\nPARTIAL: "), "{text}");
}

#[test]
fn a_sparkline_adds_up_what_shares_a_column() {
    assert_eq!(sparkline(&[0, 1, 4, 8], 4, true), (" ▁▄█".to_string(), 8));
    assert_eq!(sparkline(&[1, 1, 4, 4], 2, true), ("▂█".to_string(), 8));
    assert_eq!(sparkline(&[u64::MAX, 1], 1, false), ("#".to_string(), u64::MAX));
}

proptest! {
    #[test]
    fn no_line_is_too_wide_and_none_moves_the_cursor(
        keys in proptest::collection::vec("\\PC{0,60}|[\\x00-\\x9f]{0,20}|[\u{0300}\u{202e}日 ]{0,90}", 1..6),
        hits in proptest::collection::vec(0u64..1_000_000_000, 6),
        columns in 60usize..300,
        unicode: bool,
    ) {
        let mut snapshot = example();
        let row = |(key, hits): (&String, &u64)| Row {
            key: key.clone(),
            hits: *hits,
            bytes: Some(*hits),
            share: 0.5,
            visitors: Some(*hits),
            hits_error: Some(*hits),
            visitors_error: Some(*hits),
        };
        snapshot.paths = keys.iter().zip(&hits).map(row).collect();
        snapshot.inputs[0].name = keys[0].clone();
        snapshot.messages[0].key = keys[0].clone();
        snapshot.malformed_samples[0].text = keys[0].clone();
        for line in text(&snapshot, columns, false, unicode).lines() {
            prop_assert!(width(line) <= columns, "{} columns: {line}", width(line));
            prop_assert!(!line.chars().any(char::is_control), "{line:?}");
        }
    }
}
