//! Greenlets for Rust: functions with a stack of their own that stop in the middle and continue later, and a hub that
//! runs many of them on one thread while they wait.
//!
//! # Where to start
//! Tasks that wait at the same time, on one thread:
#![cfg_attr(feature = "hub", doc = "```")]
#![cfg_attr(not(feature = "hub"), doc = "```ignore")]
//! use greenhub::{joinall, sleep, spawn};
//! use std::time::Duration;
//!
//! let tasks: Vec<_> = (0..3)
//!     .map(|n| spawn(move || {
//!         sleep(Duration::from_millis(10)); // the others run meanwhile
//!         n * n
//!     }))
//!     .collect();
//! joinall(&tasks);
//! let squares: Vec<i32> = tasks.into_iter().map(|task| task.join().unwrap()).collect();
//! assert_eq!(squares, [0, 1, 4]);
//! ```
//! [`Greenlet`] is the coroutine below all that, for programs that switch by hand:
//! ```
//! use greenhub::{Greenlet, parent};
//!
//! let doubler: Greenlet<u32, u32> = Greenlet::new(|mut n| {
//!     let main = parent::<u32, u32>();
//!     loop {
//!         n = main.switch(n * 2);
//!     }
//! });
//! assert_eq!(doubler.switch(1), 2);
//! assert_eq!(doubler.switch(21), 42);
//! ```
//!
//! The [`guide`] has the first steps, tables for users of gevent, asyncio, tokio and Go, and chapters on debugging, testing and
//! stack sizes.
//!
//! # What to use
//! | I want | use |
//! |---|---|
//! | to do things at the same time | [`spawn`] and [`Task::join`]; many: [`joinall`], [`iwait`], [`Group`] |
//! | tasks that borrow, and end with a block | [`scope`](scope()); the first error ends the rest: [`try_scope`] |
//! | no more than so many at a time | [`Pool`], [`Scope::pool`](group::Scope::pool), [`sync::Semaphore`] |
//! | TCP, UDP, Unix sockets | [`net`] |
//! | TLS, WebSockets, HTTP | a crate over `Read` and `Write`, unchanged, over [`net::TcpStream`]: [`guide::other_crates`] |
//! | a time-out | [`with_timeout`] around any code that waits; without activity: [`idle_timeout`](idle_timeout()) |
//! | to end a task from outside | [`AnyTask::kill`](task::AnyTask::kill); all of them: [`hub::shutdown`] |
//! | something at the end of a block | a destructor, or [`defer`](defer()) |
//! | to hand values from task to task | [`sync::channel`]; the first of several: [`select!`] |
//! | a lock | often none: nothing changes between two waits. Across a wait [`sync::Mutex`], never `std::sync::Mutex` |
//! | a value for each task | [`greenlet_local!`] |
//! | to call code that blocks, or computes for long | [`offload`] |
//! | to reach a hub from other threads | channels and events of [`sync::shared`], [`HubHandle`] |
//! | all cores | a hub on each thread, [`sync::shared`] between them, and [several hubs on one port](net::TcpListener#several-hubs-on-one-port) |
//! | signals, Ctrl-C | a crate for signals, and a shared event: [`guide::ctrl_c`] |
//! | pipes, inotify, serial lines, the sockets of other crates | [`io::pipe`], [`io::Pollable`] |
//! | names, files, processes | not yet: [`offload`] |
//! | futures | not yet: an executor of theirs on another thread, by [`offload`] |
//! | tests without waiting | [`hub::pause_clock`]: [`guide::testing`] |
//! | to know why it hangs | the `Debug` of [`task::all`]: [`guide::debugging`] |
//! | iterators written as loops | [`generator`] |
//! | explicit switches, as in Python's greenlet | [`Greenlet`] |
//!
//! # Modules
//! - [`task`]: closures that run concurrently on this thread: spawning, joining, sleeping, killing.
//! - [`group`]: many tasks at once: `scope`, with tasks that borrow local variables; groups; pools of limited size.
//! - [`sync`]: channels, queues, locks, events and semaphores for tasks of one thread; in [`sync::shared`] for several threads.
//! - [`net`]: TCP, UDP and Unix sockets; a call that waits lets other tasks run.
//! - [`io`]: pipes, and any other descriptor that the system can poll, made to wait.
//! - [`threadpool`]: blocking work on threads of its own: `offload`.
//! - [`hub`]: settings of this thread's scheduler: its number of tasks, their stack size, and a clock that tests can stop. Its
//!   page says what ends a wait early, and where a call may not wait.
//! - [`greenlet`]: coroutines with explicit switches, parents, and panics thrown from one into another.
//! - [`generator`]: iterators written as functions that yield.
//! - [`local`]: statics with one value for each greenlet, as thread-locals have one for each thread.
//! - [`stack`]: the sizes of stacks, their memory in use, and giving idle memory back.
//! - [`error`]: all error types.
//!
//! Without the feature `hub` there are `greenlet`, `generator`, `local`, `stack`, `error` and `defer` alone.
//!
//! # What must not be done
//! **No `std::sync::Mutex` across a wait.** A task that holds one while it waits, and a second task of the thread that locks it, hang
//! for ever, and in silence: the second blocks the thread, so the first never runs again. The same holds for each lock, channel and
//! `thread::sleep` of std. [`sync`] has all of them for tasks. A std mutex that is given back before the next wait does no harm.
//!
//! **No wait in a destructor** while a panic, a kill or a timeout unwinds a greenlet: it ends the process with a message.
//!
//! **No switch inside a thread-local.** Greenlets and tasks are not `Send`: each stays on its thread, so `Rc`, `RefCell` and borrows
//! live across waits. Two things break that no library can forbid: a `thread_local!` initialiser that switches, and a thread-local
//! that is set on entry to a scope and reset at its end while other greenlets run in between. Do not switch or wait inside
//! [`LocalKey::with`](std::thread::LocalKey::with); use a [`greenlet_local!`] instead.

