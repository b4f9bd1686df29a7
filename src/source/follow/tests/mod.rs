//! Followed files, by real ones: tables of what befalls a file, writers at full speed, restarts, and a model.

mod case_tests;
mod fault_tests;
mod load_tests;
mod model_tests;
mod restart_tests;

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::*;

/// What tests wait for comes, or this is how long they waited.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A clock that stands still until it is set forward.
#[derive(Clone)]
pub struct ManualClock(Arc<Mutex<Instant>>);

impl ManualClock {
    pub fn new() -> ManualClock {
        ManualClock(Arc::new(Mutex::new(crate::clock::monotonic())))
    }

    pub fn forward(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }

    pub fn boxed(&self) -> Clock {
        let now = Arc::clone(&self.0);
        Box::new(move || *now.lock().unwrap())
    }
}

/// What was handed over of one file.
#[derive(Clone, Debug, Default)]
pub struct Got {
    pub name: String,
    pub text: Vec<u8>,
    /// Where the next lines have to begin.
    pub to: u64,
}

/// Files in a folder, and a follower of them.
pub struct Trial {
    pub root: PathBuf,
    _folder: Option<tempfile::TempDir>,
    pub clock: ManualClock,
    pub options: Options,
    pub patterns: Vec<PathBuf>,
    pub follower: Follower,
    /// By file, in the order in which they were opened.
    pub got: BTreeMap<FileId, Got>,
    /// What was handed over before a restart.
    pub earlier: Vec<Got>,
    /// All events but lines, in words.
    pub told: Vec<String>,
}

pub fn quick() -> Options {
    Options { block_bytes: 64, line_bytes_max: 1000, begin: Begin::Beginning, ..Options::default() }
}

impl Trial {
    pub fn new(patterns: &[&str], options: Options) -> Trial {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        Trial::at(root, Some(folder), patterns, options, Vec::new())
    }

    pub fn at(
        root: PathBuf,
        folder: Option<tempfile::TempDir>,
        patterns: &[&str],
        options: Options,
        saved: Vec<Position>,
    ) -> Trial {
        let clock = ManualClock::new();
        let patterns: Vec<PathBuf> = patterns.iter().map(|pattern| root.join(pattern)).collect();
        let follower = Follower::new(&patterns, options.clone(), saved, clock.boxed()).unwrap();
        let (got, told, earlier) = (BTreeMap::new(), Vec::new(), Vec::new());
        Trial { root, _folder: folder, clock, options, patterns, follower, got, earlier, told }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub fn append(&self, name: &str, text: impl AsRef<[u8]>) {
        append(&self.path(name), text.as_ref());
    }

    pub fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    pub fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    /// Cuts a file to `length`, keeping its inode.
    pub fn cut(&self, name: &str, length: u64) {
        OpenOptions::new().write(true).open(self.path(name)).unwrap().set_len(length).unwrap();
    }

    /// One poll; true if anything was handed over.
    pub fn poll(&mut self, timeout: Duration) -> bool {
        let (got, told, root) = (&mut self.got, &mut self.told, &self.root);
        let mut any = false;
        self.follower.poll(timeout, &mut |event| {
            any = true;
            take(event, got, told, root);
            ControlFlow::Continue(())
        });
        any
    }

    /// Polls until nothing is left to hand over. Notices are there when the call that made them returns; where folders
    /// are polled, the clock goes on to the next look.
    pub fn settle(&mut self) {
        let mut quiet = 0;
        while quiet < 3 {
            if !self.options.notices {
                self.clock.forward(self.options.poll_max);
            }
            let any = self.poll(Duration::ZERO);
            quiet = if any || !self.follower.queue.is_empty() { 0 } else { quiet + 1 };
        }
    }

    /// As [`Trial::settle`], after lingering files were quiet for their grace time.
    pub fn settle_for_good(&mut self) {
        for _ in 0..8 {
            self.clock.forward(self.options.grace + Duration::from_secs(1));
            self.settle();
        }
    }

    /// A new follower that knows what this one has saved, after `while_away`.
    pub fn restart(&mut self, while_away: impl FnOnce(&Trial)) {
        let saved = self.follower.positions();
        // Through what a store would write.
        let saved = serde_json::from_str(&serde_json::to_string(&saved).unwrap()).unwrap();
        while_away(self);
        self.follower = Follower::new(&self.patterns, self.options.clone(), saved, self.clock.boxed()).unwrap();
        // Numbers of files start anew.
        self.earlier.extend(std::mem::take(&mut self.got).into_values());
    }

    /// What was handed over under a name, file after file.
    pub fn text(&self, name: &str) -> String {
        let all: Vec<u8> = self
            .earlier
            .iter()
            .chain(self.got.values())
            .filter(|got| got.name == name)
            .flat_map(|got| got.text.iter().copied())
            .collect();
        String::from_utf8_lossy(&all).into_owned()
    }

    /// The events so far.
    pub fn told(&mut self) -> Vec<String> {
        std::mem::take(&mut self.told)
    }
}

fn take(event: Event<'_>, got: &mut BTreeMap<FileId, Got>, told: &mut Vec<String>, root: &Path) {
    let short = |name: &Path| name.strip_prefix(root).unwrap_or(name).to_string_lossy().into_owned();
    let place = format!("{}/", root.display());
    match event {
        Event::Lines { file, text, from, to, .. } => {
            let got = got.get_mut(&file).expect("a file is opened before its lines come");
            assert_eq!(from, got.to, "lines follow each other: {}", got.name);
            assert!(to > from && !text.is_empty());
            got.text.extend_from_slice(text);
            got.to = to;
        }
        Event::Opened { file, name, from, .. } => {
            told.push(format!("opened {} at {from}", short(name)));
            got.insert(file, Got { name: short(name), text: Vec::new(), to: from });
        }
        Event::Rotated { name, .. } => told.push(format!("rotated {}", short(name))),
        Event::Truncated { file, name, unread } => {
            told.push(format!("truncated {} unread {unread}", short(name)));
            got.get_mut(&file).unwrap().to = 0;
        }
        Event::Gone { name, unread, .. } => told.push(format!("gone {} unread {unread}", short(name))),
        Event::Discarded { file, bytes, why } => {
            told.push(format!("discarded {bytes} {why:?}"));
            let got = got.get_mut(&file).unwrap();
            // The rest of a long line lies within what was handed over.
            if why == Discard::Nuls {
                got.to += bytes;
            }
        }
        Event::Failed(trouble) => told.push(trouble.to_string().replace(&place, "")),
    }
}

pub fn append(path: &Path, text: &[u8]) {
    let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
    file.write_all(text).unwrap();
}

/// A handle that writes on, whatever becomes of the name.
pub fn writer(path: &Path) -> File {
    OpenOptions::new().append(true).create(true).open(path).unwrap()
}
