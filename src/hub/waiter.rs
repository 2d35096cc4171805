//! Who waits: one greenlet in one of its waits, and a list of such, first come, first served.
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ptr;
use std::rc::Rc;

use super::ready::Ready;
use crate::greenlet::counted::AnyRef;
use crate::list::List;
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

    /// It is a greenlet whose wait goes on: a call would reach it.
    fn is_parked(&self) -> bool {
        match self {
            Waiter::One { greenlet, ticket } => greenlet.wait().is_parked(*ticket),
            Waiter::Among(_) => false,
        }
    }

    /// As `end`, for one who is called by the list at address `caller`, and shall know it. False if the call was in vain: nobody
    /// comes for it.
    #[inline(always)]
    fn call(self, caller: usize, ready: &Ready) -> bool {
        match self {
            Waiter::One { greenlet, ticket } => {
                let is_first = greenlet.wait().call(ticket, caller);
                if is_first {
                    ready.push(greenlet);
                }
                is_first
            }
            Waiter::Among(entry) => {
                entry.collector.add(entry.number, ready);
                false
            }
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

    /// Calls the first who comes for it, and tells those before who only collect. False if there is none.
    #[inline(always)]
    pub(super) fn call_first_into(&self, ready: &Ready) -> bool {
        while let Some(waiter) = self.waiters.pop_front() {
            if waiter.call(self.address(), ready) {
                return true;
            }
        }
        false
    }

    /// How many there are whom a call would reach, counted up to `most`.
    pub(super) fn count_parked(&self, most: usize) -> usize {
        let mut count = 0;
        self.waiters.any(|waiter| {
            count += usize::from(waiter.is_parked());
            count >= most
        });
        count
    }

    /// By which those who were called know the list.
    #[inline(always)]
    pub(super) fn address(&self) -> usize {
        ptr::from_ref(self).addr()
    }
}
