//! Text -> `when`; what is wrong is told with its place. Conditions are read by the parser of filters.

use super::field::KeyField;
use super::when::{Amount, Comparison, Measure, Than, Unit, When};
use crate::filter::nearest;
use crate::filter::parse::{Parser, clipped};
use crate::filter::syntax::Op;
use crate::filter::units;
use crate::text_error::TextError;
use std::ops::Range;

/// The words that a `when` begins with.
const MEASURES: [&str; 9] = ["count", "rate", "ratio", "sum", "quantile", "distinct", "absent", "each", "new"];

const FORMS: &str = "it begins with count, rate, ratio(CONDITION), sum(bytes), quantile(0.99, latency), distinct(FIELD), \
                     absent, each or new(FIELD)";

/// The `when` of a text.
///
/// # Errors
/// What is wrong with it, and where.
pub fn parse(text: &str) -> Result<When, TextError> {
    let mut reader = Reader { parser: Parser::new(text), text };
    let when = reader.when()?;
    let parser = &mut reader.parser;
    parser.skip_space();
    match (parser.rest(), &when) {
        ("", _) => Ok(when),
        (_, When::Compare { .. }) => {
            let cure = "one rule compares once: records are chosen by where, a second comparison is a second rule";
            Err(parser.error(parser.here(), "nothing is expected after this comparison", cure))
        }
        _ => {
            let cure = "absent, each and new are compared with nothing; how long is said by \"window\"";
            Err(parser.error(parser.here(), "nothing is expected here", cure))
        }
    }
}

struct Reader<'text> {
    parser: Parser<'text>,
    text: &'text str,
}

impl<'text> Reader<'text> {
    fn when(&mut self) -> Result<When, TextError> {
        let (name, at) = self.word();
        Ok(match name {
            "absent" => {
                let heartbeat = self.parser.take("(");
                if heartbeat {
                    let (name, at) = self.word();
                    if name != "heartbeat" {
                        let cure = "absent is no record and no heartbeat, absent(heartbeat) no heartbeat; what records \
                                    is said by where";
                        return Err(self.parser.error(at, "\"heartbeat\" is expected", cure));
                    }
                    self.expect(")", "close it")?;
                }
                When::Absent { heartbeat }
            }
            "each" => When::Each,
            "new" => When::New(self.field_in_parentheses(false)?),
            _ => {
                let measure = self.measure(name, at)?;
                let comparison = self.comparison(&measure)?;
                let than = self.than(measure.unit())?;
                When::Compare { measure, comparison, than }
            }
        })
    }

    fn measure(&mut self, name: &str, at: Range<usize>) -> Result<Measure, TextError> {
        Ok(match name {
            "count" => Measure::Count,
            "rate" => Measure::Rate,
            "ratio" => {
                let open = self.expect("(", "the share of which records? for example ratio(status >= 500)")?;
                let filter = self.parser.filter()?;
                self.close(open)?;
                Measure::Ratio(filter)
            }
            "sum" => {
                let open = self.expect("(", "the sum of what? for example sum(bytes)")?;
                let amount = self.amount()?;
                self.close(open)?;
                Measure::Sum(amount)
            }
            "quantile" => {
                let open = self.expect("(", "which, and of what? for example quantile(0.99, latency)")?;
                let q = self.share()?;
                self.expect(",", "for example quantile(0.99, latency)")?;
                let amount = self.amount()?;
                self.close(open)?;
                Measure::Quantile(q, amount)
            }
            "distinct" => Measure::Distinct(self.field_in_parentheses(true)?),
            "" => {
                let what = match self.parser.rest() {
                    "" => "it is empty".to_owned(),
                    _ => "a measure is expected".to_owned(),
                };
                return Err(self.parser.error(at, what, FORMS));
            }
            name => {
                let meant = nearest::nearest(&name.to_ascii_lowercase(), MEASURES.into_iter());
                let meant = meant.map(|name| format!("did you mean {name:?}? ")).unwrap_or_default();
                let what = format!("unknown measure {:?}", clipped(name));
                return Err(self.parser.error(at, what, format!("{meant}{FORMS}")));
            }
        })
    }

    fn field_in_parentheses(&mut self, with_visitor: bool) -> Result<KeyField, TextError> {
        let open = self.expect("(", "of what? for example distinct(client), new(message)")?;
        let (_, at) = self.word();
        let field = KeyField::at(self.text, at, with_visitor)?;
        self.close(open)?;
        Ok(field)
    }

    fn amount(&mut self) -> Result<Amount, TextError> {
        let (name, at) = self.word();
        let known = Amount::NAMES.into_iter().find(|(known, _)| *known == name);
        known.map(|(_, amount)| amount).ok_or_else(|| {
            let what = match name {
                "" => "what is measured is expected here".to_owned(),
                name => format!("{:?} is no amount", clipped(name)),
            };
            self.parser.error(at, what, "amounts: bytes, bytes_read, latency")
        })
    }

