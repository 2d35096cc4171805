//! A value that is made when it is first used, by an initialiser that may wait.
#![forbid(unsafe_code)]

use std::fmt;
use std::ops::Deref;

use super::once_lock::OnceLock;

/// A value that is made when it is first used, in the shape of std's [`LazyLock`](std::sync::LazyLock). A greenlet that needs
/// the value while it is made waits. With std's own it blocks the thread for ever, and in silence, if the initialiser waits.
///
/// The initialiser may run more than once: after one that panics, is killed or times out, the next greenlet that uses the
/// value runs it again. That is why it is an `Fn`, and why nothing is poisoned.
///
/// # Examples
/// ```
/// use greenhub::sync::LazyLock;
/// use greenhub::{joinall, sleep, spawn};
/// use std::rc::Rc;
/// use std::time::Duration;
///
/// let table = Rc::new(LazyLock::new(|| {
///     sleep(Duration::from_millis(1));
///     vec![1, 2, 3]
/// }));
/// let tasks = [0, 1, 2].map(|n| {
///     let table = table.clone();
///     spawn(move || table[n])
/// });
/// let sum: i32 = tasks.into_iter().map(|task| task.join().unwrap()).sum();
/// assert_eq!(sum, 6);
/// ```
pub struct LazyLock<T, F = fn() -> T> {
    value: OnceLock<T>,
    init: F,
}

impl<T, F: Fn() -> T> LazyLock<T, F> {
    /// A lock whose value `init` makes when it is first used.
    pub const fn new(init: F) -> LazyLock<T, F> {
        LazyLock {
            value: OnceLock::new(),
            init,
        }
    }

    /// The value, made if that was not done before. Waits while another greenlet makes it.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    #[inline]
    #[track_caller]
    pub fn force(this: &LazyLock<T, F>) -> &T {
        match this.value.get() {
            Some(value) => value,
            None => this.value.init(&this.init),
        }
    }
}

/// As [`force`](LazyLock::force).
impl<T, F: Fn() -> T> Deref for LazyLock<T, F> {
    type Target = T;

    #[inline]
    #[track_caller]
    fn deref(&self) -> &T {
        LazyLock::force(self)
    }
}

impl<T: Default> Default for LazyLock<T> {
    fn default() -> LazyLock<T> {
        LazyLock::new(T::default)
    }
}

impl<T: fmt::Debug, F> fmt::Debug for LazyLock<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_tuple("LazyLock");
        match self.value.get() {
            Some(value) => shown.field(value),
            None => shown.field(&format_args!("<uninit>")),
        };
        shown.finish()
    }
}
