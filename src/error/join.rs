//! Errors of joining tasks, and of reaching a hub: what became of them.
#![forbid(unsafe_code)]

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use super::TimedOut;

/// A task did not return a value: its body panicked, or was killed.
pub struct JoinError {
    who: String,
    made_at: &'static Location<'static>,
    killed: bool,
    message: Option<String>,
    /// Somebody has been told of it.
    observed: AtomicBool,
    /// Nobody ever locks it: it lets other threads have a look at the rest.
    payload: Mutex<Box<dyn Any + Send>>,
}

impl JoinError {
    pub(crate) fn new(
        who: String,
        made_at: &'static Location<'static>,
        killed: bool,
        payload: Box<dyn Any + Send>,
    ) -> JoinError {
        let text = payload.downcast_ref::<&'static str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        JoinError {
            who,
            made_at,
            killed,
            message: text.map(Into::into).or_else(|| timed_out(&*payload)),
            observed: AtomicBool::new(false),
            payload: Mutex::new(payload),
        }
    }

    /// Somebody has been told of it: it need not be reported any more.
    pub(crate) fn observe(&self) {
        self.observed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_observed(&self) -> bool {
        self.observed.load(Ordering::Relaxed)
    }

    /// The task was killed.
    #[must_use]
    pub fn is_killed(&self) -> bool {
        self.killed
    }

    /// The task's body panicked.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        !self.killed
    }

    /// What the body unwound with, to go on with it by [`std::panic::resume_unwind`].
    #[must_use]
    pub fn into_panic(self) -> Box<dyn Any + Send> {
        self.payload
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The message of the panic, where it has one: a `panic!` with text.
    #[must_use]
    pub fn panic_message(&self) -> Option<&str> {
        self.message.as_deref()
    }
}

/// What a timeout says that nobody has caught.
fn timed_out(payload: &(dyn Any + Send)) -> Option<String> {
    Some(payload.downcast_ref::<TimedOut>()?.to_string())
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let JoinError { who, made_at, .. } = self;
        match self.panic_message() {
            _ if self.killed => write!(f, "{who} (spawned at {made_at}) was killed"),
            Some(message) => write!(f, "{who} (spawned at {made_at}) panicked: {message}"),
            None => write!(f, "{who} (spawned at {made_at}) panicked"),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError({self})")
    }
}

impl Error for JoinError {}

/// The thread of that hub has ended: nothing runs there any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HubClosed(());

impl HubClosed {
    pub(crate) fn new() -> HubClosed {
        HubClosed(())
    }
}

impl fmt::Display for HubClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the thread of that hub has ended")
    }
}

impl Error for HubClosed {}

/// Tasks that had not ended when their time was over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShutdownTimeout {
    /// A line for each.
    tasks: String,
}

impl ShutdownTimeout {
    pub(crate) fn new(tasks: String) -> ShutdownTimeout {
        ShutdownTimeout { tasks }
    }

    /// A line for each of these tasks: what it waits for since which line.
    pub fn tasks(&self) -> impl Iterator<Item = &str> {
        self.tasks
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
    }
}

impl fmt::Display for ShutdownTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "these tasks have not ended:{}", self.tasks)
    }
}

impl Error for ShutdownTimeout {}
