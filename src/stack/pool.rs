//! The pool of a thread: a cache per size class, last in, first out.
//!
//! ```text
//! take ── idle.pop() ── else: carve the newest slab ── else: map a new slab, twice as much as before
//! give back ── idle.push()
//! ```
//!
//! The warm path is as short as it can be made: [`PoolCell`] shows why it needs no `RefCell`, and counts, such as the stacks in
//! use and their maximum, are computed from the length of the idle list when they are asked for.

use super::cache::SizeClassCache;
use super::class::{MAX_STACK_SIZE, SizeClass};
use super::guard::Guard;
use super::overflow;
use super::pooled::PooledStack;
use super::slab::{SlotRef, SlotState};
use super::stats::{self, ClassStats};
use super::trim::TrimBudget;
use crate::error::StackError;
use crate::sys::altstack::AltStack;
#[cfg(all(feature = "sanitizer", target_os = "linux"))]
use crate::sys::sanitizer;
use crate::sys::valgrind;
use std::cell::{Cell, UnsafeCell};
use std::ptr;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// Takes a stack with at least `usable` bytes, rounded up to a size class.
#[inline(always)]
pub(crate) fn take(usable: usize) -> Result<PooledStack, StackError> {
    // The warm path returns in registers; a `Result` of this size would go through memory.
    match take_warm(usable) {
        Some(stack) => Ok(stack),
        None => take_slow(usable),
    }
}

#[inline(always)]
fn take_warm(usable: usize) -> Option<PooledStack> {
    let class = SizeClass::for_size(usable)?;
    let slot = POOL
        .try_with(|cell| cell.warm(|pool| pool.take_idle(class)))
        .ok()???;
    Some(PooledStack::new(slot))
}

#[cold]
fn take_slow(usable: usize) -> Result<PooledStack, StackError> {
    let class = SizeClass::for_size(usable).ok_or(StackError::TooLarge {
        requested: usable,
        maximum: MAX_STACK_SIZE,
    })?;
    let taken = POOL.try_with(|cell| cell.slow(|pool| pool.take(class)));
    taken
        .map_err(|_| StackError::ThreadEnding)?
        .map(PooledStack::new)
}

/// Gives the memory of this thread's idle stacks back to the system, at once.
///
/// A hub that falls idle does the same by itself, within two seconds. `trim` is for threads whose hub is never idle, and for
/// threads without one. Of each size 256 idle stacks keep their top 16 KiB, ready for the next greenlets; all others keep
/// nothing, and a slab without stacks in use is unmapped. It takes one system call for up to 16 stacks.
///
/// # Examples
/// ```
/// use greenhub::{Greenlet, stack};
///
/// let burst: Vec<Greenlet<(), ()>> = (0..1000).map(|_| Greenlet::new(|()| ())).collect();
/// burst.iter().for_each(|greenlet| greenlet.switch(()));
/// drop(burst);
/// stack::trim();
/// assert_eq!(stack::stats().in_use(), 0);
/// ```
pub fn trim() {
    // Time that passes between two rounds tells that no stack was used meanwhile. None is, so the rounds follow at once.
    let start = Instant::now();
    let mut next = Some(start);
    while let Some(moment) = next {
        next = trim_step(moment);
    }
    // The rounds ran ahead of the clock. The hub's next round is due a second after this call, not after the last of them.
    let _ = POOL.try_with(|cell| {
        cell.slow(|pool| {
            let caches = pool.caches.iter_mut();
            caches.for_each(|cache| cache.rewind_round(start));
        })
    });
}

/// Gives memory of idle stacks back, a bounded piece of work per call; returns when to call again, if ever.
///
/// An answer of `now` or earlier means that there is more to do at once. After `None` nothing is left to do
/// until stacks are used again.
pub(crate) fn trim_step(now: Instant) -> Option<Instant> {
    POOL.try_with(|cell| cell.slow(|pool| pool.trim(now)))
        .ok()
        .flatten()
}

