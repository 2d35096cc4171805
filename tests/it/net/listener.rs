//! Listeners: who gets which connection, and what is not an error.

use std::cell::Cell;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Instant;

use greenhub::net::{TcpListener, TcpStream};
use greenhub::{joinall, sleep, spawn, yield_now};

use crate::support::{Log, any_local_address, child, millis, reset, seconds, within};

#[test]
fn a_taken_port_is_the_error_that_std_gives() {
    let _watch = within(seconds(10));
    let listener = TcpListener::bind(any_local_address()).unwrap();
    let address = listener.local_addr().unwrap();
    let theirs = std::net::TcpListener::bind(address).unwrap_err();
    let error = TcpListener::bind(address).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    assert_eq!(error.to_string(), theirs.to_string());
    drop(listener);
    TcpListener::bind(address).unwrap();
}

#[test]
fn binding_takes_the_first_address_that_is_free() {
    let _watch = within(seconds(10));
    let taken = TcpListener::bind(any_local_address()).unwrap();
    let taken = taken.local_addr().map(|address| (address, taken)).unwrap();
    let listener = TcpListener::bind([taken.0, any_local_address()].as_slice()).unwrap();
    let address = listener.local_addr().unwrap();
    assert_ne!(address, taken.0);
    assert_ne!(address.port(), 0);
    let stream = TcpStream::connect(address).unwrap();
    let (accepted, peer) = listener.accept().unwrap();
    assert_eq!(peer, stream.local_addr().unwrap());
    assert_eq!(accepted.peer_addr().unwrap(), peer);
    listener.set_ttl(33).unwrap();
    assert_eq!(listener.ttl().unwrap(), 33);
    assert!(listener.take_error().unwrap().is_none());
}

#[test]
fn a_burst_of_connections_finds_room_before_any_is_accepted() {
    let _watch = within(seconds(30));
    // On IPv6, since the clients take a thousand ports, and other tests want one that they had before.
    let address = SocketAddr::from((Ipv6Addr::LOCALHOST, 0));
    let listener = TcpListener::bind([address, any_local_address()].as_slice()).unwrap();
    let address = listener.local_addr().unwrap();
    // A connection beyond the backlog is tried again after a second.
    let retry = millis(900);
    let burst = burst_with_room();
    let clients: Vec<_> = (0..burst)
        .map(|n| {
            std::net::TcpStream::connect_timeout(&address, retry)
                .unwrap_or_else(|error| panic!("connection {n} of {burst}: {error}"))
        })
        .collect();
    for client in clients {
        let (_, peer) = listener.accept().unwrap();
        assert_eq!(peer, client.local_addr().unwrap());
    }
}

/// A thousand connections, or what the system's limits on backlogs and descriptors allow.
fn burst_with_room() -> usize {
    let backlog = std::fs::read_to_string("/proc/sys/net/core/somaxconn")
        .map_or(128, |limit| limit.trim().parse().unwrap());
    let (descriptors, hard) = rlimit::Resource::NOFILE.get().unwrap();
    let wanted = 1000.min(backlog);
    let descriptors = descriptors.max(hard.min(2048));
    rlimit::Resource::NOFILE.set(descriptors, hard).unwrap();
    wanted.min(usize::try_from(descriptors).unwrap_or(usize::MAX) / 2)
}

#[test]
fn connections_come_over_ipv6_where_there_is_any() {
    let _watch = within(seconds(10));
    let address = SocketAddr::from((Ipv6Addr::LOCALHOST, 0));
    let Ok(listener) = TcpListener::bind(address) else {
        println!("no IPv6 on this machine");
        return;
    };
    let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut accepted, peer) = listener.accept().unwrap();
    assert!(peer.is_ipv6());
    stream.write_all(b"six").unwrap();
    let mut text = [0; 3];
    accepted.read_exact(&mut text).unwrap();
    assert_eq!(&text, b"six");
}

