//! bzip2 streams: memory is bounded by the format, 4 MB at most.

use bzip2::{Decompress, Error, Status};

use super::{Damage, Outcome, Step};

/// A decoder of bzip2 streams.
pub(in super::super) struct Bzip2 {
    stream: Decompress,
}

impl Bzip2 {
    /// A decoder at the start of a stream.
    pub(super) fn new() -> Self {
        Bzip2 { stream: Decompress::new(false) }
    }

    /// See [`super::Decoder::decode`].
    pub(super) fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        let (before_in, before_out) = (self.stream.total_in(), self.stream.total_out());
        let outcome = match self.stream.decompress(input, output) {
            Ok(Status::StreamEnd) => Outcome::Ended,
            Ok(Status::MemNeeded) => Outcome::Broken(Damage::Memory("the system gives")),
            Ok(_) => Outcome::More,
            Err(Error::DataMagic) => Outcome::Broken(Damage::Data("not a bzip2 header")),
            Err(_) => Outcome::Broken(Damage::Data("invalid data or checksum")),
        };
        Step {
            consumed: (self.stream.total_in() - before_in) as usize,
            produced: (self.stream.total_out() - before_out) as usize,
            outcome,
        }
    }
}
