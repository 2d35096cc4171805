//! What greenlets of several hubs, and threads without a hub, wait on together: channels, events and results whose handles
//! are `Send`.
//!
//! | shared threads | on one thread |
//! |---|---|
//! | [`bounded`], [`unbounded`], [`rendezvous`] | `sync::channel` |
//! | [`Event`] | `sync::Event` |
//! | [`AsyncResult`] | `sync::AsyncResult` |
//!
//! They cost a lock each time, and a letter to another hub where somebody waits there; on one thread the others cost neither.
//!
//! # Who waits how
//! A greenlet waits in its thread's hub, so others run meanwhile; its wait can be killed and timed out as any other, and
//! leaves nothing behind then. A thread that has no hub, since it has never spawned anything or waited for anything of
//! greenhub's, is blocked: no hub is made for it. A time limit is one of the hub's clock, or of the system's.
//!
//! Nothing may wait, and a call that would have to panics:
//! - inside of [`no_switch`](crate::switch::no_switch), in a tracer, and on the hub;
//! - where the wait is [ended early](crate::hub#what-may-end-a-wait-early);
//! - in a hub for which the system has no descriptor left that other threads could wake it with.
//!
//! # Deadlocks
//! While a greenlet waits for something here, its hub counts as waiting for other threads, and reports no deadlock. It cannot know
//! which thread will send. When nobody can, since all senders are gone, the wait ends with an error.
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
mod iter;
mod monitor;
mod parker;
mod queue;

pub use self::async_result::AsyncResult;
pub(crate) use self::blocker::{BlockedWaker, Limit};
pub use self::channel::{Receiver, Sender, bounded, rendezvous, unbounded};
pub use self::event::Event;
pub(crate) use self::event::wait as wait_for_flag;
pub(crate) use self::flag::Flag;
pub use self::iter::{IntoIter, Iter, TryIter};
pub(crate) use self::monitor::Monitor;
pub use crate::error::{
    RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError,
};