#[test]
fn single_accepts_get_connections_in_arrival_order() {
    let _watch = within(seconds(10));
    let listener = Rc::new(TcpListener::bind(any_local_address()).unwrap());
    let address = listener.local_addr().unwrap();
    let log = Log::new();
    let acceptors: Vec<_> = ["a", "b", "c"]
        .map(|name| {
            let (listener, log) = (listener.clone(), log.clone());
            spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                log.say(format!("{name}{}", byte[0]));
            })
        })
        .into();
    yield_now();
    for (n, acceptor) in (1..).zip(&acceptors) {
        TcpStream::connect(address)
            .unwrap()
            .write_all(&[n])
            .unwrap();
        acceptor.wait();
    }
    log.check_line("a1 b2 c3");
}

#[test]
fn repeated_accepts_get_connections_in_turn() {
    let _watch = within(seconds(10));
    let listener = TcpListener::bind(any_local_address()).unwrap();
    let address = listener.local_addr().unwrap();
    let log = Log::new();
    for name in ["a", "b", "c"] {
        let (listener, log) = (listener.try_clone().unwrap(), log.clone());
        spawn(move || {
            for stream in listener.incoming() {
                drop(stream.unwrap());
                log.say(name);
            }
        })
        .detach();
    }
    drop(listener);
    for n in 1..=6 {
        yield_now();
        let _stream = TcpStream::connect(address).unwrap();
        while log.words().len() < n {
            sleep(millis(1));
        }
    }
    log.check_line("a b c a b c");
}

#[test]
fn a_burst_of_connections_is_accepted_whole() {
    let _watch = within(seconds(20));
    let listener = Rc::new(TcpListener::bind(any_local_address()).unwrap());
    let address = listener.local_addr().unwrap();
    let accepted = Rc::new(Cell::new(0));
    let acceptors = [(); 3].map(|()| {
        let (listener, accepted) = (listener.clone(), accepted.clone());
        spawn(move || {
            for _ in 0..40 {
                listener.accept().unwrap();
                accepted.set(accepted.get() + 1);
            }
        })
    });
    yield_now();
    // All at once, before anybody accepts.
    let streams: Vec<_> = (0..120)
        .map(|_| std::net::TcpStream::connect(address).unwrap())
        .collect();
    joinall(&acceptors);
    assert_eq!((accepted.get(), streams.len()), (120, 120));
}

#[test]
fn a_connection_reset_before_accept_disturbs_no_other() {
    let _watch = within(seconds(10));
    let listener = TcpListener::bind(any_local_address()).unwrap();
    let address = listener.local_addr().unwrap();
    reset(std::net::TcpStream::connect(address).unwrap());
    let mut good = std::net::TcpStream::connect(address).unwrap();
    good.write_all(b"x").unwrap();
    let server = spawn(move || {
        loop {
            let (mut stream, _) = listener.accept().unwrap();
            // Linux hands the reset one out, too.
            match stream.read(&mut [0; 8]) {
                Ok(1) => return,
                Ok(count) => panic!("{count} bytes"),
                Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
            }
        }
    });
    server.join().unwrap();
}

#[test]
fn a_dropped_listener_refuses_while_its_connections_live() {
    let _watch = within(seconds(10));
    let listener = TcpListener::bind(any_local_address()).unwrap();
    let address = listener.local_addr().unwrap();
    let mut ours = TcpStream::connect(address).unwrap();
    let (mut theirs, _) = listener.accept().unwrap();
    drop(listener);
    let error = TcpStream::connect(address).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    theirs.write_all(b"still").unwrap();
    ours.read_exact(&mut [0; 5]).unwrap();
}

/// How often this thread has gone to sleep in the kernel, and for how long it has computed.
fn own_usage() -> (i64, std::time::Duration) {
    // SAFETY: all zeroes is a valid rusage.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: room for one rusage.
    let outcome = unsafe { libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage) };
    assert_eq!(outcome, 0);
    let micros = |time: libc::timeval| (time.tv_sec * 1_000_000 + time.tv_usec).cast_unsigned();
    let computed = micros(usage.ru_utime) + micros(usage.ru_stime);
    (usage.ru_nvcsw, std::time::Duration::from_micros(computed))
}

