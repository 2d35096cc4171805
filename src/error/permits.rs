//! Errors of semaphores: closed, or with more permits than they may have.
#![forbid(unsafe_code)]

use std::error::Error;
use std::fmt;

/// More permits were given back than were taken: see [`Semaphore::try_add_permits`](crate::sync::Semaphore::try_add_permits).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyPermits {
    added: usize,
    there: usize,
    most: usize,
}

/// The semaphore is closed: see [`Semaphore::close`](crate::sync::Semaphore::close).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcquireError;

impl TooManyPermits {
    pub(crate) fn new(added: usize, there: usize, most: usize) -> TooManyPermits {
        TooManyPermits { added, there, most }
    }
}

impl fmt::Display for TooManyPermits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TooManyPermits { added, there, most } = self;
        write!(
            f,
            "{added} more than the {there} permits that a semaphore has, with those that are taken, \
             would be more than {most}, which it may have"
        )
    }
}

impl Error for TooManyPermits {}

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the semaphore is closed")
    }
}

impl Error for AcquireError {}
