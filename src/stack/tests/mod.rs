//! The stack floor seen from inside: a model of the pool, trimming by a clock of our own, real coroutines.
//!
//! What needs a process of its own, above all whatever ends in a signal, is in `tests/children`.

mod coroutines;
mod model;
mod sizes;
mod trimming;

use super::class::{GUARD, SizeClass};
use super::guard::Guard;
use super::pool::StackPool;
use super::slab::SlotRef;
use crate::sys::memory;

const KIB: usize = 1024;

/// A pool of its own, with slabs so small that there are several.
fn pool(guard: Guard, first_slab: usize) -> StackPool {
    let mut pool = StackPool::new();
    pool.guard = Some(guard);
    pool.first_slab = first_slab;
    pool
}

fn class(usable: usize) -> SizeClass {
    SizeClass::for_size(usable).expect("a size within bounds")
}

/// Writes a word into a stack that is not in use.
fn write(address: usize, word: usize) {
    // SAFETY: the tests pass aligned addresses inside the usable part of slots they hold.
    unsafe { std::ptr::with_exposed_provenance_mut::<usize>(address).write_volatile(word) };
}

fn read(address: usize) -> usize {
    // SAFETY: as for `write`.
    unsafe { std::ptr::with_exposed_provenance::<usize>(address).read_volatile() }
}

/// The lowest word of a stack, and the highest.
fn ends(slot: SlotRef) -> [usize; 2] {
    [slot.low() + GUARD, slot.base.get() - size_of::<usize>()]
}

#[track_caller]
fn check_guarded(slot: SlotRef) {
    let low = slot.low();
    for byte in [low, low + GUARD / 2, low + GUARD - 1] {
        assert!(
            !memory::readable(byte),
            "the guard of {low:#x} can be read at +{}",
            byte - low
        );
    }
    for byte in [low + GUARD, slot.base.get() - 1] {
        assert!(
            memory::readable(byte),
            "the stack of {low:#x} cannot be read at +{}",
            byte - low
        );
    }
}
