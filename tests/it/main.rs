//! What a user of the library sees, in one binary: a folder for each part of the promise.
//!
//! ```text
//! greenlet        plain greenlets: switching, parents, chains, throws, kills, unwinding, tracers
//! generator       generators: items, inputs, ends, panics
//! local           greenlet-local values
//! random          random programs, played beside plain models
//! hub             the hub: its turns, its clock, its limits, deadlocks, and the end of its thread
//! waits           tables of all calls that wait: refused, interrupted, timed out, killed
//! task            tasks: spawning, joining, kills, timeouts, callbacks, locals
//! group           groups, pools and scopes
//! sync            locks, semaphores, events, queues and watched values of one thread
//! channel         channels of one thread, and select
//! shared          what threads share: channels, events, results, and offloaded work
//! net             TCP streams and listeners on the loopback
//! like_crossbeam  crossbeam-channel's own tests, by name
//! like_gevent     gevent's own tests, by name
//! like_greenlet   greenlet's own tests, by name
//! ```

mod assertions;
#[cfg(feature = "hub")]
mod channel;
mod generator;
mod greenlet;
#[cfg(feature = "hub")]
mod group;
#[cfg(feature = "hub")]
mod hub;
#[cfg(feature = "sanitizer")]
mod leaks;
#[cfg(feature = "hub")]
mod like_crossbeam;
mod like_gevent;
mod like_greenlet;
mod local;
#[cfg(feature = "hub")]
mod net;
mod random;
#[cfg(feature = "hub")]
mod shared;
mod support;
#[cfg(feature = "hub")]
mod sync;
#[cfg(feature = "hub")]
mod task;
#[cfg(feature = "hub")]
mod waits;
