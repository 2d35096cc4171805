//! The orders in which queues give their items: first in, first out; last in, first out; the least first.
#![forbid(unsafe_code)]

use std::collections::VecDeque;

use crate::dropping::DropsAll;
use crate::switch::no_switch::no_switch;

/// How a queue keeps its items, and which it gives first. It cannot be implemented outside of this crate.
pub trait QueueOrder<T>: Default + SealedOrder {
    #[doc(hidden)]
    fn push(&mut self, item: T);

    #[doc(hidden)]
    fn pop(&mut self) -> Option<T>;

    #[doc(hidden)]
    fn peek(&self) -> Option<&T>;

    #[doc(hidden)]
    fn count(&self) -> usize;
}

/// Implemented by types of this crate only.
#[expect(unnameable_types, reason = "so that no other crate can implement it")]
pub trait SealedOrder {}

/// First in, first out.
#[derive(Debug)]
pub struct Fifo<T>(DropsAll<VecDeque<T>>);

/// Last in, first out.
#[derive(Debug)]
pub struct Lifo<T>(DropsAll<Vec<T>>);

/// The least first; of equal ones any. No other greenlet runs while items are compared.
///
/// A heap: the children of item `n` are items `2n + 1` and `2n + 2`, and neither is less. All items are in it whenever two
/// are compared, so that none is lost where that panics.
#[derive(Debug)]
pub struct Priority<T>(DropsAll<Vec<T>>);

impl<T> SealedOrder for Fifo<T> {}
impl<T> SealedOrder for Lifo<T> {}
impl<T> SealedOrder for Priority<T> {}

impl<T> Default for Fifo<T> {
    fn default() -> Fifo<T> {
        Fifo(DropsAll::default())
    }
}

impl<T> Default for Lifo<T> {
    fn default() -> Lifo<T> {
        Lifo(DropsAll::default())
    }
}

impl<T: Ord> Default for Priority<T> {
    fn default() -> Priority<T> {
        Priority(DropsAll::default())
    }
}

impl<T> QueueOrder<T> for Fifo<T> {
    #[inline(always)]
    fn push(&mut self, item: T) {
        self.0.push_back(item);
    }

    #[inline(always)]
    fn pop(&mut self) -> Option<T> {
        self.0.pop_front()
    }

    fn peek(&self) -> Option<&T> {
        self.0.front()
    }

    #[inline(always)]
    fn count(&self) -> usize {
        self.0.len()
    }
}

impl<T> QueueOrder<T> for Lifo<T> {
    #[inline(always)]
    fn push(&mut self, item: T) {
        self.0.push(item);
    }

    #[inline(always)]
    fn pop(&mut self) -> Option<T> {
        self.0.pop()
    }

    fn peek(&self) -> Option<&T> {
        self.0.last()
    }

    #[inline(always)]
    fn count(&self) -> usize {
        self.0.len()
    }
}

impl<T: Ord> QueueOrder<T> for Priority<T> {
    fn push(&mut self, item: T) {
        self.0.push(item);
        no_switch(|| raise_last(&mut self.0));
    }

    fn pop(&mut self) -> Option<T> {
        let last = self.0.len().checked_sub(1)?;
        self.0.swap(0, last);
        no_switch(|| sink_first(&mut self.0[..last]));
        self.0.pop()
    }

    fn peek(&self) -> Option<&T> {
        self.0.first()
    }

    fn count(&self) -> usize {
        self.0.len()
    }
}

fn raise_last<T: Ord>(heap: &mut [T]) {
    let mut child = heap.len() - 1;
    while child > 0 {
        let parent = (child - 1) / 2;
        if heap[parent] <= heap[child] {
            break;
        }
        heap.swap(parent, child);
        child = parent;
    }
}

fn sink_first<T: Ord>(heap: &mut [T]) {
    let mut parent = 0;
    loop {
        let children = 2 * parent + 1..heap.len().min(2 * parent + 3);
        let Some(least) = children.min_by_key(|child| &heap[*child]) else {
            break;
        };
        if heap[parent] <= heap[least] {
            break;
        }
        heap.swap(parent, least);
        parent = least;
    }
}
