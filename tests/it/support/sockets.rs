//! Sockets in pairs, and what goes through them.

use std::net::SocketAddr;

use greenhub::net::{TcpListener, TcpStream};

/// A port of this machine's own that the system chooses.
pub(crate) fn any_local_address() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// Two connected streams on this thread.
pub(crate) fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind(any_local_address()).unwrap();
    let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (theirs, _) = listener.accept().unwrap();
    (ours, theirs)
}

/// A stream of ours, and its other side as the standard library has it.
pub(crate) fn pair_with_std() -> (TcpStream, std::net::TcpStream) {
    let listener = TcpListener::bind(any_local_address()).unwrap();
    let theirs = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (ours, _) = listener.accept().unwrap();
    (ours, theirs)
}

/// An address where nobody listens: none that the system would give to anybody meanwhile.
pub(crate) fn nobody() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 1))
}

/// So many bytes that tell where they belong.
pub(crate) fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|n| (n % 251) as u8).collect()
}

/// Resets the connection instead of ending it.
pub(crate) fn reset(stream: std::net::TcpStream) {
    use std::os::fd::AsRawFd;
    let linger = libc::linger {
        l_onoff: 1,
        l_linger: 0,
    };
    // SAFETY: a valid descriptor and a valid `linger` of the size that is given.
    let outcome = unsafe {
        libc::setsockopt(
            stream.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_LINGER,
            (&raw const linger).cast(),
            size_of::<libc::linger>() as libc::socklen_t,
        )
    };
    assert_eq!(outcome, 0);
}
