//! The files that a pattern with `*`, `?`, `[...]` and `**` matches, where no shell expanded it.
//!
//! The `glob` crate matches one name against one part of a pattern; the walk is here, because that crate's own passes
//! over names that are not UTF-8 in silence (here `?` and `*` match their broken characters) and cannot tell a folder
//! without matches from one that could not be listed.
//!
//! As in a shell, `*` and `?` do not match a slash or a leading dot, and `**` as a whole part stands for any number of
//! folders; it does not follow symbolic links to folders.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use glob::Pattern;

use super::error::{Operation, Problem, SourceError};

/// Whether `text` holds what makes a pattern of a name.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// The paths that match `pattern`, in order; a folder that cannot be listed is an error beside them.
pub(super) fn matches(pattern: &str) -> (Vec<PathBuf>, Vec<SourceError>) {
    let mut errors = Vec::new();
    let mut found = vec![PathBuf::new()];
    for part in Path::new(pattern).components() {
        let part = match part {
            Component::Normal(name) => name.to_string_lossy(),
            fixed => {
                found.iter_mut().for_each(|path| path.push(fixed));
                continue;
            }
        };
        found = if part == "**" {
            found.into_iter().flat_map(|path| folders_below(path, &mut errors)).collect()
        } else if is_pattern(&part) {
            match Pattern::new(&part) {
                Ok(part) => found.into_iter().flat_map(|path| children(&path, &part, &mut errors)).collect(),
                Err(cause) => {
                    let problem = Problem::Pattern(format!("{} (in {part:?})", cause.msg));
                    return (Vec::new(), vec![SourceError::new(pattern, problem)]);
                }
            }
        } else {
            found.into_iter().map(|path| path.join(&*part)).filter(|path| fs::symlink_metadata(path).is_ok()).collect()
        };
        // At each part, not once at the end: `**/**` finds the same folders on many ways.
        found.sort();
        found.dedup();
    }
    found.retain(|path| !path.as_os_str().is_empty());
    (found, errors)
}

/// What lies in `folder` and matches `part`.
fn children(folder: &Path, part: &Pattern, errors: &mut Vec<SourceError>) -> Vec<PathBuf> {
    let dotted = part.as_str().starts_with('.');
    names(folder, errors)
        .into_iter()
        .filter(|(name, _)| dotted || !name.starts_with('.'))
        .filter(|(name, _)| part.matches(name))
        .map(|(_, path)| path)
        .collect()
}

/// `folder` and all folders below it.
fn folders_below(folder: PathBuf, errors: &mut Vec<SourceError>) -> Vec<PathBuf> {
    let mut found = vec![folder];
    let mut next = 0;
    while let Some(folder) = found.get(next) {
        let below = names(folder, errors)
            .into_iter()
            .filter(|(name, path)| !name.starts_with('.') && fs::symlink_metadata(path).is_ok_and(|m| m.is_dir()))
            .map(|(_, path)| path);
        found.extend(below);
        next += 1;
    }
    found
}

/// Names in `folder`, broken characters replaced, and their paths; none where it is no folder.
fn names(folder: &Path, errors: &mut Vec<SourceError>) -> Vec<(String, PathBuf)> {
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let listed = fs::read_dir(here).and_then(|entries| {
        entries
            .map(|entry| entry.map(|entry| entry.file_name()))
            .map(|name| name.map(|name| (name.to_string_lossy().into_owned(), folder.join(name))))
            .collect::<io::Result<Vec<_>>>()
    });
    match listed {
        Ok(names) => names,
        Err(cause) if matches!(cause.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Vec::new(),
        Err(cause) => {
            let error = SourceError::path(here, Operation::List, cause);
            // `**` has it before the part behind it does.
            if errors.iter().all(|known| known.name != error.name) {
                errors.push(error);
            }
            Vec::new()
        }
    }
}
