//! Killing tasks: one, or all that a hub has.

use std::time::Duration;

use crate::error::{KillError, ShutdownTimeout};
use crate::greenlet::GreenletExit;
use crate::hub::wait::request::WaitRequest;
use crate::hub::{Deadline, Hub, HubRef, current, get};
use crate::switch::counted::AnyRef;
use crate::switch::{GreenletState, parent, thread};
use crate::waiting::{WaitReason, WakeReason};

/// Kills `task`. It has ended with that if it was not started; otherwise it unwinds at its wait.
///
/// # Errors
/// [`KillError::Unsupported`] for a started one where nothing can be unwound, [`KillError::HubClosed`] where the thread ends.
pub(crate) fn kill(task: &AnyRef) -> Result<(), KillError> {
    match task.state() {
        GreenletState::Dead | GreenletState::Leaked => return Ok(()),
        GreenletState::Declared | GreenletState::Unstarted => {
            cancel(task);
            return Ok(());
        }
        GreenletState::Suspended | GreenletState::Active => {}
    }
    if cfg!(panic = "abort") {
        return Err(KillError::Unsupported);
    }
    let Some(hub) = current() else {
        return Err(KillError::HubClosed);
    };
    task.interrupts().kill();
    hub.interrupt(task);
    if task.as_ptr() == thread::current().as_ptr() && !std::thread::panicking() {
        GreenletExit::raise();
    }
    Ok(())
}

impl Hub {
    /// Kills all tasks but `me`, in the order in which they were spawned.
    fn kill_others(&self, me: &AnyRef) {
        let mut tasks = Vec::new();
        self.tasks.for_each(|task| tasks.push(task.clone()));
        for task in tasks {
            if task.as_ptr() != me.as_ptr() {
                // Where nothing can be unwound the started ones stay, and are told of at the end.
                let _ = kill(&task);
            }
        }
    }

    /// Waits until there are no tasks but `me`, or, while the hub is shutting down, until another one is spawned.
    #[track_caller]
    fn drain(&self, me: &AnyRef, deadline: Deadline) -> WakeReason {
        if self.tasks.count() <= usize::from(me.is_task()) {
            return WakeReason::Notified;
        }
        let mut request = WaitRequest::new("the wait for all tasks", WaitReason::DRAIN, deadline);
        request.in_list(self.tasks.changed())
    }

    /// Waits until there are no tasks but the running one. False if the clock has reached `deadline` before.
    #[track_caller]
    fn join(&self, deadline: Deadline) -> bool {
        let me = thread::current().to_ref();
        let own = usize::from(me.is_task());
        while self.tasks.count() > own {
            if self.drain(&me, deadline) == WakeReason::TimedOut {
                return self.tasks.count() <= own;
            }
        }
        true
    }
}

/// Ends a task that was not started. A panic of its body's destructors is dropped: the task was killed.
fn cancel(task: &AnyRef) {
    let task = task.clone();
    // First: the task stands in the run queue. A destructor may wait, and its turn must not come then.
    task.wait().end();
    if let Err(panic) = parent::cancel(&task) {
        parent::drop_quietly(panic);
    }
    // SAFETY: it has ended just now, without having run.
    unsafe { task.complete_killed() };
}

/// Waits until all tasks of this thread's hub have ended, but for the one that calls this.
///
/// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
///
/// # Panics
/// In the main greenlet, if no wait of this hub can ever end: the message lists all of them.
///
/// # Examples
/// ```
/// use greenhub::{hub, sleep, spawn};
/// use std::time::Duration;
///
/// let task = spawn(|| sleep(Duration::from_millis(1)));
/// hub::join();
/// assert!(task.is_finished());
/// ```
#[track_caller]
pub fn join() {
    get().join(Deadline::NEVER);
}

/// As [`join`], for as long as `limit` at most. False if some tasks have not ended by then.
///
/// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
#[track_caller]
pub fn join_timeout(limit: Duration) -> bool {
    let hub = get();
    let deadline = hub.clock.after(limit);
    hub.join(deadline)
}

/// Kills all tasks of this thread's hub but for the one that calls this, in the order in which they were spawned, and
/// waits until they have ended, for as long as `limit` at most. Tasks that are spawned meanwhile are killed, too.
///
/// It is the orderly way to leave: tasks that are alive when their thread ends are not unwound, but leaked. The hub can
/// be used after that.
///
/// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
///
/// # Errors
/// [`ShutdownTimeout`] lists the tasks that have not ended by then, and what they wait for: they catch their kill, or are
/// shielded, or the program is built with `panic=abort`. They stay killed.
///
/// # Examples
/// ```
/// use greenhub::{hub, sleep, spawn};
/// use std::time::Duration;
///
/// let forever = spawn(|| sleep(Duration::MAX));
/// hub::shutdown(Duration::from_secs(1)).unwrap();
/// assert!(forever.join().unwrap_err().is_killed());
/// ```
#[track_caller]
pub fn shutdown(limit: Duration) -> Result<(), ShutdownTimeout> {
    let hub = get();
    let me = thread::current().to_ref();
    let deadline = hub.clock.after(limit);
    let own = usize::from(me.is_task());
    let _closing = Closing::begin(hub);
    loop {
        hub.kill_others(&me);
        if hub.tasks.count() <= own {
            return Ok(());
        }
        if hub.drain(&me, deadline) == WakeReason::TimedOut && hub.tasks.count() > own {
            return Err(ShutdownTimeout::new(hub.report_tasks(&me)));
        }
    }
}

/// While it lives, a spawn is a change that `shutdown` wants to know of.
struct Closing(HubRef);

impl Closing {
    fn begin(hub: HubRef) -> Closing {
        hub.tasks.begin_closing();
        Closing(hub)
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.tasks.end_closing();
    }
}
