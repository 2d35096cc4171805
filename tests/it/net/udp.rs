//! Datagrams on the loopback: their borders, errors that belong to one datagram, limits, and what std's socket does.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use greenhub::net::UdpSocket;
use greenhub::{TimedOut, sleep, spawn, with_timeout, yield_now};

use crate::support::{Log, any_local_address, millis, seconds, within};

fn socket() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind(any_local_address()).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// Two sockets that are connected with each other.
fn pair() -> (UdpSocket, UdpSocket) {
    let ((one, first), (other, second)) = (socket(), socket());
    one.connect(second).unwrap();
    other.connect(first).unwrap();
    (one, other)
}

/// An address that no socket has, and none will get meanwhile.
fn dead_address() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 1))
}

#[test]
fn others_run_while_a_receive_waits() {
    let _watch = within(seconds(10));
    let log = Log::new();
    let (server, address) = socket();
    let served = spawn({
        let log = log.clone();
        move || {
            let mut buffer = [0; 64];
            let (count, client) = server.recv_from(&mut buffer).unwrap();
            log.say(String::from_utf8_lossy(&buffer[..count]));
            server.send_to(b"pong", client).unwrap();
        }
    });
    yield_now();
    log.say("others run");
    let (client, here) = socket();
    assert_eq!(client.send_to(b"ping", address).unwrap(), 4);
    let mut buffer = [0; 64];
    let (count, from) = client.recv_from(&mut buffer).unwrap();
    assert_eq!((&buffer[..count], from), (&b"pong"[..], address));
    assert_ne!(here, address);
    served.join().unwrap();
    log.check(["others run", "ping"]);
}

#[test]
fn a_datagram_has_borders() {
    let _watch = within(seconds(10));
    let (one, other) = pair();
    for bytes in [&b"long one"[..], b"", b"x", b"y"] {
        assert_eq!(one.send(bytes).unwrap(), bytes.len());
    }
    let mut buffer = [0; 4];
    assert_eq!(other.peek(&mut buffer).unwrap(), 4);
    assert_eq!(other.peek_from(&mut buffer).unwrap().0, 4);
    // The rest of it is gone.
    assert_eq!((other.recv(&mut buffer).unwrap(), &buffer), (4, b"long"));
    // An empty one is a datagram and no end.
    assert_eq!(other.recv(&mut buffer).unwrap(), 0);
    // Without room for a byte a receive takes one, too.
    assert_eq!(other.recv(&mut []).unwrap(), 0);
    assert_eq!((other.recv(&mut buffer).unwrap(), buffer[0]), (1, b'y'));
}

#[test]
fn a_dead_peer_is_told_once_for_each_datagram_and_the_socket_lives_on() {
    let _watch = within(seconds(10));
    let (client, _) = socket();
    client.connect(dead_address()).unwrap();
    for _ in 0..3 {
        assert_eq!(client.send(b"hello").unwrap(), 5);
        let error = client.recv(&mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        assert!(client.take_error().unwrap().is_none());
    }
    // The error is told to the reader that waits.
    let reader = spawn({
        let client = client.try_clone().unwrap();
        move || client.recv(&mut [0; 8])
    });
    yield_now();
    client.send(b"hello").unwrap();
    let error = reader.join().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    // And after that a receive waits again.
    assert!(with_timeout(millis(20), || client.recv(&mut [0; 8])).is_err());
}

#[test]
fn a_dead_address_is_no_error_of_an_unconnected_socket() {
    let _watch = within(seconds(10));
    let ((server, address), (client, _)) = (socket(), socket());
    for _ in 0..3 {
        assert_eq!(server.send_to(b"lost", dead_address()).unwrap(), 4);
    }
    client.send_to(b"hello", address).unwrap();
    let mut buffer = [0; 8];
    assert_eq!(server.recv_from(&mut buffer).unwrap().0, 5);
}

#[test]
fn errors_have_the_kinds_that_they_have_in_std() {
    let _watch = within(seconds(10));
    let (socket, address) = socket();
    let std = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let v6 = SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], 9));
    let too_long = vec![0; 65_508];
    let broadcast = SocketAddr::from((Ipv4Addr::BROADCAST, 9));
    let none: &[SocketAddr] = &[];
    let both = [
        (socket.send(b"x").err(), std.send(b"x").err()),
        (
            socket.send_to(&too_long, address).err(),
            std.send_to(&too_long, address).err(),
        ),
        (
            socket.send_to(b"x", broadcast).err(),
            std.send_to(b"x", broadcast).err(),
        ),
        (socket.send_to(b"x", v6).err(), std.send_to(b"x", v6).err()),
        (
            socket.send_to(b"x", none).err(),
            std.send_to(b"x", none).err(),
        ),
        (socket.peer_addr().err(), std.peer_addr().err()),
        (
            socket
                .join_multicast_v4(&Ipv4Addr::LOCALHOST, &Ipv4Addr::UNSPECIFIED)
                .err(),
            std.join_multicast_v4(&Ipv4Addr::LOCALHOST, &Ipv4Addr::UNSPECIFIED)
                .err(),
        ),
        (
            UdpSocket::bind(address).err(),
            std::net::UdpSocket::bind(address).err(),
        ),
    ];
    for (number, (ours, theirs)) in both.into_iter().enumerate() {
        let (ours, theirs) = (ours.expect("an error"), theirs.expect("an error"));
        assert_eq!(ours.kind(), theirs.kind(), "{number}");
        assert_eq!(ours.raw_os_error(), theirs.raw_os_error(), "{number}");
    }
}

