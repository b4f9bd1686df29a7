//! Zeroed memory in huge pages.
//!
//! Why not `Vec`: the tables of a tally are tens of megabytes that are touched at random. On 4 KiB pages most touches
//! miss the TLB, and first touches are a page fault each; an anonymous map advised for huge pages costs one fault for
//! 2 MiB. Small arrays stay on small pages, so that a log of ten lines costs no 2 MiB pages.
//!
//! The map is zeroed by the kernel and holds plain data only, so no `unsafe` is needed: `bytemuck` checks the casts.

use bytemuck::Pod;
use memmap2::MmapMut;

/// Arrays of at least this many bytes ask for huge pages.
const HUGE_FROM_BYTES: usize = 2 << 20;

/// A fixed array of plain values, zeroed at first.
pub struct Huge<T> {
    memory: Option<MmapMut>,
    length: usize,
    kind: std::marker::PhantomData<T>,
}

impl<T: Pod> Huge<T> {
    /// An array of `length` zeroed values.
    ///
    /// # Panics
    /// When the system has no memory left, as `Vec` does.
    pub fn zeroed(length: usize) -> Huge<T> {
        let bytes = length * size_of::<T>();
        if bytes == 0 {
            return Huge { memory: None, length: 0, kind: std::marker::PhantomData };
        }
        let memory = MmapMut::map_anon(bytes).unwrap_or_else(|error| panic!("no memory for {bytes} bytes: {error}"));
        #[cfg(target_os = "linux")]
        if bytes >= HUGE_FROM_BYTES {
            // A kernel without huge pages says no; the array is then slower and no less right.
            let _ = memory.advise(memmap2::Advice::HugePage);
        }
        Huge { memory: Some(memory), length, kind: std::marker::PhantomData }
    }

    /// The values.
    #[inline(always)]
    pub fn as_slice(&self) -> &[T] {
        match &self.memory {
            Some(memory) => &bytemuck::cast_slice(memory)[..self.length],
            None => &[],
        }
    }

    /// The values, to change.
    #[inline(always)]
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        match &mut self.memory {
            Some(memory) => &mut bytemuck::cast_slice_mut(memory)[..self.length],
            None => &mut [],
        }
    }

    /// Bytes of address space it takes.
    pub fn bytes(&self) -> usize {
        self.length * size_of::<T>()
    }
}

/// A growing array that never moves its values: blocks that double in size, so growing copies nothing.
pub struct Blocks<T> {
    blocks: Vec<Huge<T>>,
    length: usize,
}

impl<T> Default for Blocks<T> {
    fn default() -> Self {
        Blocks { blocks: Vec::new(), length: 0 }
    }
}

/// Values in the first block; block `b` holds `FIRST << b`.
const FIRST: usize = 4096;

impl<T: Pod> Blocks<T> {
    /// Values in it.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Adds a value at the end and returns its index.
    #[inline]
    pub fn push(&mut self, value: T) -> usize {
        let index = self.length;
        let (block, offset) = place(index);
        if block == self.blocks.len() {
            self.blocks.push(Huge::zeroed(FIRST << block));
        }
        self.blocks[block].as_mut_slice()[offset] = value;
        self.length += 1;
        index
    }

    /// The value at `index`, which `push` returned.
    #[inline(always)]
    pub fn get(&self, index: usize) -> &T {
        let (block, offset) = place(index);
        &self.blocks[block].as_slice()[offset]
    }

    /// The value at `index`, to change.
    #[inline(always)]
    pub fn get_mut(&mut self, index: usize) -> &mut T {
        let (block, offset) = place(index);
        &mut self.blocks[block].as_mut_slice()[offset]
    }

    /// All values in the order they were pushed.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        let mut left = self.length;
        self.blocks.iter().flat_map(move |block| {
            let here = block.as_slice();
            let taken = left.min(here.len());
            left -= taken;
            &here[..taken]
        })
    }

    /// Bytes of address space it takes.
    pub fn bytes(&self) -> usize {
        self.blocks.iter().map(Huge::bytes).sum()
    }
}

/// The block of an index, and the place in it.
#[inline(always)]
fn place(index: usize) -> (usize, usize) {
    let shifted = index + FIRST;
    let block = (usize::BITS - 1 - shifted.leading_zeros() - FIRST.trailing_zeros()) as usize;
    (block, shifted - (FIRST << block))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_index_has_its_own_place_and_blocks_are_filled_without_gaps() {
        let (mut expected_block, mut expected_offset) = (0, 0);
        for index in 0..200_000 {
            assert_eq!(place(index), (expected_block, expected_offset), "index {index}");
            expected_offset += 1;
            if expected_offset == FIRST << expected_block {
                (expected_block, expected_offset) = (expected_block + 1, 0);
            }
        }
    }

    #[test]
    fn values_stay_where_they_were_pushed() {
        let mut blocks = Blocks::default();
        for value in 0..50_000u64 {
            assert_eq!(blocks.push(value), value as usize);
        }
        *blocks.get_mut(4096) = 7;
        assert_eq!((*blocks.get(4095), *blocks.get(4096), *blocks.get(49_999)), (4095, 7, 49_999));
        assert_eq!(blocks.iter().count(), 50_000);
    }

    #[test]
    fn an_empty_array_takes_no_memory() {
        assert_eq!(Blocks::<u64>::default().bytes(), 0);
        assert_eq!(Huge::<u64>::zeroed(0).as_slice().len(), 0);
    }
}
