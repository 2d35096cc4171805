//! The states a greenlet goes through, and who may move it on.
//!
//! ```text
//!  Declared --define--> Unstarted --first switch--> Active <--> Suspended
//!      |                    |                         |             |
//!      |               thrown into,              body ended     kill swallowed
//!      |               last handle gone               |          too often
//!      +--------------------+-------> Dead <----------+             v
//!                                                                Leaked
//! ```
#![forbid(unsafe_code)]

/// Where one greenlet stands. corosensei keeps a state too, but it must not be read while the
/// coroutine is on the chain of resumers, so this one is ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GreenletState {
    /// Made by `declare`, without a body and without a stack. `define` moves it on.
    Declared,
    /// Has its stack and its body, and was never switched to. The first switch moves it on.
    Unstarted,
    /// Off the chain of resumers, waiting in a switch of its own. Whoever resumes it moves it on.
    Suspended,
    /// On the chain of resumers: running, or waiting for what it resumed. Only itself moves it on.
    Active,
    /// Ended. It has no stack any more, and nothing moves it on.
    Dead,
    /// Caught its kill time and again. Its stack stays as it is until the process ends.
    Leaked,
}

impl GreenletState {
    /// Entered at least once and not over: what greenlet calls active.
    pub(crate) fn is_alive(self) -> bool {
        matches!(self, GreenletState::Suspended | GreenletState::Active)
    }

    /// Over for good.
    pub(crate) fn is_over(self) -> bool {
        matches!(self, GreenletState::Dead | GreenletState::Leaked)
    }
}
