//! Tally -> file: list after list in the order of their numbers, with no more memory than a block.

use super::blocks::Writer;
use super::{Head, Input, Origin};
use crate::aggregate::histogram::Distribution;
use crate::aggregate::messages::Messages;
use crate::aggregate::rows::Rows;
use crate::aggregate::tally::{Offsets, Tally};
use crate::aggregate::visitors::{RowOf, Visitor};
use crate::format::record::Time;
use std::io::{self, Write};

impl Tally {
    /// Writes all that was counted, so that [`Tally::read_from`] gives it back on any machine. Positions are to be
    /// resolved to lines of the inputs that `origin` lists.
    ///
    /// # Errors
    /// Those of `to`; and `InvalidInput` where the tally cannot be merged any more (see [`Tally::merge_last`]), its wall
    /// clock has no name that another machine would know, or a defect has left its counts in contradiction.
    pub fn write_to(&mut self, origin: &Origin, to: impl Write) -> io::Result<()> {
        if self.visits.is_some() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the last merge did not keep all visitors"));
        }
        if self.lines.lines != self.lines.parts() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "lines are not the sum of their kinds, by a defect",
            ));
        }
        self.visitors.settle_all();
        let mut out = Writer::new(to)?;
        let head = postcard::to_stdvec(&self.head(origin)?).map_err(io::Error::other)?;
        out.text(&head)?;
        self.write_sums(&mut out)?;
        for rows in [&self.methods, &self.protocols, &self.vhosts, &self.users, &self.modules] {
            write_rows(rows, &mut out)?;
        }
        for rows in [&self.past_browsers, &self.past_systems] {
            write_rows(rows, &mut out)?;
        }
        out.number(self.past_bots.0)?;
        out.number(self.past_bots.1)?;
        write_rows(&self.sites, &mut out)?;
        for rows in [&self.agents, &self.clients, &self.referrers] {
            write_rows(rows, &mut out)?;
        }
        for site in &self.site_of {
            out.number(site.map_or(0, |site| u64::from(site) + 1))?;
        }
        for rows in [&self.paths, &self.not_found, &self.server_errors] {
            write_rows(rows, &mut out)?;
        }
        self.write_timeline(&mut out)?;
        self.write_visitors(&mut out)?;
        write_messages(&self.messages, &mut out)?;
        out.finish()
    }

    fn head(&self, origin: &Origin) -> io::Result<Head> {
        let zone = self.clock.zone().name().ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "this machine's time zone has no name that others know")
        })?;
        let input = |input: &crate::aggregate::snapshot::Input| Input {
            name: input.name.clone(),
            bytes: input.bytes,
            lines: input.lines,
            format: input.format.clone(),
            error: input.error.clone(),
        };
        let lines = &self.lines;
        Ok(Head {
            bucket_seconds: self.timeline.seconds().unsigned_abs(),
            keep_query: self.keep_query,
            zone,
            partial: origin.partial,
            inputs: origin.inputs.iter().map(input).collect(),
            lines: [lines.lines, lines.blank, lines.records, lines.heartbeats, lines.filtered, lines.glued],
            malformed: lines.malformed.to_vec(),
            samples: self.samples.as_slice().to_vec(),
        })
    }

    fn write_sums(&self, out: &mut Writer<impl Write>) -> io::Result<()> {
        match &self.period {
            None => out.number(0u64)?,
            Some((first, last)) => {
                out.number(1u64)?;
                write_time(first, out)?;
                write_time(last, out)?;
            }
        }
        match self.offsets {
            Offsets::None => out.number(0u64)?,
            Offsets::One(offset) => {
                out.number(1u64)?;
                out.signed(offset.into())?;
            }
            Offsets::Many => out.number(2u64)?,
        }
        out.number(self.bytes_sent)?;
        out.number(self.bytes_read)?;
        let status = || (0u64..).zip(&self.status).filter(|(_, (hits, _))| *hits > 0);
        out.number(status().count() as u64)?;
        for (status, (hits, bytes)) in status() {
            [status, *hits, *bytes].into_iter().try_for_each(|number| out.number(number))?;
        }
        self.levels.into_iter().try_for_each(|hits| out.number(hits))?;
        write_distribution(&self.sizes, out)?;
        write_distribution(&self.latency, out)
    }

    fn write_timeline(&self, out: &mut Writer<impl Write>) -> io::Result<()> {
        out.number(self.timeline.count() as u64)?;
        let mut before = 0i64;
        for (number, counts) in self.timeline.iter() {
            out.signed(number.wrapping_sub(std::mem::replace(&mut before, number)))?;
            let counts = [counts.hits, counts.bytes, counts.errors, counts.client_errors];
            counts.into_iter().try_for_each(|count| out.number(count))?;
        }
        match self.timeline.bounds() {
            None => out.number(0u64),
            Some(bounds) => write_missed(bounds.floor, &bounds.missed, out),
        }
    }

    /// The level of the sample, kinds, then visitors: client and kind as the difference from the visitor before, the mask of buckets, and the
    /// rows as ascending differences of `row * 8 + list`.
    fn write_visitors(&self, out: &mut Writer<impl Write>) -> io::Result<()> {
        out.number(self.visitors.level())?;
        let kinds = self.visitors.kinds.as_slice();
        out.number(kinds.len() as u64)?;
        let mut day = 0;
        for kind in kinds {
            out.number(kind.agent)?;
            out.signed(i64::from(kind.day) - i64::from(std::mem::replace(&mut day, kind.day)))?;
        }
        out.number(self.visitors.len() as u64)?;
        let mut before = Visitor { client: 0, kind: 0 };
        let mut rows = Vec::new();
        for id in 0..self.visitors.len() as u32 {
            let visitor = self.visitors.get(id);
            out.signed(i64::from(visitor.client) - i64::from(before.client))?;
            out.signed(i64::from(visitor.kind) - i64::from(before.kind))?;
            before = visitor;
            out.number(self.visitors.buckets(id))?;
            rows.clear();
            self.visitors.for_each_row(id, |row| rows.push(code_of(row)));
            rows.sort_unstable();
            out.number(rows.len() as u64)?;
            let mut before = 0;
            for row in &rows {
                out.number(row - std::mem::replace(&mut before, *row))?;
            }
        }
        Ok(())
    }
}

