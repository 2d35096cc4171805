//! The mode of a descriptor's open file.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Puts the open file of `fd` into non-blocking mode, or out of it, for all that share it.
///
/// # Errors
/// The system's error.
pub(crate) fn set_nonblocking(fd: BorrowedFd<'_>, on: bool) -> io::Result<()> {
    let fd = fd.as_raw_fd();
    // SAFETY: the descriptor is open, and no memory is passed.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFL) };
    if flags < 0 {
        return Err(io::Error::last_os_error());
    }
    let wanted = match on {
        true => flags | libc::O_NONBLOCK,
        false => flags & !libc::O_NONBLOCK,
    };
    if wanted == flags {
        return Ok(());
    }
    // SAFETY: as above.
    match unsafe { libc::fcntl(fd, libc::F_SETFL, wanted) } {
        0.. => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
