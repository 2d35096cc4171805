//! The ways in from other threads: an inbox, a parked hub's state, and waits that another thread ends.
#![forbid(unsafe_code)]

pub(super) mod inbox;
pub(super) mod park_state;
pub(super) mod remote_waits;
pub(super) mod wait;
