//! Tasks: spawning, joining, kills, timeouts, callbacks, locals.

mod backtraces;
mod callbacks;
mod deferred;
mod generator_shields;
mod generator_waits;
mod idle_timeout;
mod joining;
mod kill;
mod kill_order;
mod killed_greenlets;
mod killed_waiters;
mod late_callbacks;
mod leaked;
mod leaving;
mod limits;
mod locals;
mod many;
mod no_switch;
mod remote;
mod shield;
mod states;
mod throwing;
mod timeout;
mod unobserved;
mod unpark;
