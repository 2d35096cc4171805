//! The greenlets of a hub that wait for other threads, each by the key that these threads know it by.
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::mem;
use std::sync::Arc;

use crate::hub::wait::waker::Waker;
use crate::slots::{Key, Slots};

/// What is told that a waiting greenlet never resumes, because its thread ends.
pub(crate) trait OnThreadExit: Send + Sync {
    /// The wait with this ticket is over without its greenlet.
    fn on_thread_exit(&self, ticket: u64);
}

/// The waits of this hub that other threads end.
pub(in crate::hub) struct RemoteWaits {
    slots: RefCell<Slots<RemoteWaiter>>,
    count: Cell<usize>,
}

/// A wait of this hub that another thread ends.
pub(in crate::hub) struct RemoteWaiter {
    pub(in crate::hub) waker: Waker,
    /// What is told if the thread ends first, and with which ticket.
    pub(in crate::hub) owner: Arc<dyn OnThreadExit>,
    pub(in crate::hub) ticket: u64,
}

impl RemoteWaits {
    pub(in crate::hub) const fn new() -> RemoteWaits {
        RemoteWaits {
            slots: RefCell::new(Slots::new()),
            count: Cell::new(0),
        }
    }

    pub(in crate::hub) fn is_empty(&self) -> bool {
        self.count.get() == 0
    }

    pub(in crate::hub) fn add(&self, waiter: RemoteWaiter) -> Key {
        self.count.set(self.count.get() + 1);
        self.slots.borrow_mut().insert(waiter)
    }

    pub(in crate::hub) fn remove(&self, key: Key) {
        let removed = self.slots.borrow_mut().remove(key);
        if removed.is_some() {
            self.count.set(self.count.get() - 1);
        }
    }

    /// The greenlet and the wait that this key names, if that is not over.
    pub(in crate::hub) fn waiter(&self, key: Key) -> Option<Waker> {
        let slots = self.slots.borrow();
        slots.get(key).map(|waiter| waiter.waker.clone())
    }

    /// The thread ends, and no wait here ever resumes.
    pub(in crate::hub) fn thread_exits(&self) {
        let mut slots = self.slots.replace(Slots::new());
        let keys: Vec<Key> = slots.iter().map(|(key, _)| key).collect();
        for key in keys {
            let Some(waiter) = slots.remove(key) else {
                continue;
            };
            waiter.owner.on_thread_exit(waiter.ticket);
            // Its greenlet is leaked, and so is what it has pointed to: no destructor of users' runs here.
            mem::forget(waiter);
        }
    }
}
