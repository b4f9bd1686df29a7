//! line -> record, borrowed from the line.
//!
//! A format is compiled once and then parses any number of lines from any number of threads; it keeps no state between
//! lines, so lines may be parsed in any order.

pub mod catalogue;
mod clf;
mod clf_fast;
mod client;
mod custom;
mod decimal;
pub mod detect;
mod elb;
mod error_apache;
mod error_nginx;
mod error_visor;
mod extended;
pub mod fast;
mod framed;
pub mod goaccess;
mod haproxy;
mod json;
mod json_fast;
mod json_fields;
mod json_marks;
mod json_paths;
mod json_text;
mod json_walk;
mod moment;
pub mod record;
mod request;
mod shape;
mod syslog;
mod tailed;
mod time;
mod traefik;
mod value;
mod w3c;
mod w3c_columns;
mod w3c_text;

use bumpalo::Bump;
use record::Parsed;
use std::sync::Arc;

/// One log format: turns a line into what it says.
pub trait LineFormat: Send + Sync + std::fmt::Debug {
    /// The name that `visor-fast formats` prints and `--format` takes.
    fn name(&self) -> &str;

    /// Parses one line: without its ending (LF or CRLF), without leading NULs, not blank.
    ///
    /// The result borrows from the line, or from `scratch` where text had to be unescaped; `scratch` is emptied once
    /// the records made with it have been counted.
    fn parse<'line>(&self, line: &'line [u8], scratch: &'line Bump) -> Parsed<'line>;

    /// Whether a line is one that this format was made for, which is what detection counts. A format that also reads the
    /// lines of a poorer one says so of its own alone.
    fn fits(&self, line: &[u8], scratch: &Bump) -> bool {
        // A comment is no sign of a W3C log: any file may have some.
        !matches!(self.parse(line, scratch), Parsed::Malformed(_) | Parsed::Directive)
    }

    /// A reader of this format's regular lines, where it has one. What it reads, it reads as `parse` does.
    fn fast(&self) -> Option<fast::Fast> {
        None
    }

    /// The format of the lines after `line`, where that is a directive which says so: a `#Fields:` line of W3C. Formats
    /// keep no state between lines, so it is for the caller to go on with the new one.
    fn directive(&self, line: &[u8]) -> Option<Arc<dyn LineFormat>> {
        let _ = line;
        None
    }

    /// What the lines begin with that [`LineFormat::directive`] understands. Whoever starts in the middle of an input
    /// looks backwards for the last such line before.
    fn directive_mark(&self) -> Option<&'static [u8]> {
        None
    }
}
