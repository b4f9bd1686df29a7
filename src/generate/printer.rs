//! From numbers to the text of a line.
//!
//! A layout's parts are grouped by what they depend on: all that depends on the client and stands together is one piece for
//! each client, written once at the start; the same for requests with their answers, referrers, agents, and the time,
//! whose piece is written when the second changes. Literals are part of the piece beside them. So a line of the combined
//! format, which has nine fields, is five pieces and a number:
//!
//! ```text
//! 192.0.2.7 - - |[10/Oct/2025:13:55:36 +0000] "|GET /a HTTP/1.1" 200 |2326|" "https://www.example.com/" "|curl/8.5.0"\n
//! client         time                           exchange              bytes referrer                      agent
//! ```

use super::layout::{FRACTION, Field, Layout, Part, Style, Unit, escape};
use super::pieces::{Cells, Pen, Pieces, Room};
use super::stamp::{Stamp, Template};
use super::world::{ABSENT, Client, Exchange, NOBODY, World};

/// Bytes of a line without a body.
pub(super) const NO_BODY: u32 = u32::MAX;

/// A line, in numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Draw {
    /// Who asks.
    pub client: u32,
    /// What is asked and answered.
    pub exchange: u32,
    /// From where.
    pub referrer: u32,
    /// Bytes sent, or [`NO_BODY`].
    pub bytes: u32,
    /// Microseconds that it took.
    pub latency_micros: u32,
    /// Random bits for what nobody counts: ports, processes, ids.
    pub bits: u64,
    /// The number of the line.
    pub line: u64,
}

/// What is put at a place of the line; pieces by the number of their table.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Op {
    Client(usize),
    Agent(usize),
    Exchange(usize),
    Referrer(usize),
    Process(usize),
    Time(usize),
    Text(usize),
    Bytes {
        has_dash: bool,
    },
    BytesWithHeaders,
    Latency(Unit),
    Digits(u8),
    /// Of a client that may be none.
    ClientPort,
    Port,
    Connection,
    /// Of a client that may be none.
    ConnectionStar,
    RequestId,
}

/// What a part depends on.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Owner {
    Client,
    Agent,
    Exchange,
    Referrer,
    Process,
    Time,
    /// Nothing: a literal.
    Nothing,
    /// The line alone.
    Line,
}

/// Threads of the server that write the log.
const PROCESSES: u32 = 16;

/// A layout, compiled.
#[derive(Clone, Debug)]
pub(super) struct Printer {
    ops: Vec<Op>,
    /// Tables of what there is much of: clients, exchanges.
    many: Vec<Cells>,
    /// Whether each of them is of the clients.
    many_of_clients: Vec<bool>,
    /// Tables of what there is less of.
    tables: Vec<Pieces>,
    times: Vec<Template>,
    /// The agent of each client.
    agents: Vec<u32>,
    /// Bytes that a line has at most.
    longest: usize,
}

impl Printer {
    /// Compiles these parts, which end with the line's LF.
    pub fn new(layout: &Layout, parts: &[Part], world: &World) -> Printer {
        let agents = world.clients.iter().map(|client| client.agent).collect();
        let mut printer = Printer {
            ops: Vec::new(),
            many: Vec::new(),
            many_of_clients: Vec::new(),
            tables: Vec::new(),
            times: Vec::new(),
            agents,
            longest: 0,
        };
        let mut parts = parts.to_vec();
        parts.push(Part::Text(b"\n".to_vec()));
        for (owner, group) in groups(&parts) {
            printer.add(owner, &group, layout, world);
        }
        let texts: usize = printer.tables.iter().map(Pieces::longest).sum();
        let texts: usize = texts + printer.many.iter().map(Cells::longest).sum::<usize>();
        printer.longest = texts + 256 * printer.times.len() + 64 * printer.ops.len();
        printer
    }

