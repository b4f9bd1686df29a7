//! Event time in panes: which windows are closed, and what is in them.

pub mod board;
pub mod bytes;
pub mod freeze;
pub mod gather;
pub mod keys;
pub mod pane;
pub mod panes;
pub mod sparse;
pub mod top_list;
pub mod watermark;
