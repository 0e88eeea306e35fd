//! Counts what a thread allocates: how often, how much, and how much of it was held at once. These are
//! counts of operations, the same on every machine and under every load.

#![allow(dead_code, unreachable_pub, unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// What the thread has allocated since it was asked to count.
#[derive(Clone, Copy, Default)]
pub struct Counts {
    /// How often.
    pub calls: u64,
    /// How many bytes in all.
    pub bytes: u64,
    /// The most bytes held at once.
    pub peak: i64,
    held: i64,
}

thread_local! {
    static COUNTS: Cell<Counts> = const {
        Cell::new(Counts { calls: 0, bytes: 0, peak: 0, held: 0 })
    };
}

/// What some work allocates, and what it gives.
pub fn counted<T>(work: impl FnOnce() -> T) -> (T, Counts) {
    COUNTS.set(Counts::default());
    let given = work();
    (given, COUNTS.get())
}

fn note(new: usize, old: usize) {
    // A thread that ends has nothing to count with any more.
    let _ = COUNTS.try_with(|counts| {
        let mut now = counts.get();
        now.held += new as i64 - old as i64;
        now.peak = now.peak.max(now.held);
        if new > 0 {
            now.calls += 1;
            now.bytes += new.saturating_sub(old) as u64;
        }
        counts.set(now);
    });
}

struct Counter;

#[global_allocator]
static COUNTER: Counter = Counter;

// SAFETY: every call goes to the system's allocator as it is; what is counted is a cell of the thread.
unsafe impl GlobalAlloc for Counter {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size(), 0);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        note(0, layout.size());
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size, layout.size());
        unsafe { System.realloc(place, layout, size) }
    }
}
