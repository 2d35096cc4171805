//! Sockets on the loopback: TCP, UDP and Unix.

mod errors;
mod fairness;
mod interrupted;
mod listener;
mod load;
mod pollable;
mod sharing;
mod stream;
mod udp;
mod unix;