/// Looks at every stack of this thread to bring the `deepest` of the statistics up to date: a system call each.
pub fn measure_all() {
    let _ = POOL.try_with(|cell| cell.slow(|pool| pool.measure_all()));
}

thread_local! {
    static POOL: PoolCell = const { PoolCell { shut: Cell::new(false), pool: UnsafeCell::new(StackPool::new()) } };
}

/// The thread's pool, which one call at a time may use.
///
/// # Invariant
///
/// One call at a time reaches `pool`. The warm calls run no code but ours, so nothing can come in between; the slow
/// ones allocate, which may run a global allocator that we do not know, so they set `shut` meanwhile.
struct PoolCell {
    shut: Cell<bool>,
    pool: UnsafeCell<StackPool>,
}

impl PoolCell {
    /// For calls that neither allocate nor call anything foreign.
    #[inline(always)]
    fn warm<R>(&self, act: impl FnOnce(&mut StackPool) -> R) -> Option<R> {
        if self.shut.get() {
            return None;
        }
        // SAFETY: no slow call is under way, and no warm one, since `act` calls nothing foreign.
        Some(act(unsafe { &mut *self.pool.get() }))
    }

    /// For all others.
    fn slow<R>(&self, act: impl FnOnce(&mut StackPool) -> R) -> R {
        struct EndOfAccess<'a>(&'a Cell<bool>);
        impl Drop for EndOfAccess<'_> {
            fn drop(&mut self) {
                self.0.set(false);
            }
        }
        assert!(
            !self.shut.replace(true),
            "a global allocator must not use stacks of greenlets"
        );
        let _open = EndOfAccess(&self.shut);
        // SAFETY: `shut` was false, and is true until `_open` is dropped.
        act(unsafe { &mut *self.pool.get() })
    }
}

/// The stacks of one thread.
#[derive(Debug)]
pub(super) struct StackPool {
    caches: [SizeClassCache; SizeClass::COUNT],
    /// What a test wants instead of the best.
    pub(super) guard: Option<Guard>,
    /// Bytes of a class's first slab.
    pub(super) first_slab: usize,
    /// For each call of trim.
    pub(super) budget: TrimBudget,
    /// Whether this thread can report an overflow.
    watched: bool,
    /// Whether valgrind looks on.
    valgrind: bool,
    altstack: Option<AltStack>,
}

impl StackPool {
    const FIRST_SLAB: usize = 64 << 20;

    pub(super) const fn new() -> StackPool {
        StackPool {
            caches: [const { SizeClassCache::new() }; SizeClass::COUNT],
            guard: None,
            first_slab: StackPool::FIRST_SLAB,
            budget: TrimBudget::USUAL,
            watched: false,
            valgrind: false,
            altstack: None,
        }
    }

    #[inline]
    fn take_idle(&mut self, class: SizeClass) -> Option<SlotRef> {
        let slot = self.caches[class.index()].pop()?;
        if self.valgrind {
            forget_last_owner(slot);
        }
        Some(slot)
    }

    pub(super) fn take(&mut self, class: SizeClass) -> Result<SlotRef, StackError> {
        if let Some(slot) = self.take_idle(class) {
            return Ok(slot);
        }
        if !self.watched {
            overflow::install_handler().map_err(|source| StackError::NoHandler { source })?;
            self.altstack =
                AltStack::ensure().map_err(|source| StackError::NoHandler { source })?;
            self.valgrind = valgrind::is_running();
            self.watched = true;
        }
        let guard = self.guard.unwrap_or_else(Guard::best);
        self.caches[class.index()].carve(class, guard, self.first_slab)
    }

    #[inline]
    pub(super) fn put(&mut self, slot: SlotRef) {
        self.caches[slot.class.index()].push(slot);
    }

