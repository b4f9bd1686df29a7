//! `visor-fast generate`: from flags to logs.

use super::generate_flags::Flags;
use super::generate_send::{Sending, send};
use super::{Exit, Failure};
use crate::clock;
use crate::generate::config;
use crate::generate::plan::Plan;
use crate::generate::run::Options;
use crate::generate::settings::World;
use std::fs;

/// Runs the command.
pub fn run(flags: Flags) -> Result<Exit, Failure> {
    let world = world(&flags)?;
    let plan = || Plan::new(flags.settings(world.clone(), &clock::now())?).map_err(Failure::usage);
    plan()?; // what is wrong with it is told before a sink is opened
    let threads =
        flags.threads.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from);
    let sending = Sending {
        targets: flags.sinks.targets()?,
        options: Options { queue_bytes: flags.sinks.queue_bytes()?, threads, truth: flags.truth.is_some() },
        truth: flags.truth.clone(),
        quiet: flags.quiet,
        verbose: flags.verbose,
    };
    send(&sending, plan)
}

/// Who and what there is: that of the configuration, where one is given.
fn world(flags: &Flags) -> Result<World, Failure> {
    let Some(path) = &flags.config else { return Ok(World::default()) };
    let cannot = |error| Failure::failed(format!("--config {}: cannot be read: {error}", path.display()));
    let text = fs::read_to_string(path).map_err(cannot)?;
    config::read(&path.display().to_string(), &text).map_err(Failure::usage)
}
