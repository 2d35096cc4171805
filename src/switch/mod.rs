//! The kernel of greenlets: their records, their contexts, and the ways in which control goes from one to another.

mod blocks;
mod chain;
pub(crate) mod counted;
pub(crate) mod current_locals;
mod engine;
pub(crate) mod exit;
pub(crate) mod generator_stack;
pub(crate) mod handover;
#[cfg(feature = "hub")]
pub(crate) mod interrupt;
pub(crate) mod kill;
pub(crate) mod locals;
pub(crate) mod nest;
pub(crate) mod no_switch;
pub(crate) mod parent;
pub(crate) mod raise;
pub(crate) mod record;
mod refcount;
mod release;
pub(crate) mod start;
mod state;
pub(crate) mod switch_guard;
pub(crate) mod thread;
pub(crate) mod trace;

pub(crate) use self::chain::MOST_CAUGHT;
#[cfg(feature = "hub")]
pub(crate) use self::record::describe_task;
pub(crate) use self::record::{CorePtr, describe};
pub(crate) use self::state::GreenletState;
