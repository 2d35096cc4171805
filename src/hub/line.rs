//! A line of greenlets for things of which there may be several, each taken by one: permits, items, places.
//!
//! ```text
//!   available 2, called 1          a, called before, has not run yet: one of the two things is its
//!   waiters: [b, c]                serve(): available > called, so b is called too; c goes on waiting
//!
//!   whoever comes now takes what is there beyond what was promised to those who were called, and that is nothing:
//!   nobody overtakes, though nothing is handed over before it is taken
//! ```
//! Who is called has a [`Claim`]. It ends when that greenlet has taken its thing, or cannot any more because it unwinds, or
//! has found that it does not want it; then the next is called, if there is something for it.
//!
//! # Invariant
//! After [`serve`](Supply::serve), either everything available is promised or nobody waits.

use std::cell::Cell;
use std::panic::Location;

use super::park::Parking;
use super::waiter::WaitList;
use super::{Nanos, existing};
use crate::error::WaitRefused;
use crate::list::Node;
use crate::waiting::{Reason, Woken};

/// Those who wait, and how many were called and have not taken their thing yet.
pub(crate) struct Line {
    waiters: WaitList,
    called: Cell<usize>,
}

/// What has things to give, and a line for them.
pub(crate) trait Supply {
    /// Who waits for them.
    fn line(&self) -> &Line;

    /// How many there are, promised ones included.
    fn available(&self) -> usize;

    /// Somebody is about to wait in the line, who has found nothing.
    #[inline(always)]
    fn expect(&self) {}

    /// How many of them were promised to nobody.
    #[inline(always)]
    fn unpromised(&self) -> usize {
        self.available().saturating_sub(self.line().called.get())
    }

    /// There is one that was promised to nobody.
    #[inline(always)]
    fn is_free(&self) -> bool {
        self.available() > self.line().called.get()
    }

    /// There is one, and nobody was called before and has not taken his: whoever takes it now is the first.
    #[inline(always)]
    fn is_open(&self) -> bool {
        self.line().called.get() == 0 && self.available() > 0
    }

    /// Calls those for whom there is something. To be done after each change that makes more available.
    #[inline(always)]
    fn serve(&self) {
        // Mostly nobody waits, which is the cheapest to see.
        while !self.line().waiters.is_empty() && self.is_free() && self.line().call_next() {}
    }

    /// The same, small where it is called: for what mostly nobody waits for.
    #[inline(always)]
    fn serve_rarely(&self) {
        if !self.line().waiters.is_empty() {
            serve_slow(self);
        }
    }
}

#[inline(never)]
fn serve_slow<S: Supply + ?Sized>(supply: &S) {
    supply.serve();
}

/// How a wait in a line has ended.
pub(crate) enum Turn<'a, S: Supply + ?Sized> {
    /// A thing is there for this greenlet.
    Mine(Claim<'a, S>),
    /// All who wait were told that something has changed.
    Told,
    /// The time is over.
    TimedOut,
}

/// The right of a greenlet that was called to one of the things. Once it is dropped the next is called, if there is
/// something left: so take first.
pub(crate) struct Claim<'a, S: Supply + ?Sized>(&'a S);

impl<'a, S: Supply + ?Sized> Claim<'a, S> {
    /// Of a greenlet whose wait has ended with a call from the line of `supply`, once for each call.
    #[inline(always)]
    pub(super) fn new(supply: &'a S) -> Claim<'a, S> {
        Claim(supply)
    }

    /// Promises one to the running greenlet, as if it had been called.
    pub(crate) fn promise(supply: &'a S) -> Claim<'a, S> {
        let called = &supply.line().called;
        called.set(called.get() + 1);
        Claim(supply)
    }

    /// There still is a thing for it: where things can be withdrawn, that may be over.
    pub(crate) fn holds(&self) -> bool {
        self.0.available() > 0
    }
}

impl<S: Supply + ?Sized> Drop for Claim<'_, S> {
    #[inline(always)]
    fn drop(&mut self) {
        let called = &self.0.line().called;
        called.set(called.get() - 1);
        self.0.serve();
    }
}

impl Line {
    pub(crate) const fn new() -> Line {
        Line {
            waiters: WaitList::new(),
            called: Cell::new(0),
        }
    }

    /// The list to wait in beside others.
    pub(super) fn waiters(&self) -> &WaitList {
        &self.waiters
    }

    /// This wait of the running greenlet has ended with a call from this line: it has a claim.
    #[inline(always)]
    pub(super) fn has_called(&self, parking: &Parking) -> bool {
        parking.caller() == Some(self.waiters.address())
    }

    /// Those who were called, and have not taken their thing yet.
    pub(crate) fn called(&self) -> usize {
        self.called.get()
    }

    /// Nobody waits, and nobody was called and has not taken its thing yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.called.get() == 0 && self.waiters.is_empty()
    }

    /// How many wait whom a call would reach, counted up to `most`.
    pub(crate) fn count_parked(&self, most: usize) -> usize {
        self.waiters.count_parked(most)
    }

    /// Tells all who wait that something has changed for them.
    pub(crate) fn tell_all(&self) {
        if !self.waiters.is_empty() {
            self.waiters.wake_all();
        }
    }

    /// Calls the first who waits, whether there is something or not. False if nobody waits, or nobody runs any more, for the
    /// hub is gone.
    #[inline(always)]
    pub(crate) fn call_next(&self) -> bool {
        let is_called = !self.waiters.is_empty()
            && existing().is_some_and(|hub| self.waiters.call_first_into(&hub.ready));
        if is_called {
            self.called.set(self.called.get() + 1);
        }
        is_called
    }
}

/// Waits in the line of `supply` until called, until all are told something, or until the clock has reached `deadline`.
/// Whoever comes again, since others were first all the same, says its `rank` and gets its old place back.
///
/// # Errors
/// [`WaitRefused`] where the running greenlet may not be left.
#[inline(always)]
pub(crate) fn wait_in_line<'a, S: Supply + ?Sized>(
    supply: &'a S,
    reason: Reason,
    place: &'static Location<'static>,
    deadline: Option<Nanos>,
    rank: &mut Option<u64>,
) -> Result<Turn<'a, S>, WaitRefused> {
    supply.expect();
    let parking = Parking::begin(reason, place)?;
    let rank = *rank.get_or_insert(parking.ticket());
    let node = Node::new(parking.waiter(), rank);
    // SAFETY: the link is dropped at the end of this function, before the node; if this frame is never left, the node
    // stays where it is for ever; and the list is borrowed meanwhile.
    let _link = unsafe { supply.line().waiters.waiters.insert(&node) };
    let calls = Calls {
        supply,
        parking: &parking,
    };
    let woken = parking.park_in_place(deadline);
    Ok(match (woken, calls.answer()) {
        (_, Some(claim)) => Turn::Mine(claim),
        (Woken::Called, None) => Turn::Told,
        (Woken::TimedOut, None) => Turn::TimedOut,
    })
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
