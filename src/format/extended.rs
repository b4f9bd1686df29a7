//! nginx's combined format with the fields that are often added behind it, so that durations are counted.
//!
//! nginx has no format of this kind that bears a name; these are the ones its documentation and its users write. A line
//! whose end is not like this, or that was cut in it, still is a line of the combined format, and is read as one. A format
//! is told by lines that have the end ([`LineFormat::fits`]): durations of nginx, which have three decimals, and nothing
//! behind them.
//!
//! Sources: nginx `ngx_http_log_module`; "Configuring Logging" of NGINX's administration guide (`upstream_time`);
//! ingress-nginx, "Log format" (`upstreaminfo`).

use super::clf::Clf;
use super::clf_fast::ClfFast;
use super::custom::{self, Program};
use super::fast::Fast;
use super::framed::{self, Read};
use super::record::Parsed;
use super::tailed::Tailed;
use super::{LineFormat, catalogue::FormatOptions};
use bumpalo::Bump;
use std::sync::Arc;

/// One of these formats.
pub struct Tail {
    /// The name of the format.
    pub name: &'static str,
    /// What stands behind the combined fields.
    pub fields: &'static str,
}

/// All of them.
pub const TAILS: [Tail; 6] = [
    Tail { name: "combined_time", fields: " $request_time" },
    Tail { name: "combined_upstream", fields: " $request_time $upstream_response_time" },
    Tail { name: "forwarded_time", fields: " \"$http_x_forwarded_for\" $request_time" },
    Tail { name: "forwarded_upstream", fields: " \"$http_x_forwarded_for\" $request_time $upstream_response_time" },
    Tail {
        name: "upstream_time",
        fields: " rt=$request_time uct=\"$upstream_connect_time\" uht=\"$upstream_header_time\" \
                 urt=\"$upstream_response_time\"",
    },
    Tail {
        name: "ingress_nginx",
        fields: " $request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr \
                 $upstream_response_length $upstream_response_time $upstream_status $req_id",
    },
];

/// The combined format and what stands behind it.
#[derive(Clone, Debug)]
pub struct Extended {
    name: &'static str,
    combined: Clf,
    tail: Program,
}

impl Extended {
    /// The format of a tail; a request that is exactly the heartbeat is a sign of life.
    pub fn make(tail: &Tail, options: &FormatOptions) -> Arc<dyn LineFormat> {
        let combined = Clf::new(false, true, &options.heartbeat);
        match custom::tail(tail.fields) {
            Ok(program) => Arc::new(Extended { name: tail.name, combined, tail: program }),
            // No tail is wrong: a test compiles them all.
            Err(_) => Arc::new(combined),
        }
    }

    fn record<'line>(&self, text: &'line [u8]) -> Read<'line> {
        let (mut parsed, mut rest) = self.combined.record(text)?;
        if let Parsed::Access(access, _) = &mut parsed {
            match self.tail.add(rest, access) {
                Ok(behind) => rest = behind,
                Err(_) => (access.latency_micros, access.bytes_read) = (None, None),
            }
        }
        Ok((parsed, rest))
    }
}

impl LineFormat for Extended {
    fn name(&self) -> &str {
        self.name
    }

    fn parse<'line>(&self, line: &'line [u8], scratch: &'line Bump) -> Parsed<'line> {
        framed::parse(line, scratch, |text| self.record(text))
    }

    fn fast(&self) -> Option<Fast> {
        let head = ClfFast::new(false, true, self.combined.heartbeat());
        Some(Fast::Tailed(Box::new(Tailed::new(head, false, self.tail.clone()))))
    }

