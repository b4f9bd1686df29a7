//! The truth as a report, schema 1.
//!
//! Its keys are those of an analysis with its default settings (the hour as bucket, paths without their query), and those that
//! it does not know are left out: visitors of a row, browsers and systems, masked messages. `made` counts the lines by
//! kind, which no analysis can know. Lists are whole.

use super::carried::Bytes;
use super::layout::{Style, escape};
use super::odd::{Is, Odd};
use super::printer::bytes_read;
use super::spread::{Figures, QUANTILES, Spread};
use super::truth::{BUCKET_SECONDS, Cell, Delivery, Table, Truth};
use super::world::{Client, Exchange};
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, BufWriter, Write};

/// Rows by the bytes of their key.
type Rows = HashMap<Vec<u8>, Cell>;

/// Endings of paths that are static files, as the documentation of the report lists them.
const STATIC: &str = " 7z avi avif bmp bz2 css csv dmg doc docx eot exe flv gif gz ico iso jpeg jpg js map mp3 mp4 mpeg mpg ogg \
                      otf pdf png ppt pptx rar svg swf tar tgz tif tiff ttf txt wav webm webp woff woff2 xls xlsx xz zip zst ";

/// Writes the report and a final newline.
pub(super) fn write(truth: &Truth, delivery: &Delivery, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let members = Report { truth, records: records(truth) }.members(delivery);
    for (at, (key, value)) in members.iter().enumerate() {
        let mark = if at == 0 { "{\n" } else { ",\n" };
        write!(out, "{mark}  {}: ", Value::from(*key))?;
        match value {
            // A row a line.
            Value::Array(rows) if !rows.is_empty() => {
                for (at, row) in rows.iter().enumerate() {
                    write!(out, "{}    {row}", if at == 0 { "[\n" } else { ",\n" })?;
                }
                write!(out, "\n  ]")?;
            }
            value => write!(out, "{value}")?,
        }
    }
    writeln!(out, "\n}}")?;
    out.flush()
}

fn records(truth: &Truth) -> u64 {
    truth.exchanges.0.iter().map(|cell| cell.hits).sum()
}

struct Report<'a> {
    truth: &'a Truth,
    records: u64,
}

