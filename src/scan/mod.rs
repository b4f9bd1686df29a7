//! bytes -> lines and delimiter positions.
