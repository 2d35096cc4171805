//! The error of a barrier that was broken.
#![forbid(unsafe_code)]

use std::error::Error;
use std::fmt;

/// The others did not come to a barrier: it was [aborted](crate::sync::Barrier::abort), or [reset](crate::sync::Barrier::reset) during
/// the wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokenBarrierError;

impl fmt::Display for BrokenBarrierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the barrier is broken")
    }
}

impl Error for BrokenBarrierError {}
