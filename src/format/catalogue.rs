//! Every format by name, with an example line.

use super::LineFormat;
use super::clf::Clf;
use super::custom;
use super::elb::{self, Elb};
use super::error_apache::{self, ApacheError};
use super::error_nginx::{self, NginxError};
use super::error_visor::{self, VisorError};
use super::extended::{Extended, TAILS};
use super::fast::Fast;
use super::haproxy::{self, Haproxy};
use super::json::{self, Json};
use super::record::{Parsed, Reason};
use super::syslog::{self, Syslog};
use super::traefik::{self, Traefik};
use super::w3c::{self, W3c};
use bumpalo::Bump;
use std::sync::Arc;

/// What formats need to know.
#[derive(Clone, Debug)]
pub struct FormatOptions {
    /// A request or message that is exactly this is a sign of life.
    pub heartbeat: Vec<u8>,
}

impl Default for FormatOptions {
    fn default() -> Self {
        FormatOptions { heartbeat: b"HEARTBEAT".to_vec() }
    }
}

/// One named format.
pub struct Entry {
    /// The name that `--format` takes and the report shows.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Its fields, in order.
    pub fields: &'static str,
    /// A line of it, behind the directive that it needs.
    pub example: &'static str,
    /// Makes it.
    pub make: fn(&FormatOptions) -> Arc<dyn LineFormat>,
}

macro_rules! combined_example {
    () => {
        "192.0.2.1 - frank [10/Oct/2025:13:55:36 +0000] \"GET /a HTTP/1.1\" 200 2326 \"https://example.org/\" \"curl/8.5.0\""
    };
}

