//! The command `visor-fast`.

use std::process::ExitCode;

/// The allocator that scales over threads; tables and buffers are few and large, so little depends on it but the start.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    visor_fast::cli::run()
}
