//! Random programs, played beside plain models.

mod greenlets;
#[cfg(feature = "hub")]
mod hub;
mod locals;
