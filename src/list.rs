//! A first-in, first-out list whose nodes lie in the frames of waiting greenlets. Joining and leaving it takes no memory and,
//! except for a return to an old place, no search.
//!
//! ```text
//!   List { head, tail }
//!            |     +-----------------------------+
//!            v                                   v
//!        +--------+  next   +--------+  next  +--------+
//!        | Node   | ------> | Node   | -----> | Node   |
//!        | value  | <------ | value  | <----- | value  |
//!        +--------+  prev   +--------+  prev  +--------+
//!        frame of A         frame of B        frame of C
//! ```
//!
//! # Invariant
//! Every node that the list reaches is linked, lies still, and is alive, and so is the list while a node is linked: the code
//! that links a node guarantees that. A [`Linked`] guarantees it for a node in a frame: it borrows both, and its drop unlinks.
//! A frame that is leaked keeps its node alive for ever.

use std::cell::Cell;
use std::ptr;

/// The two ends of a list of `T`.
pub(crate) struct List<T> {
    head: Cell<*const Node<T>>,
    tail: Cell<*const Node<T>>,
}

/// One place in a list.
pub(crate) struct Node<T> {
    /// [`Node::NOWHERE`] while it is in no list.
    next: Cell<*const Node<T>>,
    prev: Cell<*const Node<T>>,
    /// The node's place in the order: lower comes first, and of equal ranks the older.
    rank: u64,
    value: Cell<Option<T>>,
}

/// What happens to a value that [`List::take_first`] looks at.
pub(crate) enum Scan {
    /// The value stays, and the next one is looked at.
    Leave,
    /// The value leaves the list, and the next one is looked at.
    Remove,
    /// The value is the wanted one.
    Take,
    /// The value stays, and no other one is looked at.
    Stop,
}

/// While this lives, its node may be in the list.
pub(crate) struct Linked<'a, T> {
    list: &'a List<T>,
    node: &'a Node<T>,
}

impl<T> Node<T> {
    pub(crate) const fn new(value: T, rank: u64) -> Node<T> {
        Node::with(Some(value), rank)
    }

    /// A node whose value comes later, with [`Node::fill`].
    pub(crate) const fn empty() -> Node<T> {
        Node::with(None, 0)
    }

    const NOWHERE: *const Node<T> = ptr::dangling();

    const fn with(value: Option<T>, rank: u64) -> Node<T> {
        Node {
            next: Cell::new(Node::NOWHERE),
            prev: Cell::new(ptr::null()),
            rank,
            value: Cell::new(value),
        }
    }

    #[inline(always)]
    pub(crate) fn is_linked(&self) -> bool {
        !ptr::eq(self.next.get(), Node::NOWHERE)
    }

    pub(crate) fn fill(&self, value: T) {
        self.value.set(Some(value));
    }
}

impl<T> List<T> {
    pub(crate) const fn new() -> List<T> {
        List {
            head: Cell::new(ptr::null()),
            tail: Cell::new(ptr::null()),
        }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.head.get().is_null()
    }

    /// Puts `node` last, or before those of a higher rank. It stays until it is popped or the link is dropped.
    ///
    /// # Safety
    /// The link is dropped before `node` or the list moves or dies; it is not forgotten, unless the
    /// frame that holds it is never left.
    #[inline(always)]
    pub(crate) unsafe fn insert<'a>(&'a self, node: &'a Node<T>) -> Linked<'a, T> {
        // SAFETY: the link's drop unlinks, and the caller promises that it comes in time.
        unsafe { self.link(node) };
        Linked { list: self, node }
    }

    /// Puts `node` last, or before those of a higher rank, until it is popped or unlinked.
    ///
    /// # Safety
    /// It is in no list, and is taken out of this one before either of the two moves or dies.
    #[inline(always)]
    pub(crate) unsafe fn link(&self, node: &Node<T>) {
        debug_assert!(!node.is_linked(), "a node is in one list at a time");
        let (mut before, mut after) = (self.tail.get(), ptr::null());
        // SAFETY: the invariant: what the list reaches is alive.
        while let Some(other) = unsafe { before.as_ref() }
            && other.rank > node.rank
        {
            (before, after) = (other.prev.get(), before);
        }
        node.prev.set(before);
        node.next.set(after);
        // SAFETY: as above.
        match unsafe { before.as_ref() } {
            Some(before) => before.next.set(node),
            None => self.head.set(node),
        }
        // SAFETY: as above.
        match unsafe { after.as_ref() } {
            Some(after) => after.prev.set(node),
            None => self.tail.set(node),
        }
    }

    /// Takes `node` out, if it is in this list, and its value out of it.
    ///
    /// # Safety
    /// It is in this list or in none.
    #[inline(always)]
    pub(crate) unsafe fn unlink(&self, node: &Node<T>) -> Option<T> {
        if node.is_linked() {
            self.take_out(node);
        }
        node.value.take()
    }

    /// Shows each value, first to last. `show` must not touch the list.
    pub(crate) fn for_each(&self, mut show: impl FnMut(&T)) {
        self.any(|value| {
            show(value);
            false
        });
    }

    /// Whether `is` says so of one of the values; the first is the last that it sees then. It must not touch the list.
    pub(crate) fn any(&self, mut is: impl FnMut(&T) -> bool) -> bool {
        let mut next = self.head.get();
        while !next.is_null() {
            // SAFETY: the invariant: what the list reaches is alive.
            let node = unsafe { &*next };
            let value = node.value.take();
            let found = value.as_ref().is_some_and(&mut is);
            node.value.set(value);
            if found {
                return true;
            }
            next = node.next.get();
        }
        false
    }

