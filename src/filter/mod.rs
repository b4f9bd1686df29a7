//! record -> kept or left out.
