//! The sending end of a channel.
#![forbid(unsafe_code)]

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::shared::Channel;
use crate::error::{SendError, SendTimeoutError, TrySendError};
use crate::hub::Deadline;

/// The sending end of a channel. Clones send into the same channel; when the last of them is dropped, receivers get what is
/// left in it and then an error.
///
/// It stays on its thread, and so do the items:
/// ```compile_fail,E0277
/// let (sender, _receiver) = greenhub::sync::channel::unbounded();
/// std::thread::spawn(move || sender.send(1));
/// ```
pub struct Sender<T> {
    pub(super) channel: Rc<Channel<T>>,
}

impl<T> Sender<T> {
    /// Sends an item, and waits for room first where the channel is full. In a rendezvous channel it waits for a receiver, and
    /// lets that run before it returns.
    ///
    /// Waiting senders are served first come, first served: items arrive in the order in which their senders came.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// [`SendError`] with the item, if no receiver is left.
    ///
    /// # Panics
    /// If it has to wait, as [`AnyTask::wait`](crate::task::AnyTask::wait): the item is dropped then, unless a receiver has taken it.
    ///
    /// # Examples
    /// ```
    /// use greenhub::spawn;
    /// use greenhub::sync::channel;
    ///
    /// let (sender, receiver) = channel::bounded(2);
    /// spawn(move || (0..5).for_each(|n| sender.send(n).unwrap())).detach();
    /// assert_eq!(receiver.iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    /// ```
    #[inline(always)]
    #[track_caller]
    pub fn send(&self, item: T) -> Result<(), SendError<T>> {
        match self.channel.send(item, Deadline::NEVER) {
            Ok(()) => Ok(()),
            Err(error) => Err(SendError(error.into_inner())),
        }
    }

    /// As [`send`](Sender::send), for as long as `limit` at most.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// [`SendTimeoutError`] with the item: the time was over, or no receiver is left.
    ///
    /// # Examples
    /// ```
    /// use greenhub::sync::channel::{self, SendTimeoutError};
    /// use std::time::{Duration, Instant};
    ///
    /// let (sender, _receiver) = channel::bounded(1);
    /// sender.send("first")?;
    /// let late = sender.send_timeout("second", Duration::from_millis(5));
    /// assert_eq!(late, Err(SendTimeoutError::Timeout("second")));
    ///
    /// # Ok::<(), channel::SendError<&str>>(())
    /// ```
    #[track_caller]
    pub fn send_timeout(&self, item: T, limit: Duration) -> Result<(), SendTimeoutError<T>> {
        self.channel.send(item, Deadline::after(limit))
    }

    /// As [`send`](Sender::send), until `deadline` at the latest.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// [`SendTimeoutError`] with the item: the time was over, or no receiver is left.
    #[track_caller]
    pub fn send_deadline(&self, item: T, deadline: Instant) -> Result<(), SendTimeoutError<T>> {
        let deadline = Deadline::at(deadline);
        self.channel.send(item, deadline)
    }

    /// Sends an item if there is room that no waiting sender has a reservation to; in a rendezvous channel, if a receiver waits.
    /// Never waits.
    ///
    /// # Errors
    /// [`TrySendError`] with the item.
    ///
    /// # Examples
    /// ```
    /// use greenhub::sync::channel::{self, TrySendError};
    ///
    /// let (sender, receiver) = channel::bounded(1);
    /// assert_eq!(sender.try_send(1), Ok(()));
    /// assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
    /// drop(receiver);
    /// assert_eq!(sender.try_send(3), Err(TrySendError::Disconnected(3)));
    /// ```
    #[inline]
    pub fn try_send(&self, item: T) -> Result<(), TrySendError<T>> {
        self.channel.try_send(item)
    }

    /// No item is accepted any more: no receiver is left, or one has closed the channel.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.channel.is_closed()
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        self.channel.add_sender();
        let shared = self.channel.clone();
        Sender { channel: shared }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.channel.remove_sender();
    }
}

// What a panic leaves behind in a channel is what was sent: nothing half changed can be seen through a handle.
impl<T> UnwindSafe for Sender<T> {}
impl<T> RefUnwindSafe for Sender<T> {}
