//! A counting semaphore: permits that are taken and given back, first come, first served.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::fmt;
use std::mem;
use std::panic::Location;
use std::time::Duration;

use crate::error::{AcquireError, TooManyPermits};
use crate::hub::{Acquired, Deadline, Resource, WaitPoint, WaitQueue, WaitRequest};
use crate::waitable::{Sealed, WaitTarget, Waitable};
use crate::waiting::WaitReason;

/// A number of permits. A greenlet that wants one while there is none waits in a queue, and a free permit goes to the first:
/// no greenlet overtakes, not even by [`try_acquire`](Semaphore::try_acquire).
///
/// # Examples
/// ```
/// use greenhub::sync::Semaphore;
/// use greenhub::{joinall, sleep, spawn};
/// use std::rc::Rc;
/// use std::time::Duration;
///
/// let doors = Rc::new(Semaphore::new(2));
/// let visitors = [1, 2, 3].map(|_| {
///     let doors = doors.clone();
///     spawn(move || {
///         let _permit = doors.acquire();
///         sleep(Duration::from_millis(1)); // never more than two here
///     })
/// });
/// joinall(&visitors);
/// assert_eq!(doors.available_permits(), 2);
/// ```
pub struct Semaphore {
    permits: Cell<usize>,
    /// With those that are taken.
    total: Cell<usize>,
    most: usize,
    /// How many wait for more than one permit, and one more when it is closed.
    many: Cell<usize>,
    is_closed: Cell<bool>,
    waiters: WaitQueue,
}

/// Permits that were taken, one in most cases; dropping it gives them back.
#[must_use = "a permit that is dropped is given back at once"]
pub struct Permit<'a> {
    semaphore: &'a Semaphore,
    count: usize,
}

impl Semaphore {
    /// A semaphore that begins with `permits` permits.
    #[must_use]
    pub const fn new(permits: usize) -> Semaphore {
        Semaphore::with_most(permits, usize::MAX)
    }

    /// A semaphore that never has more than `permits` permits: gevent's `BoundedSemaphore`.
    #[must_use]
    pub const fn bounded(permits: usize) -> Semaphore {
        Semaphore::with_most(permits, permits)
    }

    const fn with_most(permits: usize, most: usize) -> Semaphore {
        Semaphore {
            permits: Cell::new(permits),
            total: Cell::new(permits),
            most,
            many: Cell::new(0),
            is_closed: Cell::new(false),
            waiters: WaitQueue::new(),
        }
    }

