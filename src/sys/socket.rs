//! Waiting for a descriptor more finely than by milliseconds, and sending without signals.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::time::Duration;

/// Waits until `fd` is readable or `limit` has passed, to within the kernel's timer slack (50 us), where
/// `epoll_wait` rounds up to whole milliseconds. An interrupted wait counts as over.
///
/// # Errors
/// What the system says, except for an interruption.
pub(crate) fn wait_readable(fd: RawFd, limit: Duration) -> io::Result<()> {
    let mut poll = libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    };
    let limit = libc::timespec {
        tv_sec: libc::time_t::try_from(limit.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: limit.subsec_nanos().into(),
    };
    // SAFETY: one valid pollfd and one valid timespec, both alive during the call; no signal mask.
    let outcome = unsafe { libc::ppoll(&raw mut poll, 1, &raw const limit, std::ptr::null()) };
    match check(outcome) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
        other => other.map(drop),
    }
}

/// Linux takes no more buffers in one call, and std hands it no more: those behind are for the next call.
pub(crate) const MOST_PARTS: usize = 1024;

/// Sends from several buffers at once, [`MOST_PARTS`] of them. Unlike `writev`, a peer that is gone is an error and never a SIGPIPE,
/// also where the program around us has left that signal at its deadly default.
///
/// # Errors
/// What the system says; `WouldBlock` where there is no room.
pub(crate) fn send_vectored(
    socket: BorrowedFd<'_>,
    parts: &[io::IoSlice<'_>],
) -> io::Result<usize> {
    let parts = &parts[..parts.len().min(MOST_PARTS)];
    // SAFETY: all zeroes is a valid msghdr: no name, no control data, no flags.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    // `IoSlice` has the layout of `iovec` on Unix, and sendmsg does not write through it.
    message.msg_iov = parts.as_ptr().cast_mut().cast();
    message.msg_iovlen = parts.len();
    // SAFETY: the message points to `parts`, which are alive during the call.
    let sent = unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const message, libc::MSG_NOSIGNAL) };
    if sent < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(sent.cast_unsigned())
}

/// No descriptor or no memory is left for a connection: worth another try later, when others were closed.
pub(crate) fn is_exhausted(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM)
    )
}

fn check(outcome: libc::c_int) -> io::Result<libc::c_int> {
    if outcome < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(outcome)
    }
}
