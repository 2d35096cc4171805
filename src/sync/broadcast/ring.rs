//! The items of a broadcast channel that are kept, with their positions: pure, it runs no code of the items.
//!
//! # Invariant
//! A receiver that has not received an item has received none after it. So the numbers of those that have yet to receive an item
//! never fall from one item to the next, and the items that all have received are the first ones.
#![forbid(unsafe_code)]

use std::collections::VecDeque;
use std::rc::Rc;

pub(super) struct Ring<T> {
    slots: VecDeque<RingItem<T>>,
    /// The position of the first slot: how many items were dropped or received by all.
    base: u64,
    capacity: usize,
}

struct RingItem<T> {
    item: Rc<T>,
    /// How many receivers have yet to receive it.
    unseen: usize,
}

/// What a receiver finds at its position.
pub(super) enum RingRead<T> {
    Item(Rc<T>),
    /// Nothing yet.
    End,
    /// The item there was dropped: the first that is left has this position.
    Dropped(u64),
}

impl<T> Ring<T> {
    pub(super) fn new(capacity: usize) -> Ring<T> {
        Ring {
            slots: VecDeque::new(),
            base: 0,
            capacity,
        }
    }

    /// The position of the next item that is sent.
    pub(super) fn end(&self) -> u64 {
        self.base + self.slots.len() as u64
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Adds an item for this many receivers. Gives the oldest where there is no room for both.
    pub(super) fn push(&mut self, item: Rc<T>, receivers: usize) -> Option<Rc<T>> {
        let oldest = (self.slots.len() == self.capacity).then(|| self.pop());
        self.slots.push_back(RingItem {
            item,
            unseen: receivers,
        });
        oldest.flatten()
    }

    /// The item at `position`, for one of the receivers that have yet to receive it.
    pub(super) fn receive(&mut self, position: u64) -> RingRead<T> {
        let Some(index) = position.checked_sub(self.base) else {
            return RingRead::Dropped(self.base);
        };
        let Some(slot) = self.slots.get_mut(index as usize) else {
            return RingRead::End;
        };
        slot.unseen -= 1;
        let item = slot.item.clone();
        if slot.unseen == 0 {
            // The first one, and not the last pointer to it.
            drop(self.pop());
        }
        RingRead::Item(item)
    }

    /// Removes a receiver that has received nothing from `position` on. Returns the items that no other receiver waits for.
    #[must_use]
    pub(super) fn leave(&mut self, position: u64) -> Vec<Rc<T>> {
        let seen = position.saturating_sub(self.base) as usize;
        for slot in self.slots.iter_mut().skip(seen) {
            slot.unseen -= 1;
        }
        let is_over = |ring: &Ring<T>| ring.slots.front().is_some_and(|slot| slot.unseen == 0);
        let mut over = Vec::new();
        while is_over(self) {
            over.extend(self.pop());
        }
        over
    }

    fn pop(&mut self) -> Option<Rc<T>> {
        let slot = self.slots.pop_front()?;
        self.base += 1;
        Some(slot.item)
    }
}
