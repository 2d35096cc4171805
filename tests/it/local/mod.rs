//! Greenlet-local values.

mod ends;
mod threads;
mod values;
