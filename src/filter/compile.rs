//! Tree -> tests on a record: here words get their types.

use super::FilterError;
use super::client::{Client, Clients};
use super::field::{Field, Number, Text};
use super::node::Node;
use super::ranges::Ranges;
use super::syntax::{Expr, Op, Test, Word};
use super::value::{self, Value, Wrong};
use regex::bytes::{Regex, RegexBuilder};
use std::ops::Range;

/// Memory that a pattern may take once compiled, in bytes.
const PATTERN_BYTES_MAX: usize = 4 << 20;

/// Memory that the states of a pattern may take while it runs, in bytes, for each thread.
const PATTERN_CACHE_BYTES_MAX: usize = 4 << 20;

/// Groups within groups in a pattern.
const PATTERN_DEPTH_MAX: u32 = 100;

/// The tests that the tree of a filter asks for; `text` is what it was parsed from.
pub fn compile(expr: &Expr, text: &str) -> Result<Node, FilterError> {
    let nodes = |parts: &[Expr]| parts.iter().map(|part| compile(part, text)).collect::<Result<Vec<_>, _>>();
    Ok(match expr {
        Expr::Bot => Node::Bot,
        Expr::Not(inner) => Node::Not(Box::new(compile(inner, text)?)),
        Expr::And(parts) => Node::all(nodes(parts)?),
        Expr::Or(parts) => Node::any(nodes(parts)?),
        Expr::Test(test) => compile_test(test, text)?,
    })
}

fn compile_test(test: &Test, text: &str) -> Result<Node, FilterError> {
    let wrong = |at: &Range<usize>, wrong: Wrong| FilterError::new(text, at.clone(), wrong.message, wrong.help);
    let denied = test.op.denies();
    match (test.field, test.op) {
        (Field::Text(field), Op::Matches | Op::MatchesNot) => {
            let word = single(test, text)?;
            Ok(Node::Pattern { field, regex: pattern(word, text)?, denied })
        }
        (Field::Text(Text::Client), Op::Eq | Op::Ne | Op::In | Op::NotIn) => {
            let client = |word: &Word| Client::parse(or_none(&word.text)).map_err(|why| wrong(&word.at, why));
            let clients = test.words.iter().map(client).collect::<Result<_, _>>()?;
            Ok(Node::Client { clients: Clients::new(clients), denied })
        }
        (Field::Text(field), Op::Eq | Op::Ne | Op::In | Op::NotIn) => {
            let mut texts: Vec<Box<[u8]>> =
                test.words.iter().map(|word| or_none(&word.text).as_bytes().into()).collect();
            texts.sort_unstable();
            Ok(Node::Text { field, texts: texts.into(), denied })
        }
        (Field::Number(field), Op::Eq | Op::Ne | Op::In | Op::NotIn) => {
            let (mut ranges, mut absent) = (Vec::new(), false);
            for word in &test.words {
                match value::value(field, &word.text).map_err(|why| wrong(&word.at, why))? {
                    Value::Absent => absent = true,
                    Value::One(number) => ranges.push((number, number)),
                    Value::Range(low, high) => ranges.extend(value::spans(low, high)),
                }
            }
            Ok(Node::Number { field, ranges: Ranges::new(ranges), absent, denied })
        }
        (Field::Number(field), Op::Lt | Op::Le | Op::Gt | Op::Ge) => {
            let word = single(test, text)?;
            let value = value::value(field, &word.text).map_err(|why| wrong(&word.at, why))?;
            let range = compared(test.op, value).map_err(|why| wrong(&word.at, why))?;
            Ok(Node::Number { field, ranges: Ranges::new(vec![range]), absent: false, denied: false })
        }
        (field, op) => {
            let (message, help) = unfit(field, op);
            Err(FilterError::new(text, test.op_at.clone(), message, help))
        }
    }
}

/// The word of an operator that takes one.
fn single<'test>(test: &'test Test, text: &str) -> Result<&'test Word, FilterError> {
    test.words.first().ok_or_else(|| {
        FilterError::new(
            text,
            test.op_at.clone(),
            "a value is expected after this",
            "the value - stands for what is not there",
        )
    })
}

/// An empty text is an absent one, as in the records.
fn or_none(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}

