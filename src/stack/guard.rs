//! The guard below a stack: which kind this kernel has, and installing one.
//!
//! | kind | costs | refused |
//! |---|---|---|
//! | [`Guard::Advised`] | a few page-table entries, no mapping | kernel before 6.13 (EINVAL, or ignored by qemu's user mode), or locked memory |
//! | [`Guard::Protected`] | two mappings | by us, at some 30,000 stacks: fifteen sixteenths of `vm.max_map_count` |
//!
//! The last sixteenth is left to the rest of the process: without mappings no thread can be made, and no large piece
//! of memory be had.
//!
//! What the kernel returns for the advice is not believed: once for the process, a system call asks whether such pages fault.
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
    /// Made by `madvise(MADV_GUARD_INSTALL)`.
    Advised,
    /// Made by `mprotect(PROT_NONE)`.
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
            if !forced && works(memory::guard_by_advice) {
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
/// `low .. low + GUARD` is page aligned, part of a slab, and its contents are not needed any more.
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
    if PROTECTED.load(Ordering::Relaxed) >= most_protected() {
        let source = io::Error::from_raw_os_error(memory::ENOMEM);
        return Err(map_limit(source));
    }
    // SAFETY: the same contract.
    match unsafe { memory::guard_by_protection(low, GUARD) } {
        Ok(()) => {
            PROTECTED.fetch_add(1, Ordering::Relaxed);
            Ok(Guard::Protected)
        }
        // Protecting takes no memory, only mappings.
        Err(source) if source.raw_os_error() == Some(memory::ENOMEM) => Err(map_limit(source)),
        Err(source) => Err(no_room(GUARD, source)),
    }
}

/// How many stacks may have a guard that costs mappings.
fn most_protected() -> usize {
    static MOST: OnceLock<usize> = OnceLock::new();
    *MOST.get_or_init(|| match memory::mapping_limit() {
        Some(limit) => (limit - limit / 16) / 2,
        None => usize::MAX,
    })
}

#[cold]
fn map_limit(source: io::Error) -> StackError {
    StackError::MapLimit {
        limit: memory::mapping_limit(),
        reached: PROTECTED.load(Ordering::Relaxed),
        source,
    }
}

/// Counts guards that went away with their slab.
pub(super) fn forget_protected(count: usize) {
    PROTECTED.fetch_sub(count, Ordering::Relaxed);
}

/// The error for an ENOMEM: a lack of mappings, when it is our guards that eat them, or else of memory.
#[cold]
pub(super) fn no_room(size: usize, source: io::Error) -> StackError {
    let ours = PROTECTED.load(Ordering::Relaxed) >= most_protected();
    if ours && source.raw_os_error() == Some(memory::ENOMEM) {
        map_limit(source)
    } else {
        StackError::NoMemory { size, source }
    }
}

/// Whether `advise` makes guards here, which stay when the pages are given back.
///
/// What it returns says nothing: kernels that ignore advice which they do not know, such as qemu's user mode, return success.
fn works(advise: unsafe fn(usize, usize) -> io::Result<()>) -> bool {
    let Ok(map) = Mapping::reserve(GUARD) else {
        return false;
    };
    let low = map.low().as_ptr().addr();
    // SAFETY: a mapping of exactly that length, made for this question, with nothing in it.
    let advised = unsafe { advise(low, GUARD) };
    // SAFETY: as above.
    unsafe { memory::discard(low, GUARD) };
    // SAFETY: as above: a write into it changes no value in use.
    advised.is_ok() && unsafe { memory::faults(low, GUARD) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a kernel that takes advice and does nothing.
    ///
    /// # Safety
    /// None is needed.
    unsafe fn ignores(_: usize, _: usize) -> io::Result<()> {
        Ok(())
    }

    /// # Safety
    /// None is needed.
    unsafe fn refuses(_: usize, _: usize) -> io::Result<()> {
        Err(io::Error::from_raw_os_error(memory::ENOMEM))
    }

    /// As a kernel that guards all pages but the last.
    ///
    /// # Safety
    /// As for [`memory::guard_by_protection`].
    unsafe fn guards_the_first_only(low: usize, len: usize) -> io::Result<()> {
        // SAFETY: the caller's promise, for a part of it.
        unsafe { memory::guard_by_protection(low, len - memory::page_size()) }
    }

    #[test]
    fn advice_counts_where_the_pages_fault() {
        assert!(!works(ignores));
        assert!(!works(refuses));
        assert!(!works(guards_the_first_only));
        assert!(works(memory::guard_by_protection));
    }

    #[test]
    fn a_page_is_asked_by_a_system_call() {
        let map = Mapping::reserve(GUARD).unwrap();
        let low = map.low().as_ptr().addr();
        // SAFETY: our own mapping, with nothing in it.
        assert!(!unsafe { memory::faults(low, GUARD) });
        // SAFETY: as above.
        unsafe { memory::guard_by_protection(low, GUARD) }.unwrap();
        // SAFETY: as above.
        assert!(unsafe { memory::faults(low, GUARD) });
    }
}
