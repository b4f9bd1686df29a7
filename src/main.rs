//! The command `visor-fast`.

fn main() {}
