//! Errors for people: what happened, to which greenlet, at which source line, and what to do.
#![forbid(unsafe_code)]

#[cfg(feature = "hub")]
pub(crate) mod broadcast;
#[cfg(feature = "hub")]
mod channel;
mod spawn;
mod switch;
#[cfg(feature = "hub")]
mod task;

#[cfg(feature = "hub")]
pub use self::channel::{
    PopError, PushError, QueueClosed, RecvError, RecvTimeoutError, SelectTimeoutError, SendError,
    SendTimeoutError, TryRecvError, TrySelectError, TrySendError,
};
pub use self::spawn::{SpawnError, StackError};
pub use self::switch::{
    AccessError, CannotWait, GeneratorEnded, KillError, ParentError, SwitchError,
};
#[cfg(feature = "hub")]
pub use self::task::{
    AcquireError, BrokenBarrierError, HubClosed, JoinError, OffloadError, ShutdownTimeout,
    TimedOut, TooManyPermits, TrySpawnError,
};
