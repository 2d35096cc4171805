//! What greenlets of one thread wait on together: nothing of it crosses threads, and nothing costs an atomic operation. What does is in
//! [`shared`].
//!
//! A `std::sync::Mutex` that one task holds across a wait and another one locks blocks the thread for ever, and in silence. So does each
//! lock, condition variable and channel of std that a task waits in: these here let other tasks run instead.
//!
//! Locks stay on their thread, and so do their guards:
//! ```compile_fail,E0277
//! use greenhub::sync::Mutex;
//!
//! let mutex = Mutex::new(1);
//! std::thread::scope(|scope| scope.spawn(|| mutex.lock().map(drop)));
//! ```
//! ```compile_fail,E0277
//! use greenhub::sync::Mutex;
//!
//! let guard = Box::leak(Box::new(Mutex::new(1))).lock();
//! std::thread::spawn(move || drop(guard));
//! ```
#![forbid(unsafe_code)]

mod async_result;
mod barrier;
pub mod broadcast;
pub mod channel;
mod channel_api;
mod condvar;
mod event;
mod lazy_lock;
mod mutex;
mod notify;
mod once;
mod once_lock;
mod owned;
pub mod queue;
mod raw_lock;
mod reentrant_lock;
mod rwlock;
mod semaphore;
pub mod shared;
mod wait_group;
pub mod watch;

pub use self::async_result::AsyncResult;
pub use self::barrier::{Barrier, BarrierWaitResult};
pub use self::condvar::{Condvar, WaitTimeoutResult};
pub use self::event::Event;
pub use self::lazy_lock::LazyLock;
pub use self::mutex::{Mutex, MutexGuard};
pub use self::notify::Notify;
pub use self::once::{Once, OnceState};
pub use self::once_lock::OnceLock;
pub use self::owned::{OwnedMutexGuard, OwnedPermit, OwnedRwLockReadGuard, OwnedRwLockWriteGuard};
pub use self::queue::{LifoQueue, PriorityQueue, Queue};
pub use self::reentrant_lock::{ReentrantLock, ReentrantLockGuard};
pub use self::rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
pub use self::semaphore::{Permit, Semaphore};
pub use self::wait_group::WaitGroup;