impl Report<'_> {
    fn members(&self, delivery: &Delivery) -> Vec<(&'static str, Value)> {
        let (truth, carried) = (self.truth, self.truth.carried);
        let plan = &truth.plan;
        let is_access = plan.settings.log == super::layout::Log::Access;
        let input =
            json!({"name": delivery.name, "bytes": truth.text_bytes, "lines": truth.lines, "format": plan.layout.name});
        let mut members = vec![
            ("schema", json!(1)),
            ("version", json!(env!("CARGO_PKG_VERSION"))),
            ("partial", json!(delivery.partial)),
            ("inputs", json!([input])),
            ("elapsed_seconds", json!(delivery.elapsed_seconds)),
            ("totals", self.totals()),
        ];
        if let Some(reason) = &delivery.uncertain {
            members.insert(3, ("uncertain", json!(reason)));
        }
        if carried.time {
            members.push(("period", self.period()));
        }
        members.push(("distinct", self.distinct()));
        members.push(("bucket_seconds", json!(BUCKET_SECONDS)));
        if carried.time {
            members.push(("time", self.time()));
        }
        if is_access {
            let path = |exchange: &Exchange| self.path(exchange);
            let with = |holds: &dyn Fn(&Exchange) -> bool| {
                self.of_exchanges(|exchange| holds(exchange).then(|| path(exchange)))
            };
            if carried.status {
                let status = |exchange: &Exchange| Some(format!("{:03}", exchange.status).into_bytes());
                members.push(("status", self.list(self.of_exchanges(status))));
            }
            let method = |exchange: &Exchange| Some(self.or_dash(carried.method, &exchange.method));
            members.push(("methods", self.list(self.of_exchanges(method))));
            let protocol = |exchange: &Exchange| Some(self.or_dash(carried.protocol, &exchange.protocol));
            members.push(("protocols", self.list(self.of_exchanges(protocol))));
            if carried.host {
                let host = |exchange: &Exchange| {
                    plan.world.hosts.get(exchange.host as usize).map(|host| host.clone().into_bytes())
                };
                members.push(("vhosts", self.list(self.of_exchanges(host))));
            }
            let user =
                |client: &Client| client.user.as_ref().filter(|_| carried.user).map(|user| user.clone().into_bytes());
            members.push(("users", self.list(self.of_clients(user))));
            members.push(("paths", self.list(with(&|_| true))));
            members.push(("static_files", self.list(with(&|exchange| is_static(&path(exchange))))));
            if carried.status {
                members.push(("not_found", self.list(with(&|exchange| exchange.status == 404))));
                members.push(("server_errors", self.list(with(&|exchange| (500..600).contains(&exchange.status)))));
            }
            members.push(("clients", self.list(self.of_clients(|client| self.address(client)))));
            members.push(("referrers", self.list(self.of_referrers(|referrer| self.referrer(referrer)))));
            members.push((
                "referring_sites",
                self.list(self.of_referrers(|referrer| self.referrer(referrer).and_then(site))),
            ));
            members.push(("agents", self.list(self.of_clients(|client| self.agent(client)))));
            members.push(("sizes", figures(&truth.sizes, 1.0)));
            members.push(("latency", figures(&truth.latencies, 1e6)));
        } else {
            members.push(("clients", self.list(self.of_clients(|client| self.address(client)))));
            let level = |exchange: &Exchange| Some(level_name(&exchange.level).into_bytes());
            members.push(("levels", self.list(self.of_exchanges(level))));
            let module = |exchange: &Exchange| {
                (carried.module && exchange.module != "-").then(|| exchange.module.clone().into_bytes())
            };
            members.push(("modules", self.list(self.of_exchanges(module))));
        }
        members.push(("made", self.made()));
        members
    }

    fn odd(&self, is: Is) -> u64 {
        self.truth.odd.iter().filter(|(odd, _)| odd.is() == is).map(|(_, count)| count).sum()
    }

    fn totals(&self) -> Value {
        let (truth, records) = (self.truth, self.records);
        let bytes: u64 = truth.exchanges.0.iter().map(|cell| cell.bytes).sum();
        let read = |(exchange, cell): (&Exchange, &Cell)| u64::from(bytes_read(exchange)) * cell.hits;
        let read: u64 = match truth.carried.bytes_read {
            true => truth.plan.world.exchanges.iter().zip(&truth.exchanges.0).map(read).sum(),
            false => 0,
        };
        json!({
            "lines": truth.lines,
            "blank": self.odd(Is::Blank),
            "records": records,
            "malformed": self.odd(Is::Malformed),
            "heartbeats": truth.heartbeats,
            "filtered": 0,
            "windowed": records,
            "late": 0,
            "future": 0,
            "glued": truth.odd.get(&Odd::Glued).copied().unwrap_or(0),
            "bytes_sent": if truth.carried.bytes == Bytes::None { 0 } else { bytes },
            "bytes_read": read,
        })
    }

    /// Lines by kind, those that are not regular.
    fn made(&self) -> Value {
        let kinds: BTreeMap<_, _> = self.truth.odd.iter().map(|(odd, count)| (odd.name(), *count)).collect();
        json!(kinds)
    }

    fn period(&self) -> Value {
        let said = |second: i32| {
            let from = self.truth.plan.settings.from;
            let offset = self.offset();
            let unix = from.unix_nanos.div_euclid(1_000_000_000) + i64::from(second);
            let time = Timestamp::from_second(unix).unwrap_or_default().to_zoned_datetime(TimeZone::fixed(offset));
            let zone = if offset == Offset::UTC { "Z".to_owned() } else { time.strftime("%:z").to_string() };
            format!("{}{zone}", time.strftime("%Y-%m-%dT%H:%M:%S"))
        };
        let period = self.truth.period;
        json!({"first": period.map(|(first, _)| said(first)), "last": period.map(|(_, last)| said(last))})
    }

    /// How far the wall clock of the lines is ahead of UTC, as far as they tell.
    fn offset(&self) -> Offset {
        let tells = self.truth.plan.layout.has(|field| {
            matches!(field, super::layout::Field::Time(format) if ["%z", "%:z"].iter().any(|zone| format.contains(zone)))
        });
        let seconds = if tells { self.truth.plan.settings.from.offset_seconds } else { 0 };
        Offset::from_seconds(seconds).unwrap_or(Offset::UTC)
    }

    fn distinct(&self) -> Value {
        let count = |value: usize| json!({"value": value, "exact": true, "error": 0.0});
        let clients = self.of_clients(|client| self.address(client)).len();
        let agents = self.of_clients(|client| self.agent(client)).len();
        let paths = self.of_exchanges(|exchange| Some(self.path(exchange))).len();
        let referrers = self.of_referrers(|referrer| self.referrer(referrer)).len();
        let is_access = self.truth.plan.settings.log == super::layout::Log::Access;
        let mut distinct = serde_json::Map::new();
        distinct.insert("clients".to_owned(), count(clients));
        if self.truth.carried.time {
            distinct.insert("visitors".to_owned(), count(self.visitors()));
        }
        if is_access {
            distinct.insert("paths".to_owned(), count(paths));
            distinct.insert("agents".to_owned(), count(agents));
            distinct.insert("referrers".to_owned(), count(referrers));
        }
        Value::Object(distinct)
    }

    /// Distinct visitors of each day, together.
    fn visitors(&self) -> usize {
        let mut days: BTreeMap<i64, Vec<u64>> = BTreeMap::new();
        for (hour, bucket) in &self.truth.buckets {
            let day = days.entry(hour.div_euclid(86_400 / BUCKET_SECONDS)).or_default();
            day.resize(day.len().max(bucket.visitors.len()), 0);
            day.iter_mut().zip(&bucket.visitors).for_each(|(day, hour)| *day |= hour);
        }
        days.values().flatten().map(|bits| bits.count_ones() as usize).sum()
    }

    /// Buckets from the first to the last, gaps filled with zeros, at most 100,000 of them.
    fn time(&self) -> Value {
        let mut gaps_left = 100_000;
        let mut rows = Vec::new();
        let mut last: Option<i64> = None;
        let none = super::truth::Bucket::default();
        for (number, bucket) in &self.truth.buckets {
            let gap = last.map_or(0, |last| number - last - 1);
            if gap <= gaps_left {
                gaps_left -= gap;
                rows.extend((number - gap..*number).map(|empty| self.bucket(empty, &none)));
            }
            rows.push(self.bucket(*number, bucket));
            last = Some(*number);
        }
        Value::Array(rows)
    }

    fn bucket(&self, number: i64, bucket: &super::truth::Bucket) -> Value {
        let offset = self.offset();
        let wall = Timestamp::from_second(number * BUCKET_SECONDS).unwrap_or_default();
        let wall = wall.strftime("%Y-%m-%dT%H:%M:%S");
        let zone = match offset {
            Offset::UTC => "Z".to_owned(),
            offset => Timestamp::UNIX_EPOCH.to_zoned_datetime(TimeZone::fixed(offset)).strftime("%:z").to_string(),
        };
        let visitors: u32 = bucket.visitors.iter().map(|bits| bits.count_ones()).sum();
        json!({
            "start": format!("{wall}{zone}"),
            "hits": bucket.all.hits,
            "bytes": bucket.all.bytes,
            "visitors": visitors,
            "errors": bucket.errors,
            "client_errors": bucket.client_errors,
        })
    }

    /// A value as an analysis of this format reads it.
    fn read(&self, value: &[u8]) -> Vec<u8> {
        match self.truth.plan.layout.style {
            Style::Json | Style::Plain => value.to_vec(),
            style => {
                let mut out = Vec::new();
                escape(value, style, &mut out);
                out
            }
        }
    }

    fn or_dash(&self, is_carried: bool, value: &[u8]) -> Vec<u8> {
        if is_carried { self.read(value) } else { b"-".to_vec() }
    }

    fn path(&self, exchange: &Exchange) -> Vec<u8> {
        let target = &exchange.target;
        let end = target.iter().position(|byte| *byte == b'?').filter(|at| *at > 0).unwrap_or(target.len());
        self.or_dash(self.truth.carried.path, target.get(..end).unwrap_or_default())
    }

    fn address(&self, client: &Client) -> Option<Vec<u8>> {
        (self.truth.carried.client && client.address != "-").then(|| client.address.clone().into_bytes())
    }

    fn agent(&self, client: &Client) -> Option<Vec<u8>> {
        let agent = self.truth.plan.world.agents.get(client.agent as usize)?;
        (self.truth.carried.agent && agent != "-").then(|| self.read(agent.as_bytes()))
    }

    fn referrer(&self, referrer: &str) -> Option<Vec<u8>> {
        (self.truth.carried.referrer && referrer != "-").then(|| self.read(referrer.as_bytes()))
    }

    fn of_exchanges(&self, key: impl Fn(&Exchange) -> Option<Vec<u8>>) -> Rows {
        rows(&self.truth.plan.world.exchanges, &self.truth.exchanges, key)
    }

    fn of_clients(&self, key: impl Fn(&Client) -> Option<Vec<u8>>) -> Rows {
        rows(&self.truth.plan.world.clients, &self.truth.clients, key)
    }

    fn of_referrers(&self, key: impl Fn(&str) -> Option<Vec<u8>>) -> Rows {
        rows(&self.truth.plan.world.referrers, &self.truth.referrers, |referrer: &String| key(referrer))
    }

    /// Rows by hits, then by key.
    fn list(&self, rows: Rows) -> Value {
        let has_bytes = self.truth.plan.settings.log == super::layout::Log::Access;
        let mut rows: Vec<(Vec<u8>, Cell)> = rows.into_iter().collect();
        rows.sort_by(|(left_key, left), (right_key, right)| (right.hits, left_key).cmp(&(left.hits, right_key)));
        let row = |(key, cell): (Vec<u8>, Cell)| {
            let share = cell.hits as f64 / self.records as f64;
            let key = String::from_utf8_lossy(&key).into_owned();
            match has_bytes {
                true => json!({"key": key, "hits": cell.hits, "bytes": cell.bytes, "share": share}),
                false => json!({"key": key, "hits": cell.hits, "share": share}),
            }
        };
        rows.into_iter().map(row).collect()
    }
}

