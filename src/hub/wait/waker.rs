//! A waker ends one wait of one greenlet; a list of wakers wakes first come, first served.
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ptr;
use std::rc::Rc;

use crate::hub::sched::run_queue::RunQueue;
use crate::list::{List, Scan};
use crate::switch::counted::AnyRef;
use crate::waiting::WakeReason;

/// What ends a wait when a thing has become ready.
#[derive(Clone)]
pub(crate) enum Waker {
    /// A greenlet, by the ticket of one of its waits. Ending that wait later than that changes nothing.
    Greenlet { greenlet: AnyRef, ticket: u64 },
    /// A set that collects things as they become ready.
    Among(Rc<Registration>),
}

const _: () = assert!(size_of::<Waker>() == 2 * size_of::<usize>());

/// One of the things that a ready_set waits for.
pub(crate) struct Registration {
    ready_set: Rc<ReadySet>,
    number: usize,
}

/// The numbers of things that have become ready, in the order in which they did.
pub(crate) struct ReadySet {
    ready: RefCell<VecDeque<usize>>,
    waker: Cell<Option<Waker>>,
}

/// The greenlets that wait for one thing. Nodes lie in their frames: waiting takes no memory.
pub(crate) struct WaitList {
    pub(in crate::hub) wakers: List<Waker>,
}

impl Waker {
    #[inline(always)]
    pub(in crate::hub) fn new(greenlet: AnyRef, ticket: u64) -> Waker {
        Waker::Greenlet { greenlet, ticket }
    }

    /// The thing with this number, of those that `ready_set` waits for.
    pub(in crate::hub) fn among(ready_set: &Rc<ReadySet>, number: usize) -> Waker {
        let ready_set = ready_set.clone();
        Waker::Among(Rc::new(Registration { ready_set, number }))
    }

    /// Ends the wait and puts the greenlet into the queue, unless the wait had ended before or something
    /// else was first.
    #[inline(always)]
    pub(in crate::hub) fn wake_into(self, why: WakeReason, ready: &RunQueue) {
        match self {
            Waker::Greenlet { greenlet, ticket } => {
                if greenlet.wait().wake(ticket, why) {
                    ready.push(greenlet);
                }
            }
            Waker::Among(entry) => entry.ready_set.add(entry.number, ready),
        }
    }

    /// Its wait can still be woken: nothing has ended it, and it is bound to no counterpart.
    #[inline(always)]
    pub(crate) fn can_be_woken(&self) -> bool {
        match self {
            Waker::Greenlet { greenlet, ticket } => greenlet.wait().can_be_woken(*ticket),
            Waker::Among(_) => false,
        }
    }

    /// Ends the wait with a call by the list at address `caller`. False if it has ended before.
    #[inline(always)]
    pub(in crate::hub) fn wake_by(&self, caller: usize) -> bool {
        match self {
            Waker::Greenlet { greenlet, ticket } => greenlet.wait().wake_by(*ticket, caller),
            Waker::Among(_) => false,
        }
    }

    /// What a queue does with it when it has something for the first that can be woken. A bound wait keeps its place.
    #[cold]
    #[inline(never)]
    pub(in crate::hub) fn skip(&self) -> Scan {
        match self {
            Waker::Greenlet { greenlet, ticket } if greenlet.wait().is_bound(*ticket) => {
                Scan::Leave
            }
            _ => Scan::Remove,
        }
    }

    /// Puts the greenlet into the queue.
    #[inline(always)]
    pub(in crate::hub) fn make_ready(self, ready: &RunQueue) {
        if let Waker::Greenlet { greenlet, .. } = self {
            ready.push(greenlet);
        }
    }

    /// Binds an undecided wait to one counterpart, which alone wakes it from now on.
    pub(crate) fn bind(&self) -> Option<Waker> {
        let Waker::Greenlet { greenlet, ticket } = self else {
            return None;
        };
        let ticket = greenlet.wait().bind(*ticket)?;
        Some(Waker::new(greenlet.clone(), ticket))
    }

    /// Both are waits of the same greenlet.
    pub(crate) fn is_of_same_greenlet(&self, other: &Waker) -> bool {
        match (self, other) {
            (
                Waker::Greenlet { greenlet: one, .. },
                Waker::Greenlet {
                    greenlet: other, ..
                },
            ) => one.as_ptr() == other.as_ptr(),
            _ => false,
        }
    }
}

impl ReadySet {
    pub(crate) fn new() -> ReadySet {
        ReadySet {
            ready: RefCell::new(VecDeque::new()),
            waker: Cell::new(None),
        }
    }

    /// The first that has become ready and was not taken.
    pub(crate) fn take(&self) -> Option<usize> {
        self.ready.borrow_mut().pop_front()
    }

    /// The waker for when the next thing becomes ready.
    pub(in crate::hub) fn set_waker(&self, waiter: Option<Waker>) {
        drop(self.waker.replace(waiter));
    }

    pub(crate) fn add_quietly(&self, number: usize) {
        self.ready.borrow_mut().push_back(number);
    }

    #[cold]
    fn add(&self, number: usize, ready: &RunQueue) {
        self.add_quietly(number);
        if let Some(waiter) = self.waker.take() {
            waiter.wake_into(WakeReason::Notified, ready);
        }
    }
}

impl WaitList {
    pub(crate) const fn new() -> WaitList {
        WaitList {
            wakers: List::new(),
        }
    }

    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.wakers.is_empty()
    }

    /// Wakes all waits of the list, in the order in which they came.
    #[inline(always)]
    pub(in crate::hub) fn wake_all_into(&self, ready: &RunQueue) {
        while let Some(waiter) = self.wakers.pop_front() {
            waiter.wake_into(WakeReason::Notified, ready);
        }
    }

    /// There is one that can be woken.
    pub(in crate::hub) fn has_wakeable(&self) -> bool {
        self.wakers.any(Waker::can_be_woken)
    }

    /// The list's identity: a wait that it has ended knows it by this.
    #[inline(always)]
    pub(in crate::hub) fn id(&self) -> usize {
        ptr::from_ref(self).addr()
    }
}
