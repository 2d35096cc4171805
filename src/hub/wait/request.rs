//! One call's wait, before it begins: the name of the call, the reason, the deadline, and the line that called.
//!
//! ```text
//!   let mut request = WaitRequest::new("lock", WaitReason::MUTEX, deadline);     #[track_caller]: the user's line
//!   request.in_queue(&lock)      waits for a thing; refused: panics, or aborts while a panic unwinds the greenlet
//!   request.in_list(&waiters)    waits to be woken
//!   request.in_any(&points)      waits in several of both
//! ```
//! A request that is used again keeps its rank, so its greenlet gets its old place in the queue back.
#![forbid(unsafe_code)]

use std::any::Any;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use super::multi::{self, WaitPoint, WokenAt};
use super::park::{self, Wait};
use super::queue::{self, Acquired, Reservation, Resource};
use super::waker::{ReadySet, WaitList, Waker};
use crate::error::CannotWait;
use crate::hub::get;
use crate::hub::reactor::clock::Deadline;
use crate::list::Node;
use crate::switch::raise;
use crate::waiting::{WaitReason, WakeReason};

/// What a call needs to wait, once or again and again.
#[derive(Clone, Copy)]
pub(crate) struct WaitRequest {
    verb: &'static str,
    reason: WaitReason,
    deadline: Deadline,
    place: &'static Location<'static>,
    /// The place in queues and lists that the first wait got.
    rank: Option<u64>,
}

/// What has ended a wait early and is yet to be raised.
pub(crate) enum EarlyEnd {
    /// A kill, a timeout, or a panic that has begun elsewhere.
    Unwind(Box<dyn Any + Send>),
    /// The message of a panic that has not begun: it will name the line of whoever raises it.
    Message(String),
}

impl EarlyEnd {
    #[track_caller]
    pub(crate) fn raise(self) -> ! {
        match self {
            EarlyEnd::Unwind(payload) => resume_unwind(payload),
            EarlyEnd::Message(message) => panic!("{message}"),
        }
    }
}

impl Deadline {
    /// The moment at which `limit` has passed on this thread's clock.
    #[inline]
    pub(crate) fn after(limit: Duration) -> Deadline {
        get().clock.after(limit)
    }

    /// The moment at which this thread's clock shows `instant`.
    pub(crate) fn at(instant: Instant) -> Deadline {
        get().clock.at(instant)
    }
}

