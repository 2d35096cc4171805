//! One value that senders replace and receivers watch: each receiver sees the newest, and may miss those before it.
//!
//! ```text
//!   senders                                          receivers
//!   s.send(3) \      value 3                      /-> r.changed(), then *r.borrow() == 3      seen 7
//!              >-->  version 7 (one more with  --<
//!   s.clone() /       each change)                \-> r.clone(): the same value, changed for it   seen 5
//! ```
//! The names are those of tokio's `watch`. [`Receiver::changed`] waits until the value has a version that this receiver has not
//! seen. All receivers are told of a change; the ones that wait resume in the order in which they came.
//!
//! # Borrows
//! [`Receiver::borrow`] and [`Sender::borrow`] lend the value as a [`Ref`]. It is no lock: a sender that changes the value while a
//! `Ref` is alive panics. So drop it before the next wait, or take a copy with `get`. The same holds for the closures of
//! [`Sender::send_modify`], [`Sender::send_if_modified`] and [`Receiver::wait_for`]: they run on the borrowed value and must
//! neither wait nor use this channel.
//!
//! # Examples
//! ```
//! use greenhub::sync::watch;
//! use greenhub::{spawn, yield_now};
//!
//! let (level, watcher) = watch::channel(1);
//! let task = spawn(move || {
//!     let mut seen = vec![watcher.get()];
//!     while watcher.changed().is_ok() {
//!         seen.push(*watcher.borrow_and_update());
//!     }
//!     seen
//! });
//! yield_now();
//! level.send(2)?;
//! level.send(3)?; // before the task has run: it sees this one only
//! drop(level);
//! assert_eq!(task.join().unwrap(), [1, 3]);
//! # Ok::<(), watch::SendError<i32>>(())
//! ```
#![forbid(unsafe_code)]

mod receiver;
mod sender;

use std::cell::{self, Cell, RefCell};
use std::fmt;
use std::ops::Deref;
use std::rc::Rc;

pub use self::receiver::Receiver;
pub use self::sender::Sender;
pub use crate::error::SendError;
pub use crate::error::{RecvError, RecvTimeoutError};
use crate::hub::WaitList;

/// A value that is watched, with one sender and one receiver to begin with. The receiver has seen `initial`.
#[must_use]
pub fn channel<T>(initial: T) -> (Sender<T>, Receiver<T>) {
    let sender = Sender::new(initial);
    let receiver = sender.subscribe();
    (sender, receiver)
}

/// What all handles share.
struct Watched<T> {
    value: RefCell<T>,
    /// How often the value was changed.
    version: Cell<u64>,
    senders: Cell<usize>,
    receivers: Cell<usize>,
    /// Receivers that wait for a change, or for the last sender to go.
    changes: WaitList,
    /// Senders that wait for the last receiver to go.
    end: WaitList,
}

/// The watched value, borrowed. It must not be kept across a wait: see [the module](self#borrows).
#[must_use = "a borrow that is dropped has shown nothing"]
pub struct Ref<'a, T> {
    value: cell::Ref<'a, T>,
    has_changed: bool,
}

impl<T> Watched<T> {
    #[track_caller]
    fn borrow(&self, has_changed: bool) -> Ref<'_, T> {
        match self.value.try_borrow() {
            Ok(value) => Ref { value, has_changed },
            Err(_) => panic!(
                "the watched value was borrowed inside of a closure that changes it, or while such a closure waits"
            ),
        }
    }

    #[track_caller]
    fn borrow_mut(&self) -> cell::RefMut<'_, T> {
        match self.value.try_borrow_mut() {
            Ok(value) => value,
            Err(_) => panic!(
                "the watched value was to be changed while it is borrowed: a `Ref` must not be kept across a wait"
            ),
        }
    }

    fn has_no_sender(&self) -> bool {
        self.senders.get() == 0
    }
}

impl<T> Ref<'_, T> {
    /// The receiver that has borrowed it had not seen this value before. False for a sender's borrow.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        self.has_changed
    }
}

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Ref<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: fmt::Display> fmt::Display for Ref<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// One handle more.
fn add(count: &Cell<usize>) {
    count.set(count.get() + 1);
}

/// One handle less; the last one wakes all that wait in `list`.
fn remove(count: &Cell<usize>, list: &WaitList) {
    count.set(count.get() - 1);
    if count.get() == 0 && !list.is_empty() {
        list.wake_all();
    }
}

fn is_same<T>(one: &Rc<Watched<T>>, other: &Rc<Watched<T>>) -> bool {
    Rc::ptr_eq(one, other)
}
