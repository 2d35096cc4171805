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
//! | `socket` | waits for a descriptor with nanoseconds, sends without SIGPIPE, reads the errors of `accept` |

pub(crate) mod altstack;
pub(crate) mod fault;
pub(crate) mod memory;
pub(crate) mod output;
#[cfg(feature = "sanitizer")]
pub(crate) mod sanitizer;
#[cfg(feature = "hub")]
pub(crate) mod socket;
pub(crate) mod valgrind;