/// All named formats; where two fit an input equally well, the earlier one is taken.
pub const ENTRIES: &[Entry] = &[
    Entry {
        name: "vhost_combined",
        about: "Apache's vhost_combined: the virtual host before the combined log format",
        fields: "vhost:port client ident user [time] \"request\" status bytes \"referrer\" \"agent\"",
        example: "www.example.org:443 192.0.2.1 - - [10/Oct/2025:13:55:36 +0000] \"GET /a HTTP/1.1\" 200 2326 \"-\" \"curl/8.5.0\"",
        make: |options| Arc::new(Clf::new(true, true, &options.heartbeat)),
    },
    Entry {
        name: "traefik",
        about: "Traefik's access log in its common format (json reads the other one)",
        fields: "client ident user [time] \"request\" status bytes \"referrer\" \"agent\" number \"router\" \"server\" latency",
        example: traefik::EXAMPLE,
        make: |options| Arc::new(Traefik::new(&options.heartbeat)),
    },
    Entry {
        name: TAILS[0].name,
        about: "nginx's combined format with its request time",
        fields: "client ident user [time] \"request\" status bytes \"referrer\" \"agent\" latency",
        example: concat!(combined_example!(), " 0.012"),
        make: |options| Extended::make(&TAILS[0], options),
    },
    Entry {
        name: TAILS[1].name,
        about: "the same with the upstream's time",
        fields: "client ident user [time] \"request\" status bytes \"referrer\" \"agent\" latency upstream_times",
        example: concat!(combined_example!(), " 0.012 0.010, 0.001"),
        make: |options| Extended::make(&TAILS[1], options),
    },
    Entry {
        name: TAILS[2].name,
        about: "nginx's combined format with a forwarded-for list and its request time",
        fields: "client ident user [time] \"request\" status bytes \"referrer\" \"agent\" \"forwarded_for\" latency",
        example: concat!(combined_example!(), " \"198.51.100.7, 10.0.0.1\" 0.012"),
        make: |options| Extended::make(&TAILS[2], options),
    },
    Entry {
        name: TAILS[3].name,
        about: "the same with the upstream's time",
        fields: "client ident user [time] \"request\" status bytes \"referrer\" \"agent\" \"forwarded_for\" latency upstream_times",
        example: concat!(combined_example!(), " \"-\" 0.012 0.010"),
        make: |options| Extended::make(&TAILS[3], options),
    },
    Entry {
        name: TAILS[4].name,
        about: "upstream_time of NGINX's administration guide: the combined format with named times",
        fields: "client ident user [time] \"request\" status bytes \"referrer\" \"agent\" rt=latency uct=\"seconds\" uht=\"seconds\" urt=\"upstream_times\"",
        example: concat!(combined_example!(), " rt=0.012 uct=\"0.000\" uht=\"0.010\" urt=\"0.010\""),
        make: |options| Extended::make(&TAILS[4], options),
    },
    Entry {
        name: TAILS[5].name,
        about: "the access log of Kubernetes' ingress-nginx",
        fields: "client ident user [time] \"request\" status bytes \"referrer\" \"agent\" bytes_read latency [upstream] [alternative] addresses lengths upstream_times statuses id",
        example: concat!(combined_example!(), " 512 0.012 [web-80] [] 10.0.0.1:80 2326 0.010 200 4cb5b3a2"),
        make: |options| Extended::make(&TAILS[5], options),
    },
    Entry {
        name: "combined",
        about: "the combined log format of Apache and nginx; further fields may follow",
        fields: "client ident user [time] \"request\" status bytes \"referrer\" \"agent\"",
        example: combined_example!(),
        make: |options| Arc::new(Clf::new(false, true, &options.heartbeat)),
    },
    Entry {
        name: "vhost_common",
        about: "the virtual host before the common log format",
        fields: "vhost:port client ident user [time] \"request\" status bytes",
        example: "www.example.org:443 192.0.2.1 - - [10/Oct/2025:13:55:36 +0000] \"GET /a HTTP/1.1\" 200 2326",
        make: |options| Arc::new(Clf::new(true, false, &options.heartbeat)),
    },
    Entry {
        name: "common",
        about: "the common log format",
        fields: "client ident user [time] \"request\" status bytes",
        example: "192.0.2.1 - frank [10/Oct/2025:13:55:36 +0000] \"GET /a HTTP/1.1\" 200 2326",
        make: |options| Arc::new(Clf::new(false, false, &options.heartbeat)),
    },
    Entry {
        name: "apache-error",
        about: "the error log of Apache 2.0, 2.2 and 2.4",
        fields: "[time] [module:level] [pid:tid] [client] message",
        example: error_apache::EXAMPLE,
        make: |options| Arc::new(ApacheError::new(&options.heartbeat)),
    },
    Entry {
        name: "nginx-error",
        about: "the error log of nginx",
        fields: "time [level] pid#tid: *connection message, client: client, ...",
        example: error_nginx::EXAMPLE,
        make: |options| Arc::new(NginxError::new(&options.heartbeat)),
    },
    Entry {
        name: "visor-error",
        about: "the error log that Visor's generator wrote",
        fields: "[time] [LEVEL] [pid P:tid T] [client] message",
        example: error_visor::EXAMPLE,
        make: |options| Arc::new(VisorError::new(&options.heartbeat)),
    },
    Entry {
        name: "json",
        about: "JSON lines of Caddy, Traefik and nginx (escape=json); json:client=ip,status=code,... maps other keys",
        fields: "time client user vhost request|method path protocol status bytes bytes_read latency referrer agent; level module message",
        example: json::EXAMPLE,
        make: |options| Arc::new(Json::new(&options.heartbeat)),
    },
    Entry {
        name: "w3c",
        about: "W3C's extended log format of IIS, CloudFront and others, by its #Fields line; w3c:date time ... names them",
        fields: "date time c-ip cs-username cs-host cs-method cs-uri-stem cs-uri-query cs-version sc-status sc-bytes \
                 cs-bytes time-taken cs(Referer) cs(User-Agent)",
        example: w3c::EXAMPLE,
        make: |_| Arc::new(W3c::without_fields()),
    },
    Entry {
        name: "alb",
        about: "the access log of AWS's application load balancer",
        fields: "type time elb client:port target:port 3 times status target_status bytes_read bytes \"request\" \"agent\" ...",
        example: elb::EXAMPLE_ALB,
        make: |options| Arc::new(Elb::new(false, &options.heartbeat)),
    },
    Entry {
        name: "elb",
        about: "the access log of AWS's classic load balancer",
        fields: "time elb client:port target:port 3 times status target_status bytes_read bytes \"request\" \"agent\" ...",
        example: elb::EXAMPLE_ELB,
        make: |options| Arc::new(Elb::new(true, &options.heartbeat)),
    },
    Entry {
        name: "haproxy",
        about: "HAProxy's HTTP log; behind a syslog header it is syslog:haproxy",
        fields: "client:port [time] frontend backend/server timers status bytes ... \"request\"",
        example: haproxy::EXAMPLE,
        make: |options| Arc::new(Haproxy::new(&options.heartbeat)),
    },
    Entry {
        name: "syslog:combined",
        about: "any of these formats behind a syslog header (RFC 3164, RFC 5424): syslog:NAME",
        fields: "[<priority>] time host tag: and the fields of the format",
        example: syslog::EXAMPLE,
        make: |options| Arc::new(Syslog::new(Arc::new(Clf::new(false, true, &options.heartbeat)), &options.heartbeat)),
    },
];

