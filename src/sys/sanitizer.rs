//! What a build for AddressSanitizer calls, and what takes its place where the program is built without it after all.
//!
//! The runtime's own functions, where they are there, take the place of the weak ones here, which do nothing. So all
//! features together still make a program.
//!
//! LeakSanitizer, a part of AddressSanitizer, looks for pointers in globals, in the stacks of threads, and in registered roots.
//! A suspended greenlet's stack is none of the first two, so it is registered:
//! ```text
//! roots -> stack in use (a `PooledStack`, or a leaked one) -> what its frames own      found, no leak
//!          idle stack: no root, its contents are not in use                            a leak stays a leak
//! ```
//! It learns from the switches which stack a thread runs on. Where a process ends on another stack than its thread's own,
//! the thread's own must be registered, too.

use std::arch::global_asm;
use std::ffi::c_void;
use std::mem::MaybeUninit;
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
/// All of it that is mapped to be read can be read, until it is given to [`remove_root`] or for ever. A guard cannot.
pub(crate) unsafe fn add_root(stack: Range<usize>) {
    let low = ptr::with_exposed_provenance(stack.start);
    // SAFETY: the contract above. The range is read only when leaks are looked for.
    unsafe { __lsan_register_root_region(low, stack.len()) };
}

/// `stack` is not in use any more.
///
/// # Safety
///
/// The very range was given to [`add_root`], and not removed since: the runtime ends the process otherwise.
pub(crate) unsafe fn remove_root(stack: Range<usize>) {
    let low = ptr::with_exposed_provenance(stack.start);
    // SAFETY: the contract above.
    unsafe { __lsan_unregister_root_region(low, stack.len()) };
}

/// To be called when a thread's destructors run. If that is on another stack than the thread's own, where the process
/// ends in a greenlet's body, then what the thread's own frames point to is no leak either.
pub(crate) fn keep_own_stack() {
    let here = 0_u8;
    let here = (&raw const here).addr();
    if let Some(own) = own_stack()
        && !own.contains(&here)
    {
        // SAFETY: the stack of a thread that is there to the end of the process.
        unsafe { add_root(own) };
    }
}

/// The stack that this thread was made with.
fn own_stack() -> Option<Range<usize>> {
    let mut attributes = MaybeUninit::uninit();
    // SAFETY: a question without arguments.
    let thread = unsafe { libc::pthread_self() };
    // SAFETY: this thread runs, and there is room for what is filled in.
    let asked = unsafe { libc::pthread_getattr_np(thread, attributes.as_mut_ptr()) };
    if asked != 0 {
        return None;
    }
    let (mut low, mut len) = (ptr::null_mut(), 0);
    // SAFETY: filled in above.
    let asked =
        unsafe { libc::pthread_attr_getstack(attributes.as_ptr(), &raw mut low, &raw mut len) };
    // SAFETY: as above, and not used after this.
    unsafe { libc::pthread_attr_destroy(attributes.as_mut_ptr()) };
    (asked == 0).then(|| low.addr()..low.addr() + len)
}
