//! What a format carries of what was made: of the rest an analysis cannot know, and the truth must not tell.

use super::layout::{Field, Layout, Unit};
use super::printer::{NO_BODY, with_headers};

/// What stands in each line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Carried {
    pub time: bool,
    pub client: bool,
    pub user: bool,
    pub agent: bool,
    pub referrer: bool,
    pub host: bool,
    pub method: bool,
    pub path: bool,
    pub protocol: bool,
    pub status: bool,
    pub bytes: Bytes,
    pub bytes_read: bool,
    pub latency: Option<Unit>,
    pub module: bool,
}

/// How sizes are carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bytes {
    None,
    /// No body is `-`.
    Dash,
    /// No body is 0.
    Zero,
    WithHeaders,
}

impl Carried {
    /// What a layout carries.
    pub fn by(layout: &Layout) -> Carried {
        let has = |fields: &[Field]| layout.has(|field| fields.contains(field));
        let bytes = if has(&[Field::Bytes { has_dash: true }]) {
            Bytes::Dash
        } else if has(&[Field::Bytes { has_dash: false }]) {
            Bytes::Zero
        } else if has(&[Field::BytesWithHeaders]) {
            Bytes::WithHeaders
        } else {
            Bytes::None
        };
        // The finest of several is what counts.
        let units = [Unit::Micros, Unit::SecondsMicros, Unit::Millis, Unit::SecondsMillis, Unit::Seconds];
        Carried {
            time: layout.has(|field| matches!(field, Field::Time(_))),
            client: has(&[Field::Address, Field::Forwarded, Field::ClientBrackets, Field::ClientNginx]),
            user: has(&[Field::User]),
            agent: has(&[Field::Agent]),
            referrer: has(&[Field::Referrer, Field::ReferrerMember]),
            host: has(&[Field::Host]),
            method: has(&[Field::Request, Field::Method]),
            path: has(&[Field::Request, Field::Target, Field::Path]),
            protocol: has(&[Field::Request, Field::Protocol]),
            status: has(&[Field::Status]),
            bytes,
            bytes_read: has(&[Field::BytesRead]),
            latency: units.into_iter().find(|unit| has(&[Field::Latency(*unit)])),
            module: has(&[Field::Module]),
        }
    }

    /// The size as the line tells it.
    #[inline]
    pub fn bytes_of(&self, bytes: u32) -> Option<u32> {
        match (self.bytes, bytes) {
            (Bytes::None, _) | (Bytes::Dash, NO_BODY) => None,
            (Bytes::Zero, NO_BODY) => Some(0),
            (Bytes::WithHeaders, bytes) => Some(with_headers(bytes)),
            (_, bytes) => Some(bytes),
        }
    }

    /// The latency as the line tells it, in microseconds.
    #[inline]
    pub fn latency_of(&self, micros: u32) -> u32 {
        match self.latency {
            Some(Unit::Millis | Unit::SecondsMillis) => micros / 1000 * 1000,
            Some(Unit::Seconds) => micros / 1_000_000 * 1_000_000,
            _ => micros,
        }
    }
}
