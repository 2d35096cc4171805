//! Sockets in numbers: descriptors that are used again at once, stale events, and nothing left open.

use std::cell::{Cell, RefCell};
use std::io::{self, BufWriter, ErrorKind, Read, Write};
use std::rc::Rc;
use std::time::Duration;

use greenhub::net::{TcpListener, TcpStream};
use greenhub::{joinall, sleep, spawn, yield_now};

use crate::support::{
    any_local_address, child, millis, nobody, open_descriptors, pair, pair_with_std, resident,
    seconds, slowness, within,
};

#[test]
fn two_thousand_short_connections_are_each_served_by_their_own() {
    child(
        "net::load::two_thousand_short_connections_are_each_served_by_their_own",
        || {
            let listener = TcpListener::bind(any_local_address()).unwrap();
            let address = listener.local_addr().unwrap();
            spawn(move || {
                for stream in listener.incoming() {
                    let mut stream = stream.unwrap();
                    spawn(move || -> io::Result<()> {
                        let mut number = [0; 4];
                        stream.read_exact(&mut number)?;
                        if number[0] % 3 == 0 {
                            yield_now();
                        }
                        stream.write_all(&number)?;
                        if number[0] % 5 == 0 {
                            // Leaves while events are on their way.
                            return Ok(());
                        }
                        stream.read(&mut [0]).map(drop)
                    })
                    .detach();
                }
            })
            .detach();
            // Made by the first connection: the waker, the poller.
            drop(TcpStream::connect(address).unwrap());
            let files = open_descriptors();
            let clients: Vec<_> = (0..20u32)
                .map(|client| {
                    spawn(move || {
                        for n in 0..100 {
                            let number = (client * 100 + n).to_le_bytes();
                            let mut stream = TcpStream::connect(address).unwrap();
                            if n % 7 == 0 {
                                continue; // closed before a word
                            }
                            stream.write_all(&number).unwrap();
                            let mut back = [0; 4];
                            stream.read_exact(&mut back).unwrap();
                            assert_eq!(back, number);
                        }
                    })
                })
                .collect();
            for client in clients {
                client.join().unwrap();
            }
            while open_descriptors() > files {
                sleep(millis(1));
            }
        },
    )
    .must_be_ok();
}

#[test]
fn an_event_of_a_closed_stream_does_not_reach_its_successor() {
    let _watch = within(seconds(20));
    // In one batch of events: first one for `killer`, whose reader drops the victims and makes new
    // streams with the same descriptors, and then some for the victims.
    for _ in 0..50 {
        let (mut killer_writer, mut killer_reader) = pair();
        let mut victims: Vec<_> = (0..10).map(|_| pair()).collect();
        let killer = spawn(move || {
            killer_reader.read_exact(&mut [0]).unwrap();
            let mut readers: Vec<TcpStream> = Vec::new();
            for (ours, theirs) in victims.drain(..) {
                (&theirs).write_all(b"stale").unwrap();
                drop(ours);
                drop(theirs);
                let (fresh, mut other) = pair();
                other.write_all(b"ok").unwrap();
                drop(other);
                readers.push(fresh);
            }
            for mut reader in readers {
                let mut text = String::new();
                reader.read_to_string(&mut text).unwrap();
                assert_eq!(text, "ok");
            }
        });
        yield_now();
        killer_writer.write_all(b"!").unwrap();
        killer.join().unwrap();
    }
}

#[test]
fn dropped_streams_with_waiting_clones_leave_no_registration() {
    child(
        "net::load::dropped_streams_with_waiting_clones_leave_no_registration",
        || {
            drop(pair());
            let files = open_descriptors();
            for n in 0..300u64 {
                let (ours, theirs) = pair();
                let clone = ours.try_clone().unwrap();
                clone
                    .set_read_timeout(Some(Duration::from_micros(n % 50 + 1)))
                    .unwrap();
                let reader = spawn(move || {
                    let outcome = (&clone).read(&mut [0]);
                    outcome.map_err(|error| error.kind())
                });
                yield_now();
                drop(ours);
                if n % 2 == 0 {
                    drop(theirs);
                    let outcome = reader.join().unwrap();
                    assert!(matches!(outcome, Ok(0) | Err(ErrorKind::TimedOut)));
                } else {
                    assert_eq!(reader.join().unwrap(), Err(ErrorKind::TimedOut));
                }
            }
            assert_eq!(open_descriptors(), files);
        },
    )
    .must_be_ok();
}

