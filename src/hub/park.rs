//! The one door for blocking: whoever waits says for what and since which line, and is woken here.
//!
//! ```text
//!   let parking = Parking::begin(reason, place)?;   a ticket is drawn: from here on a wake is kept
//!   list.push(parking.waiter());                    whoever shall wake me gets the ticket
//!   parking.park(deadline)                          control goes to the hub, unless I was woken already
//! ```

use std::panic::Location;
use std::time::Duration;

use super::alarm::Due;
use super::timers::TimerKey;
use super::waiter::Waiter;
use super::{Hub, HubRef, Nanos, existing, get};
use crate::error::WaitRefused;
use crate::greenlet::counted::AnyRef;
use crate::greenlet::thread::{self, Current};
use crate::greenlet::{CorePtr, describe, handover, interrupt, switch_guard};
use crate::list::Node;
use crate::stderr;
use crate::waiting::{WaitReason, Woken};

/// One wait of the running greenlet.
pub(crate) struct Parking {
    hub: HubRef,
    me: Current,
    ticket: u64,
}

impl Parking {
    /// Begins a wait. From now on a wake is kept, though nothing waits yet.
    ///
    /// # Errors
    /// [`WaitRefused`] where the running greenlet may not be left.
    ///
    /// # Panics
    /// On the hub itself, which cannot wait for itself.
    #[inline(always)]
    pub(crate) fn begin(
        reason: WaitReason,
        place: &'static Location<'static>,
    ) -> Result<Parking, WaitRefused> {
        let hub = get();
        let me = thread::current();
        if !switch_guard::may_switch() {
            look_closer(hub, me)?;
        }
        if me.as_ptr() == hub.greenlet.as_ptr() {
            refuse_hub(reason);
        }
        let ticket = hub.next_ticket();
        me.wait().begin(ticket, reason, place);
        Ok(Parking { hub, me, ticket })
    }

    /// What wakes this wait.
    #[inline(always)]
    pub(crate) fn waiter(&self) -> Waiter {
        Waiter::new(self.me.to_ref(), self.ticket)
    }

    /// Higher than that of every wait of this hub that was begun before.
    #[inline(always)]
    pub(super) fn ticket(&self) -> u64 {
        self.ticket
    }

    /// Waits until somebody wakes this wait.
    #[inline(always)]
    pub(crate) fn park(self) {
        self.wait();
    }

    /// Waits until somebody wakes this wait or the hub's clock has reached `deadline`.
    #[inline]
    pub(crate) fn park_until(self, deadline: Option<Nanos>) -> Woken {
        self.park_in_place(deadline)
    }

    /// As `park_until`; the wait counts as such until this is dropped.
    #[inline(always)]
    pub(super) fn park_in_place(&self, deadline: Option<Nanos>) -> Woken {
        let _timer = deadline.map(|deadline| Timer::start(self, deadline));
        self.wait()
    }

    /// The list that has called the greenlet, if the wait has ended so.
    #[inline(always)]
    pub(super) fn caller(&self) -> Option<usize> {
        self.me.wait().caller()
    }

    /// Waits until somebody wakes this wait or `time` has passed.
    pub(crate) fn park_for(self, time: Duration) -> Woken {
        let deadline = self.hub.clock.after(time);
        self.park_until(deadline)
    }

    #[inline(always)]
    pub(super) fn wait(&self) -> Woken {
        if !self.me.wait().is_ready() {
            if self.me.wait().is_listed() {
                let_next_run(self.hub, self.me);
            } else {
                wait_listed(self.hub, self.me);
            }
        }
        if self.me.wait().is_interrupted() {
            interrupt::raise_delivered(self.me);
        }
        self.me.wait().woken().unwrap_or(Woken::Called)
    }
}

/// The running greenlet may wait: it is not the hub, and nothing keeps it from being left.
pub(crate) fn may_park() -> bool {
    let is_hub = |hub: HubRef| thread::current().as_ptr() == hub.greenlet.as_ptr();
    existing().is_some_and(|hub| !is_hub(hub)) && switch_guard::may_wait()
}

/// Lets those run that are ready, and raises nothing but what is thrown meanwhile. False, and nothing runs, where the running
/// greenlet may not be left, or a wait would raise something.
pub(crate) fn give_way(place: &'static Location<'static>) -> bool {
    let gives = may_park() && switch_guard::has_nothing_due(thread::current());
    if gives {
        yield_now(place);
    }
    gives
}

impl Drop for Parking {
    #[inline(always)]
    fn drop(&mut self) {
        self.me.wait().end();
    }
}

/// Ends the wait of `greenlet`, if it is one for `reason`.
pub(crate) fn wake_from(greenlet: &AnyRef, reason: WaitReason) {
    if let Some(hub) = existing()
        && greenlet.wait().wake_from(reason)
    {
        hub.ready.push(greenlet.clone());
    }
}

/// Lets everybody run who is ready now, and then goes on.
#[inline(always)]
pub(crate) fn yield_now(place: &'static Location<'static>) {
    let hub = get();
    let me = thread::current();
    if !switch_guard::may_switch() {
        return yield_watched(hub, me, place);
    }
    if let Some(next) = hub.next_before(me) {
        me.wait().set_ready();
        let _end = EndOfYield(me);
        switch_to(me, next);
    }
}

