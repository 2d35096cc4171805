//! A wait of the running greenlet: every blocking call begins one with a reason and a line, and is woken here.
//!
//! ```text
//!   let wait = Wait::begin(reason, place)?;   draws a ticket: from here on a wake is kept
//!   list.insert(wait.waker());                the waker holds the ticket
//!   wait.park(deadline)                       gives control to the hub, unless the wait was woken already
//! ```

use std::panic::Location;

use crate::error::CannotWait;
use crate::hub::reactor::clock::Deadline;
use crate::hub::reactor::timers::TimerKey;
use crate::hub::wait::alarm::TimerAction;
use crate::hub::wait::waker::Waker;
use crate::hub::{Hub, HubRef, Nanos, current, get};
use crate::list::Node;
use crate::stderr;
use crate::switch::counted::AnyRef;
use crate::switch::record::Resumption;
use crate::switch::thread::{self, Current};
use crate::switch::{CorePtr, describe, handover, interrupt, raise, switch_guard};
use crate::waiting::{WaitReason, WakeReason};

/// One wait of the running greenlet.
pub(crate) struct Wait {
    hub: HubRef,
    me: Current,
    ticket: u64,
}

impl Wait {
    /// Begins a wait. From now on a wake is kept, though nothing waits yet.
    ///
    /// # Errors
    /// [`CannotWait`] where the running greenlet may not be left.
    ///
    /// # Panics
    /// On the hub itself, which cannot wait for itself.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn begin(
        reason: WaitReason,
        place: &'static Location<'static>,
    ) -> Result<Wait, CannotWait> {
        let hub = get();
        let me = thread::current();
        if !switch_guard::may_switch() {
            check_slow(&hub, me)?;
        }
        if me.as_ptr() == hub.greenlet.as_ptr() {
            refuse_hub(reason);
        }
        let ticket = hub.next_ticket();
        me.wait().begin(ticket, reason, place);
        Ok(Wait { hub, me, ticket })
    }

    /// What wakes this wait.
    #[inline(always)]
    pub(crate) fn waker(&self) -> Waker {
        Waker::new(self.me.to_ref(), self.ticket)
    }

    /// Higher than that of every wait of this hub that was begun before.
    #[inline(always)]
    pub(in crate::hub) fn ticket(&self) -> u64 {
        self.ticket
    }

    /// Waits until woken, or until `deadline`. The wait lasts until `self` is dropped.
    #[inline(always)]
    #[track_caller]
    pub(in crate::hub) fn park(&self, deadline: Deadline) -> WakeReason {
        match self.try_park(deadline) {
            Ok(woken) => woken,
            Err(resumption) => raise::raise(*resumption),
        }
    }

    /// As [`park`](Wait::park), with what came in place of a wake as an error.
    #[inline(always)]
    pub(super) fn try_park(&self, deadline: Deadline) -> Result<WakeReason, Box<Resumption>> {
        let _timer = deadline
            .nanos()
            .map(|moment| DeadlineTimer::start(self, moment));
        self.try_wait()
    }

    /// The list that has woken the greenlet for a thing, if the wait has ended so.
    #[inline(always)]
    pub(in crate::hub) fn woken_by(&self) -> Option<usize> {
        self.me.wait().woken_by()
    }

    #[inline(always)]
    #[track_caller]
    pub(in crate::hub) fn wait(&self) -> WakeReason {
        match self.try_wait() {
            Ok(woken) => woken,
            Err(resumption) => raise::raise(*resumption),
        }
    }

    #[inline(always)]
    fn try_wait(&self) -> Result<WakeReason, Box<Resumption>> {
        if !self.me.wait().is_ready() {
            if self.me.wait().is_tracked() {
                switch_to_next(self.hub, self.me)?;
            } else {
                wait_untracked(self.hub, self.me)?;
            }
        }
        if self.me.wait().is_interrupted() {
            raise::raise_delivered(self.me);
        }
        Ok(self.me.wait().wake_reason().unwrap_or(WakeReason::Notified))
    }
}