#[test]
fn accept_without_descriptors_waits_and_recovers() {
    let ended = child(
        "net::listener::accept_without_descriptors_waits_and_recovers",
        || {
            let listener = TcpListener::bind(any_local_address()).unwrap();
            let address = listener.local_addr().unwrap();
            let mut ours = TcpStream::connect(address).unwrap();
            let (mut theirs, _) = listener.accept().unwrap();
            let clients = [(); 5].map(|()| std::net::TcpStream::connect(address).unwrap());
            let limit = libc::rlimit {
                rlim_cur: 64,
                rlim_max: 64,
            };
            // SAFETY: a valid limit.
            let outcome = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) };
            assert_eq!(outcome, 0);
            let mut files = Vec::new();
            while let Ok(file) = std::fs::File::open("/dev/null") {
                files.push(file);
            }
            let acceptor = spawn(move || clients.map(|_client| listener.accept().unwrap()));
            yield_now();
            // It would rather wait for long than often.
            let before = own_usage();
            sleep(seconds(1));
            let after = own_usage();
            let (woken, computed) = (after.0 - before.0, after.1 - before.1);
            println!("without a descriptor: {woken} wake-ups in a second, {computed:?} computed");
            assert!(woken < 20, "{woken}");
            assert!(computed < millis(100), "{computed:?}");
            assert!(!acceptor.is_finished());
            // Others are served meanwhile.
            let begun = Instant::now();
            let echo = spawn(move || {
                let mut byte = [0];
                for _ in 0..100 {
                    theirs.read_exact(&mut byte).unwrap();
                    theirs.write_all(&byte).unwrap();
                }
            });
            for _ in 0..100 {
                ours.write_all(b"x").unwrap();
                ours.read_exact(&mut [0]).unwrap();
            }
            echo.join().unwrap();
            assert!(begun.elapsed() < millis(500));
            drop(files);
            let begun = Instant::now();
            assert_eq!(acceptor.join().unwrap().len(), 5);
            println!("it had recovered after {:?}", begun.elapsed());
            assert!(begun.elapsed() < millis(1500));
        },
    );
    print!("{}", ended.must_be_ok().stdout);
}

#[test]
fn cloned_listeners_accept_while_another_is_dropped() {
    let _watch = within(seconds(10));
    let listener = TcpListener::bind(any_local_address()).unwrap();
    let address = listener.local_addr().unwrap();
    let clone = listener.try_clone().unwrap();
    let acceptor = spawn(move || clone.accept().map(|(stream, _)| stream).unwrap());
    yield_now();
    drop(listener);
    yield_now();
    assert!(!acceptor.is_finished());
    let _client = TcpStream::connect(address).unwrap();
    acceptor.join().unwrap();
    let error = TcpStream::connect(address).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn a_listener_of_std_is_taken_over() {
    let _watch = within(seconds(10));
    let listener = std::net::TcpListener::bind(any_local_address()).unwrap();
    let address = listener.local_addr().unwrap();
    let client = std::net::TcpStream::connect(address).unwrap();
    let listener = TcpListener::from_std(listener).unwrap();
    let (mut accepted, _) = listener.accept().unwrap();
    let mut ours = TcpStream::from_std(client).unwrap();
    let reader = spawn(move || ours.read(&mut [0; 8]).unwrap());
    yield_now();
    accepted.write_all(b"abc").unwrap();
    assert_eq!(reader.join().unwrap(), 3);
}

#[test]
fn a_socket_that_does_not_listen_is_an_error() {
    let _watch = within(seconds(10));
    let datagrams = std::net::UdpSocket::bind(any_local_address()).unwrap();
    let socket = std::net::TcpListener::from(OwnedFd::from(datagrams));
    let listener = TcpListener::from_std(socket).unwrap();
    let error = listener.accept().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}
