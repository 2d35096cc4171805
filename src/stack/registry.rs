//! Which slab holds an address: a list that the fault handler can read without a lock.
//!
//! ```text
//! HEAD -> entry -> entry -> entry -> null       entries are added at the front and never freed;
//!         owner    0 = free   owner             one whose slab is gone is used again
//! ```
//!
//! A thread publishes and withdraws entries for its own slabs only, and a handler believes only the entries of
//! the thread it interrupted. So there is no race over a slab's memory: its thread cannot unmap it meanwhile.

use super::class::{GUARD, SizeClass};
use super::overflow::Description;
use super::slab::Slot;
use crate::sys::fault::this_thread;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// One slab, as the fault handler sees it.
#[derive(Debug)]
pub(super) struct SlabEntry {
    /// The thread of the slab; zero when the entry is free.
    owner: AtomicUsize,
    /// Low end of slot 0.
    first: AtomicUsize,
    /// High end of the last slot; zero unless all the other fields are in order.
    end: AtomicUsize,
    class: AtomicUsize,
    records: AtomicPtr<Slot>,
    next: *const SlabEntry,
}

// SAFETY: `next` is written once, before the entry is published, and points to an entry that is never freed;
// everything else is atomic.
unsafe impl Sync for SlabEntry {}

static HEAD: AtomicPtr<SlabEntry> = AtomicPtr::new(ptr::null_mut());

/// A slot in which an address lies.
#[derive(Debug)]
pub(super) struct FoundSlot {
    /// The slot, guard included.
    pub(super) low: usize,
    pub(super) high: usize,
    /// Usable bytes of its size class.
    pub(super) usable: usize,
    pub(super) description: *const Description,
}

/// Publishes a slab of the current thread.
pub(super) fn enter(
    class: SizeClass,
    first: usize,
    slots: usize,
    records: NonNull<Slot>,
) -> &'static SlabEntry {
    let entry = entries().find(|entry| entry.claim()).unwrap_or_else(add);
    entry.first.store(first, Ordering::Relaxed);
    entry.class.store(class.index(), Ordering::Relaxed);
    entry.records.store(records.as_ptr(), Ordering::Relaxed);
    entry
        .end
        .store(first + slots * class.stride(), Ordering::Release);
    entry
}

impl SlabEntry {
    /// Withdraws the slab and frees the entry.
    pub(super) fn leave(&self) {
        self.end.store(0, Ordering::Relaxed);
        self.owner.store(0, Ordering::Release);
    }

    fn claim(&self) -> bool {
        self.owner
            .compare_exchange(0, this_thread(), Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }
}

/// The slot of the current thread whose guard holds `address`. Async-signal-safe.
pub(super) fn find_guard(address: usize) -> Option<FoundSlot> {
    find(address).filter(|hit| address < hit.low + GUARD)
}

/// The slot of the current thread that holds `address`. Async-signal-safe.
pub(super) fn find(address: usize) -> Option<FoundSlot> {
    let me = this_thread();
    let holds = |entry: &&SlabEntry| {
        entry.owner.load(Ordering::Acquire) == me
            && address < entry.end.load(Ordering::Acquire)
            && address >= entry.first.load(Ordering::Relaxed)
    };
    let entry = entries().find(holds)?;
    let first = entry.first.load(Ordering::Relaxed);
    let class = SizeClass::at(entry.class.load(Ordering::Relaxed))?;
    let number = (address - first) / class.stride();
    let low = first + number * class.stride();
    let record = entry.records.load(Ordering::Relaxed).wrapping_add(number);
    // SAFETY: the record lies in the table of a slab that this thread owns and that is mapped while the entry
    // says so. Only the address of its field is formed: a record not yet written is all zero, a null there.
    let description = unsafe { &raw const (*record).description };
    // SAFETY: the same; an `AtomicPtr` may be read whatever its bits are.
    let description = unsafe { &*description }.load(Ordering::Relaxed);
    Some(FoundSlot {
        low,
        high: low + class.stride(),
        usable: class.usable(),
        description,
    })
}

fn entries() -> impl Iterator<Item = &'static SlabEntry> {
    let mut at = HEAD.load(Ordering::Acquire).cast_const();
    std::iter::from_fn(move || {
        // SAFETY: entries are never freed, so a pointer to one is null or good for ever.
        let entry = unsafe { at.as_ref() }?;
        at = entry.next;
        Some(entry)
    })
}

fn add() -> &'static SlabEntry {
    let entry = Box::leak(Box::new(SlabEntry {
        owner: AtomicUsize::new(this_thread()),
        first: AtomicUsize::new(0),
        end: AtomicUsize::new(0),
        class: AtomicUsize::new(0),
        records: AtomicPtr::new(ptr::null_mut()),
        next: ptr::null(),
    }));
    let mut head = HEAD.load(Ordering::Relaxed);
    loop {
        entry.next = head;
        match HEAD.compare_exchange_weak(head, entry, Ordering::Release, Ordering::Relaxed) {
            Ok(_) => return entry,
            Err(now) => head = now,
        }
    }
}

#[cfg(test)]
pub(super) fn entries_of_this_thread() -> usize {
    let me = this_thread();
    entries()
        .filter(|entry| entry.owner.load(Ordering::Relaxed) == me)
        .count()
}
