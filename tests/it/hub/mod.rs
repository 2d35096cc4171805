//! The hub: its turns, its clock, its limits, deadlocks, and the end of its thread.

mod blocked;
mod clock;
mod deadlock;
mod deadlock_report;
mod dropping;
mod faults;
mod interval;
mod limits;
mod running;
mod stderr_lost;
mod thread_ends;
mod time;
mod timeout;
mod timer;
mod tracing;
