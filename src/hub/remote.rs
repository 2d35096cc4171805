//! The only door from other threads to a hub: a mailbox, a flag, and a waker for the poller.
//!
//! ```text
//!   sender: push to the mailbox -> flag was clear? set it, wake the poller : nothing to do
//!   hub:    clear the flag -> then take the mail
//! ```
//! A push either sees the flag clear, and wakes the poller after the mail is in; or it sees the flag set
//! by an earlier push, and then the hub has not cleared it yet and will take the mail after it does. So no
//! mail is left lying while the hub sleeps.
#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use mio::Waker;

use super::poller::Poller;
use crate::greenlet::thread;

/// Something to be done on the hub's thread: on the hub's own stack, so it must be short and not wait.
pub(crate) type Mail = Box<dyn FnOnce() + Send>;

/// So much mail is done in one turn, fewer than run in one: else a burst would have all its tasks live at
/// once, though each of them is short.
const MOST_IN_A_TURN: usize = 256;

/// The hub's end of the mailbox.
pub(crate) struct Mailbox {
    shared: RefCell<Option<Arc<Shared>>>,
    senders: RefCell<Weak<Alive>>,
    /// Taken out, and not done yet.
    taken: RefCell<VecDeque<Mail>>,
}

/// The other threads' end.
#[derive(Clone)]
pub(crate) struct Sender {
    alive: Arc<Alive>,
}

/// Exists while there is a sender. When it goes, the hub must look whether anything can happen any more.
struct Alive {
    shared: Arc<Shared>,
}

impl Drop for Alive {
    fn drop(&mut self) {
        let _ = self.shared.waker.wake();
    }
}

struct Shared {
    mail: Mutex<Letters>,
    has_mail: AtomicBool,
    waker: Waker,
}

/// What lies in the mailbox, and whether anybody will ever take it out.
struct Letters {
    items: Vec<Mail>,
    closed: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Letters> {
        // Nothing panics while it is held, and a list of closures cannot be half changed.
        self.mail.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mailbox {
    pub(super) fn new() -> Mailbox {
        Mailbox {
            shared: RefCell::new(None),
            senders: RefCell::new(Weak::new()),
            taken: RefCell::new(VecDeque::new()),
        }
    }

    pub(super) fn sender(&self, poller: &Poller) -> io::Result<Sender> {
        if let Some(alive) = self.senders.borrow().upgrade() {
            return Ok(Sender { alive });
        }
        let mut shared = self.shared.borrow_mut();
        let shared = match &*shared {
            Some(shared) => shared,
            None => shared.insert(Arc::new(Shared {
                mail: Mutex::new(Letters {
                    items: Vec::new(),
                    closed: false,
                }),
                has_mail: AtomicBool::new(false),
                waker: poller.waker()?,
            })),
        };
        let alive = Arc::new(Alive {
            shared: shared.clone(),
        });
        *self.senders.borrow_mut() = Arc::downgrade(&alive);
        Ok(Sender { alive })
    }

    pub(super) fn has_mail(&self) -> bool {
        let shared = self.shared.borrow();
        let waiting = |shared: &Arc<Shared>| shared.has_mail.load(Ordering::Acquire);
        shared.as_ref().is_some_and(waiting) || !self.taken.borrow().is_empty()
    }

    /// Somebody outside has a sender, or had one and has sent something.
    pub(super) fn is_shared(&self) -> bool {
        // In this order: what the last sender has sent is seen when it is seen to be gone.
        if self.senders.borrow().strong_count() > 0 {
            return true;
        }
        fence(Ordering::Acquire);
        self.has_mail()
    }

    /// Does what the mail says, or the first part of it.
    pub(super) fn read(&self) {
        if !self.has_mail() {
            return;
        }
        if let Some(shared) = &*self.shared.borrow()
            && shared.has_mail.swap(false, Ordering::SeqCst)
        {
            let items = mem::take(&mut shared.lock().items);
            self.taken.borrow_mut().extend(items);
        }
        for _ in 0..MOST_IN_A_TURN {
            let Some(item) = self.taken.borrow_mut().pop_front() else {
                return;
            };
            // Mail comes from the floor above, which catches what users' code does. Whatever happens,
            // the hub must go on.
            // Destructors of a body that cannot be spawned run here too: with this, each of their switches is
            // looked at, and refused on the hub.
            thread::add_attention();
            let done = catch_unwind(AssertUnwindSafe(item));
            thread::remove_attention();
            if let Err(payload) = done {
                mem::forget(payload); // its destructor might panic, too
            }
        }
    }

    /// Nobody will read mail any more.
    pub(super) fn close(&self) {
        // In a destructor of a thread-local no code of users' may run: not done is left as it is.
        self.taken.take().into_iter().for_each(mem::forget);
        if let Some(shared) = self.shared.take() {
            let mut mail = shared.lock();
            mail.closed = true;
            let unread = mem::take(&mut mail.items);
            drop(mail);
            unread.into_iter().for_each(mem::forget);
        }
    }
}

impl Sender {
    /// Has `item` done on the hub's thread.
    ///
    /// # Errors
    /// Gives it back if the hub's thread has ended.
    pub(crate) fn send(&self, item: Mail) -> Result<(), Mail> {
        let shared = &self.alive.shared;
        let mut mail = shared.lock();
        if mail.closed {
            return Err(item);
        }
        mail.items.push(item);
        drop(mail);
        if !shared.has_mail.swap(true, Ordering::SeqCst) {
            // It fails only where the poller is gone, and then nobody waits in it.
            let _ = shared.waker.wake();
        }
        Ok(())
    }
}
