//! Errors for people: what happened, to which greenlet, at which source line, and what to do.
#![forbid(unsafe_code)]

mod access;
#[cfg(feature = "hub")]
mod barrier;
#[cfg(feature = "hub")]
pub(crate) mod broadcast;
#[cfg(feature = "hub")]
mod channel;
#[cfg(feature = "hub")]
mod join;
#[cfg(feature = "hub")]
mod offload;
#[cfg(feature = "hub")]
mod permits;
#[cfg(feature = "hub")]
mod pool;
#[cfg(feature = "hub")]
mod queue;
mod spawn;
mod switch;
#[cfg(feature = "hub")]
mod timed_out;
#[cfg(feature = "hub")]
pub(crate) mod watch;

pub use self::access::AccessError;
#[cfg(feature = "hub")]
pub use self::barrier::BrokenBarrierError;
#[cfg(feature = "hub")]
pub use self::channel::{
    RecvError, RecvTimeoutError, SelectTimeoutError, SendError, SendTimeoutError, TryRecvError,
    TrySelectError, TrySendError,
};
#[cfg(feature = "hub")]
pub use self::join::{HubClosed, JoinError, ShutdownTimeout};
#[cfg(feature = "hub")]
pub use self::offload::OffloadError;
#[cfg(feature = "hub")]
pub use self::permits::{AcquireError, TooManyPermits};
#[cfg(feature = "hub")]
pub use self::pool::TrySpawnError;
#[cfg(feature = "hub")]
pub use self::queue::{PopError, PushError, QueueClosed};
pub use self::spawn::{SpawnError, StackError};
pub use self::switch::{CannotWait, GeneratorEnded, KillError, ParentError, SwitchError};
#[cfg(feature = "hub")]
pub use self::timed_out::TimedOut;
