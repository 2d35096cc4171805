//! TCP in blocking style: as [`std::net`], but waiting lets other greenlets run.
//!
//! Streams and listeners belong to the thread that made them and are not `Send`. Names are resolved by the
//! system's resolver, which blocks the whole thread; addresses are not affected by that.
//!
//! # Panics
//! Calls that wait return errors, and panic in one case only: where the wait is
//! [ended early](crate::hub#what-may-end-a-wait-early). Nothing has been read, sent or accepted then.
#![forbid(unsafe_code)]

mod tcp_listener;
mod tcp_stream;

pub use self::tcp_listener::{Incoming, TcpListener};
pub use self::tcp_stream::TcpStream;
