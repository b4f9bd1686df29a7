//! What the user wants followed: paths, and patterns that files appear under at any time.
//!
//! A pattern is matched in two ways that have to agree: against what is there (by `wildcard`, as in a batch), and
//! against one name that a notice brings. It names no compressed files unless it ends as they do: `app.log*` is there
//! for rotated files, and a rotated file that was compressed is one that was read already.
//!
//! Where files may appear, folders are watched: those in which a match may lie, the nearest existing one where they
//! are missing, and those in which a part of the path is a symbolic link that can be switched.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Component, Path, PathBuf};

use glob::Pattern as Glob;

use super::super::error::{Problem, SourceError};
use super::super::wildcard;

/// Endings of compressed files.
const COMPRESSED: [&str; 9] = [".gz", ".bz2", ".xz", ".zst", ".Z", ".lz4", ".lzma", ".zip", ".7z"];

/// Paths and patterns.
#[derive(Debug, Default)]
pub(super) struct Patterns {
    all: Vec<Pattern>,
    /// Paths named outright: a shell may have expanded a pattern to thousands of them.
    literal: HashSet<PathBuf>,
    /// The folders above them.
    above: HashSet<PathBuf>,
}

/// What a path is to the patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// It is to be followed.
    File,
    /// Something to be followed may lie below it.
    Folder,
    /// Nothing.
    No,
}

#[derive(Debug)]
struct Pattern {
    /// As given; a relative one is taken as below the current folder.
    text: PathBuf,
    parts: Vec<Part>,
    /// Whether it was named outright, so that there is one path and it is missed if it is absent.
    literal: bool,
}

#[derive(Debug)]
enum Part {
    Name(std::ffi::OsString),
    Glob {
        glob: Glob,
        dotted: bool,
    },
    /// `**`: any number of folders.
    Folders,
}

impl Patterns {
    /// Reads what was named. What exists is taken as it is, even if it looks like a pattern.
    pub(super) fn new<S: AsRef<OsStr>>(texts: &[S]) -> Result<Patterns, SourceError> {
        let mut patterns = Patterns::default();
        let mut known = HashSet::new();
        for text in texts {
            let path = Path::new(text.as_ref());
            if known.insert(path) {
                let pattern = Pattern::new(path)?;
                if pattern.literal {
                    patterns.literal.insert(path.to_path_buf());
                    patterns.above.extend(path.ancestors().skip(1).map(Path::to_path_buf));
                }
                patterns.all.push(pattern);
            }
        }
        Ok(patterns)
    }

    /// The paths that match now, in the order of the patterns, and the folders that could not be listed.
    pub(super) fn paths(&self) -> (Vec<PathBuf>, Vec<SourceError>) {
        let (mut paths, mut errors) = (Vec::new(), Vec::new());
        for pattern in &self.all {
            if pattern.literal {
                paths.push(pattern.text.clone());
            } else if let Some(text) = pattern.text.to_str() {
                let (found, failed) = wildcard::matches(text);
                paths.extend(found.into_iter().filter(|path| pattern.takes(path)));
                errors.extend(failed);
            }
        }
        (paths, errors)
    }

    /// Whether a path was named outright.
    pub(super) fn is_literal(&self, path: &Path) -> bool {
        self.literal.contains(path)
    }

    /// What `path`, as [`Patterns::folders`] leads to it, is.
    pub(super) fn wants(&self, path: &Path) -> Wanted {
        if self.literal.contains(path) {
            return Wanted::File;
        }
        let mut wanted = if self.above.contains(path) { Wanted::Folder } else { Wanted::No };
        for pattern in self.all.iter().filter(|pattern| !pattern.literal) {
            match pattern.wants(path) {
                Wanted::File => return Wanted::File,
                Wanted::Folder => wanted = Wanted::Folder,
                Wanted::No => {}
            }
        }
        wanted
    }

    /// The folders to watch, and whether files to follow may lie in them (else only folders come and go).
    pub(super) fn folders(&self) -> BTreeMap<PathBuf, bool> {
        let mut folders = BTreeMap::new();
        for pattern in &self.all {
            pattern.folders(&mut folders);
        }
        folders
    }
}

