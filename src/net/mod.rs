//! Sockets in blocking style: TCP, UDP and Unix, as [`std::net`] and [`std::os::unix::net`], but waiting lets other greenlets run.
//!
//! Sockets belong to the thread that made them and are not `Send`. Names are resolved by the
//! system's resolver, which blocks the whole thread; addresses are not affected by that.
//!
//! # Panics
//! Calls that wait return errors, and panic in one case only: where the wait is
//! [ended early](crate::hub#what-may-end-a-wait-early). Nothing has been read, sent or accepted then.
#![forbid(unsafe_code)]

mod socket;
mod tcp_listener;
mod tcp_stream;
mod udp_socket;
mod unix_datagram;
mod unix_listener;
mod unix_stream;

pub use self::tcp_listener::{Incoming, TcpListener};
pub use self::tcp_stream::TcpStream;
pub use self::udp_socket::UdpSocket;
pub use self::unix_datagram::UnixDatagram;
pub use self::unix_listener::{UnixIncoming, UnixListener};
pub use self::unix_stream::{UCred, UnixStream};
