//! Two functions at the same time.

/// Runs two functions at the same time, one of them on a thread of its own, and returns what both say. A panic of either
/// goes on in the caller.
pub fn both<L, R: Send>(left: impl FnOnce() -> L, right: impl FnOnce() -> R + Send) -> (L, R) {
    std::thread::scope(|scope| {
        let right = scope.spawn(right);
        let left = left();
        (left, right.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}
