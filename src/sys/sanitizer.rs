//! What corosensei calls in a build for AddressSanitizer, where the program is built without it after all.
//!
//! These are weak symbols that do nothing: the runtime's own, where it is there, take their place. So all features
//! together still make a program.

use std::arch::global_asm;

// A `ret` on the processors that the sanitizer knows (x86-64 and ARM64). Out-parameters keep what the caller put
// there, which is null and zero.
global_asm!(
    ".weak __sanitizer_start_switch_fiber",
    ".weak __sanitizer_finish_switch_fiber",
    ".weak __asan_unpoison_memory_region",
    "__sanitizer_start_switch_fiber:",
    "__sanitizer_finish_switch_fiber:",
    "__asan_unpoison_memory_region:",
    "ret",
);
