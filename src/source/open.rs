//! From a name to bytes: which kind of source an input is.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, FileTypeExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::Named;
use super::compressed::{LOOKAHEAD_BYTES, Recognised, recognise};
use super::error::{Operation, Problem, SourceError};
use super::file::FileSource;
use super::stream::StreamSource;

/// How inputs are opened.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// Whether plain regular files are mapped where that is possible; otherwise they are read.
    pub mmap: bool,
    /// Once it is set, pipes and devices end, even if their writer never says more.
    pub stop: Option<Arc<AtomicBool>>,
}

/// An opened input.
#[derive(Debug)]
pub enum Opened {
    /// A plain regular file: any part at any time.
    File(FileSource),
    /// Anything else: from front to back.
    Stream(StreamSource),
}

/// Opens an input. Opening a named pipe waits for its writer.
pub fn open(name: &Named, options: &OpenOptions) -> Result<Opened, SourceError> {
    match name {
        Named::Stdin => {
            let stdin = io::stdin().as_fd().try_clone_to_owned();
            let stdin = stdin.map_err(|cause| SourceError::io("-", Operation::Open, cause))?;
            open_handle("-".to_string(), File::from(stdin), options)
        }
        Named::Path(path) => open_path(path, options),
    }
}

fn open_path(path: &Path, options: &OpenOptions) -> Result<Opened, SourceError> {
    let file = File::open(path).map_err(|cause| SourceError::path(path, Operation::Open, cause))?;
    open_handle(path.to_string_lossy().into_owned(), file, options)
}

/// Opens what `file` stands for, from its current position.
fn open_handle(name: String, mut file: File, options: &OpenOptions) -> Result<Opened, SourceError> {
    let refused = |operation| move |name: String, cause| SourceError::io(name, operation, cause);
    let metadata = match file.metadata() {
        Ok(metadata) => metadata,
        Err(cause) => return Err(refused(Operation::Open)(name, cause)),
    };
    let kind = metadata.file_type();
    if kind.is_dir() {
        return Err(SourceError::new(name, Problem::Directory));
    }
    if kind.is_socket() || kind.is_fifo() || !kind.is_file() || metadata.len() == 0 || is_made_up(&file) {
        let waiting = Waiting { file, stop: options.stop.clone() };
        return Ok(Opened::Stream(StreamSource::new(name, waiting, None)));
    }

    let base = match file.stream_position() {
        Ok(base) => base,
        Err(cause) => return Err(refused(Operation::Read)(name, cause)),
    };
    let len = metadata.len().saturating_sub(base);
    let mut start = [0; LOOKAHEAD_BYTES];
    let count = match read_start(&file, &mut start, base) {
        Ok(count) => count,
        Err(cause) => return Err(refused(Operation::Read)(name, cause)),
    };
    match recognise(start.get(..count).unwrap_or_default(), true) {
        Recognised::Plain | Recognised::TooShort => {
            Ok(Opened::File(FileSource::new(name, file, base, len, options.mmap)))
        }
        Recognised::Compressed(_) | Recognised::Unsupported { .. } => {
            Ok(Opened::Stream(StreamSource::new(name, file, Some(len))))
        }
    }
}

/// A pipe or device whose reader may be told to stop while it waits for the writer.
struct Waiting {
    file: File,
    stop: Option<Arc<AtomicBool>>,
}

/// How often a waiting reader looks whether it is to stop.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

impl Read for Waiting {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(stop) = &self.stop {
            let ready = |file: &File| poll(&mut [PollFd::new(file, PollFlags::IN)], Some(&LOOK));
            // An error of poll is not ours to tell: the read will.
            while matches!(ready(&self.file), Ok(0) | Err(Errno::INTR)) {
                if stop.load(Ordering::Relaxed) {
                    return Ok(0);
                }
            }
        }
        self.file.read(buffer)
    }
}

fn read_start(file: &File, start: &mut [u8], base: u64) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = start.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, base.saturating_add(filled as u64)) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(cause),
        }
    }
    Ok(filled)
}

/// Whether the kernel makes the bytes up while they are read, so that the length says nothing: `/proc`, `/sys` and
/// their like. (Most show length 0, `/sys` shows a page.)
#[cfg(target_os = "linux")]
fn is_made_up(file: &File) -> bool {
    /// procfs, sysfs, debugfs, tracefs, securityfs, cgroup, cgroup2, configfs: statfs(2), linux/magic.h.
    const MAGIC: [u32; 8] =
        [0x0000_9fa0, 0x6265_6572, 0x6462_6720, 0x7472_6163, 0x7363_6673, 0x0027_e0eb, 0x6367_7270, 0x6265_6570];
    rustix::fs::fstatfs(file).is_ok_and(|fs| MAGIC.contains(&(fs.f_type as u32)))
}

#[cfg(not(target_os = "linux"))]
fn is_made_up(_file: &File) -> bool {
    false
}

#[cfg(test)]
#[path = "open_tests.rs"]
mod tests;
