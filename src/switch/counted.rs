//! Counted pointers to records, and what happens when the last one goes.
//!
//! # Invariant
//! `count` is the number of counted pointers, and a greenlet that was entered and has not ended owns
//! one to itself. So a live greenlet's record is always there, and a count of one on a suspended
//! greenlet means that nobody can ever switch to it again: it is unwound on the spot.

use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::NonNull;
use std::thread::Result as Caught;

use crate::stderr;
use crate::switch::engine::CorePtr;
use crate::switch::locals::Locals;
use crate::switch::record::{Core, Metadata, Record, StartSlot, Trailer, VTable};
use crate::switch::state::GreenletState;
use crate::switch::{blocks, nest, parent, unwind};

/// A counted pointer to any record.
pub(crate) struct AnyRef(NonNull<Core>);

impl AnyRef {
    /// A further counted pointer to the record that `core` is the first half of.
    ///
    /// # Safety
    /// The record is there: somebody else owns a counted pointer to it.
    #[inline(always)]
    pub(crate) unsafe fn counted(core: CorePtr) -> AnyRef {
        // SAFETY: the caller says that the record is there.
        let count = unsafe { &core.as_ref().count };
        count.set(count.get() + 1);
        AnyRef(core)
    }

    #[inline(always)]
    pub(crate) fn as_ptr(&self) -> CorePtr {
        self.0
    }

    #[cfg(feature = "hub")]
    #[inline(always)]
    pub(crate) fn to_weak(&self) -> WeakRef {
        // SAFETY: `self` keeps it there.
        unsafe { WeakRef::to(self.0) }
    }

    /// Gives this pointer up to the greenlet itself, which is about to run: a last pointer does not
    /// unwind it here, but when it waits again and nobody has got hold of it.
    #[inline(always)]
    pub(crate) fn into_ptr(self) -> CorePtr {
        let pointer = ManuallyDrop::new(self);
        pointer.count.set(pointer.count.get() - 1);
        debug_assert!(
            pointer.count.get() > 0,
            "what is about to run is owned by itself or its hub"
        );
        pointer.0
    }

    /// The typed pointer that this one was made from, if `I` is the type its first switch brings.
    pub(crate) fn starting_with<I: 'static>(&self) -> Option<RecordRef<StartSlot<I>>> {
        self.vtable.starts_with?.is::<I>().then(|| RecordRef {
            any: self.clone(),
            owner: PhantomData,
        })
    }
}

impl Clone for AnyRef {
    #[inline(always)]
    fn clone(&self) -> AnyRef {
        // Only cloned handles can be forgotten in such numbers: the library's own pointers lie in memory.
        if self.count.get() >= u32::MAX / 2 {
            too_many_handles();
        }
        // SAFETY: `self` is a counted pointer to it.
        unsafe { AnyRef::counted(self.0) }
    }
}

impl Drop for AnyRef {
    #[inline(always)]
    fn drop(&mut self) {
        let left = self.count.get() - 1;
        self.count.set(left);
        if left <= 1 {
            // SAFETY: this pointer has just been given up, and nobody uses it after this.
            unsafe { release_slow(self.0) };
        }
    }
}

impl Deref for AnyRef {
    type Target = Core;

    #[inline(always)]
    fn deref(&self) -> &Core {
        // SAFETY: a counted pointer keeps its record alive.
        unsafe { self.0.as_ref() }
    }
}

#[cold]
fn too_many_handles() -> ! {
    // As with `Rc`: a count that wraps would free what is in use.
    stderr::abort(format_args!("two thousand million handles to one greenlet"))
}

/// A pointer that keeps a record there, but does not keep its greenlet from being unwound. A child's
/// pointer to its parent is one: a parent often owns its children in its frames, and both would stay for ever.
pub(crate) struct WeakRef(CorePtr);

impl WeakRef {
    /// # Safety
    /// The record is there: somebody else owns a pointer to it.
    #[inline(always)]
    pub(crate) unsafe fn to(core: CorePtr) -> WeakRef {
        // SAFETY: the caller says that the record is there.
        let weak_count = unsafe { &core.as_ref().weak_count };
        if weak_count.get() == u32::MAX {
            too_many_handles();
        }
        weak_count.set(weak_count.get() + 1);
        WeakRef(core)
    }

