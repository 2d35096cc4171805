//! The end of a watched value that changes it.
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::fmt;
use std::mem;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

use super::{Receiver, Ref, Watched};
use crate::error::SendError;
use crate::hub::{Deadline, WaitList, WaitRequest};
use crate::waiting::WaitReason;

/// A handle that changes a watched value: see [`channel`](super::channel). Clones change the same value.
///
/// When the last one is dropped, receivers see the last change and then an error.
pub struct Sender<T> {
    shared: Rc<Watched<T>>,
}

impl<T> Sender<T> {
    /// A sender without a receiver: [`subscribe`](Sender::subscribe) makes some.
    #[must_use]
    pub fn new(initial: T) -> Sender<T> {
        Sender {
            shared: Rc::new(Watched {
                value: RefCell::new(initial),
                version: Cell::new(0),
                senders: Cell::new(1),
                receivers: Cell::new(0),
                changes: WaitList::new(),
                end: WaitList::new(),
            }),
        }
    }

    /// Replaces the value and tells all receivers.
    ///
    /// # Errors
    /// [`SendError`] with `value` if there is no receiver: the value stays as it was.
    ///
    /// # Panics
    /// If the value is [borrowed](super#borrows).
    #[track_caller]
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        if self.is_closed() {
            return Err(SendError(value));
        }
        drop(self.send_replace(value));
        Ok(())
    }

    /// Replaces the value and tells all receivers, whether there are any or not. Gives the old value.
    ///
    /// # Panics
    /// If the value is [borrowed](super#borrows).
    #[track_caller]
    pub fn send_replace(&self, value: T) -> T {
        let old = mem::replace(&mut *self.shared.borrow_mut(), value);
        self.tell();
        old
    }

    /// Changes the value in place and tells all receivers, whether there are any or not.
    ///
    /// # Panics
    /// If the value is [borrowed](super#borrows). And with what `modify` panics with; then no receiver is told, and the value is
    /// what `modify` has left.
    #[track_caller]
    pub fn send_modify(&self, modify: impl FnOnce(&mut T)) {
        modify(&mut *self.shared.borrow_mut());
        self.tell();
    }

    /// As [`send_modify`](Sender::send_modify), and tells the receivers only if `modify` says that it has changed the value. Gives
    /// what it says.
    ///
    /// # Panics
    /// As [`send_modify`](Sender::send_modify).
    ///
    /// # Examples
    /// ```
    /// use greenhub::sync::watch;
    /// use std::mem;
    ///
    /// let (highest, watcher) = watch::channel(3);
    /// let raise = |to: i32| highest.send_if_modified(|value| to > mem::replace(value, to.max(*value)));
    /// assert!(!raise(2) && !watcher.has_changed()?);
    /// assert!(raise(4) && watcher.has_changed()?);
    /// assert_eq!(watcher.get(), 4);
    ///
    /// # Ok::<(), watch::RecvError>(())
    /// ```
    #[track_caller]
    pub fn send_if_modified(&self, modify: impl FnOnce(&mut T) -> bool) -> bool {
        let is_modified = modify(&mut *self.shared.borrow_mut());
        if is_modified {
            self.tell();
        }
        is_modified
    }

    /// Lends the value.
    ///
    /// # Panics
    /// Inside of a closure that changes it.
    #[track_caller]
    pub fn borrow(&self) -> Ref<'_, T> {
        self.shared.borrow(false)
    }

    /// A copy of the value.
    ///
    /// # Panics
    /// Inside of a closure that changes it.
    #[must_use]
    #[track_caller]
    pub fn get(&self) -> T
    where
        T: Clone,
    {
        self.borrow().clone()
    }

    /// A new receiver, which has seen the value as it is now.
    #[must_use]
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver::new(&self.shared, self.shared.version.get())
    }

    /// How many receivers there are.
    #[must_use]
    pub fn receiver_count(&self) -> usize {
        self.shared.receivers.get()
    }

    /// How many senders there are, with this one.
    #[must_use]
    pub fn sender_count(&self) -> usize {
        self.shared.senders.get()
    }

    /// There is no receiver.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.receiver_count() == 0
    }

    /// Waits until there is no receiver.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    #[track_caller]
    pub fn closed(&self) {
        // Others may have subscribed before this one runs.
        let mut request = WaitRequest::new("closed", WaitReason::WATCH_CLOSED, Deadline::NEVER);
        while !self.is_closed() {
            request.in_list(&self.shared.end);
        }
    }

    /// Both change the same value.
    #[must_use]
    pub fn same_channel(&self, other: &Sender<T>) -> bool {
        super::is_same(&self.shared, &other.shared)
    }

    fn tell(&self) {
        let Watched {
            version, changes, ..
        } = &*self.shared;
        version.set(version.get() + 1);
        if !changes.is_empty() {
            changes.wake_all();
        }
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        super::add(&self.shared.senders);
        let shared = self.shared.clone();
        Sender { shared }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        super::remove(&self.shared.senders, &self.shared.changes);
    }
}

impl<T: Default> Default for Sender<T> {
    fn default() -> Sender<T> {
        Sender::new(T::default())
    }
}

// A closure that panics leaves the value as it has made it, so it depends on the value.
impl<T: UnwindSafe + RefUnwindSafe> UnwindSafe for Sender<T> {}
impl<T: UnwindSafe + RefUnwindSafe> RefUnwindSafe for Sender<T> {}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("receiver_count", &self.receiver_count())
            .finish_non_exhaustive()
    }
}
