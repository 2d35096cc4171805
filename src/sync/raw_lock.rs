//! The base of the locks: one greenlet holds it at a time, a queue of greenlets waits for it, and it can be poisoned.
//!
//! ```text
//!   holder 0              free: if it is not reserved, a newcomer takes it
//!   holder 17             greenlet 17 has taken it; newcomers wait in the queue
//!   holder ANY            the same, by a guard that may go to another greenlet: no greenlet counts as the holder
//!   holder 0, reserved 1  released: the first in the queue was woken, and takes it when it runs; none overtakes
//! ```
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};
use std::thread::panicking;

use crate::hub::{Acquired, Deadline, Resource, WaitQueue, WaitRequest};
use crate::switch::{raise, thread};
use crate::waiting::WaitReason;

/// The id of no greenlet.
const ANY: u64 = u64::MAX;

/// The holder, the queue, and whether a holder has panicked.
pub(super) struct RawLock {
    /// The id of the greenlet that has taken it; 0 while it is free.
    holder: Cell<u64>,
    poisoned: Cell<bool>,
    waiters: WaitQueue,
}

/// A held lock; dropping this releases it, on any greenlet.
pub(super) struct RawGuard<'a> {
    lock: &'a RawLock,
    /// A panic that begins from now on poisons it.
    is_watched: bool,
}

impl RawLock {
    pub(super) const fn new() -> RawLock {
        RawLock {
            holder: Cell::new(0),
            poisoned: Cell::new(false),
            waiters: WaitQueue::new(),
        }
    }

    /// Takes it if it is free and not reserved.
    #[inline(always)]
    pub(super) fn try_take(&self) -> Option<RawGuard<'_>> {
        self.has_unreserved().then(|| self.hold())
    }

    /// Takes it, and waits until it can. `None` if the clock has reached `deadline` by then.
    ///
    /// # Panics
    /// If the greenlet that has taken it waits for it again without a deadline.
    #[inline(always)]
    #[track_caller]
    pub(super) fn take(
        &self,
        reason: WaitReason,
        verb: &'static str,
        deadline: Deadline,
    ) -> Option<RawGuard<'_>> {
        self.take_at(Location::caller(), reason, verb, deadline)
    }

    /// As [`take`](RawLock::take), for a call that was made at `place`.
    #[inline(always)]
    pub(super) fn take_at(
        &self,
        place: &'static Location<'static>,
        reason: WaitReason,
        verb: &'static str,
        deadline: Deadline,
    ) -> Option<RawGuard<'_>> {
        match self.try_take() {
            None => self.wait(place, reason, verb, deadline),
            taken => taken,
        }
    }

    #[inline(never)]
    fn wait(
        &self,
        place: &'static Location<'static>,
        reason: WaitReason,
        verb: &'static str,
        deadline: Deadline,
    ) -> Option<RawGuard<'_>> {
        let mut request = WaitRequest::at(place, verb, reason, deadline);
        if deadline.is_never() && self.is_mine() {
            request.refuse_own();
        }
        match request.in_queue(self) {
            // The reservation is dropped at the end of the arm, when the lock is taken.
            Acquired::Reserved(_reservation) => Some(self.hold()),
            Acquired::Retry | Acquired::TimedOut => None,
        }
    }

    /// The running greenlet has taken it.
    #[inline(always)]
    pub(super) fn is_mine(&self) -> bool {
        self.holder.get() == thread::current().id()
    }

    #[inline(always)]
    pub(super) fn is_held(&self) -> bool {
        self.holder.get() != 0
    }

    #[inline(always)]
    fn hold(&self) -> RawGuard<'_> {
        self.holder.set(thread::current().id());
        RawGuard {
            lock: self,
            is_watched: false,
        }
    }

    /// Gives it back; the first waiter is woken.
    #[inline(always)]
    pub(super) fn release(&self) {
        self.holder.set(0);
        self.wake_waiters_if_any();
    }

    pub(super) fn is_poisoned(&self) -> bool {
        self.poisoned.get()
    }

    pub(super) fn clear_poison(&self) {
        self.poisoned.set(false);
    }

    /// Gives `value` as an error if a holder has panicked.
    #[inline(always)]
    pub(super) fn check<G>(&self, value: G) -> LockResult<G> {
        match self.poisoned.get() {
            false => Ok(value),
            true => Err(PoisonError::new(value)),
        }
    }

    /// The holder's frames are left. A kill or a timeout poisons nothing.
    #[cold]
    #[inline(never)]
    fn poison(&self) {
        if raise::is_panicking() {
            self.poisoned.set(true);
        }
    }
}

impl Resource for RawLock {
    #[inline(always)]
    fn queue(&self) -> &WaitQueue {
        &self.waiters
    }

    #[inline(always)]
    fn available(&self) -> usize {
        usize::from(!self.is_held())
    }
}

impl RawGuard<'_> {
    /// A panic of the holder poisons it from now on, unless one is on its way already.
    #[inline(always)]
    pub(super) fn arm_poison(&mut self) {
        self.is_watched = !panicking();
    }

    /// Whichever greenlet it goes to, none waits for itself.
    pub(super) fn disown(&mut self) {
        self.lock.holder.set(ANY);
    }

    /// A panic does not poison it any more.
    #[inline(always)]
    pub(super) fn disarm_poison(&mut self) {
        self.is_watched = false;
    }
}

impl Drop for RawGuard<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.is_watched && panicking() {
            self.lock.poison();
        }
        self.lock.release();
    }
}

/// Shows a lock called `name`, with what it guards if `tried` has it.
pub(super) fn show<G>(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    tried: TryLockResult<G>,
    is_poisoned: bool,
) -> fmt::Result
where
    G: Deref<Target: fmt::Debug>,
{
    let guard = match tried {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(PoisonError::into_inner(poisoned)),
        Err(TryLockError::WouldBlock) => None,
    };
    let mut shown = f.debug_struct(name);
    match &guard {
        Some(guard) => shown.field("data", &&**guard),
        None => shown.field("data", &format_args!("<locked>")),
    };
    shown
        .field("poisoned", &is_poisoned)
        .finish_non_exhaustive()
}
