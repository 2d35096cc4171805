//! The orders in which queues give their items: first in, first out; last in, first out; the least first.
#![forbid(unsafe_code)]

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::greenlet::no_switch;

/// How a queue keeps its items, and which it gives first. It cannot be implemented outside of this crate.
pub trait Order<T>: Default + Sealed {
    #[doc(hidden)]
    fn push(&mut self, item: T);

    #[doc(hidden)]
    fn pop(&mut self) -> Option<T>;

    #[doc(hidden)]
    fn peek(&self) -> Option<&T>;

    #[doc(hidden)]
    fn count(&self) -> usize;
}

/// What only types of this crate have.
#[expect(unnameable_types, reason = "so that nobody else can implement it")]
pub trait Sealed {}

/// First in, first out.
#[derive(Debug)]
pub struct Fifo<T>(VecDeque<T>);

/// Last in, first out.
#[derive(Debug)]
pub struct Lifo<T>(Vec<T>);

/// The least first; of equal ones any. No other greenlet runs while items are compared.
#[derive(Debug)]
pub struct Least<T>(BinaryHeap<Reverse<T>>);

impl<T> Sealed for Fifo<T> {}
impl<T> Sealed for Lifo<T> {}
impl<T> Sealed for Least<T> {}

impl<T> Default for Fifo<T> {
    fn default() -> Fifo<T> {
        Fifo(VecDeque::new())
    }
}

impl<T> Default for Lifo<T> {
    fn default() -> Lifo<T> {
        Lifo(Vec::new())
    }
}

impl<T: Ord> Default for Least<T> {
    fn default() -> Least<T> {
        Least(BinaryHeap::new())
    }
}

impl<T> Order<T> for Fifo<T> {
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

impl<T> Order<T> for Lifo<T> {
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

impl<T: Ord> Order<T> for Least<T> {
    fn push(&mut self, item: T) {
        no_switch(|| self.0.push(Reverse(item)));
    }

    fn pop(&mut self) -> Option<T> {
        no_switch(|| self.0.pop()).map(|Reverse(item)| item)
    }

    fn peek(&self) -> Option<&T> {
        self.0.peek().map(|Reverse(item)| item)
    }

    fn count(&self) -> usize {
        self.0.len()
    }
}
