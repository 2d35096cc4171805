//! The error of a timeout, which is what it unwinds with, too.
#![forbid(unsafe_code)]

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// A timeout has expired: what [`with_timeout`](crate::with_timeout) returns, and what a greenlet unwinds with until
/// then.
///
/// It travels as a panic payload that no panic hook sees. Code that catches panics should let it go on, with
/// [`std::panic::resume_unwind`]; a timeout that was caught is not delivered again.
pub struct TimedOut {
    /// Which timeout it was.
    id: u64,
    /// Of a payload: how its greenlet knows that it is there.
    _payload: Option<Arc<()>>,
}

impl TimedOut {
    pub(crate) fn with_id(id: u64) -> TimedOut {
        TimedOut { id, _payload: None }
    }

    /// What a greenlet unwinds with, which keeps `payload`.
    pub(crate) fn to_unwind(id: u64, payload: Arc<()>) -> TimedOut {
        let _payload = Some(payload);
        TimedOut { id, _payload }
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Tells whether a caught panic payload is a timeout on its way.
    #[must_use]
    pub fn is_in(payload: &(dyn Any + Send)) -> bool {
        payload.is::<TimedOut>()
    }
}

/// A clone is no payload.
impl Clone for TimedOut {
    fn clone(&self) -> TimedOut {
        TimedOut::with_id(self.id)
    }
}

impl PartialEq for TimedOut {
    fn eq(&self, other: &TimedOut) -> bool {
        self.id == other.id
    }
}

impl Eq for TimedOut {}

impl fmt::Debug for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TimedOut")
    }
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("timed out")
    }
}

impl Error for TimedOut {}