    /// Gives this pointer up. What it pointed to comes back if nobody points there any more.
    fn release(self) -> Option<CorePtr> {
        let core = ManuallyDrop::new(self).0;
        // SAFETY: this pointer keeps its record alive until it is given up here.
        let record = unsafe { core.as_ref() };
        record.weak_count.set(record.weak_count.get() - 1);
        (record.weak_count.get() == 0 && record.count.get() == 0).then_some(core)
    }
}

impl WeakRef {
    pub(crate) fn as_ptr(&self) -> CorePtr {
        self.0
    }

    /// The record, whether its greenlet is alive or not.
    #[cfg(feature = "hub")]
    #[inline]
    pub(super) fn core(&self) -> &Core {
        // SAFETY: `self` keeps it there.
        unsafe { self.0.as_ref() }
    }

    /// A counted pointer, if anybody has one.
    pub(crate) fn upgrade(&self) -> Option<AnyRef> {
        // SAFETY: `self` keeps it there.
        let count = unsafe { self.0.as_ref() }.count.get();
        if count >= u32::MAX / 2 {
            too_many_handles();
        }
        // SAFETY: as above.
        (count > 0).then(|| unsafe { AnyRef::counted(self.0) })
    }
}

impl Clone for WeakRef {
    fn clone(&self) -> WeakRef {
        // SAFETY: `self` keeps it there.
        unsafe { WeakRef::to(self.0) }
    }
}

impl Drop for WeakRef {
    fn drop(&mut self) {
        // Given up here, and not used after this.
        if let Some(core) = WeakRef(self.0).release() {
            // SAFETY: no pointer to it is left, so it has ended and has no stack.
            unsafe { free_slow(core) };
        }
    }
}

/// What a handle holds: an owner's pointer, or, in a handle that `parent` gave, a weak.
#[derive(Clone)]
pub(crate) enum HandleRef {
    Owner(AnyRef),
    Weak(WeakRef),
}

impl HandleRef {
    pub(crate) fn to_ref(&self) -> AnyRef {
        // SAFETY: the handle keeps it there.
        unsafe { AnyRef::counted(self.as_ptr()) }
    }
}

impl Deref for HandleRef {
    type Target = Core;

    #[inline(always)]
    fn deref(&self) -> &Core {
        match self {
            // SAFETY: either keeps its record there.
            HandleRef::Owner(AnyRef(core)) | HandleRef::Weak(WeakRef(core)) => unsafe {
                core.as_ref()
            },
        }
    }
}

/// A counted pointer to a record whose other half is known.
pub(crate) struct RecordRef<X> {
    any: AnyRef,
    owner: PhantomData<X>,
}

impl<X: Trailer> RecordRef<X> {
    /// A new record, of a greenlet that was declared.
    #[inline(always)]
    pub(crate) fn new(metadata: Metadata, extra: impl FnOnce() -> X) -> RecordRef<X> {
        let kind = const {
            &VTable {
                free: free::<X>,
                starts_with: X::STARTS_WITH,
                #[cfg(feature = "hub")]
                on_killed: X::ON_KILLED,
                #[cfg(feature = "hub")]
                trailer_at: std::mem::offset_of!(Record<X>, trailer),
            }
        };
        // The first thing that can fail: what follows is written straight into its place.
        let room = blocks::take::<Record<X>>();
        let record = Record {
            core: Core::new(kind, metadata),
            trailer: extra(),
        };
        // SAFETY: taken for this type.
        unsafe { room.write(record) };
        RecordRef {
            any: AnyRef(room.cast()),
            owner: PhantomData,
        }
    }
}

impl<X> RecordRef<X> {
    #[inline(always)]
    pub(crate) fn into_any(self) -> AnyRef {
        self.any
    }

    #[inline(always)]
    pub(crate) fn any(&self) -> &AnyRef {
        &self.any
    }
}

impl<X> Clone for RecordRef<X> {
    #[inline(always)]
    fn clone(&self) -> RecordRef<X> {
        RecordRef {
            any: self.any.clone(),
            owner: PhantomData,
        }
    }
}

impl<X> Deref for RecordRef<X> {
    type Target = Record<X>;

    #[inline(always)]
    fn deref(&self) -> &Record<X> {
        // SAFETY: a counted pointer keeps its record alive, and `X` is what the record was made with.
        unsafe { self.any.0.cast::<Record<X>>().as_ref() }
    }
}

