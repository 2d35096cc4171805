//! Errors of channels and queues. An item that could not be sent is given back.
#![forbid(unsafe_code)]

use std::error::Error;
use std::fmt;

/// The channel has no receiver left, so the item cannot be received; the error gives it back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SendError<T>(pub T);

/// An item was not sent, since it would have had to wait. The error gives it back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TrySendError<T> {
    /// The channel is full, or, if it has no capacity at all, no receiver waits for an item.
    Full(T),
    /// The channel has no receiver left.
    Disconnected(T),
}

/// An item was not sent in time. The error gives it back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SendTimeoutError<T> {
    /// The time is over.
    Timeout(T),
    /// The channel has no receiver left.
    Disconnected(T),
}

/// There is nothing to receive, and never will be: the channel is empty and has no sender left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecvError;

/// Nothing was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TryRecvError {
    /// There is nothing to receive at the moment.
    Empty,
    /// The channel is empty and has no sender left.
    Disconnected,
}

/// Nothing was received in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecvTimeoutError {
    /// The time is over.
    Timeout,
    /// The channel is empty and has no sender left.
    Disconnected,
}

const NO_RECEIVER: &str = "the channel has no receiver left";
const NO_SENDER: &str = "there is nothing to receive, and no sender is left";

impl<T> SendError<T> {
    /// Returns the item that was not sent.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> TrySendError<T> {
    /// Returns the item that was not sent.
    pub fn into_inner(self) -> T {
        match self {
            TrySendError::Full(item) | TrySendError::Disconnected(item) => item,
        }
    }

    /// The channel is full.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, TrySendError::Full(_))
    }

    /// The channel has no receiver left.
    #[must_use]
    pub fn is_disconnected(&self) -> bool {
        !self.is_full()
    }
}

impl<T> SendTimeoutError<T> {
    /// Returns the item that was not sent.
    pub fn into_inner(self) -> T {
        match self {
            SendTimeoutError::Timeout(item) | SendTimeoutError::Disconnected(item) => item,
        }
    }

    /// The time is over.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, SendTimeoutError::Timeout(_))
    }

    /// The channel has no receiver left.
    #[must_use]
    pub fn is_disconnected(&self) -> bool {
        !self.is_timeout()
    }
}

impl TryRecvError {
    /// There is nothing at the moment.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == TryRecvError::Empty
    }

    /// The channel is empty and has no sender left.
    #[must_use]
    pub fn is_disconnected(self) -> bool {
        self == TryRecvError::Disconnected
    }
}

impl RecvTimeoutError {
    /// The time is over.
    #[must_use]
    pub fn is_timeout(self) -> bool {
        self == RecvTimeoutError::Timeout
    }

    /// The channel is empty and has no sender left.
    #[must_use]
    pub fn is_disconnected(self) -> bool {
        self == RecvTimeoutError::Disconnected
    }
}

impl<T> From<SendError<T>> for TrySendError<T> {
    fn from(error: SendError<T>) -> TrySendError<T> {
        TrySendError::Disconnected(error.0)
    }
}

impl<T> From<SendError<T>> for SendTimeoutError<T> {
    fn from(error: SendError<T>) -> SendTimeoutError<T> {
        SendTimeoutError::Disconnected(error.0)
    }
}

impl From<RecvError> for TryRecvError {
    fn from(_: RecvError) -> TryRecvError {
        TryRecvError::Disconnected
    }
}

impl From<RecvError> for RecvTimeoutError {
    fn from(_: RecvError) -> RecvTimeoutError {
        RecvTimeoutError::Disconnected
    }
}

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendError(..)")
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NO_RECEIVER)
    }
}

impl<T> fmt::Debug for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TrySendError::Full(_) => "Full(..)",
            TrySendError::Disconnected(_) => "Disconnected(..)",
        })
    }
}

impl<T> fmt::Display for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TrySendError::Full(_) => "the channel is full",
            TrySendError::Disconnected(_) => NO_RECEIVER,
        })
    }
}

impl<T> fmt::Debug for SendTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SendTimeoutError::Timeout(_) => "Timeout(..)",
            SendTimeoutError::Disconnected(_) => "Disconnected(..)",
        })
    }
}

impl<T> fmt::Display for SendTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SendTimeoutError::Timeout(_) => "no receiver took the item in time",
            SendTimeoutError::Disconnected(_) => NO_RECEIVER,
        })
    }
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NO_SENDER)
    }
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TryRecvError::Empty => "the channel is empty",
            TryRecvError::Disconnected => NO_SENDER,
        })
    }
}

impl fmt::Display for RecvTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RecvTimeoutError::Timeout => "nothing was received in time",
            RecvTimeoutError::Disconnected => NO_SENDER,
        })
    }
}

impl<T> Error for SendError<T> {}
impl<T> Error for TrySendError<T> {}
impl<T> Error for SendTimeoutError<T> {}
impl Error for RecvError {}
impl Error for TryRecvError {}
impl Error for RecvTimeoutError {}

/// No operation of a [`Select`](crate::Select) was ready in time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SelectTimeoutError(pub(crate) ());

/// No operation of a [`Select`](crate::Select) is ready now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TrySelectError(pub(crate) ());

impl fmt::Display for SelectTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no operation of the select was ready in time")
    }
}

impl fmt::Display for TrySelectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no operation of the select is ready")
    }
}

impl Error for SelectTimeoutError {}
impl Error for TrySelectError {}

/// The queue was shut down. The error of a push gives the item back; the error of a pop means that nothing is left.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct QueueClosed<T = ()>(pub T);

/// An item was not pushed. The error gives it back.
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
    /// Returns the item that was not pushed.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> PushError<T> {
    /// Returns the item that was not pushed.
    pub fn into_inner(self) -> T {
        match self {
            PushError::Full(item) | PushError::ShutDown(item) => item,
        }
    }
}

impl<T> fmt::Debug for QueueClosed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QueueClosed(..)")
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
