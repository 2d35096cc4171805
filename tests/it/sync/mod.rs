//! Locks, semaphores, events, queues and watched values of one thread.

mod async_result;
mod barrier;
mod broadcast;
mod condvar;
mod event;
mod mutex;
mod notify;
mod once;
mod once_lock;
mod owned_guards;
mod queue;
mod reentrant_lock;
mod rwlock;
mod semaphore;
mod semaphore_close;
mod semaphore_waits;
mod wait_group;
mod watch;
