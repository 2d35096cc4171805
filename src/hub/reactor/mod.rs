//! What happens from outside in a hub: time that passes, and descriptors that become ready.
#![forbid(unsafe_code)]

pub(super) mod advance;
pub(super) mod clock;
pub(super) mod expiry;
pub(super) mod poller;
pub(super) mod timers;
