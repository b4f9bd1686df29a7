//! Followed files as a live source.

use super::source::{Backlog, Before, Event, Problem, Saved, Source};
use crate::source::follow::{self, Discard, FileId, Follower};
use crate::window::watermark::{InputId, Kind};
use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::ops::ControlFlow;
use std::time::Duration;

/// Bytes after which a poll ends: whoever is to wait is told between two polls, and so is what is to be kept.
const POLL_BYTES: usize = 1 << 20;

/// How long a look waits at the end: what cannot be read just now must not keep a core busy.
const DRAIN_LOOK: Duration = Duration::from_millis(1);

/// Files that a follower follows.
pub struct Followed {
    follower: Follower,
    inputs: HashMap<FileId, InputId>,
    /// Those that were opened and have shown no line since.
    fresh: HashSet<FileId>,
    /// What an earlier run has seen of files, by name and offset.
    before: HashMap<(OsString, u64), Before>,
    next: InputId,
}

impl Followed {
    /// The files of `follower`, as inputs from the number `first` on. `before` says what an earlier run has seen of those
    /// whose positions the follower was given.
    pub fn new(
        follower: Follower,
        before: impl IntoIterator<Item = (follow::Position, Before)>,
        first: InputId,
    ) -> Followed {
        let before = before.into_iter().map(|(position, before)| ((position.name, position.offset), before)).collect();
        Followed { follower, inputs: HashMap::new(), fresh: HashSet::new(), before, next: first }
    }

    /// Looks once; whether lines came.
    fn look(&mut self, timeout: Duration, tell: &mut dyn FnMut(Event<'_>)) -> bool {
        let Followed { follower, inputs, fresh, before, next } = self;
        let (mut lines_came, mut bytes) = (false, 0);
        follower.poll(timeout, &mut |event| {
            match event {
                follow::Event::Opened { file, name, from, backlog } => {
                    let input = *next;
                    *next += 1;
                    inputs.insert(file, input);
                    let before = before.remove(&(name.as_os_str().to_owned(), from)).unwrap_or_default();
                    let name = name.display().to_string();
                    tell(Event::Begin { input, name: &name, group: &name, kind: Kind::Waiting, before });
                    if backlog > 0 {
                        // Its lines may be older than those of the others, which are to wait for it.
                        fresh.insert(file);
                        tell(Event::Backlog { input, backlog: Backlog::Bytes(backlog) });
                    }
                }
                follow::Event::Lines { file, text, backlog, .. } => {
                    if let Some(&input) = inputs.get(&file) {
                        lines_came = true;
                        fresh.remove(&file);
                        tell(Event::Lines { input, text });
                        tell(Event::Backlog { input, backlog: Backlog::Bytes(backlog) });
                    }
                    bytes += text.len();
                    if bytes >= POLL_BYTES {
                        return ControlFlow::Break(());
                    }
                }
                follow::Event::Gone { file, name, unread } => {
                    if unread > 0 {
                        let sentence = format!("{}: {unread} bytes were lost before they were read", name.display());
                        tell(Event::Problem(Problem { bytes: unread, sentence: &sentence }));
                    }
                    fresh.remove(&file);
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
        if !fresh.is_empty() {
            // What was behind the place where it was begun may be no line yet, and then nobody waits for it any longer.
            let read = follower.files().filter(|status| status.backlog == 0 && fresh.contains(&status.file));
            for file in read.map(|status| status.file).collect::<Vec<_>>() {
                fresh.remove(&file);
                if let Some(&input) = inputs.get(&file) {
                    tell(Event::Backlog { input, backlog: Backlog::Bytes(0) });
                }
            }
        }
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
        // Nobody waits for others any longer.
        let waiting: Vec<FileId> = self.follower.files().filter(|file| file.paused).map(|file| file.file).collect();
        waiting.into_iter().for_each(|file| self.follower.resume(file));
        let has_more = |follower: &Follower| follower.files().any(|file| file.backlog > 0);
        while (self.look(DRAIN_LOOK, tell) || has_more(&self.follower)) && crate::clock::monotonic() < end {}
        Ok(())
    }

    fn saved(&mut self) -> Vec<(InputId, Saved)> {
        let position = |(file, input): (&FileId, &InputId)| Some((*input, Saved::File(self.follower.position(*file)?)));
        self.inputs.iter().filter_map(position).collect()
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
