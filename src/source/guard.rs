//! A mapped file that is cut short does not kill the program.
//!
//! Touching a page of a map that the file no longer backs raises SIGBUS, and so does a device that fails to read the
//! page. The default is death. Here ranges of maps are registered in a table; when the faulting address lies in one,
//! the handler marks that range as tripped, lays anonymous zero pages over it from the faulting page to its end, and
//! returns: the worker goes on with zeros, asks [`Registration::tripped`] at the end of its piece, and throws the piece
//! away. Any other SIGBUS goes to the handler that was there before, usually to its death.
//!
//! To the end and not only one page: what lies behind a cut is gone too, and one call answers for all of it.
//!
//! A handler may interrupt any instruction, also one that holds a lock or is inside the allocator. So the table is
//! static, of fixed size and made of atomics; the handler allocates nothing, locks nothing, cannot panic, and calls
//! nothing but `mmap`, `sigaction` and `raise`, which on Linux are bare system calls. It keeps `errno`.
//!
//! Invariant: the mark is set before the zeros can be seen, so whoever has read a zero of ours finds the mark.
//! Source: signal-safety(7), sigaction(2), mmap(2).
#![allow(unsafe_code)]

use std::ops::Range;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};

use libc::{c_int, c_void, siginfo_t};

/// Maps guarded at one time. A map that finds no room is not made: its file is read instead.
const RANGES_MAX: usize = 1024;

static TABLE: [Slot; RANGES_MAX] = [const { Slot::new() }; RANGES_MAX];
static PAGE_BYTES: AtomicUsize = AtomicUsize::new(4096);
/// What SIGBUS did before; set before our handler can run.
static PREVIOUS: OnceLock<libc::sigaction> = OnceLock::new();
static INSTALLED: OnceLock<bool> = OnceLock::new();

/// One guarded range.
struct Slot {
    /// Someone owns the slot.
    taken: AtomicBool,
    /// Odd while the range is valid; changes at each registration and removal, so that a reader in between notices.
    stamp: AtomicUsize,
    start: AtomicUsize,
    end: AtomicUsize,
    tripped: AtomicBool,
}

impl Slot {
    const fn new() -> Self {
        Slot {
            taken: AtomicBool::new(false),
            stamp: AtomicUsize::new(0),
            start: AtomicUsize::new(0),
            end: AtomicUsize::new(0),
            tripped: AtomicBool::new(false),
        }
    }

    /// The range, if it is valid and did not change while it was read (a sequence lock's reader that never waits: the
    /// range of the interrupted thread is stable, since that thread is reading it).
    fn range(&self) -> Option<Range<usize>> {
        let before = self.stamp.load(Ordering::Acquire);
        let range = self.start.load(Ordering::Relaxed)..self.end.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        (before % 2 == 1 && self.stamp.load(Ordering::Relaxed) == before).then_some(range)
    }
}

/// A guarded range; dropping it ends the guard, which must happen before the range is unmapped.
#[derive(Debug)]
pub(super) struct Registration {
    slot: usize,
}

/// Guards the pages of `range` (addresses of a live private or shared read-only file map).
///
/// `None` if the table is full or the handler cannot be installed: such a map must not be read.
///
/// # Safety
/// From now until the registration is dropped the pages that `range` touches belong to one map of the caller's, and
/// nothing else lives on them: the handler replaces them.
pub(super) unsafe fn register(range: Range<usize>) -> Option<Registration> {
    if !*INSTALLED.get_or_init(install) {
        return None;
    }
    let page = PAGE_BYTES.load(Ordering::Relaxed);
    let start = range.start & !(page - 1);
    let end = range.end.checked_next_multiple_of(page)?;
    TABLE.iter().enumerate().find_map(|(number, slot)| {
        slot.taken.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).ok()?;
        // Whoever sees one of the next writes sees the even stamp before them, too.
        fence(Ordering::Release);
        slot.tripped.store(false, Ordering::Relaxed);
        slot.start.store(start, Ordering::Relaxed);
        slot.end.store(end, Ordering::Relaxed);
        slot.stamp.fetch_add(1, Ordering::Release);
        Some(Registration { slot: number })
    })
}

