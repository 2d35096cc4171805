//! Channels between threads, with or without hubs.
#![forbid(unsafe_code)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::blocker::{BlockedWaker, Caller, Limit};
use super::channel_state::{ChannelState, RECEIVERS, SENDERS, Sent};
use super::monitor::Monitor;
use crate::dropping::drop_all;
use crate::error::{
    RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError,
};
use crate::hub::{consume_budget, yield_if_budget_spent};
use crate::sync::channel_api::{Counts, channel_end, channel_iterators};
use crate::waiting::WaitReason;

type SharedChannel<T> = Arc<Monitor<ChannelState<T, BlockedWaker>>>;

/// A channel that keeps up to `capacity` items; a send into a full one waits. With a capacity of 0 it is a [`rendezvous`].
///
/// # Examples
/// ```
/// use greenhub::spawn;
/// use greenhub::sync::shared;
/// use std::thread;
///
/// let (numbers, received) = shared::bounded(2);
/// // A thread without a hub: it is blocked while the channel is full.
/// let counter = thread::spawn(move || (1..=4).for_each(|n| numbers.send(n).unwrap()));
/// // A task: others run while it waits.
/// let sum = spawn(move || received.iter().sum::<i32>());
/// assert_eq!(sum.join().unwrap(), 10);
/// counter.join().unwrap();
/// ```
#[must_use]
pub fn bounded<T: Send + 'static>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let channel = Arc::new(Monitor::new(ChannelState::new(capacity)));
    let sender = Sender {
        channel: channel.clone(),
    };
    (sender, Receiver { channel })
}

/// A channel that keeps as many items as are sent: a `send` never waits.
#[must_use]
pub fn unbounded<T: Send + 'static>() -> (Sender<T>, Receiver<T>) {
    bounded(usize::MAX)
}

/// A channel that keeps nothing: [`send`](Sender::send) returns when a receiver has taken the item.
///
/// What a sender offers may be taken until it has gone on: by a receiver on another thread even in the moment in which the
/// sender is killed or its time is over. In the latter case it learns of it.
#[must_use]
pub fn rendezvous<T: Send + 'static>() -> (Sender<T>, Receiver<T>) {
    bounded(0)
}

/// The end that sends. Clones send to the same receivers; when the last is dropped, these get what is still there, and then
/// the error that nothing will come.
pub struct Sender<T: Send + 'static> {
    channel: SharedChannel<T>,
}

/// The end that receives. Clones share what comes: each item goes to one of them. When the last is dropped, what was not
/// received is dropped, too.
pub struct Receiver<T: Send + 'static> {
    channel: SharedChannel<T>,
}

impl<T: Send + 'static> Sender<T> {
    /// Sends `value`, and waits for room.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// The value, if all receivers are gone.
    #[track_caller]
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        let sent = self.send_within(value, Limit::None, WaitReason::SHARED_SEND);
        sent.map_err(|error| SendError(error.into_inner()))
    }

    /// Sends `value` if that needs no wait; into a channel without capacity, if a receiver waits for it.
    ///
    /// # Errors
    /// The value, with the reason why not.
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        let mut value = Some(value);
        let sent = self.channel.with(|s| s.try_send(&mut value));
        match (sent, value) {
            (Some(Sent::Disconnected), Some(value)) => Err(TrySendError::Disconnected(value)),
            (None, Some(value)) => Err(TrySendError::Full(value)),
            _ => Ok(()),
        }
    }

    /// As [`send`](Sender::send), for as long as `limit` at most.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// The value, with the reason why not.
    #[track_caller]
    pub fn send_timeout(&self, value: T, limit: Duration) -> Result<(), SendTimeoutError<T>> {
        let limit = Limit::After(limit);
        self.send_within(value, limit, WaitReason::SHARED_SEND)
    }

    /// As [`send`](Sender::send), until `deadline` at the latest.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// The value, with the reason why not.
    #[track_caller]
    pub fn send_deadline(&self, value: T, deadline: Instant) -> Result<(), SendTimeoutError<T>> {
        let limit = Limit::At(deadline);
        self.send_within(value, limit, WaitReason::SHARED_SEND)
    }

    #[track_caller]
    pub(crate) fn send_within(
        &self,
        value: T,
        limit: Limit,
        reason: WaitReason,
    ) -> Result<(), SendTimeoutError<T>> {
        yield_if_budget_spent();
        let mut offer = PendingSend {
            channel: &self.channel,
            value: Some(value),
            rank: None,
        };
        let here = Caller::new(&self.channel, "send", limit, reason);
        let sent = self.channel.wait(SENDERS, &here, |s, rank| {
            offer.rank = rank;
            s.send(&mut offer.value, rank)
        });
        let sent = sent.unwrap_or_else(|why| here.refuse(why));
        consume_budget(0);
        match (sent, offer.take_back()) {
            (None, Some(value)) => Err(SendTimeoutError::Timeout(value)),
            (Some(Sent::Disconnected), Some(value)) => Err(SendTimeoutError::Disconnected(value)),
            _ => Ok(()),
        }
    }
}

