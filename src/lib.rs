//! Greenlets for Rust: coroutines with stacks of their own and an explicit [`switch`](Greenlet::switch), and a
//! hub that makes blocking-looking code concurrent.
//!
//! Two greenlets that hand a number to each other:
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
//!
//! - [`greenlet`]: the switch floor.
//! - [`generator`]: iterators written as loops that yield.
//! - [`local`]: values that each greenlet has for itself.
//! - [`stack`]: the sizes that stacks have, what this thread's stacks hold, and giving their memory back. With the three
//!   above it is all there is without the feature `hub`.
//! - `task`: `spawn`, `joinall`, `sleep`: greenlets that this thread's hub runs.
//! - `group`: `scope`, whose tasks borrow; groups of tasks; pools that run so many at once.
//! - `sync`: what tasks of one thread wait on together: events, locks, semaphores, condition variables, in the shape of
//!   [`std::sync`] and without its atomics; channels, and gevent's queues. `sync::shared`: the same across threads.
//! - `select!`: the first of several channels, events and tasks.
//! - `net`: TCP in the shape of [`std::net`]; waiting lets others run.
//! - `threadpool`: `offload`, for what would block.
//! - `hub`: settings of this thread's hub: how many tasks it may have, how large their stacks are, and a clock that
//!   stands still, for tests of code that waits. It also says what may end a wait early.
//!
//! # What must not be done
//! Nothing here is `Send`: a greenlet never leaves its thread, so `Rc`, `RefCell` and borrows live across waits.
//! Two things break that no library can forbid: a `thread_local!` initialiser that switches, and a thread-local
//! that is set on entry to a scope and reset at its end while others run in between. Do not switch or wait
//! inside [`LocalKey::with`](std::thread::LocalKey::with); use a [`greenlet_local!`] instead.
//!
//! While a panic unwinds a greenlet it cannot switch or wait: destructors must not block.

// Here and not in Cargo.toml's [lints], which would reach examples, tests and benches too.
#![warn(missing_docs)]
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod dropping;
pub mod error;
pub mod generator;
pub mod greenlet;
#[cfg(feature = "hub")]
pub mod group;
#[cfg(feature = "hub")]
pub mod hub;
#[cfg(feature = "hub")]
mod interrupts;
#[cfg(feature = "hub")]
mod interval;
#[cfg(feature = "hub")]
mod io;
#[cfg(feature = "hub")]
mod list;
pub mod local;
#[cfg(feature = "hub")]
pub mod net;
#[cfg(feature = "hub")]
mod owned;
#[cfg(feature = "hub")]
mod select;
#[cfg(feature = "hub")]
mod slots;
pub mod stack;
mod stderr;
mod switch;
#[cfg(feature = "hub")]
pub mod sync;
mod sys;
#[cfg(feature = "hub")]
pub mod task;
#[cfg(feature = "hub")]
pub mod threadpool;
#[cfg(feature = "hub")]
mod timeout;
#[cfg(feature = "hub")]
mod timer;
#[cfg(feature = "hub")]
mod waitable;
#[cfg(feature = "hub")]
mod waiting;

#[cfg(feature = "hub")]
pub use error::{HubClosed, JoinError, TimedOut};
pub use error::{KillError, SpawnError, SwitchError};
pub use greenlet::{AnyGreenlet, Greenlet, GreenletExit, current, parent};
#[cfg(feature = "hub")]
pub use group::{Group, Pool, scope};
#[cfg(feature = "hub")]
pub use interval::{Interval, MissedTickBehavior, interval, interval_at};
#[cfg(feature = "hub")]
pub use select::{Select, SelectedOperation};
#[cfg(feature = "hub")]
pub use task::{
    HubHandle, Task, joinall, sleep, sleep_until, spawn, spawn_later, try_spawn, yield_now,
};

#[cfg(feature = "hub")]
pub use threadpool::{offload, try_offload};
#[cfg(feature = "hub")]
pub use timeout::{Timeout, with_timeout, with_timeout_at};
#[cfg(feature = "hub")]
pub use timer::Timer;
#[cfg(feature = "hub")]
pub use waitable::{
    Completions, Waitable, iwait, wait, wait_any, wait_any_timeout, wait_count, wait_timeout,
};

/// Not for users: what the macro `select!` names.
#[cfg(feature = "hub")]
#[doc(hidden)]
pub mod __select {
    pub use crate::select::{ObserveArm, Selected, choose, choose_for, choose_now, no_default};
    pub use crate::sync::channel::Arm;
}

/// The notes and the README, whose Rust blocks compile and run as doc tests.
#[cfg(all(doctest, feature = "hub"))]
mod notes {
    macro_rules! include_notes {
        ($($name:ident: $path:literal),* $(,)?) => {
            $(#[doc = include_str!($path)] mod $name {})*
        };
    }
    include_notes! {
        readme: "../README.md",
        map: "../arch-notes/01-map.md",
        words: "../arch-notes/02-words.md",
        stacks: "../arch-notes/03-stacks.md",
        switching: "../arch-notes/04-switching.md",
        hub: "../arch-notes/05-hub.md",
        tasks: "../arch-notes/06-tasks.md",
        io: "../arch-notes/07-io.md",
        safety: "../arch-notes/08-safety.md",
        coming_from_gevent: "../arch-notes/09-coming-from-gevent.md",
        gevent_tasks: "../arch-notes/15-gevent-tasks.md",
        decisions: "../arch-notes/10-decisions.md",
        checks: "../arch-notes/11-checks.md",
        sync: "../arch-notes/13-sync.md",
        channels: "../arch-notes/14-channels.md",
        measurements: "../arch-notes/12-measurements.md",
    }
}
