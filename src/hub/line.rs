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
use std::panic::Location;

use super::park::{self, Parking};
use super::waiter::{WaitList, Waiter};
use super::{Nanos, existing};
use crate::error::WaitRefused;
use crate::list::{Node, Scan};
use crate::waiting::{WaitReason, Woken};

/// The takers and lookers of a thing, and how many takers were called and have not taken theirs yet.
pub(crate) struct Line {
    takers: WaitList,
    lookers: WaitList,
    called: Cell<usize>,
}

/// What has things to give, and a line for them.
pub(crate) trait Supply {
    /// The greenlets that wait for them.
    fn line(&self) -> &Line;

    /// How many there are, promised ones included.
    fn available(&self) -> usize;

    /// A taker has begun to wait, and is in no line yet. Where a counterpart must run first to make its thing, that one is
    /// called, and the wait is bound to it: true. Where there is none, those are told that look for such a taker.
    #[inline(always)]
    fn meet(&self, _taker: &Parking) -> bool {
        false
    }

    /// As `meet`, for a taker that meets no counterpart.
    #[inline(always)]
    fn announce(&self) {}

    /// A claim has ended.
    #[inline(always)]
    fn release(&self) {
        self.serve();
    }

    /// There still is a thing for a taker that was called.
    #[inline(always)]
    fn holds(&self) -> bool {
        self.available() > 0
    }

    /// How many of them are promised to no taker.
    #[inline(always)]
    fn unpromised(&self) -> usize {
        self.available().saturating_sub(self.line().called.get())
    }

    /// There is one that is promised to no taker.
    #[inline(always)]
    fn is_free(&self) -> bool {
        self.available() > self.line().called.get()
    }

    /// There is one, and no taker was called before and has not taken its own: what comes now is the first.
    #[inline(always)]
    fn is_open(&self) -> bool {
        self.line().called.get() == 0 && self.available() > 0
    }

    /// Takers are called when there is something for them. Where they are not, each is called by a counterpart that comes.
    #[inline(always)]
    fn is_served(&self) -> bool {
        true
    }

    /// Calls the takers for which there is something, and tells lookers of what is left. To be done after each change that
    /// makes more available.
    #[inline(always)]
    fn serve(&self) {
        // Mostly no greenlet waits, which is the cheapest to see.
        if self.line().has_no_waiter() || !self.is_served() {
            return;
        }
        while self.is_free() && self.line().call_next() {}
        if !self.line().lookers.is_empty() {
            tell_lookers(self);
        }
    }

    /// The same, small where it is called: for what mostly no greenlet waits for.
    #[inline(always)]
    fn serve_rarely(&self) {
        if !self.line().has_no_waiter() {
            serve_slow(self);
        }
    }
}

#[inline(never)]
fn serve_slow<S: Supply + ?Sized>(supply: &S) {
    supply.serve();
}

#[cold]
#[inline(never)]
fn promise_behind<'a, S: Supply + ?Sized>(
    supply: &'a S,
    place: &'static Location<'static>,
) -> Option<Claim<'a, S>> {
    let claim = Claim::promise(supply);
    park::give_way(place).then_some(claim)
}

#[cold]
#[inline(never)]
fn tell_lookers<S: Supply + ?Sized>(supply: &S) {
    if supply.is_free() {
        supply.line().tell_lookers();
    }
}

/// How a wait in a line has ended.
pub(crate) enum Turn<'a, S: Supply + ?Sized> {
    /// A thing is there for this greenlet.
    Mine(Claim<'a, S>),
    /// Something has changed: it is time to look again.
    Told,
    /// The time is over.
    TimedOut,
}

/// The right of a greenlet that was called to one of the things. Once it is dropped the next is called, if there is
/// something left: so take first.
pub(crate) struct Claim<'a, S: Supply + ?Sized>(&'a S);