// Here and not in Cargo.toml's [lints], which would reach examples, tests and benches too.
#![warn(missing_docs)]
#![cfg_attr(
    not(feature = "hub"),
    allow(
        rustdoc::broken_intra_doc_links,
        reason = "this page links to what the hub has"
    )
)]
#![warn(clippy::print_stdout, clippy::print_stderr)]

// Every module is left out on 32 bits and on Windows, so that this is the only error there.
#[cfg(not(all(
    target_pointer_width = "64",
    any(target_os = "linux", target_os = "macos", target_os = "freebsd")
)))]
compile_error!(
    "greenhub runs on 64-bit Linux, macOS and FreeBSD; 32-bit targets, Windows and other systems are not supported"
);

#[cfg(all(unix, target_pointer_width = "64"))]
mod defer;
#[cfg(all(unix, target_pointer_width = "64"))]
mod dropping;
#[cfg(all(unix, target_pointer_width = "64"))]
pub mod error;
#[cfg(all(unix, target_pointer_width = "64"))]
pub mod generator;
#[cfg(all(unix, target_pointer_width = "64"))]
pub mod greenlet;
#[cfg(all(unix, target_pointer_width = "64", feature = "hub"))]
pub mod group;
#[cfg(all(unix, target_pointer_width = "64", feature = "hub"))]
pub mod guide;
#[cfg(all(unix, target_pointer_width = "64", feature = "hub"))]
pub mod hub;
#[cfg(all(unix, target_pointer_width = "64", feature = "hub"))]
mod idle_timeout;
#[cfg(all(unix, target_pointer_width = "64", feature = "hub"))]
mod interrupts;
#[cfg(all(unix, target_pointer_width = "64", feature = "hub"))]
mod interval;
#[cfg(all(unix, target_pointer_width = "64", feature = "hub"))]
pub mod io;
#[cfg(all(unix, target_pointer_width = "64", feature = "hub"))]
mod list;
#[cfg(all(unix, target_pointer_width = "64"))]
pub mod local;
#[cfg(all(unix, target_pointer_width = "64", feature = "hub"))]
pub mod net;
#[cfg(all(unix, target_pointer_width = "64", feature = "hub"))]
mod owned;
#[cfg(all(unix, target_pointer_width = "64", feature = "hub"))]
mod select;
#[cfg(all(unix, target_pointer_width = "64", feature = "hub"))]
mod slots;
#[cfg(all(unix, target_pointer_width = "64"))]
pub mod stack;
#[cfg(all(unix, target_pointer_width = "64"))]
mod stderr;
#[cfg(all(unix, target_pointer_width = "64"))]
mod switch;
#[cfg(all(unix, target_pointer_width = "64", feature = "hub"))]
pub mod sync;
#[cfg(all(unix, target_pointer_width = "64"))]
mod sys;
#[cfg(all(unix, target_pointer_width = "64", feature = "hub"))]
pub mod task;
#[cfg(all(unix, target_pointer_width = "64", feature = "hub"))]
pub mod threadpool;
#[cfg(all(unix, target_pointer_width = "64", feature = "hub"))]
mod timeout;
#[cfg(all(unix, target_pointer_width = "64", feature = "hub"))]
mod timer;
#[cfg(all(unix, target_pointer_width = "64", feature = "hub"))]
mod waitable;
#[cfg(all(unix, target_pointer_width = "64", feature = "hub"))]
mod waiting;

