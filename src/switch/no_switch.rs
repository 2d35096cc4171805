//! Scopes that the running greenlet must not leave: a switch or a wait inside is an error.
//!
//! ```text
//!   innermost -> scope { why, owner, outer } -> ... -> none        each lies in the frame of its `no_switch`
//! ```
//! A scope ends before control can leave its frame, so the scopes of a thread are nested, also across greenlets.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::ops::RangeInclusive;
use std::panic::Location;

use crate::error::CannotWait;
use crate::switch::record::CorePtr;
use crate::switch::thread::{self, Current};

thread_local! {
    static INNERMOST: Cell<Option<NoSwitchScope>> = const { Cell::new(None) };
}

/// A call of [`no_switch`] or [`hold`] that has not returned.
#[derive(Clone, Copy)]
pub(crate) struct NoSwitchScope {
    /// Why the greenlet must not be left.
    pub(crate) why: CannotWait,
    /// The greenlet that has opened the scope. Only compared.
    owner: CorePtr,
    /// An address in the frame of the call.
    address: usize,
}

impl NoSwitchScope {
    pub(super) fn is_of(&self, me: Current) -> bool {
        self.owner == me.as_ptr()
    }
}

/// Runs `body` without leaving the running greenlet: for code that other greenlets must not interrupt.
///
/// Inside, a switch returns [`SwitchError::Forbidden`](crate::SwitchError::Forbidden), which names the line of this call. A
/// wait that returns an [`std::io::Error`] returns one with a [`CannotWait`] in it; any other wait panics. Calls that need
/// not wait succeed. Dropping or killing a suspended greenlet is allowed, and so is resuming a generator. In a generator's
/// body a yield inside `body` panics.
///
/// # Examples
/// ```
/// use greenhub::greenlet::no_switch;
/// use greenhub::{Greenlet, SwitchError};
///
/// let other: Greenlet<i32, i32> = Greenlet::new(|n| n + 1);
/// let refused = no_switch(|| other.try_switch(1));
/// assert!(matches!(refused, Err(SwitchError::Forbidden { value: 1, .. })));
/// assert_eq!(other.switch(1), 2);
/// ```
#[track_caller]
pub fn no_switch<R>(body: impl FnOnce() -> R) -> R {
    let place = Location::caller();
    hold(CannotWait::Forbidden { place }, body)
}

/// Runs `body` without leaving the running greenlet, for the given reason.
pub(super) fn hold<R>(why: CannotWait, body: impl FnOnce() -> R) -> R {
    let guard = EndOfScope {
        outer: INNERMOST.get(),
    };
    INNERMOST.set(Some(NoSwitchScope {
        why,
        owner: thread::current().as_ptr(),
        address: (&raw const guard).addr(),
    }));
    thread::request_slow_path();
    body()
}

/// The innermost open scope.
pub(crate) fn innermost() -> Option<NoSwitchScope> {
    INNERMOST.get()
}

/// An open scope in a frame of `stack`, which runs.
pub(crate) fn on_stack(stack: &RangeInclusive<usize>) -> Option<NoSwitchScope> {
    // The innermost one is enough: if it lay on another stack, that stack would run.
    innermost().filter(|scope| stack.contains(&scope.address))
}

struct EndOfScope {
    outer: Option<NoSwitchScope>,
}

impl Drop for EndOfScope {
    fn drop(&mut self) {
        INNERMOST.set(self.outer);
        thread::withdraw_slow_path();
    }
}
