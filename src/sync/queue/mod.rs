//! gevent's queues: one object that greenlets push to and pop from, in an order of its own, and that knows when all of its
//! items are done with.
//!
//! ```text
//!   push -> [ pushers ] -> room -> items, in the queue's order -> [ poppers ] -> pop -> task_done
//!                                                                                           |
//!   unfinished: pushed and not done with                                join: until none is left
//! ```
//!
//! Unlike a [channel](crate::sync::channel) a queue has no ends: it is shared, mostly in an [`Rc`](std::rc::Rc), and it is
//! closed by [`shutdown`](OrderedQueue::shutdown).
#![forbid(unsafe_code)]

mod core;
mod order;

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use self::core::QueueCore;
#[doc(hidden)]
pub use self::order::{Fifo, Lifo, Priority, QueueOrder};
use crate::dropping::DropsAll;
pub use crate::error::{PopError, PushError, QueueClosed};
use crate::hub::{Deadline, Resource, WaitList, WaitPoint, WaitRequest};
use crate::waitable::{Sealed, WaitTarget, Waitable};
use crate::waiting::{WaitReason, WakeReason};

/// A queue of one thread in some order: [`Queue`], [`LifoQueue`] and [`PriorityQueue`] are names for it, and have these methods.
pub struct OrderedQueue<T, O: QueueOrder<T>> {
    core: QueueCore<T, O>,
    done: WaitList,
}

/// A queue for greenlets of one thread: [`push`](OrderedQueue::push) waits while it is full, [`pop`](OrderedQueue::pop) while it
/// is empty. Waiting greenlets are served first come, first served.
///
/// As something to [wait for](crate::wait_any) it is ready while there is an item that no waiting pop has a reservation to, and when it was shut
/// down and is empty.
///
/// # Examples
/// ```
/// use greenhub::spawn;
/// use greenhub::sync::Queue;
/// use std::rc::Rc;
///
/// let queue = Rc::new(Queue::bounded(2));
/// let worker = spawn({
///     let queue = queue.clone();
///     move || {
///         let mut sum = 0;
///         for n in &*queue {
///             sum += n;
///             queue.task_done();
///         }
///         sum
///     }
/// });
/// for n in 1..=10 {
///     queue.push(n)?;
/// }
/// queue.join(); // until all are done with
/// queue.shutdown();
/// assert_eq!(worker.join().unwrap(), 55);
/// # Ok::<(), greenhub::sync::queue::QueueClosed<i32>>(())
/// ```
pub type Queue<T> = OrderedQueue<T, Fifo<T>>;

/// A queue that gives the item that was pushed last.
pub type LifoQueue<T> = OrderedQueue<T, Lifo<T>>;

/// A queue that gives the least of its items. For the greatest first, push [`Reverse`](std::cmp::Reverse)s.
///
/// Comparing items must neither wait nor use the queue: that panics.
///
/// # Examples
/// ```
/// use greenhub::sync::PriorityQueue;
///
/// let queue = PriorityQueue::new();
/// for task in [(2, "then"), (3, "last"), (1, "first")] {
///     queue.push(task)?;
/// }
/// assert_eq!(queue.pop(), Ok((1, "first")));
/// assert_eq!(queue.pop(), Ok((2, "then")));
/// # Ok::<(), greenhub::sync::queue::QueueClosed<(i32, &str)>>(())
/// ```
pub type PriorityQueue<T> = OrderedQueue<T, Priority<T>>;

impl<T, O: QueueOrder<T>> OrderedQueue<T, O> {
    /// A queue with room for as many items as memory holds.
    #[must_use]
    pub fn new() -> OrderedQueue<T, O> {
        OrderedQueue::with_capacity(usize::MAX)
    }

    /// A queue with room for `capacity` items.
    ///
    /// # Panics
    /// If that is none: what hands items over without keeping any is a [`rendezvous`](crate::sync::channel::rendezvous)
    /// channel.
    #[must_use]
    pub fn bounded(capacity: usize) -> OrderedQueue<T, O> {
        assert!(
            capacity > 0,
            "a queue needs room for an item; a rendezvous channel needs none"
        );
        OrderedQueue::with_capacity(capacity)
    }

    fn with_capacity(capacity: usize) -> OrderedQueue<T, O> {
        OrderedQueue {
            core: QueueCore::new(capacity),
            done: WaitList::new(),
        }
    }

