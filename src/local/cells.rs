//! Methods of locals that are cells, as std's [`LocalKey`](std::thread::LocalKey) has them.
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};

use super::key::LocalKey;

impl<T: 'static> LocalKey<Cell<T>> {
    /// Sets the value. The initialiser does not run.
    ///
    /// # Panics
    /// If the running greenlet ends and has dropped the value.
    ///
    /// # Examples
    /// ```
    /// use std::cell::Cell;
    ///
    /// greenhub::greenlet_local! {
    ///     static PORT: Cell<u16> = panic!("set it first");
    /// }
    /// PORT.set(80);
    /// assert_eq!(PORT.replace(443), 80);
    /// assert_eq!((PORT.take(), PORT.get()), (443, 0));
    /// ```
    #[track_caller]
    pub fn set(&'static self, value: T) {
        match self.value_if_there() {
            Some(cell) => cell.set(value),
            None => self.put_first(Cell::new(value)),
        }
    }

    /// Returns a copy of the value.
    ///
    /// # Panics
    /// Where [`with`](LocalKey::with) panics.
    #[track_caller]
    pub fn get(&'static self) -> T
    where
        T: Copy,
    {
        self.value_or_panic().get()
    }

    /// Returns the value, and leaves the default of its type.
    ///
    /// # Panics
    /// Where [`with`](LocalKey::with) panics.
    #[track_caller]
    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.value_or_panic().take()
    }

    /// Sets the value, and returns the previous one.
    ///
    /// # Panics
    /// Where [`with`](LocalKey::with) panics.
    #[track_caller]
    pub fn replace(&'static self, value: T) -> T {
        self.value_or_panic().replace(value)
    }
}

impl<T: 'static> LocalKey<RefCell<T>> {
    /// Hands a reference to the value to `f`.
    ///
    /// # Panics
    /// If the value is borrowed mutably; and where [`with`](LocalKey::with) panics.
    ///
    /// # Examples
    /// ```
    /// use std::cell::RefCell;
    ///
    /// greenhub::greenlet_local! {
    ///     static WORDS: RefCell<Vec<&'static str>> = RefCell::default();
    /// }
    /// WORDS.with_borrow_mut(|words| words.push("one"));
    /// assert_eq!(WORDS.with_borrow(|words| words.len()), 1);
    /// assert_eq!(WORDS.replace(vec![]), ["one"]);
    /// ```
    #[track_caller]
    pub fn with_borrow<F, R>(&'static self, f: F) -> R
    where
        F: FnOnce(&T) -> R,
    {
        f(&*self.value_or_panic().borrow())
    }

    /// Hands a mutable reference to the value to `f`.
    ///
    /// # Panics
    /// If the value is borrowed; and where [`with`](LocalKey::with) panics.
    #[track_caller]
    pub fn with_borrow_mut<F, R>(&'static self, f: F) -> R
    where
        F: FnOnce(&mut T) -> R,
    {
        f(&mut *self.value_or_panic().borrow_mut())
    }

    /// Sets the value. The initialiser does not run.
    ///
    /// # Panics
    /// If the value is borrowed, or if the running greenlet ends and has dropped it.
    #[track_caller]
    pub fn set(&'static self, value: T) {
        match self.value_if_there() {
            Some(cell) => drop(cell.replace(value)),
            None => self.put_first(RefCell::new(value)),
        }
    }

    /// Returns the value, and leaves the default of its type.
    ///
    /// # Panics
    /// If the value is borrowed; and where [`with`](LocalKey::with) panics.
    #[track_caller]
    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.value_or_panic().take()
    }

    /// Sets the value, and returns the previous one.
    ///
    /// # Panics
    /// If the value is borrowed; and where [`with`](LocalKey::with) panics.
    #[track_caller]
    pub fn replace(&'static self, value: T) -> T {
        self.value_or_panic().replace(value)
    }
}
