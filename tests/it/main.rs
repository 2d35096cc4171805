//! What a user of the switch floor sees, in one binary: one module for each part of the promise.

mod abandoned;
mod assertions;
mod chains;
mod chaos;
mod greenlet;
mod misuse;
mod parents;
mod support;
mod threads;
mod unwinding;