impl<'a, S: Supply + ?Sized> Claim<'a, S> {
    /// Of a greenlet whose wait has ended with a call from the line of `supply`, once for each call; or for a promise whose
    /// claim was forgotten.
    #[inline(always)]
    pub(crate) fn new(supply: &'a S) -> Claim<'a, S> {
        Claim(supply)
    }

    /// Promises one to the running greenlet, as if it had been called.
    pub(crate) fn promise(supply: &'a S) -> Claim<'a, S> {
        let called = &supply.line().called;
        called.set(called.get() + 1);
        Claim(supply)
    }

    /// Promises one to the running greenlet where takers were called that have not run yet: it comes behind them, so they run
    /// first. `None` if no taker was called, if there is nothing more, or where the running greenlet may not be left.
    #[inline(always)]
    pub(crate) fn behind_others(
        supply: &'a S,
        place: &'static Location<'static>,
    ) -> Option<Claim<'a, S>> {
        if supply.line().called.get() == 0 || !supply.is_free() {
            return None;
        }
        promise_behind(supply, place)
    }

    /// There still is a thing for it: where things can be withdrawn, that may be over.
    pub(crate) fn holds(&self) -> bool {
        self.0.holds()
    }
}

impl<S: Supply + ?Sized> Drop for Claim<'_, S> {
    #[inline(always)]
    fn drop(&mut self) {
        let called = &self.0.line().called;
        called.set(called.get() - 1);
        self.0.release();
    }
}

impl Line {
    pub(crate) const fn new() -> Line {
        Line {
            takers: WaitList::new(),
            lookers: WaitList::new(),
            called: Cell::new(0),
        }
    }

    /// The list of its takers, to wait in beside others.
    #[inline(always)]
    pub(crate) fn takers(&self) -> &WaitList {
        &self.takers
    }

    /// The list of its lookers.
    #[inline(always)]
    pub(crate) fn lookers(&self) -> &WaitList {
        &self.lookers
    }

    /// This wait of the running greenlet has ended with a call from this line: it has a claim.
    #[inline(always)]
    pub(super) fn has_called(&self, parking: &Parking) -> bool {
        parking.caller() == Some(self.takers.address())
    }

    /// The takers that were called, and have not taken their thing yet.
    #[inline(always)]
    pub(crate) fn called(&self) -> usize {
        self.called.get()
    }

    /// Nothing waits, as a taker or as a looker.
    #[inline(always)]
    pub(crate) fn has_no_waiter(&self) -> bool {
        self.takers.is_empty() & self.lookers.is_empty()
    }

    /// A taker waits, or has waited and is still in the list.
    #[inline(always)]
    pub(crate) fn has_taker(&self) -> bool {
        !self.takers.is_empty()
    }

    /// A taker waits that can be called.
    pub(crate) fn has_undecided(&self) -> bool {
        self.takers.has_undecided()
    }

    /// Tells all who wait that something has changed for them.
    pub(crate) fn tell_all(&self) {
        if !self.has_no_waiter() {
            self.takers.wake_all();
            self.lookers.wake_all();
        }
    }

    /// Tells all lookers that there may be something for them.
    pub(crate) fn tell_lookers(&self) {
        if !self.lookers.is_empty() {
            self.lookers.wake_all();
        }
    }

    /// Calls the first taker that can be called, whether there is something or not. False if there is none, or nothing runs
    /// any more since the hub is gone.
    #[inline(always)]
    pub(crate) fn call_next(&self) -> bool {
        let is_called = self.takers.call_first();
        if is_called {
            self.called.set(self.called.get() + 1);
        }
        is_called
    }

    /// Calls this taker of the line. False if it cannot be called any more.
    pub(crate) fn call(&self, taker: Waiter) -> bool {
        let Some(hub) = existing() else {
            return false;
        };
        let is_called = taker.call(self.takers.address());
        if is_called {
            taker.queue(&hub.ready);
            self.called.set(self.called.get() + 1);
        }
        is_called
    }

