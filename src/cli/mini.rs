//! `visor-fast monitor --mini`: each error of one log, as Visor's mini-monitor printed it.

use super::count_flags::kernel;
use super::interrupt::interruptible;
use super::monitor_flags::Flags;
use super::{Exit, Failure, tell};
use crate::aggregate::position::shown;
use crate::clock::{self, System};
use crate::engine::Settings;
use crate::engine::live::{Failed, Followed, Source, StandardInput, mini};
use crate::filter::time_range::TimeRange;
use crate::source::follow::{Begin, Follower, Options};
use crate::source::net::Piped;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Bytes read of standard input at one time.
const READ_BYTES: usize = 256 << 10;

/// Runs the command for the log `path`.
pub fn run(flags: &Flags, path: &Path) -> Result<Exit, Failure> {
    let formats = flags.counting.format_options();
    let settings = Settings {
        max_line_bytes: flags.counting.max_line_bytes()?,
        format: flags.counting.format(&formats)?,
        formats,
        keep: flags.counting.keep(TimeRange::default(), true)?,
        budget: Some(flags.counting.budget(&flags.max_memory, 1)?),
        ..Settings::new(1, kernel()?)
    };
    let duration = flags.duration()?;
    let stop = Arc::new(AtomicBool::new(false));
    interruptible(&stop)?;
    let mut source = source(path, settings.max_line_bytes)?;
    let mut files = flags.o.iter().map(|path| opened(path)).collect::<Result<Vec<_>, _>>()?;
    let print = |text: &[u8]| {
        for (path, file) in &mut files {
            file.write_all(text).map_err(|error| io::Error::other(cannot_write(path, &error)))?;
        }
        match files.is_empty() && !flags.quiet {
            true => io::stdout().write_all(text).and_then(|()| io::stdout().flush()),
            false => Ok(()),
        }
    };
    let note = |sentence: &str| tell(&shown(sentence.as_bytes()));
    match mini(&mut *source, &settings, (&stop, duration, &System::default()), print, note) {
        Ok(()) => Ok(Exit::Done),
        // A reader who has seen enough is no error.
        Err(Failed::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Done),
        Err(Failed::Output(error)) if files.is_empty() => {
            Err(Failure::failed(format!("stdout: cannot be written: {error}")))
        }
        Err(Failed::Output(error)) => Err(Failure::failed(error)),
        Err(Failed::Source(sentence)) => Err(Failure::failed(sentence)),
    }
}

fn source(path: &Path, line_bytes_max: usize) -> Result<Box<dyn Source>, Failure> {
    if path.as_os_str() == "-" {
        let piped = Piped::stdin(line_bytes_max, READ_BYTES).map_err(Failure::failed)?;
        return Ok(Box::new(StandardInput::new(piped, 0)));
    }
    let wrong = |what: &str| Failure::failed(format!("--mini {}: {what}", path.display()));
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Err(wrong("is no file; name the log itself, or pipe it in with --mini -")),
        Err(error) => return Err(wrong(&format!("cannot be read: {error}; check its name and who may read it"))),
    }
    let options = Options { begin: Begin::Beginning, line_bytes_max, ..Options::default() };
    let follower = Follower::new(&[path], options, Vec::new(), Box::new(clock::monotonic));
    let follower = follower.map_err(|error| Failure::usage(format!("--mini: {error}")))?;
    Ok(Box::new(Followed::new(follower, [], 0)))
}

fn opened(path: &Path) -> Result<(PathBuf, File), Failure> {
    let file = File::create(path).map_err(|error| Failure::failed(cannot_write(path, &error)))?;
    Ok((path.to_path_buf(), file))
}

fn cannot_write(path: &Path, error: &io::Error) -> String {
    format!("-o {}: cannot be written: {error}", path.display())
}
