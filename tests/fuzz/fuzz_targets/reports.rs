//! A log of whatever format: every report of it is valid and moves no cursor.
#![no_main]

#[allow(dead_code, reason = "each target asks for one of the properties")]
#[path = "../../mutations/properties.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|data: &[u8]| properties::reports(data));
