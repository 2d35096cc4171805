//! The tasks of a hub that have not ended: who they are, how many, and how many there may be.

use std::cell::Cell;

use crate::error::SpawnError;
use crate::greenlet::counted::AnyRef;
use crate::list::{List, Node};
use crate::stack::DEFAULT_STACK_SIZE;

/// A list that owns its tasks until they have ended.
pub(crate) struct Roster {
    tasks: List<AnyRef>,
    count: Cell<usize>,
    most: Cell<usize>,
    stack_size: Cell<usize>,
}

impl Roster {
    pub(super) const fn new() -> Roster {
        Roster {
            tasks: List::new(),
            count: Cell::new(0),
            most: Cell::new(usize::MAX),
            stack_size: Cell::new(DEFAULT_STACK_SIZE),
        }
    }

    /// Looks whether there may be one more.
    ///
    /// # Errors
    /// [`SpawnError::TooMany`] if not.
    #[inline(always)]
    pub(crate) fn permit(&self) -> Result<(), SpawnError> {
        let limit = self.most.get();
        if self.count.get() >= limit {
            return Err(SpawnError::TooMany { limit });
        }
        Ok(())
    }

    /// Puts a task on the list, by a node whose value owns it.
    ///
    /// # Safety
    /// The node stays where it is until [`leave`](Roster::leave) takes it out.
    #[inline(always)]
    pub(crate) unsafe fn enter(&self, node: &Node<AnyRef>) {
        // SAFETY: the caller's promise.
        unsafe { self.tasks.link(node) };
        self.count.set(self.count.get() + 1);
    }

    /// Takes a task that ends off the list.
    ///
    /// # Safety
    /// The node was put there by [`enter`](Roster::enter), and is there.
    #[inline(always)]
    pub(crate) unsafe fn leave(&self, node: &Node<AnyRef>) -> Option<AnyRef> {
        self.count.set(self.count.get() - 1);
        // SAFETY: the caller's promise.
        unsafe { self.tasks.unlink(node) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Shows each task, in the order in which they were spawned.
    pub(crate) fn for_each(&self, show: impl FnMut(&AnyRef)) {
        self.tasks.for_each(show);
    }

    pub(super) fn set_most(&self, most: usize) {
        self.most.set(most);
    }

    /// Bytes of stack for a task that asks for no other size.
    #[inline(always)]
    pub(crate) fn stack_size(&self) -> usize {
        self.stack_size.get()
    }

    pub(super) fn set_stack_size(&self, bytes: usize) {
        self.stack_size.set(bytes);
    }
}