    /// Puts an item into the queue, and waits for room first where it is full.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// [`QueueClosed`] with the item, if the queue was shut down.
    ///
    /// # Panics
    /// If it has to wait, as [`AnyTask::wait`](crate::task::AnyTask::wait): the item is dropped then. And where a
    /// [`PriorityQueue`] compares items, if that panics, waits or uses the queue.
    #[inline]
    #[track_caller]
    pub fn push(&self, item: T) -> Result<(), QueueClosed<T>> {
        let pushed = self.core.push(item, Deadline::NEVER);
        pushed.map_err(|error| QueueClosed(error.into_inner()))
    }

    /// As [`push`](OrderedQueue::push), for as long as `limit` at most.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// [`PushError`] with the item: it was full all the time, or was shut down.
    #[track_caller]
    pub fn push_timeout(&self, item: T, limit: Duration) -> Result<(), PushError<T>> {
        self.core.push(item, Deadline::after(limit))
    }

    /// Puts an item into the queue if there is room that is not reserved for a waiting push. Never waits.
    ///
    /// # Errors
    /// [`PushError`] with the item.
    ///
    /// # Panics
    /// Where a [`PriorityQueue`] compares items, as [`push`](OrderedQueue::push).
    pub fn try_push(&self, item: T) -> Result<(), PushError<T>> {
        self.core.try_push(item)
    }

    /// Takes the first item, in the queue's order, and waits until there is one.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// [`QueueClosed`] if the queue was shut down and is empty.
    ///
    /// # Panics
    /// If it has to wait, as [`AnyTask::wait`](crate::task::AnyTask::wait): no item is lost by that. And where a [`PriorityQueue`]
    /// compares items, as [`push`](OrderedQueue::push).
    #[inline]
    #[track_caller]
    pub fn pop(&self) -> Result<T, QueueClosed> {
        let popped = self.core.pop(Deadline::NEVER);
        popped.map_err(|_| QueueClosed(()))
    }

    /// As [`pop`](OrderedQueue::pop), for as long as `limit` at most.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// [`PopError`]: it was empty all the time, or is empty and was shut down.
    #[track_caller]
    pub fn pop_timeout(&self, limit: Duration) -> Result<T, PopError> {
        self.core.pop(Deadline::after(limit))
    }

    /// Takes the first item if there is one that is not reserved for a waiting pop. Never waits.
    ///
    /// # Errors
    /// [`PopError`]
    ///
    /// # Panics
    /// Where a [`PriorityQueue`] compares items, as [`push`](OrderedQueue::push).
    pub fn try_pop(&self) -> Result<T, PopError> {
        self.core.try_pop()
    }

    /// Returns a copy of the item that [`pop`](OrderedQueue::pop) would take, and waits until there is one. The item stays in the
    /// queue, and the next pop may take it.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// [`QueueClosed`] if the queue was shut down and is empty.
    ///
    /// # Panics
    /// As [`pop`](OrderedQueue::pop), and if `clone` panics, waits or uses the queue.
    ///
    /// # Examples
    /// ```
    /// use greenhub::sync::Queue;
    ///
    /// let queue = Queue::new();
    /// queue.push("an item")?;
    /// assert_eq!(queue.peek(), Ok("an item"));
    /// assert_eq!(queue.len(), 1);
    ///
    /// # Ok::<(), greenhub::sync::queue::QueueClosed<&str>>(())
    /// ```
    #[track_caller]
    pub fn peek(&self) -> Result<T, QueueClosed>
    where
        T: Clone,
    {
        let seen = self.core.peek(Deadline::NEVER);
        seen.map_err(|_| QueueClosed(()))
    }

    /// As [`peek`](OrderedQueue::peek), for as long as `limit` at most.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// [`PopError`]: it was empty all the time, or is empty and was shut down.
    #[track_caller]
    pub fn peek_timeout(&self, limit: Duration) -> Result<T, PopError>
    where
        T: Clone,
    {
        self.core.peek(Deadline::after(limit))
    }

    /// Marks one popped item as done. To be called once for each item that was popped, where greenlets
    /// [`join`](OrderedQueue::join) the queue.
    ///
    /// # Panics
    /// If it is called more often than items were pushed.
    pub fn task_done(&self) {
        let left = self.core.unfinished.get().checked_sub(1);
        self.finish(left.expect("task_done was called more often than items were pushed"));
    }

    /// How many items were pushed and are not done with.
    #[must_use]
    pub fn unfinished_tasks(&self) -> usize {
        self.core.unfinished.get()
    }

