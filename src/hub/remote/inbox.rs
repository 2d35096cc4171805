//! The inbox of a hub, the only way in from other threads: a list of messages, the park state, and a waker for the poller.
//!
//! ```text
//!   sender: push the message -> notify; if the hub was parked, wake the poller
//!   hub:    take the notification -> then the messages -> ... -> park, unless notified -> poll
//! ```
//! `park_state.rs` shows that no message stays while the hub is parked. A hub that is not parked costs its notifier no system
//! call.
#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mio::Waker;

use crate::error::HubClosed;
use crate::hub::reactor::poller::Poller;
use crate::hub::remote::park_state::ParkState;
use crate::slots::Key;
use crate::switch::{parent, thread};

/// A closure to run on the hub's own stack: it must be short and not wait.
pub(crate) type Message = Box<dyn FnOnce() + Send>;

/// An entry of the inbox.
enum InboxItem {
    Run(Message),
    /// The wait with this key is over.
    Wake(Key),
}

/// Messages that are run in one tick, fewer than the switches of one: else all tasks of a burst would be alive at once, though
/// each of them is short.
const MOST_IN_A_TICK: usize = 256;

/// The hub's end of the inbox.
pub(crate) struct Mailbox {
    shared: RefCell<Option<Arc<Shared>>>,
    /// Taken out, and not done yet.
    taken: RefCell<VecDeque<InboxItem>>,
}

/// The other threads' end. While there is one, the hub waits for messages instead of reporting a deadlock.
pub(crate) struct MessageSender(Remote);

/// The way to a hub that knows of its user by itself: it does not count as a sender.
#[derive(Clone)]
pub(crate) struct Remote {
    shared: Arc<Shared>,
}

impl MessageSender {
    fn new(remote: Remote) -> MessageSender {
        remote.shared.senders.fetch_add(1, Ordering::Relaxed);
        MessageSender(remote)
    }
}

impl Clone for MessageSender {
    fn clone(&self) -> MessageSender {
        MessageSender::new(self.0.clone())
    }
}

impl Drop for MessageSender {
    fn drop(&mut self) {
        // After the last sender the hub must look whether anything can happen any more.
        if self.0.shared.senders.fetch_sub(1, Ordering::Release) == 1 {
            let _ = self.0.shared.waker.wake();
        }
    }
}

struct Shared {
    messages: Mutex<Inbox>,
    park_state: ParkState,
    waker: Waker,
    senders: AtomicUsize,
    /// How many tasks the hub had when it last looked.
    tasks: AtomicUsize,
}

