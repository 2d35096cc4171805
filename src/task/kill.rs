//! Killing a task, and the shield that holds a kill off.
#![forbid(unsafe_code)]

use std::panic::Location;
use std::time::Duration;

use super::{AnyTask, Task};
use crate::error::KillError;
use crate::generator;
use crate::hub::{self, refuse};
use crate::switch::counted::AnyRef;
use crate::switch::generator_stack::StackOwner;
use crate::switch::{describe, thread};
use crate::waiting::WaitReason;

#[track_caller]
fn kill_or_panic(task: &AnyRef) {
    if let Err(error) = hub::kill(task) {
        panic!("{} cannot be killed: {error}", describe(task));
    }
}

impl AnyTask {
    /// Kills the task, and waits until it has ended: see [`Task::kill`].
    ///
    /// # Panics
    /// As there.
    ///
    /// # Aborts
    /// As there.
    #[track_caller]
    pub fn kill(&self) {
        kill_or_panic(self.record());
        let reason = WaitReason::kill(self.id());
        if !self.is_finished()
            && let Err(why) = self.head().joiners.wait(reason, Location::caller())
        {
            refuse(why, "kill", Location::caller());
        }
    }

    /// Kills the task, and waits for its end no longer than `limit`: see [`Task::kill_timeout`].
    ///
    /// # Panics
    /// As there.
    ///
    /// # Aborts
    /// As there.
    #[track_caller]
    pub fn kill_timeout(&self, limit: Duration) -> bool {
        kill_or_panic(self.record());
        let reason = WaitReason::kill(self.id());
        self.is_finished() || self.head().wait_for(reason, Location::caller(), limit)
    }

    /// Kills the task without waiting for its end: see [`Task::kill_nowait`].
    ///
    /// # Panics
    /// As there.
    #[track_caller]
    pub fn kill_nowait(&self) {
        kill_or_panic(self.record());
    }

    /// As [`kill_nowait`](AnyTask::kill_nowait), where it may fail.
    ///
    /// # Errors
    /// [`KillError::Unsupported`] if it was started, in a program built with `panic=abort`. [`KillError::HubGone`] if it was
    /// started, and the thread's destructors run.
    pub fn try_kill(&self) -> Result<(), KillError> {
        hub::kill(self.record())
    }
}

impl<T> Task<T> {
    /// Kills the task, and waits until it has ended.
    ///
    /// It unwinds with [`GreenletExit`](crate::GreenletExit) from the switch or the wait that it is in, or comes to next. A task that was
    /// not started never runs: its body is dropped at once. One that has ended stays as it is. A task that kills itself
    /// unwinds from here, also inside of a [`shield`].
    ///
    /// A task that catches its kill and waits again is killed again there; after a hundred times it is given up: it
    /// counts as killed, a line on stderr says so, and its stack is leaked. A task in a [`shield`] is killed at its
    /// first wait after that.
    ///
    /// # Panics
    /// If it was started and the program is built with `panic=abort`: nothing can be unwound. As [`join`](Task::join)
    /// while it waits.
    ///
    /// # Aborts
    /// If it had to wait while a panic unwinds the running greenlet; [`kill_nowait`](Task::kill_nowait) need not.
    ///
    /// # Examples
    /// ```
    /// use greenhub::{sleep, spawn};
    /// use std::time::Duration;
    ///
    /// let victim = spawn(|| sleep(Duration::from_secs(600)));
    /// sleep(Duration::ZERO); // let it start
    /// victim.kill();
    /// assert!(victim.join().unwrap_err().is_killed());
    /// ```
    #[track_caller]
    pub fn kill(&self) {
        self.any().kill();
    }

    /// Kills the task, and waits for its end no longer than `limit`. False if it has not ended by then: it is killed
    /// all the same.
    ///
    /// # Panics
    /// As [`kill`](Task::kill).
    ///
    /// # Aborts
    /// As [`kill`](Task::kill).
    #[track_caller]
    pub fn kill_timeout(&self, limit: Duration) -> bool {
        self.any().kill_timeout(limit)
    }

    /// Kills the task without waiting for its end: it unwinds when its turn comes.
    ///
    /// # Panics
    /// If it was started and the program is built with `panic=abort`.
    #[track_caller]
    pub fn kill_nowait(&self) {
        kill_or_panic(self.record.any());
    }

    /// As [`kill_nowait`](Task::kill_nowait), where it may fail.
    ///
    /// # Errors
    /// [`KillError::Unsupported`] if it was started, in a program built with `panic=abort`. [`KillError::HubGone`] if it was
    /// started, and the thread's destructors run.
    pub fn try_kill(&self) -> Result<(), KillError> {
        hub::kill(self.record.any())
    }
}

/// Runs `body`, in which the running greenlet is not killed, and no timeout expires that was started outside: these come
/// at its first wait after that.
///
/// In the body of a generator it holds while the generator runs, for the greenlet that has resumed it, and not while it
/// is suspended.
///
/// # Examples
/// ```
/// use greenhub::{sleep, spawn, task::shield};
/// use std::time::Duration;
///
/// let careful = spawn(|| {
///     shield(|| sleep(Duration::from_millis(5)));
///     println!("done in peace");
///     sleep(Duration::from_secs(600)); // the kill comes here
/// });
/// sleep(Duration::ZERO);
/// careful.kill();
/// assert!(careful.join().unwrap_err().is_killed());
/// ```
pub fn shield<R>(body: impl FnOnce() -> R) -> R {
    let _shield = Shield::raise();
    body()
}

/// Holds interrupts off while it lives and the stack that it lies on runs.
pub(crate) struct Shield {
    home: StackOwner,
    id: u64,
}

impl Shield {
    pub(crate) fn raise() -> Shield {
        let home = generator::stack_owner();
        let id = thread::next_id();
        home.shield(id);
        Shield { home, id }
    }
}

impl Drop for Shield {
    fn drop(&mut self) {
        self.home.unshield(self.id);
    }
}