/// A value on its way into the channel. If its sender unwinds while it waits, the value is not sent, unless it was taken.
struct PendingSend<'a, T: Send + 'static> {
    channel: &'a SharedChannel<T>,
    value: Option<T>,
    rank: Option<u64>,
}

impl<T: Send + 'static> PendingSend<'_, T> {
    fn take_back(&mut self) -> Option<T> {
        let rank = self.rank.take();
        self.value.take().or_else(|| {
            let rank = rank?;
            self.channel.with(|s| s.withdraw(rank))
        })
    }
}

impl<T: Send + 'static> Drop for PendingSend<'_, T> {
    fn drop(&mut self) {
        drop_all(self.take_back());
    }
}

impl<T: Send + 'static> Receiver<T> {
    /// Receives the next item, and waits for one.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// [`RecvError`] if nothing will come any more.
    #[track_caller]
    pub fn recv(&self) -> Result<T, RecvError> {
        self.receive_within(Limit::None).map_err(|_| RecvError)
    }

    /// Receives an item if there is one.
    ///
    /// # Errors
    /// Why there is none.
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        match self.channel.with(ChannelState::receive) {
            Some(Some(value)) => Ok(value),
            Some(None) => Err(TryRecvError::Disconnected),
            None => Err(TryRecvError::Empty),
        }
    }

    /// As [`recv`](Receiver::recv), for as long as `limit` at most.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// Why there is none.
    #[track_caller]
    pub fn recv_timeout(&self, limit: Duration) -> Result<T, RecvTimeoutError> {
        self.receive_within(Limit::After(limit))
    }

    /// As [`recv`](Receiver::recv), until `deadline` at the latest.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// Why there is none.
    #[track_caller]
    pub fn recv_deadline(&self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        self.receive_within(Limit::At(deadline))
    }

    #[track_caller]
    fn receive_within(&self, limit: Limit) -> Result<T, RecvTimeoutError> {
        yield_if_budget_spent();
        let here = Caller::new(&self.channel, "recv", limit, WaitReason::SHARED_RECEIVE);
        let received = self.channel.wait(RECEIVERS, &here, |s, _| s.receive());
        let received = received.unwrap_or_else(|why| here.refuse(why));
        consume_budget(0);
        match received {
            Some(Some(value)) => Ok(value),
            Some(None) => Err(RecvTimeoutError::Disconnected),
            None => Err(RecvTimeoutError::Timeout),
        }
    }
}

channel_end!(Sender: Send + 'static);
channel_end!(Receiver: Send + 'static);

impl<T: Send> Monitor<ChannelState<T, BlockedWaker>> {
    fn counts(&self) -> Counts {
        self.with(|state| Counts {
            len: state.len(),
            used: state.len(),
            capacity: state.capacity(),
        })
    }
}

impl<T: Send + 'static> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        self.channel.with(ChannelState::add_sender);
        let channel = self.channel.clone();
        Sender { channel }
    }
}

impl<T: Send + 'static> Clone for Receiver<T> {
    fn clone(&self) -> Receiver<T> {
        self.channel.with(ChannelState::add_receiver);
        let channel = self.channel.clone();
        Receiver { channel }
    }
}

impl<T: Send + 'static> Drop for Sender<T> {
    fn drop(&mut self) {
        self.channel.with(ChannelState::remove_sender);
    }
}

impl<T: Send + 'static> Drop for Receiver<T> {
    fn drop(&mut self) {
        drop_all(self.channel.with(ChannelState::remove_receiver));
    }
}

channel_iterators!(: Send + 'static);
