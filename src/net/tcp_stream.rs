//! One TCP connection.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::{Shutdown, SocketAddr, ToSocketAddrs};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::rc::Rc;
use std::time::Duration;

use crate::hub::{self, Direction};
use crate::io::{Registered, Terms, timed_out};
use crate::sys::socket;
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
    shared: Rc<SharedStream>,
}

/// What the clones of one stream share: one registration, and as with std the timeouts.
struct SharedStream {
    io: Registered<std::net::TcpStream>,
    read_timeout: Cell<Option<Duration>>,
    write_timeout: Cell<Option<Duration>>,
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
        let io = &stream.shared.io;
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
        Ok(TcpStream {
            shared: Rc::new(SharedStream {
                io: Registered::new(stream)?,
                read_timeout: Cell::new(None),
                write_timeout: Cell::new(None),
            }),
        })
    }

    fn socket(&self) -> &std::net::TcpStream {
        self.shared.io.get()
    }

    fn reading(&self) -> Terms {
        Terms {
            direction: Direction::Read,
            reason: WaitReason::read,
            timeout: self.shared.read_timeout.get(),
        }
    }

    fn writing(&self) -> Terms {
        Terms {
            direction: Direction::Write,
            reason: WaitReason::write,
            timeout: self.shared.write_timeout.get(),
        }
    }

    /// Waits for data and copies it out without taking it.
    ///
    /// # Errors
    /// As for [`Read::read`].
    #[track_caller]
    pub fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let terms = self.reading();
        self.shared.io.attempt(terms, |socket| socket.peek(buffer))
    }

    /// Another handle to the same connection: one may read while the other writes.
    ///
    /// # Errors
    /// None now; as in [`std::net::TcpStream::try_clone`].
    pub fn try_clone(&self) -> io::Result<TcpStream> {
        Ok(TcpStream {
            shared: self.shared.clone(),
        })
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

    /// Lets a read fail with `TimedOut` after this time; `None`, as at first, lets it wait for ever.
    ///
    /// # Errors
    /// `InvalidInput` for a time of zero.
    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        check_timeout(timeout)?;
        self.shared.read_timeout.set(timeout);
        Ok(())
    }

    /// Lets a write fail with `TimedOut` after this time; `None`, as at first, lets it wait for ever.
    ///
    /// # Errors
    /// `InvalidInput` for a time of zero.
    pub fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        check_timeout(timeout)?;
        self.shared.write_timeout.set(timeout);
        Ok(())
    }

    /// The time that [`set_read_timeout`](TcpStream::set_read_timeout) has set.
    ///
    /// # Errors
    /// None; as in [`std::net::TcpStream::read_timeout`].
    pub fn read_timeout(&self) -> io::Result<Option<Duration>> {
        Ok(self.shared.read_timeout.get())
    }

    /// The time that [`set_write_timeout`](TcpStream::set_write_timeout) has set.
    ///
    /// # Errors
    /// None; as in [`std::net::TcpStream::write_timeout`].
    pub fn write_timeout(&self) -> io::Result<Option<Duration>> {
        Ok(self.shared.write_timeout.get())
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

    /// See [`std::net::TcpStream::take_error`].
    ///
    /// # Errors
    /// What the system says.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.socket().take_error()
    }
}

fn check_timeout(timeout: Option<Duration>) -> io::Result<()> {
    if timeout == Some(Duration::ZERO) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "a timeout of zero would never let anything happen: use None for no timeout",
        ));
    }
    Ok(())
}

/// How many bytes one call asks for, of buffers of these sizes. One call never moves more, so a shorter move says nothing about
/// the socket.
fn in_one_call(sizes: impl Iterator<Item = usize>) -> usize {
    sizes.take(socket::MOST_PARTS).sum()
}

impl Read for &TcpStream {
    #[track_caller]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let terms = self.reading();
        self.shared
            .io
            .attempt_bytes(terms, buffer.len(), |mut socket| socket.read(buffer))
    }

    #[track_caller]
    fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let terms = self.reading();
        let asked = in_one_call(buffers.iter().map(|buffer| buffer.len()));
        self.shared
            .io
            .attempt_bytes(terms, asked, |mut socket| socket.read_vectored(buffers))
    }
}

impl Write for &TcpStream {
    #[track_caller]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let terms = self.writing();
        self.shared
            .io
            .attempt_bytes(terms, bytes.len(), |mut socket| socket.write(bytes))
    }

    #[track_caller]
    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        let terms = self.writing();
        let asked = in_one_call(parts.iter().map(|part| part.len()));
        self.shared.io.attempt_bytes(terms, asked, |stream| {
            socket::send_vectored(stream.as_fd(), parts)
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for TcpStream {
    #[track_caller]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buffer)
    }

    #[track_caller]
    fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        (&*self).read_vectored(buffers)
    }
}

impl Write for TcpStream {
    #[track_caller]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self).write(bytes)
    }

    #[track_caller]
    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        (&*self).write_vectored(parts)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsFd for TcpStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket().as_fd()
    }
}

impl AsRawFd for TcpStream {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket().fmt(f)
    }
}