/// The format that `--format` names: a name, or several with commas between, tried in this order on each line. The name
/// `json` may be followed by the keys of its fields, `json:client=ip,status=code`, and `w3c` by its columns, for a log
/// that has lost its `#Fields` line: `w3c:date time c-ip`. Behind `syslog:` stands any other name. What has a `%` or a `$`
/// and does not begin with a name is a server's format string, see `custom`, commas and all; it may stand behind
/// `syslog:` too.
pub fn by_name(spec: &str, options: &FormatOptions) -> Result<Arc<dyn LineFormat>, String> {
    if is_format_string(spec) {
        return one_by_name(spec, options);
    }
    let formats: Result<Vec<_>, String> = names(spec).iter().map(|name| one_by_name(name, options)).collect();
    let formats = formats?;
    Ok(match <[_; 1]>::try_from(formats) {
        Ok([only]) => only,
        Err(several) => Arc::new(AnyOf { name: spec.to_string(), formats: several }),
    })
}

/// The names in a list of them; keys of JSON fields, which have commas between too, belong to the name before.
fn names(spec: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for part in spec.split(',') {
        match names.last_mut() {
            Some(json) if json.contains("json:") && part.contains('=') => json.extend([",", part]),
            _ => names.push(part.trim().to_string()),
        }
    }
    names
}

/// Whether a text is one format string, and not names.
fn is_format_string(spec: &str) -> bool {
    let first = spec.split(',').next().unwrap_or(spec).trim();
    let is_name = ["json:", "w3c:"].iter().any(|prefix| first.starts_with(prefix));
    match first.strip_prefix("syslog:") {
        Some(_) => spec.split_once("syslog:").is_some_and(|(_, inner)| is_format_string(inner)),
        None => !is_name && custom::is_format_string(spec) && ENTRIES.iter().all(|entry| entry.name != first),
    }
}

fn one_by_name(name: &str, options: &FormatOptions) -> Result<Arc<dyn LineFormat>, String> {
    if let Some(mappings) = name.strip_prefix("json:") {
        return Ok(Arc::new(Json::mapped(mappings, &options.heartbeat)?));
    }
    if let Some(columns) = name.strip_prefix("w3c:") {
        return Ok(Arc::new(W3c::new(columns.as_bytes())?));
    }
    if let Some(inner) = name.strip_prefix("syslog:") {
        if inner.starts_with("syslog") {
            return Err(format!("in {name:?} stands one syslog header behind another; one is taken off"));
        }
        return Ok(Arc::new(Syslog::new(one_by_name(inner, options)?, &options.heartbeat)));
    }
    if is_format_string(name) {
        return custom::format(name, &options.heartbeat).map_err(|error| error.to_string());
    }
    let entry = ENTRIES.iter().find(|entry| entry.name == name).ok_or_else(|| {
        let names: Vec<_> = ENTRIES.iter().map(|entry| entry.name).collect();
        format!("no format is called {name:?}; known are {}", names.join(", "))
    })?;
    Ok((entry.make)(options))
}

/// Several formats in one input: the first that understands a line has it.
#[derive(Debug)]
struct AnyOf {
    name: String,
    formats: Vec<Arc<dyn LineFormat>>,
}

impl LineFormat for AnyOf {
    fn name(&self) -> &str {
        &self.name
    }

