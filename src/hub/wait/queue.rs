//! A line of greenlets for things of which there may be several, each taken by one: permits, items, places.
//!
//! ```text
//!   available 2, called 1          a, called before, has not run yet: one of the two things is its
//!   takers:  [b, c]                serve(): available > called, so b is called too; c goes on waiting
//!   lookers: [d]                   told when a thing is there and no taker waits for it: they look, and are promised nothing
//!
//!   whoever comes now takes what is there beyond what was promised to those who were called, and that is nothing:
//!   nobody overtakes, though nothing is handed over before it is taken
//! ```
//! A called taker has a [`Claim`]. It ends when that greenlet has taken its thing, or cannot any more because it unwinds, or
//! has found that it does not want it; then the next is called, if there is something for it.
//!
//! A looker wants to know when something is there and takes it by a call of its own, if it is still there then. So lookers
//! hold nothing back from takers, or from one another.
//!
//! # Invariant
//! After [`serve`](Supply::serve), either everything available is promised or no taker waits that can be called.

use std::cell::Cell;

use crate::hub::current;
use crate::hub::reactor::clock::Deadline;
use crate::hub::wait::park::{self, Wait};
use crate::hub::wait::waker::{WaitList, Waker};
use crate::list::{Node, Scan};
use crate::waiting::WakeReason;

/// The takers and lookers of a thing, and how many takers were called and have not taken theirs yet.
pub(crate) struct WaitQueue {
    acquirers: WaitList,
    observers: WaitList,
    reserved: Cell<usize>,
}

/// What has things to give, and a line for them.
pub(crate) trait Resource {
    /// The greenlets that wait for them.
    fn queue(&self) -> &WaitQueue;

    /// How many there are, promised ones included.
    fn available(&self) -> usize;

    /// A taker has begun to wait, and is in no line yet. Where a counterpart must run first to make its thing, that one is
    /// called, and the wait is bound to it: true. Where there is none, those are told that look for such a taker.
    #[inline(always)]
    fn pair(&self, _taker: &Wait) -> bool {
        false
    }

    /// As `meet`, for a taker that meets no counterpart.
    #[inline(always)]
    fn announce_acquirer(&self) {}

    /// A reservation has ended.
    #[inline(always)]
    fn reservation_ended(&self) {
        self.wake_waiters();
    }

    /// There still is a thing for a taker that was called.
    #[inline(always)]
    fn still_has(&self) -> bool {
        self.available() > 0
    }

    /// How many of them are promised to no taker.
    #[inline(always)]
    fn unreserved(&self) -> usize {
        self.available().saturating_sub(self.queue().reserved.get())
    }

    /// There is one that is promised to no taker.
    #[inline(always)]
    fn has_unreserved(&self) -> bool {
        self.available() > self.queue().reserved.get()
    }

    /// There is one, and no taker was called before and has not taken its own: what comes now is the first.
    #[inline(always)]
    fn is_uncontended(&self) -> bool {
        self.queue().reserved.get() == 0 && self.available() > 0
    }

    /// Takers are called when there is something for them. Where they are not, each is called by a counterpart that comes.
    #[inline(always)]
    fn wakes_waiters(&self) -> bool {
        true
    }

    /// Calls the takers for which there is something, and tells lookers of what is left. To be done after each change that
    /// makes more available.
    #[inline(always)]
    fn wake_waiters(&self) {
        // Mostly no greenlet waits, which is the cheapest to see.
        if self.queue().is_empty() || !self.wakes_waiters() {
            return;
        }
        while self.has_unreserved() && self.queue().wake_next() {}
        if !self.queue().observers.is_empty() {
            notify_observers_of(self);
        }
    }

    /// The same, small where it is called: for what mostly no greenlet waits for.
    #[inline(always)]
    fn wake_waiters_if_any(&self) {
        if !self.queue().is_empty() {
            wake_waiters_slow(self);
        }
    }
}

#[inline(never)]
fn wake_waiters_slow<S: Resource + ?Sized>(resource: &S) {
    resource.wake_waiters();
}

