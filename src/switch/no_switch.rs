//! Scopes in which the running greenlet must not be left: a switch or a wait inside is an error.
//!
//! ```text
//!   innermost -> scope { why, owner, outer } -> ... -> none        each lies in the frame of its `no_switch`
//! ```
//! A scope ends before control can go elsewhere, so those of a thread are nested, whoever runs.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::ops::RangeInclusive;
use std::panic::Location;

use crate::error::CannotWait;
use crate::switch::engine::CorePtr;
use crate::switch::thread::{self, Current};

thread_local! {
    static INNERMOST: Cell<Option<NoSwitchScope>> = const { Cell::new(None) };
}

/// One call of [`no_switch`], or of [`hold`], that has not returned.
#[derive(Clone, Copy)]
pub(crate) struct NoSwitchScope {
    /// Why nobody may leave it.
    pub(crate) why: CannotWait,
    /// Who called it. Only compared.
    owner: CorePtr,
    /// Where its frame is.
    address: usize,
}

impl NoSwitchScope {
    pub(super) fn is_of(&self, me: Current) -> bool {
        self.owner == me.as_ptr()
    }
}

/// Runs `body`, in which the running greenlet cannot be left: for code that must not be interrupted in the middle.
///
/// Inside, a switch is [`SwitchError::Forbidden`](crate::SwitchError::Forbidden), which names the line of this call.
/// A wait that returns an [`std::io::Error`] gives one with a [`WaitRefused`](crate::error::WaitRefused) in it, and
/// any other wait panics. What need not wait works. A suspended greenlet may be dropped or killed, and
/// a generator resumed; a generator's body that has called this must not yield before it returns.
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

/// Runs `body`, in which the running greenlet cannot be left, for the reason that is given.
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

/// The scope that was entered last and not left.
pub(crate) fn innermost() -> Option<NoSwitchScope> {
    INNERMOST.get()
}

/// A scope that was entered on the stack with these addresses, and not left.
pub(crate) fn on_stack(stack: &RangeInclusive<usize>) -> Option<NoSwitchScope> {
    // If an outer one is on that stack and the innermost is not, then another stack runs above it.
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
