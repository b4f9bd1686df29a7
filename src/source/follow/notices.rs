//! From notices and the clock to looks: what has to be looked at now.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Follower;
use super::event::{Event, Receiver, Trouble};
use super::options::Options;
use super::pattern::Wanted;
use super::watch::Notice;

/// A sweep takes at most this share of the time,
const SWEEP_SHARE: u32 = 100;
/// unless that would put off the next one for longer than this: on a busy machine it waits more than it works.
const SWEEP_REST_MAX: Duration = Duration::from_secs(10);

/// When everything is looked at, whatever was noticed.
#[derive(Debug)]
pub(super) struct Sweep {
    next: Instant,
    interval: Duration,
    /// Whether anything changed since the last one.
    stirred: bool,
    /// Whether the next one follows at once.
    hastened: bool,
}

impl Sweep {
    pub(super) fn new(now: Instant, options: &Options) -> Sweep {
        Sweep { next: now, interval: options.poll_min, stirred: false, hastened: false }
    }

    pub(super) fn next(&self) -> Instant {
        self.next
    }

    /// Notes that something changed: where folders are polled, more may follow soon.
    pub(super) fn stir(&mut self, now: Instant, polls: bool, options: &Options) {
        self.stirred = true;
        if polls && self.interval > options.poll_min {
            self.interval = options.poll_min;
            self.next = self.next.min(now + self.interval);
        }
    }

    /// Asks for one more at once.
    pub(super) fn hasten(&mut self, now: Instant) {
        self.hastened = true;
        self.next = self.next.min(now);
    }

    /// Notes a sweep from `from` to `to`.
    fn done(&mut self, from: Instant, to: Instant, polls: bool, options: &Options) {
        self.interval = match (polls, std::mem::take(&mut self.stirred)) {
            (true, true) => options.poll_min,
            (true, false) => (self.interval * 2).clamp(options.poll_min, options.poll_max),
            (false, _) => options.sweep,
        };
        let cost = to.saturating_duration_since(from);
        let hastened = std::mem::take(&mut self.hastened);
        self.next = if hastened { to } else { to + self.interval.max((cost * SWEEP_SHARE).min(SWEEP_REST_MAX)) };
    }
}

impl Follower {
    /// Takes notices and looks where they say; sweeps if it is time.
    pub(super) fn hear(&mut self, receive: &mut Receiver<'_>) {
        let mut notices = std::mem::take(&mut self.notices);
        self.watch.read(&mut notices);
        let mut anything = self.now >= self.sweep.next();
        for notice in notices.drain(..) {
            match notice {
                Notice::Written(path) => self.written(&path),
                Notice::Changed(path) => anything |= self.changed(&path, receive),
                Notice::Moved(from, to) => anything |= self.moved(&from, &to, receive),
                Notice::Anything => anything = true,
            }
        }
        self.notices = notices;
        if anything {
            self.scan(receive);
        }
    }

    /// Looks at everything, after watching every folder in which something may come, so that nothing comes between.
    pub(super) fn scan(&mut self, receive: &mut Receiver<'_>) {
        let from = (self.clock)();
        let mut troubles = Vec::new();
        // A folder may come while its parent is looked at; more than a few would come for ever.
        for _ in 0..4 {
            let mut folders = self.patterns.folders();
            for folder in self.links.keys().filter_map(|target| target.parent()) {
                folders.insert(folder.to_path_buf(), true);
            }
            if !self.watch.set(folders, &mut troubles) {
                break;
            }
        }
        for trouble in &troubles {
            let _ = receive(Event::Failed(trouble));
        }
        let (paths, errors) = self.patterns.paths();
        let mut unlisted = HashMap::new();
        for error in errors {
            let (name, trouble) = (error.name.clone(), Trouble::Io(error));
            let sentence = trouble.to_string();
            if self.unlisted.get(&name) != Some(&sentence) {
                let _ = receive(Event::Failed(&trouble));
            }
            unlisted.insert(name, sentence);
        }
        self.unlisted = unlisted;
        for path in &paths {
            self.look(path, receive);
        }
        let listed: HashSet<&Path> = paths.iter().map(PathBuf::as_path).collect();
        let missing = self.names.iter().filter(|(path, name)| name.wanted && !listed.contains(path.as_path()));
        for path in missing.map(|(path, _)| path.clone()).collect::<Vec<_>>() {
            self.look(&path, receive);
        }
        self.sweep.done(from, (self.clock)(), self.watch.polls(), &self.options);
    }

    /// A file was written to.
    fn written(&mut self, path: &Path) {
        if let Some(file) = self.names.get(path).and_then(|name| name.file) {
            self.enqueue(file);
        }
        for name in self.links.get(path).cloned().unwrap_or_default() {
            if let Some(file) = self.names.get(&name).and_then(|name| name.file) {
                self.enqueue(file);
            }
        }
    }

    /// Something has or had this name; true if everything has to be looked at.
    pub(super) fn changed(&mut self, path: &Path, receive: &mut Receiver<'_>) -> bool {
        for name in self.links.get(path).cloned().unwrap_or_default() {
            self.look(&name, receive);
        }
        match self.patterns.wants(path) {
            Wanted::File => {
                self.look(path, receive);
                // A folder or a link to one may lead further.
                self.names.get(path).is_none_or(|name| name.file.is_none()) && path.is_dir()
            }
            Wanted::Folder => true,
            Wanted::No => false,
        }
    }
}
