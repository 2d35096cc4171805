//! A TCP socket that waits for connections.
#![forbid(unsafe_code)]

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::rc::Rc;

use super::TcpStream;
use super::socket::accept_from;
use crate::io::Registered;
use crate::sys::socket::raise_backlog;

/// A socket that listens for connections, as [`std::net::TcpListener`].
///
/// # Examples
/// ```
/// use greenhub::net::{TcpListener, TcpStream};
/// use std::io::{Read, Write};
///
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let address = listener.local_addr()?;
/// greenhub::spawn(move || {
///     let (mut stream, _) = listener.accept()?;
///     stream.write_all(b"hello")
/// })
/// .detach_with(|error| panic!("{error}"));
/// let mut text = String::new();
/// TcpStream::connect(address)?.read_to_string(&mut text)?;
/// assert_eq!(text, "hello");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Several hubs on one port
/// A listener stays on its thread, and std's does not: a clone of that for each thread accepts from the same queue, whichever hub
/// is first.
/// ```
/// use greenhub::net::{TcpListener, TcpStream};
/// use std::io::{self, Read};
/// use std::thread;
///
/// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// let address = listener.local_addr()?;
/// let hubs: Vec<_> = (0..2)
///     .map(|_| {
///         let listener = listener.try_clone()?;
///         Ok(thread::spawn(move || -> io::Result<()> {
///             let listener = TcpListener::from_std(listener)?; // a hub of this thread
///             let (mut stream, _) = listener.accept()?;
///             stream.read(&mut [0]).map(drop)
///         }))
///     })
///     .collect::<io::Result<_>>()?;
/// let clients = [TcpStream::connect(address)?, TcpStream::connect(address)?];
/// drop(clients);
/// for hub in hubs {
///     hub.join().expect("no panic")?;
/// }
/// # Ok::<(), io::Error>(())
/// ```
///
/// Ours is not `Send`:
/// ```compile_fail,E0277
/// fn must_be_send<T: Send>() {}
/// must_be_send::<greenhub::net::TcpListener>();
/// ```
pub struct TcpListener {
    io: Rc<Registered<Socket>>,
}

/// mio's listener accepts sockets that are non-blocking from the start, which saves a call for each.
struct Socket(mio::net::TcpListener);

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl TcpListener {
    /// Listens on the first of the addresses where that is possible. Port 0 lets the system choose one.
    ///
    /// The backlog, in which connections wait for `accept`, is the largest that the system allows: on Linux
    /// `net.core.somaxconn`, usually 4096. Once it is full, a client that connects has to try again after a second.
    ///
    /// # Errors
    /// Those of [`std::net::TcpListener::bind`]: `AddrInUse` for a taken port, for example.
    pub fn bind<A: ToSocketAddrs>(address: A) -> io::Result<TcpListener> {
        let listener = std::net::TcpListener::bind(address)?;
        raise_backlog(listener.as_fd())?;
        TcpListener::from_std(listener)
    }

    /// Takes over a listener of the standard library, and puts it into non-blocking mode. It keeps its backlog: 128 if std's
    /// `bind` has made it.
    ///
    /// # Errors
    /// What the system says; and what keeps this thread's hub from being made.
    pub fn from_std(listener: std::net::TcpListener) -> io::Result<TcpListener> {
        listener.set_nonblocking(true)?;
        let socket = Socket(mio::net::TcpListener::from_std(listener));
        Ok(TcpListener {
            io: Rc::new(Registered::new(socket)?),
        })
    }

    /// Waits for a connection, and gives it with the address of the peer.
    ///
    /// Connections that were given up or lost before they were accepted are passed over: `ECONNABORTED`, and the errors of the
    /// network that accept(2) says to try again after. Where the system has no descriptor or memory left for a connection, this
    /// tries again after 10 ms, and then less and less often, up to once a second; others run meanwhile.
    ///
    /// # Errors
    /// What the system says otherwise; and [`CannotWait`](crate::error::CannotWait).
    #[track_caller]
    pub fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = accept_from(&self.io, |socket| socket.0.accept())?;
        Ok((TcpStream::from_nonblocking(stream.into())?, peer))
    }

    /// Accepts one connection after the other, for ever.
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming { listener: self }
    }

    /// The address it listens on, with the port that the system chose.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get().0.local_addr()
    }

    /// Another handle to the same socket. Both may wait for connections: they get them in turn.
    ///
    /// # Errors
    /// None now; as in [`std::net::TcpListener::try_clone`].
    pub fn try_clone(&self) -> io::Result<TcpListener> {
        Ok(TcpListener {
            io: self.io.clone(),
        })
    }

    /// See [`std::net::TcpListener::set_ttl`].
    ///
    /// # Errors
    /// What the system says.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.io.get().0.set_ttl(ttl)
    }

    /// See [`std::net::TcpListener::ttl`].
    ///
    /// # Errors
    /// What the system says.
    pub fn ttl(&self) -> io::Result<u32> {
        self.io.get().0.ttl()
    }

    /// See [`std::net::TcpListener::take_error`].
    ///
    /// # Errors
    /// What the system says.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.io.get().0.take_error()
    }
}

/// An iterator over connections that never ends: [`TcpListener::incoming`].
#[derive(Debug)]
pub struct Incoming<'a> {
    listener: &'a TcpListener,
}

impl Iterator for Incoming<'_> {
    type Item = io::Result<TcpStream>;

    #[track_caller]
    fn next(&mut self) -> Option<io::Result<TcpStream>> {
        Some(self.listener.accept().map(|(stream, _)| stream))
    }
}

impl std::iter::FusedIterator for Incoming<'_> {}

impl AsFd for TcpListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.get().as_fd()
    }
}

impl AsRawFd for TcpListener {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.get().0.fmt(f)
    }
}
