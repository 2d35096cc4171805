//! A stack in use: what corosensei runs a coroutine on, and gives back when it is done.

use super::overflow::Description;
use super::pool;
use super::registry;
use super::slab::SlotRef;
#[cfg(all(feature = "sanitizer", target_os = "linux"))]
use crate::sys::sanitizer;
use corosensei::stack::{Stack, StackPointer};
use std::ptr::{self, NonNull};
use std::sync::atomic::Ordering;

/// A stack taken from this thread's pool; goes back to it when dropped.
///
/// It never leaves its thread: its record is reached by a plain pointer, so it is neither `Send` nor `Sync`.
///
/// # Invariant
///
/// One `PooledStack` exists for a slot in state `Taken`, and its slab stays mapped until it is dropped.
#[derive(Debug)]
pub(crate) struct PooledStack {
    /// The slot's, or lower if something was set apart: corosensei asks for it at every resume.
    base: StackPointer,
    slot: SlotRef,
}

const _: () = assert!(size_of::<PooledStack>() == 16 && size_of::<Option<PooledStack>>() == 16);

// SAFETY: base and limit enclose a slot that is ours alone (invariant of `PooledStack`): at its low end 64 KiB
// that fault on any touch, above them at least MIN_STACK_SIZE bytes; both addresses are multiples of 64.
unsafe impl Stack for PooledStack {
    #[inline(always)]
    fn base(&self) -> StackPointer {
        self.base
    }

    #[inline]
    fn limit(&self) -> StackPointer {
        StackPointer::new(self.slot.low()).expect("no slot lies at address zero")
    }
}

impl PooledStack {
    #[inline]
    pub(super) fn new(slot: SlotRef) -> PooledStack {
        // SAFETY: above the guard a slot can be read as long as its slab is mapped, which is until this value is
        // dropped, or for ever if it never is.
        #[cfg(all(feature = "sanitizer", target_os = "linux"))]
        unsafe {
            sanitizer::add_root(slot.usable());
        }
        PooledStack {
            base: slot.base,
            slot,
        }
    }

    /// Sets `bytes` at the high end apart for the user of this stack: a multiple of 64, aligned to 64, in use for as long as
    /// the stack is.
    #[inline]
    pub(crate) fn set_apart(&mut self, bytes: usize) -> NonNull<u8> {
        assert!(bytes.is_multiple_of(64) && bytes <= 1024);
        let low = self.base.get() - bytes;
        self.base = StackPointer::new(low).expect("no slot lies at address zero");
        NonNull::new(ptr::with_exposed_provenance_mut(low)).expect("no slot lies there")
    }

    /// Says what an overflow of this stack shall be called. One store.
    ///
    /// # Safety
    ///
    /// The record stays where it is until the next `describe`, or until this stack is given back or leaked.
    #[inline]
    pub(crate) unsafe fn describe(&self, owner: &Description) {
        let owner = (&raw const *owner).cast_mut();
        self.slot.description.store(owner, Ordering::Relaxed);
    }

    /// A view of this stack for the time that another value, such as a coroutine, owns it.
    #[inline(always)]
    pub(crate) fn view(&self) -> StackView {
        StackView(self.slot)
    }
}

impl Drop for PooledStack {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: `new` added this range, and a value is dropped once.
        #[cfg(all(feature = "sanitizer", target_os = "linux"))]
        unsafe {
            sanitizer::remove_root(self.slot.usable());
        }
        pool::put(self.slot);
    }
}

/// A view of a stack that another value owns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StackView(SlotRef);

/// The stack of this thread's pool that an address lies in.
pub(crate) struct StackAddress {
    /// Its low end, by which it is known.
    pub(crate) low: usize,
    /// What its owner has said of itself last.
    pub(crate) owner: *const Description,
}

/// The stack of this thread's pool that `address` lies in. `None`: it is the thread's own.
pub(crate) fn at(address: usize) -> Option<StackAddress> {
    let hit = registry::find(address)?;
    Some(StackAddress {
        low: hit.low,
        owner: hit.description,
    })
}

impl StackView {
    /// Its low end, by which it is known, if `address` lies in it.
    #[inline]
    pub(crate) fn low(self, address: usize) -> Option<usize> {
        let low = self.0.low();
        (address >= low && address < low + self.0.class.stride()).then_some(low)
    }

    /// Bytes touched on this stack at the deepest, in whole pages; raises its class's `deepest`.
    ///
    /// Asks the kernel (`mincore`) which pages are in memory and takes the lowest. What a former owner of the
    /// slot touched counts too, until a trim gives those pages back; pages swapped out do not count.
    ///
    /// # Safety
    /// The stack was not given back since.
    pub(crate) unsafe fn used(self) -> usize {
        pool::measure(self.0)
    }

    /// Counts this stack as lost: its owner never drops it, since something may point into it for ever.
    ///
    /// # Safety
    /// The stack was not given back since, and never will be; nor was this called before.
    pub(crate) unsafe fn leak(self) {
        pool::leak(self.0);
    }
}
