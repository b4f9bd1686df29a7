//! The flags of a monitor's store.

use super::Failure;
use super::monitor_flags::milliseconds;
use crate::engine::Settings;
use crate::engine::live::{Earlier, Stored};
use crate::filter::units;
use crate::store::{Options, Store};
use clap::Args;
use std::path::PathBuf;

/// Flags on what survives the end of a run.
#[derive(Args, Debug)]
pub struct StoreFlags {
    /// Keep counts, windows and positions in FILE (SQLite); the next run with it goes on where this one ends, even by a kill
    #[arg(long, value_name = "FILE", help_heading = "Store")]
    pub store: Option<PathBuf>,

    /// How often what was counted is written there
    #[arg(long, value_name = "TIME", default_value = "5s", requires = "store", help_heading = "Store")]
    pub checkpoint: String,

    /// Forget where inputs were, and read them as if for the first time; what was counted stays
    #[arg(long, requires = "store", help_heading = "Store")]
    pub reset: bool,

    /// How long closed windows are kept
    #[arg(long, value_name = "TIME", default_value = "30d", requires = "store", help_heading = "Store")]
    pub keep_for: String,

    /// How large the store may be; the oldest windows go first
    #[arg(long, value_name = "SIZE", default_value = "1GiB", requires = "store", help_heading = "Store")]
    pub keep_bytes: String,
}

impl StoreFlags {
    /// Milliseconds between two checkpoints.
    pub fn every(&self) -> Result<i64, Failure> {
        milliseconds("checkpoint", &self.checkpoint)
    }

    /// How much is kept.
    pub fn options(&self) -> Result<Options, Failure> {
        let keep_bytes =
            units::size(&self.keep_bytes).map_err(|error| Failure::usage(format!("--keep-bytes: {error}")))?;
        Ok(Options {
            retention_age: Some(milliseconds("keep-for", &self.keep_for)?),
            retention_bytes: Some(keep_bytes),
        })
    }

    /// Opens the store, and reads what an earlier run has left there.
    pub fn open(&self, settings: &Settings) -> Result<Option<(Stored, Earlier)>, Failure> {
        let Some(path) = &self.store else { return Ok(None) };
        let options = self.options()?;
        let mut store = Store::open(path, &options).map_err(|error| Failure::failed(format!("--store {error}")))?;
        if self.reset {
            store.reset_positions().map_err(|error| Failure::failed(format!("--reset: {error}")))?;
        }
        Stored::open(store, settings).map(Some).map_err(|error| Failure::failed(format!("--store {error}")))
    }
}
