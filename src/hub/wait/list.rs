//! Waiting in a list with others, and waking them.

use std::mem::ManuallyDrop;
use std::panic::Location;
use std::rc::Rc;

use crate::error::CannotWait;
use crate::hub::wait::multi::WaitPoint;
use crate::hub::wait::park::Wait;
use crate::hub::wait::waker::{ReadySet, WaitList, Waker};
use crate::hub::{HubRef, Nanos, current, get};
use crate::list::{Node, Scan};
use crate::waiting::{WaitReason, WakeReason};

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
    ) -> Result<(), CannotWait> {
        let wait = Wait::begin(reason, place)?;
        let node = Node::new(wait.waker(), wait.ticket());
        // SAFETY: the link is dropped at the end of this function, before the node; if this frame is
        // never left, the node stays where it is for ever; and the list is borrowed meanwhile.
        let _link = unsafe { self.wakers.insert(&node) };
        wait.park();
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
    ) -> Result<WakeReason, CannotWait> {
        let wait = Wait::begin(reason, place)?;
        let rank = *rank.get_or_insert(wait.ticket());
        let node = Node::new(wait.waker(), rank);
        // SAFETY: as in `wait`.
        let _link = unsafe { self.wakers.insert(&node) };
        Ok(wait.park_until(deadline))
    }

    /// Wakes all who wait now, in the order in which they came. Where the hub is gone nobody runs any more.
    #[inline]
    pub(crate) fn wake_all(&self) {
        if let Some(hub) = current() {
            self.wake_all_into(&hub.run_queue);
        }
    }

    /// Calls the first that can be called. False if there is none.
    #[inline(always)]
    pub(in crate::hub) fn wake_first(&self) -> bool {
        let Some(hub) = current() else {
            return false;
        };
        let caller = self.id();
        match self.wakers.pop_front_if(|waiter, _| waiter.wake_by(caller)) {
            Some(waiter) => {
                waiter.make_ready(&hub.run_queue);
                true
            }
            None => !self.is_empty() && self.wake_first_slow(hub),
        }
    }

    #[cold]
    #[inline(never)]
    fn wake_first_slow(&self, hub: HubRef) -> bool {
        let called = self.wakers.take_first(|waiter, _| {
            if waiter.wake_by(self.id()) {
                Scan::Take
            } else {
                waiter.skip()
            }
        });
        called.is_some_and(|waiter| {
            waiter.make_ready(&hub.run_queue);
            true
        })
    }
}

impl Waker {
    /// Ends the wait. Where the hub is gone nothing runs any more.
    pub(crate) fn wake(self) {
        if let Some(hub) = current() {
            self.wake_into(WakeReason::Notified, &hub.run_queue);
        }
    }

    /// Undoes `bind`, for what that gave: the greenlet looks again when its turn comes. What it can be called as until
    /// then, if its wait has not ended meanwhile.
    pub(crate) fn unbind(self) -> Option<Waker> {
        let (hub, Waker::Greenlet { greenlet, ticket }) = (current()?, self) else {
            return None;
        };
        greenlet.wait().unbind(ticket).then(|| {
            hub.run_queue.push(greenlet.clone());
            let ticket = greenlet.wait().ticket();
            Waker::new(greenlet, ticket)
        })
    }
}

/// A rank after all that were drawn before, by this and by the waits of the thread.
pub(crate) fn draw_rank() -> u64 {
    get().next_ticket()
}

impl ReadySet {
    /// Waits until something has become ready, if nothing has yet.
    ///
    /// # Errors
    /// [`WaitRefused`] where the running greenlet may not be left.
    pub(crate) fn wait(
        &self,
        reason: WaitReason,
        place: &'static Location<'static>,
        deadline: Option<Nanos>,
    ) -> Result<WakeReason, CannotWait> {
        let wait = Wait::begin(reason, place)?;
        self.set_waker(Some(wait.waker()));
        let _end = EndOfWait(self);
        Ok(wait.park_until(deadline))
    }
}

/// Nobody waits for the ready_set any more, also if the frame this lies in unwinds.
struct EndOfWait<'a>(&'a ReadySet);

impl Drop for EndOfWait<'_> {
    fn drop(&mut self) {
        self.0.set_waker(None);
    }
}

/// A place in the list of each of several things, for a ready_set of those that become ready.
///
/// # Invariant
/// Node `n` is in the list of thing `n` or in none. Whoever drops this leaves all lists first; if it is forgotten, the
/// nodes stay where they are for ever.
pub(crate) struct Registrations {
    nodes: ManuallyDrop<Box<[Node<Waker>]>>,
}

impl Registrations {
    /// A place for each of `count` things, which are in no list yet. The thread has a hub from here on: without one, what becomes ready would tell no list.
    pub(crate) fn new(count: usize, ready_set: &Rc<ReadySet>) -> Registrations {
        get();
        let node = |number| Node::new(Waker::among(ready_set, number), 0);
        Registrations {
            nodes: ManuallyDrop::new((0..count).map(node).collect()),
        }
    }

    /// Puts thing `number` into the list of `point`.
    ///
    /// # Safety
    /// It is in no list. [`leave`](Places::leave) takes it out of this one before the list moves or dies, unless `self`
    /// is forgotten.
    pub(crate) unsafe fn enter(&self, number: usize, point: WaitPoint<'_>) {
        // SAFETY: the caller's promise; and the node lies still, on the heap.
        unsafe { point.waiters().wakers.link(&self.nodes[number]) };
    }

    /// Lets thing `number`, which is in no list, be waited for once more.
    pub(crate) fn refill(&self, number: usize, ready_set: &Rc<ReadySet>) {
        self.nodes[number].fill(Waker::among(ready_set, number));
    }

    /// Takes thing `number` out of the list of `point`.
    ///
    /// # Safety
    /// It was put into this list, and this list is alive.
    pub(crate) unsafe fn leave(&self, number: usize, point: WaitPoint<'_>) {
        // SAFETY: the caller's promise.
        drop(unsafe { point.waiters().wakers.unlink(&self.nodes[number]) });
    }
}

impl Drop for Registrations {
    fn drop(&mut self) {
        if self.nodes.iter().all(|node| !node.is_linked()) {
            // SAFETY: dropped once, here.
            unsafe { ManuallyDrop::drop(&mut self.nodes) };
        }
    }
}