    fn fits(&self, line: &[u8], scratch: &Bump) -> bool {
        let _ = scratch;
        match self.combined.record(line) {
            Ok((Parsed::Access(mut access, _), rest)) => self.tail.add(rest, &mut access).is_ok_and(<[u8]>::is_empty),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::detect::detect;

    const COMBINED: &str =
        "192.0.2.1 - frank [10/Oct/2025:13:55:36 +0000] \"GET /a HTTP/1.1\" 200 2326 \"-\" \"curl/8.5.0\"";

    fn named(name: &str) -> Arc<dyn LineFormat> {
        let tail = TAILS.iter().find(|tail| tail.name == name).unwrap();
        Extended::make(tail, &FormatOptions::default())
    }

    #[test]
    fn durations_are_read_from_the_end() {
        for (what, name, end, micros, read) in [
            ("one", "combined_time", " 0.012", Some(12_000), None),
            ("with the upstream's", "combined_upstream", " 0.012 0.010", Some(12_000), None),
            ("no upstream", "combined_upstream", " 0.012 -", Some(12_000), None),
            ("several upstreams", "combined_upstream", " 0.512 0.500, 0.010 : 0.002", Some(512_000), None),
            ("behind an address", "forwarded_time", " \"198.51.100.7, 10.0.0.1\" 1.000", Some(1_000_000), None),
            ("all of it", "forwarded_upstream", " \"-\" 0.012 0.010", Some(12_000), None),
            ("with names", "upstream_time", " rt=0.012 uct=\"0.000\" uht=\"0.010\" urt=\"0.010\"", Some(12_000), None),
            (
                "Kubernetes",
                "ingress_nginx",
                " 512 0.012 [default-web-80] [] 10.1.0.7:8080, 10.1.0.8:8080 0, 2326 0.001, 0.010 502, 200 4cb5b3a2",
                Some(12_000),
                Some(512),
            ),
            ("none: a combined line", "combined_time", "", None, None),
            ("cut", "combined_time", " 0.01", None, None),
            ("another number", "combined_time", " 17", None, None),
            ("another end", "combined_time", " \"-\" 0.012", None, None),
        ] {
            let line = format!("{COMBINED}{end}");
            let scratch = Bump::new();
            let parsed = named(name).parse(line.as_bytes(), &scratch);
            let Parsed::Access(access, 0) = parsed else { panic!("{what}: {line}: {parsed:?}") };
            assert_eq!((access.latency_micros, access.bytes_read), (micros, read), "{what}: {line}");
            assert_eq!((access.user, access.agent), (&b"frank"[..], &b"curl/8.5.0"[..]), "{what}: {line}");
        }
    }

    #[test]
    fn records_are_glued_behind_the_end() {
        let line = format!("{COMBINED} \"-\" 0.012 0.010 {COMBINED} \"-\" 0.013 -");
        let scratch = Bump::new();
        let parsed = named("forwarded_upstream").parse(line.as_bytes(), &scratch);
        assert!(matches!(parsed, Parsed::Access(access, 1) if access.latency_micros == Some(12_000)), "{parsed:?}");
    }

    #[test]
    fn only_lines_that_have_the_end_are_told_to_be_of_such_a_format() {
        for (what, end, expected) in [
            ("nothing", "", "combined"),
            ("a forwarded-for list (the packaged nginx.conf)", " \"198.51.100.7, 10.0.0.1\"", "combined"),
            ("microseconds of Apache, or anything else", " 12345", "combined"),
            ("a ratio of compression", " 3.25", "combined"),
            ("a moment", " 1761019305.123", "combined"),
            ("a duration and something else", " 0.012 x", "combined"),
            ("a duration", " 0.012", "combined_time"),
            ("both durations", " 0.012 0.010", "combined_upstream"),
            ("an upstream that was not asked", " 0.012 -", "combined_upstream"),
            ("a forwarded-for and a duration", " \"-\" 0.012", "forwarded_time"),
            ("a forwarded-for and both", " \"-\" 0.012 0.010", "forwarded_upstream"),
        ] {
            let head = format!("{COMBINED}{end}\n").repeat(10);
            let found = detect(head.as_bytes(), &FormatOptions::default()).unwrap();
            assert_eq!(found.name(), expected, "{what}: {end}");
            // A few lines that were cut, or of the time before the format was changed, make no difference.
            let head = format!("{}{COMBINED}\n{}\n", head.repeat(2), &COMBINED[..60]);
            let found = detect(head.as_bytes(), &FormatOptions::default()).unwrap();
            assert_eq!(found.name(), expected, "{what}, and some without: {end}");
        }
    }
}
