//! A filter: it parses and prints itself, or says what is wrong.
#![no_main]

#[allow(dead_code, reason = "each target asks for one of the properties")]
#[path = "../../mutations/properties.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|data: &[u8]| properties::filter(data));