#[test]
fn a_receive_ends_at_its_limit_by_a_timeout_and_by_a_kill_and_loses_nothing() {
    let _watch = within(seconds(10));
    let (one, other) = pair();
    assert_eq!(other.read_timeout().unwrap(), None);
    other.set_read_timeout(Some(millis(10))).unwrap();
    let error = other.recv(&mut [0; 8]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    let zero = other.set_read_timeout(Some(Duration::ZERO)).unwrap_err();
    assert_eq!(zero.kind(), ErrorKind::InvalidInput);
    other.set_read_timeout(None).unwrap();
    let ended: Result<_, TimedOut> = with_timeout(millis(10), || other.recv(&mut [0; 8]));
    assert!(ended.is_err());
    let reader = spawn({
        let other = other.try_clone().unwrap();
        move || other.recv(&mut [0; 8])
    });
    yield_now();
    let wait = reader.waits_for().expect("for a datagram");
    assert!(
        wait.reason()
            .to_string()
            .starts_with("read from descriptor")
    );
    assert_eq!(wait.place().expect("a line").file(), file!());
    one.send(b"kept").unwrap();
    reader.kill();
    let mut buffer = [0; 8];
    // Either the reader had it before its kill, or it is still there.
    match reader.join() {
        Ok(received) => assert_eq!(received.unwrap(), 4),
        Err(killed) => {
            assert!(killed.is_killed());
            assert_eq!(other.recv(&mut buffer).unwrap(), 4);
        }
    }
}

#[test]
fn several_wait_for_one_socket_and_each_gets_one() {
    let _watch = within(seconds(10));
    let (one, other) = pair();
    let readers: Vec<_> = (0..10)
        .map(|_| {
            let other = other.try_clone().unwrap();
            spawn(move || {
                let mut byte = [0];
                other.recv(&mut byte).unwrap();
                byte[0]
            })
        })
        .collect();
    yield_now();
    for n in 0..10 {
        one.send(&[n]).unwrap();
    }
    let got: Vec<u8> = readers
        .into_iter()
        .map(|reader| reader.join().unwrap())
        .collect();
    assert_eq!(got, Vec::from_iter(0..10));
}

#[test]
fn a_flood_lets_others_run() {
    let _watch = within(seconds(10));
    let (one, other) = pair();
    let reader = spawn(move || {
        let mut count = 0;
        other.set_read_timeout(Some(millis(50))).unwrap();
        while other.recv(&mut [0; 16]).is_ok() {
            count += 1;
        }
        count
    });
    let mut turns = 0;
    for _ in 0..1000 {
        one.send(b"datagram").unwrap();
        turns += 1;
        if turns % 100 == 0 {
            sleep(millis(1));
        }
    }
    assert_eq!(reader.join().unwrap(), 1000);
}

#[test]
fn a_group_is_joined_and_left() {
    let _watch = within(seconds(10));
    let (socket, address) = socket();
    let group = Ipv4Addr::new(239, 1, 2, 3);
    let interface = Ipv4Addr::LOCALHOST;
    if let Err(error) = socket.join_multicast_v4(&group, &interface) {
        println!("SKIPPED: no multicast on this machine: {error}");
        return;
    }
    let again = socket.join_multicast_v4(&group, &interface).unwrap_err();
    assert_eq!(again.kind(), ErrorKind::AddrInUse);
    assert!(socket.multicast_loop_v4().unwrap());
    socket.set_multicast_ttl_v4(3).unwrap();
    assert_eq!(socket.multicast_ttl_v4().unwrap(), 3);
    socket.set_broadcast(true).unwrap();
    assert!(socket.broadcast().unwrap());
    socket.set_ttl(9).unwrap();
    assert_eq!(socket.ttl().unwrap(), 9);
    socket.leave_multicast_v4(&group, &interface).unwrap();
    let gone = socket.leave_multicast_v4(&group, &interface).unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::AddrNotAvailable);
    assert!(address.port() > 0);
}