impl Pattern {
    fn new(path: &Path) -> Result<Pattern, SourceError> {
        let text = path.to_str().filter(|text| wildcard::is_pattern(text));
        let literal = text.is_none() || fs::symlink_metadata(path).is_ok();
        let mut parts = Vec::new();
        for part in path.components() {
            let Component::Normal(name) = part else { continue };
            let glob = name.to_str().filter(|name| !literal && wildcard::is_pattern(name));
            parts.push(match glob {
                None => Part::Name(name.to_owned()),
                Some("**") => Part::Folders,
                Some(glob) => {
                    let dotted = glob.starts_with('.');
                    let compiled = Glob::new(glob).map_err(|cause| {
                        let problem = Problem::Pattern(format!("{} (in {glob:?})", cause.msg));
                        SourceError::new(path.to_string_lossy(), problem)
                    })?;
                    Part::Glob { glob: compiled, dotted }
                }
            });
        }
        Ok(Pattern { text: path.to_path_buf(), parts, literal })
    }

    fn takes(&self, path: &Path) -> bool {
        let ending = compressed_ending(path);
        ending.is_none() || self.literal || compressed_ending(&self.text) == ending
    }

    fn wants(&self, path: &Path) -> Wanted {
        // What stands between the names (the root, `..`) has to be the same.
        let fixed = |path: &Path| path.components().filter(|part| !matches!(part, Component::Normal(_))).count();
        if fixed(path) != fixed(&self.text) {
            return Wanted::No;
        }
        let names: Vec<&OsStr> = path
            .components()
            .filter_map(|part| if let Component::Normal(name) = part { Some(name) } else { None })
            .collect();
        match wants(&self.parts, &names) {
            Wanted::File if !self.takes(path) => Wanted::No,
            wanted => wanted,
        }
    }

    fn folders(&self, folders: &mut BTreeMap<PathBuf, bool>) {
        let mut prefixes: Vec<&Path> = self.text.ancestors().skip(1).collect();
        prefixes.reverse();
        for (number, prefix) in prefixes.iter().enumerate() {
            let leaf = number + 1 == prefixes.len();
            let text = prefix.to_str().filter(|text| !self.literal && wildcard::is_pattern(text));
            match text {
                Some(text) => {
                    let (found, _) = wildcard::matches(text);
                    for folder in found.into_iter().filter(|path| path.is_dir()) {
                        *folders.entry(folder).or_default() |= leaf;
                    }
                }
                None => {
                    // Of fixed parents those that matter: the one before the first pattern, before what is missing,
                    // before what may be switched.
                    let next = prefixes.get(number + 1).copied().unwrap_or(&self.text);
                    let switched = fs::symlink_metadata(next).map_or(true, |metadata| metadata.is_symlink());
                    let fans = next.to_str().is_some_and(|text| !self.literal && wildcard::is_pattern(text));
                    if (leaf || switched || fans) && on_disk(prefix).is_dir() {
                        *folders.entry(prefix.to_path_buf()).or_default() |= leaf;
                    }
                }
            }
        }
    }
}

/// Whether a name ends as those of compressed files do.
pub(super) fn is_compressed(path: &Path) -> bool {
    compressed_ending(path).is_some()
}

fn compressed_ending(path: &Path) -> Option<&'static str> {
    let name = path.as_os_str().as_encoded_bytes();
    COMPRESSED.into_iter().find(|ending| name.ends_with(ending.as_bytes()))
}

/// The folder that a path without a name stands for.
pub(super) fn on_disk(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

fn wants(parts: &[Part], names: &[&OsStr]) -> Wanted {
    let (Some((part, parts_left)), Some((name, names_left))) = (parts.split_first(), names.split_first()) else {
        return match (parts, names) {
            ([], []) => Wanted::File,
            // `**` at the end stands for folders, of which none is followed.
            (_, []) => Wanted::Folder,
            _ => Wanted::No,
        };
    };
    let fits = match part {
        Part::Name(wanted) => wanted == name,
        Part::Glob { glob, dotted } => {
            let name = name.to_string_lossy();
            (*dotted || !name.starts_with('.')) && glob.matches(&name)
        }
        Part::Folders => {
            // Tried as no folder first; each name is tried at each `**`, of which a path has few.
            return match (wants(parts_left, names), name.as_encoded_bytes().starts_with(b".")) {
                (Wanted::File, _) => Wanted::File,
                (other, true) => other,
                (other, false) => match wants(parts, names_left) {
                    Wanted::No => other,
                    wanted => wanted,
                },
            };
        }
    };
    if fits { wants(parts_left, names_left) } else { Wanted::No }
}

#[cfg(test)]
#[path = "pattern_tests.rs"]
mod tests;