    fn add(&mut self, owner: Owner, group: &[Part], layout: &Layout, world: &World) {
        let table = self.tables.len();
        let text = |say: &dyn Fn(&Field, &mut Vec<u8>)| {
            let mut out = Vec::new();
            for part in group {
                match part {
                    Part::Text(text) => out.extend_from_slice(text),
                    Part::Field(Field::Absent) => value(b"-", layout.style, &mut out),
                    Part::Field(field) => say(field, &mut out),
                }
            }
            out
        };
        let style = layout.style;
        let has_address = layout.has(|field| *field == Field::Address);
        let (mut pieces, mut many) = (Pieces::default(), Cells::default());
        let op = match owner {
            Owner::Client => {
                for (number, client) in world.clients.iter().enumerate() {
                    let is_nobody = number == NOBODY as usize;
                    many.push(&text(&|field, out| of_client(client, is_nobody, field, style, has_address, out)));
                }
                self.many.push(many);
                self.many_of_clients.push(true);
                self.ops.push(Op::Client(self.many.len() - 1));
                return;
            }
            Owner::Agent => {
                for agent in &world.agents {
                    pieces.push(&text(&|_, out| value(agent.as_bytes(), style, out)));
                }
                Op::Agent(table)
            }
            Owner::Exchange => {
                for exchange in &world.exchanges {
                    many.push(&text(&|field, out| of_exchange(exchange, field, style, world, out)));
                }
                self.many.push(many);
                self.many_of_clients.push(false);
                self.ops.push(Op::Exchange(self.many.len() - 1));
                return;
            }
            Owner::Referrer => {
                for (number, referrer) in world.referrers.iter().enumerate() {
                    pieces.push(&text(&|field, out| match field {
                        Field::ReferrerMember if number == ABSENT as usize => {}
                        Field::ReferrerMember => {
                            out.extend_from_slice(b",\"Referer\":[\"");
                            escape(referrer.as_bytes(), style, out);
                            out.extend_from_slice(b"\"]");
                        }
                        _ => value(referrer.as_bytes(), style, out),
                    }));
                }
                Op::Referrer(table)
            }
            Owner::Process => {
                for number in 0..PROCESSES {
                    pieces.push(&text(&|field, out| {
                        let said = match field {
                            Field::Thread => format!("{}", 140_236_841_600_000_u64 - u64::from(number) * 8_392_704),
                            _ => format!("{}", 21_873 + number / 4),
                        };
                        out.extend_from_slice(said.as_bytes());
                    }));
                }
                Op::Process(table)
            }
            Owner::Time => {
                self.times.push(Template::new(&time_format(group)));
                self.ops.push(Op::Time(self.times.len() - 1));
                return;
            }
            Owner::Nothing => {
                pieces.push(&text(&|_, out| value(b"-", style, out)));
                Op::Text(table)
            }
            Owner::Line => {
                for part in group {
                    let op = match part {
                        Part::Field(Field::Bytes { has_dash }) => Op::Bytes { has_dash: *has_dash },
                        Part::Field(Field::BytesWithHeaders) => Op::BytesWithHeaders,
                        Part::Field(Field::Latency(unit)) => Op::Latency(*unit),
                        Part::Field(Field::Digits(digits)) => Op::Digits(*digits),
                        Part::Field(Field::ClientBrackets) => Op::ClientPort,
                        Part::Field(Field::Connection) => Op::Connection,
                        Part::Field(Field::ConnectionStar) => Op::ConnectionStar,
                        Part::Field(Field::RequestId) => Op::RequestId,
                        _ => Op::Port,
                    };
                    self.ops.push(op);
                }
                return;
            }
        };
        self.tables.push(pieces);
        self.ops.push(op);
    }

    /// The times that lines have, to be kept by who prints.
    pub fn stamps(&self) -> Vec<Stamp> {
        self.times.iter().map(Template::stamp).collect()
    }

    /// Writes a line; the stamps are of its second, and `nanos` is what is beyond it.
    #[inline]
    pub fn print(&self, draw: &Draw, stamps: &[Stamp], nanos: u32, pen: &mut Pen<'_>) {
        pen.reserve(self.longest);
        let mut room = pen.room();
        for op in &self.ops {
            match *op {
                Op::Client(table) => self.put_cell(table, draw.client, &mut room),
                Op::Exchange(table) => self.put_cell(table, draw.exchange, &mut room),
                Op::Referrer(table) => self.put(table, draw.referrer, &mut room),
                Op::Agent(table) => {
                    let agent = self.agents.get(draw.client as usize).copied().unwrap_or(ABSENT);
                    self.put(table, agent, &mut room);
                }
                Op::Process(table) => self.put(table, (draw.bits >> 32) as u32 % PROCESSES, &mut room),
                Op::Text(table) => self.put(table, 0, &mut room),
                Op::Time(time) => {
                    if let Some(stamp) = stamps.get(time) {
                        stamp.put(nanos, &mut room);
                    }
                }
                Op::Bytes { has_dash } => match draw.bytes {
                    NO_BODY => room.fixed(if has_dash { b"-" } else { b"0" }, 1),
                    bytes => room.number(bytes),
                },
                other => {
                    let at = self.rarely(other, draw, room.lent());
                    room.wrote_up_to(at);
                }
            }
        }
        let at = room.at();
        pen.wrote_up_to(at);
    }

