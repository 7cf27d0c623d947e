//! How much memory a check takes: bytes from a disk must not decide it without a bound.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// The system's allocator, counting.
struct Counting;

static TAKEN: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);
/// Guards the counters for one check after the other: they count for all threads.
static CHECK: Mutex<()> = Mutex::new(());

#[cfg(not(fuzzing))]
#[global_allocator]
static ALLOCATOR: Counting = Counting;

// Under libFuzzer its own `-malloc_limit_mb` does this.
#[cfg_attr(fuzzing, expect(dead_code, reason = "libFuzzer counts by itself"))]
fn took(bytes: usize) {
    let taken = TAKEN.fetch_add(bytes, Ordering::Relaxed) + bytes;
    MOST.fetch_max(taken, Ordering::Relaxed);
}

#[expect(unsafe_code, reason = "an allocator is unsafe by its trait")]
// SAFETY: every call is handed to the system's allocator as it is; counting touches no memory of
// the callers.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        took(layout.size());
        // SAFETY: the caller's promises are the system's demands.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        TAKEN.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are the system's demands.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        took(size);
        TAKEN.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are the system's demands.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// The most bytes that were taken at once while `work` ran, above what was taken before it. Checks of
/// several threads wait for each other.
pub fn most_taken(work: impl FnOnce()) -> usize {
    // A check that failed leaves nothing behind that counts.
    let _one = CHECK.lock().unwrap_or_else(PoisonError::into_inner);
    let before = TAKEN.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    work();
    MOST.load(Ordering::Relaxed).saturating_sub(before)
}
