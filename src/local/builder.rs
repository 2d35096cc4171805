//! Values for a greenlet that is about to be made.
#![forbid(unsafe_code)]

use std::rc::Rc;

use super::key::LocalKey;
use crate::greenlet::Builder;
use crate::switch::locals::Locals;

impl Builder {
    /// Gives the greenlet a value of a greenlet-local to start with, in place of one that it would inherit.
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
