//! Folders where the kernel does not tell what happens in them: all are polled.

use std::collections::BTreeMap;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;

use super::event::{Trouble, Unnoticed};

/// Where to look.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(dead_code)]
pub(super) enum Notice {
    /// A file grew, or was cut.
    Written(PathBuf),
    /// A name came, went, or its rights changed.
    Changed(PathBuf),
    /// What had the first name has the second now.
    Moved(PathBuf, PathBuf),
    /// Anything may have changed.
    Anything,
}

/// No watches.
#[derive(Debug)]
pub(super) struct Watch {
    untold: bool,
}

impl Watch {
    pub(super) fn new(wanted: bool) -> Watch {
        Watch { untold: wanted }
    }

    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    pub(super) fn polls(&self) -> bool {
        true
    }

    pub(super) fn set(&mut self, wanted: BTreeMap<PathBuf, bool>, troubles: &mut Vec<Trouble>) -> bool {
        if let Some(folder) = wanted.into_keys().next().filter(|_| std::mem::take(&mut self.untold)) {
            let folder = folder.to_string_lossy().into_owned();
            troubles.push(Trouble::Polled { folder, why: Unnoticed::Refused(None) });
        }
        false
    }

    pub(super) fn read(&mut self, _notices: &mut Vec<Notice>) {}
}