fn rows<T>(values: &[T], table: &Table, key: impl Fn(&T) -> Option<Vec<u8>>) -> Rows {
    let mut rows = Rows::new();
    for (value, cell) in values.iter().zip(&table.0).filter(|(_, cell)| cell.hits > 0) {
        let Some(key) = key(value) else { continue };
        let row = rows.entry(key).or_default();
        row.hits += cell.hits;
        row.bytes += cell.bytes;
    }
    rows
}

fn is_static(path: &[u8]) -> bool {
    let path = String::from_utf8_lossy(path).to_ascii_lowercase();
    let endings: HashSet<&str> = STATIC.split_whitespace().collect();
    path.rsplit_once('.').is_some_and(|(before, ending)| !before.is_empty() && endings.contains(ending))
}

/// The host of a referrer that is a URL.
fn site(referrer: Vec<u8>) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(&referrer).into_owned();
    let (_, rest) = text.split_once("//")?;
    let host = rest.split(['/', '?', '#']).next()?.split(':').next()?;
    (!host.is_empty()).then(|| host.as_bytes().to_vec())
}

/// A level by the short name that reports use.
fn level_name(level: &str) -> String {
    match level.to_ascii_lowercase().as_str() {
        "warning" => "warn".to_owned(),
        "critical" => "crit".to_owned(),
        level => level.to_owned(),
    }
}

/// Figures of a distribution, in a unit that is so many of the distribution's own.
fn figures(spread: &Spread, unit: f64) -> Value {
    let Some(Figures { count, mean, min, quantiles, max }) = spread.figures() else { return Value::Null };
    let mut figures = serde_json::Map::new();
    figures.insert("count".to_owned(), json!(count));
    figures.insert("mean".to_owned(), json!(mean / unit));
    figures.insert("min".to_owned(), json!(f64::from(min) / unit));
    for ((name, _), value) in QUANTILES.iter().zip(quantiles) {
        figures.insert((*name).to_owned(), json!(f64::from(value) / unit));
    }
    figures.insert("max".to_owned(), json!(f64::from(max) / unit));
    Value::Object(figures)
}