/// The numbers that are in this order to a value.
fn compared(op: Op, value: Value) -> Result<(i128, i128), Wrong> {
    let number = match value {
        Value::One(number) => number,
        Value::Absent => {
            let message = format!("{} needs a number", op.text());
            return Err(Wrong {
                message,
                help: "an absent value is neither less nor greater; = - and != - ask for it",
            });
        }
        Value::Range(..) => {
            let message = format!("{} needs a number, not a range", op.text());
            return Err(Wrong {
                message,
                help: "classes and ranges go with = != in; here write one of their ends, such as 500",
            });
        }
    };
    Ok(match op {
        Op::Lt => (i128::MIN, number.saturating_sub(1)),
        Op::Le => (i128::MIN, number),
        Op::Gt => (number.saturating_add(1), i128::MAX),
        _ => (number, i128::MAX),
    })
}

/// Why an operator does not go with a field.
fn unfit(field: Field, op: Op) -> (String, &'static str) {
    let name = field.name();
    match (field, op) {
        (Field::Number(Number::Status), _) => (
            format!("{name} is a number, {} is for text", op.text()),
            "write status = 5xx, or status in {404, 500..599}",
        ),
        (Field::Number(_), _) => {
            (format!("{name} is a number, {} is for text", op.text()), "numbers take = != < <= > >= in, not in")
        }
        _ => (
            format!("{name} is text, {} is for numbers", op.text()),
            "text takes = != in, not in, and ~ !~ with a regular expression",
        ),
    }
}

/// Compiles a pattern as it stands in `text`.
fn pattern(word: &Word, text: &str) -> Result<Regex, FilterError> {
    let source = text.get(word.at.clone()).unwrap_or(&word.text);
    let built = RegexBuilder::new(source)
        .size_limit(PATTERN_BYTES_MAX)
        .dfa_size_limit(PATTERN_CACHE_BYTES_MAX)
        .nest_limit(PATTERN_DEPTH_MAX)
        .build();
    built.map_err(|error| match error {
        regex::Error::Syntax(report) => {
            let (what, place) = syntax_error(&report, source);
            let at = place.map_or(word.at.clone(), |place| word.at.start + place.start..word.at.start + place.end);
            let help = "signs with a meaning are escaped: \\. \\? \\( \\[ \\{ \\+ \\* \\|";
            FilterError::new(text, at, format!("the regular expression is wrong: {what}"), help)
        }
        _ => {
            let message = format!("the regular expression needs more than {} MiB", PATTERN_BYTES_MAX >> 20);
            FilterError::new(
                text,
                word.at.clone(),
                message,
                "use smaller counts in {...}, or (?-u:\\w) for ASCII letters alone",
            )
        }
    })
}

/// What is wrong with a pattern, and the bytes of it that are.
///
/// The regex crate words its errors for people and gives no position, but draws carets under the pattern, four columns
/// in; the position is read from there. Where that is not possible, as in a pattern of several lines, the whole pattern
/// is the place.
fn syntax_error(report: &str, source: &str) -> (String, Option<Range<usize>>) {
    let what = report.lines().rev().find_map(|line| line.strip_prefix("error: ")).unwrap_or("it cannot be read");
    let mut lines = report.lines().skip_while(|line| line.strip_prefix("    ") != Some(source));
    let place = lines.nth(1).and_then(|carets| {
        let column = carets.strip_prefix("    ")?.find('^')?;
        let columns = carets.matches('^').count();
        let byte = |column| source.char_indices().map(|(at, _)| at).chain([source.len()]).nth(column);
        Some(byte(column)?..byte(column + columns).unwrap_or(source.len()))
    });
    (what.to_owned(), place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_a_wrong_pattern_is_found() {
        let cases = [
            ("a(b", Some(1..2)),
            ("a)", Some(1..2)),
            ("é[z-a]", Some(3..6)),
            ("*", Some(0..1)),
            (r"\p{Nonsense}", Some(0..12)),
            ("a\\", Some(1..2)),
            ("a\n(", None),
        ];
        for (source, expected) in cases {
            let Err(regex::Error::Syntax(report)) = Regex::new(source) else { panic!("{source} is right") };
            let (what, place) = syntax_error(&report, source);
            assert_eq!(place, expected, "{report}");
            assert_ne!(what, "it cannot be read", "{report}");
        }
    }
}