    /// Takes the first node out of the list and its value out of the node.
    #[inline(always)]
    pub(crate) fn pop_front(&self) -> Option<T> {
        let first = self.head.get();
        if first.is_null() {
            return None;
        }
        // SAFETY: the invariant: what the list reaches is alive.
        let node = unsafe { &*first };
        self.take_out(node);
        node.value.take()
    }

    /// Takes the first value, if `is_wanted` says so of it and its rank. That must not touch the list.
    #[inline(always)]
    pub(crate) fn pop_front_if(&self, is_wanted: impl FnOnce(&T, u64) -> bool) -> Option<T> {
        let first = self.head.get();
        if first.is_null() {
            return None;
        }
        // SAFETY: the invariant: what the list reaches is alive.
        let node = unsafe { &*first };
        // SAFETY: only methods of the list and of this node's owner change its value, and none of them runs meanwhile.
        let value = unsafe { &*node.value.as_ptr() };
        if !value
            .as_ref()
            .is_some_and(|value| is_wanted(value, node.rank))
        {
            return None;
        }
        self.take_out(node);
        node.value.take()
    }

    /// Looks at the values and their ranks, first to last, until one of them is taken. `look` must not touch the list.
    pub(crate) fn take_first(&self, mut look: impl FnMut(&T, u64) -> Scan) -> Option<T> {
        let mut next = self.head.get();
        while !next.is_null() {
            // SAFETY: the invariant: what the list reaches is alive.
            let node = unsafe { &*next };
            next = node.next.get();
            let Some(value) = node.value.take() else {
                continue;
            };
            match look(&value, node.rank) {
                Scan::Take => {
                    self.take_out(node);
                    return Some(value);
                }
                Scan::Remove => {
                    self.take_out(node);
                    drop(value);
                    // Its destructor may have changed the list.
                    next = self.head.get();
                }
                Scan::Leave => node.value.set(Some(value)),
                Scan::Stop => {
                    node.value.set(Some(value));
                    return None;
                }
            }
        }
        None
    }

    #[inline(always)]
    fn take_out(&self, node: &Node<T>) {
        let (prev, next) = (node.prev.get(), node.next.get());
        if prev.is_null() {
            self.head.set(next);
        } else {
            // SAFETY: the invariant: a linked node's neighbours are in the list, so they are alive.
            unsafe { &*prev }.next.set(next);
        }
        if next.is_null() {
            self.tail.set(prev);
        } else {
            // SAFETY: as above.
            unsafe { &*next }.prev.set(prev);
        }
        node.next.set(Node::NOWHERE);
    }
}

impl<T> Drop for Linked<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.node.is_linked() {
            self.list.take_out(self.node);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    #[test]
    fn values_come_out_in_the_order_they_went_in() {
        let (a, b, c) = (Node::new('a', 1), Node::new('b', 1), Node::new('c', 1));
        let list = List::new();
        // SAFETY: the links are dropped at the end of this function, before nodes and list.
        let link = |node| unsafe { list.insert(node) };
        let _links = [&a, &b, &c].map(link);
        assert_eq!(list.pop_front(), Some('a'));
        assert_eq!(list.pop_front(), Some('b'));
        assert_eq!(list.pop_front(), Some('c'));
        assert_eq!(list.pop_front(), None);
    }

    #[test]
    fn the_first_that_fits_is_taken() {
        let nodes = [1, 2, 3, 4].map(|value| Node::new(value, value));
        let list = List::new();
        // SAFETY: the links are dropped at the end of this function, before nodes and list.
        let _links = nodes.each_ref().map(|node| unsafe { list.insert(node) });
        let look = |value: &u64, rank| {
            assert_eq!(*value, rank);
            match value {
                1 => Scan::Leave,
                2 => Scan::Remove,
                3 => Scan::Take,
                _ => Scan::Stop,
            }
        };
        assert_eq!(list.take_first(look), Some(3));
        assert_eq!(list.take_first(look), None);
        assert_eq!(list.pop_front_if(|&value, _| value == 4), None);
        assert_eq!(list.pop_front_if(|_, rank| rank == 1), Some(1));
        assert_eq!(list.pop_front_if(|&value, _| value == 4), Some(4));
        assert!(list.is_empty());
        assert_eq!(list.pop_front_if(|_, _| true), None);
    }

    proptest! {
        /// Insert, leave and pop in any order, against a queue that is searched.
        #[test]
        fn any_order_of_insert_leave_and_pop(steps in prop::collection::vec((0u8..3, 0usize..8), 0..200)) {
            let nodes: Vec<Vec<Node<usize>>> = (steps.iter().enumerate())
                .map(|(id, &(_, rank))| vec![Node::new(id, rank as u64)])
                .collect();
            let rank_of = |id: usize| nodes[id][0].rank;
            let list = List::new();
            let mut links = Vec::new();
            let mut model = VecDeque::new();
            for (id, (step, pick)) in steps.into_iter().enumerate() {
                match step {
                    0 => {
                        // SAFETY: links are dropped before nodes and list, in this function.
                        links.push((id, unsafe { list.insert(&nodes[id][0]) }));
                        let place = model.partition_point(|&other| rank_of(other) <= rank_of(id));
                        model.insert(place, id);
                    }
                    1 if !links.is_empty() => {
                        let (left, link) = links.swap_remove(pick % links.len());
                        drop(link);
                        model.retain(|&other| other != left);
                    }
                    _ => prop_assert_eq!(list.pop_front(), model.pop_front()),
                }
                prop_assert_eq!(list.is_empty(), model.is_empty());
            }
        }
    }
}