    /// Takes a permit, and waits until there is one for it.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Panics
    /// If it is [closed](Semaphore::close), or gets so meanwhile: [`acquire_checked`](Semaphore::acquire_checked) says so instead.
    #[inline]
    #[track_caller]
    pub fn acquire(&self) -> Permit<'_> {
        match self.acquire_until(1, Deadline::NEVER) {
            Some(permit) => permit,
            None => refuse_closed("acquire"),
        }
    }

    /// As [`acquire`](Semaphore::acquire), where the semaphore may be [closed](Semaphore::close).
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// [`AcquireError`] if it is closed, or gets so meanwhile.
    #[track_caller]
    pub fn acquire_checked(&self) -> Result<Permit<'_>, AcquireError> {
        self.acquire_many_checked(1)
    }

    /// As [`acquire`](Semaphore::acquire), for as long as `limit` at most. `None` if there was no permit for it by then, and at once
    /// if the semaphore is closed.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    #[track_caller]
    pub fn acquire_timeout(&self, limit: Duration) -> Option<Permit<'_>> {
        self.acquire_many_timeout(1, limit)
    }

    /// Takes a permit if there is one that is not reserved for a waiting greenlet. Never waits.
    #[inline]
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        self.has_unreserved().then(|| self.take(1))
    }

    /// Takes `count` permits at once, and waits until there are as many. Meanwhile it is first in the queue, and later greenlets
    /// get none.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Panics
    /// As [`acquire`](Semaphore::acquire). And if the semaphore never has as many.
    #[track_caller]
    pub fn acquire_many(&self, count: usize) -> Permit<'_> {
        match self.acquire_until(count, Deadline::NEVER) {
            Some(permits) => permits,
            None => refuse_closed("acquire_many"),
        }
    }

    /// As [`acquire_many`](Semaphore::acquire_many), where the semaphore may be [closed](Semaphore::close).
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// [`AcquireError`] if it is closed, or gets so meanwhile. What was there for it goes back.
    ///
    /// # Panics
    /// As [`acquire_many`](Semaphore::acquire_many), but for a closed semaphore.
    #[track_caller]
    pub fn acquire_many_checked(&self, count: usize) -> Result<Permit<'_>, AcquireError> {
        if self.is_closed() {
            return Err(AcquireError);
        }
        let permits = self.acquire_until(count, Deadline::NEVER);
        permits.ok_or(AcquireError)
    }

    /// As [`acquire_many`](Semaphore::acquire_many), for as long as `limit` at most. `None` if there were not enough for it
    /// by then; those that were go to the next.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    #[track_caller]
    pub fn acquire_many_timeout(&self, count: usize, limit: Duration) -> Option<Permit<'_>> {
        self.acquire_until(count, Deadline::after(limit))
    }

    /// Takes `count` permits if there are as many that are not reserved for waiting greenlets. Never waits.
    pub fn try_acquire_many(&self, count: usize) -> Option<Permit<'_>> {
        (self.unreserved() >= count).then(|| self.take(count))
    }

    /// Adds permits, for waiting and later greenlets.
    ///
    /// # Panics
    /// If there were more then than the semaphore may have: `usize::MAX`, or what a [bounded](Semaphore::bounded) one began
    /// with.
    #[track_caller]
    pub fn add_permits(&self, count: usize) {
        if let Err(error) = self.try_add_permits(count) {
            panic!("{error}");
        }
    }

    /// As [`add_permits`](Semaphore::add_permits).
    ///
    /// # Errors
    /// [`TooManyPermits`] if there were more then than the semaphore may have; it has as many as before.
    pub fn try_add_permits(&self, count: usize) -> Result<(), TooManyPermits> {
        let there = self.total.get();
        let total = there.checked_add(count);
        let total = total.filter(|total| *total <= self.most);
        self.total
            .set(total.ok_or(TooManyPermits::new(count, there, self.most))?);
        self.put_back(count);
        Ok(())
    }

    /// Closes the semaphore: all waits end at once, in the order in which they came, without a permit, and later ones do not begin.
    /// A greenlet that a permit was reserved for gets it. Permits that were taken stay good, and may be given back. In tokio's shape.
    ///
    /// [`acquire_checked`](Semaphore::acquire_checked) gives an error then, what has a limit or never waits gives `None`, and
    /// [`acquire`](Semaphore::acquire) panics, as `acquire().await.unwrap()` does there.
    ///
    /// # Examples
    /// ```
    /// use greenhub::sync::Semaphore;
    /// use greenhub::{spawn, yield_now};
    /// use std::rc::Rc;
    ///
    /// let semaphore = Rc::new(Semaphore::new(0));
    /// let waiter = spawn({
    ///     let semaphore = semaphore.clone();
    ///     move || semaphore.acquire_checked().is_err()
    /// });
    /// yield_now();
    /// semaphore.close();
    /// assert!(waiter.join().unwrap());
    /// ```
    pub fn close(&self) {
        if !self.is_closed.replace(true) {
            self.many.set(self.many.get() + 1);
            self.waiters.notify_all();
        }
    }

    /// The semaphore was [closed](Semaphore::close).
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.is_closed.get()
    }

    /// How many permits there are now that no waiting greenlet has a reservation to: none if it is closed.
    #[must_use]
    pub fn available_permits(&self) -> usize {
        self.unreserved()
    }

    #[inline]
    #[track_caller]
    fn acquire_until(&self, count: usize, deadline: Deadline) -> Option<Permit<'_>> {
        if self.unreserved() >= count {
            return Some(self.take(count));
        }
        if count == 1 {
            return self.wait(
                &mut WaitRequest::new("acquire", WaitReason::SEMAPHORE, deadline),
                || self.take(1),
            );
        }
        self.gather(count, deadline)
    }

    /// Takes what is there again and again, first in the queue, until it has enough.
    #[inline(never)]
    #[track_caller]
    fn gather(&self, count: usize, deadline: Deadline) -> Option<Permit<'_>> {
        assert!(
            count <= self.most,
            "{count} permits were asked for, and the semaphore never has more than {}",
            self.most
        );
        let mut gathered = self.take(0);
        // All that is not reserved, or a later greenlet would take it. One by one: another multi-acquire that was killed may not have
        // unwound yet, and as long as it counts no more than one permit is free at a time.
        while gathered.count < count && self.has_unreserved() {
            gathered.merge(self.take(1));
        }
        let _many = MultiAcquire::new(self);
        let mut request = WaitRequest::new("acquire", WaitReason::SEMAPHORE, deadline);
        while gathered.count < count {
            self.wait(&mut request, || {
                let there = self.permits.get().min(count - gathered.count);
                gathered.merge(self.take(there));
            })?;
        }
        Some(gathered)
    }

    /// Waits in the queue, and takes when it is woken.
    #[inline(always)]
    #[track_caller]
    fn wait<R>(&self, request: &mut WaitRequest, take: impl FnOnce() -> R) -> Option<R> {
        if self.is_closed() {
            return None;
        }
        match request.in_queue(self) {
            // The reservation is dropped at the end of the arm.
            Acquired::Reserved(_reservation) => Some(take()),
            // All are notified only when it is closed.
            Acquired::Retry | Acquired::TimedOut => None,
        }
    }

    #[inline(always)]
    fn take(&self, count: usize) -> Permit<'_> {
        self.permits.set(self.permits.get() - count);
        Permit {
            semaphore: self,
            count,
        }
    }

    #[inline(always)]
    pub(super) fn put_back(&self, count: usize) {
        self.permits.set(self.permits.get() + count);
        self.wake_waiters_if_any();
    }

    /// Takes `count` permits away for good.
    pub(super) fn lose(&self, count: usize) {
        self.total.set(self.total.get() - count);
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn refuse_closed(verb: &str) -> ! {
    let place = Location::caller();
    panic!("{verb} at {place}: the semaphore is closed (`acquire_checked` gives an error instead)")
}

/// One that waits for more than one permit.
struct MultiAcquire<'a>(&'a Semaphore);

