//! Text -> tree, by recursive descent.
//!
//! ```text
//! or      = and { ("or" | "||") and }
//! and     = not { ("and" | "&&") not }
//! not     = ("not" | "!") not | "(" or ")" | test
//! test    = "bot" | field sign value | field ("~" | "!~") pattern | field ["not"] "in" (value | set)
//! set     = "{" value { "," value } "}"
//! ```
//!
//! Words of the language are taken in any case. Values and patterns are read by [`words`].

mod words;

pub use words::clipped;

use super::field::Field;
use super::syntax::{Expr, KEYWORDS, Op, Test, Word};
use super::{Filter, FilterError};
use std::ops::Range;

/// Longest filter, in bytes.
pub const LENGTH_BYTES_MAX: usize = 64 << 10;

/// Most parentheses and `not` around one condition.
pub const DEPTH_MAX: usize = 64;

/// The tree of a filter.
pub fn parse(text: &str) -> Result<Expr, FilterError> {
    let mut parser = Parser::new(text);
    if text.len() > LENGTH_BYTES_MAX {
        let message = format!("the filter has {} bytes, {LENGTH_BYTES_MAX} are the most", text.len());
        return Err(parser.error(
            text.len()..text.len(),
            message,
            "use a regular expression or ranges in place of long sets",
        ));
    }
    let expr = parser.or()?;
    parser.skip_space();
    match parser.rest() {
        "" => Ok(expr),
        _ => Err(parser.left_over()),
    }
}

/// Reads a text that is a filter, or that has filters in it (the `when` of an alert).
pub(crate) struct Parser<'text> {
    text: &'text str,
    /// The byte that is read next.
    at: usize,
    /// Parentheses and `not` that are open.
    depth: usize,
}

