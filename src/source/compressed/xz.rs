//! xz streams (the .xz file format 1.2). Their padding is the caller's.

use liblzma::stream::{Action, Error, Status, Stream};

use super::{Damage, Outcome, Step};

/// What a decoder may use: four times what the highest preset, `xz -9`, needs.
const MEMORY_BYTES_MAX: u64 = 256 << 20;
const LIMIT: &str = "256 MiB";

/// A decoder of xz streams.
pub(in super::super) struct Xz {
    stream: Stream,
}

impl Xz {
    /// A decoder at the start of a stream.
    pub(super) fn new() -> Result<Self, Damage> {
        let stream = Stream::new_stream_decoder(MEMORY_BYTES_MAX, 0).map_err(damage)?;
        Ok(Xz { stream })
    }

    /// See [`super::Decoder::decode`].
    pub(super) fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        let (before_in, before_out) = (self.stream.total_in(), self.stream.total_out());
        let outcome = match self.stream.process(input, output, Action::Run) {
            Ok(Status::StreamEnd) => Outcome::Ended,
            Ok(_) => Outcome::More,
            Err(error) => Outcome::Broken(damage(error)),
        };
        Step {
            consumed: (self.stream.total_in() - before_in) as usize,
            produced: (self.stream.total_out() - before_out) as usize,
            outcome,
        }
    }
}

fn damage(error: Error) -> Damage {
    match error {
        Error::MemLimit => Damage::Memory(LIMIT),
        Error::Mem => Damage::Memory("the system gives"),
        Error::Format => Damage::Data("not an xz header"),
        Error::Options => Damage::Data("unknown filter or option"),
        _ => Damage::Data("invalid data or checksum"),
    }
}
