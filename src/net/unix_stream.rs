//! One connection of Unix sockets, and who is at its other end.
#![forbid(unsafe_code)]

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use super::socket::{Retry, Socket, check_timeout, socket_handle, socket_timeouts, stream_io};
use crate::hub::{self, Direction};
use crate::sys::socket::peer_credentials;
use crate::waiting::WaitReason;

/// A connection of Unix sockets, as [`std::os::unix::net::UnixStream`]: all else is as with [`TcpStream`](super::TcpStream).
///
/// # Examples
/// ```
/// use greenhub::net::UnixStream;
/// use greenhub::spawn;
/// use std::io::{Read, Write};
///
/// let (mut near, mut far) = UnixStream::pair()?;
/// spawn(move || far.write_all(b"from the far end")).detach_with(|error| panic!("{error}"));
/// let mut text = String::new();
/// near.read_to_string(&mut text)?;
/// assert_eq!(text, "from the far end");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct UnixStream {
    shared: Rc<Socket<net::UnixStream>>,
}

impl UnixStream {
    /// Connects to the socket at `path`. Where its backlog is full, this tries again after 1 ms, and then less and less often, up to
    /// every 50 ms, for no event says that there is room.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// Those of [`std::os::unix::net::UnixStream::connect`]: `ConnectionRefused` where nobody listens, for example.
    #[track_caller]
    pub fn connect<P: AsRef<Path>>(path: P) -> io::Result<UnixStream> {
        UnixStream::connect_addr(&SocketAddr::from_pathname(path)?)
    }

    /// As [`connect`](UnixStream::connect), to an address: that may be an abstract name.
    ///
    /// # Errors
    /// As there.
    #[track_caller]
    pub fn connect_addr(address: &SocketAddr) -> io::Result<UnixStream> {
        // A connection is there, or refused, at once.
        hub::yield_if_budget_spent();
        hub::consume_budget(0);
        let mut retry = Retry::new("connect", WaitReason::BACKLOG, None);
        loop {
            match mio::net::UnixStream::connect_addr(address) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => retry.pause()?,
                Err(error) => return Err(error),
                Ok(stream) => return UnixStream::from_nonblocking(stream.into()),
            }
        }
    }

    /// Two streams that are connected with each other.
    ///
    /// # Errors
    /// What the system says.
    pub fn pair() -> io::Result<(UnixStream, UnixStream)> {
        let (one, other) = net::UnixStream::pair()?;
        Ok((UnixStream::from_std(one)?, UnixStream::from_std(other)?))
    }

    /// Takes over a connection of the standard library, and puts it into non-blocking mode.
    ///
    /// # Errors
    /// What the system says; and what keeps this thread's hub from being made.
    pub fn from_std(stream: net::UnixStream) -> io::Result<UnixStream> {
        stream.set_nonblocking(true)?;
        UnixStream::from_nonblocking(stream)
    }

    pub(super) fn from_nonblocking(stream: net::UnixStream) -> io::Result<UnixStream> {
        let shared = Socket::new(stream)?;
        Ok(UnixStream { shared })
    }

    /// The address of this side. It has no name unless it was bound.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.shared.get().local_addr()
    }

    /// The address of the other side.
    ///
    /// # Errors
    /// What the system says.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.shared.get().peer_addr()
    }

    /// The process at the other side when the two were connected. It may have ended since, and its number be another's: decide by the
    /// user.
    ///
    /// # Errors
    /// What the system says.
    pub fn peer_cred(&self) -> io::Result<UCred> {
        peer_credentials(self.as_fd()).map(UCred)
    }

    /// Ends one direction or both. Waits in an ended direction end, too.
    ///
    /// # Errors
    /// What the system says.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.shared.get().shutdown(how)
    }
}

socket_timeouts!(UnixStream, "a read", "a write");
stream_io!(UnixStream);
socket_handle!(UnixStream);

/// Who is at the other side of a Unix socket: tokio's `UCred`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UCred(crate::sys::socket::PeerCredentials);

impl UCred {
    /// The effective user.
    #[must_use]
    pub fn uid(&self) -> u32 {
        self.0.uid
    }

    /// The effective group.
    #[must_use]
    pub fn gid(&self) -> u32 {
        self.0.gid
    }

    /// The process. FreeBSD does not tell it.
    #[must_use]
    pub fn pid(&self) -> Option<i32> {
        self.0.pid
    }
}
