//! Streams when all goes well: bytes arrive whole and in order, in the shapes that std has.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;
use std::rc::Rc;
use std::thread;

use greenhub::net::{TcpListener, TcpStream};
use greenhub::{joinall, sleep, spawn, yield_now};

use crate::support::{
    Log, any_local_address, bytes, millis, open_descriptors, pair, pair_with_std, seconds,
    slowness, within,
};

#[test]
fn one_byte_comes_back() {
    let _watch = within(seconds(10));
    let (mut ours, mut theirs) = pair();
    let echo = spawn(move || io::copy(&mut theirs.try_clone()?, &mut theirs));
    ours.write_all(b"1").unwrap();
    let mut back = [0];
    ours.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"1");
    drop(ours);
    assert_eq!(echo.join().unwrap().unwrap(), 1);
}

#[test]
fn twenty_megabytes_come_back_through_a_slow_reader() {
    let _watch = within(seconds(30));
    let size = (20 << 20) / slowness().min(5) as usize;
    let (ours, theirs) = pair();
    let echo = spawn(move || io::copy(&mut &theirs, &mut &theirs).map(|count| (count, theirs)));
    let ours = Rc::new(ours);
    let writer = spawn({
        let ours = ours.clone();
        move || {
            (&*ours).write_all(&bytes(size)).unwrap();
            ours.shutdown(Shutdown::Write).unwrap();
        }
    });
    let mut back = Vec::with_capacity(size);
    let mut room = [0; 10_007];
    for n in 0.. {
        if n % 10 == 0 {
            for _ in 0..20 {
                yield_now();
            }
        }
        if n % 200 == 0 {
            sleep(millis(1));
        }
        match (&*ours).read(&mut room).unwrap() {
            0 => break,
            count => back.extend_from_slice(&room[..count]),
        }
        if n == 1 {
            // Both have sent what they can and wait for room.
            sleep(millis(20));
        }
        if back.len() == size {
            // The echo's own side is still open.
            break;
        }
    }
    writer.join().unwrap();
    assert!(back == bytes(size));
    let (count, theirs) = echo.join().unwrap().unwrap();
    assert_eq!(count, size as u64);
    drop(theirs);
    assert_eq!((&*ours).read(&mut room).unwrap(), 0);
}

#[test]
fn after_one_direction_has_ended_the_other_goes_on() {
    let _watch = within(seconds(10));
    let (mut ours, mut theirs) = pair();
    let server = spawn(move || {
        let mut question = String::new();
        theirs.read_to_string(&mut question).unwrap();
        assert_eq!(theirs.read(&mut [0; 8]).unwrap(), 0, "still at its end");
        yield_now();
        for word in question.split(' ').rev() {
            theirs.write_all(word.as_bytes()).unwrap();
            yield_now();
        }
    });
    ours.write_all(b"a b").unwrap();
    yield_now();
    ours.write_all(b" c").unwrap();
    ours.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    ours.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "cba");
    server.join().unwrap();

    // And the other way round: who shuts its reading side may still write.
    let (mut ours, mut theirs) = pair();
    ours.shutdown(Shutdown::Read).unwrap();
    assert_eq!(ours.read(&mut [0; 8]).unwrap(), 0);
    assert_eq!(ours.read(&mut [0; 8]).unwrap(), 0);
    ours.write_all(b"still").unwrap();
    drop(ours);
    let mut text = String::new();
    theirs.read_to_string(&mut text).unwrap();
    assert_eq!(text, "still");
}

#[test]
fn the_end_that_comes_together_with_the_last_bytes_is_seen() {
    let _watch = within(seconds(10));
    for known_before in [false, true] {
        let (mut ours, mut theirs) = pair_with_std();
        let reader = spawn(move || {
            let mut room = [0; 64];
            let first = ours.read(&mut room).unwrap();
            (
                first,
                ours.read(&mut room).unwrap(),
                ours.read(&mut room).unwrap(),
            )
        });
        if known_before {
            yield_now();
        }
        theirs.write_all(b"hello").unwrap();
        drop(theirs);
        assert_eq!(reader.join().unwrap(), (5, 0, 0));
    }
}

