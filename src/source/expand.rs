//! What the user named -> inputs, in order, each file once.
//!
//! An argument is, in this order: `-`, stdin; the name of something that exists, even if it looks like a pattern; a
//! pattern, for where no shell expanded it; else an error. A directory stands for the files in and below it, sorted by
//! path. Left out below a directory, and by patterns that do not say so: names with a leading dot (swap files, version
//! control, network leftovers), and whatever is no regular file (opening a named pipe would wait for a writer). Named
//! outright, both are read.
//!
//! A file counts once, however many names lead to it: arguments that overlap, hard links, symbolic links, which also
//! may lead in circles. It is known by device and inode, and keeps the first of its names.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::Named;
use super::error::{Operation, Problem, SourceError};
use super::wildcard;

/// The inputs that arguments stand for, and what could not be found or listed.
#[derive(Debug, Default)]
pub struct Expansion {
    /// In the order of the arguments.
    pub inputs: Vec<Named>,
    /// In the same order; empty if all went well.
    pub errors: Vec<SourceError>,
}

/// The inputs that `args` stand for; the first thing that is missing or cannot be listed is the error.
pub fn expand<S: AsRef<OsStr>>(args: &[S]) -> Result<Vec<Named>, SourceError> {
    let Expansion { inputs, errors } = expand_all(args);
    match errors.into_iter().next() {
        Some(error) => Err(error),
        None => Ok(inputs),
    }
}

/// As [`expand()`], for those who go on with what there is (`--keep-going`).
pub fn expand_all<S: AsRef<OsStr>>(args: &[S]) -> Expansion {
    let mut walk = Walk::default();
    for arg in args {
        walk.argument(arg.as_ref());
    }
    walk.found
}

/// Device and inode: which file it is, whatever its name.
type Identity = (u64, u64);

#[derive(Default)]
struct Walk {
    found: Expansion,
    /// Files taken and directories entered.
    seen: HashSet<Identity>,
}

impl Walk {
    fn argument(&mut self, arg: &OsStr) {
        if arg == "-" {
            if !self.found.inputs.contains(&Named::Stdin) {
                self.found.inputs.push(Named::Stdin);
            }
            return;
        }
        let path = Path::new(arg);
        match (fs::metadata(path), arg.to_str().filter(|text| wildcard::is_pattern(text))) {
            (Ok(metadata), _) => self.named(path, &metadata),
            (Err(cause), Some(pattern)) if is_absent(&cause) && fs::symlink_metadata(path).is_err() => {
                self.pattern(pattern);
            }
            (Err(cause), _) => self.refused(path, Operation::Find, cause),
        }
    }

    fn pattern(&mut self, pattern: &str) {
        let (paths, errors) = wildcard::matches(pattern);
        if paths.is_empty() && errors.is_empty() {
            self.found.errors.push(SourceError::new(pattern, Problem::NoMatch));
        }
        self.found.errors.extend(errors);
        for path in paths {
            match fs::metadata(&path) {
                Ok(metadata) => self.named(&path, &metadata),
                Err(cause) => self.refused(&path, Operation::Find, cause),
            }
        }
    }

    /// Something that was named outright or matched a pattern: read whatever it is.
    fn named(&mut self, path: &Path, metadata: &Metadata) {
        if metadata.is_dir() {
            self.directory(path, metadata);
        } else {
            self.file(path, metadata);
        }
    }

    fn file(&mut self, path: &Path, metadata: &Metadata) {
        if self.seen.insert(identity(metadata)) {
            self.found.inputs.push(Named::Path(path.to_path_buf()));
        }
    }

    /// The files in and below a directory, without recursion: a path may be deeper than a stack.
    fn directory(&mut self, root: &Path, metadata: &Metadata) {
        if !self.seen.insert(identity(metadata)) {
            return;
        }
        let (errors_before, mut any) = (self.found.errors.len(), false);
        let mut waiting = self.list(root);
        while let Some(path) = waiting.pop() {
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() => {
                    if self.seen.insert(identity(&metadata)) {
                        waiting.extend(self.list(&path));
                    }
                }
                Ok(metadata) if metadata.is_file() => {
                    any = true;
                    self.file(&path, &metadata);
                }
                Ok(_) => {}
                Err(cause) => self.refused(&path, Operation::Find, cause),
            }
        }
        if !any && self.found.errors.len() == errors_before {
            self.found.errors.push(SourceError::new(root.to_string_lossy(), Problem::NoFiles));
        }
    }

    /// What is in a directory, last name first: the walk takes from the end.
    fn list(&mut self, folder: &Path) -> Vec<PathBuf> {
        let listed = fs::read_dir(folder).and_then(|entries| {
            entries.map(|entry| entry.map(|entry| entry.file_name())).collect::<io::Result<Vec<_>>>()
        });
        let mut names = match listed {
            Ok(names) => names,
            Err(cause) => {
                self.refused(folder, Operation::List, cause);
                return Vec::new();
            }
        };
        names.retain(|name| !name.as_encoded_bytes().starts_with(b"."));
        names.sort_unstable_by(|a, b| b.cmp(a));
        names.iter().map(|name| folder.join(name)).collect()
    }

    fn refused(&mut self, path: &Path, operation: Operation, cause: io::Error) {
        self.found.errors.push(SourceError::path(path, operation, cause));
    }
}

fn identity(metadata: &Metadata) -> Identity {
    (metadata.dev(), metadata.ino())
}

/// Whether nothing has the name (which a symbolic link to nothing has).
fn is_absent(cause: &io::Error) -> bool {
    matches!(cause.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(test)]
#[path = "expand_tests.rs"]
mod tests;
