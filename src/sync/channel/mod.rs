//! Channels between the greenlets of one thread: what is sent at one end is received at the other, in that order, once.
//!
//! ```text
//!   senders                                                receivers
//!   s.send(3) \                                        /-> r.recv() == Ok(1)
//!              >-->   [ 2, 1 ]   a queue with room  --<
//!   s.clone() /       for `n`, for all, or for none    \-> r.clone()
//! ```
//!
//! | made by | a sender waits |
//! |---|---|
//! | [`unbounded`] | never |
//! | [`bounded`]`(n)` | while there are `n` items that were not received |
//! | [`rendezvous`], [`bounded`]`(0)` | until a receiver has come for its item |
//!
//! An end is closed when the last handle to it is dropped: receivers get what is left and then an error; senders get an error
//! at once, with the item. Waiting calls are served first come, first served; calls that never wait take only what is not
//! reserved for a waiting call. An item is received once, or it is still in the channel, whatever is killed or times out
//! meanwhile.
//!
//! A call that does not have to wait lets no other greenlet run, except that the receiver of a rendezvous channel runs before the
//! `send` of its item returns. [`select!`](crate::select!) and [`Select`](crate::Select) wait for several channels at once. Channels
//! of the clock, [`after`], [`at`] and [`tick`], are arms of theirs as any other.
//!
//! The names are those of [`std::sync::mpsc`] and of crossbeam's channels. Nothing here is `Send`; items may be anything.
//!
//! # Examples
//! ```
//! use greenhub::spawn;
//! use greenhub::sync::channel;
//!
//! let (sender, receiver) = channel::bounded(1);
//! let producer = spawn(move || {
//!     for n in 1..=3 {
//!         sender.send(n).unwrap();
//!     }
//! });
//! assert_eq!(receiver.iter().sum::<i32>(), 6); // until the producer's end drops the sender
//! producer.join().unwrap();
//! ```
#![forbid(unsafe_code)]

mod arms;
mod ends;
mod pairing;
mod receiver;
mod sender;
mod shared;
mod timed;
mod unsettled;
mod weak;

use std::rc::Rc;

#[doc(hidden)]
pub use self::arms::Arm;
pub(crate) use self::arms::{ArmReadiness, ArmReservation, ArmTarget, SendReservation};
pub use self::receiver::{IntoIter, Iter, Receiver, TryIter};
pub use self::sender::Sender;
use self::shared::Channel;
pub use self::timed::{after, at, never, tick};
pub use self::weak::{SendPermit, WeakSender};
use super::channel_api::{Counts, channel_end};
pub use crate::error::{
    RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError,
};

/// A channel with room for `capacity` items; with none it is a [`rendezvous`].
#[must_use]
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    with_capacity(capacity)
}

/// A channel with room for as many items as memory holds.
#[must_use]
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    with_capacity(usize::MAX)
}

/// A channel without room: each [`send`](Sender::send) is matched with one receive, and returns when that has its item.
///
/// # Examples
/// ```
/// use greenhub::sync::channel;
/// use greenhub::{spawn, yield_now};
///
/// let (sender, receiver) = channel::rendezvous();
/// let sending = spawn(move || sender.send("here").unwrap());
/// yield_now();
/// assert!(!sending.is_finished());
/// assert_eq!(receiver.recv(), Ok("here"));
/// sending.join().unwrap();
/// ```
#[must_use]
pub fn rendezvous<T>() -> (Sender<T>, Receiver<T>) {
    with_capacity(0)
}

fn with_capacity<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let shared = Rc::new(Channel::new(capacity));
    let sender = Sender {
        channel: shared.clone(),
    };
    (sender, Receiver { channel: shared })
}

channel_end!(Sender);
channel_end!(Receiver);

impl<T> Channel<T> {
    fn len(&self) -> usize {
        if self.room.is_rendezvous() {
            return 0;
        }
        self.items().count()
    }

    /// As `len`, with what the clock has sent by now.
    fn len_now(&self) -> usize {
        self.is_ticking();
        self.len()
    }

    fn counts(&self) -> Counts {
        let items = self.items();
        let len = self.len_now();
        Counts {
            len,
            used: len + items.unsettled.places(),
            capacity: items.capacity,
        }
    }
}