#[test]
fn a_reader_that_takes_less_than_there_is_gets_the_rest() {
    let _watch = within(seconds(10));
    let (mut ours, mut theirs) = pair();
    theirs.write_all(b"abcdefgh").unwrap();
    let mut got = Vec::new();
    for size in [1, 2, 5] {
        let mut room = vec![0; size];
        ours.read_exact(&mut room).unwrap();
        got.extend(room);
    }
    assert_eq!(got, b"abcdefgh");
    let reader = spawn(move || ours.read(&mut [0; 8]).unwrap());
    yield_now();
    theirs.write_all(b"more").unwrap();
    assert_eq!(reader.join().unwrap(), 4);
}

#[test]
fn peeking_takes_nothing_and_waits() {
    let _watch = within(seconds(10));
    let (mut ours, mut theirs) = pair();
    let log = Log::new();
    let writer = spawn({
        let log = log.clone();
        move || {
            log.say("writes");
            theirs.write_all(b"abc").unwrap();
            theirs
        }
    });
    let mut room = [0; 8];
    assert_eq!(ours.peek(&mut room).unwrap(), 3);
    log.check_line("writes");
    assert_eq!(ours.peek(&mut room[..2]).unwrap(), 2);
    assert_eq!(ours.peek(&mut room).unwrap(), 3);
    assert_eq!(ours.read(&mut room).unwrap(), 3);
    assert_eq!(&room[..3], b"abc");
    drop(writer.join().unwrap());
    assert_eq!(ours.peek(&mut room).unwrap(), 0);
    assert_eq!(ours.peek(&mut room).unwrap(), 0);
}

#[test]
fn many_small_parts_are_written_and_read_at_once() {
    let _watch = within(seconds(10));
    let (ours, theirs) = pair();
    let data = bytes(5000);
    let parts: Vec<IoSlice<'_>> = data.chunks(2).map(IoSlice::new).collect();
    assert_eq!(parts.len(), 2500);
    let sent = (&ours).write_vectored(&parts).unwrap();
    assert_eq!(sent, 2048, "the most parts that Linux takes at once");
    let (mut first, mut second) = (vec![0; 1000], vec![0; 1048]);
    let mut rooms = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
    assert_eq!((&theirs).read_vectored(&mut rooms).unwrap(), 2048);
    assert_eq!([first, second].concat(), data[..2048]);
    // More than fits, in few parts.
    let reader = spawn(move || {
        let mut all = Vec::new();
        (&theirs).read_to_end(&mut all).unwrap();
        all.len()
    });
    let half = vec![1; 4 << 20];
    let mut left = 8usize << 20;
    while left > 0 {
        let parts = [
            IoSlice::new(&half[..left.div_ceil(2)]),
            IoSlice::new(&half[..left / 2]),
        ];
        left -= (&ours).write_vectored(&parts).unwrap();
    }
    drop(ours);
    assert_eq!(reader.join().unwrap(), 8 << 20);
}

/// More parts than the system takes in one call.
const MANY: usize = 2500;

#[test]
fn partial_writes_continue_without_a_wait() {
    let _watch = within(seconds(10));
    let (mut ours, mut theirs) = pair();
    // After this both sides have seen their first edges, and no other comes before the peer reads.
    let echo = spawn(move || {
        theirs.read_exact(&mut [0]).unwrap();
        theirs.write_all(b"y").unwrap();
        theirs
    });
    ours.write_all(b"x").unwrap();
    ours.read_exact(&mut [0]).unwrap();
    let mut theirs = echo.join().unwrap();
    let writer = spawn(move || {
        let data = bytes(MANY);
        let mut left: Vec<IoSlice<'_>> = data.chunks(1).map(IoSlice::new).collect();
        while !left.is_empty() {
            let sent = ours.write_vectored(&left).unwrap();
            left.drain(..sent);
        }
    });
    for _ in 0..10 {
        yield_now();
    }
    assert!(writer.is_finished());
    let mut got = Vec::new();
    theirs.read_to_end(&mut got).unwrap();
    assert!(got == bytes(MANY));
}

