//! The JSON report, schema 1: one line for each row of a list, so that it can be read and compared line by line.

use crate::aggregate::snapshot::Snapshot;
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use std::io::{self, Write};

/// Writes the report, with a newline at its end.
pub fn write(snapshot: &Snapshot, out: &mut dyn Write) -> io::Result<()> {
    snapshot.serialize(&mut Serializer::with_formatter(&mut *out, Rows::default()))?;
    out.write_all(b"\n")
}

/// Breaks lines between the keys of the report and between the rows of a list, and nowhere else.
#[derive(Default)]
struct Rows {
    depth: usize,
}

impl Rows {
    fn open<W: ?Sized + Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        writer.write_all(bracket)
    }

    fn close<W: ?Sized + Write>(&mut self, writer: &mut W, broken: bool, bracket: &[u8]) -> io::Result<()> {
        self.depth -= 1;
        if broken {
            writer.write_all(b"\n")?;
            self.indent(writer)?;
        }
        writer.write_all(bracket)
    }

    fn next<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool, broken: bool) -> io::Result<()> {
        writer.write_all(if first { b"" } else { b"," })?;
        match (broken, first) {
            (true, _) => writer.write_all(b"\n").and_then(|()| self.indent(writer)),
            (false, true) => Ok(()),
            (false, false) => writer.write_all(b" "),
        }
    }

    fn indent<W: ?Sized + Write>(&self, writer: &mut W) -> io::Result<()> {
        (0..self.depth).try_for_each(|_| writer.write_all(b"  "))
    }
}

impl Formatter for Rows {
    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        let broken = self.depth == 1;
        self.close(writer, broken, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        let broken = self.depth == 1;
        self.next(writer, first, broken)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        let broken = self.depth == 2;
        self.close(writer, broken, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        let broken = self.depth == 2;
        self.next(writer, first, broken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example::example;

    #[test]
    fn what_is_written_is_read_back_whole() {
        for snapshot in [example(), Snapshot::default()] {
            let mut bytes = Vec::new();
            write(&snapshot, &mut bytes).unwrap();
            assert_eq!(serde_json::from_slice::<Snapshot>(&bytes).unwrap(), snapshot);
        }
    }

    #[test]
    fn each_row_has_a_line() {
        let mut bytes = Vec::new();
        write(&example(), &mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("{\n  \"schema\": 1,\n"), "{text}");
        assert!(text.ends_with("]\n}\n"), "{text}");
        assert!(
            text.contains("\n    {\"key\": \"200\", \"hits\": 900, \"bytes\": 900000, \"share\": 0.9},\n"),
            "{text}"
        );
    }
}
