//! Waits for a descriptor with nanoseconds, sends without SIGPIPE, and reads the errors of `accept`.

use super::system;
use std::io;
#[cfg(target_os = "linux")]
use std::os::fd::RawFd;
use std::os::fd::{AsRawFd, BorrowedFd};
#[cfg(target_os = "linux")]
use std::time::Duration;

/// Waits until `fd` is readable or `limit` has passed. An interrupted wait counts as over.
///
/// # Errors
/// The system's error, except for an interruption.
#[cfg(target_os = "linux")]
pub(crate) fn wait_readable(fd: RawFd, limit: Duration) -> io::Result<()> {
    match system::wait_readable(fd, limit) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
        other => other,
    }
}

/// Gives a socket that listens the largest backlog that the system allows; connections that wait in it stay.
///
/// # Errors
/// The system's error.
pub(crate) fn raise_backlog(listener: BorrowedFd<'_>) -> io::Result<()> {
    // Cut to the limit by the kernel: `net.core.somaxconn` of Linux, `kern.ipc.somaxconn` of macOS and FreeBSD.
    // SAFETY: the descriptor is open, and no memory is passed.
    check(unsafe { libc::listen(listener.as_raw_fd(), libc::c_int::MAX) }).map(drop)
}

/// The most buffers of one call, in Linux and in std; further buffers are for the next call.
pub(crate) const MOST_PARTS: usize = 1024;

/// Sends from several buffers at once, [`MOST_PARTS`] of them. Unlike `writev`, a closed peer is an error and never a SIGPIPE,
/// also in a program that has left that signal at its default, which kills.
///
/// # Errors
/// The system's error; `WouldBlock` where the socket's buffer is full.
pub(crate) fn send_vectored(
    socket: BorrowedFd<'_>,
    parts: &[io::IoSlice<'_>],
) -> io::Result<usize> {
    let parts = &parts[..parts.len().min(MOST_PARTS)];
    // SAFETY: all zeroes is a valid msghdr: no name, no control data, no flags.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    // `IoSlice` has the layout of `iovec` on Unix, and sendmsg does not write through it.
    message.msg_iov = parts.as_ptr().cast_mut().cast();
    // An `int` in some C libraries; the number is small.
    message.msg_iovlen = parts.len() as _;
    // SAFETY: the message points to `parts`, which are alive during the call.
    let sent = unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const message, libc::MSG_NOSIGNAL) };
    if sent < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(sent.cast_unsigned())
}

/// Sends: as [`send_vectored`], from one buffer.
///
/// # Errors
/// As there.
pub(crate) fn send(socket: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    let (fd, first) = (socket.as_raw_fd(), bytes.as_ptr().cast());
    // SAFETY: the kernel reads `bytes`, which is alive during the call.
    let sent = unsafe { libc::send(fd, first, bytes.len(), libc::MSG_NOSIGNAL) };
    if sent < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(sent.cast_unsigned())
}

/// Who was at the other end of a connected Unix socket when that was connected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct PeerCredentials {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Not every system tells it.
    pub(crate) pid: Option<i32>,
}

/// The credentials of the peer of a Unix socket.
///
/// # Errors
/// The system's error; `NotConnected` where there is no peer.
pub(crate) fn peer_credentials(socket: BorrowedFd<'_>) -> io::Result<PeerCredentials> {
    let (uid, gid, pid) = system::peer_credentials(socket.as_raw_fd())?;
    Ok(PeerCredentials { uid, gid, pid })
}

/// What a failed `accept` means for its listener.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum AcceptFailure {
    /// The connection was lost before it was accepted: the next one may be there already.
    ConnectionLost,
    /// No descriptor or no memory is left for a connection: try again later, when others were closed.
    Exhausted,
    /// The listener itself has failed.
    Listener,
}

/// Reads the error of an `accept` on `listener`.
///
/// A socket that does not listen may give one of a lost connection's errors (`EOPNOTSUPP`) each time.
pub(crate) fn accept_failure(listener: BorrowedFd<'_>, error: &io::Error) -> AcceptFailure {
    match error.raw_os_error() {
        Some(libc::EOPNOTSUPP) if !is_listening(listener) => AcceptFailure::Listener,
        Some(errno) if system::is_lost_connection(errno) => AcceptFailure::ConnectionLost,
        Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM) => {
            AcceptFailure::Exhausted
        }
        _ => AcceptFailure::Listener,
    }
}

fn is_listening(socket: BorrowedFd<'_>) -> bool {
    let mut answer: libc::c_int = 0;
    let mut len = libc::socklen_t::try_from(size_of_val(&answer)).unwrap_or(0);
    // SAFETY: the kernel writes at most `len` bytes to `answer`, and how many to `len`.
    let refused = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_ACCEPTCONN,
            (&raw mut answer).cast(),
            &raw mut len,
        )
    };
    refused == 0 && answer != 0
}

fn check(outcome: libc::c_int) -> io::Result<libc::c_int> {
    if outcome < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, UdpSocket};
    use std::os::fd::AsFd;

    /// Linux gives an accepted connection's errors to `accept`.
    #[cfg(target_os = "linux")]
    const NETWORK: [i32; 8] = [
        libc::ENETDOWN,
        libc::EPROTO,
        libc::ENOPROTOOPT,
        libc::EHOSTDOWN,
        libc::ENONET,
        libc::EHOSTUNREACH,
        libc::EOPNOTSUPP,
        libc::ENETUNREACH,
    ];
    #[cfg(not(target_os = "linux"))]
    const NETWORK: [i32; 0] = [];

    #[test]
    fn accept_errors_have_their_meanings() {
        use AcceptFailure::{ConnectionLost, Exhausted, Listener};
        let listening = TcpListener::bind("127.0.0.1:0").unwrap();
        let datagrams = UdpSocket::bind("127.0.0.1:0").unwrap();
        let table = [
            (libc::ECONNABORTED, ConnectionLost),
            (libc::EMFILE, Exhausted),
            (libc::ENFILE, Exhausted),
            (libc::ENOBUFS, Exhausted),
            (libc::ENOMEM, Exhausted),
            (libc::EINVAL, Listener),
            (libc::EBADF, Listener),
            (libc::EFAULT, Listener),
            (libc::ENOTSOCK, Listener),
            (libc::EPERM, Listener),
            (libc::ETIMEDOUT, Listener),
        ];
        for (errno, meaning) in table
            .into_iter()
            .chain(NETWORK.map(|errno| (errno, ConnectionLost)))
        {
            let error = io::Error::from_raw_os_error(errno);
            assert_eq!(
                accept_failure(listening.as_fd(), &error),
                meaning,
                "{error}"
            );
        }
        let not_supported = io::Error::from_raw_os_error(libc::EOPNOTSUPP);
        let meaning = accept_failure(datagrams.as_fd(), &not_supported);
        assert_eq!(meaning, Listener, "a socket that does not listen");
        let ours = io::Error::other("an error without a number");
        assert_eq!(accept_failure(listening.as_fd(), &ours), Listener);
    }
}
