//! Zeroed memory in huge pages, that grows without being copied.
//!
//! Why not `Vec`: the tables of a tally are tens of megabytes that are touched at random. On 4 KiB pages most touches
//! miss the TLB, and first touches are a page fault each; an anonymous map advised for huge pages costs one fault for
//! 2 MiB. Small arrays stay on small pages, so that a log of ten lines costs no 2 MiB pages. An array grows by having
//! its pages moved to another address (`mremap(2)`), so nothing is copied and no page is cleared twice; what it has
//! reserved and not touched costs nothing.
//!
//! Invariant: `values` points to `length` values of a plain type inside `memory`, which the kernel zeroed.
#![allow(unsafe_code)]

use super::prefetch::prefetch;
use bytemuck::Pod;
use memmap2::MmapMut;
use std::hint::select_unpredictable;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};

/// Arrays of at least this many bytes ask for huge pages.
const HUGE_FROM_BYTES: usize = 2 << 20;

/// Set once the process has no huge pages.
static SMALL_PAGES: AtomicBool = AtomicBool::new(false);

/// From now on the process gets small pages only. A huge page is taken whole as soon as a byte of it is touched, and the
/// allocator asks for huge pages too, so that a program of 3 MiB holds 19: where memory is short that is no good trade.
/// Where the system cannot do without huge pages, they stay.
pub fn use_small_pages() {
    #[cfg(target_os = "linux")]
    if rustix::thread::disable_transparent_huge_pages(true).is_ok() {
        SMALL_PAGES.store(true, Ordering::Relaxed);
    }
}

/// An array of plain values, zeroed at first.
pub struct Huge<T> {
    memory: Option<MmapMut>,
    values: NonNull<T>,
    length: usize,
}

// SAFETY: it owns its memory alone, as `Vec` does.
unsafe impl<T: Send> Send for Huge<T> {}
// SAFETY: a shared reference gives shared references to the values only.
unsafe impl<T: Sync> Sync for Huge<T> {}

impl<T> Default for Huge<T> {
    fn default() -> Self {
        Huge { memory: None, values: NonNull::dangling(), length: 0 }
    }
}

impl<T: Pod> Huge<T> {
    /// An array of `length` zeroed values.
    ///
    /// # Panics
    /// When the system has no memory left, as `Vec` does.
    pub fn zeroed(length: usize) -> Huge<T> {
        let mut array = Huge::default();
        array.adopt(length, |bytes| {
            MmapMut::map_anon(bytes).unwrap_or_else(|error| panic!("no memory for {bytes} bytes: {error}"))
        });
        array
    }

    /// An array of `length` zeroed values that will be read at random before they are written. Each page is written
    /// once, for one that is read first costs two faults, and the second stops all threads.
    pub fn zeroed_for_reading(length: usize) -> Huge<T> {
        let mut array = Huge::zeroed(length);
        for page in array.as_mut_slice().chunks_mut((4096 / size_of::<T>()).max(1)) {
            page[0] = T::zeroed();
        }
        array
    }

    /// Makes it longer; new values are zeroed.
    pub fn grow(&mut self, length: usize) {
        if length <= self.length {
            return;
        }
        // Should there be no memory, what is left behind by the panic is an empty array and none whose pages are gone.
        let Huge { memory, values, length: old } = std::mem::take(self);
        let Some(memory) = memory else {
            *self = Huge::zeroed(length);
            return;
        };
        match moved(memory, bytes_of::<T>(length)) {
            Ok(memory) => self.adopt(length, |_| memory),
            Err(memory) => {
                let mut longer = Huge::zeroed(length);
                // SAFETY: as in `as_slice`: `memory` is still the old map, with `old` values at `values`.
                let before = unsafe { std::slice::from_raw_parts(values.as_ptr(), old) };
                longer.as_mut_slice()[..old].copy_from_slice(before);
                drop(memory);
                *self = longer;
            }
        }
    }

    /// Makes it shorter, and gives the memory behind its end back to the system.
    pub fn shrink(&mut self, length: usize) {
        if length >= self.length {
            return;
        }
        let Huge { memory, values, length: _ } = std::mem::take(self);
        let Some(memory) = memory.filter(|_| length > 0) else { return };
        match moved(memory, bytes_of::<T>(length)) {
            Ok(memory) => self.adopt(length, |_| memory),
            Err(memory) => {
                let mut shorter = Huge::zeroed(length);
                // SAFETY: as in `as_slice`: `memory` is still the old map, with at least `length` values at `values`.
                let before = unsafe { std::slice::from_raw_parts(values.as_ptr(), length) };
                shorter.as_mut_slice().copy_from_slice(before);
                drop(memory);
                *self = shorter;
            }
        }
    }

