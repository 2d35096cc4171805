//! The operating system: the only folder that names libc.
//!
//! | module | contents |
//! |---|---|
//! | `memory` | big lazy mappings, guards inside them, pages given back, pages counted |
//! | `fault` | one SIGSEGV and SIGBUS handler with a callback; faults that are not ours go to the previous action |
//! | `output` | lines on standard error, by one system call |
//! | `altstack` | a stack for signal handlers on threads that have none |
//! | `sanitizer` | registers stacks with LeakSanitizer; does nothing without AddressSanitizer |
//! | `valgrind` | tells memcheck of stacks that are used again |
//! | `linux`, `apple`, `freebsd` | the same functions for each family of systems; one of them is built, as `system` |
//! | `descriptor` | puts an open file into non-blocking mode |
//! | `socket` | waits for a descriptor with nanoseconds, sends without SIGPIPE, reads the errors of `accept` |

pub(crate) mod altstack;
#[cfg(target_vendor = "apple")]
mod apple;
#[cfg(feature = "hub")]
pub(crate) mod descriptor;
pub(crate) mod fault;
#[cfg(target_os = "freebsd")]
mod freebsd;
#[cfg(target_os = "linux")]
mod linux;
pub(crate) mod memory;
pub(crate) mod output;
#[cfg(all(feature = "sanitizer", target_os = "linux"))]
pub(crate) mod sanitizer;
#[cfg(feature = "hub")]
pub(crate) mod socket;
pub(crate) mod valgrind;

#[cfg(target_vendor = "apple")]
use apple as system;
#[cfg(target_os = "freebsd")]
use freebsd as system;
#[cfg(target_os = "linux")]
use linux as system;
