//! A wait that any thread may end.
//!
//! ```text
//!   this thread                                         another thread
//!   remote_waits:  key 3 -> task 7, ticket 41   <------    RemoteWaker { inbox of the hub, key 3 }.wake()
//!                  key 4 -> main, ticket 40                sends the key: the greenlet itself never leaves its thread
//! ```
//! While there is one, the hub is in no deadlock.
#![forbid(unsafe_code)]

use std::io;
use std::sync::Arc;

use crate::error::CannotWait;
use crate::hub::remote::inbox::Remote;
use crate::hub::remote::remote_waits::{OnThreadExit, RemoteWaiter};
use crate::hub::wait::park::Wait;
use crate::hub::wait::request::WaitRequest;
use crate::hub::{Deadline, Hub, HubRef, current, get};
use crate::slots::Key;
use crate::waiting::WakeReason;

/// A wait of the running greenlet that other threads may end. Dropped, it is over.
pub(crate) struct RemoteWait {
    hub: HubRef,
    wait: Wait,
    deadline: Deadline,
    key: Key,
    remote: Remote,
}

/// Ends one such wait. It may be used on any thread, and when the wait is over.
#[derive(Clone)]
pub(crate) struct RemoteWaker {
    remote: Remote,
    key: Key,
}

impl RemoteWait {
    /// Begins a wait. From now on a wake is kept. If this thread ends meanwhile, `owner` is told so with this ticket.
    ///
    /// # Errors
    /// [`CannotWait`] where the running greenlet may not be left.
    ///
    /// # Panics
    /// If the system has no descriptor left to wake this hub with.
    pub(crate) fn begin(
        request: &mut WaitRequest,
        owner: Arc<dyn OnThreadExit>,
        ticket: u64,
    ) -> Result<RemoteWait, CannotWait> {
        let hub = get();
        let remote = hub.mailbox.remote(&hub.poller).unwrap_or_else(|error| {
            panic!("other threads cannot wake this thread's hub: no descriptor for that: {error}")
        });
        let wait = request.try_begin()?;
        let waker = wait.waker();
        let key = hub.remote_waits.add(RemoteWaiter {
            waker,
            owner,
            ticket,
        });
        Ok(RemoteWait {
            hub,
            wait,
            deadline: request.deadline(),
            key,
            remote,
        })
    }

    /// What ends it.
    pub(crate) fn waker(&self) -> RemoteWaker {
        RemoteWaker {
            remote: self.remote.clone(),
            key: self.key,
        }
    }

    /// Waits until woken, or until the request's deadline.
    pub(crate) fn wait(&self) -> WakeReason {
        self.wait.park(self.deadline)
    }
}

impl Drop for RemoteWait {
    fn drop(&mut self) {
        self.hub.remote_waits.remove(self.key);
    }
}

impl RemoteWaker {
    pub(crate) fn wake(&self) {
        match current() {
            Some(hub) if hub.mailbox.is_at(&self.remote) => hub.wake_remote_wait(self.key),
            _ => self.remote.wake(self.key),
        }
    }
}

/// Makes sure that other threads can wake this thread's hub, if it has one: then no wait for them can fail for want of a
/// descriptor.
///
/// # Errors
/// If the system has no descriptor left.
pub(crate) fn ensure_wakeable() -> io::Result<()> {
    match current() {
        Some(hub) => hub.mailbox.remote(&hub.poller).map(drop),
        None => Ok(()),
    }
}

impl Hub {
    /// Ends a wait for other threads, unless it is over.
    pub(in crate::hub) fn wake_remote_wait(&self, key: Key) {
        if let Some(waiter) = self.remote_waits.waiter(key) {
            waiter.wake_into(WakeReason::Notified, &self.run_queue);
        }
    }
}
