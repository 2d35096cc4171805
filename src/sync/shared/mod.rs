//! Channels, events and results for several threads, with or without hubs: their handles are `Send`.
//!
//! | shared threads | on one thread |
//! |---|---|
//! | [`bounded`], [`unbounded`], [`rendezvous`] | `sync::channel` |
//! | [`Event`] | `sync::Event` |
//! | [`AsyncResult`] | `sync::AsyncResult` |
//!
//! Each operation takes a lock, and a message to another hub if a greenlet waits there; the ones of one thread take neither.
//!
//! # Greenlets and threads
//! A greenlet waits in its thread's hub, so others run meanwhile; its wait can be killed and timed out as any other, and
//! leaves nothing behind then. A thread without a hub, which has never spawned a task or waited for anything of greenhub's, is
//! blocked: no hub is made for it. A time limit counts on the hub's clock, or on the system's.
//!
//! [Where a call may not wait](crate::hub#where-a-call-may-not-wait) holds for greenlets here, too. A call also panics if the
//! system has no descriptor left by which other threads could wake its hub.
//!
//! # Deadlocks
//! While a greenlet waits for something here, its hub counts as waiting for other threads, and reports no deadlock. It cannot know
//! which thread will send. When all senders are gone, the wait ends with an error.
//!
//! # When a thread ends
//! What its tasks wait for here then is given up: what one of them was woken for goes to the next. But the tasks are leaked,
//! with the ends of channels that they hold, so the other side is not told.
#![forbid(unsafe_code)]

mod async_result;
mod blocker;
mod channel;
mod channel_state;
mod event;
mod flag;
mod monitor;
mod parker;
mod queue;

pub use self::async_result::AsyncResult;
pub(crate) use self::blocker::{BlockedWaker, Limit};
pub use self::channel::{
    IntoIter, Iter, Receiver, Sender, TryIter, bounded, rendezvous, unbounded,
};
pub use self::event::Event;
pub(crate) use self::event::wait as wait_for_flag;
pub(crate) use self::flag::Flag;
pub(crate) use self::monitor::Monitor;
pub use crate::error::{
    RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError,
};
