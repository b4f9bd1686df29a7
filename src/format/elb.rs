//! The access logs of AWS load balancers: `alb` (application) and `elb` (classic).
//!
//! ```text
//! type time elb client:port target:port t1 t2 t3 status target_status received sent "request" "agent" ...    alb
//!      time elb client:port target:port t1 t2 t3 status target_status received sent "request" "agent" ...    elb
//! ```
//!
//! The duration is the sum of the three times (waiting for a target, the target, the answer), each in seconds; -1 in
//! one of them means that it was not served to its end, and there is none. The request's target is absolute: its host
//! is the virtual host, and what stays is path and query. An IPv6 client without brackets has its port all the same.
//! The agent, which old classic logs lack, may be missing. The fields behind it are passed over, also new ones.
//!
//! A classic balancer that passes TCP through writes no status: such a line is no request and does not fit.
//!
//! Sources: AWS, "Access logs for your Application Load Balancer", "Access logs for your Classic Load Balancer".

use super::clf::{quoted, token};
use super::record::{Access, NONE, Parsed, Reason, Time};
use super::{LineFormat, client, moment, request, value};
use bumpalo::Bump;

/// A line of an application load balancer for `visor-fast formats`.
pub const EXAMPLE_ALB: &str = concat!(
    "https 2025-10-21T04:01:45.186641Z app/web/50dc6c495c0c9188 192.0.2.1:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 ",
    "512 2326 \"GET https://www.example.org:443/a?b HTTP/2.0\" \"curl/8.5.0\" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 ",
    "arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/web/7 \"Root=1-5\" \"www.example.org\" \"-\" 1 ",
    "2025-10-21T04:01:45.100000Z \"forward\" \"-\" \"-\" \"10.0.0.1:80\" \"200\" \"-\" \"-\""
);

/// A line of a classic load balancer for `visor-fast formats`.
pub const EXAMPLE_ELB: &str = concat!(
    "2025-10-21T04:01:45.943958Z web 192.0.2.1:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 ",
    "\"GET http://www.example.org:80/a?b HTTP/1.1\" \"curl/8.5.0\" - -"
);

/// The access log of a load balancer.
#[derive(Clone, Debug)]
pub struct Elb {
    is_classic: bool,
    heartbeat: Vec<u8>,
}

impl Elb {
    /// Of an application load balancer or a classic one; a request that is exactly `heartbeat` is a sign of life.
    pub fn new(is_classic: bool, heartbeat: &[u8]) -> Elb {
        Elb { is_classic, heartbeat: heartbeat.to_vec() }
    }

    fn read<'line>(&self, line: &'line [u8]) -> Result<Parsed<'line>, Reason> {
        let mut rest = line;
        if !self.is_classic {
            let kind = field(&mut rest)?;
            if !matches!(kind, b"http" | b"https" | b"h2" | b"grpcs" | b"ws" | b"wss") {
                return Err(Reason::Shape);
            }
        }
        let time = time(field(&mut rest)?)?;
        let _balancer = field(&mut rest)?;
        let client = client::with_port(field(&mut rest)?);
        let _target = field(&mut rest)?;
        let mut latency = Some(0u64);
        for _ in 0..3 {
            let micros = value::latency_micros(field(&mut rest)?, 6)?;
            latency = latency.zip(micros).and_then(|(sum, micros)| sum.checked_add(micros));
        }
        let (status, _target_status) = (field(&mut rest)?, field(&mut rest)?);
        let (read, sent) = (field(&mut rest)?, last_field(&mut rest)?);
        let (request, rest) = quoted(rest)?;
        if !request.is_empty() && request == self.heartbeat {
            return Ok(Parsed::Heartbeat(Some(time)));
        }
        let agent = if rest.is_empty() { NONE } else { quoted(rest)?.0 };
        let request = request::take_apart(request);
        let (vhost, target) = value::absolute(request.target);
        let access = Access {
            time,
            client,
            vhost,
            method: request.method,
            target,
            protocol: request.protocol,
            agent,
            status: value::status(status)?,
            bytes_sent: value::bytes(sent)?,
            bytes_read: value::bytes(read)?,
            latency_micros: latency,
            ..Access::default()
        };
        Ok(Parsed::Access(access, 0))
    }
}

impl LineFormat for Elb {
    fn name(&self) -> &str {
        if self.is_classic { "elb" } else { "alb" }
    }

    fn parse<'line>(&self, line: &'line [u8], _: &'line Bump) -> Parsed<'line> {
        self.read(line).unwrap_or_else(Parsed::Malformed)
    }
}

/// The next field, and moves behind the space that ends it.
fn field<'line>(rest: &mut &'line [u8]) -> Result<&'line [u8], Reason> {
    let field = last_field(rest)?;
    *rest = rest.strip_prefix(b" ").ok_or(Reason::Cut)?;
    Ok(field)
}

/// The next field, and moves to the space that ends it.
fn last_field<'line>(rest: &mut &'line [u8]) -> Result<&'line [u8], Reason> {
    let (field, behind) = token(rest);
    *rest = behind;
    if field.is_empty() { Err(Reason::Cut) } else { Ok(field) }
}

