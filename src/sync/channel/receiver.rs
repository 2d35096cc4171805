//! The receiving end of a channel.
#![forbid(unsafe_code)]

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::shared::Channel;
use crate::error::{RecvError, RecvTimeoutError, TryRecvError};
use crate::hub::Deadline;
use crate::sync::channel_api::channel_iterators;

/// The receiving end of a channel. Clones receive from the same channel: each item goes to one of them. When the last of them
/// is dropped, what is left in the channel is dropped, and senders get an error.
///
/// As something to [wait for](crate::wait_any) it is ready while [`try_recv`](Receiver::try_recv) would receive an item, and
/// when none can ever come.
///
/// It stays on its thread, and so do the items:
/// ```compile_fail,E0277
/// let (_sender, receiver) = greenhub::sync::channel::unbounded::<i32>();
/// std::thread::spawn(move || receiver.recv());
/// ```
pub struct Receiver<T> {
    pub(super) channel: Rc<Channel<T>>,
}

impl<T> Receiver<T> {
    /// Receives the next item, and waits until there is one. Waiting receivers are served first come, first served.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// [`RecvError`] if the channel is empty and no sender is left.
    ///
    /// # Panics
    /// If it has to wait, as [`AnyTask::wait`](crate::task::AnyTask::wait). No item is lost by that.
    ///
    /// # Examples
    /// ```
    /// use greenhub::spawn;
    /// use greenhub::sync::channel::{self, RecvError};
    ///
    /// let (sender, receiver) = channel::unbounded();
    /// spawn(move || sender.send("hello").unwrap()).detach();
    /// assert_eq!(receiver.recv(), Ok("hello"));
    /// assert_eq!(receiver.recv(), Err(RecvError));
    /// ```
    #[inline(always)]
    #[track_caller]
    pub fn recv(&self) -> Result<T, RecvError> {
        match self.channel.receive(Deadline::NEVER) {
            Ok(item) => Ok(item),
            Err(_) => Err(RecvError),
        }
    }

    /// As [`recv`](Receiver::recv), for as long as `limit` at most.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// [`RecvTimeoutError`]: the time was over, or the channel is empty and no sender is left.
    ///
    /// # Examples
    /// ```
    /// use greenhub::sync::channel::{self, RecvTimeoutError};
    /// use std::time::{Duration, Instant};
    ///
    /// let (_sender, receiver) = channel::unbounded::<i32>();
    /// let late = receiver.recv_timeout(Duration::from_millis(5));
    /// assert_eq!(late, Err(RecvTimeoutError::Timeout));
    /// ```
    #[track_caller]
    pub fn recv_timeout(&self, limit: Duration) -> Result<T, RecvTimeoutError> {
        self.channel.receive(Deadline::after(limit))
    }

    /// As [`recv`](Receiver::recv), until `deadline` at the latest.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// [`RecvTimeoutError`]: the time was over, or the channel is empty and no sender is left.
    #[track_caller]
    pub fn recv_deadline(&self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        let deadline = Deadline::at(deadline);
        self.channel.receive(deadline)
    }

    /// Receives an item if there is one that no waiting receiver has a reservation to. In a rendezvous channel it takes the item of a
    /// sender that waits. Never waits, with one exception: if that sender is a [`select!`](crate::select!), a
    /// [`Select`](crate::Select) or a [`reserve`](crate::sync::channel::Sender::reserve), it runs now, and this returns when it
    /// has sent its item or has given that up. That is its to say: no limit of time ends a receive that has been matched.
    ///
    /// # Errors
    /// [`TryRecvError`]
    ///
    /// # Examples
    /// ```
    /// use greenhub::sync::channel::{self, TryRecvError};
    ///
    /// let (sender, receiver) = channel::unbounded();
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// sender.send(1)?;
    /// drop(sender);
    /// assert_eq!(receiver.try_recv(), Ok(1));
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
    /// # Ok::<(), channel::SendError<i32>>(())
    /// ```
    #[inline]
    #[track_caller]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.channel.try_receive()
    }

    /// Closes the channel: senders get an error from now on, those that wait included. What is in it can still be received.
    ///
    /// # Examples
    /// ```
    /// use greenhub::sync::channel::{self, RecvError, SendError};
    ///
    /// let (sender, receiver) = channel::unbounded();
    /// sender.send(1)?;
    /// receiver.close();
    /// assert_eq!(sender.send(2), Err(SendError(2)));
    /// assert_eq!(receiver.recv(), Ok(1));
    /// assert_eq!(receiver.recv(), Err(RecvError));
    /// # Ok::<(), SendError<i32>>(())
    /// ```
    pub fn close(&self) {
        self.channel.close();
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Receiver<T> {
        self.channel.add_receiver();
        let shared = self.channel.clone();
        Receiver { channel: shared }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.channel.remove_receiver();
    }
}

// What a panic leaves behind in a channel is what was sent: nothing half changed can be seen through a handle.
impl<T> UnwindSafe for Receiver<T> {}
impl<T> RefUnwindSafe for Receiver<T> {}

channel_iterators!();
