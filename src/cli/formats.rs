//! `visor-fast formats`: what is understood, with an example line of each.

use crate::format::catalogue::ENTRIES;
use std::io::{self, Write};

/// Writes the list.
pub fn write(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Formats are told from the first lines of each input; --format NAME sets one for all.")?;
    writeln!(out, "Several in one input: --format NAME,NAME. The server's own format string works too.")?;
    for entry in ENTRIES {
        writeln!(out, "\n{}\n  {}", entry.name, entry.about)?;
        writeln!(out, "  fields:  {}\n  example: {}", entry.fields, entry.example.replace('\n', "\n           "))?;
    }
    Ok(())
}
