//! Who waits: one greenlet in one of its waits, and a list of such, first come, first served.
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ptr;
use std::rc::Rc;

use super::ready::Ready;
use crate::greenlet::counted::AnyRef;
use crate::list::{List, Scan};
use crate::waiting::Woken;

/// Who is told when something is ready.
#[derive(Clone)]
pub(crate) enum Waiter {
    /// A greenlet, by the ticket of one of its waits. Ending that wait later than that changes nothing.
    One { greenlet: AnyRef, ticket: u64 },
    /// Somebody who collects what becomes ready.
    Among(Rc<Entry>),
}

const _: () = assert!(size_of::<Waiter>() == 2 * size_of::<usize>());

/// One of the things that a collector waits for.
pub(crate) struct Entry {
    collector: Rc<Collector>,
    number: usize,
}

/// The numbers of things that have become ready, in the order in which they did.
pub(crate) struct Collector {
    ready: RefCell<VecDeque<usize>>,
    waiter: Cell<Option<Waiter>>,
}

/// The greenlets that wait for one thing. Nodes lie in their frames: waiting takes no memory.
pub(crate) struct WaitList {
    pub(super) waiters: List<Waiter>,
}

impl Waiter {
    #[inline(always)]
    pub(super) fn new(greenlet: AnyRef, ticket: u64) -> Waiter {
        Waiter::One { greenlet, ticket }
    }

    /// The thing with this number, of those that `collector` waits for.
    pub(super) fn among(collector: &Rc<Collector>, number: usize) -> Waiter {
        let collector = collector.clone();
        Waiter::Among(Rc::new(Entry { collector, number }))
    }

    /// Ends the wait and puts the greenlet into the queue, unless the wait had ended before or something
    /// else was first.
    #[inline(always)]
    pub(super) fn end(self, why: Woken, ready: &Ready) {
        match self {
            Waiter::One { greenlet, ticket } => {
                if greenlet.wait().wake(ticket, why) {
                    ready.push(greenlet);
                }
            }
            Waiter::Among(entry) => entry.collector.add(entry.number, ready),
        }
    }

    /// Its wait can still be called: nothing has ended it, and it is bound to no counterpart.
    #[inline(always)]
    pub(crate) fn is_undecided(&self) -> bool {
        match self {
            Waiter::One { greenlet, ticket } => greenlet.wait().is_undecided(*ticket),
            Waiter::Among(_) => false,
        }
    }

    /// Ends the wait with a call by the list at address `caller`. False if it has ended before.
    #[inline(always)]
    pub(super) fn call(&self, caller: usize) -> bool {
        match self {
            Waiter::One { greenlet, ticket } => greenlet.wait().call(*ticket, caller),
            Waiter::Among(_) => false,
        }
    }

    /// What a line does with it when it has something for the first that can be called. A bound wait keeps its place.
    #[cold]
    #[inline(never)]
    pub(super) fn pass_over(&self) -> Scan {
        match self {
            Waiter::One { greenlet, ticket } if greenlet.wait().is_bound(*ticket) => Scan::Leave,
            _ => Scan::Remove,
        }
    }

    /// Puts the greenlet into the queue.
    #[inline(always)]
    pub(super) fn queue(self, ready: &Ready) {
        if let Waiter::One { greenlet, .. } = self {
            ready.push(greenlet);
        }
    }

    /// Binds an undecided wait to one counterpart, by which alone it is called from now on.
    pub(crate) fn bind(&self) -> Option<Waiter> {
        let Waiter::One { greenlet, ticket } = self else {
            return None;
        };
        let ticket = greenlet.wait().bind(*ticket)?;
        Some(Waiter::new(greenlet.clone(), ticket))
    }

    /// Both are waits of the same greenlet.
    pub(crate) fn is_of_same_greenlet(&self, other: &Waiter) -> bool {
        match (self, other) {
            (
                Waiter::One { greenlet: one, .. },
                Waiter::One {
                    greenlet: other, ..
                },
            ) => one.as_ptr() == other.as_ptr(),
            _ => false,
        }
    }
}

impl Collector {
    pub(crate) fn new() -> Collector {
        Collector {
            ready: RefCell::new(VecDeque::new()),
            waiter: Cell::new(None),
        }
    }

    /// The first that has become ready and was not taken.
    pub(crate) fn take(&self) -> Option<usize> {
        self.ready.borrow_mut().pop_front()
    }

    /// Who is woken when the next thing becomes ready.
    pub(super) fn set_waiter(&self, waiter: Option<Waiter>) {
        drop(self.waiter.replace(waiter));
    }

    pub(crate) fn add_quietly(&self, number: usize) {
        self.ready.borrow_mut().push_back(number);
    }

    #[cold]
    fn add(&self, number: usize, ready: &Ready) {
        self.add_quietly(number);
        if let Some(waiter) = self.waiter.take() {
            waiter.end(Woken::Called, ready);
        }
    }
}

impl WaitList {
    pub(crate) const fn new() -> WaitList {
        WaitList {
            waiters: List::new(),
        }
    }

    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.waiters.is_empty()
    }

    /// Wakes all who wait now, in the order in which they came.
    #[inline(always)]
    pub(super) fn wake_all_into(&self, ready: &Ready) {
        while let Some(waiter) = self.waiters.pop_front() {
            waiter.end(Woken::Called, ready);
        }
    }

    /// There is one that can be called.
    pub(super) fn has_undecided(&self) -> bool {
        self.waiters.any(Waiter::is_undecided)
    }

    /// By which those who were called know the list.
    #[inline(always)]
    pub(super) fn address(&self) -> usize {
        ptr::from_ref(self).addr()
    }
}
