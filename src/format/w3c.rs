//! W3C's extended log format, whose `#Fields:` line says what its columns are: IIS, CloudFront, Tomcat.
//!
//! ```text
//! #Fields: date time c-ip cs-method cs-uri-stem cs-uri-query sc-status cs(User-Agent) time-taken
//! 2025-10-21 04:01:45 192.0.2.1 GET /a b=c 200 Mozilla/5.0+(X11;+Linux) 15
//! ```
//!
//! Formats keep no state between lines, so a W3C format is made from one `#Fields:` line and reads the lines up to the
//! next; [`LineFormat::directive`] makes the next one. Without columns it reads directives alone.
//!
//! Columns stand between tabs where a line has any (CloudFront), else between spaces. A column in double quotes may hold
//! both, its own quotes doubled; but IIS and CloudFront, known by their own columns, write no quotes, and one that a
//! client sent them stands for itself. Times are UTC. What IIS writes with `+` for a space, and CloudFront with `%20` or
//! `%2520`, is undone in the agent; the other texts stay as written. CloudFront writes `time-taken` in seconds; others
//! that write a point do too (Tomcat), and those that write none, milliseconds (IIS). A line that has more columns than
//! were named is read up to the last of them. Of equal columns the last one counts.
//!
//! Sources: W3C working draft WD-logfile-960323; "W3C Logging" of IIS; "Standard logging reference" of CloudFront;
//! Tomcat's `ExtendedAccessLogValve`.

use super::record::{Access, NONE, Parsed, Reason};
use super::w3c_columns::{Column, column};
use super::w3c_text::{cut, join, unplussed, unquoted, without_percents};
use super::{LineFormat, client, moment, value};
use bumpalo::Bump;
use std::sync::Arc;

/// Two lines of IIS for `visor-fast formats`.
pub const EXAMPLE: &str = concat!(
    "#Fields: date time cs-method cs-uri-stem cs-uri-query cs-username c-ip cs-version cs(User-Agent) cs(Referer) ",
    "cs-host sc-status sc-win32-status sc-bytes cs-bytes time-taken\n",
    "2025-10-21 04:01:45 GET /a b=c frank 192.0.2.1 HTTP/1.1 Mozilla/5.0+(X11;+Linux) https://example.org/ ",
    "www.example.org 200 0 2326 512 15"
);

/// What the line that names the columns begins with.
pub const MARK: &[u8] = b"#Fields:";

/// Who writes a log, as far as it matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Writer {
    CloudFront,
    Iis,
    #[default]
    Other,
}

/// Lines with the columns of one `#Fields:` line.
#[derive(Clone, Debug, Default)]
pub struct W3c {
    columns: Vec<Column>,
    writer: Writer,
}

impl W3c {
    /// The columns that a line `#Fields: date time ...` names, or the names alone.
    pub fn new(fields_line: &[u8]) -> Result<W3c, String> {
        let names = fields_line.strip_prefix(MARK).unwrap_or(fields_line).trim_ascii();
        let names = names.split(u8::is_ascii_whitespace).filter(|name| !name.is_empty());
        let columns: Vec<Column> = names.clone().map(column).collect();
        if columns.iter().all(|column| *column == Column::Other) {
            return Err(format!(
                "no column is known in {:?}; a line such as \"#Fields: date time c-ip cs-method cs-uri-stem sc-status\" \
                 is expected",
                String::from_utf8_lossy(fields_line)
            ));
        }
        let has = |start: &[u8]| names.clone().any(|name| name.starts_with(start));
        let writer = if has(b"x-edge-") {
            Writer::CloudFront
        } else if has(b"sc-win32-status") || has(b"sc-substatus") || has(b"s-sitename") {
            Writer::Iis
        } else {
            Writer::Other
        };
        Ok(W3c { columns, writer })
    }

    /// A format that has no columns yet: it reads directives, and [`LineFormat::directive`] gives the one to go on with.
    pub fn without_fields() -> W3c {
        W3c::default()
    }

    fn read<'line>(&self, line: &'line [u8], scratch: &'line Bump) -> Result<Parsed<'line>, Reason> {
        let mut cells: [&[u8]; Column::COUNT] = [NONE; Column::COUNT];
        let separator = if memchr::memchr(b'\t', line).is_some() { b'\t' } else { b' ' };
        let has_quotes = self.writer == Writer::Other;
        let mut has_spaces = separator == b'\t';
        let mut rest = line;
        for column in &self.columns {
            let (text, behind) = cut(rest, separator, has_quotes)?;
            rest = behind;
            if *column == Column::Other {
                continue;
            }
            let inner = unquoted(text, scratch).filter(|_| has_quotes);
            has_spaces |= *column == Column::Agent && inner.is_some();
            cells[*column as usize] = value::or_none(inner.unwrap_or(text));
        }
        let cell = |column: Column| cells[column as usize];
        let first = |columns: &[Column]| columns.iter().map(|column| cell(*column)).find(|text| *text != NONE);

        let latency = cell(Column::TimeTaken);
        let is_seconds = self.writer == Writer::CloudFront || latency.contains(&b'.');
        let target = match cell(Column::Uri) {
            NONE => join(cell(Column::UriStem), cell(Column::UriQuery), scratch),
            uri => uri,
        };
        let agent = match cell(Column::Agent) {
            text if self.writer == Writer::CloudFront => without_percents(text, scratch),
            text if has_spaces => text,
            text => unplussed(text, scratch),
        };
        let access = Access {
            client: client::normalise(cell(Column::Client)),
            user: cell(Column::User),
            vhost: first(&[Column::HostHeader, Column::Host, Column::Computer]).map_or(NONE, value::host),
            method: cell(Column::Method),
            target,
            protocol: cell(Column::Protocol),
            referrer: cell(Column::Referrer),
            agent,
            status: value::status(cell(Column::Status))?,
            bytes_sent: value::bytes(cell(Column::BytesSent))?,
            bytes_read: value::bytes(cell(Column::BytesRead))?,
            latency_micros: value::latency_micros(latency, if is_seconds { 6 } else { 3 })?,
            ..Access::default()
        };
        if !self.columns.iter().any(|column| matches!(column, Column::Date | Column::Time)) {
            return Ok(Parsed::Untimed(access, 0));
        }
        let time = moment::date_and_clock(cell(Column::Date), cell(Column::Time)).ok_or(Reason::Time)?;
        Ok(Parsed::Access(Access { time, ..access }, 0))
    }
}

impl LineFormat for W3c {
    fn name(&self) -> &str {
        "w3c"
    }

    fn parse<'line>(&self, line: &'line [u8], scratch: &'line Bump) -> Parsed<'line> {
        if line.starts_with(b"#") {
            return Parsed::Directive;
        }
        if self.columns.is_empty() {
            return Parsed::Malformed(Reason::NoFields);
        }
        self.read(line, scratch).unwrap_or_else(Parsed::Malformed)
    }

    fn directive(&self, line: &[u8]) -> Option<Arc<dyn LineFormat>> {
        let format = line.starts_with(MARK).then(|| W3c::new(line).ok())??;
        Some(Arc::new(format))
    }

    fn directive_mark(&self) -> Option<&'static [u8]> {
        Some(MARK)
    }
}

#[cfg(test)]
#[path = "w3c_tests.rs"]
mod tests;