#[doc(inline)]
#[cfg(all(unix, target_pointer_width = "64"))]
pub use defer::{Deferred, defer};
#[cfg(all(unix, target_pointer_width = "64", feature = "hub"))]
#[doc(inline)]
pub use error::{HubClosed, JoinError, TimedOut};
#[doc(inline)]
#[cfg(all(unix, target_pointer_width = "64"))]
pub use error::{KillError, SpawnError, SwitchError};
#[doc(inline)]
#[cfg(all(unix, target_pointer_width = "64"))]
pub use greenlet::{AnyGreenlet, Greenlet, GreenletExit, current, parent};
#[cfg(all(unix, target_pointer_width = "64", feature = "hub"))]
#[doc(inline)]
pub use group::{Group, Pool, scope, try_scope};
#[cfg(all(unix, target_pointer_width = "64", feature = "hub"))]
#[doc(inline)]
pub use idle_timeout::{IdleTimer, idle_timeout};
#[cfg(all(unix, target_pointer_width = "64", feature = "hub"))]
#[doc(inline)]
pub use interval::{Interval, MissedTickBehavior, interval, interval_at};
#[cfg(all(unix, target_pointer_width = "64", feature = "hub"))]
#[doc(inline)]
pub use select::{Select, SelectedOperation};
#[cfg(all(unix, target_pointer_width = "64", feature = "hub"))]
#[doc(inline)]
pub use task::{
    HubHandle, Task, joinall, sleep, sleep_until, spawn, spawn_later, try_spawn, yield_now,
};

#[cfg(all(unix, target_pointer_width = "64", feature = "hub"))]
#[doc(inline)]
pub use threadpool::{offload, try_offload};
#[cfg(all(unix, target_pointer_width = "64", feature = "hub"))]
#[doc(inline)]
pub use timeout::{Timeout, with_timeout, with_timeout_at};
#[cfg(all(unix, target_pointer_width = "64", feature = "hub"))]
#[doc(inline)]
pub use timer::Timer;
#[cfg(all(unix, target_pointer_width = "64", feature = "hub"))]
#[doc(inline)]
pub use waitable::{Completions, Waitable, iwait, wait_any, wait_any_timeout};

/// Not for users: what the macro `select!` names.
#[cfg(all(unix, target_pointer_width = "64", feature = "hub"))]
#[doc(hidden)]
pub mod __select {
    pub use crate::select::{ObserveArm, Selected, choose, choose_for, choose_now, no_default};
    pub use crate::sync::channel::Arm;
}

/// The notes and the README: their Rust blocks compile and run as doc tests.
#[cfg(all(doctest, feature = "hub"))]
mod notes {
    macro_rules! include_notes {
        ($($name:ident: $path:literal),* $(,)?) => {
            $(#[doc = include_str!($path)] mod $name {})*
        };
    }
    include_notes! {
        readme: "../README.md",
        overview: "../arch-notes/00-overview.md",
        map: "../arch-notes/01-map.md",
        words: "../arch-notes/02-words.md",
        stacks: "../arch-notes/03-stacks.md",
        switching: "../arch-notes/04-switching.md",
        hub: "../arch-notes/05-hub.md",
        tasks: "../arch-notes/06-tasks.md",
        sync: "../arch-notes/07-sync.md",
        channels: "../arch-notes/08-channels.md",
        io: "../arch-notes/09-io.md",
        safety: "../arch-notes/10-safety.md",
        decisions: "../arch-notes/13-decisions.md",
        checks: "../arch-notes/14-checks.md",
        measurements: "../arch-notes/15-measurements.md",
        measurements_of_programs: "../arch-notes/16-measurements-programs.md",
    }
}