    /// Takes the first taker out of the line, if it can be called and `is_wanted` says so of its rank. Its wait is to be ended
    /// by the caller of this.
    #[inline(always)]
    pub(crate) fn take_front_if(&self, is_wanted: impl FnOnce(u64) -> bool) -> Option<Waiter> {
        let takers = &self.takers.waiters;
        takers.pop_front_if(|taker, rank| taker.is_undecided() && is_wanted(rank))
    }

    /// The first taker that can be called, if `take` wants it, which is given its rank: it leaves the line, and its wait is
    /// to be ended by the caller of this.
    pub(crate) fn take_first(&self, mut take: impl FnMut(&Waiter, u64) -> Scan) -> Option<Waiter> {
        self.takers.waiters.take_first(|taker, rank| {
            if taker.is_undecided() {
                take(taker, rank)
            } else {
                taker.pass_over()
            }
        })
    }
}

/// Waits in the line of `supply` until called, until all are told something, or until the clock has reached `deadline`.
/// A greenlet that comes again, since others were first all the same, says its `rank` and gets its old place back.
///
/// # Errors
/// [`WaitRefused`] where the running greenlet may not be left.
#[inline(always)]
pub(crate) fn wait_in_line<'a, S: Supply + ?Sized>(
    supply: &'a S,
    reason: WaitReason,
    place: &'static Location<'static>,
    deadline: Option<Nanos>,
    rank: &mut Option<u64>,
) -> Result<Turn<'a, S>, WaitRefused> {
    let parking = Parking::begin(reason, place)?;
    let rank = *rank.get_or_insert(parking.ticket());
    let is_bound = supply.meet(&parking);
    let node = Node::new(parking.waiter(), rank);
    // SAFETY: the link is dropped at the end of this function, before the node; if this frame is never left, the node
    // stays where it is for ever; and the list is borrowed meanwhile.
    let _link = unsafe { supply.line().takers.waiters.insert(&node) };
    let calls = Calls {
        supply,
        parking: &parking,
    };
    let woken = parking.park_in_place(if is_bound { None } else { deadline });
    Ok(match (woken, calls.answer()) {
        (_, Some(claim)) => Turn::Mine(claim),
        (Woken::Called, None) => Turn::Told,
        (Woken::TimedOut, None) => Turn::TimedOut,
    })
}

/// Meets a counterpart that must run first to make a thing, and waits for that alone, in no line: for calls that wait for
/// nobody's decision. `None` if there is none, if the thing did not come, or where the running greenlet may not be left.
#[cold]
#[inline(never)]
pub(crate) fn meet_now<'a, S: Supply + ?Sized>(
    supply: &'a S,
    reason: WaitReason,
    place: &'static Location<'static>,
) -> Option<Claim<'a, S>> {
    if !park::may_park() {
        return None;
    }
    let parking = Parking::begin(reason, place).ok()?;
    if !supply.meet(&parking) {
        return None;
    }
    let calls = Calls {
        supply,
        parking: &parking,
    };
    parking.park_in_place(None);
    calls.answer()
}

/// Takes the call that has ended a wait, also where the wait unwinds.
struct Calls<'a, 'p, S: Supply + ?Sized> {
    supply: &'a S,
    parking: &'p Parking,
}

impl<'a, S: Supply + ?Sized> Calls<'a, '_, S> {
    fn answer(self) -> Option<Claim<'a, S>> {
        let claim = self.claim();
        std::mem::forget(self);
        claim
    }

    #[inline(always)]
    fn claim(&self) -> Option<Claim<'a, S>> {
        let is_called = self.supply.line().has_called(self.parking);
        is_called.then(|| Claim::new(self.supply))
    }
}

impl<S: Supply + ?Sized> Drop for Calls<'_, '_, S> {
    fn drop(&mut self) {
        drop(self.claim());
    }
}
