//! A barrier: greenlets wait there until as many have come as it needs, and resume together.
//!
//! ```text
//!   generation 7   come 2 of 3                  the third comes: generation 8, come 0; all three pass
//!                  abort, reset                 generation 8, come 0; both that wait are told that 7 was broken
//!   broken [(7, 2)]                             until these two have run
//! ```
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::Location;
use std::time::Duration;

use crate::error::BrokenBarrierError;
use crate::hub::{Deadline, WaitList, WaitRequest};
use crate::waiting::{WaitReason, WakeReason};

/// Where greenlets wait for one another, in the shape of std's [`Barrier`](std::sync::Barrier). It can be used again and
/// again.
///
/// A greenlet that is killed while it waits there, or runs out of time, is not counted any more. If the others cannot resume
/// without it, [`abort`](Barrier::abort) ends all waits.
///
/// # Examples
/// ```
/// use greenhub::sync::Barrier;
/// use greenhub::spawn;
/// use std::rc::Rc;
///
/// let barrier = Rc::new(Barrier::new(3));
/// let tasks = [1, 2, 3].map(|_| {
///     let barrier = barrier.clone();
///     spawn(move || barrier.wait().is_leader())
/// });
/// let leaders: Vec<_> = tasks.into_iter().map(|task| task.join().unwrap()).collect();
/// assert_eq!(leaders, [false, false, true]); // the last that came
/// ```
pub struct Barrier {
    needed: usize,
    /// How many wait now.
    arrived: Cell<usize>,
    /// How often the barrier has let its greenlets resume, or was broken while some waited.
    generation: Cell<u64>,
    is_broken: Cell<bool>,
    /// The generations that were broken, each with the number of those that came in it and have not run since.
    broken: RefCell<Vec<(u64, usize)>>,
    waiters: WaitList,
}

/// Whether this greenlet was the last that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// True for one of the greenlets that resumed together: the last that came.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

impl Barrier {
    /// A barrier that lets `count` greenlets resume together. With a count of 0 or 1 no greenlet waits.
    #[must_use]
    pub const fn new(count: usize) -> Barrier {
        Barrier {
            needed: count,
            arrived: Cell::new(0),
            generation: Cell::new(0),
            is_broken: Cell::new(false),
            broken: RefCell::new(Vec::new()),
            waiters: WaitList::new(),
        }
    }

    /// Waits until as many have come as it needs. The last one does not wait.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Panics
    /// If it is broken by [`abort`](Barrier::abort), or gets so meanwhile, or is [reset](Barrier::reset) meanwhile:
    /// [`wait_checked`](Barrier::wait_checked) says so instead.
    #[track_caller]
    pub fn wait(&self) -> BarrierWaitResult {
        match self.wait_until(Deadline::NEVER) {
            Some(result) => result,
            None => panic!(
                "the wait at a barrier at {}: it is broken (`wait_checked` gives an error instead)",
                Location::caller()
            ),
        }
    }

    /// As [`wait`](Barrier::wait), where the barrier may be [aborted](Barrier::abort) or [reset](Barrier::reset).
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// [`BrokenBarrierError`] if it is broken, or gets so or is reset meanwhile.
    #[track_caller]
    pub fn wait_checked(&self) -> Result<BarrierWaitResult, BrokenBarrierError> {
        let result = self.wait_until(Deadline::NEVER);
        result.ok_or(BrokenBarrierError)
    }

    /// As [`wait`](Barrier::wait), for as long as `limit` at most. `None` if there were not enough by then: it has not
    /// come, as far as the others are concerned. `None` too, without waiting on, if the barrier is broken or reset.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    #[track_caller]
    pub fn wait_timeout(&self, limit: Duration) -> Option<BarrierWaitResult> {
        self.wait_until(Deadline::after(limit))
    }

    /// Breaks it: all that wait there are told so, and so is whatever comes, until it is [reset](Barrier::reset). In the shape of
    /// Python's `threading.Barrier`.
    ///
    /// # Examples
    /// ```
    /// use greenhub::sync::Barrier;
    /// use greenhub::{spawn, yield_now};
    /// use std::rc::Rc;
    ///
    /// let barrier = Rc::new(Barrier::new(2));
    /// let waiter = spawn({
    ///     let barrier = barrier.clone();
    ///     move || barrier.wait_checked().is_err()
    /// });
    /// yield_now();
    /// barrier.abort(); // the other one will not come
    /// assert!(waiter.join().unwrap());
    /// assert!(barrier.wait_checked().is_err());
    /// ```
    pub fn abort(&self) {
        self.is_broken.set(true);
        self.break_now();
    }

    /// Makes it as new: those that wait there are told that it was broken, and the next that come wait for one another.
    pub fn reset(&self) {
        self.is_broken.set(false);
        self.break_now();
    }

    /// The barrier was [aborted](Barrier::abort), and not [reset](Barrier::reset) since then.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.is_broken.get()
    }

    #[track_caller]
    fn wait_until(&self, deadline: Deadline) -> Option<BarrierWaitResult> {
        if self.is_broken() {
            return None;
        }
        if self.arrived.get() + 1 >= self.needed {
            self.let_go();
            return Some(BarrierWaitResult(true));
        }
        let come = Arrived::new(self);
        let mut request = WaitRequest::new("the wait at a barrier", WaitReason::BARRIER, deadline);
        match request.in_list(&self.waiters) {
            // Where the others came when the time was over, but before this one ran, it was counted.
            WakeReason::TimedOut if !come.is_over() => None,
            _ => (!come.was_broken()).then_some(BarrierWaitResult(false)),
        }
    }

    /// Ends the waits of those that have come.
    fn break_now(&self) {
        let come = self.arrived.get();
        if come > 0 {
            self.broken.borrow_mut().push((self.generation.get(), come));
            self.let_go();
        }
    }

    fn let_go(&self) {
        self.arrived.set(0);
        self.generation.set(self.generation.get() + 1);
        if !self.waiters.is_empty() {
            self.waiters.wake_all();
        }
    }
}

/// One that has come; it goes away again if it is dropped before the others have come.
struct Arrived<'a> {
    barrier: &'a Barrier,
    generation: u64,
}

impl<'a> Arrived<'a> {
    fn new(barrier: &'a Barrier) -> Arrived<'a> {
        barrier.arrived.set(barrier.arrived.get() + 1);
        Arrived {
            barrier,
            generation: barrier.generation.get(),
        }
    }

    fn is_over(&self) -> bool {
        self.barrier.generation.get() != self.generation
    }

    fn was_broken(&self) -> bool {
        let broken = self.barrier.broken.borrow();
        broken.iter().any(|(number, _)| *number == self.generation)
    }
}

impl Drop for Arrived<'_> {
    fn drop(&mut self) {
        if !self.is_over() {
            self.barrier.arrived.set(self.barrier.arrived.get() - 1);
            return;
        }
        let mut broken = self.barrier.broken.borrow_mut();
        if let Some(index) = broken
            .iter()
            .position(|(number, _)| *number == self.generation)
        {
            broken[index].1 -= 1;
            if broken[index].1 == 0 {
                broken.remove(index);
            }
        }
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier")
            .field("is_broken", &self.is_broken())
            .finish_non_exhaustive()
    }
}
