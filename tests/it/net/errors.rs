//! Streams when something goes wrong: refused, reset, closed, too slow, or in the middle of a panic.

use std::cell::RefCell;
use std::io::{self, BufWriter, ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::{Duration, Instant};

use greenhub::error::CannotWait;
use greenhub::hub::{now, pause_clock};
use greenhub::net::{TcpListener, TcpStream};
use greenhub::{joinall, sleep, spawn, yield_now};

use crate::support::{
    InDrop, Log, any_local_address, millis, nobody, pair, pair_with_std, reset, seconds, within,
};

/// Writes until there is no room left.
fn fill(stream: &TcpStream) -> usize {
    let old = stream.write_timeout().unwrap();
    stream.set_write_timeout(Some(millis(20))).unwrap();
    let (mut written, mut late) = (0, 0);
    // What is on its way to the peer makes room when it has come there: so ask again.
    while late < 3 {
        match (&*stream).write(&[0; 65536]) {
            Ok(count) => (written, late) = (written + count, 0),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::TimedOut);
                late += 1;
            }
        }
    }
    stream.set_write_timeout(old).unwrap();
    written
}

#[test]
fn a_refused_connection_is_the_error_that_std_gives() {
    let _watch = within(seconds(10));
    let address = nobody();
    let theirs = std::net::TcpStream::connect(address).unwrap_err();
    for error in [
        TcpStream::connect(address).unwrap_err(),
        TcpStream::connect_timeout(&address, seconds(5)).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        assert_eq!(error.raw_os_error(), theirs.raw_os_error());
        assert_eq!(error.to_string(), theirs.to_string());
    }
}

#[test]
fn a_reset_is_told_once_and_then_it_is_the_end() {
    let _watch = within(seconds(10));
    for waiting in [false, true] {
        let (mut ours, theirs) = pair_with_std();
        let reader = spawn(move || {
            let kinds: Vec<_> = (0..3)
                .map(|_| ours.read(&mut [0; 8]).map_err(|error| error.kind()))
                .collect();
            (kinds, ours.write(b"x").map_err(|error| error.kind()))
        });
        if waiting {
            yield_now();
        }
        reset(theirs);
        let (kinds, written) = reader.join().unwrap();
        assert_eq!(kinds, [Err(ErrorKind::ConnectionReset), Ok(0), Ok(0)]);
        assert_eq!(written, Err(ErrorKind::BrokenPipe));
    }
}

#[test]
fn a_reset_wakes_reader_and_writer() {
    let _watch = within(seconds(10));
    let (ours, theirs) = pair_with_std();
    let filled = fill(&ours);
    assert!(filled > 0);
    let ours = Rc::new(ours);
    let reader = spawn({
        let ours = ours.clone();
        move || (&*ours).read(&mut [0; 8]).map_err(|error| error.kind())
    });
    let writer = spawn(move || (&*ours).write_all(&[0; 1024]).map_err(|error| error.kind()));
    yield_now();
    reset(theirs);
    let (read, written) = (reader.join().unwrap(), writer.join().unwrap());
    let reset = Err(ErrorKind::ConnectionReset);
    assert!(read == reset || read == Ok(0), "{read:?}");
    assert!(
        written == Err(ErrorKind::BrokenPipe) || written == Err(ErrorKind::ConnectionReset),
        "{written:?}"
    );
    assert!(read.is_err() || written == Err(ErrorKind::ConnectionReset));
}

