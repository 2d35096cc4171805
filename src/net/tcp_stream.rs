//! One TCP connection.
#![forbid(unsafe_code)]

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::{Shutdown, SocketAddr, ToSocketAddrs};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::rc::Rc;
use std::time::Duration;

use super::socket::{Socket, check_timeout, socket_handle, socket_timeouts, stream_io};
use crate::hub::{self, Direction};
use crate::io::{Terms, timed_out};
use crate::waiting::{WaitReason, WakeReason};

/// A TCP connection, as [`std::net::TcpStream`].
///
/// It reads and writes through [`Read`] and [`Write`], the value itself as well as a reference to it.
/// Several greenlets may wait for it at once: in each direction they resume in the order in which they came. A call
/// after they were woken and before they have run may be served first: a greenlet that finds nothing then waits on, in
/// its old place.
///
/// Any call may let others run, also one that does not have to wait: a stream that is always ready would keep the
/// thread to itself.
///
/// # Examples
/// ```
/// use greenhub::net::{TcpListener, TcpStream};
/// use std::io::{Read, Write};
/// use std::net::Shutdown;
///
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let address = listener.local_addr()?;
/// greenhub::spawn(move || -> std::io::Result<()> {
///     let (stream, _) = listener.accept()?;
///     std::io::copy(&mut &stream, &mut &stream)?; // both directions of one value
///     Ok(())
/// })
/// .detach_with(|error| panic!("{error}"));
/// let mut stream = TcpStream::connect(address)?;
/// stream.write_all(b"echo")?;
/// stream.shutdown(Shutdown::Write)?;
/// let mut answer = Vec::new();
/// stream.read_to_end(&mut answer)?;
/// assert_eq!(answer, b"echo");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// It stays on its thread:
/// ```compile_fail,E0277
/// fn must_be_send<T: Send>() {}
/// must_be_send::<greenhub::net::TcpStream>();
/// ```
pub struct TcpStream {
    shared: Rc<Socket<std::net::TcpStream>>,
}

impl TcpStream {
    /// Connects to the first of the addresses that answers, and waits for that.
    ///
    /// # Errors
    /// Those of [`std::net::TcpStream::connect`]: `ConnectionRefused` where no socket listens, for example.
    #[track_caller]
    pub fn connect<A: ToSocketAddrs>(address: A) -> io::Result<TcpStream> {
        let mut last = io::Error::new(io::ErrorKind::InvalidInput, "no address to connect to");
        for address in address.to_socket_addrs()? {
            match TcpStream::connect_to(&address, None) {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Connects to one address, and waits for that for `timeout` at most.
    ///
    /// # Errors
    /// As [`connect`](TcpStream::connect), `TimedOut`, and `InvalidInput` for a timeout of zero.
    #[track_caller]
    pub fn connect_timeout(address: &SocketAddr, timeout: Duration) -> io::Result<TcpStream> {
        check_timeout(Some(timeout))?;
        TcpStream::connect_to(address, Some(timeout))
    }

    #[track_caller]
    fn connect_to(address: &SocketAddr, timeout: Option<Duration>) -> io::Result<TcpStream> {
        // On loopback a connection may be there, or refused, at once.
        hub::yield_if_budget_spent();
        hub::consume_budget(0);
        let stream = TcpStream::from_nonblocking(mio::net::TcpStream::connect(*address)?.into())?;
        let terms = Terms {
            direction: Direction::Write,
            reason: WaitReason::connect,
            timeout,
        };
        let io = stream.shared.io();
        let mut request = io.request(&terms);
        let mut late = false;
        loop {
            if let Some(error) = io.get().take_error()? {
                return Err(error);
            }
            match io.get().peer_addr() {
                Ok(_) => return Ok(stream),
                Err(error) if error.kind() == io::ErrorKind::NotConnected => {}
                Err(error) => return Err(error),
            }
            if late {
                return Err(timed_out(&terms, stream.as_raw_fd()));
            }
            io.clear_readiness(Direction::Write);
            late = io.wait(Direction::Write, &mut request)? == WakeReason::TimedOut;
        }
    }

    /// Takes over a connection of the standard library, and puts it into non-blocking mode.
    ///
    /// # Errors
    /// What the system says; and what keeps this thread's hub from being made.
    pub fn from_std(stream: std::net::TcpStream) -> io::Result<TcpStream> {
        stream.set_nonblocking(true)?;
        TcpStream::from_nonblocking(stream)
    }

    pub(super) fn from_nonblocking(stream: std::net::TcpStream) -> io::Result<TcpStream> {
        let shared = Socket::new(stream)?;
        Ok(TcpStream { shared })
    }

    fn socket(&self) -> &std::net::TcpStream {
        self.shared.get()
    }

    /// Waits for data and copies it out without taking it.
    ///
    /// # Errors
    /// As for [`Read::read`].
    #[track_caller]
    pub fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.shared.peek(|socket| socket.peek(buffer))
    }

    /// Ends one direction or both. Waits in an ended direction end, too.
    ///
    /// # Errors
    /// What the system says.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.socket().shutdown(how)
    }

    /// The address of the other side.
    ///
    /// # Errors
    /// What the system says.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket().peer_addr()
    }

    /// The address of this side.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket().local_addr()
    }

    /// Whether small writes are sent at once: [`std::net::TcpStream::set_nodelay`].
    ///
    /// # Errors
    /// What the system says.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.socket().set_nodelay(nodelay)
    }

    /// See [`set_nodelay`](TcpStream::set_nodelay).
    ///
    /// # Errors
    /// What the system says.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.socket().nodelay()
    }

    /// See [`std::net::TcpStream::set_ttl`].
    ///
    /// # Errors
    /// What the system says.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.socket().set_ttl(ttl)
    }

    /// See [`std::net::TcpStream::ttl`].
    ///
    /// # Errors
    /// What the system says.
    pub fn ttl(&self) -> io::Result<u32> {
        self.socket().ttl()
    }
}

socket_timeouts!(TcpStream, "a read", "a write");
stream_io!(TcpStream);
socket_handle!(TcpStream);
