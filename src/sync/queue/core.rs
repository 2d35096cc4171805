//! The core of a queue: items in some order, with one wait queue for items and one for room.
//!
//! # Invariant
//! Whenever users' code may run, other than comparing and cloning of items, `items` has as many as the order, `room` what is
//! left of the capacity, and nothing is borrowed. While items are compared or cloned no other greenlet can run.
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell, RefMut};
use std::marker::PhantomData;

use super::order::QueueOrder;
use crate::error::{PopError, PushError};
use crate::hub::{Acquired, Deadline, Reservation, Resource, WaitQueue, WaitRequest};
use crate::switch::no_switch::no_switch;
use crate::waiting::WaitReason;

pub(super) struct QueueCore<T, O> {
    order: RefCell<O>,
    pub(super) items: WaitSide,
    room: WaitSide,
    capacity: usize,
    /// Pushed, and not done with.
    pub(super) unfinished: Cell<usize>,
    is_shut_down: Cell<bool>,
    item: PhantomData<T>,
}

/// Items or room: how much there is, and the queue of greenlets that wait for it.
pub(super) struct WaitSide {
    waiters: WaitQueue,
    available: Cell<usize>,
}

impl Resource for WaitSide {
    #[inline(always)]
    fn queue(&self) -> &WaitQueue {
        &self.waiters
    }

    #[inline(always)]
    fn available(&self) -> usize {
        self.available.get()
    }
}

impl WaitSide {
    fn new(available: usize) -> WaitSide {
        WaitSide {
            waiters: WaitQueue::new(),
            available: Cell::new(available),
        }
    }
}

impl<T, O: QueueOrder<T>> QueueCore<T, O> {
    pub(super) fn new(capacity: usize) -> QueueCore<T, O> {
        QueueCore {
            order: RefCell::new(O::default()),
            items: WaitSide::new(0),
            room: WaitSide::new(capacity),
            capacity,
            unfinished: Cell::new(0),
            is_shut_down: Cell::new(false),
            item: PhantomData,
        }
    }

    #[track_caller]
    pub(super) fn push(&self, item: T, deadline: Deadline) -> Result<(), PushError<T>> {
        if self.is_shut_down() {
            return Err(PushError::ShutDown(item));
        }
        if self.room.is_uncontended() {
            self.put(item);
            return Ok(());
        }
        if let Some(_reservation) = Reservation::reserve_behind_others(&self.room) {
            return self.push_reserved(item);
        }
        let mut request = WaitRequest::new("push", WaitReason::QUEUE_PUSH, deadline);
        match request.in_queue(&self.room) {
            Acquired::Reserved(_reservation) => self.push_reserved(item),
            Acquired::Retry => Err(PushError::ShutDown(item)),
            Acquired::TimedOut => Err(PushError::Full(item)),
        }
    }

    fn push_reserved(&self, item: T) -> Result<(), PushError<T>> {
        if self.is_shut_down() {
            return Err(PushError::ShutDown(item));
        }
        self.put(item);
        Ok(())
    }

    pub(super) fn try_push(&self, item: T) -> Result<(), PushError<T>> {
        if self.is_shut_down() {
            return Err(PushError::ShutDown(item));
        }
        if !self.room.has_unreserved() {
            return Err(PushError::Full(item));
        }
        self.put(item);
        Ok(())
    }

    #[track_caller]
    pub(super) fn pop(&self, deadline: Deadline) -> Result<T, PopError> {
        self.for_an_item(deadline, || self.take())
    }

    pub(super) fn try_pop(&self) -> Result<T, PopError> {
        if self.items.has_unreserved()
            && let Some(item) = self.take()
        {
            return Ok(item);
        }
        Err(if self.is_drained() {
            PopError::ShutDown
        } else {
            PopError::Empty
        })
    }

    #[track_caller]
    pub(super) fn peek(&self, deadline: Deadline) -> Result<T, PopError>
    where
        T: Clone,
    {
        let copy = || {
            let order = self.order();
            no_switch(|| order.peek().cloned())
        };
        self.for_an_item(deadline, copy)
    }

    /// Waits until there is an item for the running greenlet, and does `get` with it. The next one in the queue is woken after
    /// that.
    #[track_caller]
    fn for_an_item(&self, deadline: Deadline, get: impl Fn() -> Option<T>) -> Result<T, PopError> {
        let mut request = WaitRequest::new("pop", WaitReason::QUEUE_POP, deadline);
        loop {
            if self.items.is_uncontended()
                && let Some(item) = get()
            {
                return Ok(item);
            }
            if self.is_drained() {
                return Err(PopError::ShutDown);
            }
            if let Some(_reservation) = Reservation::reserve_behind_others(&self.items)
                && let Some(item) = get()
            {
                return Ok(item);
            }
            match request.in_queue(&self.items) {
                Acquired::Reserved(_reservation) => {
                    if let Some(item) = get() {
                        return Ok(item);
                    }
                    // The call that has shut the queue down took what was left.
                }
                Acquired::Retry => {}
                Acquired::TimedOut => return Err(PopError::Empty),
            }
        }
    }

    /// Puts an item in, where there is room that is not reserved for others.
    fn put(&self, item: T) {
        self.change(|order| order.push(item));
    }

    /// Takes the first item out.
    pub(super) fn take(&self) -> Option<T> {
        self.change(O::pop)
    }

    fn change<R>(&self, change: impl FnOnce(&mut O) -> R) -> R {
        drop(self.order()); // if it panics, then here
        let _recount = WakeIfWaiting(self);
        let mut order = self.order();
        change(&mut order)
    }

    pub(super) fn shut_down(&self) {
        self.is_shut_down.set(true);
        self.room.waiters.notify_all();
        self.tell_if_drained();
    }

    fn tell_if_drained(&self) {
        if self.is_drained() {
            self.items.waiters.notify_all();
        }
    }

    pub(super) fn is_shut_down(&self) -> bool {
        self.is_shut_down.get()
    }

    /// Nothing is there, and nothing can ever come.
    pub(super) fn is_drained(&self) -> bool {
        self.is_shut_down() && self.len() == 0
    }

    pub(super) fn len(&self) -> usize {
        self.items.available.get()
    }

    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    fn order(&self) -> RefMut<'_, O> {
        let free = self.order.try_borrow_mut();
        free.expect("comparing or cloning an item of a queue has used that queue")
    }
}

/// Counts anew what there is after a change, also where comparing items has panicked in the middle of it.
struct WakeIfWaiting<'a, T, O: QueueOrder<T>>(&'a QueueCore<T, O>);

impl<T, O: QueueOrder<T>> Drop for WakeIfWaiting<'_, T, O> {
    fn drop(&mut self) {
        let queue = self.0;
        let (len, before) = (queue.order().count(), queue.len());
        queue.items.available.set(len);
        queue.room.available.set(queue.capacity - len);
        let pushed = len.saturating_sub(before);
        queue.unfinished.set(queue.unfinished.get() + pushed);
        queue.items.wake_waiters();
        queue.room.wake_waiters();
        queue.tell_if_drained();
    }
}
