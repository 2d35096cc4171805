//! Plain greenlets: switching, parents, chains, throws, kills, unwinding, tracers.

mod abandoned;
mod chains;
mod kill_corners;
mod killing;
mod long_chains;
mod misuse;
mod no_switch;
mod parents;
mod reparenting;
mod switching;
mod threads;
mod throwing;
mod thrown_kills;
mod tracing;
mod tracing_misuse;
mod unwinding;
mod weak;
