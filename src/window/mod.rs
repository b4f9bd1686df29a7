//! Event time in panes: which windows are closed, and what is in them.

pub mod panes;
pub mod watermark;
