//! The stacks that greenlets run on: where they come from and where they go when a greenlet has ended.

mod pool;

pub(crate) use pool::{PooledStack, give_back, take};

/// Bytes of stack a greenlet gets when nobody asks for another size.
pub const DEFAULT_STACK_SIZE: usize = 192 * 1024;

/// The smallest usable stack, in bytes: less than this and reporting a panic would not fit.
pub const MIN_STACK_SIZE: usize = 32 * 1024;
