//! What greenlets of one thread wait on together. Nothing here crosses threads, and nothing costs an atomic operation.
#![forbid(unsafe_code)]

mod semaphore;

pub use self::semaphore::{Permit, Semaphore};
