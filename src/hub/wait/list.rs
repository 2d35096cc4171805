//! Waiting in a list with others, and waking them.

use std::mem::ManuallyDrop;
use std::rc::Rc;

use crate::hub::reactor::clock::Deadline;
use crate::hub::wait::multi::WaitPoint;
use crate::hub::wait::park::Wait;
use crate::hub::wait::waker::{ReadySet, WaitList, Waker};
use crate::hub::{HubRef, current, get};
use crate::list::{Node, Scan};
use crate::switch::raise;
use crate::switch::record::Resumption;
use crate::waiting::WakeReason;

impl WaitList {
    /// Waits until woken through this list, or until `deadline`.
    #[inline(always)]
    #[track_caller]
    pub(super) fn wait(&self, wait: &Wait, rank: u64, deadline: Deadline) -> WakeReason {
        match self.try_wait(wait, rank, deadline) {
            Ok(woken) => woken,
            Err(resumption) => raise::raise(*resumption),
        }
    }

    /// As [`wait`](WaitList::wait), with what came in place of a wake as an error.
    #[inline(always)]
    pub(super) fn try_wait(
        &self,
        wait: &Wait,
        rank: u64,
        deadline: Deadline,
    ) -> Result<WakeReason, Box<Resumption>> {
        let node = Node::new(wait.waker(), rank);
        // SAFETY: the link is dropped at the end of this function, before the node; if this frame is
        // never left, the node stays where it is for ever; and the list is borrowed meanwhile.
        let _link = unsafe { self.wakers.insert(&node) };
        wait.try_park(deadline)
    }

    /// Wakes all waits of the list, in the order in which they came. Nothing happens where the hub is gone.
    #[inline]
    pub(crate) fn wake_all(&self) {
        if let Some(hub) = current() {
            self.wake_all_into(&hub.run_queue);
        }
    }

    /// Wakes the first that can be woken. False if there is none.
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

    /// Undoes `bind`, by the waker that it returned: the greenlet tries again at its turn. Returns the waker that can still wake
    /// it before that, if its wait has not ended meanwhile.
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

/// A place in the list of each of several things, for a ready_set of those that become ready.
///
/// # Invariant
/// Node `n` is in the list of thing `n` or in none. The nodes leave all lists before they are dropped; forgotten, they stay
/// where they are for ever.
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
    /// It is in no list. [`leave`](Registrations::leave) takes it out of this one before the list moves or dies, unless `self`
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
