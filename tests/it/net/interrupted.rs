//! Calls that end by a panic that comes in from a child: what they would have moved is still there.

use std::any::Any;
use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use greenhub::net::TcpListener;
use greenhub::{Greenlet, spawn};

use crate::support::{any_local_address, bytes, pair, seconds, within};

/// What the children end with.
struct Interruption;

/// Has so many children of the running greenlet end by a panic, one each time that it lets others run.
fn interrupt(times: usize) {
    for _ in 0..times {
        let child: Greenlet<(), ()> = Greenlet::new(|()| resume_unwind(Box::new(Interruption)));
        spawn(move || child.switch(())).detach();
    }
}

/// Makes `call` until it comes to its end, and counts in `interrupted` how often it did not.
#[track_caller]
fn insist<R>(interrupted: &mut usize, mut call: impl FnMut() -> R) -> R {
    loop {
        match catch_unwind(AssertUnwindSafe(&mut call)) {
            Ok(outcome) => return outcome,
            Err(payload) => {
                let payload: &dyn Any = &*payload;
                assert!(payload.is::<Interruption>());
                *interrupted += 1;
            }
        }
    }
}

#[test]
fn an_interrupted_read_takes_no_byte() {
    let _watch = within(seconds(10));
    const COUNT: usize = 2000;
    let (mut ours, mut theirs) = pair();
    theirs.write_all(&bytes(COUNT)).unwrap();
    interrupt(5);
    let (mut got, mut interrupted) = (Vec::new(), 0);
    while got.len() < COUNT {
        let mut byte = [0];
        assert_eq!(
            insist(&mut interrupted, || ours.read(&mut byte)).unwrap(),
            1
        );
        got.push(byte[0]);
    }
    assert_eq!(interrupted, 5);
    assert!(got == bytes(COUNT));
}

#[test]
fn an_interrupted_write_sends_no_byte() {
    let _watch = within(seconds(10));
    const COUNT: usize = 2000;
    let (mut ours, mut theirs) = pair();
    interrupt(5);
    let mut interrupted = 0;
    for byte in bytes(COUNT) {
        assert_eq!(insist(&mut interrupted, || ours.write(&[byte])).unwrap(), 1);
    }
    assert_eq!(interrupted, 5);
    drop(ours);
    let mut got = Vec::new();
    theirs.read_to_end(&mut got).unwrap();
    assert!(got == bytes(COUNT));
}

#[test]
fn an_interrupted_accept_drops_no_connection() {
    let _watch = within(seconds(10));
    let listener = TcpListener::bind(any_local_address()).unwrap();
    let address = listener.local_addr().unwrap();
    interrupt(3);
    let mut interrupted = 0;
    for _ in 0..600 {
        let client = std::net::TcpStream::connect(address).unwrap();
        let (_server, peer) = insist(&mut interrupted, || listener.accept()).unwrap();
        assert_eq!(peer, client.local_addr().unwrap());
    }
    assert_eq!(interrupted, 3);
}
