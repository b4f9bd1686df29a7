//! Event time in panes: which windows are closed, and what is in them.

pub mod panes;
pub mod sparse;
pub mod top_list;
pub mod watermark;
