//! A guide in chapters, whose code runs as tests: pages to read, nothing to import.
//!
//! | chapter | for |
//! |---|---|
//! | [`first_steps`] | the first hour: tasks, errors, limits, sockets, channels |
//! | [`from_gevent`] | users of greenlet and gevent |
//! | [`from_asyncio`] | users of Python's asyncio and trio |
//! | [`from_tokio`] | users of tokio and async-std |
//! | [`from_go`] | users of Go |
//! | [`other_crates`] | TLS, WebSockets, database clients, futures |
//! | [`ctrl_c`] | leaving in order on a signal, with the program's state |
//! | [`stack_size`] | how large a task's stack should be |
//! | [`debugging`] | a program that hangs, panics or overflows |
//! | [`testing`] | tests of code that waits, without waiting |
//! | [`debug_builds`] | fast switches in debug builds |
#![forbid(unsafe_code)]

macro_rules! chapters {
    ($($name:ident: $($text:literal)+;)*) => {
        $($(#[doc = include_str!($text)])+ pub mod $name {})*
    };
}

chapters! {
    first_steps: "first_steps.md";
    from_gevent: "../../arch-notes/11-coming-from-gevent.md" "../../arch-notes/12-gevent-tasks.md";
    from_asyncio: "from_asyncio.md";
    from_tokio: "from_tokio.md";
    from_go: "from_go.md";
    other_crates: "other_crates.md";
    ctrl_c: "ctrl_c.md";
    stack_size: "stack_size.md";
    debugging: "debugging.md";
    testing: "testing.md";
    debug_builds: "debug_builds.md";
}
