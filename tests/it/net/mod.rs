//! TCP streams and listeners on the loopback.

mod errors;
mod fairness;
mod interrupted;
mod listener;
mod load;
mod sharing;
mod stream;
