//! A filter as written: a tree of conditions, before their values are understood.
//!
//! Trees print as text that parses to an equal tree. Equality is about what is said, not about where it stood.

use super::field::Field;
use std::fmt::{self, Write};
use std::ops::Range;

/// A condition, or conditions joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// A field, an operator and values.
    Test(Test),
    /// `bot`.
    Bot,
    /// `not`.
    Not(Box<Expr>),
    /// All of these; of nothing it is true.
    And(Vec<Expr>),
    /// At least one of these.
    Or(Vec<Expr>),
}

/// A field compared with one or more values.
#[derive(Clone, Debug)]
pub struct Test {
    /// What is compared.
    pub field: Field,
    /// How.
    pub op: Op,
    /// Where the operator stands in the text.
    pub op_at: Range<usize>,
    /// With what: one word, but for `in` and `not in` one or more.
    pub words: Vec<Word>,
}

impl PartialEq for Test {
    fn eq(&self, other: &Test) -> bool {
        (self.field, self.op, &self.words) == (other.field, other.op, &other.words)
    }
}

impl Eq for Test {}

/// A value as written, out of its quotes.
#[derive(Clone, Debug)]
pub struct Word {
    /// Its text; of a pattern the text with each bare `"` escaped.
    pub text: String,
    /// Where it stands, without its quotes.
    pub at: Range<usize>,
}

impl PartialEq for Word {
    fn eq(&self, other: &Word) -> bool {
        self.text == other.text
    }
}

impl Eq for Word {}

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// `=`, also written `==`.
    Eq,
    /// `!=`.
    Ne,
    /// `<`.
    Lt,
    /// `<=`.
    Le,
    /// `>`.
    Gt,
    /// `>=`.
    Ge,
    /// `~`: a match of a regular expression is found in it.
    Matches,
    /// `!~`: none is.
    MatchesNot,
    /// `in`.
    In,
    /// `not in`.
    NotIn,
}

impl Op {
    /// The operators made of signs, each before those that are its beginning.
    pub const SIGNS: [Op; 8] = [Op::Ne, Op::MatchesNot, Op::Le, Op::Ge, Op::Eq, Op::Lt, Op::Gt, Op::Matches];

    /// As it is written.
    pub fn text(self) -> &'static str {
        match self {
            Op::Eq => "=",
            Op::Ne => "!=",
            Op::Lt => "<",
            Op::Le => "<=",
            Op::Gt => ">",
            Op::Ge => ">=",
            Op::Matches => "~",
            Op::MatchesNot => "!~",
            Op::In => "in",
            Op::NotIn => "not in",
        }
    }

    /// Whether it is true of what the operator without its `not` is false of.
    pub fn denies(self) -> bool {
        matches!(self, Op::Ne | Op::MatchesNot | Op::NotIn)
    }
}

/// The words of the language, which are no values unless they are quoted.
pub const KEYWORDS: [&str; 4] = ["and", "or", "not", "in"];

/// Whether a bare word ends before this text.
pub fn ends_word(rest: &str) -> bool {
    rest.starts_with(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '{' | '}' | ',' | '"'))
        || rest.starts_with("&&")
        || rest.starts_with("||")
}

/// Whether a value needs no quotes.
fn is_bare(text: &str) -> bool {
    !text.is_empty()
        && !KEYWORDS.iter().any(|keyword| text.eq_ignore_ascii_case(keyword))
        && !text.starts_with(['=', '<', '>', '!', '~'])
        && text.char_indices().all(|(at, _)| !text.get(at..).is_some_and(ends_word))
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expr::Test(test) => write!(f, "{test}"),
            Expr::Bot => f.write_str("bot"),
            Expr::Not(inner) => {
                f.write_str("not ")?;
                write_part(f, inner, matches!(**inner, Expr::And(_) | Expr::Or(_)))
            }
            Expr::And(parts) => joined(f, parts, " and ", |part| matches!(part, Expr::And(_) | Expr::Or(_))),
            Expr::Or(parts) => joined(f, parts, " or ", |part| matches!(part, Expr::Or(_))),
        }
    }
}

fn joined(f: &mut fmt::Formatter<'_>, parts: &[Expr], joint: &str, in_parentheses: fn(&Expr) -> bool) -> fmt::Result {
    for (number, part) in parts.iter().enumerate() {
        if number > 0 {
            f.write_str(joint)?;
        }
        write_part(f, part, in_parentheses(part))?;
    }
    Ok(())
}

fn write_part(f: &mut fmt::Formatter<'_>, part: &Expr, in_parentheses: bool) -> fmt::Result {
    if in_parentheses { write!(f, "({part})") } else { write!(f, "{part}") }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.field.name(), self.op.text())?;
        match (self.op, &*self.words) {
            (Op::Matches | Op::MatchesNot, [pattern]) => write!(f, "\"{}\"", pattern.text),
            (_, [word]) => write!(f, "{word}"),
            (_, words) => {
                for (number, word) in words.iter().enumerate() {
                    write!(f, "{}{word}", if number == 0 { "{" } else { ", " })?;
                }
                f.write_char('}')
            }
        }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_bare(&self.text) {
            return f.write_str(&self.text);
        }
        f.write_char('"')?;
        for c in self.text.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                '\t' => f.write_str("\\t")?,
                '\r' => f.write_str("\\r")?,
                '\n' => f.write_str("\\n")?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}
