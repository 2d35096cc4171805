//! Errors of watched values.
#![forbid(unsafe_code)]

use std::error::Error;
use std::fmt;

/// The watched value will not change any more: it has no sender left, and its last change was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecvError;

/// The watched value has not changed in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecvTimeoutError {
    /// The time is over.
    Timeout,
    /// It has no sender left.
    Disconnected,
}

const NO_SENDER: &str = "the watched value has no sender left";

impl RecvTimeoutError {
    /// The time is over.
    #[must_use]
    pub fn is_timeout(self) -> bool {
        self == RecvTimeoutError::Timeout
    }

    /// It has no sender left.
    #[must_use]
    pub fn is_disconnected(self) -> bool {
        self == RecvTimeoutError::Disconnected
    }
}

impl From<RecvError> for RecvTimeoutError {
    fn from(_: RecvError) -> RecvTimeoutError {
        RecvTimeoutError::Disconnected
    }
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NO_SENDER)
    }
}

impl fmt::Display for RecvTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RecvTimeoutError::Timeout => "the watched value did not change in time",
            RecvTimeoutError::Disconnected => NO_SENDER,
        })
    }
}

impl Error for RecvError {}
impl Error for RecvTimeoutError {}