#[cold]
#[inline(never)]
fn yield_watched(hub: HubRef, me: Current, place: &'static Location<'static>) {
    if let Err(why) = look_closer(hub, me) {
        refuse(why, "yield", place);
    }
    let_others_run(hub, me);
}

/// As [`switch_guard::look_closer`], where a wait begins. One that is to be interrupted ends here, and counts as a hand-over; after
/// [`MOST_AT_ONCE`](super::MOST_AT_ONCE) of them in one slice others run first.
#[cold]
#[inline(never)]
fn look_closer(hub: HubRef, me: Current) -> Result<(), WaitRefused> {
    switch_guard::check_may_leave(me)?;
    if interrupt::is_due(me) {
        count_call();
        let left = hub.left_at_once.get();
        hub.left_at_once.set(left.saturating_sub(1));
        if left == 0 {
            let_others_run(hub, me);
        }
    }
    switch_guard::check_slow(me)
}

fn let_others_run(hub: HubRef, me: Current) {
    if let Some(next) = hub.next_before(me) {
        me.wait().set_ready();
        let _end = EndOfYield(me);
        if thread::slow_path_requests() != 0 {
            // SAFETY: it runs next.
            unsafe { handover::trace_yield(me, next) };
        }
        switch_to(me, next);
    }
}

/// To be called first thing by whatever may not have to wait: lets others run if calls of that kind have used the slice
/// up, so that a socket which always has something to read does not keep the thread to itself.
///
/// Not when something has been taken or given: a panic or a kill may come in here, and with it what was done is lost.
#[inline]
pub(crate) fn take_a_breath(place: &'static Location<'static>) {
    if let Some(hub) = existing()
        && hub.is_used_up.get()
        && (switch_guard::may_switch() || look_closer(hub, thread::current()).is_ok())
    {
        yield_now(place);
    }
}

/// To be called last thing by whatever may not have had to wait: it counts as a hand-over. Nobody runs meanwhile.
#[inline]
pub(crate) fn count_call() {
    let Some(hub) = existing() else {
        return; // the thread is ending
    };
    let left = hub.left_in_slice.get().saturating_sub(1);
    hub.left_in_slice.set(left);
    if left == 0 {
        hub.is_used_up.set(true);
    }
}

impl Hub {
    /// Lets a task that was not started wait for its time to begin.
    pub(crate) fn park_unstarted(
        &self,
        task: &AnyRef,
        deadline: Option<Nanos>,
    ) -> Option<TimerKey> {
        let ticket = self.next_ticket();
        task.wait().begin(ticket, WaitReason::BEGIN, task.made_at());
        let due = Due::wake(Waiter::new(task.clone(), ticket));
        Some(self.start_timer(deadline?, due))
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
fn let_next_run(hub: HubRef, me: Current) {
    let next = hub.next();
    // If it was woken meanwhile, its own turn may be next.
    if next != me.as_ptr() {
        if thread::slow_path_requests() != 0 {
            // SAFETY: it runs next.
            unsafe { handover::trace_yield(me, next) };
        }
        switch_to(me, next);
    }
}

/// As `let_next_run`, for greenlets that are no tasks: so that a report finds them, too.
#[inline(never)]
fn wait_listed(hub: HubRef, me: Current) {
    let node = Node::new(me.as_ptr(), 0);
    // SAFETY: the link is dropped at the end of this function, before the node; if this frame is never
    // left, the node stays where it is for ever. Whoever is in the list waits, so it owns itself.
    let _link = unsafe { hub.others.insert(&node) };
    // The hub, and not the next who is ready: this may be one that nobody can wake or switch to any more. It is
    // unwound when it has just left, and its destructors must not end who was chosen to run. The hub nobody can end.
    switch_to(me, hub.greenlet.as_ptr());
}

#[inline(always)]
fn switch_to(me: Current, next: CorePtr) {
    // SAFETY: `me` runs; the other is ready, or is the hub, which goes on whenever it gets control.
    if let Err(arrival) = unsafe { handover::yield_to(me, next) } {
        handover::raise(*arrival);
    }
}

/// A deadline of one wait, taken back when the wait is over.
struct Timer {
    hub: HubRef,
    key: TimerKey,
}

impl Timer {
    fn start(parking: &Parking, deadline: Nanos) -> Timer {
        let hub: &Hub = &parking.hub;
        let due = Due::wake(parking.waiter());
        let key = hub.timers.borrow_mut().start(deadline, due);
        Timer {
            hub: parking.hub,
            key,
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        let waiter = self.hub.timers.borrow_mut().cancel(self.key);
        drop(waiter);
    }
}

#[cold]
#[inline(never)]
fn refuse_hub(reason: WaitReason) -> ! {
    panic!(
        "the hub cannot wait ({reason}): this runs on the hub's own stack, where nothing may block"
    )
}

/// A wait that has no way to fail was refused: ends the process in the middle of a panic, and panics otherwise.
#[cold]
#[inline(never)]
pub(crate) fn refuse(why: WaitRefused, what: &str, place: &Location<'_>) -> ! {
    if why == WaitRefused::Panicking {
        let me = thread::current();
        stderr::abort(format_args!(
            "{what} at {place} would have to wait {} \
             (destructors must not wait: end things explicitly before they go out of scope)",
            switch_guard::during_panic(me, &describe(&me)),
        ));
    }
    panic!("{what} at {place} would have to wait: {why}")
}