/// The running greenlet may wait: it is not the hub, and nothing keeps it from being left.
pub(crate) fn may_park() -> bool {
    let is_hub = |hub: HubRef| thread::current().as_ptr() == hub.greenlet.as_ptr();
    current().is_some_and(|hub| !is_hub(hub)) && switch_guard::may_wait()
}

/// Lets those run that are ready, and raises nothing but what is thrown meanwhile. False, and nothing runs, where the running
/// greenlet may not be left, or a wait would raise something.
#[track_caller]
pub(crate) fn yield_if_allowed() -> bool {
    let gives = may_park() && switch_guard::has_nothing_due(thread::current());
    if gives {
        yield_now();
    }
    gives
}

impl Drop for Wait {
    #[inline(always)]
    fn drop(&mut self) {
        self.me.wait().end();
    }
}

/// Ends the wait of `greenlet`, if it is one for `reason`.
pub(crate) fn wake_from(greenlet: &AnyRef, reason: WaitReason) {
    if let Some(hub) = current()
        && greenlet.wait().wake_from(reason)
    {
        hub.run_queue.push(greenlet.clone());
    }
}

/// Lets all ready greenlets run, and returns.
#[inline(always)]
#[track_caller]
pub(crate) fn yield_now() {
    let hub = get();
    let me = thread::current();
    if !switch_guard::may_switch() {
        return yield_checked(hub, me);
    }
    if let Some(next) = hub.next_before_me(me) {
        me.wait().set_ready();
        let _end = EndOfYield(me);
        yield_to(me, next);
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn yield_checked(hub: HubRef, me: Current) {
    if let Err(why) = check_slow(&hub, me) {
        refuse(why, "yield", Location::caller());
    }
    let_others_run(&hub, me);
}

/// As [`switch_guard::check_slow`], where a wait begins. One that is to be interrupted ends here, and counts as a hand-over; after
/// [`MOST_AT_ONCE`](crate::hub::MOST_AT_ONCE) of them in one budget others run first.
#[cold]
#[inline(never)]
#[track_caller]
pub(in crate::hub) fn check_slow(hub: &Hub, me: Current) -> Result<(), CannotWait> {
    switch_guard::check_may_leave(me)?;
    if interrupt::is_due(me) {
        consume_budget(0);
        let left = hub.interrupts_left.get();
        hub.interrupts_left.set(left.saturating_sub(1));
        if left == 0 {
            let_others_run(hub, me);
        }
    }
    switch_guard::check_slow(me)
}

#[track_caller]
fn let_others_run(hub: &Hub, me: Current) {
    if let Some(next) = hub.next_before_me(me) {
        me.wait().set_ready();
        let _end = EndOfYield(me);
        if thread::slow_path_requests() != 0 {
            // SAFETY: it runs next.
            unsafe { handover::trace_yield(me, next) };
        }
        yield_to(me, next);
    }
}

/// Lets others run if calls that did not have to wait have spent the budget, so that a socket which always has data does not
/// keep the thread to itself. To be called first: a panic or a kill that comes in here would lose what was already taken.
#[inline]
#[track_caller]
pub(crate) fn yield_if_budget_spent() {
    if let Some(hub) = current()
        && hub.run_budget.may_be_spent()
    {
        yield_if_spent(&hub);
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn yield_if_spent(hub: &Hub) {
    let left = hub.budget_left.get();
    if let Some(left) = hub.run_budget.left_if_spent(left, || hub.clock.now())
        && (switch_guard::may_switch() || check_slow(hub, thread::current()).is_ok())
    {
        hub.budget_left.set(left);
        yield_now();
        hub.run_budget.begin_run(hub.budget_left.get());
    }
}

/// Counts a call that may not have had to wait, and the bytes that it has moved. No greenlet runs meanwhile. To be called last.
#[inline]
pub(crate) fn consume_budget(bytes: usize) {
    // Without a hub the thread is ending.
    if let Some(hub) = current() {
        hub.run_budget.count(hub.budget_left.get(), bytes);
    }
}

impl Hub {
    /// Lets a task that was not started wait for its time to begin.
    pub(crate) fn park_unstarted(&self, task: &AnyRef, deadline: Deadline) -> Option<TimerKey> {
        let ticket = self.next_ticket();
        task.wait().begin(ticket, WaitReason::BEGIN, task.made_at());
        let due = TimerAction::wake(Waker::new(task.clone(), ticket));
        Some(self.start_timer(deadline.nanos()?, due))
    }
}

struct EndOfYield(Current);

impl Drop for EndOfYield {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.wait().end();
    }
}

#[inline(always)]
fn switch_to_next(hub: HubRef, me: Current) -> Result<(), Box<Resumption>> {
    let next = hub.next_to_run();
    // If it was woken meanwhile, its own turn may be next.
    if next == me.as_ptr() {
        return Ok(());
    }
    if thread::slow_path_requests() != 0 {
        // SAFETY: it runs next.
        unsafe { handover::trace_yield(me, next) };
    }
    switch_to(me, next)
}

/// As `switch_to_next`, for greenlets that are no tasks: while they wait they are listed for reports.
#[inline(never)]
fn wait_untracked(hub: HubRef, me: Current) -> Result<(), Box<Resumption>> {
    let node = Node::new(me.as_ptr(), 0);
    // SAFETY: the link is dropped at the end of this function, before the node; if this frame is never
    // left, the node stays where it is for ever. A greenlet in the list waits, so it owns itself.
    let _link = unsafe { hub.untracked_waiters.insert(&node) };
    // The hub, and not the next ready greenlet: this wait may be one that nothing can end any more. Then the greenlet is unwound
    // as soon as it has left, and its destructors must not end the greenlet that was chosen to run. They cannot end the hub.
    switch_to(me, hub.greenlet.as_ptr())
}

#[inline(always)]
#[track_caller]
fn yield_to(me: Current, next: CorePtr) {
    if let Err(resumption) = switch_to(me, next) {
        raise::raise(*resumption);
    }
}

#[inline(always)]
fn switch_to(me: Current, next: CorePtr) -> Result<(), Box<Resumption>> {
    // SAFETY: `me` runs; the other is ready, or is the hub, which resumes whenever it gets control.
    unsafe { handover::yield_to(me, next) }
}

/// A deadline of one wait, taken back when the wait is over.
struct DeadlineTimer {
    hub: HubRef,
    key: TimerKey,
}

impl DeadlineTimer {
    fn start(wait: &Wait, deadline: Nanos) -> DeadlineTimer {
        let hub: &Hub = &wait.hub;
        let due = TimerAction::wake(wait.waker());
        let key = hub.timers.borrow_mut().start(deadline, due);
        DeadlineTimer { hub: wait.hub, key }
    }
}

impl Drop for DeadlineTimer {
    fn drop(&mut self) {
        let waiter = self.hub.timers.borrow_mut().cancel(self.key);
        drop(waiter);
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn refuse_hub(reason: WaitReason) -> ! {
    panic!(
        "the hub cannot wait ({reason}): this runs on the hub's own stack, where nothing may block"
    )
}

/// A wait that has no way to fail was refused: ends the process in the middle of a panic, and panics otherwise.
#[cold]
#[inline(never)]
#[track_caller]
pub(crate) fn refuse(why: CannotWait, what: &str, place: &Location<'_>) -> ! {
    if why == CannotWait::Panicking {
        let me = thread::current();
        stderr::abort(format_args!(
            "{what} at {place} would have to wait {} \
             (destructors must not wait: end things explicitly before they go out of scope)",
            switch_guard::during_panic(me, &describe(&me)),
        ));
    }
    panic!("{what} at {place} would have to wait: {why}")
}

/// A lock that the running greenlet holds was to be taken once more.
#[cold]
#[inline(never)]
#[track_caller]
pub(in crate::hub) fn refuse_own(what: &str, place: &Location<'_>) -> ! {
    panic!(
        "{what} at {place} would wait for itself: the running greenlet has taken this lock and not given it back"
    )
}
