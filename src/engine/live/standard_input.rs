//! Standard input as a live source.

use super::source::{Before, Event, Problem, Source};
use crate::source::net::{Piece, Piped};
use crate::window::watermark::{InputId, Kind};
use std::time::Duration;

/// Standard input, or another descriptor.
pub struct StandardInput {
    piped: Piped,
    input: InputId,
    has_begun: bool,
}

impl StandardInput {
    /// Lines of `piped`, as the input `input`.
    pub fn new(piped: Piped, input: InputId) -> StandardInput {
        StandardInput { piped, input, has_begun: false }
    }
}

impl Source for StandardInput {
    fn name(&self) -> String {
        "stdin".to_string()
    }

    fn poll(&mut self, timeout: Duration, tell: &mut dyn FnMut(Event<'_>)) -> Result<bool, String> {
        let input = self.input;
        if !self.has_begun {
            self.has_begun = true;
            let name = self.piped.name();
            tell(Event::Begin { input, name, group: name, kind: Kind::Sender, before: Before::default() });
        }
        let goes_on = self.piped.poll(timeout, &mut |piece| match piece {
            Piece::Lines(text) => tell(Event::Lines { input, text }),
            Piece::LongLine(bytes) => {
                let sentence =
                    format!("-: {bytes} bytes of a line over the limit were left out; raise --max-line-bytes");
                tell(Event::Problem(Problem { bytes, sentence: &sentence }));
            }
        });
        let goes_on = goes_on.map_err(|error| error.to_string())?;
        if !goes_on {
            tell(Event::End { input });
        }
        Ok(goes_on)
    }

    fn drain(&mut self, time: Duration, tell: &mut dyn FnMut(Event<'_>)) -> Result<(), String> {
        // What lies in the pipe; whoever writes on is not waited for.
        let end = crate::clock::monotonic() + time;
        let mut lines_came = true;
        while lines_came && crate::clock::monotonic() < end {
            lines_came = false;
            let goes_on = self.poll(Duration::ZERO, &mut |event| {
                lines_came |= matches!(event, Event::Lines { .. });
                tell(event);
            })?;
            lines_came &= goes_on;
        }
        Ok(())
    }
}
