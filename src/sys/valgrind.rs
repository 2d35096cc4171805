//! What valgrind must be told of a stack that is used again; nothing, where no valgrind is.
//!
//! Memcheck follows the stack pointer: memory below it is unused, also when the greenlet on that stack has ended.
//! The next greenlet may begin lower, with larger captures, and each of its first accesses would be an error.
//! ```text
//!   | unused, says memcheck | frames and captures of the greenlet that has ended |
//!                        ^ captures of the next one begin here
//! ```
//! Memcheck learns from corosensei's `ValgrindStackRegistration` that a range is a stack at all.

use std::ops::Range;

/// Does this program run under valgrind?
pub(crate) fn is_running() -> bool {
    const RUNNING_ON_VALGRIND: usize = 0x1001;
    request([RUNNING_ON_VALGRIND, 0, 0]) != 0
}

/// What is in `stack` may be written to, and means nothing before that.
pub(crate) fn make_undefined(stack: Range<usize>) {
    /// Memcheck's own requests begin with its letters.
    const MAKE_MEM_UNDEFINED: usize = (b'M' as usize) << 24 | (b'C' as usize) << 16 | 1;
    request([MAKE_MEM_UNDEFINED, stack.start, stack.len()]);
}

/// Four rotations that come to nothing and an exchange of a register with itself: valgrind knows them, and answers.
/// A processor leaves 0.
#[cfg(target_arch = "x86_64")]
fn request([what, first, second]: [usize; 3]) -> usize {
    let words = [what, first, second, 0, 0, 0];
    let mut answer = 0_usize;
    // SAFETY: no register but `answer` has another value afterwards, and valgrind reads six words at `words`.
    unsafe {
        std::arch::asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") words.as_ptr(),
            inout("rdx") answer,
            options(nostack),
        );
    }
    answer
}

/// Other processors have other instructions for it, which were not tried here.
#[cfg(not(target_arch = "x86_64"))]
fn request(_: [usize; 3]) -> usize {
    0
}
