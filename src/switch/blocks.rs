//! The memory of records: blocks of one size, each of whole cache lines, cut from chunks that a thread keeps for reuse.
//!
//! ```text
//!   chunk       | link to the next chunk | block | block | block | ...  |   16 KiB, one cache line for the link
//!   free list   block -> block -> block -> null                             the last one freed is taken first
//! ```
//! Each task has a record, so taking and giving back are a few loads and stores. A record that is too large for a block
//! gets memory of its own.

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
    // Without a destructor: records may be freed until the very end of the thread.
    static FREE_LIST: FreeList = const {
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

/// Memory for a `T`, not initialised.
#[inline(always)]
pub(super) fn take<T>() -> NonNull<T> {
    const { assert!(size_of::<T>() > 0) };
    if fits::<T>() {
        take_block().cast()
    } else {
        allocate(size_of::<T>(), align_of::<T>()).cast()
    }
}

/// Gives memory back.
///
/// # Safety
/// The memory was taken for a `T` on this thread, its value was dropped or moved out, and no pointer to it is used after this.
#[inline(always)]
pub(super) unsafe fn give_back<T>(block: NonNull<T>) {
    if fits::<T>() {
        // SAFETY: the contract above: it was taken as a block.
        unsafe { give_back_block(block.cast()) };
    } else {
        // SAFETY: the contract above: it was allocated with this layout.
        unsafe { dealloc(block.as_ptr().cast(), Layout::new::<T>()) };
    }
}

#[inline(always)]
fn take_block() -> NonNull<u8> {
    FREE_LIST.with(|list| {
        if list.first.get().is_null() {
            cut_chunk(list);
        }
        // SAFETY: the invariant: the first block is free, and there is one now.
        let block = unsafe { NonNull::new_unchecked(list.first.get()) };
        // SAFETY: the invariant: its first word is the link.
        list.first.set(unsafe { block.as_ref() }.next);
        list.out.set(list.out.get() + 1);
        block.cast()
    })
}

/// # Safety
/// The block was taken by `take_block` on this thread, and no pointer to it is used after this.
#[inline(always)]
unsafe fn give_back_block(block: NonNull<FreeBlock>) {
    FREE_LIST.with(|list| {
        let next = list.first.get();
        // SAFETY: it is free, large enough and aligned.
        unsafe { block.write(FreeBlock { next }) };
        list.first.set(block.as_ptr());
        list.out.set(list.out.get() - 1);
    });
}

#[cold]
#[inline(never)]
extern "C" fn cut_chunk(list: &FreeList) {
    let chunk: NonNull<FreeBlock> = allocate(CHUNK.size(), CHUNK.align()).cast();
    let next = list.chunks.replace(chunk.as_ptr());
    // SAFETY: the first cache line of a new chunk is the link's.
    unsafe { chunk.write(FreeBlock { next }) };
    // Backwards, so that the lowest block is taken first.
    for number in (0..BLOCKS_IN_CHUNK).rev() {
        // SAFETY: within the chunk, behind its first line.
        let block = unsafe { chunk.byte_add(LINE + number * BLOCK) };
        let next = list.first.replace(block.as_ptr());
        // SAFETY: a block of the new chunk, which is not in use yet.
        unsafe { block.write(FreeBlock { next }) };
    }
}

/// Allocates, or ends the process. With the C ABI, because nothing unwinds out of that: the caller may hold half-made values
/// in registers.
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
    FREE_LIST.with(|list| {
        if list.out.get() > 0 {
            return;
        }
        list.first.set(ptr::null_mut());
        let mut next = list.chunks.replace(ptr::null_mut());
        while let Some(chunk) = NonNull::new(next) {
            // SAFETY: the invariant: its first word is the link.
            next = unsafe { chunk.as_ref() }.next;
            // SAFETY: allocated with this layout, and no block of it is in use or kept.
            unsafe { dealloc(chunk.as_ptr().cast(), CHUNK) };
        }
    });
}
