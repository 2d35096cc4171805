//! Sending ends of other kinds: one that does not keep its channel open, and the right to send one item later.
#![forbid(unsafe_code)]

use std::fmt;
use std::rc::Rc;

use super::arms::{Arm, ArmReadiness, SendReservation};
use super::shared::Channel;
use super::{SendError, Sender, TrySendError};
use crate::hub::{Acquired, Deadline, Reservation, WaitRequest};
use crate::waiting::WaitReason;

/// A handle to the sending end of a channel that does not keep it open: the channel ends when the last [`Sender`] is dropped,
/// whatever weak ones there are.
///
/// # Examples
/// ```
/// use greenhub::sync::channel;
///
/// let (sender, receiver) = channel::unbounded();
/// let weak = sender.downgrade();
/// weak.upgrade().unwrap().send(1)?;
/// drop(sender);
/// assert!(weak.upgrade().is_none());
/// assert_eq!(receiver.iter().collect::<Vec<_>>(), [1]);
/// # Ok::<(), channel::SendError<i32>>(())
/// ```
pub struct WeakSender<T> {
    shared: Rc<Channel<T>>,
}

/// The right to send one item, which has its place in the channel: see [`Sender::reserve`]. Dropped, it gives the place back.
#[must_use = "a permit that is dropped gives its place back"]
pub struct SendPermit<'a, T>(SendReservation<'a, T>);

impl<T> Sender<T> {
    /// A handle that does not keep the channel open.
    #[must_use]
    pub fn downgrade(&self) -> WeakSender<T> {
        let shared = self.channel.clone();
        WeakSender { shared }
    }

    /// Waits until an item can be sent, and reserves its place. Items that are sent meanwhile come after it, and are
    /// received after it. In a rendezvous channel it waits for a receiver, which then waits for this item alone: whatever limit
    /// of time it has, until the permit is used or dropped. So hold a permit for a short time.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// [`SendError`], if no receiver is left.
    ///
    /// # Examples
    /// ```
    /// use greenhub::sync::channel;
    ///
    /// let (sender, receiver) = channel::bounded(2);
    /// let permit = sender.reserve()?;
    /// sender.send("second").unwrap();
    /// permit.send("first").unwrap();
    /// assert_eq!((receiver.recv(), receiver.recv()), (Ok("first"), Ok("second")));
    ///
    /// # Ok::<(), channel::SendError<()>>(())
    /// ```
    #[track_caller]
    pub fn reserve(&self) -> Result<SendPermit<'_, T>, SendError<()>> {
        let mut request = WaitRequest::new("reserve", WaitReason::SEND, Deadline::NEVER);
        let room = &self.channel.room;
        let place = loop {
            if self.readiness(true) == ArmReadiness::Ready {
                break self.place(false);
            }
            if let Some(_reservation) = Reservation::reserve_behind_others(room) {
                break self.place(true);
            }
            match request.in_queue(room) {
                Acquired::Reserved(reservation) if reservation.holds() => {
                    break self.place(true);
                }
                Acquired::Reserved(_) | Acquired::Retry | Acquired::TimedOut => {}
            }
        };
        self.permit(place).ok_or(SendError(()))
    }

    /// Reserves a place for an item if there is room, or a receiver waits in a rendezvous channel. Never waits.
    ///
    /// # Errors
    /// [`TrySendError`]
    pub fn try_reserve(&self) -> Result<SendPermit<'_, T>, TrySendError<()>> {
        if self.channel.is_closed() {
            return Err(TrySendError::Disconnected(()));
        }
        if self.readiness(false) == ArmReadiness::NotReady {
            return Err(TrySendError::Full(()));
        }
        let permit = self.permit(self.place(false));
        permit.ok_or(TrySendError::Disconnected(()))
    }

    fn permit<'a>(&self, place: SendReservation<'a, T>) -> Option<SendPermit<'a, T>> {
        (!self.channel.is_closed()).then_some(SendPermit(place))
    }
}

impl<T> SendPermit<'_, T> {
    /// Sends the item. Lets the receiver of a rendezvous channel run, and waits for nothing else.
    ///
    /// # Errors
    /// [`SendError`] with the item, if no receiver is left.
    #[track_caller]
    pub fn send(self, item: T) -> Result<(), SendError<T>> {
        self.0.send(item)
    }
}

impl<T> WeakSender<T> {
    /// A sender of the channel; `None` if the last one was dropped.
    #[must_use]
    pub fn upgrade(&self) -> Option<Sender<T>> {
        self.shared.has_sender().then(|| {
            self.shared.add_sender();
            let shared = self.shared.clone();
            Sender { channel: shared }
        })
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> WeakSender<T> {
        let shared = self.shared.clone();
        WeakSender { shared }
    }
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakSender")
            .field("len", &self.shared.counts().len)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for SendPermit<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendPermit").finish_non_exhaustive()
    }
}
