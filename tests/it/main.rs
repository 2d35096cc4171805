//! What a user of the library sees, in one binary: one module for each part of the promise.

mod support;

mod abandoned;
mod assertions;
mod chains;
mod chaos;
mod generator;
mod generator_ends;
mod generator_greenlets;
mod generator_misuse;
mod generator_panics;
#[cfg(feature = "hub")]
mod generator_waits;
mod greenlet;
#[cfg(feature = "hub")]
mod hub;
#[cfg(feature = "hub")]
mod hub_chaos;
#[cfg(feature = "hub")]
mod hub_deadlock;
#[cfg(feature = "hub")]
mod hub_limits;
#[cfg(feature = "hub")]
mod hub_time;
#[cfg(feature = "hub")]
mod hub_waits;
mod like_greenlet;
mod misuse;
#[cfg(feature = "hub")]
mod net_errors;
#[cfg(feature = "hub")]
mod net_interrupted;
#[cfg(feature = "hub")]
mod net_listener;
#[cfg(feature = "hub")]
mod net_load;
#[cfg(feature = "hub")]
mod net_sharing;
#[cfg(feature = "hub")]
mod net_stream;
mod parents;
#[cfg(feature = "hub")]
mod regressions;
#[cfg(feature = "hub")]
mod task;
#[cfg(feature = "hub")]
mod task_limits;
#[cfg(feature = "hub")]
mod task_remote;
mod threads;
mod unwinding;