impl Registration {
    /// Whether a page of the range was lost since it was registered.
    pub(super) fn tripped(&self) -> bool {
        TABLE.get(self.slot).is_some_and(|slot| slot.tripped.load(Ordering::SeqCst))
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if let Some(slot) = TABLE.get(self.slot) {
            slot.stamp.fetch_add(1, Ordering::Release);
            slot.taken.store(false, Ordering::Release);
        }
    }
}

fn install() -> bool {
    // SAFETY: sysconf reads a constant of the system.
    if let Ok(page @ 1..) = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }) {
        PAGE_BYTES.store(page, Ordering::Relaxed);
    }
    // SAFETY: all zeros is a valid sigaction: the default disposition, an empty mask, no flags.
    let mut previous: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: asks only; `previous` is valid for writing.
    if unsafe { libc::sigaction(libc::SIGBUS, ptr::null(), &mut previous) } != 0 {
        return false;
    }
    if PREVIOUS.set(previous).is_err() {
        return false;
    }
    // SAFETY: as above.
    let mut ours: libc::sigaction = unsafe { std::mem::zeroed() };
    let handler: extern "C" fn(c_int, *mut siginfo_t, *mut c_void) = on_sigbus;
    ours.sa_sigaction = handler as usize;
    // The alternate stack: the fault may come on a thread whose stack is almost used up.
    ours.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
    // SAFETY: `ours` is complete, and `on_sigbus` does only what a handler may (see the module's text).
    unsafe { libc::sigaction(libc::SIGBUS, &ours, ptr::null_mut()) == 0 }
}

extern "C" fn on_sigbus(signal: c_int, info: *mut siginfo_t, _context: *mut c_void) {
    // SAFETY: the address of this thread's errno is always valid.
    let errno = unsafe { *libc::__errno_location() };
    // SAFETY: with SA_SIGINFO the kernel passes a valid siginfo_t for the time of the call.
    let info = unsafe { &*info };
    // SAFETY: for a SIGBUS that a fault raised (BUS_ADRERR) the address is the field that is set.
    let rescued = info.si_code == libc::BUS_ADRERR && rescue(unsafe { info.si_addr() } as usize);
    if !rescued {
        hand_on(signal, info.si_code);
    }
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
}

/// Whether `address` is in a guarded range, which now reads as zeros from that page on.
fn rescue(address: usize) -> bool {
    let page = address & !(PAGE_BYTES.load(Ordering::Relaxed) - 1);
    for slot in &TABLE {
        let Some(range) = slot.range().filter(|range| range.contains(&address)) else { continue };
        slot.tripped.store(true, Ordering::SeqCst);
        // SAFETY: `page..range.end` are whole pages of a live map that `register`'s caller gave to us to replace; the
        // interrupted thread is reading it, so it is not being unmapped. The new pages are readable like the old ones,
        // so every slice of the map stays valid memory; that its bytes change is the caller's documented risk.
        let zeros = unsafe {
            libc::mmap(
                ptr::with_exposed_provenance_mut(page),
                range.end - page,
                libc::PROT_READ,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        return zeros != libc::MAP_FAILED;
    }
    false
}

/// Puts the previous handler back and lets the signal come again: a fault repeats by itself, a sent signal is resent.
fn hand_on(signal: c_int, code: c_int) {
    if let Some(previous) = PREVIOUS.get() {
        // SAFETY: `previous` is what sigaction itself reported.
        unsafe { libc::sigaction(signal, previous, ptr::null_mut()) };
    }
    if code <= 0 {
        // SAFETY: raise is async-signal-safe; the signal is delivered once this handler returns.
        unsafe { libc::raise(signal) };
    }
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
