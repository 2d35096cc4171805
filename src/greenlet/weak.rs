//! A handle that does not keep its greenlet: for who wants to look at it again while it is there.
#![forbid(unsafe_code)]

use std::fmt;
use std::marker::PhantomData;

use super::handle::Greenlet;
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
    weak: Option<WeakRef>,
    types: PhantomData<fn(I) -> O>,
}

impl<I: 'static, O: 'static> Weak<I, O> {
    /// A handle to no greenlet: it never upgrades.
    #[must_use]
    pub const fn new() -> Weak<I, O> {
        Weak {
            weak: None,
            types: PhantomData,
        }
    }

    pub(super) fn from_link(weak: WeakRef) -> Weak<I, O> {
        Weak {
            weak: Some(weak),
            types: PhantomData,
        }
    }

    /// A handle that keeps the greenlet, if anything still does. A greenlet that runs, or waits for what it has
    /// switched to, keeps itself; one that has ended is kept by its handles.
    #[must_use]
    pub fn upgrade(&self) -> Option<Greenlet<I, O>> {
        let core = self.weak.as_ref()?.upgrade()?;
        Some(Greenlet::from_any(core))
    }

    /// Both name the same greenlet, or none.
    #[must_use]
    pub fn ptr_eq(&self, other: &Weak<I, O>) -> bool {
        self.weak.as_ref().map(WeakRef::as_ptr) == other.weak.as_ref().map(WeakRef::as_ptr)
    }
}

impl<I: 'static, O: 'static> Clone for Weak<I, O> {
    fn clone(&self) -> Weak<I, O> {
        Weak {
            weak: self.weak.clone(),
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
