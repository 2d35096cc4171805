//! What greenlets of one thread wait on together. Nothing here crosses threads, and nothing costs an atomic operation.
#![forbid(unsafe_code)]

mod event;
mod semaphore;

pub use self::event::Event;
pub use self::semaphore::{Permit, Semaphore};
