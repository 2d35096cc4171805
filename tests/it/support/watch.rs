//! A watchdog for tests that might hang, and what the process has in use.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

/// While this lives, the process is aborted with a message when the time is up.
#[must_use]
pub(crate) struct Watchdog {
    _alive: Sender<()>,
}

/// Gives the running test so many seconds: one that hangs ends the process and says which it was.
pub(crate) fn within(limit: Duration) -> Watchdog {
    let limit = limit * super::slowness();
    let name = thread::current().name().unwrap_or("?").to_owned();
    let (alive, gone) = mpsc::channel::<()>();
    thread::spawn(move || {
        if gone.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
            eprintln!("the test {name} hangs: it was given {limit:?}");
            std::process::abort();
        }
    });
    Watchdog { _alive: alive }
}

/// Seconds, for [`within`] and elsewhere.
pub(crate) fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Milliseconds.
pub(crate) fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// How many descriptors this process has open.
pub(crate) fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}