    fn share(&mut self) -> Result<f64, TextError> {
        let (word, at) = self.number_word();
        let percent = word.strip_suffix('%').and_then(plain).map(|percent| percent / 100.0);
        percent.or_else(|| plain(word)).filter(|q| (0.0..=1.0).contains(q)).ok_or_else(|| {
            let cure = "a quantile is 0 to 1: 0.5 is the median, 0.99 is what 99% do not exceed";
            self.parser.error(at, "a number from 0 to 1 is expected", cure)
        })
    }

    fn comparison(&mut self, measure: &Measure) -> Result<Comparison, TextError> {
        self.parser.skip_space();
        let (start, here) = (self.parser.position(), self.parser.here());
        let op = self.parser.op()?;
        let comparison = match op {
            Some(Op::Gt) => Some(Comparison::Above),
            Some(Op::Ge) => Some(Comparison::AtLeast),
            Some(Op::Lt) => Some(Comparison::Below),
            Some(Op::Le) => Some(Comparison::AtMost),
            Some(Op::Eq) => Some(Comparison::Equal),
            Some(Op::Ne) => Some(Comparison::Unequal),
            _ => None,
        };
        comparison.ok_or_else(|| {
            let at = if op.is_some() { start..self.parser.position() } else { here };
            let cure = format!("for example {} > {}", measure.text(), example(measure.unit()));
            self.parser.error(at, "a comparison is expected: > >= < <= = !=", cure)
        })
    }

    fn than(&mut self, unit: Unit) -> Result<Than, TextError> {
        if self.parser.take_keyword("previous") {
            return Ok(Than::Previous { times: 1.0, ago: self.previous()? });
        }
        let (word, at) = self.number_word();
        if self.parser.take("*") {
            let times = word.strip_suffix('%').and_then(plain).map(|percent| percent / 100.0);
            let times = times.or_else(|| plain(word)).ok_or_else(|| {
                self.parser.error(at, "a factor is expected", "for example 3 * previous(10m), or 50% * previous(7d)")
            })?;
            if !self.parser.take_keyword("previous") {
                self.parser.skip_space();
                let cure = "a number may be multiplied with previous(DURATION) alone";
                return Err(self.parser.error(self.parser.here(), "previous(DURATION) is expected", cure));
            }
            return Ok(Than::Previous { times, ago: self.previous()? });
        }
        let wrong = |what: String, cure: String| self.parser.error(at.clone(), what, cure);
        if word.is_empty() {
            let cure = format!("a number such as {}, or 3 * previous(10m)", example(unit));
            return Err(wrong("a number is expected".to_owned(), cure));
        }
        let not_plain = || wrong(format!("{:?} is no number", clipped(word)), format!("for example {}", example(unit)));
        let by_unit = |error: units::UnitError| {
            let text = error.to_string();
            let (what, cure) = text.split_once("; ").unwrap_or((&text, ""));
            wrong(what.to_owned(), cure.to_owned())
        };
        Ok(Than::Number(match unit {
            Unit::Number | Unit::PerSecond => plain(word).ok_or_else(not_plain)?,
            Unit::Share => match word.strip_suffix('%') {
                Some(percent) => plain(percent).ok_or_else(not_plain)? / 100.0,
                None => plain(word).ok_or_else(not_plain)?,
            },
            Unit::Bytes => units::size(word).map_err(by_unit)? as f64,
            Unit::Seconds => units::duration_or_seconds(word).map_err(by_unit)?.as_secs_f64(),
        }))
    }

    /// What follows `previous`.
    fn previous(&mut self) -> Result<i64, TextError> {
        let open = self.expect("(", "how much earlier? for example previous(10m)")?;
        self.parser.skip_space();
        let start = self.parser.position();
        let length = self.parser.rest().find(')').unwrap_or(self.parser.rest().len());
        let word = self.parser.rest().get(..length).unwrap_or("").trim_end();
        let at = start..start + word.len();
        let ago = super::read::milliseconds(word).map_err(|(what, cure)| self.parser.error(at, what, cure))?;
        let _ = self.parser.skip(length);
        self.close(open)?;
        Ok(ago)
    }

    /// Letters, digits and underscores, and where they stand; where there are none, what stands there.
    fn word(&mut self) -> (&'text str, Range<usize>) {
        self.parser.skip_space();
        let here = self.parser.here();
        let word = self.parser.identifier();
        (word, here)
    }

    /// What may be a number with its unit, and where it stands.
    fn number_word(&mut self) -> (&'text str, Range<usize>) {
        self.parser.skip_space();
        let start = self.parser.position();
        let rest = self.parser.rest();
        let length = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '%' | '_' | '-' | '/')));
        let word = self.parser.skip(length.unwrap_or(rest.len()));
        let at = if word.is_empty() { self.parser.here() } else { start..start + word.len() };
        (word, at)
    }

    /// Takes a sign; where it stands.
    fn expect(&mut self, sign: &str, cure: &str) -> Result<usize, TextError> {
        if self.parser.take(sign) {
            return Ok(self.parser.position() - sign.len());
        }
        self.parser.skip_space();
        Err(self.parser.error(self.parser.here(), format!("{sign:?} is expected"), cure))
    }

    fn close(&mut self, open: usize) -> Result<(), TextError> {
        if self.parser.take(")") {
            return Ok(());
        }
        self.parser.skip_space();
        match self.parser.rest() {
            "" => Err(self.parser.error(open..open + 1, "this parenthesis is not closed", "add a )")),
            _ => Err(self.parser.error(self.parser.here(), "\")\" is expected", "close what was opened before it")),
        }
    }
}

