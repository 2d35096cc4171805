//! The operating system: the only folder that names libc.
//!
//! | room | what it offers |
//! |---|---|
//! | `memory` | big lazy mappings, guards inside them, pages given back, pages counted |
//! | `fault` | one SIGSEGV and SIGBUS handler that asks a judge and hands on what is not ours |
//! | `output` | lines on standard error, by one system call |
//! | `altstack` | a stack for signal handlers on threads that have none |
//! | `sanitizer` | telling LeakSanitizer of stacks; nothing, where AddressSanitizer is not there |
//! | `valgrind` | telling memcheck of stacks that are used again |
//! | `socket` | waiting for a descriptor by nanoseconds, sending without SIGPIPE |

pub(crate) mod altstack;
pub(crate) mod fault;
pub(crate) mod memory;
pub(crate) mod output;
#[cfg(feature = "sanitizer")]
pub(crate) mod sanitizer;
#[cfg(feature = "hub")]
pub(crate) mod socket;
pub(crate) mod valgrind;