#[cold]
#[inline(never)]
fn reserve_behind<'a, S: Resource + ?Sized>(resource: &'a S) -> Option<Reservation<'a, S>> {
    let reservation = Reservation::reserve(resource);
    park::yield_if_allowed().then_some(reservation)
}

#[cold]
#[inline(never)]
fn notify_observers_of<S: Resource + ?Sized>(resource: &S) {
    if resource.has_unreserved() {
        resource.queue().notify_observers();
    }
}

/// How a wait in a line has ended.
pub(crate) enum Acquired<'a, S: Resource + ?Sized> {
    /// A thing is there for this greenlet.
    Reserved(Reservation<'a, S>),
    /// Something has changed: it is time to look again.
    Retry,
    /// The time is over.
    TimedOut,
}

/// The right of a greenlet that was called to one of the things. Once it is dropped the next is called, if there is
/// something left: so take first.
pub(crate) struct Reservation<'a, S: Resource + ?Sized>(&'a S);

impl<'a, S: Resource + ?Sized> Reservation<'a, S> {
    /// Of a greenlet whose wait has ended with a call from the line of `resource`, once for each call; or for a promise whose
    /// reservation was forgotten.
    #[inline(always)]
    pub(crate) fn new(resource: &'a S) -> Reservation<'a, S> {
        Reservation(resource)
    }

    /// Promises one to the running greenlet, as if it had been called.
    pub(crate) fn reserve(resource: &'a S) -> Reservation<'a, S> {
        let called = &resource.queue().reserved;
        called.set(called.get() + 1);
        Reservation(resource)
    }

    /// Promises one to the running greenlet where takers were called that have not run yet: it comes behind them, so they run
    /// first. `None` if no taker was called, if there is nothing more, or where the running greenlet may not be left.
    #[inline(always)]
    pub(crate) fn reserve_behind_others(resource: &'a S) -> Option<Reservation<'a, S>> {
        if resource.queue().reserved.get() == 0 || !resource.has_unreserved() {
            return None;
        }
        reserve_behind(resource)
    }

    /// There still is a thing for it: where things can be withdrawn, that may be over.
    pub(crate) fn holds(&self) -> bool {
        self.0.still_has()
    }
}

impl<S: Resource + ?Sized> Drop for Reservation<'_, S> {
    #[inline(always)]
    fn drop(&mut self) {
        let called = &self.0.queue().reserved;
        called.set(called.get() - 1);
        self.0.reservation_ended();
    }
}

impl WaitQueue {
    pub(crate) const fn new() -> WaitQueue {
        WaitQueue {
            acquirers: WaitList::new(),
            observers: WaitList::new(),
            reserved: Cell::new(0),
        }
    }

    /// The list of its takers, to wait in beside others.
    #[inline(always)]
    pub(crate) fn acquirers(&self) -> &WaitList {
        &self.acquirers
    }

    /// The list of its lookers.
    #[inline(always)]
    pub(crate) fn observers(&self) -> &WaitList {
        &self.observers
    }

    /// This wait of the running greenlet has ended with a call from this line: it has a reservation.
    #[inline(always)]
    pub(in crate::hub) fn has_woken(&self, wait: &Wait) -> bool {
        wait.woken_by() == Some(self.acquirers.id())
    }

    /// The takers that were called, and have not taken their thing yet.
    #[inline(always)]
    pub(crate) fn reserved(&self) -> usize {
        self.reserved.get()
    }

    /// Nothing waits, as a taker or as a looker.
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.acquirers.is_empty() & self.observers.is_empty()
    }

    /// A taker waits, or has waited and is still in the list.
    #[inline(always)]
    pub(crate) fn has_acquirer(&self) -> bool {
        !self.acquirers.is_empty()
    }

    /// A taker waits that can be called.
    pub(crate) fn has_wakeable(&self) -> bool {
        self.acquirers.has_wakeable()
    }

    /// Tells all who wait that something has changed for them.
    pub(crate) fn notify_all(&self) {
        if !self.is_empty() {
            self.acquirers.wake_all();
            self.observers.wake_all();
        }
    }

    /// Tells all lookers that there may be something for them.
    pub(crate) fn notify_observers(&self) {
        if !self.observers.is_empty() {
            self.observers.wake_all();
        }
    }

    /// Calls the first taker that can be called, whether there is something or not. False if there is none, or nothing runs
    /// any more since the hub is gone.
    #[inline(always)]
    pub(crate) fn wake_next(&self) -> bool {
        let is_called = self.acquirers.wake_first();
        if is_called {
            self.reserved.set(self.reserved.get() + 1);
        }
        is_called
    }

    /// Calls this taker of the line. False if it cannot be called any more.
    pub(crate) fn wake(&self, taker: Waker) -> bool {
        let Some(hub) = current() else {
            return false;
        };
        let is_called = taker.wake_by(self.acquirers.id());
        if is_called {
            taker.make_ready(&hub.run_queue);
            self.reserved.set(self.reserved.get() + 1);
        }
        is_called
    }

    /// Takes the first taker out of the line, if it can be called and `is_wanted` says so of its rank. Its wait is to be ended
    /// by the caller of this.
    #[inline(always)]
    pub(crate) fn take_front_if(&self, is_wanted: impl FnOnce(u64) -> bool) -> Option<Waker> {
        let takers = &self.acquirers.wakers;
        takers.pop_front_if(|taker, rank| taker.can_be_woken() && is_wanted(rank))
    }

    /// The first taker that can be called, if `take` wants it, which is given its rank: it leaves the line, and its wait is
    /// to be ended by the caller of this.
    pub(crate) fn take_first(&self, mut take: impl FnMut(&Waker, u64) -> Scan) -> Option<Waker> {
        self.acquirers.wakers.take_first(|taker, rank| {
            if taker.can_be_woken() {
                take(taker, rank)
            } else {
                taker.skip()
            }
        })
    }
}

/// Waits in the queue of `resource` until one is reserved for this greenlet, until all are notified, or until `deadline`.
#[inline(always)]
pub(super) fn wait<'a, R: Resource + ?Sized>(
    resource: &'a R,
    wait: &Wait,
    rank: u64,
    deadline: Deadline,
) -> Acquired<'a, R> {
    let is_bound = resource.pair(wait);
    let node = Node::new(wait.waker(), rank);
    // SAFETY: the link is dropped at the end of this function, before the node; if this frame is never left, the node
    // stays where it is for ever; and the list is borrowed meanwhile.
    let _link = unsafe { resource.queue().acquirers.wakers.insert(&node) };
    let taken = TakeReservation { resource, wait };
    let woken = wait.park(if is_bound { Deadline::NEVER } else { deadline });
    match (woken, taken.answer()) {
        (_, Some(reservation)) => Acquired::Reserved(reservation),
        (WakeReason::Notified, None) => Acquired::Retry,
        (WakeReason::TimedOut, None) => Acquired::TimedOut,
    }
}

