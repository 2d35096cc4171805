//! The library's own lines on standard error: for what cannot be told anybody by an error.
#![forbid(unsafe_code)]
#![allow(clippy::print_stderr, reason = "the one place for it")]

use std::fmt;

/// Writes one whole line.
pub(crate) fn say(what: fmt::Arguments<'_>) {
    eprintln!("greenhub: {what}");
}

/// Writes one whole line and ends the process.
pub(crate) fn abort(what: fmt::Arguments<'_>) -> ! {
    say(format_args!("{what}: aborting"));
    std::process::abort()
}
