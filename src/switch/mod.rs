//! The kernel of greenlets: their records, their stacks' contexts, and the one way in which control goes from one to another.

mod blocks;
pub(crate) mod chain;
pub(crate) mod counted;
mod engine;
pub(crate) mod exit;
pub(crate) mod generator_stack;
pub(crate) mod handover;
#[cfg(feature = "hub")]
pub(crate) mod interrupt;
pub(crate) mod locals;
pub(crate) mod nest;
pub(crate) mod no_switch;
pub(crate) mod parent;
pub(crate) mod record;
mod state;
pub(crate) mod switch_guard;
mod tag;
pub(crate) mod thread;
pub(crate) mod trace;
pub(crate) mod unwind;

pub(crate) use self::engine::CorePtr;
use self::record::Core;
pub(crate) use self::state::GreenletState;

/// How a greenlet is named in messages.
pub(crate) fn describe(core: &Core) -> String {
    match core.name() {
        Some(name) if core.parent().is_none() => format!("greenlet \"{name}\""),
        Some(name) => format!("greenlet \"{name}\" (made at {})", core.made_at()),
        None => format!("greenlet {} (made at {})", core.id(), core.made_at()),
    }
}

/// How a task is named in messages that tell its spawn place besides.
#[cfg(feature = "hub")]
pub(crate) fn describe_task(core: &Core) -> String {
    match core.name() {
        Some(name) => format!("task \"{name}\""),
        None => format!("task {}", core.id()),
    }
}
