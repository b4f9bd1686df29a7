//! Where a file went: its folder is searched.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::os::unix::fs::DirEntryExt;
use std::path::{Path, PathBuf};

use super::handles::open;
use super::pattern::{is_compressed, on_disk};
use super::position::{Identity, Mark};
use super::reader::Reader;

/// The file with this identity among those beside `path`.
pub(super) fn by_identity(path: &Path, identity: Identity) -> Option<PathBuf> {
    let folder = path.parent()?;
    fs::read_dir(on_disk(folder))
        .ok()?
        .flatten()
        .filter(|entry| entry.ino() == identity.inode)
        .map(|entry| folder.join(entry.file_name()))
        .find(|path| fs::symlink_metadata(path).is_ok_and(|found| found.is_file() && Identity::of(&found) == identity))
}

/// The file that has `mark` among `path` and those beside it whose names begin as its own, as rotation names them:
/// it was copied (before the original was cut), or its device has another number since.
pub(super) fn by_mark(path: &Path, mark: &Mark, reader: &mut Reader) -> Option<(PathBuf, File, Metadata)> {
    let (folder, name) = (path.parent()?, path.file_name()?);
    if mark.at == 0 {
        return None;
    }
    let mut names: Vec<_> = fs::read_dir(on_disk(folder)).ok()?.flatten().map(|entry| entry.file_name()).collect();
    names.retain(|found| begins(found, name) && !is_compressed(Path::new(found)));
    // The name itself comes first, then the youngest of the numbered ones.
    names.sort_unstable_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
    names.into_iter().find_map(|found| {
        let path = folder.join(found);
        fs::metadata(&path).ok().filter(|found| found.is_file() && found.len() >= mark.at)?;
        let file = open(&path).ok()?;
        let metadata = file.metadata().ok().filter(Metadata::is_file)?;
        reader.has(&file, mark).ok()?.then_some((path, file, metadata))
    })
}

fn begins(name: &OsStr, start: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(start.as_encoded_bytes())
}
