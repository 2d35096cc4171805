//! The library's own lines on standard error, for events that no error can report.
//!
//! A line that cannot be written is lost, and nothing else happens: these lines are written where a panic would leave
//! the root of a coroutine, or unwind a destructor.
#![forbid(unsafe_code)]

use std::fmt::{self, Write};

use crate::sys::output;

/// Writes one whole line, in one call to the system.
pub(crate) fn say(what: fmt::Arguments<'_>) {
    let mut line = String::from("greenhub: ");
    // A `Display` that gives up leaves the part that it has written.
    let _ = line.write_fmt(what);
    line.push('\n');
    output::write_to_stderr(line.as_bytes());
}

/// Writes one whole line and ends the process.
pub(crate) fn abort(what: fmt::Arguments<'_>) -> ! {
    say(format_args!("{what}: aborting"));
    std::process::abort()
}
