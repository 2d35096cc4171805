//! A Unix socket for datagrams.
#![forbid(unsafe_code)]

use std::fmt;
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use super::socket::{Retry, Socket, check_timeout, socket_handle, socket_timeouts};
use crate::hub::{self, Direction};
use crate::waiting::WaitReason;

/// A Unix socket for datagrams, as [`std::os::unix::net::UnixDatagram`].
///
/// Nothing is lost on the way: a send waits while the queue of the receiver is full. A datagram that is longer than the buffer is cut
/// off, and nothing tells so. A receiver never sees an end.
///
/// # Examples
/// ```
/// use greenhub::net::UnixDatagram;
/// use greenhub::spawn;
///
/// let (near, far) = UnixDatagram::pair()?;
/// spawn(move || ["a", "b"].iter().try_for_each(|item| far.send(item.as_bytes()).map(drop)))
///     .detach_with(|error| panic!("{error}"));
/// let mut buffer = [0; 16];
/// assert_eq!(near.recv(&mut buffer)?, 1);
/// assert_eq!(near.recv(&mut buffer)?, 1);
/// assert_eq!(buffer[0], b'b');
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct UnixDatagram {
    shared: Rc<Socket<net::UnixDatagram>>,
}

impl UnixDatagram {
    /// A socket at `path`.
    ///
    /// # Errors
    /// Those of [`std::os::unix::net::UnixDatagram::bind`]: `AddrInUse` where there is a file already, for example.
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<UnixDatagram> {
        UnixDatagram::from_std(net::UnixDatagram::bind(path)?)
    }

    /// As [`bind`](UnixDatagram::bind), at an address: that may be an abstract name.
    ///
    /// # Errors
    /// As there.
    pub fn bind_addr(address: &SocketAddr) -> io::Result<UnixDatagram> {
        UnixDatagram::from_std(net::UnixDatagram::bind_addr(address)?)
    }

    /// A socket without a name: nobody can answer to it.
    ///
    /// # Errors
    /// What the system says.
    pub fn unbound() -> io::Result<UnixDatagram> {
        UnixDatagram::from_std(net::UnixDatagram::unbound()?)
    }

    /// Two sockets that are connected with each other.
    ///
    /// # Errors
    /// What the system says.
    pub fn pair() -> io::Result<(UnixDatagram, UnixDatagram)> {
        let (one, other) = net::UnixDatagram::pair()?;
        Ok((UnixDatagram::from_std(one)?, UnixDatagram::from_std(other)?))
    }

    /// Takes over a socket of the standard library, and puts it into non-blocking mode.
    ///
    /// # Errors
    /// What the system says; and what keeps this thread's hub from being made.
    pub fn from_std(socket: net::UnixDatagram) -> io::Result<UnixDatagram> {
        socket.set_nonblocking(true)?;
        let shared = Socket::new(socket)?;
        Ok(UnixDatagram { shared })
    }

    fn socket(&self) -> &net::UnixDatagram {
        self.shared.get()
    }

    /// Binds the socket to one peer, for [`send`](UnixDatagram::send). Does not wait.
    ///
    /// # Errors
    /// What the system says.
    pub fn connect<P: AsRef<Path>>(&self, path: P) -> io::Result<()> {
        self.socket().connect(path)
    }

    /// As [`connect`](UnixDatagram::connect), to an address: that may be an abstract name.
    ///
    /// # Errors
    /// What the system says.
    pub fn connect_addr(&self, address: &SocketAddr) -> io::Result<()> {
        self.socket().connect_addr(address)
    }

    /// The address of this side.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket().local_addr()
    }

    /// The address of the peer that [`connect`](UnixDatagram::connect) has set.
    ///
    /// # Errors
    /// What the system says.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket().peer_addr()
    }

    /// Waits for a datagram, and gives its length and its sender, which may have no name.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// What the system says; `TimedOut` after the read timeout; and [`CannotWait`](crate::error::CannotWait).
    #[track_caller]
    pub fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let call = |socket: &net::UnixDatagram| socket.recv_from(buffer);
        self.shared
            .message(Direction::Read, call, |&(count, _)| count)
    }

    /// As [`recv_from`](UnixDatagram::recv_from), without the sender.
    ///
    /// # Errors
    /// As there.
    #[track_caller]
    pub fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let call = |socket: &net::UnixDatagram| socket.recv(buffer);
        self.shared.message(Direction::Read, call, |&count| count)
    }

    /// Sends a datagram to the socket at `path`. Where its queue is full, this tries again after 1 ms, and then less and less often, up to
    /// every 50 ms, for no event says that there is room.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// What the system says; `TimedOut` after the write timeout; and [`CannotWait`](crate::error::CannotWait).
    #[track_caller]
    pub fn send_to<P: AsRef<Path>>(&self, bytes: &[u8], path: P) -> io::Result<usize> {
        self.send_to_addr(bytes, &SocketAddr::from_pathname(path)?)
    }

    /// As [`send_to`](UnixDatagram::send_to), to an address: that may be an abstract name.
    ///
    /// # Errors
    /// As there.
    #[track_caller]
    pub fn send_to_addr(&self, bytes: &[u8], address: &SocketAddr) -> io::Result<usize> {
        hub::yield_if_budget_spent();
        let reason = WaitReason::write(self.as_raw_fd());
        let timeout = self.shared.timeout(Direction::Write).get();
        let mut retry = Retry::new("send", reason, timeout);
        loop {
            match self.socket().send_to_addr(bytes, address) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => retry.pause()?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                outcome => {
                    hub::consume_budget(bytes.len());
                    return outcome;
                }
            }
        }
    }

    /// Sends a datagram to the peer that [`connect`](UnixDatagram::connect) has set, and waits while its queue is full.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// As [`send_to`](UnixDatagram::send_to).
    #[track_caller]
    pub fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        let call = |socket: &net::UnixDatagram| socket.send(bytes);
        self.shared.message(Direction::Write, call, |&count| count)
    }

    /// Ends one direction or both. Waits in an ended direction end, too.
    ///
    /// # Errors
    /// What the system says.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.socket().shutdown(how)
    }
}

socket_timeouts!(UnixDatagram, "a receive", "a send");
socket_handle!(UnixDatagram);
