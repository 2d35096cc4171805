//! Gives the memory of idle stacks back, in rounds, a bounded piece of work at a time.
//!
//! ```text
//! idle list, in a round        `cold`: slots below it have not moved for the whole round before (a second)
//! 0        flat        cold - 256   cold       len
//! | nothing left       | top 16 KiB | as given  |
//! | Released | <- at   | Trimmed    | Warm      |   neighbours are released together, by one system call
//! ```
//!
//! A slab whose carved slots are all `Released` leaves the list, and is unmapped piece by piece; its page tables
//! go with it. So one or two seconds after the last of a burst of greenlets ended and the hub fell idle, the
//! memory of all but 256 stacks is on its way back to the kernel.
#![forbid(unsafe_code)]

use super::cache::SizeClassCache;
use super::class::PAGE;
use super::slab::{Slab, SlotState};
use std::time::{Duration, Instant};

/// How much the trimmer may do and shall leave.
#[derive(Clone, Copy, Debug)]
pub(super) struct TrimBudget {
    /// System calls, of some microseconds each, in one call of trim.
    pub(super) calls: usize,
    /// Idle stacks of a class that keep their top pages for ever.
    pub(super) keep_warm: usize,
}

impl TrimBudget {
    /// About a millisecond a call.
    pub(super) const USUAL: TrimBudget = TrimBudget {
        calls: 128,
        keep_warm: 256,
    };
}

/// Bytes that a trimmed stack keeps at its top; most owners never need more.
const KEEP_TOP: usize = if PAGE > 16 * 1024 { PAGE } else { 16 * 1024 };
/// Neighbours that are released together.
const RUN: usize = 16;
/// How long a stack lies untouched before it loses something.
const ROUND: Duration = Duration::from_secs(1);

/// How far the trimmer is in its present round over a cache.
#[derive(Debug)]
pub(super) struct TrimRound {
    /// When the next one may begin; none before the first.
    due: Option<Instant>,
    /// Idle slots below this have not moved since the last round began.
    cold: usize,
    /// Those below this have been looked at in this round.
    at: usize,
    /// Those below this are `Released` and need no look.
    flat: usize,
    /// Whether this round changed anything.
    changed: bool,
}

impl TrimRound {
    pub(super) const fn new() -> TrimRound {
        TrimRound {
            due: None,
            cold: 0,
            at: 0,
            flat: 0,
            changed: false,
        }
    }
}

impl SizeClassCache {
    /// As [`super::trim_step`], for one cache; takes its system calls out of the budget.
    pub(super) fn trim(&mut self, now: Instant, budget: &mut TrimBudget) -> Option<Instant> {
        let round = &mut self.round;
        round.flat = round.flat.min(self.low_water);
        match round.due {
            Some(due) if now < due => {
                round.cold = round.cold.min(self.low_water);
            }
            _ => {
                self.note_high_water();
                let round = &mut self.round;
                round.cold = self.low_water;
                round.at = round.flat;
                round.changed = false;
                round.due = Some(now.checked_add(ROUND)?);
                self.low_water = self.idle.len();
                self.put_in_order(budget.keep_warm);
            }
        }
        if !self.sweep(budget) || !self.unmap(budget) {
            return Some(now);
        }
        let settled = !self.round.changed && self.round.cold == self.idle.len();
        if settled { None } else { self.round.due }
    }

    /// Brings the next round forward to a second after `now`, if it is due later.
    pub(super) fn rewind_round(&mut self, now: Instant) {
        if let (Some(due), Some(latest)) = (&mut self.round.due, now.checked_add(ROUND)) {
            *due = latest.min(*due);
        }
    }

    /// Puts the cold slots in the order of their addresses, after a burst that gave them back in another: then
    /// neighbours are released together, and those that are kept warm at the end lie in one slab and keep one only.
    fn put_in_order(&mut self, keep_warm: usize) {
        let cold = &mut self.idle[self.round.flat..self.round.cold];
        if cold.len() > keep_warm && !cold.is_sorted() {
            cold.sort_unstable();
        }
    }

    /// Looks at the cold slots in turn; false if the calls ran out first.
    fn sweep(&mut self, budget: &mut TrimBudget) -> bool {
        while self.round.at < self.round.cold {
            if budget.calls == 0 {
                return false;
            }
            let at = self.round.at;
            let release = at + budget.keep_warm < self.round.cold;
            let done = match self.idle[at].state.get() {
                SlotState::Warm | SlotState::Trimmed if release => {
                    self.release(at, self.round.cold - budget.keep_warm)
                }
                SlotState::Warm => self.trim_one(at),
                _ => 0,
            };
            if done > 0 {
                budget.calls = budget.calls.saturating_sub(2);
                self.round.changed = true;
            }
            self.round.at += done.max(1);
            if self.round.flat == at && release {
                self.round.flat = self.round.at;
            }
        }
        true
    }

    /// Takes the pages of a slot but for those at its top.
    fn trim_one(&mut self, at: usize) -> usize {
        let slot = self.idle[at];
        self.deepest = self.deepest.max(slot.used());
        slot.discard(slot, KEEP_TOP);
        slot.state.set(SlotState::Trimmed);
        1
    }

    /// Takes all pages of a slot and of its neighbours that follow in the list, and says how many they were.
    fn release(&mut self, at: usize, end: usize) -> usize {
        let first = self.idle[at];
        // One of each run is measured.
        self.deepest = self.deepest.max(first.used());
        let (mut lowest, mut highest) = (first, first);
        let mut count = 0;
        for slot in self.idle[at..end].iter().take(RUN) {
            if slot.follows(highest) {
                highest = *slot;
            } else if lowest.follows(*slot) {
                lowest = *slot;
            } else if count > 0 {
                break;
            }
            count += 1;
        }
        for slot in &self.idle[at..at + count] {
            if slot.state.replace(SlotState::Released) != SlotState::Released
                && let Some(slab) = &mut self.slabs[slot.slab as usize]
            {
                slab.released += 1;
            }
        }
        lowest.discard(highest, 0);
        count
    }

    /// Unmaps a piece of a slab in which every carved slot was released; true if there is none.
    fn unmap(&mut self, budget: &mut TrimBudget) -> bool {
        if let Some(dying) = &mut self.dying {
            budget.calls = 0;
            if dying.shrink() {
                self.dying = None;
            }
            return false;
        }
        let gone = |slab: &Option<Slab>| slab.as_ref().is_some_and(Slab::is_released);
        let Some(number) = self.slabs.iter().position(gone) else {
            return true;
        };
        self.note_high_water();
        self.dying = self.slabs[number].take();
        let before = self.idle.len();
        self.idle.retain(|slot| slot.slab as usize != number);
        let removed = before - self.idle.len();
        self.carved -= removed;
        let slots = self.slabs.iter().flatten().map(Slab::slots).sum();
        self.idle.shrink_to(slots);
        // Released slots lie below all marks but `flat`.
        self.low_water -= removed;
        let round = &mut self.round;
        round.changed = true;
        round.flat = 0;
        round.cold -= removed;
        round.at = round.cold;
        budget.calls = 0;
        false
    }
}
