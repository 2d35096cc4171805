//! What a user of the library sees, in one binary: one module for each part of the promise.

mod abandoned;
#[cfg(feature = "hub")]
mod across;
#[cfg(feature = "hub")]
mod across_events;
#[cfg(feature = "hub")]
mod across_stress;
#[cfg(feature = "hub")]
mod across_waits;
mod adopting;
mod assertions;
#[cfg(feature = "hub")]
mod async_result;
#[cfg(feature = "hub")]
mod barrier;
#[cfg(feature = "hub")]
mod broadcast;
mod chains;
#[cfg(feature = "hub")]
mod channel;
#[cfg(feature = "hub")]
mod channel_ends;
#[cfg(feature = "hub")]
mod channel_extras;
#[cfg(feature = "hub")]
mod channel_storms;
#[cfg(feature = "hub")]
mod channel_waits;
mod chaos;
#[cfg(feature = "hub")]
mod completion;
#[cfg(feature = "hub")]
mod condvar;
#[cfg(feature = "hub")]
mod deadlock_report;
#[cfg(feature = "hub")]
mod dropping;
#[cfg(feature = "hub")]
mod ended_everywhere;
#[cfg(feature = "hub")]
mod event;
#[cfg(feature = "hub")]
mod faults;
mod generator;
mod generator_ends;
mod generator_greenlets;
mod generator_misuse;
mod generator_panics;
#[cfg(feature = "hub")]
mod generator_shields;
#[cfg(feature = "hub")]
mod generator_waits;
#[cfg(feature = "hub")]
mod given_up;
mod greenlet;
#[cfg(feature = "hub")]
mod group;
#[cfg(feature = "hub")]
mod hub;
#[cfg(feature = "hub")]
mod hub_blocked;
#[cfg(feature = "hub")]
mod hub_chaos;
#[cfg(feature = "hub")]
mod hub_clock;
#[cfg(feature = "hub")]
mod hub_deadlock;
#[cfg(feature = "hub")]
mod hub_limits;
#[cfg(feature = "hub")]
mod hub_time;
#[cfg(feature = "hub")]
mod hub_waits;
#[cfg(feature = "hub")]
mod imap_ends;
#[cfg(feature = "hub")]
mod interval;
#[cfg(feature = "hub")]
mod kill_order;
mod killing;
mod killing_corners;
#[cfg(feature = "hub")]
mod killing_tasks;
#[cfg(feature = "hub")]
mod killing_waiters;
#[cfg(feature = "hub")]
mod late_callbacks;
#[cfg(feature = "sanitizer")]
mod leaks;
#[cfg(feature = "hub")]
mod like_crossbeam;
mod like_gevent;
mod like_greenlet;
mod local;
mod local_ends;
mod local_model;
#[cfg(feature = "hub")]
mod local_tasks;
mod local_threads;
mod long_chains;
#[cfg(feature = "hub")]
mod matching;
mod misuse;
#[cfg(feature = "hub")]
mod more_waits;
#[cfg(feature = "hub")]
mod mutex;
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
mod no_switch;
#[cfg(feature = "hub")]
mod no_switch_tasks;
#[cfg(feature = "hub")]
mod notify;
#[cfg(feature = "hub")]
mod offload;
#[cfg(feature = "hub")]
mod once;
#[cfg(feature = "hub")]
mod once_lock;
#[cfg(feature = "hub")]
mod owned_guards;
mod parents;
#[cfg(feature = "hub")]
mod parking;
#[cfg(feature = "hub")]
mod pool;
#[cfg(feature = "hub")]
mod pool_nested;
#[cfg(feature = "hub")]
mod queue;
#[cfg(feature = "hub")]
mod reentrant_lock;
#[cfg(feature = "hub")]
mod refusals;
#[cfg(feature = "hub")]
mod regressions;
#[cfg(feature = "hub")]
mod rendezvous;
#[cfg(feature = "hub")]
mod rwlock;
#[cfg(feature = "hub")]
mod scope;
#[cfg(feature = "hub")]
mod scope_captures;
#[cfg(feature = "hub")]
mod scope_ends;
#[cfg(feature = "hub")]
mod scope_random;
#[cfg(feature = "hub")]
mod select;
#[cfg(feature = "hub")]
mod select_operations;
#[cfg(feature = "hub")]
mod semaphore;
#[cfg(feature = "hub")]
mod semaphore_claims;
#[cfg(feature = "hub")]
mod semaphore_close;
#[cfg(feature = "hub")]
mod stderr_lost;
mod support;
#[cfg(feature = "hub")]
mod sync_model;
#[cfg(feature = "hub")]
mod sync_waits;
#[cfg(feature = "hub")]
mod task;
#[cfg(feature = "hub")]
mod task_callbacks;
#[cfg(feature = "hub")]
mod task_kill;
#[cfg(feature = "hub")]
mod task_leaving;
#[cfg(feature = "hub")]
mod task_limits;
#[cfg(feature = "hub")]
mod task_many;
#[cfg(feature = "hub")]
mod task_random;
#[cfg(feature = "hub")]
mod task_remote;
#[cfg(feature = "hub")]
mod task_shield;
#[cfg(feature = "hub")]
mod task_states;
#[cfg(feature = "hub")]
mod task_timeout;
#[cfg(feature = "hub")]
mod task_unobserved;
#[cfg(feature = "hub")]
mod thread_ends;
#[cfg(feature = "hub")]
mod thread_ends_random;
mod threads;
mod throwing;
#[cfg(feature = "hub")]
mod throwing_tasks;
mod thrown_kills;
#[cfg(feature = "hub")]
mod timeout_guard;
#[cfg(feature = "hub")]
mod timer;
mod tracing;
#[cfg(feature = "hub")]
mod tracing_hub;
mod tracing_misuse;
mod unwinding;
#[cfg(feature = "hub")]
mod wait_group;
#[cfg(feature = "hub")]
mod waits_at_once;
#[cfg(feature = "hub")]
mod waits_that_end;
#[cfg(feature = "hub")]
mod watch;
mod weak;
