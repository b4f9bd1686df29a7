//! Readers of regular lines: formats whose lines are known by the positions of their marks (see [`crate::scan`]).
//!
//! Most lines of a log are written by one program in one shape. A reader takes the lines that have it, at the speed of
//! the scan, and leaves every other line to the format's careful parser. So it needs no rule for odd lines and is still
//! exact: of every line that it takes it says what [`super::LineFormat::parse`] says. Tests hold it to that.

use super::clf_fast::ClfFast;
use super::json::Json;
use super::record::Access;
use super::syslog;
use super::tailed::Tailed;
use bumpalo::Bump;

/// A reader of one format's regular lines.
#[derive(Clone, Debug)]
pub enum Fast {
    /// The common log format and its relatives.
    Clf(ClfFast),
    /// The combined log format with something behind it.
    Tailed(Box<Tailed>),
    /// JSON lines.
    Json(Box<Json>),
    /// Another format behind a syslog header.
    Syslog(Box<Fast>),
}

/// A regular line: the record, how many marks it has (its newline the last), and where its newline stands.
pub struct Regular<'line> {
    /// What the line says.
    pub access: Access<'line>,
    /// Marks of the line, its newline among them.
    pub marks: usize,
    /// Position of its newline.
    pub newline: usize,
}

/// Reads regular lines. A trait, so that the loop over lines is compiled for each reader: a record is then built where
/// it is kept, and not copied there.
pub trait ReadRegular {
    /// Reads the line that starts at `start` of `text` and whose marks are the first of `marks`, if it is regular.
    /// `scratch` takes texts whose escapes had to be undone.
    fn regular<'line>(
        &mut self,
        text: &'line [u8],
        start: usize,
        marks: &[u32],
        scratch: &'line Bump,
    ) -> Option<Regular<'line>>;
}

impl ReadRegular for Fast {
    #[inline(always)]
    fn regular<'line>(
        &mut self,
        text: &'line [u8],
        start: usize,
        marks: &[u32],
        scratch: &'line Bump,
    ) -> Option<Regular<'line>> {
        match self {
            Fast::Clf(fast) => fast.regular(text, start, marks, scratch),
            Fast::Tailed(fast) => fast.regular(text, start, marks, scratch),
            Fast::Json(json) => json.regular(text, start, marks, scratch),
            Fast::Syslog(inner) => behind_header(inner, text, start, marks, scratch),
        }
    }
}

/// Reads the line behind its syslog header.
#[inline(never)]
fn behind_header<'line>(
    inner: &mut Fast,
    text: &'line [u8],
    start: usize,
    marks: &[u32],
    scratch: &'line Bump,
) -> Option<Regular<'line>> {
    // What stands before the first mark is not the whole line, but enough of it where the message begins in it.
    let head = text.get(start..*marks.first()? as usize)?;
    let message = syslog::message(head).filter(|message| !message.trim_ascii().is_empty())?;
    let start = start + head.len() - message.len();
    match inner {
        Fast::Clf(fast) => fast.regular(text, start, marks, scratch),
        Fast::Tailed(fast) => fast.regular(text, start, marks, scratch),
        Fast::Json(json) => json.regular(text, start, marks, scratch),
        Fast::Syslog(_) => None,
    }
}
