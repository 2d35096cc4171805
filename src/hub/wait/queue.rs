//! A queue of greenlets that wait for things of which there may be several, each taken by one: permits, items, room.
//!
//! ```text
//!   available 2, reserved 1     a was woken and has not run yet: one of the two things is reserved for it
//!   acquirers: [b, c]           wake_waiters(): available > reserved, so b is woken too; c waits on
//!   observers: [d]              notified when a thing is there and no acquirer waits for it; nothing is reserved for d
//!
//!   a newcomer takes only what is available and not reserved, and that is nothing: no greenlet overtakes another,
//!   though a thing is in no greenlet's hands before it is taken
//! ```
//! A woken acquirer holds a [`Reservation`] until it takes the thing, gives up, or unwinds; then the next one is woken, if there
//! is something for it.
//!
//! An observer wants to know when a thing is there, and takes it by a call of its own, if it is still there then. So observers
//! hold nothing back from acquirers, or from one another.
//!
//! # Invariant
//! After [`wake_waiters`](Resource::wake_waiters), either everything available is reserved or no acquirer can be woken.

use std::cell::Cell;

use crate::hub::current;
use crate::hub::reactor::clock::Deadline;
use crate::hub::wait::park::{self, Wait};
use crate::hub::wait::waker::{WaitList, Waker};
use crate::list::{Node, Scan};
use crate::waiting::WakeReason;

/// The acquirers and observers of a thing, and how many acquirers were woken and have not taken theirs yet.
pub(crate) struct WaitQueue {
    acquirers: WaitList,
    observers: WaitList,
    reserved: Cell<usize>,
}

/// A source of things with a queue of the greenlets that wait for them.
pub(crate) trait Resource {
    /// The greenlets that wait for them.
    fn queue(&self) -> &WaitQueue;

    /// How many there are, reserved ones included.
    fn available(&self) -> usize;

    /// An acquirer has begun to wait, and is in no queue yet. If a counterpart must run first to make its thing, that one is
    /// woken, and the wait is bound to it: true. Otherwise the waits are notified that look for such an acquirer.
    #[inline(always)]
    fn pair(&self, _taker: &Wait) -> bool {
        false
    }

    /// As `pair`, for an acquirer that finds no counterpart.
    #[inline(always)]
    fn announce_acquirer(&self) {}

    /// A reservation has ended.
    #[inline(always)]
    fn reservation_ended(&self) {
        self.wake_waiters();
    }

    /// There still is a thing for an acquirer that was woken.
    #[inline(always)]
    fn still_has(&self) -> bool {
        self.available() > 0
    }

    /// How many of them no acquirer has reserved.
    #[inline(always)]
    fn unreserved(&self) -> usize {
        self.available().saturating_sub(self.queue().reserved.get())
    }

    /// There is one that no acquirer has reserved.
    #[inline(always)]
    fn has_unreserved(&self) -> bool {
        self.available() > self.queue().reserved.get()
    }

    /// There is one, and nothing is reserved: a newcomer may take it.
    #[inline(always)]
    fn is_uncontended(&self) -> bool {
        self.queue().reserved.get() == 0 && self.available() > 0
    }

    /// Acquirers are woken when there is something for them. If not, a counterpart wakes each.
    #[inline(always)]
    fn wakes_waiters(&self) -> bool {
        true
    }

    /// Wakes the acquirers for which there is something, and notifies observers of what is left. To be called after each change
    /// that makes more available.
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

    /// The same, small where it is inlined: for resources without waiters most of the time.
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

/// How a wait in a queue has ended.
pub(crate) enum Acquired<'a, S: Resource + ?Sized> {
    /// A thing is there for this greenlet.
    Reserved(Reservation<'a, S>),
    /// Something has changed: it is time to look again.
    Retry,
    /// The time is over.
    TimedOut,
}

/// The right of a woken greenlet to one of the things. Dropping it wakes the next acquirer, if something is left: so take
/// the thing first.
pub(crate) struct Reservation<'a, S: Resource + ?Sized>(&'a S);

