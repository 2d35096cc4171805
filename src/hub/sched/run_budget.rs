//! How much a greenlet may do in one run by calls that do not have to wait: then others run first.
//!
//! ```text
//!   a run      calls and bytes, counted since the greenlet was switched to     128 calls, or 64 KiB
//!   a round    the time since the hub handed control on                        about 1 ms
//!
//!   one of these is spent -> before the next call all others run -> a new run
//! ```
//! A run that has spent its calls or bytes counts in its round as sixteen switches, so that timers and sockets do not wait for 128
//! such runs. One that finds the time of its round spent ends the round.
//!
//! No switch writes here: a run is known by the number of its round and what is left of that.
#![forbid(unsafe_code)]

use std::cell::Cell;

use crate::hub::reactor::clock::Nanos;

/// As many lines of 64 bytes as a queue of 1,024 can take.
const MOST_BYTES: usize = 64 * 1024;
const MOST_CALLS: u32 = 128;
/// One call in so many reads the clock, not in a run that is short: a request and its answer are two.
const CALLS_BY_CLOCK: u32 = 4;
/// A spent run counts as this many switches.
const SPENT_RUN: u32 = 16;
/// After this long a round is spent, and a tick is over.
pub(in crate::hub) const LONGEST_TICK: Nanos = 1_000_000;

/// What the present run has done so far. `left` is how many switches are left in its round.
pub(in crate::hub) struct RunBudget {
    run: Cell<RunId>,
    calls: Cell<u32>,
    bytes: Cell<usize>,
    /// The rounds so far, and when the present one began.
    round: Cell<u32>,
    round_begun: Cell<Nanos>,
}

/// The number of the round, and how many switches were left in it.
type RunId = (u32, u32);

impl RunBudget {
    pub(in crate::hub) fn new() -> RunBudget {
        RunBudget {
            run: Cell::new((0, 0)),
            calls: Cell::new(0),
            bytes: Cell::new(0),
            round: Cell::new(0),
            round_begun: Cell::new(0),
        }
    }

    /// The hub hands control on.
    #[inline(always)]
    pub(in crate::hub) fn begin_round(&self, now: Nanos) {
        self.round.set(self.round.get().wrapping_add(1));
        self.round_begun.set(now);
    }

    pub(in crate::hub) fn begin_run(&self, left: u32) {
        self.run.set((self.round.get(), left));
        self.calls.set(0);
        self.bytes.set(0);
    }

    #[inline(always)]
    pub(in crate::hub) fn count(&self, left: u32, bytes: usize) {
        if self.run.get() != (self.round.get(), left) {
            self.begin_run(left);
        }
        self.calls.set(self.calls.get().saturating_add(1));
        self.bytes.set(self.bytes.get().saturating_add(bytes));
    }

    /// False where [`left_if_spent`](RunBudget::left_if_spent) would not say more.
    #[inline(always)]
    pub(in crate::hub) fn may_be_spent(&self) -> bool {
        self.calls.get() >= CALLS_BY_CLOCK
    }

    /// How many switches its round has left when this run has spent its part, or the round its time.
    pub(in crate::hub) fn left_if_spent(
        &self,
        left: u32,
        now: impl FnOnce() -> Nanos,
    ) -> Option<u32> {
        if self.run.get() != (self.round.get(), left) {
            return None;
        }
        if self.calls.get() >= MOST_CALLS || self.bytes.get() >= MOST_BYTES {
            return Some(left.saturating_sub(SPENT_RUN));
        }
        let is_late = self.calls.get().is_multiple_of(CALLS_BY_CLOCK)
            && now().saturating_sub(self.round_begun.get()) > LONGEST_TICK;
        is_late.then_some(0)
    }
}
