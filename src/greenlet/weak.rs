//! A handle that does not keep its greenlet alive.
#![forbid(unsafe_code)]

use std::fmt;
use std::marker::PhantomData;

use super::handle::{AnyGreenlet, Greenlet};
use crate::switch::counted::WeakRef;

/// A handle to a greenlet that does not keep it from being unwound, as [`std::rc::Weak`] does not keep a value.
///
/// # Examples
/// ```
/// use greenhub::Greenlet;
///
/// let greenlet: Greenlet<(), u8> = Greenlet::new(|()| 7);
/// let weak = greenlet.downgrade();
/// assert_eq!(weak.upgrade().map(|greenlet| greenlet.switch(())), Some(7));
/// drop(greenlet);
/// assert!(weak.upgrade().is_none());
/// ```
pub struct Weak<I: 'static, O: 'static> {
    core: Option<WeakRef>,
    types: PhantomData<fn(I) -> O>,
}

impl AnyGreenlet {
    /// A handle that does not keep the greenlet from being unwound.
    #[must_use]
    pub fn downgrade(&self) -> Weak<(), ()> {
        Weak::to(self)
    }
}

impl<I: 'static, O: 'static> Greenlet<I, O> {
    /// A handle that does not keep the greenlet from being unwound.
    #[must_use]
    pub fn downgrade(&self) -> Weak<I, O> {
        Weak::to(self)
    }
}

impl<I: 'static, O: 'static> Weak<I, O> {
    /// A handle to no greenlet: it never upgrades.
    #[must_use]
    pub const fn new() -> Weak<I, O> {
        Weak {
            core: None,
            types: PhantomData,
        }
    }

    fn to(greenlet: &AnyGreenlet) -> Weak<I, O> {
        Weak {
            core: Some(greenlet.core.to_weak()),
            types: PhantomData,
        }
    }

    /// A handle that keeps the greenlet, if it still exists. A running greenlet, and one that waits for a greenlet that it has
    /// switched to, keep themselves; an ended one is kept by its handles.
    #[must_use]
    pub fn upgrade(&self) -> Option<Greenlet<I, O>> {
        let core = self.core.as_ref()?.upgrade()?;
        Some(AnyGreenlet::from_ref(core).into_typed())
    }

    /// Returns whether both name the same greenlet, or none.
    #[must_use]
    pub fn ptr_eq(&self, other: &Weak<I, O>) -> bool {
        self.core.as_ref().map(WeakRef::as_ptr) == other.core.as_ref().map(WeakRef::as_ptr)
    }
}

impl<I: 'static, O: 'static> Clone for Weak<I, O> {
    fn clone(&self) -> Weak<I, O> {
        Weak {
            core: self.core.clone(),
            types: PhantomData,
        }
    }
}

impl<I: 'static, O: 'static> Default for Weak<I, O> {
    fn default() -> Weak<I, O> {
        Weak::new()
    }
}

impl<I: 'static, O: 'static> fmt::Debug for Weak<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(Weak)")
    }
}
