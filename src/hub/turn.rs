//! Who runs next, and one turn of the hub after the other: let those run who are ready, then look at clock,
//! sockets and mail.
//!
//! ```text
//!   turn:  mail -> timers -> poller -> slice, slice, ... (at most SLICES of them, or about 1 ms)
//!                              |
//!                              +-- waits here if nobody is ready: until the next timer, or for ever
//!
//!   slice: whoever waits or ends hands control to the next ready one itself, without the hub,
//!          LONGEST_SLICE times at most; then, or when nobody is ready, to the hub
//! ```
//!
//! The order in which greenlets run is the order in which they became ready. A turn is bounded, so that
//! those who only yield to each other do not keep a timer or a socket waiting.

use super::alarm::Due;
use super::poller::Patience;
use super::waiter::Waiter;
use super::{Hub, HubRef, MOST_AT_ONCE, Nanos};
use crate::greenlet::thread::{self, Current};
use crate::greenlet::{CorePtr, handover};
use crate::stderr;
use crate::waiting::Woken;

/// How often control may go from one to the next before the hub gets it and reads the clock, at most:
/// less often where those who run take their time, so that a turn's end is not missed by far.
const LONGEST_SLICE: u32 = 128;
/// So many slices are a turn, at most;
const SLICES: u32 = 4;
/// and after this long a turn is over.
const LONGEST_TURN: Nanos = 1_000_000;

impl Hub {
    /// Who shall run when the running greenlet does not go on: the next ready one, or the hub.
    #[inline(always)]
    pub(crate) fn next(&self) -> CorePtr {
        let left = self.left_in_slice.get();
        if left > 0
            && let Some(greenlet) = self.ready.pop()
        {
            if greenlet.wait().is_ready() {
                self.left_in_slice.set(left - 1);
                return greenlet.into_ptr();
            }
            drop(greenlet);
        }
        self.greenlet.as_ptr()
    }

    /// Who shall run before the running greenlet, which is ready, has its next turn: nobody, if it is the
    /// only one.
    #[inline(always)]
    pub(super) fn next_before(&self, me: Current) -> Option<CorePtr> {
        let left = self.left_in_slice.get();
        if left == 0 {
            // The hub itself, which has no slice, does not queue up.
            let others = me.as_ptr() != self.greenlet.as_ptr();
            return others.then(|| {
                self.ready.push(me.to_ref());
                self.greenlet.as_ptr()
            });
        }
        self.left_in_slice.set(left - 1);
        let first = self.ready.rotate(|| me.to_ref())?;
        Some(if first.wait().is_ready() {
            first.into_ptr()
        } else {
            self.greenlet.as_ptr()
        })
    }
}

impl Hub {
    /// Makes the next slice as long as a turn may be, by what the last one took.
    fn fit_slice(&self, took: Nanos) {
        let slice = if took > LONGEST_TURN {
            (Nanos::from(self.slice.get()) * LONGEST_TURN / took) as u32
        } else {
            self.slice.get() * 2
        };
        self.slice.set(slice.clamp(1, LONGEST_SLICE));
    }
}

impl HubRef {
    /// The body of the hub's greenlet.
    pub(super) fn run(self) -> ! {
        let me = thread::current();
        loop {
            let begun = look_around(&self);
            let mut last = begun;
            for _ in 0..SLICES {
                run_slice(self, me);
                if self.ready.is_empty() {
                    break;
                }
                let now = self.clock.now();
                self.fit_slice(now.saturating_sub(last));
                last = now;
                if now.saturating_sub(begun) > LONGEST_TURN {
                    break;
                }
            }
        }
    }
}

#[inline(always)]
fn run_slice(hub: HubRef, me: Current) {
    hub.left_in_slice.set(hub.slice.get());
    hub.is_used_up.set(false);
    hub.left_at_once.set(MOST_AT_ONCE);
    while hub.left_in_slice.get() > 0 && !hub.ready.is_empty() {
        let next = hub.next();
        if next != me.as_ptr() {
            // SAFETY: `me` is the hub, which runs. The other is ready: it is an unstarted task, which the
            // hub owns, or was woken where it waits for the hub, without a value.
            unsafe { handover::run(me, next) };
        }
    }
    hub.left_in_slice.set(0);
}

/// Collects what has happened outside, and waits for it where nobody is ready. Returns the time.
fn look_around(hub: &Hub) -> Nanos {
    loop {
        if hub.has_ended.get() {
            give_back(hub);
            continue;
        }
        hub.mailbox.publish(hub.tasks.count());
        hub.mailbox.read(|key| hub.wake_outsider(key));
        let now = hub.clock.now();
        fire_timers(hub, now);
        if !hub.ready.is_empty() {
            if hub.poller.is_watched() {
                hub.poller.poll(Patience::None, &hub.ready);
            }
            return now;
        }
        if !hub.mailbox.has_mail() {
            wait_outside(hub, now);
        }
    }
}

/// Nobody is ready: waits for the first thing to happen.
fn wait_outside(hub: &Hub, now: Nanos) {
    let next = hub.timers.borrow().next_deadline();
    if hub.clock.is_paused() && (next.is_some() || hub.is_advancing()) {
        if hub.poller.is_watched() {
            hub.poller.poll(Patience::None, &hub.ready);
        }
        if hub.ready.is_empty() && !hub.mailbox.has_mail() {
            hub.step_clock(next);
        }
        return;
    }
    let is_awaited = hub.poller.is_watched() || !hub.outsiders.is_empty();
    if next.is_none() && !is_awaited && !hub.mailbox.is_shared() {
        return report_deadlock(hub);
    }
    let timer = next.map(|next| next.saturating_sub(now));
    let chores = hub.housekeeping.work();
    let patience = match timer.into_iter().chain(chores).min() {
        Some(wait) => Patience::Nanos(wait),
        None => Patience::Endless,
    };
    hub.mailbox.sleep(|| hub.poller.poll(patience, &hub.ready));
}

fn fire_timers(hub: &Hub, now: Nanos) {
    loop {
        let due = hub.timers.borrow_mut().pop_due(now);
        match due {
            Some(Due::Wake { greenlet, ticket }) => {
                Waiter::new(greenlet, ticket).end(Woken::TimedOut, &hub.ready);
            }
            Some(Due::Ring(alarm)) => hub.ring(&alarm),
            None => return,
        };
    }
}

/// A destructor of the thread has run a greenlet once more, which has ended or waits here: the destructor goes on, and is
/// told that it gets no answer.
#[cold]
fn give_back(hub: &Hub) {
    let destructor = thread::runs_destructors();
    if destructor.as_ptr() == hub.greenlet.as_ptr() || destructor.state().is_over() {
        stderr::abort(format_args!(
            "a greenlet has ended after its hub, and nobody waits for it"
        ));
    }
    destructor.child_was_killed();
    // SAFETY: the hub runs. The other one does not, so it waits, and its arrival is there.
    unsafe { handover::run(thread::current(), destructor.into_ptr()) };
}

/// Nothing can ever happen any more: the main greenlet is told who waits for what.
#[cold]
fn report_deadlock(hub: &Hub) {
    let main = thread::main();
    main.report(hub.report_deadlock(&main));
    // SAFETY: the hub runs. The main greenlet waits, since it does not run, and its arrival is there.
    unsafe { handover::run(thread::current(), main.into_ptr()) };
}