impl WaitRequest {
    /// A wait for the caller of the function that calls this. `verb` is the name of its call in messages.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn new(verb: &'static str, reason: WaitReason, deadline: Deadline) -> WaitRequest {
        WaitRequest::at(Location::caller(), verb, reason, deadline)
    }

    /// A wait for a call that was made at `place`.
    #[inline(always)]
    pub(crate) fn at(
        place: &'static Location<'static>,
        verb: &'static str,
        reason: WaitReason,
        deadline: Deadline,
    ) -> WaitRequest {
        WaitRequest {
            verb,
            reason,
            deadline,
            place,
            rank: None,
        }
    }

    /// Gives the request the place in queues that this rank stands for.
    pub(crate) fn set_rank(&mut self, rank: u64) {
        self.rank = Some(rank);
    }

    /// Begins a wait.
    ///
    /// # Errors
    /// [`CannotWait`] where the running greenlet must not be left.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn try_begin(&mut self) -> Result<Wait, CannotWait> {
        let wait = Wait::begin(self.reason, self.place)?;
        self.rank.get_or_insert(wait.ticket());
        Ok(wait)
    }

    /// As [`try_begin`](WaitRequest::try_begin); panics or aborts where the running greenlet must not be left.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn begin(&mut self) -> Wait {
        match self.try_begin() {
            Ok(wait) => wait,
            Err(why) => self.refuse(why),
        }
    }

    /// Waits until the deadline.
    #[inline]
    #[track_caller]
    pub(crate) fn for_time(&mut self) -> WakeReason {
        self.begin().park(self.deadline)
    }

    /// As [`for_time`](WaitRequest::for_time).
    ///
    /// # Errors
    /// [`CannotWait`] where the running greenlet must not be left.
    #[track_caller]
    pub(crate) fn try_for_time(&mut self) -> Result<WakeReason, CannotWait> {
        Ok(self.try_begin()?.park(self.deadline))
    }

    /// Waits until woken through `list`, or until the deadline.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn in_list(&mut self, list: &WaitList) -> WakeReason {
        match self.try_in_list(list) {
            Ok(woken) => woken,
            Err(why) => self.refuse(why),
        }
    }

    /// As [`in_list`](WaitRequest::in_list).
    ///
    /// # Errors
    /// [`CannotWait`] where the running greenlet must not be left.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn try_in_list(&mut self, list: &WaitList) -> Result<WakeReason, CannotWait> {
        let wait = self.try_begin()?;
        Ok(list.wait(&wait, self.rank_of(&wait), self.deadline))
    }

    /// As [`in_list`](WaitRequest::in_list), with what has ended the wait early as an error.
    ///
    /// # Errors
    /// What is to be raised once the caller has cleared up.
    pub(crate) fn in_list_until_raised(&mut self, list: &WaitList) -> Result<WakeReason, EarlyEnd> {
        let wait = AssertUnwindSafe(|| {
            let wait = self.begin();
            let woken = list.try_wait(&wait, self.rank_of(&wait), self.deadline);
            woken.map_err(|resumption| raise::raise_or_message(*resumption))
        });
        match catch_unwind(wait) {
            Ok(woken) => woken.map_err(EarlyEnd::Message),
            Err(payload) => Err(EarlyEnd::Unwind(payload)),
        }
    }

    /// Waits in the queue of `resource` until one is reserved for this greenlet, until all are notified, or until the
    /// deadline.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn in_queue<'a, R: Resource + ?Sized>(
        &mut self,
        resource: &'a R,
    ) -> Acquired<'a, R> {
        let wait = self.begin();
        queue::wait(resource, &wait, self.rank_of(&wait), self.deadline)
    }

    /// Pairs the running greenlet with a counterpart of `resource` that must run first to make a thing, and waits for that
    /// alone. `None` if there is none, if the thing did not come, or where the running greenlet must not be left.
    #[cold]
    #[inline(never)]
    #[track_caller]
    pub(crate) fn pair_now<'a, R: Resource + ?Sized>(
        &mut self,
        resource: &'a R,
    ) -> Option<Reservation<'a, R>> {
        if !park::may_park() {
            return None;
        }
        queue::wait_for_counterpart(resource, &self.try_begin().ok()?)
    }

    /// Waits until one of the things that `set` collects has become ready, or until the deadline.
    #[track_caller]
    pub(crate) fn in_ready_set(&mut self, set: &ReadySet) -> WakeReason {
        let wait = self.begin();
        set.set_waker(Some(wait.waker()));
        let _end = EndOfWait(set);
        wait.park(self.deadline)
    }

    /// Waits at all of `points` until woken through one of them, or until the deadline. See [`multi::wait`].
    #[inline]
    #[track_caller]
    pub(crate) fn in_any<'a, N: AsRef<[Node<Waker>]>>(
        &mut self,
        points: &[WaitPoint<'a>],
        nodes: impl FnOnce(&dyn Fn() -> Node<Waker>) -> N,
        counterpart: Option<usize>,
    ) -> WokenAt<'a> {
        let wait = self.begin();
        let rank = self.rank_of(&wait);
        multi::wait(points, nodes, counterpart, &wait, rank, self.deadline)
    }

    #[inline(always)]
    pub(crate) fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// Ends the call: it would wait for its own greenlet.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn refuse_own(&self) -> ! {
        park::refuse_own(self.verb, self.place)
    }

    /// Ends the call: it would have to wait where the running greenlet must not be left.
    // Inlined, so that the request itself needs no memory.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn refuse(&self, why: CannotWait) -> ! {
        park::refuse(why, self.verb, self.place)
    }

    #[inline(always)]
    fn rank_of(&self, wait: &Wait) -> u64 {
        self.rank.unwrap_or(wait.ticket())
    }
}

/// What a wait without a deadline has brought.
#[inline(always)]
pub(crate) fn must_end<T>(waited: Option<T>) -> T {
    match waited {
        Some(got) => got,
        None => unreachable!("a wait without a deadline ends with what it waits for"),
    }
}

/// A ready set that no greenlet waits for any more, also where the wait's frame unwinds.
struct EndOfWait<'a>(&'a ReadySet);

impl Drop for EndOfWait<'_> {
    fn drop(&mut self) {
        self.0.set_waker(None);
    }
}