impl<'a, S: Resource + ?Sized> Reservation<'a, S> {
    /// For a greenlet that the queue of `resource` has woken, once for each wake; or for a reservation that was forgotten.
    #[inline(always)]
    pub(crate) fn new(resource: &'a S) -> Reservation<'a, S> {
        Reservation(resource)
    }

    /// Reserves one for the running greenlet, as if it had been woken.
    pub(crate) fn reserve(resource: &'a S) -> Reservation<'a, S> {
        let called = &resource.queue().reserved;
        called.set(called.get() + 1);
        Reservation(resource)
    }

    /// Reserves one for the running greenlet where acquirers were woken that have not run yet: they run first. `None` if there
    /// are none, if nothing more is available, or where the running greenlet must not be left.
    #[inline(always)]
    pub(crate) fn reserve_behind_others(resource: &'a S) -> Option<Reservation<'a, S>> {
        if resource.queue().reserved.get() == 0 || !resource.has_unreserved() {
            return None;
        }
        reserve_behind(resource)
    }

    /// The thing is still there: some resources can withdraw it.
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

    /// The list of its acquirers, to wait in beside others.
    #[inline(always)]
    pub(crate) fn acquirers(&self) -> &WaitList {
        &self.acquirers
    }

    /// The list of its observers.
    #[inline(always)]
    pub(crate) fn observers(&self) -> &WaitList {
        &self.observers
    }

    /// This queue has woken this wait: the running greenlet has a reservation.
    #[inline(always)]
    pub(in crate::hub) fn has_woken(&self, wait: &Wait) -> bool {
        wait.woken_by() == Some(self.acquirers.id())
    }

    /// How many acquirers were woken and have not taken their thing yet.
    #[inline(always)]
    pub(crate) fn reserved(&self) -> usize {
        self.reserved.get()
    }

    /// There is neither an acquirer nor an observer.
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.acquirers.is_empty() & self.observers.is_empty()
    }

    /// An acquirer waits, or has waited and is still in the list.
    #[inline(always)]
    pub(crate) fn has_acquirer(&self) -> bool {
        !self.acquirers.is_empty()
    }

    /// An acquirer waits that can be woken.
    pub(crate) fn has_wakeable(&self) -> bool {
        self.acquirers.has_wakeable()
    }

    /// Wakes all waits: something has changed for them.
    pub(crate) fn notify_all(&self) {
        if !self.is_empty() {
            self.acquirers.wake_all();
            self.observers.wake_all();
        }
    }

    /// Wakes all observers: there may be something for them.
    pub(crate) fn notify_observers(&self) {
        if !self.observers.is_empty() {
            self.observers.wake_all();
        }
    }

    /// Wakes the first acquirer that can be woken, whether there is something or not. False if there is none, or if the hub is
    /// gone.
    #[inline(always)]
    pub(crate) fn wake_next(&self) -> bool {
        let is_called = self.acquirers.wake_first();
        if is_called {
            self.reserved.set(self.reserved.get() + 1);
        }
        is_called
    }

    /// Wakes this acquirer of the queue. False if it cannot be woken any more.
    pub(crate) fn wake(&self, acquirer: Waker) -> bool {
        let Some(hub) = current() else {
            return false;
        };
        let is_called = acquirer.wake_by(self.acquirers.id());
        if is_called {
            acquirer.make_ready(&hub.run_queue);
            self.reserved.set(self.reserved.get() + 1);
        }
        is_called
    }

    /// Takes the first acquirer out of the queue, if it can be woken and `is_wanted` says so of its rank. The caller ends its
    /// wait.
    #[inline(always)]
    pub(crate) fn take_front_if(&self, is_wanted: impl FnOnce(u64) -> bool) -> Option<Waker> {
        let acquirers = &self.acquirers.wakers;
        acquirers.pop_front_if(|acquirer, rank| acquirer.can_be_woken() && is_wanted(rank))
    }

    /// The first acquirer that can be woken, if `take`, which is given its rank, wants it: it leaves the queue, and the caller
    /// ends its wait.
    pub(crate) fn take_first(&self, mut take: impl FnMut(&Waker, u64) -> Scan) -> Option<Waker> {
        self.acquirers.wakers.take_first(|acquirer, rank| {
            if acquirer.can_be_woken() {
                take(acquirer, rank)
            } else {
                acquirer.skip()
            }
        })
    }
}

/// Waits in the queue of `resource` until one is reserved for this greenlet, until all are notified, or until `deadline`.
#[inline(always)]
#[track_caller]
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
#[track_caller]
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

/// Takes the reservation with which a wait has ended, also where the wait unwinds.
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
