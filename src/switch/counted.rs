//! The pointers to records: strong ones, weak ones, and those that know the record's second half.
//!
//! # Invariant
//! A greenlet that was entered and has not ended owns a strong pointer to itself. So a live greenlet's record is always
//! allocated, and a suspended greenlet with a count of one can never be switched to again: it is unwound at once, by
//! `release.rs`.

use std::marker::PhantomData;
use std::ops::Deref;

use crate::switch::blocks;
use crate::switch::record::{Core, CorePtr, Metadata, Record, StartSlot, Trailer, VTable};
use crate::switch::refcount::{Strong, Weak};

/// A strong pointer to any record.
pub(crate) type AnyRef = Strong<Core>;

/// A weak pointer to any record. A child's pointer to its parent is one: a parent often owns its children in its frames, and
/// strong pointers both ways would keep both for ever.
pub(crate) type WeakRef = Weak<Core>;

impl Strong<Core> {
    /// The typed pointer that this one was made from, if the first switch brings an `I`.
    pub(crate) fn starting_with<I: 'static>(&self) -> Option<RecordRef<StartSlot<I>>> {
        self.vtable.starts_with?.is::<I>().then(|| RecordRef {
            any: self.clone(),
            owner: PhantomData,
        })
    }
}

/// The pointer in a handle: strong, or weak in a handle that `parent` gave.
#[derive(Clone)]
pub(crate) enum HandleRef {
    Strong(AnyRef),
    Weak(WeakRef),
}

impl HandleRef {
    pub(crate) fn to_weak(&self) -> WeakRef {
        // SAFETY: this handle is a pointer to it.
        unsafe { WeakRef::to(self.as_ptr()) }
    }

    pub(crate) fn to_ref(&self) -> AnyRef {
        // SAFETY: this handle is a pointer to it.
        unsafe { AnyRef::counted(self.as_ptr()) }
    }
}

impl Deref for HandleRef {
    type Target = Core;

    #[inline(always)]
    fn deref(&self) -> &Core {
        match self {
            HandleRef::Strong(strong) => strong,
            HandleRef::Weak(weak) => weak.block(),
        }
    }
}

/// A strong pointer to a record with a known second half.
pub(crate) struct RecordRef<X> {
    any: AnyRef,
    owner: PhantomData<X>,
}

impl<X: Trailer> RecordRef<X> {
    /// A new record, in the state `Declared`.
    #[inline(always)]
    pub(crate) fn new(metadata: Metadata, trailer: impl FnOnce() -> X) -> RecordRef<X> {
        let vtable = const {
            &VTable {
                free: free::<X>,
                starts_with: X::STARTS_WITH,
                #[cfg(feature = "hub")]
                on_killed: X::ON_KILLED,
                #[cfg(feature = "hub")]
                trailer_at: std::mem::offset_of!(Record<X>, trailer),
            }
        };
        // The only step that can fail comes first: the record is then written straight into its block.
        let block = blocks::take::<Record<X>>();
        let record = Record {
            core: Core::new(vtable, metadata),
            trailer: trailer(),
        };
        // SAFETY: taken for this type.
        unsafe { block.write(record) };
        RecordRef {
            // SAFETY: a new core has a count of one.
            any: unsafe { AnyRef::adopt(block.cast()) },
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
        // SAFETY: a strong pointer keeps the record, and `X` is what the record was made with.
        unsafe { self.any.as_ptr().cast::<Record<X>>().as_ref() }
    }
}

impl<I: 'static> StartSlot<I> {
    /// The record of a greenlet that starts with an `I`.
    pub(crate) fn record(metadata: Metadata) -> RecordRef<StartSlot<I>> {
        const { assert!(size_of::<AnyRef>() == size_of::<usize>()) };
        let record = RecordRef::new(metadata, StartSlot::empty);
        record.core.slot.set(record.trailer.as_slot());
        record
    }
}

/// # Safety
/// `core` is the first half of a `Record<X>` to which no pointer is left.
unsafe fn free<X>(core: CorePtr) {
    let record = core.cast::<Record<X>>();
    // SAFETY: written in `RecordRef::new`, and dropped once, here.
    unsafe { record.drop_in_place() };
    // SAFETY: taken in `RecordRef::new`.
    unsafe { blocks::give_back(record) };
}
