//! The tasks of a hub that have not ended, their number, and its limit.

use std::cell::Cell;

use crate::error::SpawnError;
use crate::hub::wait::waker::WaitList;
use crate::list::{List, Node};
use crate::stack::DEFAULT_STACK_SIZE;
use crate::switch::counted::AnyRef;

/// A list that owns its tasks until they have ended.
pub(crate) struct TaskList {
    tasks: List<AnyRef>,
    count: Cell<usize>,
    /// How many there may be. None, while it is closing: then each spawn comes to the slow road.
    most: Cell<usize>,
    /// How many there may be when it is not closing.
    limit: Cell<usize>,
    /// How many calls of `shutdown` are on their way.
    closing: Cell<u32>,
    /// Woken when there is one task left or none; and by each spawn while it is closing.
    changed: WaitList,
    stack_size: Cell<usize>,
}

impl TaskList {
    pub(in crate::hub) const fn new() -> TaskList {
        TaskList {
            tasks: List::new(),
            count: Cell::new(0),
            most: Cell::new(usize::MAX),
            limit: Cell::new(usize::MAX),
            closing: Cell::new(0),
            changed: WaitList::new(),
            stack_size: Cell::new(DEFAULT_STACK_SIZE),
        }
    }

    /// Looks whether there may be one more.
    ///
    /// # Errors
    /// [`SpawnError::TooMany`] if not.
    #[inline(always)]
    pub(crate) fn check_limit(&self) -> Result<(), SpawnError> {
        if self.count.get() >= self.most.get() {
            return self.check_limit_slow();
        }
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn check_limit_slow(&self) -> Result<(), SpawnError> {
        let limit = self.limit.get();
        if self.count.get() >= limit {
            return Err(SpawnError::TooMany { limit });
        }
        self.changed.wake_all();
        Ok(())
    }

    /// Puts a task on the list, by a node whose value owns it.
    ///
    /// # Safety
    /// The node stays where it is until [`leave`](TaskList::leave) takes it out.
    #[inline(always)]
    pub(crate) unsafe fn enter(&self, node: &Node<AnyRef>) {
        // SAFETY: the caller's promise.
        unsafe { self.tasks.link(node) };
        self.count.set(self.count.get() + 1);
    }

    /// Takes a task that ends off the list.
    ///
    /// # Safety
    /// The node was put there by [`enter`](TaskList::enter), and is there.
    #[inline(always)]
    pub(crate) unsafe fn leave(&self, node: &Node<AnyRef>) -> Option<AnyRef> {
        let left = self.count.get() - 1;
        self.count.set(left);
        if left <= 1 && !self.changed.is_empty() {
            self.changed.wake_all();
        }
        // SAFETY: the caller's promise.
        unsafe { self.tasks.unlink(node) }
    }

    pub(in crate::hub) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Shows each task, in the order in which they were spawned.
    pub(crate) fn for_each(&self, show: impl FnMut(&AnyRef)) {
        self.tasks.for_each(show);
    }

    pub(in crate::hub) fn count(&self) -> usize {
        self.count.get()
    }

    /// The waits for tasks to end.
    pub(in crate::hub) fn changed(&self) -> &WaitList {
        &self.changed
    }

    pub(in crate::hub) fn set_limit(&self, limit: usize) {
        self.limit.set(limit);
        self.set_closing(self.closing.get());
    }

    /// From now on each spawn wakes the waits for tasks to end, until each call of this was ended.
    pub(in crate::hub) fn begin_closing(&self) {
        self.set_closing(self.closing.get() + 1);
    }

    pub(in crate::hub) fn end_closing(&self) {
        self.set_closing(self.closing.get() - 1);
    }

    fn set_closing(&self, closing: u32) {
        let is_open = closing == 0;
        self.most.set(if is_open { self.limit.get() } else { 0 });
        self.closing.set(closing);
    }

    /// Bytes of stack for a task that asks for no other size.
    #[inline(always)]
    pub(crate) fn stack_size(&self) -> usize {
        self.stack_size.get()
    }

    pub(in crate::hub) fn set_stack_size(&self, bytes: usize) {
        self.stack_size.set(bytes);
    }
}
