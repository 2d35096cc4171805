//! The error of greenlet-locals.
#![forbid(unsafe_code)]

use std::error::Error;
use std::fmt;

/// A greenlet-local has no value, and gets none now: see [`LocalKey::try_with`](crate::local::LocalKey::try_with).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessError {
    name: &'static str,
    in_initialiser: bool,
}

impl AccessError {
    pub(crate) fn gone(name: &'static str) -> AccessError {
        AccessError {
            name,
            in_initialiser: false,
        }
    }

    pub(crate) fn in_initialiser(name: &'static str) -> AccessError {
        AccessError {
            name,
            in_initialiser: true,
        }
    }
}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name;
        if self.in_initialiser {
            write!(
                f,
                "the greenlet-local {name} has no value yet: its initialiser runs in this greenlet"
            )
        } else {
            write!(
                f,
                "the greenlet-local {name} has no value any more: this greenlet ends and has dropped it \
                 (use try_with in destructors)"
            )
        }
    }
}

impl Error for AccessError {}