/// Pairs the running greenlet with a counterpart that must run first to make a thing, and waits for that alone, in no
/// queue. `None` if there is none, or if the thing did not come.
pub(super) fn wait_for_counterpart<'a, R: Resource + ?Sized>(
    resource: &'a R,
    wait: &Wait,
) -> Option<Reservation<'a, R>> {
    if !resource.pair(wait) {
        return None;
    }
    let taken = TakeReservation { resource, wait };
    wait.park(Deadline::NEVER);
    taken.answer()
}

/// Takes the call that has ended a wait, also where the wait unwinds.
struct TakeReservation<'a, 'p, S: Resource + ?Sized> {
    resource: &'a S,
    wait: &'p Wait,
}

impl<'a, S: Resource + ?Sized> TakeReservation<'a, '_, S> {
    fn answer(self) -> Option<Reservation<'a, S>> {
        let reservation = self.reservation();
        std::mem::forget(self);
        reservation
    }

    #[inline(always)]
    fn reservation(&self) -> Option<Reservation<'a, S>> {
        let is_called = self.resource.queue().has_woken(self.wait);
        is_called.then(|| Reservation::new(self.resource))
    }
}

impl<S: Resource + ?Sized> Drop for TakeReservation<'_, '_, S> {
    fn drop(&mut self) {
        drop(self.reservation());
    }
}
