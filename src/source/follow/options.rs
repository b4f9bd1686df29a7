//! How files are followed: every limit with its name, its unit and its default.

use std::path::PathBuf;
use std::time::Duration;

/// Where a file is begun that has no position of an earlier run.
///
/// It concerns only files that are there when following starts: one that appears later is read from its beginning,
/// and so is one at a name whose earlier file has a saved position (it came while nobody followed).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Begin {
    /// At its end; a last line that is not whole yet counts once it is.
    #[default]
    End,
    /// At its beginning.
    Beginning,
    /// At its beginning if there are positions of an earlier run at all, so that files which came meanwhile lose
    /// nothing; else at its end.
    Resume,
}

/// The limits of a [`super::Follower`].
#[derive(Clone, Debug)]
pub struct Options {
    /// Where files without a saved position are begun.
    pub begin: Begin,
    /// The longest line, in bytes without its ending; of a longer one the beginning is handed over.
    pub line_bytes_max: usize,
    /// Bytes of text handed over at one time, and the share of one file in a turn; only a longer line exceeds it.
    pub block_bytes: usize,
    /// How long a file that lost its name must be quiet before it is let go: its writer may still hold it.
    pub grace: Duration,
    /// How often everything is looked at though nothing was notified: what bounds the delay of lost notices.
    pub sweep: Duration,
    /// The shortest time between two looks where nothing is notified (network file systems, no watches left).
    pub poll_min: Duration,
    /// The longest such time, reached by doubling while nothing changes.
    pub poll_max: Duration,
    /// Files kept open; idle ones beyond it are closed and opened again when they grow.
    pub handles_max: usize,
    /// Whether the kernel's notices are used where they work; otherwise every folder is polled.
    pub notices: bool,
    /// Files that whoever follows writes by himself. They are not followed, by whatever name they are found: each line of
    /// such a file would make another one in it.
    pub own: Vec<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            begin: Begin::End,
            line_bytes_max: 1 << 20,
            block_bytes: 1 << 20,
            grace: Duration::from_secs(30),
            sweep: Duration::from_secs(5),
            poll_min: Duration::from_millis(100),
            poll_max: Duration::from_secs(2),
            handles_max: 800,
            notices: true,
            own: Vec::new(),
        }
    }
}