impl<'text> Parser<'text> {
    pub(crate) fn new(text: &'text str) -> Parser<'text> {
        Parser { text, at: 0, depth: 0 }
    }

    /// The byte that is read next.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// A filter, up to the end or to a `)` that it did not open.
    pub(crate) fn filter(&mut self) -> Result<Filter, FilterError> {
        let expr = self.or()?;
        Filter::of(expr, self.text)
    }

    fn or(&mut self) -> Result<Expr, FilterError> {
        self.joined("or", "||", Parser::and, Expr::Or)
    }

    fn and(&mut self) -> Result<Expr, FilterError> {
        self.joined("and", "&&", Parser::not, Expr::And)
    }

    fn joined(
        &mut self,
        keyword: &str,
        sign: &str,
        part: fn(&mut Self) -> Result<Expr, FilterError>,
        join: fn(Vec<Expr>) -> Expr,
    ) -> Result<Expr, FilterError> {
        let first = part(self)?;
        if !(self.take_keyword(keyword) || self.take(sign)) {
            return Ok(first);
        }
        let mut parts = vec![first, part(self)?];
        while self.take_keyword(keyword) || self.take(sign) {
            parts.push(part(self)?);
        }
        Ok(join(parts))
    }

    fn not(&mut self) -> Result<Expr, FilterError> {
        self.skip_space();
        let start = self.at;
        if self.take_keyword("not") || self.take("!") {
            let inner = self.deeper(start, Parser::not)?;
            Ok(Expr::Not(Box::new(inner)))
        } else if self.take("(") {
            let inner = self.deeper(start, Parser::or)?;
            if !self.take(")") {
                self.skip_space();
                if !self.rest().is_empty() {
                    return Err(self.left_over());
                }
                return Err(self.error(start..start + 1, "this parenthesis is not closed", "add a )"));
            }
            Ok(inner)
        } else {
            self.test()
        }
    }

    fn deeper(&mut self, start: usize, inner: fn(&mut Self) -> Result<Expr, FilterError>) -> Result<Expr, FilterError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            let message = format!("nested more than {DEPTH_MAX} deep");
            return Err(self.error(start..self.at, message, "leave out parentheses that change nothing"));
        }
        let inner = inner(self);
        self.depth -= 1;
        inner
    }

    fn test(&mut self) -> Result<Expr, FilterError> {
        let start = self.at;
        let name = self.identifier();
        if name.is_empty() || KEYWORDS.iter().any(|keyword| name.eq_ignore_ascii_case(keyword)) {
            self.at = start;
            return Err(self.no_condition());
        }
        let at = start..self.at;
        let Some(field) = Field::named(name) else {
            let meant = Field::meant_by(name).map(|field| format!("did you mean {field:?}? ")).unwrap_or_default();
            let help = format!("{meant}fields: {}", Field::ALL.map(Field::name).join(", "));
            return Err(self.error(at, format!("unknown field {:?}", words::clipped(name)), help));
        };
        self.skip_space();
        let op_start = self.at;
        let op = self.op()?;
        let op_at = op_start..self.at;
        match (field, op) {
            (Field::Bot, None) => Ok(Expr::Bot),
            (Field::Bot, Some(_)) => {
                Err(self.error(op_at, "bot stands alone", "write bot for crawlers, not bot for everyone else"))
            }
            (field, None) => {
                let message = format!("an operator is expected after {:?}", field.name());
                let help = match self.rest() {
                    rest if rest.starts_with("=~") => "a regular expression follows ~",
                    _ => "operators: = != < <= > >= in, not in, and ~ !~ with a regular expression",
                };
                Err(self.error(self.here(), message, help))
            }
            (field, Some(op)) => {
                let words = match op {
                    Op::Matches | Op::MatchesNot => vec![self.pattern()?],
                    Op::In | Op::NotIn => self.value_or_set()?,
                    _ => vec![self.value()?],
                };
                Ok(Expr::Test(Test { field, op, op_at, words }))
            }
        }
    }

    /// The operator that stands here, if one does.
    pub(crate) fn op(&mut self) -> Result<Option<Op>, FilterError> {
        if self.rest().starts_with("=~") {
            return Ok(None);
        }
        if self.take("==") {
            return Ok(Some(Op::Eq));
        }
        if let Some(op) = Op::SIGNS.into_iter().find(|op| self.take(op.text())) {
            return Ok(Some(op));
        }
        if self.take_keyword("in") {
            return Ok(Some(Op::In));
        }
        let before = self.at;
        if self.take_keyword("not") {
            if self.take_keyword("in") {
                return Ok(Some(Op::NotIn));
            }
            self.skip_space();
            let error =
                self.error(self.here(), "\"in\" is expected", "not in, != and !~ deny; not also stands before a field");
            self.at = before;
            return Err(error);
        }
        Ok(None)
    }

    fn value_or_set(&mut self) -> Result<Vec<Word>, FilterError> {
        self.skip_space();
        let start = self.at;
        if !self.take("{") {
            return Ok(vec![self.value()?]);
        }
        let mut words = Vec::new();
        loop {
            words.push(self.value()?);
            if self.take("}") {
                return Ok(words);
            }
            if !self.take(",") {
                self.skip_space();
                if self.rest().is_empty() {
                    return Err(self.error(start..start + 1, "this set is not closed", "add a }"));
                }
                return Err(self.error(self.here(), "a comma or } is expected", "a set is written {a, b, \"c d\"}"));
            }
        }
    }

    /// What is wrong where a condition should begin.
    fn no_condition(&self) -> FilterError {
        let message = match self.rest() {
            "" if self.at == 0 || self.text.trim().is_empty() => "the filter is empty".to_owned(),
            "" => "a condition is expected after this".to_owned(),
            _ => format!("a condition is expected, not {:?}", words::clipped(self.found())),
        };
        self.error(self.here(), message, "a condition is a field, an operator and a value, such as status>=500")
    }

    /// What is wrong with text after a complete condition.
    fn left_over(&self) -> FilterError {
        let (message, help) = match self.rest().chars().next() {
            Some(')') => ("this parenthesis was never opened", "remove it, or quote a value that holds it"),
            Some(',' | '{' | '}') => {
                ("this stands outside of a set", "a set is written: field in {a, b}; quote a value that holds it")
            }
            _ => (
                "\"and\" or \"or\" is expected before this",
                "join conditions with and, or; put a value with spaces, and a pattern with \"and\" or \"or\", in double quotes",
            ),
        };
        self.error(self.here(), message, help)
    }

    // What follows reads the text.

    pub(crate) fn rest(&self) -> &'text str {
        self.text.get(self.at..).unwrap_or("")
    }

    pub(crate) fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// Takes white space and this sign, or nothing.
    pub(crate) fn take(&mut self, sign: &str) -> bool {
        let rest = self.rest().trim_start();
        let found = rest.starts_with(sign);
        if found {
            self.at = self.text.len() - rest.len() + sign.len();
        }
        found
    }

    /// Takes white space and this word, or nothing.
    pub(crate) fn take_keyword(&mut self, keyword: &str) -> bool {
        let start = self.at;
        self.skip_space();
        let found = self.identifier().eq_ignore_ascii_case(keyword);
        if !found {
            self.at = start;
        }
        found
    }

    /// Takes letters, digits and underscores.
    pub(crate) fn identifier(&mut self) -> &'text str {
        let rest = self.rest();
        let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or("")
    }

    /// Takes so many bytes; nothing where they would cut a character or reach beyond the end.
    pub(crate) fn skip(&mut self, bytes: usize) -> &'text str {
        let taken = self.rest().get(..bytes).unwrap_or("");
        self.at += taken.len();
        taken
    }

    /// The word or sign that is read next; nothing at the end.
    pub(crate) fn here(&self) -> Range<usize> {
        let rest = self.rest();
        let mut ahead = Parser { text: self.text, at: self.at, depth: 0 };
        let length = match ahead.identifier().len() {
            0 => rest.chars().next().map_or(0, char::len_utf8),
            length => length,
        };
        self.at..self.at + length
    }

    fn found(&self) -> &'text str {
        self.text.get(self.here()).unwrap_or("")
    }

    pub(crate) fn error(&self, at: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> FilterError {
        FilterError::new(self.text, at, message, help)
    }
}
