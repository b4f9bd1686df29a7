//! Lines that are not regular: what attackers send, what crashes and full disks leave, each with a known truth.
//!
//! Two kinds. Some are records with odd values, and come from exchanges of their own: a TLS handshake on the plain port, a
//! target with quotes, one with control characters. Others are regular lines to which something happened: cut, glued to the
//! next, behind a hole of NULs.
//!
//! Which lines are odd is decided by jumps (the distance to the next one is drawn), so that a regular line costs nothing.

use super::chance::Chance;
use super::layout::{Field, Layout, Log, Style};
use super::site::Addresses;
use super::world::{Exchange, Size, World};
use rand_distr::{Distribution, Geometric};
use std::ops::Range;

/// A kind of line that is not regular.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Odd {
    /// A TLS handshake on the plain port: a record whose request cannot be taken apart.
    Tls,
    /// A connection that said nothing: a record without a request.
    Empty,
    /// Quotes and backslashes in the target.
    Quotes,
    /// Control characters in the target.
    Control,
    /// Bytes that are no UTF-8 in the target.
    NoUtf8,
    /// Spaces in the target.
    Spaces,
    /// A target of some 8 KiB.
    LongUrl,
    /// A request without a protocol.
    Simple,
    /// A line that ends too soon: malformed.
    Cut,
    /// A line that is none of this log, such as one of a stack trace: malformed.
    Garbage,
    /// Random bytes: malformed.
    Binary,
    /// Nothing: a blank line.
    Blank,
    /// Two records on one line, as a lost newline leaves them.
    Glued,
    /// A record behind a hole of NUL bytes, as copytruncate leaves it.
    Hole,
    /// A record that ends with CR and LF.
    Crlf,
}

/// What a line of a kind is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Is {
    Record,
    Malformed,
    Blank,
}

impl Odd {
    /// All kinds.
    pub const ALL: [Odd; 15] = [
        Odd::Tls,
        Odd::Empty,
        Odd::Quotes,
        Odd::Control,
        Odd::NoUtf8,
        Odd::Spaces,
        Odd::LongUrl,
        Odd::Simple,
        Odd::Cut,
        Odd::Garbage,
        Odd::Binary,
        Odd::Blank,
        Odd::Glued,
        Odd::Hole,
        Odd::Crlf,
    ];

    /// Its name in the configuration and in the truth.
    pub fn name(self) -> &'static str {
        match self {
            Odd::Tls => "tls",
            Odd::Empty => "empty_request",
            Odd::Quotes => "quotes",
            Odd::Control => "control",
            Odd::NoUtf8 => "no_utf8",
            Odd::Spaces => "spaces",
            Odd::LongUrl => "long_url",
            Odd::Simple => "http09",
            Odd::Cut => "cut",
            Odd::Garbage => "garbage",
            Odd::Binary => "binary",
            Odd::Blank => "blank",
            Odd::Glued => "glued",
            Odd::Hole => "nul_hole",
            Odd::Crlf => "crlf",
        }
    }

    /// The shares of an ordinary day on the open net, where it is said nothing else: records alone.
    pub(super) fn everyday() -> Vec<(Odd, f64)> {
        vec![(Odd::Tls, 0.00012), (Odd::Empty, 0.00008), (Odd::Quotes, 0.00003), (Odd::Control, 0.00001)]
    }

    /// What a line of this kind is.
    pub(super) fn is(self) -> Is {
        match self {
            Odd::Cut | Odd::Garbage | Odd::Binary => Is::Malformed,
            Odd::Blank => Is::Blank,
            _ => Is::Record,
        }
    }

    /// Whether lines of this format can be of this kind and what they are is known.
    pub(super) fn is_known(self, layout: &Layout) -> bool {
        match self {
            Odd::Cut | Odd::Garbage | Odd::Binary => layout.is_known,
            Odd::Blank | Odd::Hole | Odd::Crlf => true,
            Odd::Glued => matches!(layout.name.as_str(), "combined" | "vhost_combined" | "caddy" | "nginx-json"),
            Odd::Tls | Odd::Empty | Odd::Simple => layout.has(|field| *field == Field::Request),
            _ => layout.log == Log::Access,
        }
    }

    /// The exchange of a record of this kind.
    pub(super) fn exchange(self, style: Style, chance: &mut Chance) -> Option<Exchange> {
        let record = |request: Option<&[u8]>, [method, target, protocol]: [&[u8]; 3], status, bytes| {
            Some(Exchange {
                request: request.map(<[u8]>::to_vec),
                method: method.to_vec(),
                target: target.to_vec(),
                protocol: protocol.to_vec(),
                status,
                size: Size::Fixed(bytes),
                latency_micros: 300,
                ..Exchange::default()
            })
        };
        let none: [&[u8]; 3] = [b"-"; 3];
        let get = |target: &[u8], status, bytes| record(None, [b"GET", target, b"HTTP/1.1"], status, bytes);
        match self {
            Odd::Tls => {
                let mut hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec();
                hello.extend((0..24).map(|_| chance.bits() as u8 | 1));
                record(Some(&hello), none, 400, 157)
            }
            // Apache gives up waiting, nginx says that it was bad.
            Odd::Empty if style == Style::Apache => record(Some(b"-"), none, 408, 0),
            Odd::Empty => record(Some(b""), none, 400, 0),
            Odd::Quotes => get(b"/search\"onmouseover=alert(1)\\x", 404, 153),
            Odd::Control => get(b"/a\x1b[31mred\x07\x01", 404, 153),
            Odd::NoUtf8 => get(b"/caf\xe9/\xff\xfe", 404, 153),
            Odd::Spaces => get(b"/products/1' UNION SELECT 1,2,3 -- ?id=1 OR 1=1", 404, 153),
            Odd::LongUrl => {
                let mut target = b"/index.php/".to_vec();
                while target.len() < 8000 {
                    target.extend_from_slice(format!("A{:x}/", chance.below(1 << 28)).as_bytes());
                }
                get(&target, 414, 177)
            }
            Odd::Simple => record(Some(b"GET /"), [b"GET", b"/", b"HTTP/0.9"], 200, 11_321),
            _ => None,
        }
    }

    /// Exchanges of a kind: a few, where they differ.
    fn variants(self) -> usize {
        match self {
            Odd::Tls => 12,
            Odd::LongUrl => 5,
            _ => 1,
        }
    }
}