fn time(text: &[u8]) -> Result<Time, Reason> {
    moment::iso(text).ok_or(Reason::Time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse<'line>(line: &'line str, scratch: &'line Bump) -> Parsed<'line> {
        let is_classic = line.starts_with("20");
        Elb::new(is_classic, b"HEARTBEAT").parse(line.as_bytes(), scratch)
    }

    #[test]
    fn requests_through_both_balancers() {
        let scratch = Bump::new();
        let default = Access {
            time: Time { wall_seconds: 1_761_019_305, offset_seconds: 0, nanos: 186_641_000 },
            client: b"192.0.2.1",
            vhost: b"www.example.org",
            method: b"GET",
            target: b"/a?b",
            protocol: b"HTTP/2.0",
            agent: b"curl/8.5.0",
            status: 200,
            bytes_sent: Some(2326),
            bytes_read: Some(512),
            latency_micros: Some(171_000),
            ..Access::default()
        };
        let classic = Access {
            time: Time { nanos: 943_958_000, ..default.time },
            protocol: b"HTTP/1.1",
            bytes_sent: Some(29),
            bytes_read: Some(0),
            latency_micros: Some(1178),
            ..default
        };
        let alb = |from: &str, to: &str| EXAMPLE_ALB.replacen(from, to, 1);
        let elb = |from: &str, to: &str| EXAMPLE_ELB.replacen(from, to, 1);
        for (what, line, expected) in [
            ("alb", EXAMPLE_ALB.to_string(), default),
            ("elb", EXAMPLE_ELB.to_string(), classic),
            ("a field added later", format!("{EXAMPLE_ALB} TID_1 new"), default),
            ("IPv6", alb("192.0.2.1:", "[2001:db8::1]:"), Access { client: b"2001:db8::1", ..default }),
            ("IPv6 without brackets", alb("192.0.2.1:", "2001:db8::1:"), Access { client: b"2001:db8::1", ..default }),
            (
                "not dispatched",
                alb("0.086 0.048 0.037 200", "-1 -1 -1 460"),
                Access { status: 460, latency_micros: None, ..default },
            ),
            ("no target", alb("10.0.0.1:80 ", "- "), default),
            ("a target with spaces", alb("/a?b", "/a b?c"), Access { target: b"/a b?c", ..default }),
            (
                "a request that is none",
                alb("GET https://www.example.org:443/a?b HTTP/2.0", "- http://x:80- -"),
                Access { vhost: NONE, method: NONE, target: NONE, protocol: NONE, ..default },
            ),
            ("an old line without an agent", elb(" \"curl/8.5.0\" - -", ""), Access { agent: NONE, ..classic }),
        ] {
            assert_eq!(parse(&line, &scratch), Parsed::Access(expected, 0), "{what}: {line}");
        }
    }

    #[test]
    fn lines_that_do_not_fit_say_why() {
        let alb = |from: &str, to: &str| EXAMPLE_ALB.replacen(from, to, 1);
        for (what, line, reason) in [
            ("another type", alb("https ", "gopher "), Reason::Shape),
            ("an impossible date", alb("10-21", "02-31"), Reason::Time),
            ("a duration in words", alb("0.048", "x"), Reason::Latency),
            ("a status that is none", alb("200 200", "- -"), Reason::Status),
            ("a size in words", alb("2326", "x"), Reason::Bytes),
            ("cut in the numbers", EXAMPLE_ALB[..90].to_string(), Reason::Cut),
            ("cut behind the numbers", alb(" \"GET", "\0").split('\0').next().unwrap().to_string(), Reason::Cut),
            ("cut in the request", EXAMPLE_ALB[..170].to_string(), Reason::Quote),
            ("no quotes", alb("\"GET", "GET"), Reason::Shape),
            ("TCP through a classic balancer", EXAMPLE_ELB.replacen("200 200", "- -", 1), Reason::Status),
        ] {
            assert_eq!(parse(&line, &Bump::new()), Parsed::Malformed(reason), "{what}: {line}");
        }
    }

    #[test]
    fn a_request_that_is_the_heartbeat_is_one() {
        let line = EXAMPLE_ELB.replacen("GET http://www.example.org:80/a?b HTTP/1.1", "HEARTBEAT", 1);
        assert!(matches!(parse(&line, &Bump::new()), Parsed::Heartbeat(Some(_))));
    }

    proptest! {
        #[test]
        fn any_bytes_are_something(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            Elb::new(true, b"HEARTBEAT").parse(&line, &Bump::new());
            Elb::new(false, b"HEARTBEAT").parse(&line, &Bump::new());
        }

        #[test]
        fn any_change_of_a_line_is_something(at in 0..EXAMPLE_ELB.len(), byte in any::<u8>(), end in 0..EXAMPLE_ELB.len()) {
            for (is_classic, line) in [(true, EXAMPLE_ELB), (false, EXAMPLE_ALB)] {
                let mut line = line.as_bytes().to_vec();
                line[at] = byte;
                line.truncate(end);
                Elb::new(is_classic, b"HEARTBEAT").parse(&line, &Bump::new());
            }
        }
    }
}
