//! Random programs that need the hub, played beside plain models.

mod channels;
mod greenlets;
mod locks;
mod scopes;
mod tasks;
mod thread_ends;
