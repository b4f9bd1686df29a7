//! zstd frames, skippable ones among them (RFC 8878).

use zstd::zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer, is_error_kind, zstd_sys::ZSTD_ErrorCode};

use super::{Damage, Outcome, Step};

/// The largest window, as a power of two: 128 MiB, what `zstd -d` takes without `--long`.
const WINDOW_LOG_MAX: u32 = 27;
const LIMIT: &str = "a window of 128 MiB (2^27)";

/// A decoder of zstd frames.
pub(in super::super) struct Zstd {
    context: DCtx<'static>,
}

impl Zstd {
    /// A decoder at the start of a frame.
    pub(super) fn new() -> Result<Self, Damage> {
        let mut context = DCtx::try_create().ok_or(Damage::Memory("the system gives"))?;
        context.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX)).map_err(damage)?;
        Ok(Zstd { context })
    }

    /// See [`super::Decoder::decode`]. After the end of a frame it is at the start of the next by itself.
    pub(super) fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        let mut from = InBuffer::around(input);
        let mut to = OutBuffer::around(output);
        let result = self.context.decompress_stream(&mut to, &mut from);
        let outcome = match result {
            Ok(0) => Outcome::Ended,
            Ok(_) => Outcome::More,
            Err(code) => Outcome::Broken(damage(code)),
        };
        Step { consumed: from.pos(), produced: to.pos(), outcome }
    }
}

fn damage(code: usize) -> Damage {
    if is_error_kind(code, ZSTD_ErrorCode::ZSTD_error_frameParameter_windowTooLarge) {
        return Damage::Memory(LIMIT);
    }
    Damage::Data(zstd::zstd_safe::get_error_name(code))
}
