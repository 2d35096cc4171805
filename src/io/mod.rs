//! Descriptors that wait by letting others run: the rules of edge-triggered I/O in one place.
//!
//! ```text
//!   attempt:  after a spent budget others run first
//!                 |
//!            may be ready? --yes--> call --WouldBlock--> not ready until the next edge -----+
//!                 |                  |                                                      |
//!                 no                 +--anything else--> that is the outcome                |
//!                 |                                                                         |
//!                 +------------> wait for the edge <----------------------------------------+
//! ```
//! The call comes first, and a short read or write means that the next call would find nothing: then the
//! wait comes first. A descriptor is registered once, for both directions, and deregistered before it is closed.
//!
//! Between a call that has moved something and its return no other greenlet runs. So a panic or a kill that arrives while others
//! run ends an attempt that has moved nothing: no byte and no connection is lost.
#![forbid(unsafe_code)]

mod pipe;
mod pollable;

use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::rc::Rc;
use std::time::Duration;

use crate::hub::{self, Deadline, Direction, Source, WaitRequest};
use crate::waiting::{WaitReason, WakeReason};

pub use self::pipe::{PipeReader, PipeWriter, pipe};
pub use self::pollable::Pollable;

/// A descriptor that this thread's hub watches.
pub(crate) struct Registered<T: AsFd> {
    inner: T,
    source: Rc<Source>,
}

/// How one call waits, if it has to.
#[derive(Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) direction: Direction,
    pub(crate) reason: fn(i32) -> WaitReason,
    pub(crate) timeout: Option<Duration>,
}

impl<T: AsFd> Registered<T> {
    /// Has `inner` watched. It must be in non-blocking mode.
    ///
    /// # Errors
    /// What the system says; and where this thread can have no hub.
    pub(crate) fn new(inner: T) -> io::Result<Registered<T>> {
        let source = hub::try_get()?.poller().register(inner.as_fd())?;
        Ok(Registered { inner, source })
    }

    pub(crate) fn get(&self) -> &T {
        &self.inner
    }

    /// Calls until the call does not say that it would block, and waits in between.
    ///
    /// # Errors
    /// What the call says; `TimedOut` after the time that the terms allow; and an error of kind `Other`
    /// if it had to wait while a panic unwinds the running greenlet.
    #[inline]
    #[track_caller]
    pub(crate) fn attempt<R>(
        &self,
        terms: Terms,
        call: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.attempt_counted(terms, call, |_| 0)
    }

    /// As `attempt`; `bytes_of` says how many the outcome has moved.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn attempt_counted<R>(
        &self,
        terms: Terms,
        mut call: impl FnMut(&T) -> io::Result<R>,
        bytes_of: impl FnOnce(&R) -> usize,
    ) -> io::Result<R> {
        hub::yield_if_budget_spent();
        let mut request = None;
        loop {
            if self.source.may_be_ready(terms.direction) {
                match call(&self.inner) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        self.source.clear_readiness(terms.direction);
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    outcome => {
                        hub::consume_budget(outcome.as_ref().map_or(0, bytes_of));
                        return outcome;
                    }
                }
            }
            let request = match &mut request {
                Some(request) => request,
                None => request.insert(self.request(&terms)),
            };
            let otherwise = match self.wait(terms.direction, request) {
                Ok(WakeReason::Notified) => continue,
                Ok(WakeReason::TimedOut) => timed_out(&terms, self.inner.as_fd().as_raw_fd()),
                Err(refused) => refused,
            };
            // An edge that came since was not seen yet: another greenlet may have kept the thread.
            return call(&self.inner).map_err(|error| match error.kind() {
                io::ErrorKind::WouldBlock => otherwise,
                _ => error,
            });
        }
    }

    /// As `attempt`, for calls that move bytes: fewer than `asked` mean that there is no more for now.
    #[inline]
    #[track_caller]
    pub(crate) fn attempt_bytes(
        &self,
        terms: Terms,
        asked: usize,
        mut call: impl FnMut(&T) -> io::Result<usize>,
    ) -> io::Result<usize> {
        if asked == 0 && terms.direction == Direction::Write {
            return call(&self.inner); // there is always room for nothing
        }
        let call = |inner: &T| {
            let moved = call(inner)?;
            if moved < asked {
                self.source.clear_partial(terms.direction);
            }
            Ok(moved)
        };
        self.attempt_counted(terms, call, |&moved| moved)
    }

    /// Waits for the next edge, without a call before.
    ///
    /// # Errors
    /// If a panic unwinds the running greenlet.
    #[track_caller]
    pub(crate) fn wait(
        &self,
        direction: Direction,
        request: &mut WaitRequest,
    ) -> io::Result<WakeReason> {
        let hub = hub::try_get()?;
        if self.source.may_be_ready(direction) {
            return Ok(WakeReason::Notified);
        }
        let _counted = hub.poller().count_wait();
        let woken = request.try_in_list(self.source.waiters(direction));
        woken.map_err(io::Error::other)
    }

    /// From now on only an edge that is yet to come says that a call is worth a try.
    pub(crate) fn clear_readiness(&self, direction: Direction) {
        self.source.clear_readiness(direction);
    }

    /// The request of a call that waits by these terms. Its time begins now.
    #[track_caller]
    pub(crate) fn request(&self, terms: &Terms) -> WaitRequest {
        let deadline = match (hub::current(), terms.timeout) {
            (Some(hub), Some(timeout)) => hub.clock().after(timeout),
            _ => Deadline::NEVER,
        };
        let reason = (terms.reason)(self.inner.as_fd().as_raw_fd());
        WaitRequest::new("I/O", reason, deadline)
    }
}

impl<T: AsFd> Drop for Registered<T> {
    fn drop(&mut self) {
        if let Some(hub) = hub::current() {
            let fd = self.inner.as_fd().as_raw_fd();
            hub.poller().deregister(fd, &self.source);
        }
    }
}

#[cold]
pub(crate) fn timed_out(terms: &Terms, fd: i32) -> io::Error {
    let text = format!("{} took too long", (terms.reason)(fd));
    io::Error::new(io::ErrorKind::TimedOut, text)
}