impl<I: 'static> StartSlot<I> {
    /// The record of a greenlet whose first switch brings an `I`.
    pub(crate) fn record(metadata: Metadata) -> RecordRef<StartSlot<I>> {
        const { assert!(size_of::<AnyRef>() == size_of::<usize>()) };
        let record = RecordRef::new(metadata, StartSlot::empty);
        record.core.slot.set(record.trailer.as_slot());
        record
    }
}

/// Gives up what an ended greenlet owned of itself, without running anybody's code: its nearest live
/// ancestor is about to run and must not be unwound for want of other owners.
///
/// # Safety
/// `core` has ended and still owns its pointer to itself, which nobody uses after this.
#[inline(always)]
pub(super) unsafe fn release_ended(core: CorePtr) {
    // SAFETY: its own pointer keeps it there until the next line.
    let count = unsafe { &core.as_ref().count };
    count.set(count.get() - 1);
    if count.get() == 0 {
        // SAFETY: that was the last counted pointer, and it has ended.
        unsafe { free_slow(core) };
    }
}

/// Frees a record that no counted pointer is left to, unless a weak is left, and dead parents with it.
///
/// # Safety
/// No counted pointer to `core` is left, which has no stack (any more).
#[cold]
unsafe fn free_slow(mut core: CorePtr) {
    // SAFETY: it is freed below, and nowhere else.
    if unsafe { core.as_ref() }.weak_count.get() > 0 {
        return;
    }
    loop {
        // SAFETY: nobody points to it, so it is there and ours.
        let record = unsafe { core.as_ref() };
        debug_assert!(
            record.locals().is_none_or(Locals::is_empty),
            "nobody's code runs here"
        );
        let parent = record.parent.take();
        // SAFETY: as above.
        unsafe { free_block(core) };
        match parent.and_then(WeakRef::release) {
            Some(parent) => core = parent,
            None => return,
        }
    }
}

/// The slow end of dropping a counted pointer: unwinds what only points to itself, and frees what nobody
/// points to.
///
/// # Safety
/// A counted pointer to `core` was given up and one or none is left.
#[cold]
#[inline(never)]
unsafe fn release_slow(core: CorePtr) {
    // SAFETY: if none is left, nobody else frees it; if one is left, its owner keeps it there.
    let record = unsafe { core.as_ref() };
    if record.count.get() == 1 {
        if record.state() != GreenletState::Suspended {
            return;
        }
        record.count.set(2);
        // SAFETY: suspended, so not on the chain, and the count just taken keeps it there.
        unsafe { unwind::unwind(core) };
        record.count.set(record.count.get() - 1);
        if record.count.get() > 0 {
            return;
        }
    }
    if matches!(
        record.state(),
        GreenletState::Unstarted | GreenletState::Declared
    ) {
        // A destructor of the body may get hold of it again, through a weak: it is kept there meanwhile.
        record.count.set(1);
        let kept = AnyRef(core);
        if let Err(panic) = nest::drop_body(move || end_unstarted(kept)) {
            resume_unwind(panic);
        }
        return;
    }
    // SAFETY: no counted pointer is left, and it has no stack any more.
    unsafe { free_slow(core) };
}

/// Ends a greenlet that was not started, if this is the last pointer to it still.
///
/// # Errors
/// What destructors have panicked with.
fn end_unstarted(last: AnyRef) -> Caught<()> {
    let is_unstarted = matches!(
        last.state(),
        GreenletState::Unstarted | GreenletState::Declared
    );
    if !is_unstarted || last.count.get() > 1 {
        // Found through a weak before its turn came.
        return catch_unwind(AssertUnwindSafe(|| drop(last)));
    }
    let dropped = parent::cancel(&last);
    let core = ManuallyDrop::new(last).0;
    // SAFETY: it has ended, and the pointer is given up here, once.
    unsafe { release_ended(core) };
    dropped
}

/// # Safety
/// Nobody points to `core`.
unsafe fn free_block(core: CorePtr) {
    // SAFETY: nobody else points to it, so it is there.
    let free = unsafe { core.as_ref() }.vtable.free;
    // SAFETY: this `free` was made for this kind of record.
    unsafe { free(core) };
}

/// # Safety
/// `core` is the first half of a `Record<X>` that nobody points to any more.
unsafe fn free<X>(core: CorePtr) {
    let record = core.cast::<Record<X>>();
    // SAFETY: written in `with_kind`, and dropped once, here.
    unsafe { record.drop_in_place() };
    // SAFETY: taken in `with_kind`.
    unsafe { blocks::give_back(record) };
}
