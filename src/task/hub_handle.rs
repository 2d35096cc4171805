//! Spawning on a hub from other threads.
#![forbid(unsafe_code)]

use std::fmt;
use std::io;
use std::panic::Location;

use super::spawn::spawn_with;
use crate::error::HubClosed;
use crate::hub::{self, MessageSender};
use crate::stderr;

/// A handle to the hub of one thread, for all threads.
///
/// While one is alive, that hub waits for work from outside instead of reporting a deadlock.
///
/// # Examples
/// ```
/// use greenhub::HubHandle;
/// use std::thread;
///
/// let hub = HubHandle::current()?;
/// let (sender, received) = std::sync::mpsc::channel();
/// thread::spawn(move || hub.spawn(move || sender.send("on the hub's thread").unwrap()));
/// let text = loop {
///     match received.try_recv() {
///         Ok(text) => break text,
///         Err(_) => greenhub::sleep(std::time::Duration::from_millis(1)),
///     }
/// };
/// assert_eq!(text, "on the hub's thread");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct HubHandle {
    sender: MessageSender,
}

impl HubHandle {
    /// A handle to this thread's hub.
    ///
    /// # Errors
    /// If the system has no descriptor left for waking the hub. And if the hub is not there and cannot be made, with the
    /// [`SpawnError`](crate::SpawnError) inside: no memory for its stack, no descriptor for its poller, or the thread is
    /// about to end.
    pub fn current() -> io::Result<HubHandle> {
        let sender = hub::try_get()?.sender()?;
        Ok(HubHandle { sender })
    }

    /// Spawns a task over there. The body travels; what it makes of itself stays on that thread.
    ///
    /// If no task can be made, without memory or because that hub has as many as
    /// [`set_max_tasks`](crate::hub::set_max_tasks) allows ([`SpawnError::TooMany`](crate::SpawnError::TooMany)), the body is
    /// dropped over there, and a line on stderr says so.
    ///
    /// # Errors
    /// [`HubClosed`] if that thread has ended. The body is dropped here then.
    #[track_caller]
    pub fn spawn<F>(&self, body: F) -> Result<(), HubClosed>
    where
        F: FnOnce() + Send + 'static,
    {
        let made_at = Location::caller();
        self.sender.send(Box::new(move || {
            if let Err(error) = spawn_with(None, None, None, made_at, body) {
                stderr::say(format_args!(
                    "a task sent from another thread was not spawned: {error}"
                ));
            }
        }))
    }

    /// Lets that hub handle its clock, sockets and messages now, if it waits for them. What the library itself sends over
    /// wakes it anyway.
    ///
    /// # Errors
    /// [`HubClosed`] if that thread has ended.
    pub fn wake(&self) -> Result<(), HubClosed> {
        self.sender.wake()
    }

    /// The hub's thread has not ended, and the hub takes messages.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.sender.is_open()
    }

    /// The number of tasks of that hub that had not ended when it last took its messages: at the beginning of its latest tick. What was
    /// sent and not taken yet does not count.
    ///
    /// # Examples
    /// ```
    /// use greenhub::{HubHandle, spawn, yield_now};
    ///
    /// let hub = HubHandle::current()?;
    /// let task = spawn(|| greenhub::sleep(std::time::Duration::from_millis(1)));
    /// yield_now();
    /// yield_now(); // a turn has begun since
    /// assert!(hub.is_alive() && hub.task_count() <= 1);
    /// task.join().unwrap();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn task_count(&self) -> usize {
        self.sender.tasks()
    }
}

impl fmt::Debug for HubHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubHandle").finish_non_exhaustive()
    }
}
