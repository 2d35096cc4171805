//! A guard together with the `Rc` of its lock, for guards that borrow nothing.
//!
//! ```text
//!   Owned | guard, which borrows -----+
//!         | owner, an Rc ----> count  v
//!                              | Mutex: lock, RefCell | stays where it is while the Rc is there
//! ```
//! # Invariant
//! `guard` was lent by `*owner`, and is dropped before `owner` is. It is seen from outside only as what it derefs to.

use std::mem::{ManuallyDrop, MaybeUninit};
use std::ops::{Deref, DerefMut};
use std::ptr;
use std::rc::Rc;

/// Says which guard is lent by what. A marker: there are no values of it.
pub(crate) trait Lend {
    /// What lends it.
    type Owner: ?Sized + 'static;
    /// What is lent.
    type Guard<'a>;
}

/// A guard and the `Rc` that keeps its owner.
pub(crate) struct Owned<L: Lend> {
    /// Initialised until the drop. Not plain, so that a move makes no claim about what it points to.
    guard: MaybeUninit<L::Guard<'static>>,
    owner: Rc<L::Owner>,
}

impl<L: Lend> Owned<L> {
    /// With the guard that `lend` gets from the owner, if it gets one. It may wait.
    pub(crate) fn new(
        owner: Rc<L::Owner>,
        lend: impl for<'a> FnOnce(&'a L::Owner) -> Option<L::Guard<'a>>,
    ) -> Option<Owned<L>> {
        // SAFETY: `owner` keeps it alive and in its place. `lend` takes every lifetime, so that all it can do with this one is
        // to put it into the guard, which upholds the invariant from now on.
        let lent: &'static L::Owner = unsafe { &*Rc::as_ptr(&owner) };
        let guard = MaybeUninit::new(lend(lent)?);
        Some(Owned { guard, owner })
    }

    pub(crate) fn owner(&self) -> &Rc<L::Owner> {
        &self.owner
    }

    /// The same owner with the guard that `change` makes of the one it has lent.
    pub(crate) fn map<M>(
        self,
        change: impl for<'a> FnOnce(&'a L::Owner, L::Guard<'a>) -> M::Guard<'a>,
    ) -> Owned<M>
    where
        M: Lend<Owner = L::Owner>,
    {
        let this = ManuallyDrop::new(self);
        // SAFETY: `this` is never dropped, so this is the only owner from now on.
        let owner = unsafe { ptr::read(&raw const this.owner) };
        // SAFETY: initialised, and taken out once, as above. It is dropped before `owner`, which was declared before it.
        let guard = unsafe { this.guard.assume_init_read() };
        // SAFETY: as in `new`.
        let lent: &'static L::Owner = unsafe { &*Rc::as_ptr(&owner) };
        let guard = MaybeUninit::new(change(lent, guard));
        Owned { guard, owner }
    }
}

impl<L: Lend, T: ?Sized> Deref for Owned<L>
where
    L::Guard<'static>: Deref<Target = T>,
{
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: initialised until the drop.
        unsafe { self.guard.assume_init_ref() }
    }
}

impl<L: Lend, T: ?Sized> DerefMut for Owned<L>
where
    L::Guard<'static>: DerefMut<Target = T>,
{
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: initialised until the drop.
        unsafe { self.guard.assume_init_mut() }
    }
}

impl<L: Lend> Drop for Owned<L> {
    fn drop(&mut self) {
        // SAFETY: initialised, and dropped here alone: before `owner`, which is dropped after this function.
        unsafe { self.guard.assume_init_drop() };
    }
}
