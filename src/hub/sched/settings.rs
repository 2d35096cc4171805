//! What users may set of their thread's hub: its clock, and the bounds of its tasks.
#![forbid(unsafe_code)]

use std::time::Instant;

use crate::error::{SpawnError, StackError};
use crate::hub::{get, try_get};
use crate::stack::MAX_STACK_SIZE;

/// Stops this thread's clock, for tests of code that waits: from now on time stands still while anything can run,
/// and jumps to the next deadline when nothing can. Such a test takes no time, and its events have one order, the same in
/// every run. Stopping a stopped clock changes nothing.
///
/// All waits on this thread, and [`now`], use this clock. The standard library does not: [`Instant::now`] advances, and
/// [`std::thread::sleep`] sleeps. Other threads have clocks of their own. A `#[test]` runs on a thread of its own, so it stops
/// its own clock, and need not resume it.
///
/// [`advance_clock`](crate::hub::advance_clock) sets a stopped clock forward by hand.
///
/// # What stays real
/// Sockets and other threads live in real time. Before each jump the hub handles all descriptors that are ready and all messages
/// of other threads. So a conversation takes no time if both its ends are on this thread: one end finds what the other has sent
/// on loopback. But a peer in another thread or process is overtaken by the next deadline: a timeout of an hour passes before it
/// has answered, and a task that sleeps again and again races through the years meanwhile. Without any deadline the hub waits
/// for the peer as always, and the clock stands. A test that needs such a peer lets the clock run: [`resume_clock`].
///
/// # Panics
/// [Where there can be no hub](crate::hub#where-there-can-be-no-hub).
///
/// # Examples
/// A test of something that tries again later and later:
/// ```
/// use greenhub::{hub, sleep};
/// use std::time::Duration;
///
/// fn with_retries<T, E>(mut attempt: impl FnMut() -> Result<T, E>) -> T {
///     let mut pause = Duration::from_secs(1);
///     loop {
///         match attempt() {
///             Ok(value) => return value,
///             Err(_) => sleep(pause),
///         }
///         pause *= 2;
///     }
/// }
///
/// # /*
/// #[test]
/// # */
/// fn it_waits_twice_as_long_each_time() {
///     hub::pause_clock();
///     let begun = hub::now();
///     let mut tries = Vec::new();
///     with_retries(|| {
///         tries.push((hub::now() - begun).as_secs());
///         if tries.len() < 4 { Err("not yet") } else { Ok(()) }
///     });
///     assert_eq!(tries, [0, 1, 3, 7]); // exactly, and in no time
/// }
/// # it_waits_twice_as_long_each_time();
/// ```
pub fn pause_clock() {
    get().clock.pause();
}

/// Resumes a clock that [`pause_clock`] has stopped, from the time that it shows. A running clock runs on.
///
/// # Panics
/// [Where there can be no hub](crate::hub#where-there-can-be-no-hub).
///
/// # Examples
/// ```
/// use greenhub::{hub, sleep};
/// use std::time::{Duration, Instant};
///
/// hub::pause_clock();
/// let begun = hub::now();
/// sleep(Duration::from_secs(3600)); // takes no time
/// hub::resume_clock();
/// let real = Instant::now();
/// sleep(Duration::from_millis(5)); // takes 5 ms
/// assert!(real.elapsed() >= Duration::from_millis(5));
/// assert!(hub::now() - begun >= Duration::from_secs(3600));
/// ```
pub fn resume_clock() {
    let hub = get();
    hub.clock.resume();
    hub.end_advances();
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
/// hub::set_max_tasks(1);
/// let one = spawn(|| 1);
/// assert!(matches!(try_spawn(|| 2), Err(SpawnError::TooMany { limit: 1 })));
/// assert_eq!(one.join().unwrap(), 1);
/// assert_eq!(spawn(|| 2).join().unwrap(), 2);
/// ```
pub fn set_max_tasks(limit: usize) {
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
