//! A notice for greenlets: one of those that wait gets it, or all of them; one notice is kept for a later wait.
//!
//! ```text
//!   notices 0, waiters [a, b]           notify_one: a is woken, notices 1, reserved 1; b waits
//!   a runs                              takes its notice: notices 0
//!   a unwinds instead                   its reservation ends, and b is woken; without b the notice is kept
//!   notices 1, reserved 0, waiters []   one kept notice: the next wait takes it and does not block
//! ```
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use crate::hub::{Acquired, Deadline, Resource, WaitPoint, WaitQueue, WaitRequest};
use crate::waitable::{Sealed, WaitTarget, Waitable};
use crate::waiting::WaitReason;

/// A notice without a value, in the shape of tokio's [`Notify`](https://docs.rs/tokio/latest/tokio/sync/struct.Notify.html):
/// `notified().await` there is [`wait`](Notify::wait) here.
///
/// [`notify_one`](Notify::notify_one) ends the wait of the first waiter. Without one it keeps a single notice, which
/// the next wait takes. Notices are not counted: two in a row without a waiter are one.
/// [`notify_waiters`](Notify::notify_waiters) ends the waits of all that wait at that moment, and keeps nothing.
///
/// A greenlet that unwinds after it was notified, and before it has run, passes its notice on.
///
/// # Examples
/// ```
/// use greenhub::spawn;
/// use greenhub::sync::Notify;
/// use std::cell::Cell;
/// use std::rc::Rc;
///
/// let shared = Rc::new((Cell::new(0), Notify::new()));
/// let reader = spawn({
///     let shared = shared.clone();
///     move || {
///         shared.1.wait();
///         shared.0.get()
///     }
/// });
/// shared.0.set(7);
/// shared.1.notify_one(); // the reader does not wait yet: the notice is kept for it
/// assert_eq!(reader.join().unwrap(), 7);
/// ```
pub struct Notify {
    /// Those that called waiters have not taken yet, and the one that is kept.
    notices: Cell<usize>,
    waiters: WaitQueue,
}

impl Notify {
    /// A `Notify` without a notice.
    #[must_use]
    pub const fn new() -> Notify {
        Notify {
            notices: Cell::new(0),
            waiters: WaitQueue::new(),
        }
    }

    /// Ends the wait of the first waiter, or keeps one notice for the next that comes.
    pub fn notify_one(&self) {
        self.notices.set(self.notices.get() + 1);
        self.wake_waiters();
    }

    /// Ends the waits of all greenlets that wait now, in the order in which they came. A wait that begins later is not ended by
    /// it.
    pub fn notify_waiters(&self) {
        self.waiters.notify_all();
    }

    /// Waits for a notice. Takes the one that is kept, if there is one, and returns at once.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    #[track_caller]
    pub fn wait(&self) {
        self.wait_until(Deadline::NEVER);
    }

    /// As [`wait`](Notify::wait), for as long as `limit` at most. False if there was no notice by then.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    #[track_caller]
    pub fn wait_timeout(&self, limit: Duration) -> bool {
        self.wait_until(Deadline::after(limit))
    }

    /// Takes the notice that is kept. False if there is none. Never waits: to be called after a
    /// [`wait_any`](crate::wait_any), which takes nothing.
    pub fn try_wait(&self) -> bool {
        self.keep_one();
        let is_free = self.has_unreserved();
        if is_free {
            self.take();
        }
        is_free
    }

    #[track_caller]
    fn wait_until(&self, deadline: Deadline) -> bool {
        if self.try_wait() {
            return true;
        }
        let mut request = WaitRequest::new("the wait for a notify", WaitReason::NOTIFY, deadline);
        match request.in_queue(self) {
            // The reservation is dropped at the end of the arm, when the notice is taken.
            Acquired::Reserved(_reservation) => {
                self.take();
                true
            }
            Acquired::Retry => true,
            Acquired::TimedOut => false,
        }
    }

    fn take(&self) {
        self.notices.set(self.notices.get() - 1);
    }

    /// Of the notifications that are reserved for no waiter, passed-on ones included, one is kept. To be called before one is
    /// taken: until then it makes no difference, since each waiter in the queue would have reserved one.
    fn keep_one(&self) {
        let surplus = self.unreserved().saturating_sub(1);
        self.notices.set(self.notices.get() - surplus);
    }
}

impl Resource for Notify {
    fn queue(&self) -> &WaitQueue {
        &self.waiters
    }

    fn available(&self) -> usize {
        self.notices.get()
    }
}

impl Sealed for Notify {}

/// Ready while a notice is kept. [`notify_waiters`](Notify::notify_waiters) keeps none: a wait for several things may miss it.
impl Waitable for Notify {
    fn wait_target(&self) -> WaitTarget<'_> {
        WaitTarget {
            ready: self.has_unreserved(),
            point: WaitPoint::Observe(&self.waiters),
            reason: WaitReason::NOTIFY,
        }
    }
}

// There is no state that a panic could leave half done.
impl UnwindSafe for Notify {}
impl RefUnwindSafe for Notify {}

impl Default for Notify {
    fn default() -> Notify {
        Notify::new()
    }
}

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notify")
            .field("is_notified", &self.has_unreserved())
            .finish_non_exhaustive()
    }
}
