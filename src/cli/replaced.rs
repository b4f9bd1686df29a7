//! A file that is written beside its place and put there whole: nobody ever sees half of it, and what was there before
//! stays until then.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// A file on its way.
#[derive(Debug)]
pub struct Replaced {
    path: PathBuf,
    temporary: PathBuf,
    file: File,
}

impl Replaced {
    /// Opens a hidden file in the folder of `path`, named after it and this process.
    pub fn open(path: &Path) -> io::Result<Replaced> {
        // A link stays one: it is what it leads to that is replaced.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let temporary = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
        let file = File::options().write(true).create_new(true).open(&temporary)?;
        Ok(Replaced { path, temporary, file })
    }

    /// Writes the file with `write`, and puts it in its place once the disk has it.
    pub fn write(&self, write: impl FnOnce(&File) -> io::Result<()>) -> io::Result<()> {
        write(&self.file)?;
        self.file.sync_data()?;
        fs::rename(&self.temporary, &self.path)
    }
}

impl Drop for Replaced {
    fn drop(&mut self) {
        // Gone already where all went well.
        let _ = fs::remove_file(&self.temporary);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_file_is_there_whole_or_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.vtally");
        let names = || fs::read_dir(folder.path()).unwrap().count();
        fs::write(&path, "before").unwrap();

        let failed = Replaced::open(&path).unwrap();
        assert_eq!(names(), 2);
        assert!(failed.write(|mut file| file.write_all(b"half").and(Err(io::Error::other("full")))).is_err());
        drop(failed);
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), names()), ("before", 1));

        let whole = Replaced::open(&path).unwrap();
        whole.write(|mut file| file.write_all(b"after")).unwrap();
        drop(whole);
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), names()), ("after", 1));
        assert!(Replaced::open(&folder.path().join("none/a.vtally")).is_err());
    }
}
