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

use std::cell::OnceCell;
use std::io;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mio::Waker;

use super::poller::Poller;

/// Something to be done on the hub's thread: on the hub's own stack, so it must be short and not wait.
pub(crate) type Mail = Box<dyn FnOnce() + Send>;

/// The hub's end of the mailbox.
pub(crate) struct Mailbox {
    shared: OnceCell<Arc<Shared>>,
}

/// The other threads' end.
#[derive(Clone)]
pub(crate) struct Sender {
    shared: Arc<Shared>,
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
            shared: OnceCell::new(),
        }
    }

    pub(super) fn sender(&self, poller: &Poller) -> io::Result<Sender> {
        if self.shared.get().is_none() {
            let shared = Arc::new(Shared {
                mail: Mutex::new(Letters {
                    items: Vec::new(),
                    closed: false,
                }),
                has_mail: AtomicBool::new(false),
                waker: poller.waker()?,
            });
            let _ = self.shared.set(shared);
        }
        let shared = self.shared.get().expect("set above").clone();
        Ok(Sender { shared })
    }

    pub(super) fn has_mail(&self) -> bool {
        self.shared
            .get()
            .is_some_and(|shared| shared.has_mail.load(Ordering::Acquire))
    }

    /// Somebody outside has a sender.
    pub(super) fn is_shared(&self) -> bool {
        self.shared.get().is_some_and(|shared| {
            Arc::strong_count(shared) > 1 || shared.has_mail.load(Ordering::Acquire)
        })
    }

    /// Does what the mail says.
    pub(super) fn read(&self) {
        if !self.has_mail() {
            return;
        }
        let shared = self.shared.get().expect("has mail");
        shared.has_mail.store(false, Ordering::SeqCst);
        let items = mem::take(&mut shared.lock().items);
        for item in items {
            // Mail comes from the floor above, which catches what users' code does. Whatever happens,
            // the hub must go on.
            let _ = catch_unwind(AssertUnwindSafe(item));
        }
    }

    /// Nobody will read mail any more.
    pub(super) fn close(&self) {
        if let Some(shared) = self.shared.get() {
            let mut mail = shared.lock();
            mail.closed = true;
            let unread = mem::take(&mut mail.items);
            drop(mail);
            // In a destructor of a thread-local no code of users' may run.
            mem::forget(unread);
        }
    }
}

impl Sender {
    /// Has `item` done on the hub's thread.
    ///
    /// # Errors
    /// Gives it back if the hub's thread has ended.
    pub(crate) fn send(&self, item: Mail) -> Result<(), Mail> {
        let mut mail = self.shared.lock();
        if mail.closed {
            return Err(item);
        }
        mail.items.push(item);
        drop(mail);
        if !self.shared.has_mail.swap(true, Ordering::SeqCst) {
            // It fails only where the poller is gone, and then nobody waits in it.
            let _ = self.shared.waker.wake();
        }
        Ok(())
    }
}
