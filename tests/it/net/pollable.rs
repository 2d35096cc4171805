//! Descriptors that users make to wait, and pipes.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use greenhub::io::{Pollable, pipe};
use greenhub::{joinall, sleep, spawn, with_timeout, yield_now};

use crate::support::{Log, bytes, millis, seconds, within};

#[test]
fn a_pipe_carries_lines_while_others_run() {
    let _watch = within(seconds(10));
    let log = Log::new();
    let (reader, mut writer) = pipe().unwrap();
    let lines = spawn({
        let log = log.clone();
        move || {
            for line in BufReader::new(reader).lines() {
                log.say(line.unwrap());
            }
            log.say("end");
        }
    });
    yield_now();
    log.say("others run");
    writeln!(writer, "one").unwrap();
    sleep(millis(1));
    writeln!(writer, "two").unwrap();
    drop(writer);
    lines.join().unwrap();
    log.check(["others run", "one", "two", "end"]);
}

#[test]
fn a_full_pipe_waits_for_its_reader_and_loses_nothing() {
    let _watch = within(seconds(20));
    let (mut reader, mut writer) = pipe().unwrap();
    let sent = bytes(1_000_000);
    let writing = spawn({
        let sent = sent.clone();
        move || writer.write_all(&sent)
    });
    sleep(millis(2));
    assert!(!writing.is_finished(), "the pipe is full");
    let mut received = Vec::new();
    reader.read_to_end(&mut received).unwrap();
    writing.join().unwrap().unwrap();
    assert!(received == sent);
}

#[test]
fn a_pipe_without_a_reader_is_broken_also_for_a_writer_that_waits() {
    let _watch = within(seconds(10));
    let (reader, mut writer) = pipe().unwrap();
    let writing = spawn(move || writer.write_all(&bytes(1_000_000)));
    sleep(millis(2));
    drop(reader);
    let error = writing.join().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
}

#[test]
fn a_wait_for_a_descriptor_ends_by_limits_and_kills() {
    let _watch = within(seconds(10));
    let (near, mut far) = UnixStream::pair().unwrap();
    let near = std::rc::Rc::new(Pollable::new(near).unwrap());
    let late = near.read_with_timeout(millis(5), |mut socket| socket.read(&mut [0]));
    assert_eq!(late.unwrap_err().kind(), ErrorKind::TimedOut);
    assert!(!near.readable_timeout(millis(5)).unwrap());
    assert!(near.writable_timeout(millis(5)).unwrap());
    assert!(with_timeout(millis(5), || near.readable()).is_err());
    let reader = spawn({
        let near = near.clone();
        move || near.read_with(|mut socket| socket.read(&mut [0]))
    });
    yield_now();
    let wait = reader.waits_for().expect("for the descriptor");
    let expected = format!("read from descriptor {}", near.as_raw_fd());
    assert_eq!(wait.reason().to_string(), expected);
    reader.kill();
    far.write_all(b"x").unwrap();
    near.readable().unwrap();
    let mut byte = [0];
    assert_eq!(
        near.read_with(|mut socket| socket.read(&mut byte)).unwrap(),
        1
    );
    assert_eq!(&byte, b"x");
}

#[test]
fn several_wait_for_one_descriptor_in_turn() {
    let _watch = within(seconds(10));
    let (near, mut far) = UnixStream::pair().unwrap();
    let near = std::rc::Rc::new(Pollable::new(near).unwrap());
    let log = Log::new();
    let readers = ["a", "b", "c"].map(|name| {
        let (near, log) = (near.clone(), log.clone());
        spawn(move || {
            near.read_with(|mut socket| socket.read(&mut [0])).unwrap();
            log.say(name);
        })
    });
    yield_now();
    far.write_all(b"123").unwrap();
    joinall(&readers);
    log.check(["a", "b", "c"]);
}

#[test]
fn what_cannot_be_polled_is_an_error() {
    let path = std::env::temp_dir().join(format!("greenhub-file-{}", std::process::id()));
    let file = File::create(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let error = Pollable::new(file).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
}

#[test]
fn a_closure_that_would_block_for_ever_lets_others_run() {
    let _watch = within(seconds(10));
    let (near, _far) = UnixStream::pair().unwrap();
    let near = Pollable::new(near).unwrap();
    let stuck = spawn(move || near.write_with(|_| Err::<(), _>(ErrorKind::WouldBlock.into())));
    sleep(millis(5));
    assert!(!stuck.is_finished());
    stuck.kill();
    assert!(stuck.join().unwrap_err().is_killed());
}

#[cfg(target_os = "linux")]
#[test]
fn a_timer_descriptor_is_waited_for() {
    let _watch = within(seconds(10));
    // A descriptor of the user's own making.
    // SAFETY: it takes no memory.
    let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC) };
    assert!(fd >= 0);
    // SAFETY: it was made just now, and nobody else owns it.
    let event = unsafe { <File as std::os::fd::FromRawFd>::from_raw_fd(fd) };
    let mut other = event.try_clone().unwrap();
    let event = Pollable::new(event).unwrap();
    assert_eq!(event.as_fd().as_raw_fd(), fd);
    let reader = spawn(move || {
        let mut count = [0; 8];
        event.read_with(|mut file: &File| file.read(&mut count))?;
        io::Result::Ok(u64::from_ne_bytes(count))
    });
    sleep(Duration::from_millis(2));
    assert!(!reader.is_finished());
    other.write_all(&7_u64.to_ne_bytes()).unwrap();
    assert_eq!(reader.join().unwrap().unwrap(), 7);
}
