//! The error of a timeout, which is what it unwinds with, too.
#![forbid(unsafe_code)]

use std::any::Any;
use std::error::Error;
use std::fmt;

/// A timeout has expired: what [`with_timeout`](crate::with_timeout) returns, and what a greenlet unwinds with until
/// then.
///
/// It travels as a panic payload that no panic hook sees. Code that catches panics should let it go on, with
/// [`std::panic::resume_unwind`]; a timeout that was caught is not delivered again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimedOut {
    /// Which timeout it was.
    id: u64,
}

impl TimedOut {
    pub(crate) fn with_id(id: u64) -> TimedOut {
        TimedOut { id }
    }

    pub(crate) fn id(self) -> u64 {
        self.id
    }

    /// Tells whether a caught panic payload is a timeout on its way.
    #[must_use]
    pub fn is_in(payload: &(dyn Any + Send)) -> bool {
        payload.is::<TimedOut>()
    }
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("timed out")
    }
}

impl Error for TimedOut {}
