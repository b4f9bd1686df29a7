//! Lines as GoAccess reads them, for a report that can be compared with its own.
//!
//! GoAccess takes and refuses other lines than the formats here do: no host names and no `ip:port`, a list of known
//! statuses, any text as a request; and it takes the fields apart in its own way. So the profile that counts as it does
//! begins here: [`reader`] makes of a format one that says of each line what GoAccess would say. The common and
//! combined formats are read by its rules from the first byte on (`line`). Of every other format the records are taken
//! as they are, checked and put into the same shape.
//!
//! In a record of such a format
//! - `target` and `agent` are percent-decoded and trimmed, `target` with its query;
//! - `method` and `protocol` are of GoAccess's lists (`request`), or both `-`, and then `target` is the whole request;
//! - `referrer` and `agent` are empty where GoAccess has none (a format without them, an agent `""`);
//! - a size that is no number is 0.
//!
//! Source: the behaviour of GoAccess 1.11 (<https://goaccess.io>), seen in its source and by running it.

mod line;
mod request;
pub mod status;
pub mod text;

use super::LineFormat;
use super::record::{Access, NONE, Parsed, Reason};
use bumpalo::Bump;
use line::Pattern;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// The format that reads the lines of `format` as GoAccess does, under the same name.
pub fn reader(format: Arc<dyn LineFormat>) -> Arc<dyn LineFormat> {
    match Pattern::of(format.name()) {
        Some(pattern) => Arc::new(pattern),
        None => Arc::new(Checked { inner: format }),
    }
}

/// Another format's records, put into GoAccess's shape.
#[derive(Debug)]
struct Checked {
    inner: Arc<dyn LineFormat>,
}

impl LineFormat for Checked {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn parse<'line>(&self, line: &'line [u8], scratch: &'line Bump) -> Parsed<'line> {
        if line.first() == Some(&b'#') {
            return Parsed::Directive;
        }
        match self.inner.parse(line, scratch) {
            Parsed::Access(access, _) => match shaped(access, scratch) {
                Ok(access) => Parsed::Access(access, 0),
                Err(reason) => Parsed::Malformed(reason),
            },
            Parsed::Error(_) => Parsed::Malformed(Reason::Shape),
            other => other,
        }
    }

    fn directive(&self, line: &[u8]) -> Option<Arc<dyn LineFormat>> {
        self.inner.directive(line).map(reader)
    }

    fn directive_mark(&self) -> Option<&'static [u8]> {
        self.inner.directive_mark()
    }
}

fn shaped<'line>(access: Access<'line>, scratch: &'line Bump) -> Result<Access<'line>, Reason> {
    if !is_address(access.client) {
        return Err(Reason::Client);
    }
    if status::number(access.status).is_none() {
        return Err(Reason::Status);
    }
    let (method, protocol) = (request::method(access.method), request::protocol(access.protocol));
    Ok(Access {
        method: method.unwrap_or(NONE),
        target: request::target(access.target, method.is_some(), scratch),
        protocol: protocol.unwrap_or(NONE),
        referrer: text::referrer(access.referrer),
        agent: text::decoded(access.agent, scratch),
        ..access
    })
}

/// Whether `inet_pton` takes a text for an IPv4 or IPv6 address: no zone, no port, no leading zeros.
fn is_address(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| text.parse::<Ipv4Addr>().is_ok() || text.parse::<Ipv6Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::catalogue::{ENTRIES, FormatOptions, by_name};

    #[test]
    fn every_format_has_a_reader_of_its_name() {
        for entry in ENTRIES {
            let format = reader((entry.make)(&FormatOptions::default()));
            assert_eq!(format.name(), entry.name);
            assert!(matches!(format.parse(b"# a comment", &Bump::new()), Parsed::Directive), "{}", entry.name);
        }
    }

    #[test]
    fn columns_named_in_the_log_are_followed() {
        let format = reader(by_name("w3c", &FormatOptions::default()).unwrap());
        let columns = b"#Fields: date time c-ip cs-method cs-uri-stem cs-uri-query sc-status";
        let format = format.directive(columns).unwrap();
        let scratch = Bump::new();
        let Parsed::Access(access, 0) = format.parse(b"2025-10-10 13:00:00 192.0.2.1 GET /%41 q=%42 200", &scratch)
        else {
            panic!("no record")
        };
        assert_eq!((access.method, access.target), (&b"GET"[..], &b"/A?q=B"[..]));
        for (line, reason) in [
            ("2025-10-10 13:00:00 host.example GET / - 200", Reason::Client),
            ("2025-10-10 13:00:00 192.0.2.1 GET / - 999", Reason::Status),
        ] {
            assert_eq!(format.parse(line.as_bytes(), &scratch), Parsed::Malformed(reason), "{line}");
        }
    }
}