#[test]
fn writing_to_a_peer_that_is_gone_is_a_broken_pipe() {
    let _watch = within(seconds(10));
    for vectored in [false, true] {
        let (ours, theirs) = pair();
        drop(theirs);
        let error = loop {
            let outcome = match vectored {
                true => (&ours).write_vectored(&[IoSlice::new(b"x"), IoSlice::new(b"y")]),
                false => (&ours).write(b"xy"),
            };
            match outcome {
                Ok(_) => sleep(millis(1)),
                Err(error) => break error,
            }
        };
        assert!(
            matches!(
                error.kind(),
                ErrorKind::BrokenPipe | ErrorKind::ConnectionReset
            ),
            "{error}"
        );
        let error = (&ours).write(b"again").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    }
    let (mut ours, _theirs) = pair();
    ours.shutdown(Shutdown::Write).unwrap();
    assert_eq!(ours.write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
}

#[test]
fn shutting_a_stream_down_wakes_those_who_wait_for_it() {
    let _watch = within(seconds(10));
    let (ours, _theirs) = pair();
    fill(&ours);
    let clone = ours.try_clone().unwrap();
    let readers = [(); 3].map(|()| {
        let ours = ours.try_clone().unwrap();
        spawn(move || (&ours).read(&mut [0; 8]).map_err(|error| error.kind()))
    });
    let writer = spawn(move || (&ours).write(&[0; 8]).map_err(|error| error.kind()));
    yield_now();
    clone.shutdown(Shutdown::Both).unwrap();
    for reader in readers {
        assert_eq!(reader.join().unwrap(), Ok(0));
    }
    assert_eq!(writer.join().unwrap(), Err(ErrorKind::BrokenPipe));
}

#[test]
fn a_read_times_out_and_the_next_read_works() {
    let _watch = within(seconds(10));
    let (mut ours, mut theirs) = pair();
    ours.set_read_timeout(Some(millis(10))).unwrap();
    let begun = Instant::now();
    let error = ours.read(&mut [0; 8]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(begun.elapsed() >= millis(10) && begun.elapsed() < seconds(2));
    assert!(
        error.to_string().contains("read from descriptor"),
        "{error}"
    );
    assert_eq!(
        ours.peek(&mut [0; 8]).unwrap_err().kind(),
        ErrorKind::TimedOut
    );
    theirs.write_all(b"late").unwrap();
    assert_eq!(ours.read(&mut [0; 8]).unwrap(), 4);
    ours.set_read_timeout(None).unwrap();
    let reader = spawn(move || ours.read(&mut [0; 8]).unwrap());
    sleep(millis(20));
    assert!(!reader.is_finished());
    theirs.write_all(b"x").unwrap();
    assert_eq!(reader.join().unwrap(), 1);
}

#[test]
fn timeouts_use_the_hub_clock_separately_for_each_reader() {
    let _watch = within(seconds(10));
    let (ours, mut theirs) = pair();
    pause_clock();
    let begun = now();
    let log = Log::new();
    let ours = Rc::new(ours);
    let readers: Vec<_> = [30, 10, 20]
        .map(|time| {
            let (ours, log) = (ours.clone(), log.clone());
            spawn(move || {
                ours.set_read_timeout(Some(seconds(time))).unwrap();
                let outcome = (&*ours).read(&mut [0; 8]);
                let word = outcome.map_or_else(|_| "late".into(), |count| count.to_string());
                log.say(format!("{word}@{}", (now() - begun).as_secs()));
            })
        })
        .into();
    sleep(seconds(25));
    theirs.write_all(b"abc").unwrap();
    joinall(&readers);
    log.check_line("late@10 late@20 3@25");
}

#[test]
fn a_write_that_takes_too_long_is_timed_out() {
    let _watch = within(seconds(10));
    let (mut ours, mut theirs) = pair();
    let mut filled = fill(&ours);
    ours.set_write_timeout(Some(millis(10))).unwrap();
    // Now and then the system finds room for a little more.
    let error = loop {
        match ours.write(&[0; 65536]) {
            Ok(count) => filled += count,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    theirs.read_exact(&mut vec![0; filled]).unwrap();
    ours.write_all(b"again").unwrap();
}

#[test]
fn bytes_that_came_in_time_are_read_after_a_blocked_thread() {
    let _watch = within(seconds(10));
    let (ours, mut theirs) = pair();
    ours.set_read_timeout(Some(millis(10))).unwrap();
    let blocker = spawn(move || {
        theirs.write_all(b"in time").unwrap();
        std::thread::sleep(millis(30));
    });
    assert_eq!((&ours).read(&mut [0; 16]).unwrap(), 7);
    blocker.join().unwrap();
}

#[test]
fn writing_nothing_does_not_wait_for_room() {
    let _watch = within(seconds(10));
    let (mut ours, _theirs) = pair();
    fill(&ours);
    assert_eq!(ours.write(&[]).unwrap(), 0);
    assert_eq!(ours.write_vectored(&[]).unwrap(), 0);
    assert_eq!(ours.write_vectored(&[IoSlice::new(b"")]).unwrap(), 0);
}

#[test]
fn a_connect_that_takes_too_long_is_timed_out() {
    let _watch = within(seconds(10));
    // A listener that is full does not answer.
    let listener = std::net::TcpListener::bind(any_local_address()).unwrap();
    let address = listener.local_addr().unwrap();
    use std::os::fd::AsRawFd;
    // SAFETY: listening again only changes the backlog.
    assert_eq!(unsafe { libc::listen(listener.as_raw_fd(), 0) }, 0);
    let mut made = Vec::new();
    let begun = loop {
        let begun = Instant::now();
        match TcpStream::connect_timeout(&address, millis(50)) {
            Ok(stream) => made.push(stream),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
                assert!(
                    error.to_string().contains("connect of descriptor"),
                    "{error}"
                );
                break begun;
            }
        }
        assert!(made.len() < 100, "the backlog does not fill");
    };
    assert!(begun.elapsed() >= millis(50) && begun.elapsed() < seconds(2));
}

#[test]
fn a_timeout_of_zero_is_refused_and_the_longest_is_none() {
    let _watch = within(seconds(10));
    let (mut ours, mut theirs) = pair();
    let zero = Some(Duration::ZERO);
    for outcome in [
        ours.set_read_timeout(zero),
        ours.set_write_timeout(zero),
        TcpStream::connect_timeout(&nobody(), Duration::ZERO).map(drop),
    ] {
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::InvalidInput);
    }
    assert_eq!(ours.read_timeout().unwrap(), None);
    ours.set_read_timeout(Some(Duration::MAX)).unwrap();
    let reader = spawn(move || ours.read(&mut [0; 8]).unwrap());
    yield_now();
    theirs.write_all(b"abc").unwrap();
    assert_eq!(reader.join().unwrap(), 3);
}

#[test]
fn connecting_tries_one_address_after_the_other() {
    let _watch = within(seconds(10));
    let listener = TcpListener::bind(any_local_address()).unwrap();
    let good = listener.local_addr().unwrap();
    let bad = nobody();
    let stream = TcpStream::connect([bad, bad, good].as_slice()).unwrap();
    assert_eq!(stream.peer_addr().unwrap(), good);
    let error = TcpStream::connect([bad, bad].as_slice()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    let none: &[SocketAddr] = &[];
    let (ours, theirs) = (
        TcpStream::connect(none).unwrap_err(),
        std::net::TcpStream::connect(none).unwrap_err(),
    );
    assert_eq!(ours.kind(), theirs.kind());
    let text = format!("localhost:{}", good.port());
    let stream = TcpStream::connect(text).unwrap();
    assert_eq!(stream.peer_addr().unwrap().port(), good.port());
}

#[test]
fn calls_that_would_wait_in_a_panic_are_errors() {
    let _watch = within(seconds(10));
    let (ours, mut theirs) = pair();
    let listener = TcpListener::bind(any_local_address()).unwrap();
    let address = listener.local_addr().unwrap();
    theirs.write_all(b"there").unwrap();
    let log = RefCell::new(Vec::new());
    let note = |outcome: io::Result<usize>| {
        log.borrow_mut().push(outcome.map_err(|error| {
            let inner = error.get_ref().expect("an error of the library's own");
            assert!(inner.is::<CannotWait>(), "{error}");
            error.kind()
        }));
    };
    let caught = catch_unwind(AssertUnwindSafe(|| {
        let _io = InDrop(|| {
            note((&ours).write(b"answer"));
            note((&ours).read(&mut [0; 8]));
            note((&ours).read(&mut [0; 8]));
            note(ours.peek(&mut [0; 8]));
            note(listener.accept().map(|_| 0));
            let _connected = std::net::TcpStream::connect(address).unwrap();
            note(listener.accept().map(|_| 1));
        });
        panic!("on purpose");
    }));
    assert!(caught.is_err());
    let refused = || Err(ErrorKind::Other);
    let expected = [Ok(6), Ok(5), refused(), refused(), refused(), Ok(1)];
    assert_eq!(log.into_inner(), expected);
    // Nothing is broken by it.
    theirs.write_all(b"later").unwrap();
    assert_eq!((&ours).read(&mut [0; 8]).unwrap(), 5);
}

#[test]
fn a_panic_may_drop_a_buffered_writer_over_a_full_socket() {
    let _watch = within(seconds(10));
    let (ours, _theirs) = pair();
    fill(&ours);
    let task = spawn(move || {
        let mut writer = BufWriter::new(ours);
        writer.write_all(b"stays in the buffer").unwrap();
        panic!("on purpose");
    });
    assert_eq!(task.join().unwrap_err().panic_message(), Some("on purpose"));
    assert_eq!(spawn(|| 1).join().unwrap(), 1);
}
