//! What users may set of their thread's hub: its clock, and the bounds of its tasks.
#![forbid(unsafe_code)]

use std::time::Instant;

use super::{get, try_get};
use crate::error::{SpawnError, StackError};
use crate::stack::MAX_STACK_SIZE;

/// Stops this thread's clock: from now on it stands still while anything can run, and jumps to the next
/// deadline when nothing can. For tests of code that waits.
///
/// Sockets go on in real time: when something is ready to read it is served before the clock jumps, but a
/// peer that has not answered yet is overtaken by the next deadline.
///
/// # Panics
/// [Where there can be no hub](crate::hub#where-there-can-be-no-hub).
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// greenhub::hub::pause_clock();
/// let begun = greenhub::hub::now();
/// greenhub::sleep(Duration::from_secs(3600)); // returns at once
/// assert_eq!(greenhub::hub::now() - begun, Duration::from_secs(3600));
/// ```
pub fn pause_clock() {
    get().clock.pause();
}

/// Lets a clock go on that [`pause_clock`] has stopped, from where it stands.
///
/// # Panics
/// [Where there can be no hub](crate::hub#where-there-can-be-no-hub).
pub fn resume_clock() {
    get().clock.resume();
}

/// This moment on this thread's clock: [`Instant::now`], unless the clock was paused.
///
/// # Panics
/// [Where there can be no hub](crate::hub#where-there-can-be-no-hub).
#[must_use]
pub fn now() -> Instant {
    get().clock.instant()
}

/// Sets how many tasks this thread's hub may have at a time. Without this there is no limit but the system's, and a
/// process that the system lets have more stacks than memory is killed when they are used.
///
/// A spawn beyond that fails with [`SpawnError::TooMany`], and a [`HubHandle`](crate::HubHandle) drops what it was
/// sent. Tasks that are there stay, even if they are more. Greenlets made by [`Greenlet::new`](crate::Greenlet::new)
/// are not counted: the hub does not know them.
///
/// # Panics
/// [Where there can be no hub](crate::hub#where-there-can-be-no-hub).
///
/// # Examples
/// ```
/// use greenhub::{SpawnError, hub, spawn, try_spawn};
///
/// hub::set_max_greenlets(1);
/// let one = spawn(|| 1);
/// assert!(matches!(try_spawn(|| 2), Err(SpawnError::TooMany { limit: 1 })));
/// assert_eq!(one.join().unwrap(), 1);
/// assert_eq!(spawn(|| 2).join().unwrap(), 2);
/// ```
pub fn set_max_greenlets(limit: usize) {
    get().tasks.set_limit(limit);
}

/// Sets the usable stack size, in bytes, of tasks that this thread spawns from now on without asking for another.
/// It is rounded up as with [`task::Builder::stack_size`](crate::task::Builder::stack_size).
///
/// # Errors
/// [`SpawnError::NoStack`] with [`StackError::TooLarge`] inside above [`MAX_STACK_SIZE`], and what keeps the hub from
/// being made where there is none. Nothing is changed then.
///
/// # Examples
/// ```
/// greenhub::hub::set_stack_size(64 * 1024)?;
/// greenhub::spawn(|| ()).join().unwrap();
/// let classes = greenhub::stack::stats().classes;
/// assert!(classes.iter().any(|class| class.usable_size == 64 * 1024));
/// # Ok::<(), greenhub::SpawnError>(())
/// ```
pub fn set_stack_size(bytes: usize) -> Result<(), SpawnError> {
    if bytes > MAX_STACK_SIZE {
        return Err(SpawnError::NoStack(StackError::TooLarge {
            requested: bytes,
            maximum: MAX_STACK_SIZE,
        }));
    }
    try_get()?.tasks.set_stack_size(bytes);
    Ok(())
}