/// The messages, and whether the hub is gone.
struct Inbox {
    items: Vec<InboxItem>,
    closed: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inbox> {
        // Nothing panics while it is held, and a list of closures cannot be half changed.
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mailbox {
    pub(in crate::hub) fn new() -> Mailbox {
        Mailbox {
            shared: RefCell::new(None),
            taken: RefCell::new(VecDeque::new()),
        }
    }

    pub(in crate::hub) fn sender(&self, poller: &Poller) -> io::Result<MessageSender> {
        self.remote(poller).map(MessageSender::new)
    }

    pub(in crate::hub) fn remote(&self, poller: &Poller) -> io::Result<Remote> {
        let mut shared = self.shared.borrow_mut();
        let shared = match &*shared {
            Some(shared) => shared,
            None => shared.insert(Arc::new(Shared {
                messages: Mutex::new(Inbox {
                    items: Vec::new(),
                    closed: false,
                }),
                park_state: ParkState::new(),
                waker: poller.waker()?,
                senders: AtomicUsize::new(0),
                tasks: AtomicUsize::new(0),
            })),
        };
        let shared = shared.clone();
        Ok(Remote { shared })
    }

    /// That way leads here.
    pub(in crate::hub) fn is_at(&self, remote: &Remote) -> bool {
        let shared = self.shared.borrow();
        shared
            .as_ref()
            .is_some_and(|shared| Arc::ptr_eq(shared, &remote.shared))
    }

    /// Lets other threads know how many tasks there are.
    pub(in crate::hub) fn publish(&self, tasks: usize) {
        if let Some(shared) = &*self.shared.borrow() {
            shared.tasks.store(tasks, Ordering::Relaxed);
        }
    }

    /// Does `wait`, a wait in the poller, unless messages have come: a sender from now on wakes the poller.
    pub(in crate::hub) fn sleep(&self, wait: impl FnOnce()) {
        let shared = self.shared.borrow().clone();
        let Some(shared) = shared else {
            return wait();
        };
        if shared.park_state.try_park() {
            wait();
            shared.park_state.unpark();
        }
    }

    pub(in crate::hub) fn has_messages(&self) -> bool {
        let shared = self.shared.borrow();
        let is_notified = |shared: &Arc<Shared>| shared.park_state.is_notified();
        shared.as_ref().is_some_and(is_notified) || !self.taken.borrow().is_empty()
    }

    /// Another thread has a sender, or had one and has sent something.
    pub(in crate::hub) fn is_shared(&self) -> bool {
        // In this order: what the last sender has sent is seen when it is seen to be gone.
        let shared = self.shared.borrow();
        if shared
            .as_ref()
            .is_some_and(|shared| shared.senders.load(Ordering::Acquire) > 0)
        {
            return true;
        }
        drop(shared);
        self.has_messages()
    }

    /// Runs the messages, 256 at most. `wake` ends the wait with that key.
    pub(in crate::hub) fn run_messages(&self, wake: impl Fn(Key)) {
        if !self.has_messages() {
            return;
        }
        if let Some(shared) = &*self.shared.borrow()
            && shared.park_state.take_notification()
        {
            let items = mem::take(&mut shared.lock().items);
            self.taken.borrow_mut().extend(items);
        }
        for _ in 0..MOST_IN_A_TICK {
            let item = self.taken.borrow_mut().pop_front();
            let item = match item {
                Some(InboxItem::Run(item)) => item,
                Some(InboxItem::Wake(key)) => {
                    wake(key);
                    continue;
                }
                None => return,
            };
            // Messages come from the floor above, which catches panics of users' code. Whatever happens, the hub continues.
            // Destructors of a body that cannot be spawned run here too: the slow path refuses each of their switches.
            thread::request_slow_path();
            if let Err(panic) = catch_unwind(AssertUnwindSafe(item)) {
                parent::drop_quietly(panic);
            }
            thread::withdraw_slow_path();
        }
    }

    /// No message is read any more.
    pub(in crate::hub) fn close(&self) {
        // In a destructor of a thread-local no code of users' may run: not done is left as it is.
        self.taken.take().into_iter().for_each(mem::forget);
        if let Some(shared) = self.shared.take() {
            let mut messages = shared.lock();
            messages.closed = true;
            let unread = mem::take(&mut messages.items);
            drop(messages);
            unread.into_iter().for_each(mem::forget);
        }
    }
}

impl MessageSender {
    /// Has `item` done on the hub's thread.
    ///
    /// # Errors
    /// If the hub's thread has ended. The item is dropped here then.
    pub(crate) fn send(&self, item: Message) -> Result<(), HubClosed> {
        self.0.send(InboxItem::Run(item))
    }

    /// Lets the hub look around, if it sleeps.
    ///
    /// # Errors
    /// If the hub's thread has ended.
    pub(crate) fn wake(&self) -> Result<(), HubClosed> {
        if !self.is_open() {
            return Err(HubClosed::new());
        }
        self.0.notify();
        Ok(())
    }

    /// The hub's thread has not ended.
    pub(crate) fn is_open(&self) -> bool {
        !self.0.shared.lock().closed
    }

    /// How many tasks the hub had when it last looked.
    pub(crate) fn tasks(&self) -> usize {
        self.0.shared.tasks.load(Ordering::Relaxed)
    }
}

impl Remote {
    /// Ends the wait with this key, unless it is over or the hub's thread has ended.
    pub(in crate::hub) fn wake(&self, key: Key) {
        let _ = self.send(InboxItem::Wake(key));
    }

    fn send(&self, item: InboxItem) -> Result<(), HubClosed> {
        let mut messages = self.shared.lock();
        if messages.closed {
            drop(messages); // first: the item's destructor is users' code
            return Err(HubClosed::new());
        }
        messages.items.push(item);
        drop(messages);
        self.notify();
        Ok(())
    }

    fn notify(&self) {
        if self.shared.park_state.notify() {
            // An error means that the poller is gone, and then no hub waits in it.
            let _ = self.shared.waker.wake();
        }
    }
}