    /// Bytes of memory that its first `used` values keep from others: pages are whole.
    pub fn held_bytes(&self, used: usize) -> usize {
        let room = self.length * size_of::<T>();
        let is_huge = room >= HUGE_FROM_BYTES && !SMALL_PAGES.load(Ordering::Relaxed);
        let page = if is_huge { HUGE_FROM_BYTES } else { 4096 };
        (used * size_of::<T>()).next_multiple_of(page).min(room.next_multiple_of(page))
    }

    fn adopt(&mut self, length: usize, map: impl FnOnce(usize) -> MmapMut) {
        // A page is aligned for any value, and the map begins with one.
        const { assert!(align_of::<T>() <= 4096) };
        if length == 0 {
            return;
        }
        let mut memory = map(bytes_of::<T>(length));
        #[cfg(target_os = "linux")]
        if memory.len() >= HUGE_FROM_BYTES {
            // A kernel without huge pages says no; the array is then slower and no less right.
            let _ = memory.advise(memmap2::Advice::HugePage);
        }
        assert!(memory.len() >= length * size_of::<T>());
        let Some(values) = NonNull::new(memory.as_mut_ptr().cast()) else { return };
        *self = Huge { memory: Some(memory), values, length };
    }

    /// The values.
    #[inline(always)]
    pub fn as_slice(&self) -> &[T] {
        // SAFETY: the invariant: `length` values lie at `values`, any bytes are values of a plain type, and `memory`
        // lives as long as `self`.
        unsafe { std::slice::from_raw_parts(self.values.as_ptr(), self.length) }
    }

    /// The values, to change.
    #[inline(always)]
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        // SAFETY: as in `as_slice`, and `self` is borrowed alone.
        unsafe { std::slice::from_raw_parts_mut(self.values.as_ptr(), self.length) }
    }
}

/// Bytes of an array; large ones fill their last huge page, which lets the kernel align them to one.
fn bytes_of<T>(length: usize) -> usize {
    let bytes = length.checked_mul(size_of::<T>()).expect("an array is shorter than the address space");
    if bytes >= HUGE_FROM_BYTES { bytes.next_multiple_of(HUGE_FROM_BYTES) } else { bytes }
}

/// The same memory and zeroed memory behind it, at another address if need be; or the map as it was.
#[cfg(target_os = "linux")]
fn moved(mut memory: MmapMut, bytes: usize) -> Result<MmapMut, MmapMut> {
    // SAFETY: the map is anonymous, so there is no file that could end before it.
    match unsafe { memory.remap(bytes, memmap2::RemapOptions::new().may_move(true)) } {
        Ok(()) => Ok(memory),
        Err(_) => Err(memory),
    }
}

#[cfg(not(target_os = "linux"))]
fn moved(memory: MmapMut, _bytes: usize) -> Result<MmapMut, MmapMut> {
    Err(memory)
}

/// A growing array of plain values.
pub struct Growing<T> {
    values: Huge<T>,
    length: usize,
    /// The greatest length before values were taken out: memory that was touched once stays.
    touched: usize,
}

impl<T> Default for Growing<T> {
    fn default() -> Self {
        Growing { values: Huge::default(), length: 0, touched: 0 }
    }
}

/// For arrays that are as large as a table and are gone soon: their memory goes back to the system at once, which the
/// allocator's does some time later, when a table has grown meanwhile.
impl<T: Pod> FromIterator<T> for Growing<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Growing<T> {
        let mut growing = Growing::default();
        values.into_iter().for_each(|value| {
            growing.push(value);
        });
        growing
    }
}

/// Bytes that an array has room for once it holds anything: a page.
const FIRST_BYTES: usize = 4096;

impl<T: Pod> Growing<T> {
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
    #[inline(always)]
    pub fn push(&mut self, value: T) -> usize {
        let index = self.length;
        if index == self.values.as_slice().len() {
            self.reserve(1);
        }
        self.values.as_mut_slice()[index] = value;
        self.length = index + 1;
        index
    }

    /// Adds a value at the end if it is `wanted`, without a branch on that.
    #[inline(always)]
    pub fn push_if(&mut self, wanted: bool, value: T) {
        if self.length >= self.values.as_slice().len() {
            self.reserve(1);
        }
        if let Some(place) = self.values.as_mut_slice().get_mut(self.length) {
            *place = value;
            self.length += usize::from(wanted);
        }
    }

    /// The value with an index that was given out; what a value was that was taken out since is not told. (One comparison:
    /// asking a slice of the values is two.)
    #[inline(always)]
    pub fn get(&self, index: u32) -> Option<&T> {
        self.values.as_slice().get(index as usize)
    }

    /// The same, to change.
    #[inline(always)]
    pub fn get_mut(&mut self, index: u32) -> Option<&mut T> {
        self.values.as_mut_slice().get_mut(index as usize)
    }

    /// Brings a value near; of an index that is none the last value, which most often is near: so there is no branch on
    /// whether a guess found anything, which nobody could foretell.
    #[inline(always)]
    pub fn prefetch(&self, index: u32) {
        let index = index as usize;
        let known = select_unpredictable(index < self.length, index, self.length.wrapping_sub(1));
        if let Some(value) = self.values.as_slice().get(known) {
            prefetch(value);
        }
    }

