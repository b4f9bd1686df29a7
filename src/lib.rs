//! visor-fast: raw web-server logs to answers and alerts, near the speed of counting their lines.
//!
//! A log line passes the modules in this order; a module imports only what stands before it.

pub mod clock; // the only file that asks the time
pub mod json_file;
mod parallel; // two functions at the same time
pub mod text_error; // a wrong text of the user's, with carets under the place // a JSON file to what it says, or to everything that is wrong with it

pub mod source; // where bytes come from: mapped files, streams, followed files, sockets

pub mod scan; // bytes -> lines and delimiter positions; the SIMD kernels

pub mod format; // line -> record, borrowed from the line

pub mod filter; // record -> kept or left out

pub mod aggregate; // record -> tally -> snapshot

pub mod window; // event time in panes: which windows are closed, and what is in them

pub mod alert; // what closed windows mean to rules: a pure state machine, no I/O

pub mod store; // what survives a restart: counts, positions and windows, in SQLite

pub mod report; // snapshot -> terminal, JSON, CSV

pub mod generate; // realistic logs with a known truth; imports no parser, so a shared mistake cannot hide

pub mod engine; // threads, pieces, progress, interrupt

pub mod config; // settings files: what was written, checked

pub mod cli; // flags, commands, exit codes

#[doc(hidden)]
pub mod oracle; // the slow truth for tests, benches and fuzzing
