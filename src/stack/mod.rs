//! Stacks for greenlets: cut from slabs, guarded, pooled by their thread, and named when they overflow.
//!
//! ```text
//! thread ── pool ── cache (one per size class) ── idle list, last in, first out
//!                      │
//!                      └── slab: ONE mapping of 64 MiB .. 4 GiB, pages come when touched
//!                          | table | slot 0 | slot 1 | slot 2 | ...                    |
//!                                  /        \
//!                                 / default: \ 260 KiB from slot to slot, an odd number of pages
//!                          | guard 64 KiB | usable 192 KiB | colour page |
//!                          limit          a fault here     base = end - colour * 64, by slot number
//!                                         names the greenlet
//! ```
//!
//! - A slot's guard is installed when the slot is first used, and stays for ever.
//! - A warm `take` and a give-back are a few loads and stores; no system call, no clock.
//! - `trim` gives memory back; the hub does so in steps when it has nothing else to do.
//! - A stack never leaves its thread. When the thread ends, slabs with no stack in use are unmapped. The others
//!   stay (counted in [`StackStats::orphaned`]): pointers into them may still exist.

mod cache;
mod class;
mod guard;
mod overflow;
mod pointer;
mod pool;
mod pooled;
mod registry;
mod slab;
mod stats;
mod trim;

#[cfg(test)]
mod tests;

pub use class::{DEFAULT_STACK_SIZE, MAX_STACK_SIZE, MIN_STACK_SIZE};
pub use stats::{ClassStats, StackStats, stats};

pub(crate) use overflow::Description;
pub(crate) use pointer::stack_pointer;
#[cfg(feature = "hub")]
pub(crate) use pool::in_use;
pub(crate) use pool::take;
#[cfg(feature = "hub")]
pub(crate) use pool::trim_step;
pub use pool::{measure_all, trim};
pub(crate) use pooled::{PooledStack, StackView, at};
