//! The receiving end of a channel.
#![forbid(unsafe_code)]

use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::rc::Rc;
use std::time::Duration;

use super::shared::Shared;
use crate::error::{RecvError, RecvTimeoutError, TryRecvError};
use crate::hub::{self, Spot, Supply};
use crate::waitable::{Post, Sealed, Waitable};
use crate::waiting::Reason;

/// The receiving end of a channel. Clones receive from the same channel: each item goes to one of them. When the last of them
/// is dropped, what is left in the channel is dropped, and senders get an error.
///
/// As something to [wait for](crate::wait_any) it is ready while there is an item for whoever comes, and when none can ever
/// come.
///
/// It stays on its thread, and so do the items:
/// ```compile_fail,E0277
/// let (_sender, receiver) = greenhub::sync::channel::unbounded::<i32>();
/// std::thread::spawn(move || receiver.recv());
/// ```
pub struct Receiver<T> {
    pub(super) shared: Rc<Shared<T>>,
}

impl<T> Receiver<T> {
    /// Receives the next item, and waits until there is one. Who has to wait does so in a line: first come, first served.
    ///
    /// # Errors
    /// [`RecvError`] if the channel is empty and no sender is left.
    ///
    /// # Panics
    /// If it has to wait, as [`Task::wait`](crate::Task::wait). No item is lost by that.
    ///
    /// # Aborts
    /// If it had to wait while a panic unwinds the running greenlet.
    ///
    /// # Examples
    /// ```
    /// use greenhub::spawn;
    /// use greenhub::sync::channel::{self, RecvError};
    ///
    /// let (sender, receiver) = channel::unbounded();
    /// spawn(move || sender.send("hello").unwrap());
    /// assert_eq!(receiver.recv(), Ok("hello"));
    /// assert_eq!(receiver.recv(), Err(RecvError));
    /// ```
    #[inline(always)]
    #[track_caller]
    pub fn recv(&self) -> Result<T, RecvError> {
        match self.shared.receive(None, Location::caller()) {
            Ok(item) => Ok(item),
            Err(_) => Err(RecvError),
        }
    }

    /// As [`recv`](Receiver::recv), for as long as `limit` at most.
    ///
    /// # Errors
    /// [`RecvTimeoutError`]: the time was over, or the channel is empty and no sender is left.
    ///
    /// # Panics
    /// As there.
    ///
    /// # Aborts
    /// As there.
    ///
    /// # Examples
    /// ```
    /// use greenhub::sync::channel::{self, RecvTimeoutError};
    /// use std::time::Duration;
    ///
    /// let (_sender, receiver) = channel::unbounded::<i32>();
    /// let late = receiver.recv_timeout(Duration::from_millis(5));
    /// assert_eq!(late, Err(RecvTimeoutError::Timeout));
    /// ```
    #[track_caller]
    pub fn recv_timeout(&self, limit: Duration) -> Result<T, RecvTimeoutError> {
        let deadline = hub::deadline(limit);
        self.shared.receive(deadline, Location::caller())
    }

    /// Receives an item if there is one that was promised to nobody who has waited for it. Never waits.
    ///
    /// In a rendezvous channel it takes what a waiting sender holds out. A sender that waits in a
    /// [`select!`](crate::select!) holds nothing out, so this does not meet it.
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
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        let items = self.shared.items();
        if items.is_free()
            && let Some(item) = self.shared.take()
        {
            return Ok(item);
        }
        if self.shared.is_drained() {
            return Err(TryRecvError::Disconnected);
        }
        // Who stands first in the senders' line may hold its item out by the next time.
        items.expect();
        Err(TryRecvError::Empty)
    }

    /// Both receive from the same channel.
    #[must_use]
    pub fn same_channel(&self, other: &Receiver<T>) -> bool {
        Rc::ptr_eq(&self.shared, &other.shared)
    }

    /// Nothing is there, and nothing can ever come.
    pub(super) fn is_drained(&self) -> bool {
        self.shared.is_drained()
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Receiver<T> {
        self.shared.add_receiver();
        let shared = self.shared.clone();
        Receiver { shared }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.shared.remove_receiver();
    }
}

impl<T> Sealed for Receiver<T> {}

/// Ready while there is an item for whoever comes, and when none can ever come.
impl<T> Waitable for Receiver<T> {
    fn post(&self) -> Post<'_> {
        let items = self.shared.items();
        Post {
            ready: items.is_open() || self.is_drained(),
            spot: Spot::Line(items),
            reason: Reason::RECEIVE,
        }
    }
}

// What a panic leaves behind in a channel is what was sent: nothing half changed can be seen through a handle.
impl<T> UnwindSafe for Receiver<T> {}
impl<T> RefUnwindSafe for Receiver<T> {}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.describe(f, "Receiver")
    }
}