    /// Takes all values out; the room stays.
    pub fn clear(&mut self) {
        self.truncate(0);
    }

    /// Takes out all values from the one at `length` on; the room stays.
    pub fn truncate(&mut self, length: usize) {
        self.touched = self.touched.max(self.length);
        self.length = self.length.min(length);
    }

    /// Gives memory that it does not need back to the system.
    pub fn shrink_to_fit(&mut self) {
        self.touched = self.length;
        self.values.shrink(self.length);
    }

    /// Adds `count` zeroed values at the end and returns the index of the first.
    pub fn extend_zeroed(&mut self, count: usize) -> usize {
        let index = self.length;
        self.reserve(count);
        self.length += count;
        // Values that were taken out or not wanted may still lie there.
        self.as_mut_slice()[index..].fill(T::zeroed());
        index
    }

    /// Makes room for `more` values.
    #[cold]
    fn reserve(&mut self, more: usize) {
        let (needed, room) = (self.length + more, self.values.as_slice().len());
        if needed > room {
            self.values.grow(needed.max(room * 2).max(FIRST_BYTES / size_of::<T>()));
        }
    }

    /// The values.
    #[inline(always)]
    pub fn as_slice(&self) -> &[T] {
        &self.values.as_slice()[..self.length]
    }

    /// The values, to change.
    #[inline(always)]
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.values.as_mut_slice()[..self.length]
    }

    /// Bytes of memory that its values take.
    pub fn bytes(&self) -> usize {
        self.length * size_of::<T>()
    }

    /// Bytes of memory that it keeps from others, with what was touched before and whole pages.
    pub fn held_bytes(&self) -> usize {
        // One more: `push_if` writes behind the end.
        self.values.held_bytes(self.length.max(self.touched) + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_kept_while_it_grows_and_new_ones_are_zero() {
        let mut array = Huge::<u32>::zeroed(10);
        array.as_mut_slice().fill(7);
        // Through sizes below and above a page, and below and above a huge page.
        for length in [11, 1024, 1025, 5000, 600_000, 3_000_001] {
            let before = array.as_slice().len();
            array.grow(length);
            assert_eq!(array.as_slice().len(), length);
            assert!(array.as_slice()[..before].iter().all(|value| *value == 7), "{length}");
            assert!(array.as_slice()[before..].iter().all(|value| *value == 0), "{length}");
            array.as_mut_slice().fill(7);
        }
        array.grow(3);
        assert_eq!(array.as_slice().len(), 3_000_001);
    }

    #[test]
    fn it_does_what_a_vec_does() {
        let (mut growing, mut model) = (Growing::default(), Vec::new());
        for value in 0..50_000u64 {
            assert_eq!(growing.push(value), model.len());
            model.push(value);
            growing.push_if(false, 99);
            if value % 1000 == 0 {
                growing.push_if(true, value);
                model.push(value);
                assert_eq!(growing.extend_zeroed(17), model.len());
                model.extend([0; 17]);
            }
        }
        growing.as_mut_slice()[4096] = 7;
        model[4096] = 7;
        assert_eq!(growing.as_slice(), model);
        assert_eq!((growing.len(), growing.bytes()), (model.len(), model.len() * 8));
        growing.clear();
        assert_eq!(growing.extend_zeroed(3), 0);
        assert_eq!(growing.as_slice(), [0, 0, 0]);
    }

    #[test]
    fn an_empty_array_takes_no_memory_and_is_no_trouble() {
        assert_eq!(Growing::<u64>::default().as_slice(), [0u64; 0]);
        assert!(Growing::<u64>::default().is_empty());
        assert_eq!(Huge::<u64>::zeroed(0).as_slice(), [0u64; 0]);
    }

    #[test]
    fn what_is_taken_out_gives_its_memory_back_once_it_is_asked_to() {
        for length in [1, 1000, 3_000_001] {
            let mut growing = Growing::<u32>::default();
            for value in 0..length {
                growing.push(value);
            }
            let full = growing.held_bytes();
            assert!(full >= growing.bytes());
            growing.truncate(length as usize / 2);
            assert_eq!(growing.held_bytes(), full, "the room stays");
            growing.shrink_to_fit();
            assert!(growing.held_bytes() < growing.bytes() + (2 << 20), "{length}");
            assert!(growing.as_slice().iter().copied().eq(0..length / 2), "{length}");
            assert_eq!((growing.push(7), growing.extend_zeroed(1)), (length as usize / 2, length as usize / 2 + 1));
            assert_eq!(growing.as_slice().last(), Some(&0));
        }
    }

    #[test]
    fn it_may_be_used_by_another_thread() {
        let mut array = Huge::<u64>::zeroed(1000);
        array.as_mut_slice()[999] = 5;
        let array = std::thread::spawn(move || array).join().unwrap();
        assert_eq!(array.as_slice()[999], 5);
    }
}
