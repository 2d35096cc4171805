//! The static of a greenlet-local, which finds or makes the value of the running greenlet.
#![forbid(unsafe_code)]

use std::any::Any;
use std::fmt;
use std::rc::Rc;

use crate::error::AccessError;
use crate::generator;
use crate::greenlet::Builder;
use crate::switch::current_locals;
use crate::switch::locals::{AnyKey, CannotInit, Locals, Value};

/// A static of which each greenlet has a value of its own: [`std::thread::LocalKey`] for greenlets.
///
/// [`greenlet_local!`](crate::greenlet_local) declares them. The [module](crate::local) says which greenlet's value a use gets,
/// and when values are dropped.
///
/// # Examples
/// ```
/// use greenhub::{Greenlet, greenlet_local};
/// use std::cell::Cell;
///
/// greenlet_local! {
///     static DEPTH: Cell<u32> = const { Cell::new(0) };
/// }
///
/// fn deeper() -> u32 {
///     DEPTH.with(|depth| {
///         depth.set(depth.get() + 1);
///         depth.get()
///     })
/// }
///
/// assert_eq!((deeper(), deeper()), (1, 2));
/// let other: Greenlet<(), u32> = Greenlet::new(|()| deeper());
/// assert_eq!(other.switch(()), 1);
/// assert_eq!(deeper(), 3);
/// ```
pub struct LocalKey<T: 'static> {
    name: &'static str,
    init: fn() -> T,
    copy: Option<fn(&T) -> T>,
}

impl<T: 'static> LocalKey<T> {
    #[doc(hidden)]
    #[must_use]
    pub const fn new(name: &'static str, init: fn() -> T) -> LocalKey<T> {
        LocalKey {
            name,
            init,
            copy: None,
        }
    }

    #[doc(hidden)]
    #[must_use]
    pub const fn inherited(name: &'static str, init: fn() -> T) -> LocalKey<T>
    where
        T: Clone,
    {
        LocalKey {
            name,
            init,
            copy: Some(T::clone),
        }
    }

    /// Calls `f` with the value of the running greenlet, which is made first if there is none.
    ///
    /// `f` and the initialiser may switch and wait, and use this and other locals.
    ///
    /// # Panics
    /// Where [`try_with`](LocalKey::try_with) returns an error, and with the panic of the initialiser: then there is still no
    /// value.
    #[inline]
    #[track_caller]
    pub fn with<F, R>(&'static self, f: F) -> R
    where
        F: FnOnce(&T) -> R,
    {
        f(&*self.value_or_panic())
    }

    /// Calls `f` with the value of the running greenlet, which is made first if there is none.
    ///
    /// # Errors
    /// [`AccessError`] if there is no value and none can be made: this greenlet ends and has dropped it, or has dropped all its
    /// locals; or this runs in the initialiser of this local.
    ///
    /// # Panics
    /// With the panic of the initialiser.
    ///
    /// # Examples
    /// ```
    /// use greenhub::{Greenlet, greenlet_local};
    ///
    /// struct Goodbye;
    /// impl Drop for Goodbye {
    ///     fn drop(&mut self) {
    ///         assert_eq!(NAME.try_with(|name| *name), Ok("made before"));
    ///         assert!(GOODBYE.try_with(|_| ()).is_err(), "this one is being dropped");
    ///     }
    /// }
    ///
    /// greenlet_local! {
    ///     static NAME: &'static str = "made before";
    ///     static GOODBYE: Goodbye = Goodbye;
    /// }
    ///
    /// let greenlet: Greenlet<(), ()> = Greenlet::new(|()| {
    ///     NAME.with(|_| ());
    ///     GOODBYE.with(|_| ());
    /// });
    /// greenlet.switch(());
    /// ```
    #[inline]
    pub fn try_with<F, R>(&'static self, f: F) -> Result<R, AccessError>
    where
        F: FnOnce(&T) -> R,
    {
        // Held while `f` runs: `f` may be in a generator's body, and the greenlet may end before it.
        let value = match self.value_if_there() {
            Some(value) => value,
            None => self.make()?,
        };
        Ok(f(&*value))
    }

    #[inline(always)]
    #[track_caller]
    pub(super) fn value_or_panic(&'static self) -> Rc<T> {
        match self.value_if_there() {
            Some(value) => value,
            None => self.make_or_panic(),
        }
    }

    #[inline(always)]
    pub(super) fn value_if_there(&'static self) -> Option<Rc<T>> {
        current_locals::find(self).map(typed)
    }

    #[cold]
    #[inline(never)]
    fn make(&'static self) -> Result<Rc<T>, AccessError> {
        let initialising = current_locals::begin_init(self, generator::open_generator_scope())
            .map_err(|missing| self.explain(missing))?;
        let value = Rc::new((self.init)());
        drop(initialising);
        self.put(value)
    }

    #[cold]
    #[inline(never)]
    #[track_caller]
    fn make_or_panic(&'static self) -> Rc<T> {
        match self.make() {
            Ok(value) => value,
            Err(error) => refuse(error),
        }
    }

    /// Gives the running greenlet this value, unless it has one.
    fn put(&'static self, value: Rc<T>) -> Result<Rc<T>, AccessError> {
        match current_locals::put(self, value) {
            Ok(value) => Ok(typed(value)),
            Err(missing) => Err(self.explain(missing)),
        }
    }

    /// Gives the running greenlet this value, without the initialiser.
    #[cold]
    #[inline(never)]
    #[track_caller]
    pub(super) fn put_first(&'static self, value: T) {
        if let Err(error) = self.put(Rc::new(value)) {
            refuse(error);
        }
    }

    fn explain(&self, missing: CannotInit) -> AccessError {
        match missing {
            CannotInit::Dropped => AccessError::gone(self.name),
            CannotInit::Initialising => AccessError::in_initialiser(self.name),
        }
    }
}

fn typed<T: 'static>(value: Value) -> Rc<T> {
    value
        .downcast()
        .expect("found by its key, which has this type")
}

#[cold]
#[inline(never)]
#[track_caller]
fn refuse(error: AccessError) -> ! {
    panic!("{error}")
}

impl<T: 'static> AnyKey for LocalKey<T> {
    fn is_inherited(&self) -> bool {
        self.copy.is_some()
    }

    fn copy(&self, value: &dyn Any) -> Option<Value> {
        let (copy, value) = (self.copy?, value.downcast_ref()?);
        Some(Rc::new(copy(value)))
    }
}

impl<T: 'static> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Builder {
    /// Gives the greenlet a value of a greenlet-local to start with, in place of an inherited one.
    ///
    /// # Examples
    /// ```
    /// use greenhub::{greenlet, greenlet_local};
    /// use std::cell::Cell;
    ///
    /// greenlet_local! {
    ///     static LIMIT: Cell<u32> = const { Cell::new(10) };
    /// }
    ///
    /// let bounded = greenlet::Builder::new()
    ///     .local(&LIMIT, Cell::new(3))
    ///     .build(|()| LIMIT.get())?;
    /// assert_eq!(bounded.switch(()), 3);
    /// assert_eq!(LIMIT.get(), 10);
    /// # Ok::<(), greenhub::SpawnError>(())
    /// ```
    pub fn local<T: 'static>(mut self, key: &'static LocalKey<T>, value: T) -> Builder {
        Locals::give(&mut self.locals, key, Rc::new(value));
        self
    }
}