    #[inline(always)]
    fn put(&self, table: usize, number: u32, room: &mut Room<'_>) {
        if let Some(pieces) = self.tables.get(table) {
            room.piece(pieces, number);
        }
    }

    #[inline(always)]
    fn put_cell(&self, table: usize, number: u32, room: &mut Room<'_>) {
        if let Some(cells) = self.many.get(table) {
            room.cell(cells, number);
        }
    }

    /// Looks at what the line will need, so that it is at hand when it is printed.
    #[inline]
    pub fn touch(&self, draw: &Draw) {
        for (cells, is_client) in self.many.iter().zip(&self.many_of_clients) {
            std::hint::black_box(cells.touch(if *is_client { draw.client } else { draw.exchange }));
        }
    }

    #[inline(never)]
    fn rarely(&self, op: Op, draw: &Draw, mut room: Room<'_>) -> usize {
        match op {
            Op::BytesWithHeaders => room.number(with_headers(draw.bytes)),
            Op::Latency(unit) => latency(draw.latency_micros, unit, &mut room),
            Op::Digits(digits) => {
                let bits = draw.bits.rotate_left(u32::from(digits)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
                let digits = usize::from(digits);
                if digits > 9 {
                    room.padded(bits as u32 % 100_000, digits - 9);
                }
                room.padded((bits as u32).rotate_left(7) % 1_000_000_000, digits.min(9));
            }
            Op::ClientPort if draw.client == NOBODY => {}
            Op::ClientPort => {
                room.number(port(draw.bits));
                room.fixed(b"] ", 2);
            }
            Op::Port => room.number(port(draw.bits)),
            Op::Connection => room.number(connection(draw.line)),
            Op::ConnectionStar if draw.client == NOBODY => {}
            Op::ConnectionStar => {
                room.fixed(b"*", 1);
                room.number(connection(draw.line));
                room.fixed(b" ", 1);
            }
            Op::RequestId => {
                let id = u128::from(draw.bits.wrapping_mul(0xD134_2543_DE82_EF95)) << 64 | u128::from(draw.bits);
                let mut text = [0; 32];
                for (at, digit) in text.iter_mut().enumerate() {
                    *digit = b"0123456789abcdef"[(id >> (4 * at)) as usize & 15];
                }
                room.fixed(&text, 32);
            }
            _ => {}
        }
        room.at()
    }
}

/// A port that systems give to clients.
fn port(bits: u64) -> u32 {
    32_768 + ((bits >> 40) as u32 & 0xffff) % 28_000
}

/// The number of the connection of a line: they grow.
fn connection(line: u64) -> u32 {
    (120_000 + line / 3 % 4_000_000_000) as u32
}

/// Bytes sent with the headers of the answer.
pub(super) fn with_headers(bytes: u32) -> u32 {
    if bytes == NO_BODY { 187 } else { bytes.saturating_add(268) }
}

fn latency(micros: u32, unit: Unit, room: &mut Room<'_>) {
    match unit {
        Unit::Micros => room.number(micros),
        Unit::Millis => room.number(micros / 1000),
        Unit::Seconds => room.number(micros / 1_000_000),
        Unit::SecondsMillis => {
            room.number(micros / 1_000_000);
            room.fixed(b".", 1);
            room.padded(micros / 1000 % 1000, 3);
        }
        Unit::SecondsMicros => {
            room.number(micros / 1_000_000);
            room.fixed(b".", 1);
            room.padded(micros % 1_000_000, 6);
        }
    }
}

/// A value, or what the style writes where there is none (which the tables hold as `-`).
fn value(text: &[u8], style: Style, out: &mut Vec<u8>) {
    match text {
        b"-" if matches!(style, Style::Json | Style::Plain) => {}
        text => escape(text, style, out),
    }
}

fn of_client(client: &Client, is_nobody: bool, field: &Field, style: Style, has_address: bool, out: &mut Vec<u8>) {
    match field {
        Field::User => value(client.user.as_deref().unwrap_or("-").as_bytes(), style, out),
        Field::Forwarded if has_address => value(b"-", style, out),
        Field::ClientBrackets | Field::ClientNginx if is_nobody => {}
        Field::ClientBrackets => out.extend_from_slice(format!("[client {}:", client.address).as_bytes()),
        Field::ClientNginx => out.extend_from_slice(format!(", client: {}", client.address).as_bytes()),
        _ => out.extend_from_slice(client.address.as_bytes()),
    }
}

fn of_exchange(exchange: &Exchange, field: &Field, style: Style, world: &World, out: &mut Vec<u8>) {
    let mark = exchange.target.iter().position(|byte| *byte == b'?');
    let (path, query) = exchange.target.split_at(mark.unwrap_or(exchange.target.len()));
    let host = world.hosts.get(exchange.host as usize).map_or("-", String::as_str);
    match field {
        Field::Request => match &exchange.request {
            Some(request) => value(request, style, out),
            None => {
                let line = [&exchange.method[..], b" ", &exchange.target, b" ", &exchange.protocol].concat();
                value(&line, style, out);
            }
        },
        Field::Method => value(&exchange.method, style, out),
        Field::Path => value(path, style, out),
        Field::Target => value(&exchange.target, style, out),
        Field::Query => escape(query, style, out),
        Field::Arguments => value(query.strip_prefix(b"?").unwrap_or(b"-"), style, out),
        Field::QueryMark => out.extend_from_slice(if query.is_empty() { b"" } else { b"?" }),
        Field::Protocol => value(&exchange.protocol, style, out),
        Field::Status => out.extend_from_slice(format!("{:03}", exchange.status).as_bytes()),
        Field::Host => value(host.as_bytes(), style, out),
        Field::ServerPort => out.extend_from_slice(b"443"),
        Field::Scheme => out.extend_from_slice(b"https"),
        Field::BytesRead => out.extend_from_slice(bytes_read(exchange).to_string().as_bytes()),
        Field::Level => out.extend_from_slice(exchange.level.as_bytes()),
        Field::Module => out.extend_from_slice(exchange.module.as_bytes()),
        Field::Message => value(&exchange.message, style, out),
        Field::MessageTail => out.extend_from_slice(&exchange.tail),
        _ => {}
    }
}

/// Bytes of a request with its headers.
pub(super) fn bytes_read(exchange: &Exchange) -> u32 {
    let varied: u32 = exchange.target.iter().map(|byte| u32::from(*byte)).sum();
    exchange.target.len() as u32 + 340 + varied % 290
}

fn owner(part: &Part) -> Owner {
    match part {
        Part::Text(_) | Part::Field(Field::Absent) => Owner::Nothing,
        Part::Field(field) => match field {
            Field::Address | Field::Forwarded | Field::User | Field::ClientBrackets | Field::ClientNginx => {
                Owner::Client
            }
            Field::Agent => Owner::Agent,
            Field::Referrer | Field::ReferrerMember => Owner::Referrer,
            Field::Process | Field::Thread => Owner::Process,
            Field::Time(_) => Owner::Time,
            Field::Bytes { .. }
            | Field::BytesWithHeaders
            | Field::Latency(_)
            | Field::Digits(_)
            | Field::Port
            | Field::Connection
            | Field::ConnectionStar
            | Field::RequestId => Owner::Line,
            _ => Owner::Exchange,
        },
    }
}

/// Parts that become one piece: those with one owner that stand together, literals between and beside them. A literal
/// goes with the time where it can (there is one piece of it and not thousands), else with what stands before it.
fn groups(parts: &[Part]) -> Vec<(Owner, Vec<Part>)> {
    let mut groups: Vec<(Owner, Vec<Part>)> = Vec::new();
    let mut parts = parts.iter().peekable();
    while let Some(part) = parts.next() {
        let owner = owner(part);
        let is_client_port = *part == Part::Field(Field::ClientBrackets);
        let next_is_time = matches!(parts.peek(), Some(Part::Field(Field::Time(_))));
        match groups.last_mut() {
            // A time has one second, and one fraction of it.
            Some((Owner::Time, group)) if owner == Owner::Nothing => group.push(part.clone()),
            Some((last, group)) if *last == owner && !matches!(owner, Owner::Time | Owner::Line) => {
                group.push(part.clone());
            }
            Some((last, group))
                if owner == Owner::Nothing && !next_is_time && !matches!(last, Owner::Line | Owner::Nothing) =>
            {
                group.push(part.clone());
            }
            // A literal that nothing before it took.
            Some((last @ Owner::Nothing, group)) if owner != Owner::Line => {
                *last = owner;
                group.push(part.clone());
            }
            _ => groups.push((owner, vec![part.clone()])),
        }
        if is_client_port {
            groups.push((Owner::Line, vec![part.clone()]));
        }
    }
    groups
}

/// The text of strftime of a time and the literals around it.
fn time_format(group: &[Part]) -> String {
    let mut format = String::new();
    for part in group {
        match part {
            Part::Text(text) => format.push_str(&String::from_utf8_lossy(text).replace('%', "%%")),
            Part::Field(Field::Time(time)) => format.push_str(time),
            Part::Field(_) => format.push('-'),
        }
    }
    debug_assert!(format.matches(FRACTION).count() <= 1);
    format
}
