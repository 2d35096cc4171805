//! A stack for signal handlers, given to threads that have none.
//!
//! ```text
//! low                       low + page                                 high
//! | guard page, PROT_NONE   | 16 KiB, or what the system wants: handlers run here |
//! ```
//!
//! A handler for a stack overflow cannot run on the stack that overflowed. Rust gives its main thread and the
//! threads of `std::thread` such a stack; a thread made by C has none, and would die without a word.

use super::memory::{self, Mapping};
use super::system;
use std::io;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ptr;

const SMALLEST: usize = 16 * 1024;

/// The alternate signal stack that we gave to the current thread; taken away again when dropped.
#[derive(Debug)]
pub(crate) struct AltStack {
    map: ManuallyDrop<Mapping>,
    sp: *mut libc::c_void,
}

impl AltStack {
    /// Gives the current thread an alternate signal stack, unless it has one already.
    pub(crate) fn ensure() -> io::Result<Option<AltStack>> {
        if current()?.ss_flags & libc::SS_DISABLE == 0 {
            return Ok(None);
        }
        let page = memory::page_size();
        let size = system::signal_stack_size()
            .max(SMALLEST)
            .next_multiple_of(page);
        let map = Mapping::reserve(page + size)?;
        let low = map.low().as_ptr().addr();
        // SAFETY: the lowest page of a mapping made two lines above, which holds nothing yet.
        unsafe { memory::guard_by_protection(low, page) }?;
        let sp = map.low().as_ptr().wrapping_add(page).cast();
        let stack = libc::stack_t {
            ss_sp: sp,
            ss_flags: 0,
            ss_size: size,
        };
        // SAFETY: `stack` names writable memory that stays mapped until `AltStack::drop` takes it away again.
        if unsafe { libc::sigaltstack(&raw const stack, ptr::null_mut()) } != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Some(AltStack {
            map: ManuallyDrop::new(map),
            sp,
        }))
    }
}

impl Drop for AltStack {
    fn drop(&mut self) {
        // Code that has put another stack in place may have kept ours to restore it: then ours stays mapped.
        if !current().is_ok_and(|stack| stack.ss_sp == self.sp) {
            return;
        }
        let none = libc::stack_t {
            ss_sp: ptr::null_mut(),
            ss_flags: libc::SS_DISABLE,
            ss_size: 0,
        };
        // SAFETY: switching the alternate stack off touches no memory; the kernel refuses if we run on it.
        if unsafe { libc::sigaltstack(&raw const none, ptr::null_mut()) } == 0 {
            // SAFETY: dropped once, here, and the kernel no longer knows this stack.
            unsafe { ManuallyDrop::drop(&mut self.map) };
        }
    }
}

fn current() -> io::Result<libc::stack_t> {
    let mut stack = MaybeUninit::<libc::stack_t>::uninit();
    // SAFETY: asks only; the kernel fills `stack`.
    if unsafe { libc::sigaltstack(ptr::null(), stack.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: filled by the kernel, since the call succeeded.
    Ok(unsafe { stack.assume_init() })
}
