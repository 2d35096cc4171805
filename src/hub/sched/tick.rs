//! The ticks of a hub: let ready greenlets run, then handle messages, timers and descriptors.
//!
//! ```text
//!   tick:  messages -> timers -> poller -> round, round, ... (at most ROUNDS of them, or about 1 ms)
//!                                |
//!                                +-- waits here if no greenlet is ready: until the next timer, or for ever
//!
//!   round: a greenlet that waits or ends switches to the next ready one itself, without the hub,
//!          LONGEST_ROUND times at most; then, or when none is ready, to the hub
//! ```
//!
//! Greenlets run in the order in which they became ready. A tick is bounded, so that greenlets which only yield to each other
//! keep no timer and no socket waiting.

use crate::hub::reactor::poller::PollTimeout;
use crate::hub::sched::run_budget::LONGEST_TICK;
use crate::hub::wait::alarm::TimerAction;
use crate::hub::wait::waker::Waker;
use crate::hub::{Hub, HubRef, MOST_AT_ONCE, Nanos};
use crate::stderr;
use crate::switch::thread::{self, Current};
use crate::switch::{CorePtr, handover};
use crate::waiting::WakeReason;

/// Switches from greenlet to greenlet before the hub gets control and reads the clock, at most: fewer where greenlets run long,
/// so that the end of a tick is not missed by far.
const LONGEST_ROUND: u32 = 128;
/// Rounds of such switches in a tick, at most. It is over after [`LONGEST_TICK`], too.
const ROUNDS: u32 = 4;

impl Hub {
    /// The next greenlet to run when the running one leaves: the first ready one, or the hub.
    #[inline(always)]
    pub(crate) fn next_to_run(&self) -> CorePtr {
        let left = self.budget_left.get();
        if left > 0
            && let Some(greenlet) = self.run_queue.pop()
        {
            if greenlet.wait().is_ready() {
                self.budget_left.set(left - 1);
                return greenlet.into_ptr();
            }
            drop(greenlet);
        }
        self.greenlet.as_ptr()
    }

    /// The greenlet that runs before the running one, which is ready, has its next turn; `None` if no other is ready.
    #[inline(always)]
    pub(in crate::hub) fn next_before_me(&self, me: Current) -> Option<CorePtr> {
        let left = self.budget_left.get();
        if left == 0 {
            // The hub itself, which has no budget, does not queue up.
            let others = me.as_ptr() != self.greenlet.as_ptr();
            return others.then(|| {
                self.run_queue.push(me.to_ref());
                self.greenlet.as_ptr()
            });
        }
        self.budget_left.set(left - 1);
        let first = self.run_queue.rotate(|| me.to_ref())?;
        Some(if first.wait().is_ready() {
            first.into_ptr()
        } else {
            self.greenlet.as_ptr()
        })
    }

    /// Fits the next budget to the longest tick, by the time that the last one took.
    fn adapt_budget(&self, took: Nanos) {
        let budget = if took > LONGEST_TICK {
            (Nanos::from(self.budget.get()) * LONGEST_TICK / took) as u32
        } else {
            self.budget.get() * 2
        };
        self.budget.set(budget.clamp(1, LONGEST_ROUND));
    }
}

impl HubRef {
    /// The body of the hub's greenlet.
    pub(in crate::hub) fn run(self) -> ! {
        let me = thread::current();
        loop {
            let begun = collect_events(&self);
            let mut last = begun;
            for _ in 0..ROUNDS {
                self.run_budget.begin_round(last);
                run_ready(self, me);
                if self.run_queue.is_empty() {
                    break;
                }
                let now = self.clock.now();
                self.adapt_budget(now.saturating_sub(last));
                last = now;
                if now.saturating_sub(begun) > LONGEST_TICK {
                    break;
                }
            }
        }
    }
}

#[inline(always)]
fn run_ready(hub: HubRef, me: Current) {
    hub.budget_left.set(hub.budget.get());
    hub.interrupts_left.set(MOST_AT_ONCE);
    while hub.budget_left.get() > 0 && !hub.run_queue.is_empty() {
        let next = hub.next_to_run();
        if next != me.as_ptr() {
            // SAFETY: `me` is the hub, which runs. The other is ready: it is an unstarted task, which the
            // hub owns, or was woken where it waits for the hub, without a value.
            unsafe { handover::run(me, next) };
        }
    }
    hub.budget_left.set(0);
}

/// Collects messages, timers and events, and waits for them where no greenlet is ready. Returns the time.
fn collect_events(hub: &Hub) -> Nanos {
    loop {
        if hub.has_ended.get() {
            trim_memory(hub);
            continue;
        }
        hub.mailbox.publish(hub.tasks.count());
        hub.mailbox.run_messages(|key| hub.wake_remote_wait(key));
        let now = hub.clock.now();
        fire_timers(hub, now);
        if !hub.run_queue.is_empty() {
            if hub.poller.is_watched() {
                hub.poller.poll(PollTimeout::None, &hub.run_queue);
            }
            return now;
        }
        if !hub.mailbox.has_messages() {
            block_in_poller(hub, now);
        }
    }
}

/// No greenlet is ready: waits for the first event.
fn block_in_poller(hub: &Hub, now: Nanos) {
    let next = hub.timers.borrow().next_deadline();
    if hub.clock.is_paused() && (next.is_some() || hub.is_advancing()) {
        if hub.poller.is_watched() {
            hub.poller.poll(PollTimeout::None, &hub.run_queue);
        }
        if hub.run_queue.is_empty() && !hub.mailbox.has_messages() {
            hub.step_clock(next);
        }
        return;
    }
    let is_awaited = hub.poller.is_watched() || !hub.remote_waits.is_empty();
    if next.is_none() && !is_awaited && !hub.mailbox.is_shared() {
        return report_deadlock(hub);
    }
    let timer = next.map(|next| next.saturating_sub(now));
    let chores = hub.housekeeping.work();
    let timeout = match timer.into_iter().chain(chores).min() {
        Some(wait) => PollTimeout::Nanos(wait),
        None => PollTimeout::Endless,
    };
    hub.mailbox
        .sleep(|| hub.poller.poll(timeout, &hub.run_queue));
}

fn fire_timers(hub: &Hub, now: Nanos) {
    loop {
        let due = hub.timers.borrow_mut().pop_due(now);
        match due {
            Some(TimerAction::Wake { greenlet, ticket }) => {
                Waker::new(greenlet, ticket).wake_into(WakeReason::TimedOut, &hub.run_queue);
            }
            Some(TimerAction::Expire(alarm)) => hub.expire_alarm(&alarm),
            None => return,
        };
    }
}

/// A destructor of the thread has run a greenlet once more, which has ended or waits here: the destructor continues, and is
/// told that it gets no answer.
#[cold]
fn trim_memory(hub: &Hub) {
    let destructor = thread::runs_destructors();
    if destructor.as_ptr() == hub.greenlet.as_ptr() || destructor.state().is_over() {
        stderr::abort(format_args!(
            "a greenlet has ended after its hub, and no greenlet waits for it"
        ));
    }
    destructor.child_was_killed();
    // SAFETY: the hub runs. The other one does not, so it waits, and its resumption is there.
    unsafe { handover::run(thread::current(), destructor.into_ptr()) };
}

/// No wait can end any more: the main greenlet gets the report of all of them.
#[cold]
fn report_deadlock(hub: &Hub) {
    let main = thread::main();
    main.report(hub.report_deadlock(&main));
    // SAFETY: the hub runs. The main greenlet waits, since it does not run, and its resumption is there.
    unsafe { handover::run(thread::current(), main.into_ptr()) };
}