fn example(unit: Unit) -> &'static str {
    match unit {
        Unit::Number => "100",
        Unit::PerSecond => "50",
        Unit::Share => "5%",
        Unit::Bytes => "1GiB",
        Unit::Seconds => "2s",
    }
}

/// A decimal number that is not negative.
fn plain(word: &str) -> Option<f64> {
    let word = word.starts_with(|c: char| c.is_ascii_digit()).then_some(word)?;
    word.parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_meant() {
        let cases = [
            ("count > 100", "count > 100"),
            ("count>=1e3", "count >= 1000"),
            ("  rate  <  0.5 ", "rate < 0.5"),
            ("ratio(status >= 500) > 0.05", "ratio(status >= 500) > 0.05"),
            ("ratio(status=5xx)>5%", "ratio(status = 5xx) > 0.05"),
            (
                "ratio((bot or path~^/(a|b)$) and status in {4xx,5xx}) = 1",
                "ratio((bot or path ~ \"^/(a|b)$\") and status in {4xx, 5xx}) = 1",
            ),
            ("sum(bytes) > 1GiB", "sum(bytes) > 1073741824"),
            ("sum(bytes_read) > 1k", "sum(bytes_read) > 1000"),
            ("quantile(0.99, latency) > 250ms", "quantile(0.99, latency) > 0.25"),
            ("quantile(50%,latency) != 2", "quantile(0.5, latency) != 2"),
            ("quantile(1, bytes) <= 10MB", "quantile(1, bytes) <= 10000000"),
            ("distinct(client) > 100", "distinct(client) > 100"),
            ("distinct( visitor ) == 0", "distinct(visitor) = 0"),
            ("count > 3 * previous(10m)", "count > 3 * previous(600000ms)"),
            ("count < 50%*previous(7d)", "count < 0.5 * previous(604800000ms)"),
            ("rate > PREVIOUS( 1h 30m )", "rate > 1 * previous(5400000ms)"),
            ("absent", "absent"),
            ("absent(heartbeat)", "absent(heartbeat)"),
            ("each", "each"),
            ("new(message)", "new(message)"),
            ("new(status)", "new(status)"),
        ];
        for (text, expected) in cases {
            let when = parse(text).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(when.text(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let cases = [
            ("", "", "it is empty"),
            ("> 5", ">", "a measure is expected"),
            ("counts > 5", "counts", "unknown measure \"counts\""),
            ("count", "", "a comparison is expected: > >= < <= = !="),
            ("count 5", "5", "a comparison is expected: > >= < <= = !="),
            ("count ~ 5", "~", "a comparison is expected: > >= < <= = !="),
            ("count > ", "", "a number is expected"),
            ("count > many", "many", "\"many\" is no number"),
            ("count > -1", "-1", "\"-1\" is no number"),
            ("count > inf", "inf", "\"inf\" is no number"),
            ("count > 1 and count < 5", "and", "nothing is expected after this comparison"),
            ("count > 3 * 5", "5", "previous(DURATION) is expected"),
            ("count > x * previous(1m)", "x", "a factor is expected"),
            ("count > previous", "", "\"(\" is expected"),
            ("count > previous(10)", "10", "\"10\" is not a duration: its unit is missing"),
            ("count > previous(1m", "(", "this parenthesis is not closed"),
            ("ratio > 5%", ">", "\"(\" is expected"),
            ("ratio() > 5%", ")", "a condition is expected, not \")\""),
            ("ratio(statuss >= 500) > 5%", "statuss", "unknown field \"statuss\""),
            ("ratio(status >= 500 > 5%", ">", "\")\" is expected"),
            ("ratio(path ~ [) > 5%", "[", "the regular expression is wrong: unclosed character class"),
            ("ratio(status = 500", "(", "this parenthesis is not closed"),
            ("sum(status) > 5", "status", "\"status\" is no amount"),
            ("sum(bytes) > 5Q", "5Q", "\"5Q\" is not a size: \"Q\" is no unit"),
            ("quantile(99, latency) > 1s", "99", "a number from 0 to 1 is expected"),
            ("quantile(0.99) > 1s", ")", "\",\" is expected"),
            ("quantile(0.99, latency) > 1 month", "month", "nothing is expected after this comparison"),
            ("distinct(bytes) > 5", "bytes", "\"bytes\" has too many values to tell records apart by"),
            ("distinct(ip) > 5", "ip", "unknown field \"ip\""),
            ("absent > 5m", ">", "nothing is expected here"),
            ("absent(lines)", "lines", "\"heartbeat\" is expected"),
            ("new", "", "\"(\" is expected"),
        ];
        for (text, place, message) in cases {
            let error = parse(text).unwrap_err();
            assert_eq!((&text[error.at()], error.message()), (place, message), "{text}: {error}");
            assert!(!error.help().is_empty(), "{text}");
        }
    }
}