    fn parse<'line>(&self, line: &'line [u8], scratch: &'line Bump) -> Parsed<'line> {
        let mut first = Parsed::Malformed(Reason::Shape);
        for (at, format) in self.formats.iter().enumerate() {
            match format.parse(line, scratch) {
                Parsed::Malformed(reason) if at == 0 => first = Parsed::Malformed(reason),
                Parsed::Malformed(_) => {}
                understood => return understood,
            }
        }
        first
    }

    fn fast(&self) -> Option<Fast> {
        // A line that the first one understands is its.
        self.formats.first()?.fast()
    }

    fn directive(&self, line: &[u8]) -> Option<Arc<dyn LineFormat>> {
        let (at, next) =
            self.formats.iter().enumerate().find_map(|(at, format)| Some((at, format.directive(line)?)))?;
        let mut formats = self.formats.clone();
        formats[at] = next;
        Some(Arc::new(AnyOf { name: self.name.clone(), formats }))
    }

    fn directive_mark(&self) -> Option<&'static [u8]> {
        self.formats.iter().find_map(|format| format.directive_mark())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_is_understood_by_its_own_format() {
        for entry in ENTRIES {
            let mut format = by_name(entry.name, &FormatOptions::default()).unwrap();
            assert_eq!(format.name(), entry.name);
            let scratch = Bump::new();
            let mut lines = entry.example.lines().map(str::as_bytes).rev();
            let record = lines.next().unwrap();
            for directive in lines {
                assert_eq!(format.parse(directive, &scratch), Parsed::Directive, "{}", entry.name);
                assert!(directive.starts_with(format.directive_mark().unwrap()), "{}", entry.name);
                format = format.directive(directive).unwrap();
            }
            let parsed = format.parse(record, &scratch);
            assert!(matches!(parsed, Parsed::Access(..) | Parsed::Error(_)), "{}: {parsed:?}", entry.name);
        }
    }

    #[test]
    fn a_directive_is_for_the_format_among_several_that_knows_it() {
        let format = by_name("common,w3c", &FormatOptions::default()).unwrap();
        let scratch = Bump::new();
        let (directive, record) = w3c::EXAMPLE.split_once('\n').unwrap();
        assert_eq!(format.directive_mark(), Some(w3c::MARK));
        assert_eq!(format.parse(directive.as_bytes(), &scratch), Parsed::Directive);
        assert!(matches!(format.parse(record.as_bytes(), &scratch), Parsed::Malformed(_)));
        let next = format.directive(directive.as_bytes()).unwrap();
        assert_eq!(next.name(), "common,w3c");
        assert!(matches!(next.parse(record.as_bytes(), &scratch), Parsed::Access(..)));
        assert!(format.directive(record.as_bytes()).is_none());
        assert!(by_name("common", &FormatOptions::default()).unwrap().directive_mark().is_none());
    }

    #[test]
    fn several_formats_share_an_input() {
        let format = by_name("common,visor-error", &FormatOptions::default()).unwrap();
        let scratch = Bump::new();
        let understood = |name: &str| {
            let example = ENTRIES.iter().find(|entry| entry.name == name).unwrap().example;
            !matches!(format.parse(example.as_bytes(), &scratch), Parsed::Malformed(_))
        };
        assert!(understood("common") && understood("visor-error") && !understood("nginx-error"));
    }

    #[test]
    fn keys_of_json_fields_may_stand_among_names() {
        let spec = "combined, json:client=ip, time=ts,status=code ,common";
        assert_eq!(names(spec), ["combined", "json:client=ip, time=ts,status=code ", "common"]);
        assert_eq!(names("json:a=b,json:c=d"), ["json:a=b,json:c=d"]);
        assert!(by_name(spec, &FormatOptions::default()).is_ok());
        let error = by_name("json:client=ip,cod=x", &FormatOptions::default()).unwrap_err();
        assert!(error.contains("\"cod\"") && error.contains("status, bytes"), "{error}");
    }

    #[test]
    fn an_unknown_name_is_told_with_the_known_ones() {
        let error = by_name("combind", &FormatOptions::default()).unwrap_err();
        assert!(error.contains("combind") && error.contains("combined"), "{error}");
    }
}
