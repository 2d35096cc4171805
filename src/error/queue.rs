//! Errors of queues. What could not be pushed is given back.
#![forbid(unsafe_code)]

use std::error::Error;
use std::fmt;

/// The queue was shut down. Of a push it gives the item back; of a pop it says that nothing is left.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct QueueClosed<T = ()>(pub T);

/// An item was not pushed. It is given back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PushError<T> {
    /// The queue was full, for as long as the call may wait.
    Full(T),
    /// The queue was shut down.
    ShutDown(T),
}

/// Nothing was popped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PopError {
    /// The queue was empty, for as long as the call may wait.
    Empty,
    /// The queue is empty, and was shut down.
    ShutDown,
}

impl<T> QueueClosed<T> {
    /// What was not pushed.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> PushError<T> {
    /// What was not pushed.
    pub fn into_inner(self) -> T {
        match self {
            PushError::Full(item) | PushError::ShutDown(item) => item,
        }
    }
}

impl<T> fmt::Debug for QueueClosed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShutDown(..)")
    }
}

impl<T> fmt::Display for QueueClosed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the queue was shut down")
    }
}

impl<T> fmt::Debug for PushError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PushError::Full(_) => "Full(..)",
            PushError::ShutDown(_) => "ShutDown(..)",
        })
    }
}

impl<T> fmt::Display for PushError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PushError::Full(_) => "the queue is full",
            PushError::ShutDown(_) => "the queue was shut down",
        })
    }
}

impl fmt::Display for PopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PopError::Empty => "the queue is empty",
            PopError::ShutDown => "the queue is empty and was shut down",
        })
    }
}

impl<T> Error for QueueClosed<T> {}
impl<T> Error for PushError<T> {}
impl Error for PopError {}
