//! Closures that run at the end of a block, however it ends: what other languages write as `finally`.
#![forbid(unsafe_code)]

use std::fmt;

/// Has `body` run when the guard that this returns is dropped: at the end of its block, by a `return` or `?`, and where a panic,
/// a kill or a timeout unwinds the block. Python writes it as `finally`, Go as `defer`. Of several guards the last runs first.
///
/// `body` must not wait: while the block is unwound, a wait ends the process with a message, and a call of `net` returns an
/// error. What has to wait at the end catches what comes first, waits in a [shield](crate::task::shield()), and lets it go on:
/// see the second example.
///
/// # Panics
/// With what `body` panics with. As in any destructor, that ends the process while a panic, a kill or a timeout unwinds the block.
///
/// # Examples
/// ```
/// use greenhub::defer;
/// use std::cell::Cell;
///
/// let open = Cell::new(0);
/// let work = |fails: bool| -> Result<(), &str> {
///     open.set(open.get() + 1);
///     let _close = defer(|| open.set(open.get() - 1));
///     if fails { Err("failed") } else { Ok(()) }
/// };
/// assert!(work(false).is_ok() && work(true).is_err());
/// assert_eq!(open.get(), 0);
/// ```
/// A farewell that may have to wait:
#[cfg_attr(feature = "hub", doc = "```")]
#[cfg_attr(not(feature = "hub"), doc = "```ignore")]
/// use greenhub::{sleep, spawn, task::shield, yield_now};
/// use std::panic::{catch_unwind, resume_unwind};
/// use std::time::Duration;
///
/// let task = spawn(|| {
///     let outcome = catch_unwind(|| sleep(Duration::from_secs(600)));
///     shield(|| sleep(Duration::from_millis(1))); // says goodbye
///     outcome.unwrap_or_else(|payload| resume_unwind(payload))
/// });
/// yield_now();
/// task.kill();
/// assert!(task.join().unwrap_err().is_killed());
/// ```
#[must_use = "it runs when this is dropped: at once, unless it has a name, `let _end = defer(..)`"]
pub fn defer<F: FnOnce()>(body: F) -> Deferred<F> {
    Deferred(Some(body))
}

/// Runs its closure when it is dropped: see [`defer`].
pub struct Deferred<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Deferred<F> {
    /// The closure does not run, and is given back.
    pub fn cancel(mut self) -> F {
        match self.0.take() {
            Some(body) => body,
            None => unreachable!("only a drop takes it, and this is none"),
        }
    }
}

impl<F: FnOnce()> Drop for Deferred<F> {
    fn drop(&mut self) {
        if let Some(body) = self.0.take() {
            body();
        }
    }
}

impl<F: FnOnce()> fmt::Debug for Deferred<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deferred").finish_non_exhaustive()
    }
}
