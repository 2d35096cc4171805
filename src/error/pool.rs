//! The error of a pool that takes no job now: the body comes back.
#![forbid(unsafe_code)]

use std::error::Error;
use std::fmt;

use super::SpawnError;

/// Why [`Pool::try_spawn`](crate::Pool::try_spawn) has spawned nothing.
#[non_exhaustive]
pub enum TrySpawnError<F> {
    /// The pool runs as many jobs as it may, or others wait for room already. The body comes back.
    Full(F),
    /// No task could be made. The body was dropped.
    NoTask(SpawnError),
}

impl<F> TrySpawnError<F> {
    /// The pool was full.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, TrySpawnError::Full(_))
    }

    /// The body that was not spawned, where the pool was full.
    #[must_use]
    pub fn into_body(self) -> Option<F> {
        match self {
            TrySpawnError::Full(body) => Some(body),
            TrySpawnError::NoTask(_) => None,
        }
    }
}

impl<F> fmt::Display for TrySpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrySpawnError::Full(_) => f.write_str("the pool is full"),
            TrySpawnError::NoTask(error) => error.fmt(f),
        }
    }
}

impl<F> fmt::Debug for TrySpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrySpawnError::Full(_) => f.write_str("Full"),
            TrySpawnError::NoTask(error) => f.debug_tuple("NoTask").field(error).finish(),
        }
    }
}

impl<F> Error for TrySpawnError<F> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            TrySpawnError::Full(_) => None,
            TrySpawnError::NoTask(error) => error.source(),
        }
    }
}
