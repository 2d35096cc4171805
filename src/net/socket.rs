//! What sockets have in common: the limits of their waits, calls that move bytes, and the shape of their handles.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::io::{self, IoSlice, IoSliceMut, Read};
use std::os::fd::{AsFd, AsRawFd};
use std::rc::Rc;
use std::time::Duration;

use crate::hub::{self, Deadline, Direction, WaitRequest};
use crate::io::{Registered, Terms};
use crate::sys::socket::{self, AcceptFailure, accept_failure};
use crate::waiting::WaitReason;

/// How long to wait when the system has no descriptor for a connection, at first and at most.
const FIRST_BACK_OFF: Duration = Duration::from_millis(10);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(1);

/// What the clones of one socket share: one registration, and as with std the timeouts.
pub(super) struct Socket<S: AsFd> {
    io: Registered<S>,
    read_timeout: Cell<Option<Duration>>,
    write_timeout: Cell<Option<Duration>>,
}

impl<S: AsFd> Socket<S> {
    /// Has a socket watched that is in non-blocking mode.
    pub(super) fn new(inner: S) -> io::Result<Rc<Socket<S>>> {
        Ok(Rc::new(Socket {
            io: Registered::new(inner)?,
            read_timeout: Cell::new(None),
            write_timeout: Cell::new(None),
        }))
    }

    pub(super) fn get(&self) -> &S {
        self.io.get()
    }

    pub(super) fn io(&self) -> &Registered<S> {
        &self.io
    }

    pub(super) fn timeout(&self, direction: Direction) -> &Cell<Option<Duration>> {
        match direction {
            Direction::Read => &self.read_timeout,
            Direction::Write => &self.write_timeout,
        }
    }

    pub(super) fn terms(&self, direction: Direction) -> Terms {
        let reason = match direction {
            Direction::Read => WaitReason::read,
            Direction::Write => WaitReason::write,
        };
        Terms {
            direction,
            reason,
            timeout: self.timeout(direction).get(),
        }
    }

    /// Reads by `call`, which leaves everything where it is.
    #[track_caller]
    pub(super) fn peek<R>(&self, call: impl FnMut(&S) -> io::Result<R>) -> io::Result<R> {
        self.io.attempt(self.terms(Direction::Read), call)
    }

    /// Moves one message by `call`; `bytes_of` says how long it was.
    #[track_caller]
    pub(super) fn message<R>(
        &self,
        direction: Direction,
        call: impl FnMut(&S) -> io::Result<R>,
        bytes_of: impl FnOnce(&R) -> usize,
    ) -> io::Result<R> {
        self.io
            .attempt_counted(self.terms(direction), call, bytes_of)
    }

    /// Sends as much of `bytes` as one call takes.
    #[track_caller]
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let terms = self.terms(Direction::Write);
        self.io.attempt_bytes(terms, bytes.len(), |inner| {
            socket::send(inner.as_fd(), bytes)
        })
    }

    /// Sends from these parts as much as one call takes.
    #[track_caller]
    pub(super) fn write_vectored(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        let asked = in_one_call(parts.iter().map(|part| part.len()));
        let terms = self.terms(Direction::Write);
        self.io.attempt_bytes(terms, asked, |inner| {
            socket::send_vectored(inner.as_fd(), parts)
        })
    }
}

impl<S: AsFd> Socket<S>
where
    for<'a> &'a S: Read,
{
    #[track_caller]
    pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let terms = self.terms(Direction::Read);
        self.io
            .attempt_bytes(terms, buffer.len(), |mut inner| inner.read(buffer))
    }

    #[track_caller]
    pub(super) fn read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let asked = in_one_call(buffers.iter().map(|buffer| buffer.len()));
        let terms = self.terms(Direction::Read);
        self.io
            .attempt_bytes(terms, asked, |mut inner| inner.read_vectored(buffers))
    }
}

/// How many bytes one call asks for, of buffers of these sizes. One call never moves more, so a shorter move says nothing about
/// the socket.
fn in_one_call(sizes: impl Iterator<Item = usize>) -> usize {
    sizes.take(socket::MOST_PARTS).sum()
}

pub(super) fn check_timeout(timeout: Option<Duration>) -> io::Result<()> {
    if timeout == Some(Duration::ZERO) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "a timeout of zero would never let anything happen: use None for no timeout",
        ));
    }
    Ok(())
}

/// Accepts by `accept` from a listener, and passes over connections that were lost before.
#[track_caller]
pub(super) fn accept_from<L: AsFd, C>(
    listener: &Registered<L>,
    mut accept: impl FnMut(&L) -> io::Result<C>,
) -> io::Result<C> {
    let terms = Terms {
        direction: Direction::Read,
        reason: WaitReason::accept,
        timeout: None,
    };
    let mut back_off = FIRST_BACK_OFF;
    loop {
        let error = match listener.attempt(terms, &mut accept) {
            Ok(connection) => return Ok(connection),
            Err(error) => error,
        };
        match accept_failure(listener.get().as_fd(), &error) {
            AcceptFailure::ConnectionLost => {}
            AcceptFailure::Exhausted => {
                let fd = listener.get().as_fd().as_raw_fd();
                pause("accept", WaitReason::accept(fd), back_off)?;
                back_off = (back_off * 2).min(LONGEST_BACK_OFF);
            }
            AcceptFailure::Listener => return Err(error),
        }
    }
}

