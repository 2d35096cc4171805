//! Strong and weak pointers to a block that holds its own counts, as `Rc` has them.
//!
//! # Invariant
//! `count` is the number of [`Strong`] pointers to a block and `weak_count` that of [`Weak`] ones. While one of them is not
//! zero the block is allocated. All pointers to a block are on one thread.

use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::NonNull;

use crate::stderr;

/// A block with counts.
///
/// # Safety
/// The two counts are changed by the pointers of this file only, or as if by them.
pub(crate) unsafe trait Counted: Sized {
    fn count(&self) -> &Cell<u32>;

    fn weak_count(&self) -> &Cell<u32>;

    /// Ends what the block stands for, and frees it if no pointer is left.
    ///
    /// # Safety
    /// A strong pointer to `block` was given up, and one or none is left.
    unsafe fn release_slow(block: NonNull<Self>);

    /// Frees the block, unless a weak pointer is left. Runs no user code.
    ///
    /// # Safety
    /// No strong pointer to `block` is left.
    unsafe fn free_slow(block: NonNull<Self>);
}

/// A strong pointer to a block.
pub(crate) struct Strong<T: Counted>(NonNull<T>);

impl<T: Counted> Strong<T> {
    /// A further strong pointer.
    ///
    /// # Safety
    /// A pointer to the block exists, strong or weak.
    #[inline(always)]
    pub(crate) unsafe fn counted(block: NonNull<T>) -> Strong<T> {
        // SAFETY: the other pointer keeps the block.
        let count = unsafe { block.as_ref() }.count();
        count.set(count.get() + 1);
        Strong(block)
    }

    /// A strong pointer that is in the count already.
    ///
    /// # Safety
    /// The count of the block includes this pointer.
    #[inline(always)]
    pub(super) unsafe fn adopt(block: NonNull<T>) -> Strong<T> {
        Strong(block)
    }

    #[inline(always)]
    pub(crate) fn as_ptr(&self) -> NonNull<T> {
        self.0
    }

    #[cfg(feature = "hub")]
    #[inline(always)]
    pub(crate) fn to_weak(&self) -> Weak<T> {
        // SAFETY: `self` keeps the block.
        unsafe { Weak::to(self.0) }
    }

    /// Gives this pointer up without [`release_slow`](Counted::release_slow): the greenlet is about to run and owns itself.
    #[inline(always)]
    pub(crate) fn into_ptr(self) -> NonNull<T> {
        let pointer = ManuallyDrop::new(self);
        let count = pointer.count();
        count.set(count.get() - 1);
        debug_assert!(
            count.get() > 0,
            "a greenlet that is about to run is owned by itself or its hub"
        );
        pointer.0
    }
}

impl<T: Counted> Clone for Strong<T> {
    #[inline(always)]
    fn clone(&self) -> Strong<T> {
        // Only cloned handles can be leaked in such numbers: the library's own pointers lie in memory.
        if self.count().get() >= u32::MAX / 2 {
            too_many_handles();
        }
        // SAFETY: `self` is a strong pointer to it.
        unsafe { Strong::counted(self.0) }
    }
}

impl<T: Counted> Drop for Strong<T> {
    #[inline(always)]
    fn drop(&mut self) {
        let left = self.count().get() - 1;
        self.count().set(left);
        if left <= 1 {
            // SAFETY: this pointer has just been given up, and is not used after this.
            unsafe { T::release_slow(self.0) };
        }
    }
}

impl<T: Counted> Deref for Strong<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: a strong pointer keeps the block.
        unsafe { self.0.as_ref() }
    }
}

/// A pointer that keeps the block allocated, and does not keep the greenlet from being unwound.
pub(crate) struct Weak<T: Counted>(NonNull<T>);

impl<T: Counted> Weak<T> {
    /// # Safety
    /// A pointer to the block exists.
    #[inline(always)]
    pub(crate) unsafe fn to(block: NonNull<T>) -> Weak<T> {
        // SAFETY: the other pointer keeps the block.
        let weak_count = unsafe { block.as_ref() }.weak_count();
        if weak_count.get() == u32::MAX {
            too_many_handles();
        }
        weak_count.set(weak_count.get() + 1);
        Weak(block)
    }

    /// Gives this pointer up, and returns the block if no pointer to it is left.
    pub(super) fn release(self) -> Option<NonNull<T>> {
        let block = ManuallyDrop::new(self).0;
        // SAFETY: this pointer keeps the block until it is given up here.
        let record = unsafe { block.as_ref() };
        let weak_count = record.weak_count();
        weak_count.set(weak_count.get() - 1);
        (weak_count.get() == 0 && record.count().get() == 0).then_some(block)
    }

    pub(crate) fn as_ptr(&self) -> NonNull<T> {
        self.0
    }

    /// The block, whether a strong pointer is left or not.
    #[inline(always)]
    pub(super) fn block(&self) -> &T {
        // SAFETY: `self` keeps the block.
        unsafe { self.0.as_ref() }
    }

    /// A strong pointer, if one exists.
    pub(crate) fn upgrade(&self) -> Option<Strong<T>> {
        let count = self.block().count().get();
        if count >= u32::MAX / 2 {
            too_many_handles();
        }
        // SAFETY: a count above zero means that a strong pointer exists.
        (count > 0).then(|| unsafe { Strong::counted(self.0) })
    }
}

impl<T: Counted> Clone for Weak<T> {
    fn clone(&self) -> Weak<T> {
        // SAFETY: `self` keeps the block.
        unsafe { Weak::to(self.0) }
    }
}

impl<T: Counted> Drop for Weak<T> {
    fn drop(&mut self) {
        // Given up here, and not used after this.
        if let Some(block) = Weak(self.0).release() {
            // SAFETY: no pointer to it is left.
            unsafe { T::free_slow(block) };
        }
    }
}

/// Gives up the strong pointer that an ended greenlet owns to itself. Runs no user code, and does not unwind the block's
/// owner for lack of other pointers.
///
/// # Safety
/// `block` has ended and owns a strong pointer to itself, which is not used after this.
#[inline(always)]
pub(super) unsafe fn release_ended<T: Counted>(block: NonNull<T>) {
    // SAFETY: its own pointer keeps the block until the next line.
    let count = unsafe { block.as_ref() }.count();
    count.set(count.get() - 1);
    if count.get() == 0 {
        // SAFETY: that was the last strong pointer.
        unsafe { T::free_slow(block) };
    }
}

/// As with `Rc`: a count that wraps would free a block in use.
#[cold]
fn too_many_handles() -> ! {
    stderr::abort(format_args!("more than 2^31 handles to one greenlet"))
}
