//! A wait group: its handles are counted, and one waits until all others were dropped.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;
use std::time::Duration;

use crate::hub::{Deadline, WaitList, WaitRequest};
use crate::waiting::{WaitReason, WakeReason};

/// A handle of a group of those that are waited for, in the shape of crossbeam's
/// [`WaitGroup`](https://docs.rs/crossbeam/latest/crossbeam/sync/struct.WaitGroup.html). Each clone belongs to the same group;
/// [`wait`](WaitGroup::wait) drops its own handle, and waits until all others were dropped.
///
/// A task drops its handle however it ends.
///
/// # Examples
/// ```
/// use greenhub::sync::WaitGroup;
/// use greenhub::{sleep, spawn};
/// use std::time::Duration;
///
/// let group = WaitGroup::new();
/// for millis in [3, 1, 2] {
///     let member = group.clone();
///     spawn(move || {
///         sleep(Duration::from_millis(millis));
///         drop(member);
///     })
///     .detach();
/// }
/// group.wait();
/// ```
pub struct WaitGroup {
    shared: Rc<Handles>,
}

struct Handles {
    handles: Cell<usize>,
    waiters: WaitList,
}

impl WaitGroup {
    /// A new group, with one handle.
    #[must_use]
    pub fn new() -> WaitGroup {
        WaitGroup {
            shared: Rc::new(Handles {
                handles: Cell::new(1),
                waiters: WaitList::new(),
            }),
        }
    }

    /// Drops this handle, and waits until there is none left. Those that wait are no handles.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    #[track_caller]
    pub fn wait(self) {
        self.wait_until(Deadline::NEVER);
    }

    /// As [`wait`](WaitGroup::wait), for as long as `limit` at most. False if there were handles left by then.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    #[track_caller]
    pub fn wait_timeout(self, limit: Duration) -> bool {
        self.wait_until(Deadline::after(limit))
    }

    #[track_caller]
    fn wait_until(self, deadline: Deadline) -> bool {
        let shared = self.shared.clone();
        drop(self);
        if shared.is_over() {
            return true;
        }
        let mut request =
            WaitRequest::new("the wait for a group", WaitReason::WAIT_GROUP, deadline);
        request.in_list(&shared.waiters) == WakeReason::Notified || shared.is_over()
    }
}

impl Handles {
    /// There is no handle left, and so there never will be one.
    fn is_over(&self) -> bool {
        self.handles.get() == 0
    }
}

impl Clone for WaitGroup {
    fn clone(&self) -> WaitGroup {
        let handles = &self.shared.handles;
        handles.set(handles.get() + 1);
        WaitGroup {
            shared: self.shared.clone(),
        }
    }
}

impl Drop for WaitGroup {
    fn drop(&mut self) {
        let Handles { handles, waiters } = &*self.shared;
        handles.set(handles.get() - 1);
        if self.shared.is_over() && !waiters.is_empty() {
            waiters.wake_all();
        }
    }
}

impl Default for WaitGroup {
    fn default() -> WaitGroup {
        WaitGroup::new()
    }
}

// There is no state that a panic could leave half done.
impl UnwindSafe for WaitGroup {}
impl RefUnwindSafe for WaitGroup {}

impl fmt::Debug for WaitGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitGroup")
            .field("handles", &self.shared.handles.get())
            .finish_non_exhaustive()
    }
}
