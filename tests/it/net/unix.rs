//! Unix sockets: streams, listeners and datagrams, at paths and at abstract names, and where no event says that there is room.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::AsRawFd;
#[cfg(target_os = "linux")]
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::SocketAddr;
use std::path::PathBuf;

use greenhub::net::{UnixDatagram, UnixListener, UnixStream};
use greenhub::{sleep, spawn, with_timeout, yield_now};

use crate::support::{Log, bytes, child, millis, seconds, within};

/// A path that no other test uses, and which is removed at the end.
struct SocketPath(PathBuf);

impl SocketPath {
    fn new(name: &str) -> SocketPath {
        let name = format!("greenhub-{name}-{}", std::process::id());
        SocketPath(std::env::temp_dir().join(name))
    }
}

impl Drop for SocketPath {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn a_stream_echoes_with_both_directions_at_once() {
    let _watch = within(seconds(20));
    let path = SocketPath::new("echo");
    let listener = UnixListener::bind(&path.0).unwrap();
    assert_eq!(listener.local_addr().unwrap().as_pathname(), Some(&*path.0));
    let server = spawn(move || {
        let (stream, peer) = listener.accept().unwrap();
        assert!(peer.is_unnamed());
        io::copy(&mut &stream, &mut &stream).unwrap()
    });
    let stream = UnixStream::connect(&path.0).unwrap();
    let sent = bytes(1 << 20);
    let writer = spawn({
        let (mut stream, sent) = (stream.try_clone().unwrap(), sent.clone());
        move || {
            stream.write_all(&sent).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
        }
    });
    let mut received = Vec::new();
    (&stream).read_to_end(&mut received).unwrap();
    writer.join().unwrap();
    assert_eq!((received == sent, server.join().unwrap()), (true, 1 << 20));
}

#[test]
fn credentials_tell_who_is_at_the_other_end() {
    let (one, _other) = UnixStream::pair().unwrap();
    let peer = one.peer_cred().unwrap();
    let expected = if cfg!(target_os = "freebsd") {
        None
    } else {
        Some(std::process::id() as i32)
    };
    assert_eq!(peer.pid(), expected);
    // SAFETY: it only returns a number.
    let uid = unsafe { libc::geteuid() };
    // SAFETY: as above.
    let gid = unsafe { libc::getegid() };
    assert_eq!((peer.uid(), peer.gid()), (uid, gid));
    let path = SocketPath::new("nobody");
    let listener = UnixListener::bind(&path.0).unwrap();
    let connected = UnixStream::connect(&path.0).unwrap();
    assert_eq!(connected.peer_cred().unwrap(), peer);
    drop(listener);
}

#[test]
fn errors_have_the_kinds_that_they_have_in_std() {
    let path = SocketPath::new("kinds");
    let missing = UnixStream::connect(&path.0).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    std::fs::write(&path.0, "a file").unwrap();
    let refused = UnixStream::connect(&path.0).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    let taken = UnixListener::bind(&path.0).unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::AddrInUse);
    assert!(path.0.exists(), "it is not ours to remove");
    std::fs::remove_file(&path.0).unwrap();
    for bad in ["x".repeat(200), "a\0b".to_owned()] {
        let errors = [
            UnixStream::connect(&bad).unwrap_err(),
            UnixListener::bind(&bad).unwrap_err(),
            UnixDatagram::bind(&bad).unwrap_err(),
        ];
        assert!(
            errors
                .iter()
                .all(|error| error.kind() == ErrorKind::InvalidInput)
        );
    }
    let listener = UnixListener::bind(&path.0).unwrap();
    drop(listener);
    assert!(path.0.exists(), "as with std it stays");
}

#[test]
fn one_who_connects_again_and_again_lets_others_run() {
    let _watch = within(seconds(10));
    let path = SocketPath::new("again");
    let listener = UnixListener::bind(&path.0).unwrap();
    let other = spawn(|| ());
    let mut streams = Vec::new();
    while !other.is_finished() {
        streams.push(UnixStream::connect(&path.0).unwrap());
        assert!(streams.len() <= 200, "nobody else has run");
    }
    drop(listener);
}