/// Clients that send what is odd: so many without an agent, and so many with one.
const SENDERS: usize = 48;

/// Their agents.
const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/74.0.3729.169 Safari/537.36",
    "python-requests/2.28.1",
    "sqlmap/1.8.4#stable (https://sqlmap.org)",
    "Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)",
];

/// Which lines are odd, and how.
#[derive(Clone, Debug, Default)]
pub(super) struct OddPlan {
    /// Kinds by weight.
    kinds: Vec<(Odd, f64)>,
    share: f64,
    /// Exchanges of kinds that have some.
    exchanges: Vec<(Odd, u32)>,
    /// Those who send them: without an agent, and with one.
    silent: Range<u32>,
    talking: Range<u32>,
}

impl OddPlan {
    /// Adds what odd lines need to the world.
    pub fn new(kinds: &[(Odd, f64)], style: Style, world: &mut World, chance: &mut Chance) -> OddPlan {
        let kinds: Vec<(Odd, f64)> = kinds.iter().copied().filter(|(_, share)| *share > 0.0).collect();
        let share = kinds.iter().map(|(_, share)| *share).sum::<f64>().min(1.0);
        let mut addresses = Addresses::default();
        let mut clients = |agents: &[&str], world: &mut World| {
            let first = world.clients.len() as u32;
            for number in 0..SENDERS {
                let agent = world.agent(agents.get(number % agents.len().max(1)).unwrap_or(&"-"));
                world.client(addresses.cloud(chance), None, agent);
            }
            first..world.clients.len() as u32
        };
        let (silent, talking) = (clients(&["-"], world), clients(&AGENTS, world));
        let mut exchanges = Vec::new();
        for (odd, _) in &kinds {
            for _ in 0..odd.variants() {
                if let Some(exchange) = odd.exchange(style, chance) {
                    exchanges.push((*odd, world.special(exchange)));
                }
            }
        }
        OddPlan { kinds, share, exchanges, silent, talking }
    }

    /// The odd lines of a block of so many lines, in order.
    pub fn places(&self, lines: u32, chance: &mut Chance, places: &mut Vec<(u32, Odd)>) {
        places.clear();
        let Ok(distance) = Geometric::new(self.share) else { return };
        if self.share <= 0.0 {
            return;
        }
        let mut at = distance.sample(chance.generator());
        while at < u64::from(lines) {
            let mut left = chance.share() * self.kinds.iter().map(|(_, share)| share).sum::<f64>();
            let kind = self.kinds.iter().find(|(_, share)| {
                left -= share;
                left < 0.0
            });
            if let Some((odd, _)) = kind.or(self.kinds.last()) {
                places.push((at as u32, *odd));
            }
            at = at.saturating_add(1).saturating_add(distance.sample(chance.generator()));
        }
    }

    /// A client and an exchange of a kind, where it has some.
    pub fn exchange(&self, odd: Odd, chance: &mut Chance) -> Option<(u32, u32)> {
        let of_kind = self.exchanges.iter().filter(|(kind, _)| *kind == odd);
        let count = of_kind.clone().count() as u32;
        let at = if count > 1 { chance.below(count) } else { 0 };
        let senders = match odd {
            Odd::Tls | Odd::Empty | Odd::Simple => &self.silent,
            _ => &self.talking,
        };
        let client = senders.start + chance.below(senders.end - senders.start);
        of_kind.map(|(_, exchange)| (client, *exchange)).nth(at as usize)
    }
}

/// Lines that are none of a log of requests or messages.
pub(super) const GARBAGE: [&str; 6] = [
    "    at Object.<anonymous> (/srv/app/dist/server.js:112:17)",
    "Segmentation fault (core dumped)",
    "Traceback (most recent call last):",
    "  File \"/srv/app/views.py\", line 88, in checkout",
    "-- MARK --",
    "#0 /var/www/html/vendor/autoload.php(7): require_once()",
];
