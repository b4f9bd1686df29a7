//! Flags, commands, exit codes.
