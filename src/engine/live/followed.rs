//! Followed files as a live source.

use super::source::{Event, Problem, Source};
use crate::source::follow::{self, Discard, FileId, Follower};
use crate::window::watermark::{InputId, Kind};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::time::Duration;

/// Files that a follower follows.
pub struct Followed {
    follower: Follower,
    inputs: HashMap<FileId, InputId>,
    next: InputId,
}

impl Followed {
    /// The files of `follower`, as inputs from the number `first` on.
    pub fn new(follower: Follower, first: InputId) -> Followed {
        Followed { follower, inputs: HashMap::new(), next: first }
    }

    /// Looks once; whether lines came.
    fn look(&mut self, timeout: Duration, tell: &mut dyn FnMut(Event<'_>)) -> bool {
        let (inputs, next) = (&mut self.inputs, &mut self.next);
        let mut lines_came = false;
        self.follower.poll(timeout, &mut |event| {
            match event {
                follow::Event::Opened { file, name, .. } => {
                    let input = *next;
                    *next += 1;
                    inputs.insert(file, input);
                    tell(Event::Begin { input, name: &name.display().to_string(), kind: Kind::Waiting });
                }
                follow::Event::Lines { file, text, backlog, .. } => {
                    if let Some(&input) = inputs.get(&file) {
                        lines_came = true;
                        tell(Event::Lines { input, text });
                        tell(Event::Backlog { input, bytes: backlog });
                    }
                }
                follow::Event::Gone { file, name, unread } => {
                    if unread > 0 {
                        let sentence = format!("{}: {unread} bytes were lost before they were read", name.display());
                        tell(Event::Problem(Problem { bytes: unread, sentence: &sentence }));
                    }
                    if let Some(input) = inputs.remove(&file) {
                        tell(Event::End { input });
                    }
                }
                follow::Event::Truncated { name, unread, .. } => {
                    let sentence = format!(
                        "{}: was cut short, and is read from its beginning; {unread} bytes that were seen there are lost",
                        name.display()
                    );
                    tell(Event::Problem(Problem { bytes: unread, sentence: &sentence }));
                }
                follow::Event::Discarded { bytes, why, .. } => {
                    let sentence = match why {
                        Discard::LongLine => {
                            format!("{bytes} bytes of a line over the limit were left out; raise --max-line-bytes")
                        }
                        Discard::Nuls => format!("a hole of {bytes} NUL bytes was passed over"),
                    };
                    tell(Event::Problem(Problem { bytes, sentence: &sentence }));
                }
                follow::Event::Failed(trouble) => {
                    tell(Event::Problem(Problem { bytes: 0, sentence: &trouble.to_string() }));
                }
                follow::Event::Rotated { .. } => {}
            }
            ControlFlow::Continue(())
        });
        lines_came
    }
}

impl Source for Followed {
    fn name(&self) -> String {
        "follow".to_string()
    }

    fn poll(&mut self, timeout: Duration, tell: &mut dyn FnMut(Event<'_>)) -> Result<bool, String> {
        self.look(timeout, tell);
        Ok(true)
    }

    fn drain(&mut self, time: Duration, tell: &mut dyn FnMut(Event<'_>)) -> Result<(), String> {
        let end = crate::clock::monotonic() + time;
        while self.look(Duration::ZERO, tell) && crate::clock::monotonic() < end {}
        Ok(())
    }

    fn pause(&mut self, input: InputId, paused: bool) {
        let Some((file, _)) = self.inputs.iter().find(|(_, known)| **known == input) else { return };
        if paused {
            self.follower.pause(*file);
        } else {
            self.follower.resume(*file);
        }
    }
}
