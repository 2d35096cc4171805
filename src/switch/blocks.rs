//! Where records live: blocks of one size, each of whole cache lines, cut from chunks that a thread keeps for reuse.
//!
//! ```text
//!   chunk    | weak to the next chunk | block | block | block | ...  |    16 KiB, one line for the weak
//!   kept     block -> block -> block -> null                              the last one freed is taken first
//! ```
//! A record comes and goes with every task, so taking and giving back are a few loads and stores. What is too large
//! for a block gets memory of its own.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::Cell;
use std::ptr::{self, NonNull};

const LINE: usize = 64;
/// Bytes in a block.
const BLOCK: usize = 4 * LINE;
const BLOCKS_IN_CHUNK: usize = 63;
const CHUNK: Layout = match Layout::from_size_align(LINE + BLOCKS_IN_CHUNK * BLOCK, LINE) {
    Ok(layout) => layout,
    Err(_) => unreachable!(),
};

/// # Invariant
/// Each block in `first` is free memory of [`BLOCK`] bytes, linked through its first word; each chunk in `chunks`
/// is memory of layout [`CHUNK`], linked through its first word; `out` blocks of them hold records.
struct FreeList {
    first: Cell<*mut FreeBlock>,
    chunks: Cell<*mut FreeBlock>,
    out: Cell<usize>,
}

struct FreeBlock {
    next: *mut FreeBlock,
}

thread_local! {
    // Without a destructor of its own: records may be freed until the very end of the thread.
    static KEPT: FreeList = const {
        FreeList {
            first: Cell::new(ptr::null_mut()),
            chunks: Cell::new(ptr::null_mut()),
            out: Cell::new(0),
        }
    };
}

const fn fits<T>() -> bool {
    size_of::<T>() <= BLOCK && align_of::<T>() <= LINE
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
/// It was taken for a `T` on this thread, what it held was dropped or moved out, and nobody points to it.
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
    KEPT.with(|kept| {
        if kept.first.get().is_null() {
            cut_chunk(kept);
        }
        // SAFETY: the invariant: it is free, and there is one now.
        let block = unsafe { NonNull::new_unchecked(kept.first.get()) };
        // SAFETY: the invariant: its first word is the weak.
        kept.first.set(unsafe { block.as_ref() }.next);
        kept.out.set(kept.out.get() + 1);
        block.cast()
    })
}

/// # Safety
/// It was taken by `take_block` on this thread, and nobody points to it.
#[inline(always)]
unsafe fn give_back_block(block: NonNull<FreeBlock>) {
    KEPT.with(|kept| {
        let next = kept.first.get();
        // SAFETY: it is free, large enough and aligned.
        unsafe { block.write(FreeBlock { next }) };
        kept.first.set(block.as_ptr());
        kept.out.set(kept.out.get() - 1);
    });
}

#[cold]
#[inline(never)]
extern "C" fn cut_chunk(kept: &FreeList) {
    let chunk: NonNull<FreeBlock> = allocate(CHUNK.size(), CHUNK.align()).cast();
    let next = kept.chunks.replace(chunk.as_ptr());
    // SAFETY: the first line of a new chunk is the weak's.
    unsafe { chunk.write(FreeBlock { next }) };
    // Backwards, so that the lowest is taken first.
    for number in (0..BLOCKS_IN_CHUNK).rev() {
        // SAFETY: within the chunk, behind its first line.
        let block = unsafe { chunk.byte_add(LINE + number * BLOCK) };
        let next = kept.first.replace(block.as_ptr());
        // SAFETY: a block of the new chunk, which nobody uses yet.
        unsafe { block.write(FreeBlock { next }) };
    }
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

/// Frees this thread's chunks, if no block of theirs is in use: the thread is ending.
pub(super) fn free_chunks() {
    KEPT.with(|kept| {
        if kept.out.get() > 0 {
            return;
        }
        kept.first.set(ptr::null_mut());
        let mut next = kept.chunks.replace(ptr::null_mut());
        while let Some(chunk) = NonNull::new(next) {
            // SAFETY: the invariant: its first word is the weak.
            next = unsafe { chunk.as_ref() }.next;
            // SAFETY: allocated with this layout, and no block of it is in use or kept.
            unsafe { dealloc(chunk.as_ptr().cast(), CHUNK) };
        }
    });
}
