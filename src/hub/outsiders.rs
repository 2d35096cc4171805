//! The greenlets of a hub that wait for other threads, each by the key that these threads know it by.
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::mem;
use std::sync::Arc;

use super::waiter::Waiter;
use crate::slots::{Key, Slots};

/// What is to be done for a greenlet whose thread ends while it waits: it never goes on, and never says so itself.
pub(crate) trait GiveUp: Send + Sync {
    /// Whoever waits in this seat will not come any more.
    fn give_up(&self, seat: u64);
}

/// Who waits for other threads.
pub(super) struct Outsiders {
    slots: RefCell<Slots<Outsider>>,
    count: Cell<usize>,
}

/// One of them.
pub(super) struct Outsider {
    pub(super) waiter: Waiter,
    /// Where it waits, and in which seat there.
    pub(super) owner: Arc<dyn GiveUp>,
    pub(super) seat: u64,
}

impl Outsiders {
    pub(super) const fn new() -> Outsiders {
        Outsiders {
            slots: RefCell::new(Slots::new()),
            count: Cell::new(0),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count.get() == 0
    }

    pub(super) fn add(&self, outsider: Outsider) -> Key {
        self.count.set(self.count.get() + 1);
        self.slots.borrow_mut().insert(outsider)
    }

    pub(super) fn remove(&self, key: Key) {
        let removed = self.slots.borrow_mut().remove(key);
        if removed.is_some() {
            self.count.set(self.count.get() - 1);
        }
    }

    /// The greenlet and the wait that this key names, if that is not over.
    pub(super) fn waiter(&self, key: Key) -> Option<Waiter> {
        let slots = self.slots.borrow();
        slots.get(key).map(|outsider| outsider.waiter.clone())
    }

    /// The thread ends, and none of them will ever go on.
    pub(super) fn give_up(&self) {
        let mut slots = self.slots.replace(Slots::new());
        let keys: Vec<Key> = slots.iter().map(|(key, _)| key).collect();
        for key in keys {
            let Some(outsider) = slots.remove(key) else {
                continue;
            };
            outsider.owner.give_up(outsider.seat);
            // Its greenlet is leaked, and so is what it has pointed to: no destructor of users' runs here.
            mem::forget(outsider);
        }
    }
}
