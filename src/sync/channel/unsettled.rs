//! Places in a queue for items that are still being made: a select has chosen to send, and runs the expression of its item.
//!
//! ```text
//!   queue: [ i1, i2 ]   behind: [ (making 7), i3, i4, (making 8), i5 ]
//!           received first       nothing of this is received before 7 is there; then i3 and i4 move up, too
//! ```
//! So items arrive in the order in which their senders were matched with room. An item that takes long to make holds up no
//! sender, but the receivers of what was sent after it.
//!
//! And the other way round: items that a [`Select`](crate::Select) has chosen to receive, and that are not yet taken. They
//! are out of the queue, and take room until then.
#![forbid(unsafe_code)]

use crate::hub::{Reservation, Resource};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::mem;

use super::ends::{Items, Room};

/// What comes after the queue, from the first item that is still being made on.
///
/// # Invariant
/// Each item that is being made, and where there is room each that is chosen, also counts as a sender that was woken: its
/// place is taken.
pub(super) struct Unsettled<T> {
    /// The number of the item that is being made and comes before all entries; 0 if there is none.
    front: Cell<u64>,
    entries: RefCell<VecDeque<UnsettledItem<T>>>,
    being_made: Cell<usize>,
    items: Cell<usize>,
    /// Chosen and not yet taken.
    chosen: RefCell<Vec<(u64, T)>>,
    last_number: Cell<u64>,
}

/// An item, or none while it is being made; with its number, in the order of which entries stand.
struct UnsettledItem<T> {
    number: u64,
    item: Option<T>,
}

impl<T> Unsettled<T> {
    pub(super) fn new() -> Unsettled<T> {
        Unsettled {
            front: Cell::new(0),
            entries: RefCell::new(VecDeque::new()),
            being_made: Cell::new(0),
            items: Cell::new(0),
            chosen: RefCell::new(Vec::new()),
            last_number: Cell::new(0),
        }
    }

    /// How many items are being made.
    #[inline(always)]
    pub(super) fn being_made(&self) -> usize {
        self.being_made.get()
    }

    /// How many places are taken for items that are not in the channel.
    pub(super) fn places(&self) -> usize {
        self.being_made.get() + self.chosen.borrow().len()
    }

    /// No item is here, and none is chosen and not yet taken.
    pub(super) fn is_empty(&self) -> bool {
        self.items.get() == 0 && self.chosen.borrow().is_empty()
    }

    /// How many items wait here.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.items.get()
    }

    #[cold]
    pub(super) fn push(&self, item: T) {
        let (number, item) = (self.next_number(), Some(item));
        self.entries
            .borrow_mut()
            .push_back(UnsettledItem { number, item });
        self.items.set(self.items.get() + 1);
    }

    /// Takes all items out, and leaves the places of those that are being made.
    pub(super) fn take_all(&self) -> VecDeque<T> {
        let mut items = VecDeque::new();
        self.items.set(0);
        self.entries.borrow_mut().retain_mut(|entry| {
            let item = entry.item.take();
            let is_being_made = item.is_none();
            items.extend(item);
            is_being_made
        });
        items
    }

    fn next_number(&self) -> u64 {
        let number = self.last_number.get() + 1;
        self.last_number.set(number);
        number
    }

    fn reserve(&self) -> u64 {
        let number = self.next_number();
        if self.being_made.replace(self.being_made.get() + 1) == 0 {
            self.front.set(number);
        } else {
            let mut entries = self.entries.borrow_mut();
            entries.push_back(UnsettledItem { number, item: None });
        }
        number
    }

    /// Gives the place up that is to be filled with `item`, or with nothing. The item, if its place is the first.
    fn settle(&self, number: u64, item: Option<T>) -> Option<T> {
        self.being_made.set(self.being_made.get() - 1);
        if self.front.get() == number {
            self.front.set(0);
            return item;
        }
        let mut entries = self.entries.borrow_mut();
        let found = entries.binary_search_by_key(&number, |entry| entry.number);
        let index = found.expect("a place stays until it is settled");
        match item {
            Some(item) => {
                entries[index].item = Some(item);
                self.items.set(self.items.get() + 1);
            }
            None => drop(entries.remove(index)),
        }
        None
    }

    fn take_chosen(&self, number: u64) -> Option<T> {
        let mut chosen = self.chosen.borrow_mut();
        let index = chosen.binary_search_by_key(&number, |item| item.0).ok()?;
        Some(chosen.remove(index).1)
    }

    /// The first item, unless one before it is still being made.
    fn pop(&self) -> Option<T> {
        if self.front.get() != 0 {
            return None;
        }
        let UnsettledItem { number, item } = self.entries.borrow_mut().pop_front()?;
        match item {
            Some(_) => self.items.set(self.items.get() - 1),
            None => self.front.set(number),
        }
        item
    }
}

impl<T> Room<T> {
    /// The number of the next place in the queue, for a sender that has reserved room or found some.
    pub(super) fn reserve_place(&self) -> u64 {
        mem::forget(Reservation::reserve(self));
        self.items.unsettled.reserve()
    }

    /// Puts an item into its place.
    pub(super) fn fill_place(&self, number: u64, item: T) {
        self.settle(number, Some(item));
    }

    /// Gives a place back. What was sent after it moves up.
    pub(super) fn give_place_back(&self, number: u64) {
        self.settle(number, None);
    }

    fn settle(&self, number: u64, item: Option<T>) {
        let reservation = Reservation::new(self);
        if let Some(item) = self.items.unsettled.settle(number, item) {
            self.items.keep(item);
        }
        self.items.move_up();
        drop(reservation);
    }

    /// Takes an item out of the channel for a receiver that has chosen it and takes it later, by this number.
    pub(super) fn choose(&self, item: T) -> u64 {
        let behind = &self.items.unsettled;
        let number = behind.next_number();
        behind.chosen.borrow_mut().push((number, item));
        if !self.is_rendezvous() {
            mem::forget(Reservation::reserve(self));
        }
        number
    }

    /// Takes what was chosen.
    pub(super) fn take_chosen(&self, number: u64) -> Option<T> {
        let item = self.items.unsettled.take_chosen(number)?;
        self.release_chosen();
        Some(item)
    }

    /// Lets the next receiver have what was chosen and is not taken.
    pub(super) fn give_chosen_back(&self, number: u64) {
        if let Some(item) = self.items.unsettled.take_chosen(number) {
            self.items.give_back(item);
            self.release_chosen();
        }
    }

    fn release_chosen(&self) {
        if !self.is_rendezvous() {
            drop(Reservation::new(self));
        }
    }
}

impl<T> Items<T> {
    /// Moves up what waits for no other item any more, and calls receivers for it.
    fn move_up(&self) {
        while let Some(item) = self.unsettled.pop() {
            self.keep(item);
        }
        self.wake_waiters();
    }
}
