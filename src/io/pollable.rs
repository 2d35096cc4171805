//! Any descriptor that the system can poll, made to wait: inotify, timers, serial lines, tun, the sockets of other crates.
#![forbid(unsafe_code)]

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::time::Duration;

use super::{Registered, Terms};
use crate::hub::Direction;
use crate::sys::descriptor::set_nonblocking;
use crate::waiting::{WaitReason, WakeReason};

/// A descriptor whose calls wait: the closure of [`read_with`](Pollable::read_with) is called when something may be there, and again after
/// it has said `WouldBlock`. tokio has it as `AsyncFd`.
///
/// The descriptor is put into non-blocking mode, which belongs to all that share the open file: a duplicate of it, and
/// another process that has inherited it, do not block any more, either.
///
/// Several greenlets may wait for one value at once: in each direction they resume in the order in which they came.
///
/// # Examples
/// ```
/// use greenhub::io::Pollable;
/// use greenhub::spawn;
/// use std::io::{Read, Write};
/// use std::os::unix::net::UnixStream;
///
/// // A socket of another crate, say.
/// let (near, mut far) = UnixStream::pair()?;
/// let near = Pollable::new(near)?;
/// let reader = spawn(move || {
///     let mut buffer = [0; 16];
///     let count = near.read_with(|mut socket| socket.read(&mut buffer))?;
///     Ok::<_, std::io::Error>(buffer[..count].to_vec())
/// });
/// far.write_all(b"hello")?;
/// assert_eq!(reader.join().unwrap()?, b"hello");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Pollable<T: AsFd>(Registered<T>);

impl<T: AsFd> Pollable<T> {
    /// Has `inner` watched by this thread's hub, until this is dropped. It gives the same descriptor each time.
    ///
    /// # Errors
    /// What the system says: `PermissionDenied` for what cannot be polled, such as a regular file. And what keeps this thread's hub from
    /// being made.
    pub fn new(inner: T) -> io::Result<Pollable<T>> {
        set_nonblocking(inner.as_fd(), true)?;
        Registered::new(inner).map(Pollable)
    }

    /// What it was made of.
    pub fn get_ref(&self) -> &T {
        self.0.get()
    }

    /// Calls `call` until it says something else than `WouldBlock`, and waits for the descriptor to be readable in between. An
    /// interrupted call is repeated.
    ///
    /// `call` must not block, and its `WouldBlock` must be of this descriptor: that of another one would be waited for here.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// What `call` says; and [`CannotWait`](crate::error::CannotWait).
    #[track_caller]
    pub fn read_with<R>(&self, call: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.0.attempt(terms(Direction::Read, None), call)
    }

    /// As [`read_with`](Pollable::read_with), for as long as `limit` at most.
    ///
    /// # Errors
    /// As there; and `TimedOut`.
    #[track_caller]
    pub fn read_with_timeout<R>(
        &self,
        limit: Duration,
        call: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.0.attempt(terms(Direction::Read, Some(limit)), call)
    }

    /// As [`read_with`](Pollable::read_with), for calls that write.
    ///
    /// # Errors
    /// As there.
    #[track_caller]
    pub fn write_with<R>(&self, call: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.0.attempt(terms(Direction::Write, None), call)
    }

    /// As [`write_with`](Pollable::write_with), for as long as `limit` at most.
    ///
    /// # Errors
    /// As there; and `TimedOut`.
    #[track_caller]
    pub fn write_with_timeout<R>(
        &self,
        limit: Duration,
        call: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.0.attempt(terms(Direction::Write, Some(limit)), call)
    }

    /// Waits until a read is worth a try: there is something, or an end, or an error. It may turn out that there is nothing.
    ///
    /// It is so until a [`read_with`](Pollable::read_with) has found nothing. A read of the descriptor itself tells the hub nothing.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// [`CannotWait`](crate::error::CannotWait).
    #[track_caller]
    pub fn readable(&self) -> io::Result<()> {
        self.wait(Direction::Read, None).map(drop)
    }

    /// As [`readable`](Pollable::readable), for as long as `limit` at most. False if it was not by then.
    ///
    /// # Errors
    /// As there.
    #[track_caller]
    pub fn readable_timeout(&self, limit: Duration) -> io::Result<bool> {
        self.wait(Direction::Read, Some(limit))
    }

    /// Waits until a write is worth a try.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// [`CannotWait`](crate::error::CannotWait).
    #[track_caller]
    pub fn writable(&self) -> io::Result<()> {
        self.wait(Direction::Write, None).map(drop)
    }

    /// As [`writable`](Pollable::writable), for as long as `limit` at most. False if it was not by then.
    ///
    /// # Errors
    /// As there.
    #[track_caller]
    pub fn writable_timeout(&self, limit: Duration) -> io::Result<bool> {
        self.wait(Direction::Write, Some(limit))
    }

    /// Moves bytes by `call`, which are counted.
    #[track_caller]
    pub(super) fn move_bytes(
        &self,
        direction: Direction,
        call: impl FnMut(&T) -> io::Result<usize>,
    ) -> io::Result<usize> {
        self.0
            .attempt_counted(terms(direction, None), call, |&moved| moved)
    }

    #[track_caller]
    fn wait(&self, direction: Direction, limit: Option<Duration>) -> io::Result<bool> {
        let mut request = self.0.request(&terms(direction, limit));
        let woken = self.0.wait(direction, &mut request)?;
        Ok(woken == WakeReason::Notified)
    }
}

fn terms(direction: Direction, timeout: Option<Duration>) -> Terms {
    let reason = match direction {
        Direction::Read => WaitReason::read,
        Direction::Write => WaitReason::write,
    };
    Terms {
        direction,
        reason,
        timeout,
    }
}

impl<T: AsFd> AsFd for Pollable<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.get_ref().as_fd()
    }
}

impl<T: AsFd> AsRawFd for Pollable<T> {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl<T: AsFd + fmt::Debug> fmt::Debug for Pollable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pollable").field(self.get_ref()).finish()
    }
}
