//! visor-fast: raw web-server logs to answers and alerts, near the speed of counting their lines.
//!
//! A log line passes the modules in this order; a module imports only what stands before it.

pub mod aggregate; // record -> tally -> snapshot
pub mod cli; // flags, commands, exit codes
pub mod clock; // the only file that asks the time
pub mod engine; // threads, pieces, progress, interrupt
pub mod filter; // record -> kept or left out
pub mod format; // line -> record, borrowed from the line
pub mod generate; // realistic logs with a known truth; imports no parser, so a shared mistake cannot hide
mod parallel; // two functions at the same time
pub mod report; // snapshot -> terminal, JSON, CSV
pub mod scan; // bytes -> lines and delimiter positions; the SIMD kernels
pub mod source; // where bytes come from: mapped files, streams, compressed files
pub mod text_error; // a wrong text of the user's, with carets under the place

pub mod window; // event time in panes

#[doc(hidden)]
pub mod oracle; // the slow truth for tests, benches and fuzzing