impl<'a> MultiAcquire<'a> {
    fn new(semaphore: &'a Semaphore) -> MultiAcquire<'a> {
        semaphore.many.set(semaphore.many.get() + 1);
        MultiAcquire(semaphore)
    }
}

impl Drop for MultiAcquire<'_> {
    fn drop(&mut self) {
        self.0.many.set(self.0.many.get() - 1);
        self.0.wake_waiters();
    }
}

impl Resource for Semaphore {
    #[inline(always)]
    fn queue(&self) -> &WaitQueue {
        &self.waiters
    }

    /// While a greenlet waits for several permits, waiters are woken one at a time: the woken one may need all there are.
    #[inline(always)]
    fn available(&self) -> usize {
        match self.many.get() {
            0 => self.permits.get(),
            _ if self.is_closed() => 0,
            _ => self.permits.get().min(1),
        }
    }
}

impl Permit<'_> {
    /// Gives nothing back: the semaphore has fewer permits until they are [added](Semaphore::add_permits) again.
    pub fn forget(self) {
        let semaphore = self.semaphore;
        semaphore.lose(self.into_count());
    }

    /// How many they are. They are not given back.
    pub(super) fn into_count(mut self) -> usize {
        mem::take(&mut self.count)
    }

    fn merge(&mut self, other: Permit<'_>) {
        self.count += other.into_count();
    }
}

impl Drop for Permit<'_> {
    #[inline]
    fn drop(&mut self) {
        self.semaphore.put_back(self.count);
    }
}

impl Sealed for Semaphore {}

/// Ready while there is a permit that no waiting greenlet has a reservation to, and when it is closed.
impl Waitable for Semaphore {
    fn wait_target(&self) -> WaitTarget<'_> {
        WaitTarget {
            ready: self.has_unreserved() || self.is_closed(),
            point: WaitPoint::Observe(&self.waiters),
            reason: WaitReason::SEMAPHORE,
        }
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore")
            .field("available_permits", &self.available_permits())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Permit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}
