//! A cache: the stacks of one size class, and what is known about them.
//!
//! ```text
//! idle   | slot | slot | slot | slot |    last in, first out, at this end
//! slabs  | slab 0 | hole | slab 2 |       a hole is a slab that was unmapped; `newest` is being carved
//!
//! carved = idle + in use + leaked         only `carved`, `leaked` and the list itself are kept
//! ```
#![forbid(unsafe_code)]

use super::class::SizeClass;
use super::guard::Guard;
use super::slab::{Slab, SlotRef, SlotState};
use super::stats::ClassStats;
use super::trim::TrimRound;
use crate::error::StackError;
use std::ptr;
use std::sync::atomic::Ordering;

/// The stacks of one size class.
#[derive(Debug)]
pub(super) struct SizeClassCache {
    /// Carved and without an owner, the one given back last at the end. There is room for every slot there is.
    pub(super) idle: Vec<SlotRef>,
    /// The shortest that `idle` was since the trimmer last looked: below that nothing has moved.
    pub(super) low_water: usize,
    /// Carved slots, in whatever state. Those in use are not counted: they are the ones that are not idle.
    pub(super) carved: usize,
    pub(super) leaked: usize,
    /// The most stacks in use at a time, as of the last [`SizeClassCache::note_high_water`].
    pub(super) high_water: usize,
    /// Bytes used at the deepest, of the stacks that were measured.
    pub(super) deepest: usize,
    /// By number, as the records know them; unmapped ones leave a hole that is filled again.
    pub(super) slabs: Vec<Option<Slab>>,
    /// The slab that is being carved.
    pub(super) newest: usize,
    pub(super) round: TrimRound,
    /// A slab without a use, on its way back to the kernel.
    pub(super) dying: Option<Slab>,
}

impl SizeClassCache {
    pub(super) const fn new() -> SizeClassCache {
        SizeClassCache {
            idle: Vec::new(),
            low_water: 0,
            carved: 0,
            leaked: 0,
            high_water: 0,
            deepest: 0,
            slabs: Vec::new(),
            newest: 0,
            round: TrimRound::new(),
            dying: None,
        }
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<SlotRef> {
        let slot = self.idle.pop()?;
        self.low_water = self.low_water.min(self.idle.len());
        if slot.state.get() == SlotState::Released {
            self.revive(slot);
        }
        slot.state.set(SlotState::Taken);
        Some(slot)
    }

    #[inline]
    pub(super) fn push(&mut self, slot: SlotRef) {
        debug_assert_eq!(
            slot.state.get(),
            SlotState::Taken,
            "a stack given back twice"
        );
        slot.state.set(SlotState::Warm);
        slot.description.store(ptr::null_mut(), Ordering::Relaxed);
        debug_assert!(
            self.idle.len() < self.idle.capacity(),
            "no room for a slot: the warm way would allocate"
        );
        self.idle.push(slot);
    }

    /// The most were in use when the fewest were idle. To be called before `carved`, `leaked` or `low_water` change
    /// for another reason than a take.
    pub(super) fn note_high_water(&mut self) {
        self.high_water = self
            .high_water
            .max(self.carved - self.leaked - self.low_water);
    }

    pub(super) fn in_use(&self) -> usize {
        self.carved - self.leaked - self.idle.len()
    }

    #[cold]
    fn revive(&mut self, slot: SlotRef) {
        if let Some(slab) = &mut self.slabs[slot.slab as usize] {
            slab.released -= 1;
        }
    }

    pub(super) fn carve(
        &mut self,
        class: SizeClass,
        guard: Guard,
        first_slab: usize,
    ) -> Result<SlotRef, StackError> {
        let full = self
            .slabs
            .get(self.newest)
            .is_none_or(|slab| slab.as_ref().is_none_or(Slab::is_full));
        if full {
            self.grow(class, first_slab)?;
        }
        let slab = self.slabs[self.newest]
            .as_mut()
            .expect("grow leaves a slab to carve");
        let slot = slab.carve(self.newest, guard)?;
        slot.state.set(SlotState::Taken);
        // Slots are carved only when none is idle, so every one is in use now.
        self.low_water = 0;
        self.carved += 1;
        self.note_high_water();
        Ok(slot)
    }

    /// Maps as much again as there is, so that a million stacks make few mappings.
    fn grow(&mut self, class: SizeClass, first_slab: usize) -> Result<(), StackError> {
        let wish = self.mapped().clamp(first_slab, Slab::LARGEST);
        let slab = Slab::reserve(class, wish)?;
        let slots: usize =
            slab.slots() + self.slabs.iter().flatten().map(Slab::slots).sum::<usize>();
        self.idle.reserve(slots - self.idle.len());
        match self.slabs.iter().position(Option::is_none) {
            Some(hole) => self.newest = hole,
            None => {
                self.newest = self.slabs.len();
                self.slabs.push(None);
            }
        }
        self.slabs[self.newest] = Some(slab);
        Ok(())
    }

    fn mapped(&self) -> usize {
        self.slabs
            .iter()
            .flatten()
            .chain(&self.dying)
            .map(Slab::mapped)
            .sum()
    }

    /// Unmaps the slabs without an owner and forgets the others; returns how many stacks were left behind.
    pub(super) fn abandon(&mut self) -> usize {
        let left = self.carved - self.idle.len();
        let mut idle_in = vec![0; self.slabs.len()];
        for slot in &self.idle {
            idle_in[slot.slab as usize] += 1;
        }
        let busy = |slab: &Slab, idle: usize| slab.carved() > idle;
        for slot in self.idle.drain(..) {
            let number = slot.slab as usize;
            if self.slabs[number]
                .as_ref()
                .is_some_and(|slab| busy(slab, idle_in[number]))
            {
                slot.discard(slot, 0);
            }
        }
        for (slab, idle) in self.slabs.drain(..).zip(idle_in) {
            match slab {
                Some(slab) if busy(&slab, idle) => std::mem::forget(slab),
                other => drop(other),
            }
        }
        left
    }

    pub(super) fn stats(&self, class: SizeClass) -> ClassStats {
        ClassStats {
            usable_size: class.usable(),
            slabs: self.slabs.iter().flatten().count(),
            mapped_bytes: self.mapped(),
            in_use: self.in_use(),
            idle: self.idle.len(),
            high_water: self.high_water,
            leaked: self.leaked,
            deepest: self.deepest,
        }
    }
}
