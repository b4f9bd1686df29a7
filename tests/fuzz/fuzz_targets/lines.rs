//! Two bytes that choose format and pieces, and a log: every way to count it says the same.
#![no_main]

#[allow(dead_code, reason = "each target asks for one of the properties")]
#[path = "../../mutations/properties.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|data: &[u8]| properties::lines(data));