/// A row of a list as one number, never 0.
fn code_of(row: RowOf) -> u64 {
    let (list, row) = row.parts();
    u64::from(row) << 3 | list as u64
}

fn write_time(time: &Time, out: &mut Writer<impl Write>) -> io::Result<()> {
    out.signed(time.wall_seconds)?;
    out.signed(time.offset_seconds.into())?;
    out.number(time.nanos)
}

fn write_rows(rows: &Rows, out: &mut Writer<impl Write>) -> io::Result<()> {
    out.number(rows.len() as u64)?;
    for row in rows.iter() {
        out.text(row.key)?;
        out.number(row.hits)?;
        out.number(row.bytes)?;
    }
    write_bounds(rows, out)
}

/// Nothing but a 0, or what is known of keys that the list does not hold.
fn write_bounds(rows: &Rows, out: &mut Writer<impl Write>) -> io::Result<()> {
    let Some(bounds) = rows.bounds() else { return out.number(0u64) };
    write_missed(bounds.floor(), bounds.missed(), out)?;
    out.raw_bytes(bounds.distinct().registers())
}

fn write_missed(floor: u64, missed: &[u64], out: &mut Writer<impl Write>) -> io::Result<()> {
    out.number(1u64)?;
    out.number(floor)?;
    missed.iter().try_for_each(|missed| out.number(*missed))
}

fn write_distribution(values: &Distribution, out: &mut Writer<impl Write>) -> io::Result<()> {
    let (buckets, sum, least, greatest) = values.parts();
    out.number(buckets.len() as u64)?;
    let mut before = 0;
    for (value, count) in &buckets {
        out.number(value - std::mem::replace(&mut before, *value))?;
        out.number(*count)?;
    }
    if !buckets.is_empty() {
        out.number(sum)?;
        out.number(least)?;
        out.number(greatest)?;
    }
    Ok(())
}

fn write_messages(messages: &Messages, out: &mut Writer<impl Write>) -> io::Result<()> {
    let rows = messages.rows();
    out.number(rows.len() as u64)?;
    for (id, row) in (0..).zip(rows.iter()) {
        out.text(row.key)?;
        out.number(row.hits)?;
        let group = postcard::to_stdvec(messages.group(id)).map_err(io::Error::other)?;
        out.text(&group)?;
    }
    write_bounds(rows, out)
}