/// Tries of a call that no event announces: the time between them doubles, up to 50 ms.
pub(super) struct Retry {
    verb: &'static str,
    reason: WaitReason,
    back_off: Duration,
    timeout: Option<Duration>,
    /// When the timeout has passed. It begins with the first pause.
    deadline: Option<Deadline>,
}

impl Retry {
    pub(super) fn new(verb: &'static str, reason: WaitReason, timeout: Option<Duration>) -> Retry {
        Retry {
            verb,
            reason,
            back_off: Duration::from_millis(1),
            timeout,
            deadline: None,
        }
    }

    /// Waits before the next try.
    ///
    /// # Errors
    /// `TimedOut`; and [`CannotWait`](crate::error::CannotWait).
    #[track_caller]
    pub(super) fn pause(&mut self) -> io::Result<()> {
        hub::try_get()?;
        let limit = || self.timeout.map_or(Deadline::NEVER, Deadline::after);
        let deadline = *self.deadline.get_or_insert_with(limit);
        if deadline <= Deadline::after(Duration::ZERO) {
            let text = format!("{} took too long", self.reason);
            return Err(io::Error::new(io::ErrorKind::TimedOut, text));
        }
        let moment = Deadline::after(self.back_off).min(deadline);
        let mut request = WaitRequest::new(self.verb, self.reason, moment);
        request.try_for_time().map_err(io::Error::other)?;
        self.back_off = (self.back_off * 2).min(Duration::from_millis(50));
        Ok(())
    }
}

/// Waits before another try of what no event announces.
#[track_caller]
fn pause(verb: &'static str, reason: WaitReason, time: Duration) -> io::Result<()> {
    hub::try_get()?;
    let mut request = WaitRequest::new(verb, reason, Deadline::after(time));
    request.try_for_time().map_err(io::Error::other)?;
    Ok(())
}

/// The timeouts of a socket, in std's shape.
macro_rules! socket_timeouts {
    ($type:ident, $reads:literal, $writes:literal) => {
        impl $type {
            #[doc = concat!("Lets ", $reads, " fail with `TimedOut` after this time; `None`, as at first, lets it wait for ever.")]
            ///
            /// # Errors
            /// `InvalidInput` for a time of zero.
            pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
                check_timeout(timeout)?;
                self.shared.timeout(Direction::Read).set(timeout);
                Ok(())
            }

            #[doc = concat!("Lets ", $writes, " fail with `TimedOut` after this time; `None`, as at first, lets it wait for ever.")]
            ///
            /// # Errors
            /// `InvalidInput` for a time of zero.
            pub fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
                check_timeout(timeout)?;
                self.shared.timeout(Direction::Write).set(timeout);
                Ok(())
            }

            #[doc = concat!("The time that [`set_read_timeout`](", stringify!($type), "::set_read_timeout) has set.")]
            ///
            /// # Errors
            /// None; the result is std's.
            pub fn read_timeout(&self) -> io::Result<Option<Duration>> {
                Ok(self.shared.timeout(Direction::Read).get())
            }

            #[doc = concat!("The time that [`set_write_timeout`](", stringify!($type), "::set_write_timeout) has set.")]
            ///
            /// # Errors
            /// None; the result is std's.
            pub fn write_timeout(&self) -> io::Result<Option<Duration>> {
                Ok(self.shared.timeout(Direction::Write).get())
            }
        }
    };
}

/// `Read` and `Write` of a stream, and of a reference to it.
macro_rules! stream_io {
    ($type:ident) => {
        impl Read for &$type {
            #[track_caller]
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.shared.read(buffer)
            }

            #[track_caller]
            fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                self.shared.read_vectored(buffers)
            }
        }

        impl Write for &$type {
            #[track_caller]
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.shared.write(bytes)
            }

            #[track_caller]
            fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
                self.shared.write_vectored(parts)
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }

        impl Read for $type {
            #[track_caller]
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                (&*self).read(buffer)
            }

            #[track_caller]
            fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                (&*self).read_vectored(buffers)
            }
        }

        impl Write for $type {
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
    };
}

/// The descriptor of a socket, its clones, its pending error, and how it is shown.
macro_rules! socket_handle {
    ($type:ident) => {
        impl $type {
            /// Another handle to the same socket: both may wait at the same time.
            ///
            /// # Errors
            /// None now; the result is std's.
            pub fn try_clone(&self) -> io::Result<$type> {
                let shared = self.shared.clone();
                Ok($type { shared })
            }

            /// The error that is pending at the socket, which is gone then.
            ///
            /// # Errors
            /// What the system says.
            pub fn take_error(&self) -> io::Result<Option<io::Error>> {
                self.shared.get().take_error()
            }
        }

        impl AsFd for $type {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.shared.get().as_fd()
            }
        }

        impl AsRawFd for $type {
            fn as_raw_fd(&self) -> RawFd {
                self.as_fd().as_raw_fd()
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.shared.get().fmt(f)
            }
        }
    };
}

pub(super) use {socket_handle, socket_timeouts, stream_io};