#[test]
fn partial_reads_continue_without_a_wait() {
    let _watch = within(seconds(10));
    let (mut ours, mut theirs) = pair();
    let reader = spawn(move || {
        let mut got = vec![0; MANY];
        let mut rooms: Vec<IoSliceMut<'_>> = got.chunks_mut(1).map(IoSliceMut::new).collect();
        while !rooms.is_empty() {
            let count = theirs.read_vectored(&mut rooms).unwrap();
            rooms.drain(..count);
        }
        got
    });
    yield_now();
    // One edge for all of it.
    ours.write_all(&bytes(MANY)).unwrap();
    for _ in 0..10 {
        sleep(millis(1));
    }
    assert!(reader.is_finished());
    assert!(reader.join().unwrap() == bytes(MANY));
}

#[test]
fn lines_are_read_through_std_buffers() {
    let _watch = within(seconds(10));
    let (mut ours, theirs) = pair();
    let reader = spawn(move || {
        let lines: io::Result<Vec<String>> = BufReader::new(theirs).lines().collect();
        lines.unwrap()
    });
    for part in ["fir", "st\nsec", "ond\n", "third"] {
        ours.write_all(part.as_bytes()).unwrap();
        yield_now();
    }
    ours.flush().unwrap();
    drop(ours);
    assert_eq!(reader.join().unwrap(), ["first", "second", "third"]);
}

#[test]
fn a_peer_on_another_thread_with_std_sockets_is_served() {
    let _watch = within(seconds(20));
    let listener = TcpListener::bind(any_local_address()).unwrap();
    let address = listener.local_addr().unwrap();
    let peers = [1u8, 2, 3].map(|n| {
        thread::spawn(move || {
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            for round in 0..200u8 {
                stream.write_all(&[n, round]).unwrap();
                let mut back = [0; 2];
                stream.read_exact(&mut back).unwrap();
                assert_eq!(back, [n, round]);
            }
        })
    });
    let served = Rc::new(Cell::new(0));
    let tasks = [(); 3].map(|()| {
        let (stream, _) = listener.accept().unwrap();
        let served = served.clone();
        spawn(move || {
            let count = io::copy(&mut &stream, &mut &stream).unwrap();
            served.set(served.get() + count);
        })
    });
    joinall(&tasks);
    assert_eq!(served.get(), 3 * 200 * 2);
    for peer in peers {
        peer.join().unwrap();
    }
}

#[test]
fn options_addresses_and_timeouts_are_kept() {
    let _watch = within(seconds(10));
    let (ours, theirs) = pair();
    assert_eq!(ours.peer_addr().unwrap(), theirs.local_addr().unwrap());
    for on in [true, false] {
        ours.set_nodelay(on).unwrap();
        assert_eq!(ours.nodelay().unwrap(), on);
    }
    ours.set_ttl(42).unwrap();
    assert_eq!(ours.ttl().unwrap(), 42);
    assert!(ours.take_error().unwrap().is_none());
    assert_eq!(
        (ours.read_timeout().unwrap(), ours.write_timeout().unwrap()),
        (None, None)
    );
    ours.set_write_timeout(Some(millis(7))).unwrap();
    assert_eq!(ours.write_timeout().unwrap(), Some(millis(7)));
    assert!(format!("{ours:?}").contains("TcpStream"));
    let before = open_descriptors();
    let clones: Vec<TcpStream> = (0..10).map(|_| ours.try_clone().unwrap()).collect();
    drop(clones);
    assert!(before > 0);
}

#[test]
fn data_behind_an_urgent_byte_is_not_forgotten() {
    use std::os::fd::AsRawFd;
    let _watch = within(seconds(10));
    for known_before in [false, true] {
        let (mut ours, mut theirs) = pair_with_std();
        let reader = spawn(move || {
            let mut got = Vec::new();
            while got.len() < 6 {
                let mut room = [0; 64];
                let count = ours.read(&mut room).unwrap();
                got.extend_from_slice(&room[..count]);
            }
            got
        });
        if known_before {
            yield_now();
        }
        theirs.write_all(b"abc").unwrap();
        // SAFETY: one valid byte.
        let sent =
            unsafe { libc::send(theirs.as_raw_fd(), b"!".as_ptr().cast(), 1, libc::MSG_OOB) };
        assert_eq!(sent, 1);
        theirs.write_all(b"def").unwrap();
        assert_eq!(reader.join().unwrap(), b"abcdef");
    }
}