#[test]
#[cfg_attr(
    feature = "sanitizer",
    ignore = "AddressSanitizer keeps freed memory, so what is resident says nothing"
)]
fn a_dropped_stream_is_unwatched_though_its_socket_lives() {
    child(
        "net::load::a_dropped_stream_is_unwatched_though_its_socket_lives",
        || {
            let (_ours, theirs) = pair_with_std();
            let round = |count| {
                for _ in 0..count {
                    let again = theirs.try_clone().unwrap();
                    drop(TcpStream::from_std(again).unwrap());
                }
            };
            round(1000);
            let memory = resident();
            round(50_000 / slowness());
            let grown = resident().saturating_sub(memory);
            assert!(grown < 2048, "{grown} KiB");
        },
    )
    .must_be_ok();
}

#[test]
fn descriptors_of_refused_and_late_connections_are_closed() {
    child(
        "net::load::descriptors_of_refused_and_late_connections_are_closed",
        || {
            let address = nobody();
            yield_now();
            let _ = TcpStream::connect(address);
            let files = open_descriptors();
            for _ in 0..200 {
                let error = TcpStream::connect(address).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
            }
            assert_eq!(open_descriptors(), files);
        },
    )
    .must_be_ok();
}

#[test]
fn five_hundred_connections_talk_at_once() {
    let _watch = within(seconds(25));
    child("net::load::five_hundred_connections_talk_at_once", || {
        let listener = TcpListener::bind(any_local_address()).unwrap();
        let address = listener.local_addr().unwrap();
        spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                spawn(move || io::copy(&mut &stream, &mut &stream)).detach();
            }
        })
        .detach();
        let turns = Rc::new(Cell::new(0));
        let clients: Vec<_> = (0..500u32)
            .map(|client| {
                let turns = turns.clone();
                spawn(move || {
                    let mut stream = TcpStream::connect(address).unwrap();
                    for turn in 0..20u32 {
                        let word = [client.to_le_bytes(), turn.to_le_bytes()].concat();
                        stream.write_all(&word).unwrap();
                        let mut back = [0; 8];
                        stream.read_exact(&mut back).unwrap();
                        assert_eq!(back[..], word);
                        turns.set(turns.get() + 1);
                    }
                })
            })
            .collect();
        joinall(&clients);
        assert_eq!(turns.get(), 10_000);
    })
    .must_be_ok();
}

#[test]
fn bytes_that_come_while_a_reader_lets_others_run_are_seen() {
    let _watch = within(seconds(20));
    let (mut ours, mut theirs) = pair();
    let (_idle, mut watched) = pair();
    spawn(move || watched.read(&mut [0])).detach(); // so that the poller is asked every turn
    let (done, read) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(0)));
    let fillers: Vec<_> = (0..400)
        .map(|_| {
            let done = done.clone();
            spawn(move || {
                while !done.get() {
                    yield_now();
                }
            })
        })
        .collect();
    let reader = spawn({
        let read = read.clone();
        move || {
            loop {
                match ours.read(&mut [0; 8]).unwrap() {
                    0 => break,
                    count => read.set(read.get() + count),
                }
            }
        }
    });
    // A switch costs a hundred times as much under a checker.
    let rounds = if slowness() > 1 { 30 } else { 1500 };
    for round in 1..=rounds {
        // Two messages, and the second may come at any moment of the first one's read.
        theirs.write_all(b"1").unwrap();
        for _ in 0..round * 37 % 601 {
            drop(spawn(|| ())); // so that the reader comes at another place of a turn
        }
        for _ in 0..round % 5 {
            yield_now();
        }
        theirs.write_all(b"2").unwrap();
        while read.get() < 2 * round {
            yield_now();
        }
    }
    drop(theirs);
    reader.join().unwrap();
    done.set(true);
    joinall(&fillers);
}

thread_local! {
    static FAREWELL: RefCell<Option<BufWriter<TcpStream>>> = const { RefCell::new(None) };
}

#[test]
fn a_stream_in_a_thread_local_may_write_at_thread_end() {
    let ended = child(
        "net::load::a_stream_in_a_thread_local_may_write_at_thread_end",
        || {
            let listener = std::net::TcpListener::bind(any_local_address()).unwrap();
            let address = listener.local_addr().unwrap();
            let thread = std::thread::spawn(move || {
                FAREWELL.with(|_| ()); // before the hub, so it goes after it
                let mut writer = BufWriter::new(TcpStream::connect(address).unwrap());
                writer.write_all(b"goodbye").unwrap();
                FAREWELL.set(Some(writer));
            });
            let (mut stream, _) = listener.accept().unwrap();
            thread.join().unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).unwrap();
            println!("the peer has read: {text}");
        },
    );
    let text = &ended.must_be_ok().stdout;
    assert!(text.contains("has read: goodbye"), "{text}");
}