    /// Waits until all items that were pushed are [done with](OrderedQueue::task_done). Returns at once if none was pushed.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    #[track_caller]
    pub fn join(&self) {
        self.join_until(Deadline::NEVER);
    }

    /// As [`join`](OrderedQueue::join), for as long as `limit` at most. False if some are not done with by then.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    #[track_caller]
    pub fn join_timeout(&self, limit: Duration) -> bool {
        self.join_until(Deadline::after(limit))
    }

    /// Shuts the queue down: from now on a push is an error, also a push that waits for room. Items in the queue can still be
    /// popped, and after that a pop is an error, too.
    pub fn shutdown(&self) {
        self.core.shut_down();
    }

    /// As [`shutdown`](OrderedQueue::shutdown), and gives what is left in the queue, which counts as done with.
    pub fn shutdown_now(&self) -> Vec<T> {
        self.core.shut_down();
        let left: DropsAll<Vec<T>> = std::iter::from_fn(|| self.core.take()).collect();
        if !left.is_empty() {
            self.finish(self.core.unfinished.get().saturating_sub(left.len()));
        }
        left.into_inner()
    }

    /// The queue was shut down.
    #[must_use]
    pub fn is_shut_down(&self) -> bool {
        self.core.is_shut_down()
    }

    /// How many items there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.core.len()
    }

    /// There is no item.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// There is no room.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.len() >= self.core.capacity()
    }

    /// The number of items that the queue has room for; `None` if there is no limit.
    #[must_use]
    pub fn capacity(&self) -> Option<usize> {
        let capacity = self.core.capacity();
        (capacity != usize::MAX).then_some(capacity)
    }

    /// Gives each item that comes, and ends when the queue was shut down and is empty. Its `next` waits. So does a `for`
    /// loop over `&queue`.
    pub fn iter(&self) -> Iter<'_, T, O> {
        Iter(self)
    }

    fn finish(&self, left: usize) {
        self.core.unfinished.set(left);
        if left == 0 && !self.done.is_empty() {
            self.done.wake_all();
        }
    }

    #[track_caller]
    fn join_until(&self, deadline: Deadline) -> bool {
        if self.core.unfinished.get() == 0 {
            return true;
        }
        let mut request = WaitRequest::new("join of a queue", WaitReason::QUEUE_DONE, deadline);
        request.in_list(&self.done) == WakeReason::Notified
    }
}

impl<T, O: QueueOrder<T>> Default for OrderedQueue<T, O> {
    fn default() -> OrderedQueue<T, O> {
        OrderedQueue::new()
    }
}

impl<T, O: QueueOrder<T>> Sealed for OrderedQueue<T, O> {}

/// Ready while there is an item that no waiting pop has a reservation to, and when it was shut down and is empty.
impl<T, O: QueueOrder<T>> Waitable for OrderedQueue<T, O> {
    fn wait_target(&self) -> WaitTarget<'_> {
        WaitTarget {
            ready: self.core.items.has_unreserved() || self.core.is_drained(),
            point: WaitPoint::Observe(self.core.items.queue()),
            reason: WaitReason::QUEUE_POP,
        }
    }
}

// What a panic leaves behind in a queue is what was pushed: nothing half changed can be seen through it.
impl<T, O: QueueOrder<T>> UnwindSafe for OrderedQueue<T, O> {}
impl<T, O: QueueOrder<T>> RefUnwindSafe for OrderedQueue<T, O> {}

impl<T, O: QueueOrder<T>> fmt::Debug for OrderedQueue<T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("len", &self.len())
            .field("unfinished", &self.unfinished_tasks())
            .finish_non_exhaustive()
    }
}

/// The items of a queue until it is shut down: see [`Queue::iter`].
pub struct Iter<'a, T, O: QueueOrder<T>>(&'a OrderedQueue<T, O>);

impl<T, O: QueueOrder<T>> Iterator for Iter<'_, T, O> {
    type Item = T;

    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.0.pop().ok()
    }
}

impl<'a, T, O: QueueOrder<T>> IntoIterator for &'a OrderedQueue<T, O> {
    type Item = T;
    type IntoIter = Iter<'a, T, O>;

    fn into_iter(self) -> Iter<'a, T, O> {
        self.iter()
    }
}

impl<T, O: QueueOrder<T>> fmt::Debug for Iter<'_, T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Iter").field(self.0).finish()
    }
}
