//! A Unix socket that waits for connections.
#![forbid(unsafe_code)]

use std::fmt;
use std::io;
use std::iter::FusedIterator;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;
use std::rc::Rc;

use super::UnixStream;
use super::socket::accept_from;
use crate::io::Registered;

/// A Unix socket that listens for connections, as [`std::os::unix::net::UnixListener`].
///
/// Its file stays when it is dropped, as with std. Remove it when no other process uses it, before the next bind or at the end.
///
/// # Examples
/// ```
/// use greenhub::net::{UnixListener, UnixStream};
/// use greenhub::spawn;
/// use std::io::{Read, Write};
///
/// let path = std::env::temp_dir().join(format!("greenhub-doc-{}", std::process::id()));
/// let listener = UnixListener::bind(&path)?;
/// spawn(move || listener.accept()?.0.write_all(b"hello")).detach_with(|error| panic!("{error}"));
/// let mut text = String::new();
/// UnixStream::connect(&path)?.read_to_string(&mut text)?;
/// std::fs::remove_file(&path)?;
/// assert_eq!(text, "hello");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct UnixListener {
    io: Rc<Registered<Socket>>,
}

/// mio's listener accepts sockets that are non-blocking from the start, which saves a call for each.
struct Socket(mio::net::UnixListener);

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl UnixListener {
    /// Listens at `path`, with the largest backlog that the system allows.
    ///
    /// # Errors
    /// Those of [`std::os::unix::net::UnixListener::bind`]: `AddrInUse` where there is a file already, for example.
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<UnixListener> {
        UnixListener::from_std(net::UnixListener::bind(path)?)
    }

    /// As [`bind`](UnixListener::bind), at an address: that may be an abstract name.
    ///
    /// # Errors
    /// As there.
    pub fn bind_addr(address: &SocketAddr) -> io::Result<UnixListener> {
        UnixListener::from_std(net::UnixListener::bind_addr(address)?)
    }

    /// Takes over a listener of the standard library, and puts it into non-blocking mode.
    ///
    /// # Errors
    /// What the system says; and what keeps this thread's hub from being made.
    pub fn from_std(listener: net::UnixListener) -> io::Result<UnixListener> {
        listener.set_nonblocking(true)?;
        let socket = Socket(mio::net::UnixListener::from_std(listener));
        Ok(UnixListener {
            io: Rc::new(Registered::new(socket)?),
        })
    }

    /// Waits for a connection, and gives it with the address of the peer. As [`TcpListener::accept`](super::TcpListener::accept) it
    /// waits where the system has no descriptor left.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// What the system says otherwise; and [`CannotWait`](crate::error::CannotWait).
    #[track_caller]
    pub fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        let (stream, peer) = accept_from(&self.io, |socket| socket.0.accept())?;
        Ok((UnixStream::from_nonblocking(stream.into())?, peer))
    }

    /// Accepts one connection after the other, for ever.
    pub fn incoming(&self) -> UnixIncoming<'_> {
        UnixIncoming { listener: self }
    }

    /// The address it listens at.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get().0.local_addr()
    }

    /// Another handle to the same socket. Both may wait for connections: they get them in turn.
    ///
    /// # Errors
    /// None now; the result is std's.
    pub fn try_clone(&self) -> io::Result<UnixListener> {
        let io = self.io.clone();
        Ok(UnixListener { io })
    }

    /// The error that is pending at the socket, which is gone then.
    ///
    /// # Errors
    /// What the system says.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.io.get().0.take_error()
    }
}

/// An iterator over connections that never ends: [`UnixListener::incoming`].
#[derive(Debug)]
pub struct UnixIncoming<'a> {
    listener: &'a UnixListener,
}

impl Iterator for UnixIncoming<'_> {
    type Item = io::Result<UnixStream>;

    #[track_caller]
    fn next(&mut self) -> Option<io::Result<UnixStream>> {
        Some(self.listener.accept().map(|(stream, _)| stream))
    }
}

impl FusedIterator for UnixIncoming<'_> {}

impl AsFd for UnixListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.get().as_fd()
    }
}

impl AsRawFd for UnixListener {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl fmt::Debug for UnixListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.get().0.fmt(f)
    }
}
