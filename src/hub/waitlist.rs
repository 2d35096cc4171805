//! Waiting in a list with others, and waking them.

use std::mem::ManuallyDrop;
use std::panic::Location;
use std::rc::Rc;

use super::lines::Spot;
use super::park::Parking;
use super::waiter::{Collector, WaitList, Waiter};
use super::{HubRef, Nanos, existing, get};
use crate::error::WaitRefused;
use crate::list::{Node, Scan};
use crate::waiting::{WaitReason, Woken};

impl WaitList {
    /// Waits until woken through this list.
    ///
    /// # Errors
    /// [`WaitRefused`] where the running greenlet may not be left.
    #[inline(always)]
    pub(crate) fn wait(
        &self,
        reason: WaitReason,
        place: &'static Location<'static>,
    ) -> Result<(), WaitRefused> {
        let parking = Parking::begin(reason, place)?;
        let node = Node::new(parking.waiter(), parking.ticket());
        // SAFETY: the link is dropped at the end of this function, before the node; if this frame is
        // never left, the node stays where it is for ever; and the list is borrowed meanwhile.
        let _link = unsafe { self.waiters.insert(&node) };
        parking.park();
        Ok(())
    }

    /// As `wait`, until the clock has reached `deadline` at the latest. Who comes again, because others
    /// have taken what it was woken for, says its `rank` and gets its old place back; it is set the
    /// first time.
    ///
    /// # Errors
    /// [`WaitRefused`] where the running greenlet may not be left.
    pub(crate) fn wait_until(
        &self,
        reason: WaitReason,
        place: &'static Location<'static>,
        deadline: Option<Nanos>,
        rank: &mut Option<u64>,
    ) -> Result<Woken, WaitRefused> {
        let parking = Parking::begin(reason, place)?;
        let rank = *rank.get_or_insert(parking.ticket());
        let node = Node::new(parking.waiter(), rank);
        // SAFETY: as in `wait`.
        let _link = unsafe { self.waiters.insert(&node) };
        Ok(parking.park_until(deadline))
    }

    /// Wakes all who wait now, in the order in which they came. Where the hub is gone nobody runs any more.
    #[inline]
    pub(crate) fn wake_all(&self) {
        if let Some(hub) = existing() {
            self.wake_all_into(&hub.ready);
        }
    }

    /// Calls the first that can be called. False if there is none.
    #[inline(always)]
    pub(super) fn call_first(&self) -> bool {
        let Some(hub) = existing() else {
            return false;
        };
        let caller = self.address();
        match self.waiters.pop_front_if(|waiter, _| waiter.call(caller)) {
            Some(waiter) => {
                waiter.queue(&hub.ready);
                true
            }
            None => !self.is_empty() && self.call_first_slow(hub),
        }
    }

    #[cold]
    #[inline(never)]
    fn call_first_slow(&self, hub: HubRef) -> bool {
        let called = self.waiters.take_first(|waiter, _| {
            if waiter.call(self.address()) {
                Scan::Take
            } else {
                waiter.pass_over()
            }
        });
        called.is_some_and(|waiter| {
            waiter.queue(&hub.ready);
            true
        })
    }
}

impl Waiter {
    /// Ends the wait. Where the hub is gone nothing runs any more.
    pub(crate) fn wake(self) {
        if let Some(hub) = existing() {
            self.end(Woken::Called, &hub.ready);
        }
    }

    /// Undoes `bind`, for what that gave: the greenlet looks again when its turn comes. What it can be called as until
    /// then, if its wait has not ended meanwhile.
    pub(crate) fn unbind(self) -> Option<Waiter> {
        let (hub, Waiter::One { greenlet, ticket }) = (existing()?, self) else {
            return None;
        };
        greenlet.wait().unbind(ticket).then(|| {
            hub.ready.push(greenlet.clone());
            let ticket = greenlet.wait().ticket();
            Waiter::new(greenlet, ticket)
        })
    }
}

/// A rank after all that were drawn before, by this and by the waits of the thread.
pub(crate) fn draw_rank() -> u64 {
    get().next_ticket()
}

impl Collector {
    /// Waits until something has become ready, if nothing has yet.
    ///
    /// # Errors
    /// [`WaitRefused`] where the running greenlet may not be left.
    pub(crate) fn wait(
        &self,
        reason: WaitReason,
        place: &'static Location<'static>,
        deadline: Option<Nanos>,
    ) -> Result<Woken, WaitRefused> {
        let parking = Parking::begin(reason, place)?;
        self.set_waiter(Some(parking.waiter()));
        let _end = EndOfWait(self);
        Ok(parking.park_until(deadline))
    }
}

/// Nobody waits for the collector any more, also if the frame this lies in unwinds.
struct EndOfWait<'a>(&'a Collector);

impl Drop for EndOfWait<'_> {
    fn drop(&mut self) {
        self.0.set_waiter(None);
    }
}

/// A place in the list of each of several things, for a collector of those that become ready.
///
/// # Invariant
/// Node `n` is in the list of thing `n` or in none. Whoever drops this leaves all lists first; if it is forgotten, the
/// nodes stay where they are for ever.
pub(crate) struct Places {
    nodes: ManuallyDrop<Box<[Node<Waiter>]>>,
}

impl Places {
    /// A place for each of `count` things, which are in no list yet. The thread has a hub from here on: without one, what becomes ready would tell no list.
    pub(crate) fn new(count: usize, collector: &Rc<Collector>) -> Places {
        get();
        let node = |number| Node::new(Waiter::among(collector, number), 0);
        Places {
            nodes: ManuallyDrop::new((0..count).map(node).collect()),
        }
    }

    /// Puts thing `number` into the list of `spot`.
    ///
    /// # Safety
    /// It is in no list. [`leave`](Places::leave) takes it out of this one before the list moves or dies, unless `self`
    /// is forgotten.
    pub(crate) unsafe fn enter(&self, number: usize, spot: Spot<'_>) {
        // SAFETY: the caller's promise; and the node lies still, on the heap.
        unsafe { spot.waiters().waiters.link(&self.nodes[number]) };
    }

    /// Lets thing `number`, which is in no list, be waited for once more.
    pub(crate) fn refill(&self, number: usize, collector: &Rc<Collector>) {
        self.nodes[number].fill(Waiter::among(collector, number));
    }

    /// Takes thing `number` out of the list of `spot`.
    ///
    /// # Safety
    /// It was put into this list, and this list is alive.
    pub(crate) unsafe fn leave(&self, number: usize, spot: Spot<'_>) {
        // SAFETY: the caller's promise.
        drop(unsafe { spot.waiters().waiters.unlink(&self.nodes[number]) });
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        if self.nodes.iter().all(|node| !node.is_linked()) {
            // SAFETY: dropped once, here.
            unsafe { ManuallyDrop::drop(&mut self.nodes) };
        }
    }
}
