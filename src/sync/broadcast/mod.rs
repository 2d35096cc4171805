//! A channel whose receivers each receive every item, as long as they keep up.
//!
//! ```text
//!   senders                 items, the oldest first           receivers
//!   s.send(d) \        position   4  5  6                  /-> next 4: three items to receive
//!              >-->    item       a  b  c   room for 3  --<--> next 6: one
//!   s.clone() /        unseen by  1  1  2                  \-> next 2: Lagged(2), then next 4
//!
//!   an item goes when the last receiver that was there when it was sent has received it, or when its room is needed
//! ```
//! The names are those of tokio's `broadcast`. [`Sender::send`] never waits: where there is no room for an item, the oldest goes,
//! and a receiver that has not received that one is told how many it has missed, once. The capacity is exact, where tokio's is
//! rounded up to a power of two.
//!
//! A receiver gets clones of the items, and the last one gets the item itself.
//!
//! # Examples
//! ```
//! use greenhub::spawn;
//! use greenhub::sync::broadcast::{self, RecvError};
//!
//! let (sender, receiver) = broadcast::channel(2);
//! let slow = sender.subscribe();
//! let fast = spawn(move || (receiver.recv(), receiver.recv()));
//! sender.send(1)?;
//! sender.send(2)?;
//! assert_eq!(fast.join().unwrap(), (Ok(1), Ok(2)));
//! sender.send(3)?;
//! assert_eq!(slow.recv(), Err(RecvError::Lagged(1)));
//! assert_eq!(slow.recv(), Ok(2));
//! drop(sender);
//! assert_eq!(slow.recv(), Ok(3));
//! assert_eq!(slow.recv(), Err(RecvError::Closed));
//! # Ok::<(), broadcast::SendError<i32>>(())
//! ```
#![forbid(unsafe_code)]

mod receiver;
mod ring;
mod sender;

use std::cell::{Cell, RefCell};

pub use self::receiver::Receiver;
use self::ring::Ring;
pub use self::sender::Sender;
pub use crate::error::SendError;
pub use crate::error::broadcast::{RecvError, RecvTimeoutError, TryRecvError};
use crate::hub::WaitList;

/// A broadcast channel that keeps `capacity` items for receivers that have not received them, with one sender and one receiver to
/// begin with.
///
/// # Panics
/// If `capacity` is zero.
#[must_use]
#[track_caller]
pub fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let sender = Sender::new(capacity);
    let receiver = sender.subscribe();
    (sender, receiver)
}

/// What all handles share. The ring is not borrowed when users' code may run.
struct Broadcast<T> {
    ring: RefCell<Ring<T>>,
    senders: Cell<usize>,
    receivers: Cell<usize>,
    waiters: WaitList,
}
