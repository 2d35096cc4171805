//! A socket for UDP datagrams.
#![forbid(unsafe_code)]

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::rc::Rc;
use std::time::Duration;

use super::socket::{Socket, check_timeout, socket_handle, socket_timeouts};
use crate::hub::Direction;

/// A UDP socket, as [`std::net::UdpSocket`].
///
/// A receive waits for a datagram, and a send for room in the socket's buffer; others run meanwhile. A datagram that is longer than
/// the buffer is cut off, and nothing tells so. An empty one is received as 0 bytes, which is no end. What does not fit the
/// receive buffer of the system is lost in silence.
///
/// A connected socket whose peer has no socket tells so once for each datagram, by `ConnectionRefused` of the next call, and can be used
/// on.
///
/// # Examples
/// ```
/// use greenhub::net::UdpSocket;
/// use greenhub::spawn;
///
/// let server = UdpSocket::bind("127.0.0.1:0")?;
/// let address = server.local_addr()?;
/// spawn(move || -> std::io::Result<usize> {
///     let mut buffer = [0; 512];
///     let (count, client) = server.recv_from(&mut buffer)?;
///     server.send_to(&buffer[..count], client)
/// })
/// .detach_with(|error| panic!("{error}"));
/// let client = UdpSocket::bind("127.0.0.1:0")?;
/// client.connect(address)?;
/// client.send(b"echo")?;
/// let mut buffer = [0; 512];
/// let count = client.recv(&mut buffer)?;
/// assert_eq!(&buffer[..count], b"echo");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// It stays on its thread:
/// ```compile_fail,E0277
/// fn must_be_send<T: Send>() {}
/// must_be_send::<greenhub::net::UdpSocket>();
/// ```
pub struct UdpSocket {
    shared: Rc<Socket<std::net::UdpSocket>>,
}

impl UdpSocket {
    /// A socket at the first of the addresses that is free. Port 0 lets the system choose one.
    ///
    /// # Errors
    /// Those of [`std::net::UdpSocket::bind`]: `AddrInUse` for a taken port, for example.
    pub fn bind<A: ToSocketAddrs>(address: A) -> io::Result<UdpSocket> {
        UdpSocket::from_std(std::net::UdpSocket::bind(address)?)
    }

    /// Takes over a socket of the standard library, and puts it into non-blocking mode.
    ///
    /// # Errors
    /// What the system says; and what keeps this thread's hub from being made.
    pub fn from_std(socket: std::net::UdpSocket) -> io::Result<UdpSocket> {
        socket.set_nonblocking(true)?;
        let shared = Socket::new(socket)?;
        Ok(UdpSocket { shared })
    }

    fn socket(&self) -> &std::net::UdpSocket {
        self.shared.get()
    }

    /// Waits for a datagram, and gives its length and its sender.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// What the system says; `TimedOut` after the read timeout; and [`CannotWait`](crate::error::CannotWait).
    #[track_caller]
    pub fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let call = |socket: &std::net::UdpSocket| socket.recv_from(buffer);
        self.shared
            .message(Direction::Read, call, |&(count, _)| count)
    }

    /// As [`recv_from`](UdpSocket::recv_from), and leaves the datagram there.
    ///
    /// # Errors
    /// As there.
    #[track_caller]
    pub fn peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.shared.peek(|socket| socket.peek_from(buffer))
    }

    /// Sends a datagram to the first of the addresses, and waits for room in the socket's buffer.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// What the system says; `TimedOut` after the write timeout; and [`CannotWait`](crate::error::CannotWait).
    #[track_caller]
    pub fn send_to<A: ToSocketAddrs>(&self, bytes: &[u8], address: A) -> io::Result<usize> {
        let Some(address) = address.to_socket_addrs()?.next() else {
            let text = "no addresses to send data to";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        };
        let call = |socket: &std::net::UdpSocket| socket.send_to(bytes, address);
        self.shared.message(Direction::Write, call, |&count| count)
    }

    /// Binds the socket to one peer, the first of the addresses that can be reached: for [`send`](UdpSocket::send), and other
    /// senders are not heard from then on. Does not wait.
    ///
    /// # Errors
    /// What the system says.
    pub fn connect<A: ToSocketAddrs>(&self, address: A) -> io::Result<()> {
        self.socket().connect(address)
    }

    /// As [`recv_from`](UdpSocket::recv_from), without the sender.
    ///
    /// # Errors
    /// As there.
    #[track_caller]
    pub fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let call = |socket: &std::net::UdpSocket| socket.recv(buffer);
        self.shared.message(Direction::Read, call, |&count| count)
    }

    /// As [`peek_from`](UdpSocket::peek_from), without the sender.
    ///
    /// # Errors
    /// As there.
    #[track_caller]
    pub fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.shared.peek(|socket| socket.peek(buffer))
    }

    /// Sends a datagram to the peer that [`connect`](UdpSocket::connect) has set.
    ///
    /// # Errors
    /// As [`send_to`](UdpSocket::send_to).
    #[track_caller]
    pub fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        let call = |socket: &std::net::UdpSocket| socket.send(bytes);
        self.shared.message(Direction::Write, call, |&count| count)
    }
}

/// What std's socket has under the same name, and does not wait.
macro_rules! passed_on {
    ($($name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {
        impl UdpSocket {
            $(
                #[doc = concat!("See [`std::net::UdpSocket::", stringify!($name), "`].")]
                ///
                /// # Errors
                /// What the system says.
                pub fn $name(&self $(, $argument: $type)*) -> io::Result<$result> {
                    self.socket().$name($($argument),*)
                }
            )*
        }
    };
}

passed_on! {
    local_addr() -> SocketAddr;
    peer_addr() -> SocketAddr;
    set_broadcast(on: bool) -> ();
    broadcast() -> bool;
    set_ttl(ttl: u32) -> ();
    ttl() -> u32;
    set_multicast_loop_v4(on: bool) -> ();
    multicast_loop_v4() -> bool;
    set_multicast_ttl_v4(ttl: u32) -> ();
    multicast_ttl_v4() -> u32;
    set_multicast_loop_v6(on: bool) -> ();
    multicast_loop_v6() -> bool;
    join_multicast_v4(group: &Ipv4Addr, interface: &Ipv4Addr) -> ();
    join_multicast_v6(group: &Ipv6Addr, interface: u32) -> ();
    leave_multicast_v4(group: &Ipv4Addr, interface: &Ipv4Addr) -> ();
    leave_multicast_v6(group: &Ipv6Addr, interface: u32) -> ();
}

socket_timeouts!(UdpSocket, "a receive", "a send");
socket_handle!(UdpSocket);
