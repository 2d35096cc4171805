//! Where records live: blocks of one size that start on a cache line, kept for reuse by their thread.
//!
//! A record comes and goes with every task, so the last one freed is the first one taken again, without a
//! call to the allocator. What is too large for a block gets memory of its own.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::Cell;
use std::ptr::{self, NonNull};

/// Bytes in a block. Together with the eight that glibc's allocator keeps for itself, four cache lines.
const BLOCK: Layout = match Layout::from_size_align(248, 64) {
    Ok(layout) => layout,
    Err(_) => unreachable!(),
};
/// Blocks that a thread keeps, at most: 16 MiB.
const MOST_KEPT: usize = 65_536;

/// # Invariant
/// Each block in the list is free memory of layout [`BLOCK`], linked through its first word.
struct Kept {
    first: Cell<*mut Link>,
    count: Cell<usize>,
}

struct Link {
    next: *mut Link,
}

thread_local! {
    // Without a destructor of its own: records may be freed until the very end of the thread.
    static KEPT: Kept = const {
        Kept {
            first: Cell::new(ptr::null_mut()),
            count: Cell::new(0),
        }
    };
}

const fn fits<T>() -> bool {
    size_of::<T>() <= BLOCK.size() && align_of::<T>() <= BLOCK.align()
}

/// Room for a `T`, not initialised.
#[inline(always)]
pub(super) fn take<T>() -> NonNull<T> {
    const { assert!(size_of::<T>() > 0) };
    if fits::<T>() {
        take_block().cast()
    } else {
        allocate(size_of::<T>(), align_of::<T>()).cast()
    }
}

/// Gives room back.
///
/// # Safety
/// It was taken for a `T`, what it held was dropped or moved out, and nobody points to it.
#[inline(always)]
pub(super) unsafe fn give_back<T>(room: NonNull<T>) {
    if fits::<T>() {
        // SAFETY: the caller's promise: it was taken as a block.
        unsafe { give_back_block(room.cast()) };
    } else {
        // SAFETY: the caller's promise: it was allocated with this layout.
        unsafe { dealloc(room.as_ptr().cast(), Layout::new::<T>()) };
    }
}

#[inline(always)]
fn take_block() -> NonNull<u8> {
    KEPT.with(|kept| match NonNull::new(kept.first.get()) {
        Some(link) => {
            // SAFETY: the invariant: it is free, and its first word is the link.
            kept.first.set(unsafe { link.as_ref() }.next);
            kept.count.set(kept.count.get() - 1);
            link.cast()
        }
        None => allocate(BLOCK.size(), BLOCK.align()),
    })
}

/// # Safety
/// It was taken by `take_block`, and nobody points to it.
#[inline(always)]
unsafe fn give_back_block(block: NonNull<u8>) {
    KEPT.with(|kept| {
        if kept.count.get() < MOST_KEPT {
            let link: NonNull<Link> = block.cast();
            let next = kept.first.get();
            // SAFETY: it is free, large enough and aligned.
            unsafe { link.write(Link { next }) };
            kept.first.set(link.as_ptr());
            kept.count.set(kept.count.get() + 1);
        } else {
            // SAFETY: blocks are allocated with this layout.
            unsafe { dealloc(block.as_ptr(), BLOCK) };
        }
    });
}

/// Allocates, or ends the process. With the C ABI, since nothing unwinds out of that: the caller may
/// hold half-made things in registers.
#[cold]
#[inline(never)]
extern "C" fn allocate(size: usize, align: usize) -> NonNull<u8> {
    let layout = Layout::from_size_align(size, align).expect("taken from a layout");
    // SAFETY: no layout here is of size zero.
    let memory = unsafe { alloc(layout) };
    NonNull::new(memory).unwrap_or_else(|| handle_alloc_error(layout))
}

/// Frees the blocks that this thread keeps, and keeps no more: the thread is ending.
pub(super) fn free_kept() {
    KEPT.with(|kept| {
        while let Some(link) = NonNull::new(kept.first.get()) {
            // SAFETY: the invariant.
            kept.first.set(unsafe { link.as_ref() }.next);
            // SAFETY: blocks are allocated with this layout, and this one is out of the list.
            unsafe { dealloc(link.as_ptr().cast(), BLOCK) };
        }
        kept.count.set(MOST_KEPT);
    });
}
