//! How a greenlet waits: one wait, its waker, lists and queues of wakers, and several of them at once.

pub(super) mod alarm;
pub(super) mod list;
pub(super) mod multi;
pub(super) mod park;
pub(super) mod queue;
pub(super) mod request;
pub(super) mod waker;