    pub(super) fn leak(&mut self, slot: SlotRef) {
        slot.state.set(SlotState::Leaked);
        let cache = &mut self.caches[slot.class.index()];
        cache.note_high_water();
        cache.leaked += 1;
    }

    pub(super) fn trim(&mut self, now: Instant) -> Option<Instant> {
        let mut budget = self.budget;
        let used = self.caches.iter_mut().filter(|cache| cache.high_water > 0);
        used.filter_map(|cache| cache.trim(now, &mut budget)).min()
    }

    pub(super) fn measure(&mut self, slot: SlotRef) -> usize {
        let used = slot.used();
        let cache = &mut self.caches[slot.class.index()];
        cache.deepest = cache.deepest.max(used);
        used
    }

    fn measure_all(&mut self) {
        for cache in &mut self.caches {
            for slab in cache.slabs.iter().flatten() {
                let deepest = slab.slots_carved().map(|slot| slot.used()).max();
                cache.deepest = cache.deepest.max(deepest.unwrap_or(0));
            }
        }
    }

    pub(super) fn stats(&mut self) -> Vec<ClassStats> {
        self.caches
            .iter_mut()
            .for_each(SizeClassCache::note_high_water);
        let used = self
            .caches
            .iter()
            .enumerate()
            .filter(|(_, cache)| cache.high_water > 0);
        used.filter_map(|(index, cache)| Some(cache.stats(SizeClass::at(index)?)))
            .collect()
    }
}

#[cfg(test)]
impl StackPool {
    pub(super) fn carved_slots(&self, class: SizeClass) -> impl Iterator<Item = SlotRef> {
        self.caches[class.index()]
            .slabs
            .iter()
            .flatten()
            .flat_map(super::slab::Slab::slots_carved)
    }

    pub(super) fn carved(&self, class: SizeClass) -> usize {
        assert_eq!(
            self.carved_slots(class).count(),
            self.caches[class.index()].carved
        );
        self.caches[class.index()].carved
    }
}

#[cold]
fn forget_last_owner(slot: SlotRef) {
    valgrind::make_undefined(slot.usable());
}

/// The thread ends: stacks without a user are unmapped, all others stay as they are.
impl Drop for StackPool {
    fn drop(&mut self) {
        for cache in &mut self.caches {
            stats::orphan(cache.abandon());
        }
        #[cfg(all(feature = "sanitizer", target_os = "linux"))]
        sanitizer::keep_own_stack();
    }
}

/// Puts a taken slot back on its thread's cache; left behind, and counted so, when the thread has ended.
#[inline]
pub(super) fn put(slot: SlotRef) {
    if let Ok(Some(())) = POOL.try_with(|cell| cell.warm(|pool| pool.put(slot))) {
        return;
    }
    // Its owner goes all the same, and takes its description along.
    slot.description.store(ptr::null_mut(), Ordering::Relaxed);
}

/// Takes a taken slot out of use for ever.
#[cold]
pub(super) fn leak(slot: SlotRef) {
    slot.description.store(ptr::null_mut(), Ordering::Relaxed);
    let _ = POOL.try_with(|cell| cell.slow(|pool| pool.leak(slot)));
}

/// Bytes used in a slot at the deepest, and remembers it for its class.
pub(super) fn measure(slot: SlotRef) -> usize {
    POOL.try_with(|cell| cell.slow(|pool| pool.measure(slot)))
        .unwrap_or_else(|_| slot.used())
}

/// How many stacks of this thread have an owner that may run again.
#[cfg(feature = "hub")]
pub(crate) fn in_use() -> usize {
    let count = |pool: &mut StackPool| pool.caches.iter().map(SizeClassCache::in_use).sum();
    POOL.try_with(|cell| cell.slow(count)).unwrap_or(usize::MAX)
}

/// The classes that this thread has used.
pub(super) fn class_stats() -> Vec<ClassStats> {
    POOL.try_with(|cell| cell.slow(|pool| pool.stats()))
        .unwrap_or_default()
}