#[cfg(target_os = "linux")]
#[test]
fn abstract_names_need_no_file() {
    let _watch = within(seconds(10));
    let name = format!("greenhub\0{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let listener = UnixListener::bind_addr(&address).unwrap();
    let client = spawn({
        let address = address.clone();
        move || UnixStream::connect_addr(&address)
    });
    let (mut near, _) = listener.accept().unwrap();
    let mut far = client.join().unwrap().unwrap();
    far.write_all(b"hello").unwrap();
    drop(far);
    let mut text = String::new();
    near.read_to_string(&mut text).unwrap();
    assert_eq!(text, "hello");
    drop((listener, near));
    let refused = UnixStream::connect_addr(&address).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn a_connect_waits_for_room_in_the_backlog() {
    let _watch = within(seconds(20));
    let path = SocketPath::new("backlog");
    let listener = UnixListener::bind(&path.0).unwrap();
    // The smallest backlog, for which std has no call.
    // SAFETY: it takes no memory.
    assert_eq!(unsafe { libc::listen(listener.as_raw_fd(), 0) }, 0);
    let log = Log::new();
    let mut waiting = Vec::new();
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let (path, log) = (path.0.clone(), log.clone());
            spawn(move || {
                let stream = UnixStream::connect(path).unwrap();
                log.say("connected");
                stream
            })
        })
        .collect();
    sleep(millis(20));
    for client in &clients {
        if let Some(wait) = client.waits_for() {
            assert_eq!(
                wait.reason().to_string(),
                "room in the backlog of a Unix socket"
            );
            waiting.push(client.id());
        }
    }
    assert!(!waiting.is_empty(), "the backlog has room for all");
    let limited = with_timeout(millis(10), || UnixStream::connect(&path.0));
    assert!(limited.is_err());
    for _ in 0..4 {
        listener.accept().unwrap();
    }
    for client in clients {
        client.join().unwrap();
    }
    log.check(["connected"; 4]);
}

#[test]
fn datagrams_keep_their_borders_and_wait_for_a_full_queue() {
    let _watch = within(seconds(20));
    let (left, right) = UnixDatagram::pair().unwrap();
    let sender = spawn(move || {
        for n in 0..2000_u32 {
            left.send(&n.to_le_bytes()).unwrap();
        }
    });
    sleep(millis(5));
    assert!(!sender.is_finished(), "the queue is full");
    let mut buffer = [0; 16];
    for n in 0..2000_u32 {
        assert_eq!(right.recv(&mut buffer).unwrap(), 4);
        assert_eq!(buffer[..4], n.to_le_bytes());
    }
    sender.join().unwrap();
}

#[test]
fn a_send_to_a_full_queue_is_tried_again() {
    let _watch = within(seconds(20));
    let path = SocketPath::new("full");
    let receiver = UnixDatagram::bind(&path.0).unwrap();
    let sender = UnixDatagram::unbound().unwrap();
    sender.set_write_timeout(Some(millis(30))).unwrap();
    let mut sent = 0;
    let error = loop {
        match sender.send_to(b"datagram", &path.0) {
            Ok(_) => sent += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(sent > 0);
    sender.set_write_timeout(None).unwrap();
    let last = spawn({
        let path = path.0.clone();
        move || sender.send_to(b"the last", path)
    });
    sleep(millis(5));
    assert!(!last.is_finished());
    let mut buffer = [0; 16];
    for _ in 0..sent {
        receiver.recv(&mut buffer).unwrap();
    }
    let (count, from) = receiver.recv_from(&mut buffer).unwrap();
    assert_eq!(
        (&buffer[..count], from.is_unnamed()),
        (&b"the last"[..], true)
    );
    assert_eq!(last.join().unwrap().unwrap(), 8);
}

#[test]
fn a_datagram_peer_that_is_gone_is_an_error() {
    let _watch = within(seconds(10));
    let (left, right) = UnixDatagram::pair().unwrap();
    drop(right);
    let error = left.send(b"x").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    let path = SocketPath::new("gone");
    drop(UnixDatagram::bind(&path.0).unwrap());
    let sender = UnixDatagram::unbound().unwrap();
    let error = sender.send_to(b"x", &path.0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn a_write_to_a_closed_peer_is_an_error_and_no_signal() {
    // In a process that dies of SIGPIPE, as C programs do.
    let test = "net::unix::a_write_to_a_closed_peer_is_an_error_and_no_signal";
    child(test, || {
        // SAFETY: the process has this thread and that of the test harness, which handle no signals.
        unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
        let (mut one, other) = UnixStream::pair().unwrap();
        drop(other);
        assert_eq!(one.write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
        let parts = [io::IoSlice::new(b"x"), io::IoSlice::new(b"y")];
        let error = one.write_vectored(&parts).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        assert_eq!(one.read(&mut [0]).unwrap(), 0);
    })
    .check_success();
}

#[test]
fn waits_end_by_limits_and_kills_and_lose_nothing() {
    let _watch = within(seconds(10));
    let (mut one, mut other) = UnixStream::pair().unwrap();
    one.set_read_timeout(Some(millis(10))).unwrap();
    assert_eq!(one.read_timeout().unwrap(), Some(millis(10)));
    assert_eq!(one.read(&mut [0]).unwrap_err().kind(), ErrorKind::TimedOut);
    one.set_read_timeout(None).unwrap();
    assert!(with_timeout(millis(10), || one.read(&mut [0])).is_err());
    let reader = spawn({
        let mut one = one.try_clone().unwrap();
        move || one.read(&mut [0])
    });
    yield_now();
    reader.kill();
    assert!(reader.join().unwrap_err().is_killed());
    other.write_all(b"kept").unwrap();
    let mut buffer = [0; 4];
    one.read_exact(&mut buffer).unwrap();
    assert_eq!(&buffer, b"kept");
}
