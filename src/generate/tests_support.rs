//! Small blocks for tests.

use super::block::Block;
use std::sync::Arc;

/// A block of these lines, without facts and due times.
pub fn block_of(lines: &[&str]) -> Arc<Block> {
    let mut block = Block::new();
    for line in lines {
        block.text.extend_from_slice(line.as_bytes());
        block.text.push(b'\n');
        block.ends.push(block.text.len() as u32);
    }
    block.bytes = block.text.len();
    Arc::new(block)
}
