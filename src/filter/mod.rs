//! record -> kept or left out, before anything is counted.
//!
//! # The language
//!
//! A filter is a condition, or conditions joined by `and`, `or`, `not` and parentheses; `&&`, `||` and `!` say the same.
//! `not` binds tightest, then `and`, then `or`. A condition is a field, an operator and a value:
//!
//! ```text
//! status >= 500                               5xx and worse
//! status = 5xx                                a class; also status in {4xx, 5xx} and status in 500..599
//! path ~ ^/api/ and not bot                   a regular expression
//! path ~ "^/a b/" or agent ~ (curl|Wget)      one in quotes
//! client in {10.0.0.0/8, ::1, example.org}    networks, addresses, names
//! bytes > 10MiB and latency >= 250ms          units
//! weekday in sat..sun or hour in 22..5        ends of a range belong to it; days and hours go round
//! level >= warn and module = ssl              error logs: at least as grave as
//! user != -                                   records that have a user
//! ```
//!
//! | fields | values | operators |
//! | --- | --- | --- |
//! | `method` `path` (without query) `query` `target` (both) `protocol` `user` `vhost` `referrer` (`referer`) `agent` `module` `message` | text, compared byte by byte | `=` `!=` `in` `not in` `~` `!~` |
//! | `client` | an address in any spelling, a network, else text | the same |
//! | `status` | 0 to 999, `5xx` | `=` `!=` `<` `<=` `>` `>=` `in` `not in` |
//! | `bytes` (`bytes_sent`), `bytes_read` | a size: `10MiB`, `1k` | the same |
//! | `latency` | a duration: `250ms`, `1.5s`; bare numbers are seconds | the same |
//! | `hour`, `weekday` | 0 to 23, `mon` to `sun`; of the record's wall clock | the same |
//! | `time` | RFC 3339 with offset | the same |
//! | `level` | `debug` to `emerg`; the graver is the greater | the same |
//! | `bot` | stands alone | |
//!
//! `=` (also written `==`) is `in` with one value, and `!=` is `not in`: what one takes the other does.
//!
//! # Values
//!
//! A value is a bare word, which ends at white space, at one of `( ) { } , "`, or at `&&` or `||`, or it is quoted:
//! `"a b"`, with `\"`, `\\`, `\t`, `\r` and `\n` for what cannot be written as it is.
//!
//! A regular expression is that of the regex crate, unanchored, on bytes. Bare, it runs to the end of the filter, to a
//! white space that is followed by `and`, `or`, `&&` or `||`, or to a `)` that it did not open; so `path~^/api/` and
//! `agent~Windows NT` are complete filters, and `(path~^/(a|b)$ or bot) and status=200` means what it says. A pattern
//! that holds the word `and` is quoted. In quotes it is not unescaped: a backslash belongs to the pattern, for which
//! `\"` is a quote. Slashes around it are part of it, since paths are full of them.
//!
//! # What is not there
//!
//! A value that a record does not have, or writes as `-`, is absent. All conditions on it are false, but those that deny
//! (`!=`, `not in`, `!~`) are true, and `= -` asks for it. An error entry has a time, level, module, client and message
//! and nothing else; a request has no level, module or message. Neither an error entry nor a request without agent is a
//! bot's.
//!
//! # How it runs
//!
//! Text is parsed to a tree ([`syntax`]), whose types are checked while it is compiled to tests on a record; these ask
//! the cheap questions first and allocate nothing. Wrong text never panics: it makes a [`FilterError`] that points at the
//! place. Length, nesting and the size of patterns are bounded.

mod client;
mod compile;
mod field;
pub(crate) mod nearest;
mod node;
pub(crate) mod parse;
mod ranges;
pub(crate) mod record;
pub mod syntax;
pub mod time_range;
pub mod units;
mod value;

#[cfg(test)]
mod naive;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use crate::text_error::TextError as FilterError;
pub use field::{Field, Number, Text};

use crate::format::record::{Access, ErrorEntry};
use node::Node;
use std::fmt;
use syntax::Expr;

/// A compiled filter. Prints as text that parses to it again.
///
/// Clone it once for each thread: a clone has regular-expression caches of its own, which threads would otherwise wait
/// for.
#[derive(Clone, Debug)]
pub struct Filter {
    expr: Expr,
    node: Node,
}

impl Filter {
    /// The filter that a text describes.
    pub fn parse(text: &str) -> Result<Filter, FilterError> {
        Filter::of(parse::parse(text)?, text)
    }

    /// The filter of a tree that was parsed from `text`.
    fn of(expr: Expr, text: &str) -> Result<Filter, FilterError> {
        let node = compile::compile(&expr, text)?;
        Ok(Filter { expr, node })
    }

    /// Keeps what every one of `filters` keeps; without any, everything.
    pub fn all(filters: Vec<Filter>) -> Filter {
        match <[Filter; 1]>::try_from(filters) {
            Ok([only]) => only,
            Err(filters) => {
                let (exprs, nodes) = filters.into_iter().map(|filter| (filter.expr, filter.node)).unzip();
                Filter { expr: Expr::And(exprs), node: Node::all(nodes) }
            }
        }
    }

    /// Whether nothing is left out, so that no record need be asked about: true of [`all`](Self::all) of nothing.
    pub fn keeps_everything(&self) -> bool {
        self.node.is_always()
    }

    /// Whether a request is kept. `is_bot` classes an agent; it is asked only where the answer matters, and never for an
    /// absent agent.
    #[inline]
    pub fn keep_access(&self, access: &Access<'_>, mut is_bot: impl FnMut(&[u8]) -> bool) -> bool {
        self.node.holds(access, &mut is_bot)
    }

    /// Whether an entry of an error log is kept.
    #[inline]
    pub fn keep_error(&self, entry: &ErrorEntry<'_>) -> bool {
        self.node.holds(entry, &mut |_: &[u8]| false)
    }

    /// Whether a record of either kind is kept.
    #[inline]
    pub(crate) fn keep(&self, record: &impl record::Record, is_bot: &mut impl FnMut(&[u8]) -> bool) -> bool {
        self.node.holds(record, is_bot)
    }

    /// What was parsed.
    pub fn expr(&self) -> &Expr {
        &self.expr
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr.fmt(f)
    }
}
