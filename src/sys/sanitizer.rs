//! What a build for AddressSanitizer calls, and what takes its place where the program is built without it after all.
//!
//! The runtime's own functions, where they are there, take the place of the weak ones here, which do nothing. So all
//! features together still make a program.
//!
//! LeakSanitizer, which comes with AddressSanitizer, looks for pointers in globals, in the stacks that threads run on,
//! and in what it is told of as a root. A suspended greenlet's stack is none of the first two, so it must be told:
//! ```text
//! roots -> stack in use (a `PooledStack`, or a leaked one) -> what its frames own      found, no leak
//!          idle stack: not a root, for what lies there is nobody's                     a leak stays a leak
//! ```

use std::arch::global_asm;
use std::ffi::c_void;
use std::ops::Range;
use std::ptr;

// A `ret` on the processors that the sanitizer knows (x86-64 and ARM64). Out-parameters keep what the caller put
// there, which is null and zero.
global_asm!(
    ".weak __sanitizer_start_switch_fiber",
    ".weak __sanitizer_finish_switch_fiber",
    ".weak __asan_unpoison_memory_region",
    ".weak __lsan_register_root_region",
    ".weak __lsan_unregister_root_region",
    "__sanitizer_start_switch_fiber:",
    "__sanitizer_finish_switch_fiber:",
    "__asan_unpoison_memory_region:",
    "__lsan_register_root_region:",
    "__lsan_unregister_root_region:",
    "ret",
);

#[allow(
    clippy::unnecessary_safety_comment,
    reason = "a declaration is a promise, too"
)]
// SAFETY: as compiler-rt's `sanitizer/lsan_interface.h` declares them; the weak ones look at no argument.
unsafe extern "C" {
    fn __lsan_register_root_region(low: *const c_void, len: usize);
    fn __lsan_unregister_root_region(low: *const c_void, len: usize);
}

/// From now on what is pointed to from `stack` is no leak.
///
/// # Safety
///
/// All of it can be read until it is given to [`remove_root`] or for ever. A guard cannot.
pub(crate) unsafe fn add_root(stack: Range<usize>) {
    let low = ptr::with_exposed_provenance(stack.start);
    // SAFETY: the contract above. The range is read only when leaks are looked for.
    unsafe { __lsan_register_root_region(low, stack.len()) };
}

/// `stack` is nobody's any more.
///
/// # Safety
///
/// The very range was given to [`add_root`], and not removed since: the runtime ends the process otherwise.
pub(crate) unsafe fn remove_root(stack: Range<usize>) {
    let low = ptr::with_exposed_provenance(stack.start);
    // SAFETY: the contract above.
    unsafe { __lsan_unregister_root_region(low, stack.len()) };
}
