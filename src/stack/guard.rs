//! The guard below a stack: which kind this kernel has, and installing one.
//!
//! | kind | costs | refused |
//! |---|---|---|
//! | [`Guard::Advised`] | a few page-table entries, no mapping | EINVAL: kernel before 6.13, or locked memory |
//! | [`Guard::Protected`] | two mappings | ENOMEM: `vm.max_map_count`, at some 32,000 stacks |
//!
//! The environment variable `GREENHUB_STACK_GUARD=mprotect`, read once, forces the second kind: for tests.

use super::class::GUARD;
use crate::error::StackError;
use crate::sys::memory::{self, Mapping};
use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

const FORCE: &str = "GREENHUB_STACK_GUARD";

/// How the pages below a stack are made to fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Guard {
    /// By `madvise(MADV_GUARD_INSTALL)`.
    Advised,
    /// By `mprotect(PROT_NONE)`.
    Protected,
}

/// Stacks of this process whose guard costs mappings.
static PROTECTED: AtomicUsize = AtomicUsize::new(0);

impl Guard {
    /// The best kind this kernel has, found out once for the process.
    pub(crate) fn best() -> Guard {
        static BEST: OnceLock<Guard> = OnceLock::new();
        *BEST.get_or_init(|| {
            let forced = std::env::var_os(FORCE).is_some_and(|value| value == "mprotect");
            if !forced && works() {
                Guard::Advised
            } else {
                Guard::Protected
            }
        })
    }
}

/// Guards the slot that begins at `low`, by `wanted` or what the kernel allows; says which kind it became.
///
/// # Safety
///
/// `low .. low + GUARD` is page aligned, part of a slab, and nobody needs its contents any more.
pub(super) unsafe fn install(wanted: Guard, low: usize) -> Result<Guard, StackError> {
    if wanted == Guard::Advised {
        // SAFETY: the same contract.
        match unsafe { memory::guard_by_advice(low, GUARD) } {
            Ok(()) => return Ok(Guard::Advised),
            // Memory locked since the probe (mlockall) takes no such guard, but it takes the other kind.
            Err(refused) if refused.raw_os_error() != Some(memory::ENOMEM) => {}
            Err(source) => {
                return Err(StackError::NoMemory {
                    size: GUARD,
                    source,
                });
            }
        }
    }
    // SAFETY: the same contract.
    match unsafe { memory::guard_by_protection(low, GUARD) } {
        Ok(()) => {
            PROTECTED.fetch_add(1, Ordering::Relaxed);
            Ok(Guard::Protected)
        }
        Err(source) => Err(no_room(GUARD, source)),
    }
}

/// Counts guards that went away with their slab.
pub(super) fn forget_protected(count: usize) {
    PROTECTED.fetch_sub(count, Ordering::Relaxed);
}

/// The error for an ENOMEM: a lack of mappings, when it is our guards that eat them, or else of memory.
#[cold]
pub(super) fn no_room(size: usize, source: io::Error) -> StackError {
    let reached = PROTECTED.load(Ordering::Relaxed);
    let limit = memory::mapping_limit();
    // Two mappings a guard; a tenth is left to the rest of the process.
    let ours = limit.is_none_or(|limit| reached * 2 >= limit - limit / 10);
    if ours && reached > 0 && source.raw_os_error() == Some(memory::ENOMEM) {
        StackError::MapLimit {
            limit,
            reached,
            source,
        }
    } else {
        StackError::NoMemory { size, source }
    }
}

fn works() -> bool {
    let Ok(map) = Mapping::reserve(GUARD) else {
        return false;
    };
    // SAFETY: a mapping of exactly that length, made for this question, with nothing in it.
    unsafe { memory::guard_by_advice(map.low().as_ptr().addr(), GUARD) }.is_ok()
}
